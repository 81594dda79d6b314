"""`mvc import` as a function: views that were made by hand, as the files of a project."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from mvc.diagnostics import Diagnostic, ProjectError
from mvc.importing.found import Lost
from mvc.importing.imported import Imported, ImportedView
from mvc.importing.project_files import imported
from mvc.importing.selection import NothingFound
from mvc.pipeline.compile import compile_files
from mvc.pipeline.load import load_files
from mvc.workspace.folder import PROJECT_FILE

if TYPE_CHECKING:
    import psycopg

__all__ = ["Imported", "ImportedView", "Lost", "NothingFound", "import_views"]


def import_views(
    connection: psycopg.Connection,
    patterns: Iterable[str] = (),
    *,
    project: Mapping[str, str] | None = None,
    name: str = "project",
) -> Imported:
    """The materialized views of a database, and the plain views between them, as the files of a project, which nobody has written yet.

    `patterns` are names, with a schema or without, in which `*` stands for any letters; without any, all are taken. `project` are the files that there are
    (path → text), beside which these will stand; their `mvc.yml`, if any, says the search path. `name` is that of a project that has none yet. No row is read.
    Raises NothingFound and ServerError, and ProjectError where the `mvc.yml` that there is cannot be read.
    """
    from mvc.engines.postgres.server.made_by_hand import read_found  # noqa: PLC0415 - an extra

    existing = dict(project or {})
    if PROJECT_FILE in existing:
        settings = load_files(existing).project().settings
        found = read_found(connection, patterns, settings.search_path, settings.stored)
    else:
        found = read_found(connection, patterns)
    made = imported(found, name, existing)
    return replace(made, diagnostics=_findings({**existing, **made.files}))


def _findings(files: Mapping[str, str]) -> tuple[Diagnostic, ...]:
    try:
        return compile_files(files).diagnostics
    except ProjectError as problem:
        return problem.diagnostics
