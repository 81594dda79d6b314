"""`mvc release --sql` as a function: statements for the migrations of another tool."""

from __future__ import annotations

from collections.abc import Iterable

from mvc.catalog.altered import AlteredName, written_name
from mvc.catalog.tokens import Unreadable
from mvc.catalog.types import Catalog
from mvc.compiled.project import Compiled
from mvc.engines.postgres.plan.release import Altered, placed_name
from mvc.engines.postgres.plan.release import release_sql as sql_of


def release_sql(compiled: Compiled, altered: Iterable[Altered | str]) -> tuple[str, ...]:
    """Statements that release what is in the way of a change of these columns or tables (`orders.amount`), each to be a migration before it.

    No database is asked. Raises ValueError for what is no name.
    """
    return tuple(sql_of(compiled.stored, (_named(item, compiled.believed) for item in altered)))


def _named(item: Altered | str, known: Catalog) -> AlteredName:
    if isinstance(item, Altered):
        return AlteredName(item.schema, item.name, item.column)
    try:
        return placed_name(written_name(item), known)
    except Unreadable as problem:
        raise ValueError(f"`{item}`: {problem.reason}") from None
