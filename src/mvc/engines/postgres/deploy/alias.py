"""The former name of a view as a view of its own: the same rows for the same readers, under the names that its columns had.

It reads what the view reads, with the same rules in it, and not the view: so it is in nobody's way when that one must be made anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mvc.compiled.former import Alias
from mvc.compiled.view import CompiledAccess, CompiledColumn, CompiledView, Exposure, RowsOf
from mvc.engines.postgres.deploy.naming import stored_name
from mvc.engines.postgres.query.proof import check_one_statement
from mvc.meaning.fingerprint import fingerprint
from mvc.model.view import View
from mvc.quoting import identifier, qualified

_WITHIN = "renamed"


def alias_of(view: View, made: CompiledView) -> CompiledView | None:
    """The view that stands for the former name of `view`, where that one is to stay."""
    if view.was is None or not view.alias_until:
        return None
    names = {column.name: view.former_columns.get(column.name, column.name) for column in made.columns}
    schema, name = view.was
    digest = fingerprint("alias", made.storage[1], made.schema, made.name, repr(names), schema)
    query = _renaming(names, qualified(*made.storage))
    return replace(
        made,
        name=name,
        schema=schema,
        kind="plain",
        stored_as="view",
        description=f"Former name of {made.schema}.{made.name}, which has the same rows. It stays until {view.alias_until}.",
        tags=(),
        storage=(made.storage[0], stored_name(name, digest)),
        columns=tuple(_columns(made, names)),
        sources=(),
        filters=(),
        body=query,
        grain=tuple(names[column] for column in made.grain),
        upstream=(made.called,),
        reads=tuple(f"{made.schema}.{made.name}.{column}" for column in sorted(names)),
        options=(),
        indexes=(),
        access=_access(made.access, names),
        query=query,
        stored_query=query,
        merge=None,
        exposure=_exposure(made, names),
        claims=(),
        increment=None,
        window=None,
        whole_because=(),
        period="",
        probes=(),
        rows=RowsOf((f"{made.schema}.{made.name}",)),
        former=None,
        alias=Alias(made.schema, made.name, view.alias_until),
    )


def _columns(made: CompiledView, names: dict[str, str]) -> Iterator[CompiledColumn]:
    for column in made.columns:
        read = f"{made.schema}.{made.name}.{column.name}"
        yield replace(
            column, name=names[column.name], lineage=(read,), meaning=f"{made.name}.{column.name}", rows=RowsOf()
        )


def _access(access: CompiledAccess, names: dict[str, str]) -> CompiledAccess:
    return replace(access, columns=tuple(sorted(names.get(column, column) for column in access.columns)))


def _exposure(made: CompiledView, names: dict[str, str]) -> Exposure:
    query = _renaming(names, f"(\n{made.exposure.query}\n) AS {_WITHIN}")
    return Exposure(query, made.exposure.barrier, (), made.exposure.form)


def _renaming(names: dict[str, str], source: str) -> str:
    listed = ",\n  ".join(
        identifier(now) if now == then else f"{identifier(now)} AS {identifier(then)}" for now, then in names.items()
    )
    text = f"SELECT\n  {listed}\nFROM {source}"
    check_one_statement(text)
    return text
