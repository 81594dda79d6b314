"""`mvc diff` between revisions of a real repository, in every format, and against what is deployed."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from mvc.report.text.style import Style
from servers import newest

from .projects import CHANGES, SALES, Repository, edit, observed, write

NOTHING = "no differences\n"


def summary(text: str) -> str:
    return text.rstrip("\n").splitlines()[-1]


@pytest.fixture
def history(repository: Repository) -> Repository:
    """main: v1, then an index. feature, from v1: a column. Checked out is main, with a column gone in the work tree."""
    repository.git("checkout", "--quiet", "-b", "feature")
    CHANGES["column added"].make(repository.root)
    repository.commit("a column")
    repository.git("checkout", "--quiet", "main")
    CHANGES["index added"].make(repository.root)
    repository.commit("an index")
    CHANGES["column gone"].make(repository.root)
    return repository


INDEX, INDEX_GONE, COLUMN, COLUMN_GONE, GONE = (
    "index added: `(n)`",
    "index removed: `(n)`",
    "column `last` added",
    "column `last` is gone",
    "column `first` is gone",
)


class TestRevisions:
    @pytest.mark.parametrize(
        ("revisions", "told"),
        [
            ((), {GONE}),
            (("HEAD",), {GONE}),
            (("v1",), {INDEX, GONE}),
            (("v1..",), {INDEX, GONE}),
            (("feature...",), {INDEX, GONE}),
            (("v1", "HEAD"), {INDEX}),
            (("v1", "main"), {INDEX}),
            (("v1..main",), {INDEX}),
            (("..v1",), {INDEX_GONE}),
            (("main", "feature"), {INDEX_GONE, COLUMN}),
            (("main..feature",), {INDEX_GONE, COLUMN}),
            (("main...feature",), {COLUMN}),
            (("feature...main",), {INDEX}),
            (("feature", "v1"), {COLUMN_GONE}),
            (("HEAD~1", "HEAD"), {INDEX}),
            (("main^", "main@{0}"), {INDEX}),
            ((":/a column", "v1"), {COLUMN_GONE}),
        ],
    )
    def test_every_form(self, mvc, history, revisions, told):
        for arguments in (revisions, ("--", *revisions), ("--exit-code", "--", *revisions)):
            done = mvc("diff", *arguments)
            assert (done.code, done.err) == (3 if "--exit-code" in arguments else 0, ""), done.err
            assert {item for item in (INDEX, INDEX_GONE, COLUMN, COLUMN_GONE, GONE) if item in done.out} == told, (
                done.out
            )

    def test_full_and_abbreviated_ids(self, mvc, history):
        commit = history.git("rev-parse", "feature")
        assert COLUMN in mvc("diff", "v1", commit).out
        assert COLUMN in mvc("diff", "v1", commit[:8]).out

    @pytest.mark.parametrize("revisions", [("v1", "v1"), ("v1..v1",), ("v1...feature~1",), ("main", "HEAD")])
    def test_of_a_revision_with_itself_there_is_nothing(self, mvc, history, revisions):
        done = mvc("diff", "--exit-code", "--fail-on", "safe,breaking,rebuild", *revisions)
        assert (done.code, done.out, done.err) == (0, NOTHING, "")

    def test_layout_is_no_difference(self, mvc, repository):
        root = repository.root
        (root / "views" / "deep").mkdir()
        text = (root / "views" / "sales.yml").read_text()
        (root / "views" / "sales.yml").unlink()
        moved = (
            text.replace("{o: {table: o}}", "{orders: {table: o}}")
            .replace("o.", "orders.")
            .replace("count: o", "count: orders")
        )
        (root / "views" / "deep" / "sales.yaml").write_text("# moved, and another alias\n" + moved)
        done = mvc("diff", "--exit-code")
        assert (done.code, done.out) == (0, NOTHING)

    def test_nothing_is_touched(self, mvc, history):
        before = self.everything(history)
        for arguments in ((), ("v1", "feature"), ("main...feature", "--format", "sql"), ("--format", "markdown")):
            assert mvc("diff", *arguments).code == 0
        assert self.everything(history) == before

    @staticmethod
    def everything(repository: Repository) -> dict[str, object]:
        files = [path for path in repository.root.rglob("*") if path.is_file()]
        found: dict[str, object] = {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}
        return {
            **found,
            "status": repository.git("--no-optional-locks", "status", "--porcelain"),
            "head": repository.git("rev-parse", "HEAD"),
        }

    def test_a_project_in_a_subfolder(self, mvc, tmp_path, repository, monkeypatch):
        inner = write(repository.root / "sub" / "project", SALES)
        repository.commit("another project")
        edit(inner, "views/sales.yml", "  - columns: [total]", "  - columns: [total]\n  - columns: [n]")
        monkeypatch.chdir(inner / "views")
        assert INDEX in mvc("diff").out
        monkeypatch.chdir(tmp_path)
        assert INDEX in mvc("--project", inner, "diff", "HEAD").out
        done = mvc("--project", inner, "diff", "v1", "HEAD")  # there was none then
        assert done.code == 0
        assert done.out.count("+ public.") == 3
        assert mvc("--project", repository.root, "diff").out == NOTHING


class TestRefusals:
    def test_outside_of_a_repository(self, mvc, sales):
        done = mvc("diff")
        assert (done.code, done.out) == (1, "")
        assert "is in no git repository" in done.err
        assert "internal error" not in done.err

    def test_outside_of_a_project(self, mvc, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        done = mvc("diff")
        assert (done.code, done.out) == (1, "")
        assert "mvc.yml" in done.err

    def test_before_the_first_commit(self, mvc, sales):
        Repository(sales)
        done = mvc("diff")
        assert (done.code, done.out) == (1, "")
        assert "there is no commit yet" in done.err

    @pytest.mark.parametrize(
        "revisions", [("mian",), ("v1", "featrue"), ("mian...v1",), ("--", "--output=x"), ("--", "-1")]
    )
    def test_what_is_no_revision(self, mvc, history, revisions):
        done = mvc("diff", *revisions)
        assert (done.code, done.out) == (1, "")
        assert "is no revision of this repository" in done.err
        assert not (history.root / "x").exists()

    def test_a_near_name_is_suggested(self, mvc, history):
        assert "did you mean `feature`?" in mvc("diff", "featrue").err

    @pytest.mark.parametrize("revisions", [("v1", "main", "feature"), ("v1..main", "feature"), ("v1", "main..feature")])
    def test_too_many(self, mvc, history, revisions):
        done = mvc("diff", *revisions)
        assert done.code in (1, 2)
        assert done.out == ""
        assert "two" in done.err

    @pytest.mark.parametrize(
        "arguments", [["--fail-on", "braking"], ["--fail-on", "breaking,Safe"], ["--format", "xml"], ["--no-such"]]
    )
    def test_wrong_usage(self, mvc, history, arguments):
        done = mvc("diff", *arguments)
        assert (done.code, done.out) == (2, "")

    def test_the_classes_are_told(self, mvc, history):
        done = mvc("diff", "--fail-on", "braking")
        assert "`braking` is no class; there are breaking, access-loosened," in done.err

    def test_revisions_and_a_database(self, mvc, history):
        done = mvc("diff", "v1", "--database", "postgresql:///nowhere")
        assert (done.code, done.out) == (2, "")
        assert "leave the revisions out" in done.err

    def test_a_folder_that_is_not_there(self, mvc, history):
        done = mvc("diff", "--output", "no/such/folder/diff.txt")
        assert (done.code, done.out) == (1, "")
        assert "no/such/folder" in done.err
        assert "internal error" not in done.err


class TestErrors:
    """Of one side, with excerpts of that side's text, which need not be what lies in the folder."""

    BROKEN = ("views/sales.yml", "{sum: o.amount,", "{sum: o.amuont,")

    @pytest.fixture
    def broken(self, repository):
        edit(repository.root, *self.BROKEN)
        repository.commit("broken")
        path, good, bad = self.BROKEN
        edit(repository.root, path, bad, good)
        edit(repository.root, path, "view: sales\n", "# some\n# lines\n# more\nview: sales\n")
        repository.commit("mended")
        return repository

    def test_before(self, mvc, broken):
        done = mvc("diff", "HEAD~1", "HEAD")
        assert (done.code, done.out) == (1, "")
        assert done.err.startswith("the project before the change does not compile:\n")
        assert "views/sales.yml:8:" in done.err
        assert "total: {sum: o.amuont, default: 0}" in done.err
        assert "did you mean `amount`?" in done.err

    def test_after(self, mvc, broken):
        done = mvc("diff", "v1", "HEAD~1")
        assert (done.code, done.out) == (1, "")
        assert done.err.startswith("the project after the change does not compile:\n")
        assert "total: {sum: o.amuont, default: 0}" in done.err

    def test_in_the_work_tree(self, mvc, repository):
        edit(repository.root, *self.BROKEN)
        done = mvc("diff", "--format", "json")
        assert (done.code, done.out) == (1, "")
        assert "o.amuont" in done.err

    def test_that_are_gone_are_no_hindrance_elsewhere(self, mvc, broken):
        assert mvc("diff", "v1", "HEAD").out == NOTHING


class TestFormats:
    def test_text(self, mvc, history):
        done = mvc("diff", "v1")
        assert (done.code, done.err) == (0, "")
        assert re.search(r"^~ public\.sales  breaking, rebuild, safe  views/sales\.yml$", done.out, re.MULTILINE)
        assert "\x1b" not in done.out

    def test_colour_is_for_the_terminal_only(self, mvc, history, monkeypatch, tmp_path):
        monkeypatch.setattr("mvc.cli.context._style_of", lambda _: Style(color=True))
        assert "\x1b" in mvc("diff", "v1").out
        mvc("diff", "v1", "--output", tmp_path / "diff.txt")
        assert "\x1b" not in (tmp_path / "diff.txt").read_text()

    def test_markdown(self, mvc, history):
        done = mvc("diff", "v1", "--format", "markdown")
        assert done.out.startswith("<!-- mvc diff: sales -->\n")
        assert "```sql\n" in done.out
        assert "CREATE MATERIALIZED VIEW" in done.out

    def test_json(self, mvc, history):
        data = json.loads(mvc("diff", "v1", "--format", "json").out)
        assert (data["format"], data["version"], data["project"]) == ("mvc.diff", 3, "sales")
        assert data["classes"][0] == "breaking"
        assert {view["name"] for view in data["views"]} >= {"sales"}
        documented = (Path(__file__).parents[2] / "docs" / "json.md").read_text(encoding="utf-8")
        section = documented.partition("`mvc.diff`")[2].partition("### A view that differs")[0]
        for name in data:
            assert f"`{name}`" in section or name == "format"

    def test_sql(self, mvc, history):
        done = mvc("diff", "v1", "feature", "--format", "sql")
        assert done.out.startswith("-- Migration of the materialized views of sales")
        assert "CREATE MATERIALIZED VIEW" in done.out
        assert (
            not re.search(r"^\s*(BEGIN|COMMIT|\\)", done.out, re.MULTILINE | re.IGNORECASE) or "DO $$ BEGIN" in done.out
        )

    def test_is_the_same_every_time(self, mvc, history):
        for form in ("text", "markdown", "json", "sql"):
            assert (
                mvc("diff", "v1", "feature", "--format", form).out == mvc("diff", "v1", "feature", "--format", form).out
            )

    @pytest.mark.parametrize("form", ["text", "markdown", "json", "sql"])
    def test_of_nothing(self, mvc, history, form):
        done = mvc("diff", "v1", "v1", "--format", form)
        assert (done.code, done.err) == (0, "")
        if form == "json":
            assert json.loads(done.out)["views"] == []
        elif form == "sql":
            assert done.out.strip() == ""

    @pytest.mark.parametrize("form", ["text", "markdown", "json"])
    def test_to_a_file(self, mvc, history, tmp_path, form):
        printed = mvc("diff", "v1", "feature", "--format", form).out
        target = tmp_path / "out.v1" / "diff"
        target.parent.mkdir()
        done = mvc("diff", "v1", "feature", "--format", form, "--output", target)
        assert (done.code, done.out, done.err) == (0, "", f"wrote {target}\n")
        assert target.read_text(encoding="utf-8") == printed
        assert list(target.parent.iterdir()) == [target]

    def test_sql_to_two_files(self, mvc, history, tmp_path):
        target = tmp_path / "V12__views.sql"
        done = mvc("diff", "v1", "feature", "--format", "sql", "-o", target)
        back = tmp_path / "V12__views.down.sql"
        assert (done.code, done.out, done.err) == (0, "", f"wrote {target}\nwrote {back}\n")
        assert target.read_text(encoding="utf-8") == mvc("diff", "v1", "feature", "--format", "sql").out
        assert back.read_text(encoding="utf-8") == mvc("diff", "feature", "v1", "--format", "sql").out

    def test_sql_is_of_the_whole_project(self, mvc, repository):
        """A migration holds what schedules and settings are, also those of views that are the same on both sides."""
        CHANGES["index added"].make(repository.root)
        text = mvc("diff", "--format", "sql").out
        (target,) = re.findall(r"begin_deployment\('apply', \$\w*\$(.*?)\$\w*\$\)", text)
        assert {view for schedule in json.loads(target)["schedules"] for view in schedule["views"]} == {"sales", "top"}


class TestExitCode:
    @pytest.mark.parametrize(
        ("kind", "arguments", "code"),
        [
            ("index added", [], 0),
            ("index added", ["--exit-code"], 3),
            ("index added", ["--fail-on", "safe"], 3),
            ("index added", ["--fail-on", "breaking,rebuild"], 0),
            ("index added", ["--fail-on", "breaking", "--exit-code"], 3),
            ("column gone", ["--fail-on", "breaking"], 3),
            ("another reader", ["--fail-on", "access-loosened"], 3),
            ("another reader", ["--fail-on", "access-tightened"], 0),
            ("a reader less", ["--fail-on", "access-tightened"], 3),
            ("rows", ["--fail-on", " rebuild , breaking "], 3),
            ("who may refresh", ["--exit-code"], 3),
            ("who may refresh", ["--fail-on", "access-loosened"], 3),
        ],
    )
    def test_says_what_was_asked(self, mvc, repository, tmp_path, kind, arguments, code):
        CHANGES[kind].make(repository.root)
        for form in ([], ["--format", "json"], ["--format", "sql", "--output", tmp_path / "x.sql"]):
            assert mvc("diff", *arguments, *form).code == code


@newest
class TestDatabase:
    def test_as_deployed_there_is_nothing(self, mvc, deployed_sales, database):
        done = mvc("diff", "--database", database.url, "--exit-code")
        assert (done.code, done.out, done.err) == (0, NOTHING, "")
        assert mvc("diff", "--database").out == NOTHING  # DATABASE_URL

    def test_needs_no_repository_and_nothing_deployed(self, mvc, base):
        done = mvc("diff", "--database")
        assert done.code == 0
        assert done.out.count("+ public.") == 3

    @pytest.mark.parametrize("kind", CHANGES)
    def test_says_the_same_as_two_revisions(self, mvc, deployed_sales, repository, kind):
        CHANGES[kind].make(repository.root)
        one, other = mvc("diff", "--format", "json"), mvc("diff", "--database", "--format", "json")
        assert one.code == other.code == 0
        data = json.loads(other.out)
        expected = json.loads(one.out)
        assert (data.pop("drift"), data.pop("outside")) == ([], [])
        data["rebuilds"] = []
        assert {key: value for key, value in expected.items() if key not in ("drift", "outside")} == data

    def test_writes_nothing_and_locks_nothing(self, mvc, sales, deployed_sales, database):
        CHANGES["column gone"].make(sales)
        before = observed(deployed_sales)
        deployed_sales.execute(f"ALTER DATABASE {database.name} SET default_transaction_read_only = on")
        other = database.connect(autocommit=False)
        other.execute("SET transaction_read_only = off")
        other.execute("LOCK TABLE sales, o IN ROW EXCLUSIVE MODE; UPDATE o SET amount = amount")
        assert mvc("diff", "--database").code == 0
        other.rollback()
        deployed_sales.execute(f"ALTER DATABASE {database.name} RESET ALL")
        assert observed(deployed_sales) == before

    def test_drift(self, mvc, sales, deployed_sales):
        deployed_sales.execute("REVOKE SELECT ON sales FROM cli_reader; GRANT SELECT ON sales TO cli_other")
        done = mvc("diff", "--database", "--exit-code")
        assert done.code == 3
        assert "≠ sales: a reader lost the right to read (cli_reader, expected SELECT)" in done.out
        assert "· sales: a right was granted by hand (cli_other, found SELECT); it is kept" in done.out
        data = json.loads(mvc("diff", "--database", "--format", "json").out)
        assert {item["kind"] for item in data["drift"]} == {"grant missing", "grant by hand"}
        comment = mvc("diff", "--database", "--format", "markdown").out
        assert "no differences\n\n<details>" in comment
        assert "a reader lost the right to read" in comment
        mvc("apply", "--yes")
        assert mvc("diff", "--database", "--exit-code").code == 0  # what is kept is no difference

    def test_what_the_database_does_not_have(self, mvc, base):
        """Nothing of the project is looked for that no view uses."""
        assert "catalog says" not in mvc("diff", "--database").out
        base.execute("ALTER TABLE o DROP COLUMN city; ALTER TABLE o ALTER COLUMN amount TYPE bigint")
        done = mvc("diff", "--database", "--exit-code")
        assert done.code == 3
        assert "error[MV805]: `public.o.amount` is bigint in the database, not integer" in done.err
        assert "if the database is to be changed: ALTER TABLE public.o ADD COLUMN city text NOT NULL" in done.err
        assert "not as the project's catalog says" in done.out
        assert "  views/sales.yml:5:18: error: `public.o` has no column `city` in the database" in done.out
        assert "not as the project's catalog says" in mvc("diff", "--database", "--format", "markdown").out
        data = json.loads(mvc("diff", "--database", "--format", "json").out)
        assert [(item["mismatch"], item["view"], item["refuses"]) for item in data["catalog"]] == [
            ("ColumnMissing", "sales", True),
            ("ColumnTypeDiffers", "sales", True),
        ]
        assert data["catalog"][0]["diagnostic"]["line"] == 5
        base.execute(
            "DELETE FROM o; ALTER TABLE o ADD COLUMN city text NOT NULL; ALTER TABLE o ALTER COLUMN amount TYPE integer"
        )
        assert "catalog says" not in mvc("diff", "--database").out

    def test_what_reads_it_from_outside(self, mvc, sales, deployed_sales):
        deployed_sales.execute("CREATE SCHEMA rep; CREATE VIEW rep.firsts AS SELECT city, first FROM sales")
        deployed_sales.execute("CREATE VIEW rep.counts AS SELECT city, n FROM sales")
        deployed_sales.execute(
            "CREATE FUNCTION rep.f() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT count(*) FROM public.sales); END $$"
        )
        CHANGES["column gone"].make(sales)
        done = mvc("diff", "--database")
        assert "outside of the project:" in done.out
        assert (
            "rep.firsts reads sales.first: it reads a column that goes: mvc apply refuses until it is changed"
            in done.out
        )
        assert "function rep.f() reads sales: it names the view; which columns it reads is not known" in done.out
        assert "rep.counts" not in done.out
        data = json.loads(mvc("diff", "--database", "--format", "json").out)
        assert {item["described"] for item in data["outside"]} == {"rep.firsts", "function rep.f()"}
        deployed_sales.execute("DROP SCHEMA rep CASCADE")

    def test_as_a_migration(self, mvc, sales, deployed_sales):
        CHANGES["column added"].make(sales)
        text = mvc("diff", "--database", "--format", "sql").out
        with deployed_sales.transaction():
            deployed_sales.execute(text.encode())
        assert mvc("diff", "--database", "--exit-code").out == NOTHING
        assert "nothing to do" in mvc("apply", "--dry-run").out


def test_a_server_that_is_down(mvc, sales):
    done = mvc("diff", "--database", "postgresql://127.0.0.1:1/x")
    assert (done.code, done.out) == (1, "")
    assert "cannot connect" in done.err


def test_a_machine_without_git(mvc, repository, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert shutil.which("git") is None
    done = mvc("diff")
    assert (done.code, done.out) == (1, "")
    assert "git is not installed" in done.err
