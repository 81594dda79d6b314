"""The statements by which a view takes the name of what was made by hand, and gives it back."""

from __future__ import annotations

from collections.abc import Iterable

from mvc.compiled.view import CompiledView, Target
from mvc.engines.postgres.deploy.statements import names_array, texts_array
from mvc.quoting import dollar_quoted, literal, qualified


def take_over_sql(target: Target, view: CompiledView) -> str:
    """The exposure put in the place of a relation that was made by hand, which is kept."""
    spoken_of = view.readers and "public" not in view.readers
    values = (
        literal(view.schema),
        literal(view.name),
        names_array(column.name for column in view.columns),
        "true" if view.exposure.barrier else "false",
        dollar_quoted(f"\n{view.exposure.query}\n", "view"),
        names_array(view.readers) if spoken_of else "NULL",
    )
    return f"SELECT {qualified(target.stored, 'take_over')}({', '.join(values)})"


def give_back_sql(storage_schema: str, name: tuple[str, str]) -> str:
    """What a view was taken over from takes its place again, and the ledger knows it no more."""
    values = f"({literal(name[0])}, {literal(name[1])})"
    return f"SELECT {qualified(storage_schema, 'give_back')}{values}, {qualified(storage_schema, 'forget')}{values}"


def compare_former_sql(target: Target, view: CompiledView, allowed: Iterable[str]) -> str:
    """Refuses rows that differ from those of the relation whose name the view takes; `allowed` is code of others that was agreed to."""
    columns, grain = names_array(column.name for column in view.columns), names_array(view.grain)
    trust = f"{names_array(target.trusted_roles)}, {texts_array(allowed)}"
    values = f"{literal(view.schema)}, {literal(view.name)}, {literal(view.storage[1])}, {columns}, {grain}, {trust}"
    return f"SELECT {qualified(target.stored, 'compare_former')}({values})"
