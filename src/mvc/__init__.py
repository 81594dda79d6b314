"""`mvc`, a declarative compiler for PostgreSQL materialized views.

    from mvc import load, compile

    compiled = compile(load("path/to/project"))
    print(compiled.sql)

Nothing here prints, and nothing needs a server or an extra. Talking to servers is in `mvc.postgres`. Names are imported when
they are first used, so that `import mvc` and `mvc --help` cost nothing.
"""

from __future__ import annotations

from mvc.version import VERSION as __version__  # noqa: N811 - what Python expects

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mvc.artifacts import CompiledColumn, CompiledSchedule, CompiledView
    from mvc.compiled import Compiled
    from mvc.diagnostics import Diagnostic, ProjectError, Span
    from mvc.model.project import Project

__all__ = [
    "Compiled",
    "CompiledColumn",
    "CompiledSchedule",
    "CompiledView",
    "Diagnostic",
    "Project",
    "ProjectError",
    "Span",
    "__version__",
    "compile",
    "load",
]

_HOMES = {
    "Compiled": "mvc.compiled",
    **dict.fromkeys(("CompiledColumn", "CompiledSchedule", "CompiledView"), "mvc.artifacts"),
    **dict.fromkeys(("Diagnostic", "ProjectError", "Span"), "mvc.diagnostics"),
    "Project": "mvc.model.project",
}


def load(project: str | Path | Mapping[str, str]) -> Project:
    """A project from a folder, or from a mapping of relative path → text.

    Findings do not stop it: `compile` raises them all at once, those of loading included. Raises ProjectError where there
    is no readable `mvc.yml`.
    """
    from pathlib import Path

    from mvc.loading import load_files
    from mvc.workspace import Folder

    return load_files(Folder(Path(project)) if isinstance(project, str | Path) else project).project()


def compile(project: Project) -> Compiled:  # noqa: A001 - the field's name for it
    """The project compiled. Raises ProjectError with every finding of the run if one is an error."""
    from mvc.compiler import compile_project

    return compile_project(project)


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'mvc' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
