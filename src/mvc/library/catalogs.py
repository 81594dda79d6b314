"""The catalog of a database, as a project's `catalog:` wants it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from mvc.catalog.types import Catalog
from mvc.engines.postgres.server.errors import server_errors
from mvc.engines.postgres.server.pull import pull
from mvc.model.project import Project

if TYPE_CHECKING:
    import psycopg


def pull_catalog(
    connection: psycopg.Connection, project: Project | None = None, schemas: Iterable[str] = ()
) -> Catalog:
    """The tables, columns, keys and functions of a database, or of these `schemas`; rows are never read.

    What `project` has deployed there is no base table, and left out. `render(catalog, "json")` is the snapshot that `catalog:` may name.
    Raises ServerError.
    """
    search_path = project.settings.search_path if project else ("public",)
    stored = project.settings.stored if project else "mvc"
    with server_errors():
        pulled = pull(connection, tuple(schemas) or None, search_path, skip=(stored,))
    ours = {(view.schema, view.name) for view in project.views} if project else set()
    kept = tuple(relation for relation in pulled.relations if (relation.schema, relation.name) not in ours)
    return replace(pulled, relations=kept)
