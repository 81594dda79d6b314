"""FoundView → the data of its file in `views/`, and what of it no key says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from mvc.importing.found import FoundIndex, FoundKey, FoundView, Lost
from mvc.importing.grain import Grain

ASK: Final = """No unique index, GROUP BY, DISTINCT or key says which columns tell the rows of this view apart, so you have to: write below
grain: [column, …]"""


def view_data(view: FoundView, grain: Grain, exposed: str) -> dict[str, Any]:
    """The keys of the view's file, in the order in which they are written."""
    data: dict[str, Any] = {"view": view.name}
    if view.schema != exposed:
        data["schema"] = view.schema
    if view.description:
        data["description"] = view.description
    if view.kind == "view":
        data["materialized"] = False
    elif grain.columns is not None:
        data["grain"] = list(grain.columns)
    optional = {
        "requires": list(view.extensions),
        "with": dict(sorted(view.parameters.items())),
        "columns": dict(view.descriptions),
        "indexes": [_index(index) for index in carried(view, grain)],
    }
    data |= {key: value for key, value in optional.items() if value}
    return data | {"sql": f"{view.sql}\n"}


def carried(view: FoundView, grain: Grain) -> Iterator[FoundIndex]:
    """The indexes that the language can say, without the one that follows from the grain."""
    derived = _derived(view, grain)
    for index in view.indexes:
        if index is not derived and not _unsayable(index):
            yield index


def lost_indexes(view: FoundView, grain: Grain) -> Iterator[Lost]:
    """The indexes that it cannot say."""
    derived = _derived(view, grain)
    for index in view.indexes:
        if index is not derived and (reason := _unsayable(index)):
            yield Lost(f"index {index.name}", reason)


def _derived(view: FoundView, grain: Grain) -> FoundIndex | None:
    """The index that mvc makes by itself."""
    same = (index for index in view.indexes if index.identifying == grain.columns and _is_bare(index))
    return next(same, None) if grain.columns else None


def _is_bare(index: FoundIndex) -> bool:
    plain = all(key == FoundKey(key.column, key.expression) for key in index.keys)
    return plain and not index.include and not index.parameters


def _unsayable(index: FoundIndex) -> str:
    return "`indexes` cannot say NULLS NOT DISTINCT; the grain can" if index.nulls_not_distinct else ""


def _index(index: FoundIndex) -> dict[str, Any] | str:
    columns = [_key(key) for key in index.keys]
    data: dict[str, Any] = {"columns": columns}
    if index.method != "btree":
        data["using"] = index.method
    if index.unique:
        data["unique"] = True
    if index.where:
        data["where"] = index.where
    if index.include:
        data["include"] = list(index.include)
    if index.parameters:
        data["with"] = dict(sorted(index.parameters.items()))
    is_short = len(data) == 1 and all(isinstance(item, str) for item in columns)
    return ", ".join(map(str, columns)) if is_short and all(key.column for key in index.keys) else data


def _key(key: FoundKey) -> dict[str, Any] | str:
    """PostgreSQL's DESC puts NULLs first, and `desc` puts them last."""
    order = "desc" if key.descending else ""
    nulls = "first" if key.nulls_first else ""
    if not (key.opclass or key.collation):
        return " ".join(word for word in (key.expression, order, f"nulls {nulls}" if nulls else "") if word)
    said = {"expr": key.expression, "order": order, "nulls": nulls, "opclass": key.opclass, "collate": key.collation}
    return {name: value for name, value in said.items() if value}
