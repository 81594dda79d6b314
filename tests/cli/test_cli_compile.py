"""`mvc compile`: SQL and JSON, to stdout, a file or a folder; --check says what is stale."""

from __future__ import annotations

import json

import pytest

import mvc as library

from .projects import write


class TestStdout:
    def test_is_what_the_library_gives(self, mvc, shop):
        assert mvc("compile").out == library.compile(library.load(shop)).sql

    def test_is_the_same_each_time(self, mvc, shop):
        assert mvc("compile") == mvc("compile")

    def test_a_name_brings_what_it_reads(self, mvc, chain):
        done = mvc("compile", "b")
        assert done.code == 0
        assert all(f"-- views/{name}.yml: {name}\n" in done.out for name in "ab")
        assert not any(f"-- views/{name}.yml: {name}\n" in done.out for name in "cd")

    def test_several_names_in_any_order(self, mvc, chain):
        assert mvc("compile", "d", "a").out == mvc("compile", "a", "d", "a").out

    def test_a_tag_means_the_views_that_have_it(self, mvc, chain):
        for name in "bd":
            view = chain / "views" / f"{name}.yml"
            view.write_text(f"{view.read_text()}tags: [finance]\n")
        assert mvc("compile", "tag:finance").out == mvc("compile", "b", "d").out
        assert mvc("compile", "all").out == mvc("compile").out
        done = mvc("compile", "tag:finnance")
        assert (done.code, done.out) == (1, "")
        assert "no view has the tag `finnance`" in done.err
        assert "did you mean `finance`?" in done.err


class TestFile:
    def test_holds_the_same(self, mvc, shop):
        printed = mvc("compile").out
        done = mvc("compile", "--output", "deploy.sql")
        assert (done.code, done.out) == (0, "")
        assert (shop / "deploy.sql").read_text(encoding="utf-8") == printed
        assert "wrote 1 file to deploy.sql" in done.err

    def test_in_a_folder_that_is_made(self, mvc, shop):
        assert mvc("compile", "-o", "x/y/deploy.sql").code == 0
        assert (shop / "x/y/deploy.sql").is_file()

    @pytest.mark.parametrize("path", ["/proc/x/deploy.sql", "mvc.yml/deploy.sql", "/dev/full"])
    def test_that_cannot_be_written(self, mvc, shop, path):
        done = mvc("compile", "-o", path)
        assert (done.code, done.out) == (1, "")
        assert done.err.startswith("error: ")
        assert "internal error" not in done.err

    def test_check_fresh(self, mvc, shop):
        mvc("compile", "-o", "deploy.sql")
        done = mvc("compile", "-o", "deploy.sql", "--check")
        assert (done.code, done.out, done.err) == (0, "", "")

    @pytest.mark.parametrize("content", [None, b"", b"-- old\n", b"\xff\xfe"])
    def test_check_stale(self, mvc, shop, content):
        if content is not None:
            (shop / "deploy.sql").write_bytes(content)
        done = mvc("compile", "-o", "deploy.sql", "--check")
        assert (done.code, done.out) == (3, "")
        assert "stale: deploy.sql" in done.err
        assert (shop / "deploy.sql").exists() == (content is not None)
        if content is not None:
            assert (shop / "deploy.sql").read_bytes() == content

    def test_check_after_a_change(self, mvc, shop):
        mvc("compile", "-o", "deploy.sql")
        view = shop / "views" / "daily_revenue.yml"
        view.write_text(view.read_text().replace("Orders and", "All"))
        assert mvc("compile", "-o", "deploy.sql", "--check").code == 3

    def test_check_after_a_change_of_layout(self, mvc, shop):
        mvc("compile", "-o", "deploy.sql")
        view = shop / "views" / "daily_revenue.yml"
        view.write_text("# a comment\n" + view.read_text())
        assert mvc("compile", "-o", "deploy.sql", "--check").code == 0

    def test_check_needs_something_to_compare_with(self, mvc, shop):
        done = mvc("compile", "--check")
        assert (done.code, done.out) == (2, "")
        assert "--output" in done.err


class TestFolder:
    def test_holds_a_file_per_view(self, mvc, chain):
        done = mvc("compile", "-o", "sql/")
        assert (done.code, done.out) == (0, "")
        files = sorted(path.relative_to(chain / "sql").as_posix() for path in (chain / "sql").rglob("*.sql"))
        assert files == ["deploy.sql", "runtime.sql", *(f"views/public.{name}.sql" for name in "abcd")]

    def test_that_exists_needs_no_slash(self, mvc, chain):
        (chain / "sql").mkdir()
        mvc("compile", "-o", "sql")
        assert (chain / "sql" / "deploy.sql").is_file()

    def test_check(self, mvc, chain):
        assert mvc("compile", "-o", "sql/", "--check").code == 3
        assert not (chain / "sql").exists()
        mvc("compile", "-o", "sql/")
        done = mvc("compile", "-o", "sql/", "--check")
        assert (done.code, done.err) == (0, "")
        (chain / "sql/views/public.a.sql").write_text("-- changed by hand\n")
        done = mvc("compile", "-o", "sql/", "--check")
        assert done.code == 3
        assert [line for line in done.err.splitlines() if "stale" in line] == ["stale: sql/views/public.a.sql"]

    def test_the_file_of_a_view_that_is_gone_is_stale_and_removed(self, mvc, chain):
        mvc("compile", "-o", "sql/")
        (chain / "views/d.yml").unlink()
        done = mvc("compile", "-o", "sql/", "--check")
        assert done.code == 3
        assert "sql/views/public.d.sql" in done.err
        assert (chain / "sql/views/public.d.sql").is_file()
        done = mvc("compile", "-o", "sql/")
        assert "removed sql/views/public.d.sql" in done.err
        assert not (chain / "sql/views/public.d.sql").exists()
        assert mvc("compile", "-o", "sql/", "--check").code == 0

    def test_files_of_others_are_left_alone(self, mvc, chain):
        others = {"sql/views/seed.sql": "INSERT INTO t VALUES (1, 1);\n", "sql/README.md": "# hi\n"}
        write(chain, others)
        (chain / "sql" / "latin.sql").write_bytes("-- café\n".encode("latin-1"))
        done = mvc("compile", "-o", "sql/")
        assert done.code == 0, done.err
        assert mvc("compile", "-o", "sql/", "--check").code == 0
        assert all((chain / path).read_text() == text for path, text in others.items())
        assert (chain / "sql" / "latin.sql").is_file()

    def test_what_another_project_compiled_is_left_alone(self, mvc, chain):
        """A folder of two services' SQL, one subfolder each, and the first compiled into the folder itself."""
        other = "-- Compiled from the project other by mvc 0.1.0. Change the YAML, not this file.\n"
        write(chain, {"sql/other/deploy.sql": other})
        mvc("compile", "-o", "sql/")
        assert (chain / "sql/other/deploy.sql").is_file()

    def test_a_selection_removes_nothing(self, mvc, chain):
        """Compiling one view does not say that the others are gone."""
        mvc("compile", "-o", "sql/")
        done = mvc("compile", "d", "-o", "sql/")
        assert done.code == 0
        assert "is gone" not in done.err
        assert (chain / "sql/views/public.a.sql").is_file()


class TestJson:
    def test_is_versioned_and_holds_everything(self, mvc, shop):
        done = mvc("compile", "--format", "json")
        assert (done.code, done.err) == (0, "")
        data = json.loads(done.out)
        assert (data["format"], data["version"], data["project"]) == ("mvc.compiled", 1, "shop")
        assert data["sql"] == mvc("compile").out
        (view,) = data["views"]
        assert (view["name"], view["grain"], view["grain_proven"]) == ("daily_revenue", ["day", "country"], True)
        assert [column["name"] for column in view["columns"]][:2] == ["day", "country"]
        assert view["readers"] == ["shop_staff"]
        assert data["schedules"][0]["views"] == ["daily_revenue"]

    def test_of_a_selection(self, mvc, chain):
        data = json.loads(mvc("compile", "b", "--format", "json").out)
        assert [view["name"] for view in data["views"]] == ["a", "b"]

    def test_in_a_file(self, mvc, shop):
        assert mvc("compile", "--format", "json", "-o", "out.json").code == 0
        assert json.loads((shop / "out.json").read_text(encoding="utf-8"))["version"] == 1
        assert mvc("compile", "--format", "json", "-o", "out.json", "--check").code == 0

    @pytest.mark.parametrize("made", [False, True])
    def test_in_a_folder_is_refused_with_a_reason(self, mvc, shop, made):
        """There is one document; `-o json/` must not make a file named json."""
        if made:
            (shop / "json").mkdir()
        done = mvc("compile", "--format", "json", "-o", "json/")
        assert done.code == 2
        assert not (shop / "json").is_file()

    def test_has_findings_with_places(self, mvc, shop):
        (shop / "schedules" / "refresh.yml").unlink()
        done = mvc("check", "--format", "json")
        assert (done.code, done.err) == (0, "")
        data = json.loads(done.out)
        assert (data["format"], data["version"]) == ("mvc.diagnostics", 1)
        (finding,) = data["diagnostics"]
        assert (finding["code"], finding["severity"], finding["path"]) == (
            "MV409",
            "warning",
            "views/daily_revenue.yml",
        )
        assert finding["line"] == 1

    @pytest.mark.parametrize("path", ["mvc.yml", "views/daily_revenue.yml"])
    def test_of_errors_is_json_too(self, mvc, shop, path):
        (shop / path).write_text("nonsense: 1\n")
        done = mvc("check", "--format", "json")
        assert done.code == 1
        assert all(item["severity"] == "error" for item in json.loads(done.out)["diagnostics"])


class TestCheck:
    def test_strict_makes_warnings_count(self, mvc, shop):
        (shop / "schedules" / "refresh.yml").unlink()
        assert mvc("check").code == 0
        assert mvc("check", "--strict").code == 1

    def test_reports_everything_at_once(self, mvc, shop):
        view = shop / "views" / "daily_revenue.yml"
        view.write_text(view.read_text().replace("c.country", "c.land").replace("{count: o}", "{count: oo}"))
        done = mvc("check")
        assert done.code == 1
        assert "c.land" in done.err or "`land`" in done.err
        assert "`oo`" in done.err
        assert "2 errors" in done.err

    def test_on_a_server_that_is_not_there(self, mvc, shop):
        done = mvc("check", "--server", "postgresql://127.0.0.1:1/x")
        assert (done.code, done.out) == (1, "")
        assert "cannot connect" in done.err


@pytest.mark.parametrize("output", ["deploy.sql", "sql/", "in/sql/deploy.sql"])
def test_nothing_is_written_out_of_the_project_by_its_own_links(mvc, shop, tmp_path, output):
    """A shell, for one, runs what stands between backticks in a file that it reads when it starts."""
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "sql").mkdir(parents=True)
    (elsewhere / "profile").write_text("mine")
    (shop / "deploy.sql").symlink_to(elsewhere / "profile")
    (shop / "sql").symlink_to(elsewhere)
    (shop / "in").symlink_to(elsewhere)
    for options in ((), ("--check",)):
        done = mvc("compile", "--output", output, *options)
        assert done.code == 1, done.err
        assert "leads out of the project's folder" in done.err
    assert sorted(path.name for path in elsewhere.rglob("*")) == ["profile", "sql"]
    assert (elsewhere / "profile").read_text() == "mine"
    (shop / "within").mkdir()
    (shop / "linked").symlink_to(shop / "within")
    assert mvc("compile", "--output", "linked/").code == 0
