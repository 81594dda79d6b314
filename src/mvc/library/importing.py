"""`mvc import` as a function: views that were made by hand, as the files of a project."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from mvc.diagnostics import Diagnostic, ProjectError
from mvc.importing.found import Lost
from mvc.importing.imported import Imported, ImportedView
from mvc.importing.project_files import imported, zone_of
from mvc.importing.selection import NothingFound
from mvc.importing.sql_files import read_definitions, read_files
from mvc.pipeline.compile import compile_files
from mvc.pipeline.load import load_files
from mvc.workspace.folder import PROJECT_FILE

if TYPE_CHECKING:
    import psycopg

__all__ = ["Imported", "ImportedView", "Lost", "NothingFound", "import_views"]


def import_views(
    connection: psycopg.Connection | None = None,
    patterns: Iterable[str] = (),
    *,
    sql: Mapping[str, str] | None = None,
    project: Mapping[str, str] | None = None,
    name: str = "project",
) -> Imported:
    """Materialized views, and the plain views between them, as the files of a project, which nobody has written yet.

    They are those of a database or, without a connection, those that files of `sql` define (path → text, in the order in which they apply; the last definition
    counts), whose tables are those of the files, or of the project that there is. With both, each view is written in its author's words where the server proves
    that they mean the same. `patterns` are names, with a schema or without, in which `*` stands for any letters; without any, all are taken. `project` are the
    files that there are (path → text), beside which these will stand; their `mvc.yml`, if any, says the search path. `name` is that of a project that has none
    yet. No row is read. Raises NothingFound and ServerError, and ProjectError where the `mvc.yml` that there is cannot be read.
    """
    existing = dict(project or {})
    there = load_files(existing).project() if PROJECT_FILE in existing else None
    if connection is None:
        path = there.settings.search_path if there else ("public",)
        found = read_files(sql or {}, patterns, path, there.catalog if there else None)
    else:
        from mvc.engines.postgres.server.author_texts import in_authors_words  # noqa: PLC0415 - an extra
        from mvc.engines.postgres.server.made_by_hand import read_found  # noqa: PLC0415 - an extra

        settings = there.settings if there else None
        found = read_found(
            connection, patterns, settings.search_path if settings else None, settings.stored if settings else "mvc"
        )
        if sql:
            written = read_definitions(sql, found.catalog.search_path).finished()
            found = in_authors_words(connection, found, written, settings.timezone if settings else zone_of(found))
    made = imported(found, name, existing)
    return replace(made, diagnostics=_findings({**existing, **made.files}))


def _findings(files: Mapping[str, str]) -> tuple[Diagnostic, ...]:
    try:
        return compile_files(files).diagnostics
    except ProjectError as problem:
        return problem.diagnostics
