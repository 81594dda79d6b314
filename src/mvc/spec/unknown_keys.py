"""A key that a mapping does not have: what it is called here, or what there is in its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from pydantic import BaseModel

from mvc.diagnostics import did_you_mean
from mvc.diagnostics.suggest import nearest
from mvc.source.words import yaml_flow
from mvc.spec.key_habits import meant
from mvc.spec.mends import meant_value
from mvc.spec.model_at import keys_of
from mvc.spec.shorthand import aggregate, name_of, percentile, typed

_LONGEST = 90  # characters of a line that is shown to be pasted
_JOINED_BY = ("on", "sql_on", "join_on", "condition", "sql")
_READ_AS = ("table", "name", "from", "relation", "model")


def renamed(model: type[BaseModel], key: str) -> str:
    """The key that is meant by one that the model does not have, empty where none surely is."""
    known = keys_of(model)
    habit = "" if (model.__name__, key) == ("SourceSpec", "using") else meant(model.__name__, key)
    return habit if habit in known else "" if habit else nearest(key, known)


def unknown_key_help(model: type[BaseModel], key: str, parent: Any) -> tuple[str, tuple[str, ...]]:
    """What to say at an unknown key, and its help lines. `parent` is the mapping that holds it."""
    name, known = model.__name__, keys_of(model)
    given = parent if isinstance(parent, Mapping) else {}
    if special := _special(name, key, given):
        return special
    habit = meant(name, key)
    if name == "SourceSpec" and key == "using" and not _is_condition(given[key]):
        return "called `on` here", ("write what ties it, with the alias of both: on: i.order_id = o.order_id",)
    if habit in known:
        value = given.get(key)
        made = meant_value(name, given, habit, value)
        if made is None and habit == "aggregates" and isinstance(value, Mapping) and "type" in value:
            return "called `aggregates` here", (
                "write aggregates: {n: {count: o}}, with the alias of the source that is counted",
            )
        return f"called `{habit}` here", (_paste(habit, value if made is None else made, given),)
    if habit:
        return "no such key", tuple(habit.split("\n"))
    return "no such key", (did_you_mean(key, known, "known here"),)


def _is_condition(value: Any) -> bool:
    """Whether it compares something; `USING (order_id)` only names the columns of both sides."""
    return isinstance(value, str) and any(sign in value for sign in "=<>( ")


def _paste(key: str, value: Any, parent: Mapping[str, Any]) -> str:
    if key in parent:
        return f"there is `{key}` already: one of the two is too many"
    line = f"{key}: {yaml_flow(value)}"
    return f"write {line}" if value is not None and len(line) <= _LONGEST else f"write {key}: in its place"


_Special = tuple[str, tuple[str, ...]]


def _special(model: str, key: str, given: Mapping[str, Any]) -> _Special | None:
    """Keys whose meaning depends on their value, or on what stands beside them."""
    if key == "<<":
        return "of YAML 1.1", ("no mapping is merged into another here: write its keys out",)
    by_model = _SPECIAL.get(model)
    return by_model(key, given) if by_model else None


def _of_aggregate(_key: str, given: Mapping[str, Any]) -> _Special | None:
    if made := typed(given):
        return "the function is the key here", (f"write {yaml_flow(made)}",)
    if made := percentile(given):
        return "the expression stands at `percentile`", (f"write {yaml_flow(made)}",)
    return None


def _of_source(key: str, given: Mapping[str, Any]) -> _Special | None:
    if key == "join" and "=" in str(given[key]):
        return "called `on` here", (_paste("on", given[key], given),)
    if key in ("join", "type", "how", "kind", "join_type"):
        return _join_kind(str(given[key]).lower())
    return None


def _of_view(key: str, given: Mapping[str, Any]) -> _Special | None:
    if key == "joins" and (sources := joined(given)):
        lines = (f"  {alias}: {yaml_flow(source)}" for alias, source in sources.items())
        return "each join is a source here", ("write", "sources:", *lines)
    if key in SELECTED and isinstance(given[key], tuple):
        return "two kinds of columns here", _selected(given)
    if key == "type":
        is_plain = str(given[key]).lower() == "view"
        return "called `materialized` here", (f"write materialized: {'false' if is_plain else 'true'}",)
    return None


SELECTED: Final = ("select", "fields", "projections")


def _selected(given: Mapping[str, Any]) -> tuple[str, ...]:
    """A SELECT list as the dimensions and the aggregates in it."""
    key = next(key for key in SELECTED if key in given)
    texts = [re.split(r"\s+as\s+", str(item), flags=re.IGNORECASE) for item in given[key]]
    read = [(text[-1].strip() if len(text) > 1 else name_of(text[0]), aggregate(text[0], "")) for text in texts]
    measures = {name: made for name, made in read if name and made and "expr" not in made}
    grouped = {name: text[0] for (name, _), text in zip(read, texts, strict=True) if name and name not in measures}
    if len(grouped) + len(measures) < len(texts):
        return ("name each column under dimensions: (what rows are grouped by) or aggregates:",)
    lines = [
        f"{under}: {yaml_flow(items)}" for under, items in (("dimensions", grouped), ("aggregates", measures)) if items
    ]
    return (f"write {lines[0]}", *lines[1:])


def _of_index_column(key: str, given: Mapping[str, Any]) -> _Special | None:
    direction = str(given.get(key)).lower()
    return ("no such key", (f"write {key} {direction}, as one text",)) if direction in ("asc", "desc") else None


def _of_project(key: str, given: Mapping[str, Any]) -> _Special | None:
    if key == "schema" and isinstance(given.get(key), str):
        return "called `schemas` here", (f"write schemas: {{exposed: {yaml_flow(given[key])}}}",)
    return None


_SPECIAL: Final[Mapping[str, Callable[[str, Mapping[str, Any]], _Special | None]]] = {
    "AggregateSpec": _of_aggregate,
    "SourceSpec": _of_source,
    "ViewSpec": _of_view,
    "IndexColumnSpec": _of_index_column,
    "ProjectSpec": _of_project,
}


def _join_kind(kind: str) -> tuple[str, tuple[str, ...]]:
    if "inner" in kind:
        return "called `required` here", (
            "write required: true, which keeps only rows of the parent that have a row here",
        )
    if "anti" in kind:
        return "called `absent` here", (
            "write absent: true, which keeps only rows of the parent that have no row here",
        )
    if "semi" in kind:
        return "called `required` here", ("write required: true",)
    if "full" in kind or "right" in kind:
        return "no such key", ("the base's rows are what is grouped: make this source the base, the one without `on`",)
    if "cross" in kind:
        return "no such key", ("there is no cross join: give the view a body, sql: | SELECT …, with grain: [columns]",)
    return "no such key", ("take it out: every source is a left join, unless it says required: true",)


def joined(given: Mapping[str, Any]) -> dict[str, Any] | None:
    """The sources of a view with what stands under `joins`, None where that is not sure."""
    sources, joins = given.get("sources", {}), given.get("joins")
    if not isinstance(sources, Mapping) or not isinstance(joins, Mapping | tuple):
        return None
    pairs = joins.items() if isinstance(joins, Mapping) else ((_alias(item), item) for item in joins)
    made = {alias: _source(alias, item) for alias, item in pairs}
    return None if None in made.values() or "" in made or made.keys() & sources.keys() else {**sources, **made}


def _alias(item: Any) -> str:
    named = (item.get(key) for key in ("alias", "as", "name", "table")) if isinstance(item, Mapping) else ()
    return next((name for name in named if isinstance(name, str)), "")


def _source(alias: str, item: Any) -> dict[str, Any] | None:
    if not isinstance(item, Mapping):
        return None
    on = next((item[key] for key in _JOINED_BY if isinstance(item.get(key), str)), None)
    table = next((item[key] for key in _READ_AS if isinstance(item.get(key), str)), alias)
    kind = str(next((item[key] for key in ("type", "join", "how", "kind") if key in item), "left")).lower()
    if on is None or "{" in on:
        return None
    return {"table": table, "on": on, **({"required": True} if "inner" in kind else {})}
