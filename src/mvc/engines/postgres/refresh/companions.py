"""What stands beside a stored table. Whoever creates, seals, renames, drops or watches a table does the same to each of these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mvc.compiled.view import CompiledView
from mvc.engines.postgres.deploy.naming import Purpose, companion_name
from mvc.quoting import qualified


@dataclass(frozen=True, slots=True)
class Companion:
    """A relation of the stored schema. `purpose` is what the ledger calls it, `relkind` pg_class's word for what it is, `create`
    the statement that makes it, which is safe to run again.
    """

    purpose: Purpose
    name: str
    relkind: Literal["v", "r"]
    create: str


def companions(view: CompiledView) -> tuple[Companion, ...]:
    """Those of a view that is stored as a table, the query first, in an order in which they can be created; else none."""
    if view.stored_as != "table":
        return ()
    schema, stored = view.storage

    def of_query(purpose: Purpose, query: str) -> Companion:
        name = companion_name(stored, purpose)
        return Companion(purpose, name, "v", f"CREATE OR REPLACE VIEW {qualified(schema, name)} AS\n{query}")

    rows = of_query("query", view.stored_query)
    if view.increment is None:
        return (rows,)
    moved, dirty = of_query("moved", view.increment.moved), companion_name(stored, "dirty")
    columns = f"AS\nTABLE {qualified(schema, moved.name)}\nWITH NO DATA"
    return (
        rows,
        of_query("causes", view.increment.causes),
        moved,
        Companion("dirty", dirty, "r", f"CREATE UNLOGGED TABLE IF NOT EXISTS {qualified(schema, dirty)} {columns}"),
        of_query("groups", view.increment.groups),
        of_query("many", view.increment.many),
        of_query("keys", view.increment.keys),
    )
