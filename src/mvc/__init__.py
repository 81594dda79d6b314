"""`mvc`, a declarative compiler for PostgreSQL materialized views.

    from mvc import load, compile

    compiled = compile(load("path/to/project"))
    print(compiled.sql)

Nothing here prints. `load`, `compile` and `diff` need neither a server nor an extra; `plan` and `apply` take a psycopg connection
in autocommit mode (the extra `postgres`), as do `around` and `release`, and what else talks to servers is in `mvc.postgres`. Names are imported when they are
first used, so that `import mvc` and `mvc --help` cost nothing.
"""

from __future__ import annotations

from mvc.version import VERSION as __version__  # noqa: N811 - what Python expects

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import psycopg

    from mvc.artifacts import CompiledColumn, CompiledView
    from mvc.comparison.difference import Difference
    from mvc.compiled import Compiled
    from mvc.diagnostics import Diagnostic, ProjectError, Span
    from mvc.model.project import Project
    from mvc.planning.release import Altered, Release
    from mvc.planning.steps import Plan
    from mvc.postgres.apply import Applied, Terms
    from mvc.postgres.around import Around
    from mvc.recurring import CompiledSchedule

__all__ = [
    "Altered",
    "Applied",
    "Around",
    "Compiled",
    "CompiledColumn",
    "CompiledSchedule",
    "CompiledView",
    "Diagnostic",
    "Difference",
    "Plan",
    "Project",
    "ProjectError",
    "Release",
    "Span",
    "Terms",
    "__version__",
    "apply",
    "around",
    "compile",
    "diff",
    "load",
    "plan",
    "release",
]

_HOMES = {
    "Compiled": "mvc.compiled",
    **dict.fromkeys(("CompiledColumn", "CompiledSchedule", "CompiledView"), "mvc.artifacts"),
    **dict.fromkeys(("Diagnostic", "ProjectError", "Span"), "mvc.diagnostics"),
    "Project": "mvc.model.project",
    "Difference": "mvc.comparison.difference",
    "Plan": "mvc.planning.steps",
    **dict.fromkeys(("Altered", "Release"), "mvc.planning.release"),
    **dict.fromkeys(("Applied", "Terms"), "mvc.postgres.apply"),
    "Around": "mvc.postgres.around",
}


def load(project: str | Path | Mapping[str, str]) -> Project:
    """A project from a folder, or from a mapping of relative path → text.

    Findings do not stop it: `compile` raises them all at once, those of loading included. Where `mvc.yml` has faults, the rest is read by a
    guess of the settings, so that it has its findings, too. Raises ProjectError where there is no `mvc.yml`.
    """
    from pathlib import Path

    from mvc.loading import load_files
    from mvc.workspace import Folder

    return load_files(Folder(Path(project)) if isinstance(project, str | Path) else project).project()


def compile(project: Project) -> Compiled:  # noqa: A001 - the field's name for it
    """The project compiled. Raises ProjectError with every finding of the run if one is an error."""
    from mvc.compiler import compile_project

    return compile_project(project)


def diff(before: Compiled, after: Compiled) -> Difference:
    """What changed from one compiled project to another, by meaning, with what it does to those who use the views."""
    from mvc.comparison.compare import compare

    return compare(before, after)


def plan(connection: psycopg.Connection, compiled: Compiled, names: Iterable[str] = ()) -> Plan:
    """What `apply` would do to a database: all of the project, or the views `names` with what they read.

    Takes no lock above ACCESS SHARE and writes nothing. Raises ServerError, and KeyError for an unknown name.
    """
    from mvc.postgres.apply import plan as planned

    return planned(connection, compiled, names)


def apply(
    connection: psycopg.Connection, compiled: Compiled, names: Iterable[str] = (), terms: Terms | None = None
) -> Applied:
    """Deploys the project, or the views `names` with what they read, while readers go on; `terms` say what is agreed to.

    Raises ServerError, after which readers have what they had, and KeyError for an unknown name.
    """
    from mvc.postgres.apply import apply as applied

    return applied(connection, compiled, names, terms)


def around(connection: psycopg.Connection, compiled: Compiled, sql: str, terms: Terms | None = None) -> Around:
    """Runs a migration of base tables (plain SQL, one transaction) past the views that read them, and deploys the project as it is to be after that.

    Raises UnusableMigration and ServerError. Unless the migration was committed by then, base tables and views are as before.
    """
    from mvc.postgres.around import around as gone_around

    return gone_around(connection, compiled, sql, terms)


def release(
    connection: psycopg.Connection, compiled: Compiled, altered: Iterable[Altered], terms: Terms | None = None
) -> Release:
    """Releases the views that stand in the way of a change of these columns or tables, until `apply` builds them anew.

    Raises ServerError, after which everything is as before.
    """
    from mvc.postgres.release import release as released

    return released(connection, compiled, altered, terms)


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'mvc' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
