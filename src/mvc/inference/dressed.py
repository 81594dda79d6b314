"""What stands beside a call: DISTINCT, ORDER BY, FILTER, WITHIN GROUP, OVER. Each goes with some kinds of functions only.

Rule source: PostgreSQL's parse_func.c (ParseFuncOrColumn), parse_agg.c; manual, "Aggregate Expressions", "Window Function Calls".
"""

from __future__ import annotations

import json
from typing import Any, Final, NamedTuple

from mvc.catalog import builtins
from mvc.inference.site import TypedText, location_of
from mvc.sql.parser import Node

_ORDERED: Final = frozenset({"mode", "percentile_cont", "percentile_disc"})
HYPOTHETICAL: Final = frozenset({"rank", "dense_rank", "percent_rank", "cume_dist"})  # window functions otherwise
_OF_AGGREGATES: Final = {
    "agg_distinct": "DISTINCT",
    "agg_order": "ORDER BY",
    "agg_filter": "FILTER",
    "agg_within_group": "WITHIN GROUP",
    "agg_star": "*",
}


class _Kinds(NamedTuple):
    aggregate: bool
    window: bool
    sorts: bool  # by WITHIN GROUP, as its arguments cannot do without


def check_dress(inner: Node, text: TypedText) -> None:
    """Findings for one call."""
    *schema, name = (item["String"]["sval"] for item in inner["funcname"])
    kinds = _kinds(name, schema[-1] if schema else "", text)
    if kinds is None:
        return
    for check in (_bare, _over, _within, _without):
        if found := check(name, inner, kinds):
            code, title, help_line = found
            text.report(code, inner["location"], title, label="not of this function", help=help_line)
            return
    if "agg_distinct" in inner and "agg_order" in inner and not inner.get("agg_within_group"):
        _check_sorted(name, inner, text)


def _kinds(name: str, schema: str, text: TypedText) -> _Kinds | None:
    """What functions of the name can be; None where that is not known."""
    own = text.world.catalog.functions_named(name, schema or None)
    functions = (*own, *(() if schema not in ("", "pg_catalog") else builtins.builtin(name)))
    if not functions:
        return None
    kinds = {item.kind for item in functions}
    sorts = not own and name in _ORDERED | HYPOTHETICAL
    return _Kinds("aggregate" in kinds, "window" in kinds, sorts)


_Found = tuple[str, str, str] | None


def _bare(name: str, inner: Node, kinds: _Kinds) -> _Found:
    """An ordinary function has brackets, and nothing else."""
    if kinds.aggregate or kinds.window:
        return None
    extra = next((shown for key, shown in _OF_AGGREGATES.items() if key in inner), "")
    if extra:
        title = f"`{name}` is no aggregate, so {extra} has no place in it"
        return "MV120", title, f"leave {extra} out" if extra != "*" else "name its arguments"
    if "over" in inner:
        title = f"`{name}` is neither a window function nor an aggregate, so it has no OVER"
        return "MV105", title, "leave OVER (…) out"
    return None


def _over(name: str, inner: Node, kinds: _Kinds) -> _Found:
    """Windows take no DISTINCT and no order of their own."""
    if "over" not in inner:
        return None
    if "agg_within_group" in inner:
        return "MV105", f"`{name}` WITHIN GROUP has no OVER", "leave OVER (…) out, and compute it with GROUP BY"
    taken = "agg_distinct" if "agg_distinct" in inner else "agg_order" if "agg_order" in inner else ""
    if taken:
        shown = _OF_AGGREGATES[taken]
        title = f"PostgreSQL has no {shown} in the brackets of a window function"
        help_line = (
            "write the order into the window: OVER (ORDER BY …)"
            if taken == "agg_order"
            else "count once in a subquery with GROUP BY, and join that"
        )
        return "MV105", title, help_line
    if "agg_filter" in inner and not kinds.aggregate:
        return "MV105", f"`{name}` is no aggregate, so FILTER has no place in it", "leave FILTER (…) out"
    return None


def _within(name: str, inner: Node, kinds: _Kinds) -> _Found:
    if "agg_within_group" in inner and not kinds.sorts and builtins.builtin(name):
        title = f"`{name}` is no ordered-set aggregate, so WITHIN GROUP has no place in it"
        return "MV120", title, f"write the order within the brackets: {name}(… ORDER BY …)"
    return None


def _without(name: str, inner: Node, kinds: _Kinds) -> _Found:
    if name in _ORDERED and kinds.sorts and "agg_within_group" not in inner and "over" not in inner:
        argument = "" if name == "mode" else "0.5"
        help_line = f"write {name}({argument}) WITHIN GROUP (ORDER BY …)"
        return "MV120", f"`{name}` sorts what it is asked of, by WITHIN GROUP", help_line
    return None


def _check_sorted(name: str, inner: Node, text: TypedText) -> None:
    """`array_agg(DISTINCT a ORDER BY b)`: what is taken once has no `b` of its own."""
    arguments = {same(node) for node in inner.get("args", ())}
    other = next(
        (item["SortBy"]["node"] for item in inner["agg_order"] if same(item["SortBy"]["node"]) not in arguments), None
    )
    if other is None:
        return
    title = f"with DISTINCT, `{name}` can be ordered by its arguments only"
    help_line = f"order by what it collects: {name}(DISTINCT x ORDER BY x)"
    text.report("MV219", location_of(other), title, label="not an argument", help=help_line)


def same(node: Any) -> str:
    """A tree without its places, and with the last names of columns only: `t.a` and `a` may be the same."""
    return json.dumps(_plain(node), sort_keys=True)


def _plain(node: Any) -> Any:
    if isinstance(node, list):
        return [_plain(item) for item in node]
    if not isinstance(node, dict):
        return node
    if "ColumnRef" in node:
        return {"column": node["ColumnRef"]["fields"][-1]}
    return {key: _plain(value) for key, value in node.items() if key != "location"}
