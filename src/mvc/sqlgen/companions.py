"""What stands beside a stored table. Whoever creates, seals, renames, drops or watches a table does the same to each of these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mvc.artifacts import CompiledView
from mvc.quoting import qualified
from mvc.sqlgen.naming import query_name


@dataclass(frozen=True, slots=True)
class Companion:
    """A relation of the stored schema. `purpose` is what the ledger calls it, `relkind` pg_class's word for what it is, `create`
    the statement that makes it, which is safe to run again.
    """

    purpose: Literal["query"]
    name: str
    relkind: Literal["v"]
    create: str


def companions(view: CompiledView) -> tuple[Companion, ...]:
    """Those of a view that is stored as a table, the query first, in an order in which they can be created; else none."""
    if view.stored_as != "table":
        return ()
    schema, stored = view.storage
    name = query_name(stored)
    create = f"CREATE OR REPLACE VIEW {qualified(schema, name)} AS\n{view.stored_query}"
    return (Companion("query", name, "v", create),)
