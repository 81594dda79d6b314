"""`mvc check` for other tools and again after each change; `mvc explain` by words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mvc.cli.watching import watch

VIEW = "view: v\nsources: {o: {table: orders}}\ndimensions: {day: o.orderd_on}\n"
TABLES = "CREATE TABLE orders (id bigint PRIMARY KEY, ordered_on date NOT NULL);\n"


@pytest.fixture
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with an error, in a folder below the one that the command runs in."""
    folder = tmp_path / "reports"
    (folder / "views").mkdir(parents=True)
    (folder / "mvc.yml").write_text("catalog: schema.sql\n")
    (folder / "schema.sql").write_text(TABLES)
    (folder / "views" / "v.yml").write_text(VIEW)
    monkeypatch.chdir(tmp_path)
    return folder


class TestFormats:
    def test_findings_for_github_are_on_stdout(self, mvc, reports):
        done = mvc("--project", reports, "check", "--format", "github")
        assert done.code == 1
        assert done.out.startswith("::error file=reports/views/v.yml,line=3,")
        assert len(done.out.splitlines()) == 1

    @pytest.mark.parametrize("kind", ["sarif", "gitlab"])
    def test_json_of_other_tools(self, mvc, reports, kind):
        done = mvc("--project", reports, "check", "--format", kind)
        assert done.code == 1
        assert "reports/views/v.yml" in done.out
        json.loads(done.out)

    def test_xml(self, mvc, reports):
        assert 'failures="1"' in mvc("--project", reports, "check", "--format", "junit").out

    def test_nothing_found_ends_well(self, mvc, reports):
        (reports / "views" / "v.yml").write_text(VIEW.replace("orderd", "ordered"))
        done = mvc("--project", reports, "check", "--format", "github")
        assert (done.code, "::error" in done.out) == (0, False)


class TestWatch:
    def test_checks_again_after_a_change_and_only_then(self, reports):
        codes: list[int] = []
        changes = iter((None, "dimensions: {day: o.ordered_on}\n", None, "# more\n"))

        def wait(_seconds: float) -> None:
            text = next(changes, "")
            if text == "":
                raise KeyboardInterrupt
            if text:
                with (reports / "views" / "v.yml").open("a") as file:
                    file.write(text)

        assert watch(reports, lambda: codes.append(len(codes)) or len(codes), wait) == 3
        assert codes == [0, 1, 2]

    def test_a_new_file_is_a_change(self, reports):
        seen: list[int] = []
        steps = iter((lambda: (reports / "views" / "w.yml").write_text("view: w\n"), None))

        def wait(_seconds: float) -> None:
            step = next(steps)
            if step is None:
                raise KeyboardInterrupt
            step()

        watch(reports, lambda: seen.append(1) or 0, wait)
        assert len(seen) == 2


class TestExplain:
    def test_words_that_several_rules_hold_list_them(self, mvc):
        done = mvc("explain", "time", "zone")
        assert done.code == 0
        assert any(line.startswith("MV403") for line in done.out.splitlines())
        assert all(line.startswith("MV") for line in done.out.splitlines())

    def test_words_of_one_rule_explain_it(self, mvc):
        done = mvc("explain", "aliases", "blow")
        assert done.out.startswith("MV003: ")
        assert "Right" in done.out

    def test_words_that_nothing_holds(self, mvc):
        done = mvc("explain", "frobnicate")
        assert (done.code, done.out) == (1, "")
        assert "no rule speaks of `frobnicate`" in done.err

    def test_an_unknown_code(self, mvc):
        done = mvc("explain", "MV999")
        assert (done.code, done.out) == (1, "")
        assert "there is no rule `MV999`" in done.err

    def test_a_broken_setting_is_no_ground_to_go_by(self, mvc, reports):
        """What acts on a database by its name goes by no guess."""
        (reports / "mvc.yml").write_text("catalog: schema.sql\nschemas: {stored: x\n")
        assert mvc("--project", reports, "status", "--database", "postgresql://127.0.0.1:9/x").code == 1
