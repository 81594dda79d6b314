"""What people write in the place of a mapping, read as what they mean: `sum(o.amount) FILTER (WHERE …)` is `{sum: …, where: …}`.

What is given back is shown as a mend and goes on being checked, so nothing is guessed: a text that is not surely one thing gives None.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from mvc.spec.aggregate import FUNCTIONS, PAIRS

_CALL: Final = re.compile(r"\s*([A-Za-z_]\w*)\s*\(", re.ASCII)
_FILTER: Final = re.compile(r"\s*filter\s*\(\s*where\s+(.*)\)\s*\Z", re.IGNORECASE | re.DOTALL)
_DISTINCT: Final = re.compile(r"distinct\b\s*(.*)\Z", re.IGNORECASE | re.DOTALL)
_ORDER: Final = re.compile(r"(.*?)\s+order\s+by\s+(.*)\Z", re.IGNORECASE | re.DOTALL)
_ALL_ROWS: Final = re.compile(r"(?:\*|1|(\w+)\.\*|)\Z")
_NAME: Final = re.compile(r"(?:.*\.)?\"?([A-Za-z_]\w*)\"?\Z", re.ASCII)
_AGGREGATES: Final = "|".join((*FUNCTIONS, "json_object_agg", "jsonb_object_agg", "percentile_cont"))
_AGGREGATE_CALL: Final = re.compile(rf"\b(?:{_AGGREGATES})\s*\(", re.IGNORECASE)
# Keys that are no function of PostgreSQL, or one that is called in another way.
_NOT_CALLED: Final = {
    *("count_distinct", "first", "last", "percentile", "percentile_disc", "median", "mode"),
    *("rank_of", "dense_rank_of", "percent_rank_of", "cume_dist_of"),
}
PLAIN: Final = frozenset(FUNCTIONS) - _NOT_CALLED

PERCENTILE_OF: Final = ("of", "on", "value", "column", "field", "expression")


def aggregate(text: str, base: str) -> dict[str, Any] | None:
    """The mapping that a text under `aggregates` stands for; `base` is the alias whose rows `count(*)` counts."""
    call = _CALL.match(text)
    end = _closing(text, call.end() - 1) if call else -1
    if call is None or call[1].lower() not in PLAIN or end < 0:
        return None if _AGGREGATE_CALL.search(text) or "." in text else {"expr": text}
    picked = _FILTER.match(text, end + 1)
    if text[end + 1 :].strip() and not picked:
        return None
    made = _argument(call[1].lower(), text[call.end() : end].strip(), base)
    return {**made, "where": picked[1].strip()} if made and picked else made


def _argument(function: str, inner: str, base: str) -> dict[str, Any] | None:
    if function == "count" and (rows := _ALL_ROWS.match(inner)):
        return {"count": rows[1] or base} if rows[1] or base else None
    distinct, ordered = _DISTINCT.match(inner), _ORDER.match(inner)
    if distinct:
        return {"count_distinct": distinct[1]} if function == "count" and "," not in distinct[1] else None
    if function in PAIRS:
        values = pair(ordered[1] if ordered else inner)
        return {function: values, **({"order": ordered[2]} if ordered else {})} if values else None
    if function == "string_agg":
        return _joined(ordered[1] if ordered else inner, ordered[2] if ordered else "")
    return {function: ordered[1], "order": ordered[2]} if ordered else {function: inner} if inner else None


def pair(text: str) -> tuple[str, ...] | None:
    """The two expressions that stand in a text with a comma between them, None for any other number of them."""
    depth, quote, cuts = 0, "", []
    for at, sign in enumerate(text):
        if quote or sign in "'\"":
            quote = "" if sign == quote else quote or sign
        else:
            depth += (sign in "([") - (sign in ")]")
            cuts += [at] if sign == "," and depth == 0 else []
    return (text[: cuts[0]].strip(), text[cuts[0] + 1 :].strip()) if len(cuts) == 1 else None


def _joined(inner: str, order: str) -> dict[str, Any] | None:
    parts = re.match(r"(.*),\s*'((?:[^']|'')*)'\s*\Z", inner, re.DOTALL)
    if parts is None:
        return None
    given: dict[str, Any] = {"string_agg": parts[1].strip(), "separator": parts[2].replace("''", "'")}
    return {**given, "order": order} if order else given


def _closing(text: str, opening: int) -> int:
    """Where the bracket that stands at a place is closed, -1 for nowhere."""
    depth, quote = 0, ""
    for at in range(opening, len(text)):
        sign = text[at]
        if quote or sign in "'\"":
            quote = "" if sign == quote else quote or sign
        else:
            depth += (sign == "(") - (sign == ")")
            if depth == 0:
                return at
    return -1


def name_of(text: str) -> str:
    """The name that a column of this expression would have in SQL, empty where it has none."""
    found = _NAME.match(text.strip())
    return found[1].lower() if found else ""


def by_name(items: Any, named: tuple[str, ...], value_keys: tuple[str, ...]) -> dict[str, Any] | None:
    """A list as the mapping that it stands for: texts by the names in them, mappings by one of the keys `named`, or by their only key."""
    if isinstance(items, str):
        items = tuple(part.strip() for part in items.split(",")) if "(" not in items else (items,)
    made: dict[str, Any] = {}
    for item in items:
        pair = _entry(item, named, value_keys)
        if pair is None or pair[0] in made:
            return None
        made[pair[0]] = pair[1]
    return made or None


def _entry(item: Any, named: tuple[str, ...], value_keys: tuple[str, ...]) -> tuple[str, Any] | None:
    if isinstance(item, str):
        return (name_of(item), item) if name_of(item) else None
    if not isinstance(item, Mapping):
        return None
    name = next((item[key] for key in named if isinstance(item.get(key), str)), None)
    if name is None:
        return next(iter(item.items())) if len(item) == 1 else None
    rest = {key: value for key, value in item.items() if value != name or key not in named}
    only = next((rest[key] for key in value_keys if key in rest), None)
    return (name, only) if only is not None and len(rest) == 1 else (name, rest) if rest else None


def typed(given: Mapping[str, Any]) -> dict[str, Any] | None:
    """`{type: sum, sql: o.amount}` of Cube and LookML, `{agg: sum, expr: o.amount}` of dbt: the function as the key."""
    kind = next(
        (str(given[key]).lower() for key in ("type", "agg", "agg_type", "function", "func", "fn") if key in given), ""
    )
    kind = {"average": "avg", "mean": "avg", "countdistinct": "count_distinct", "sum_boolean": "sum"}.get(kind, kind)
    argument = next(
        (given[key] for key in ("sql", "expr", "column", "field", "of", "on", "measure") if key in given), None
    )
    if kind not in FUNCTIONS or not isinstance(argument, str):
        return None
    where = next((said for key in ("where", "filter", "filters") if (said := _filters(given.get(key)))), None)
    return {
        kind: argument,
        **({"where": where} if where else {}),
        **{key: given[key] for key in ("description", "default") if key in given},
    }


def _filters(value: Any) -> str:
    """A condition, or a list of them as Cube has it (`[{sql: …}]`); empty for none, and for what is no SQL."""
    entries = value if isinstance(value, tuple) else (value,)
    texts = [item.get("sql") if isinstance(item, Mapping) else item for item in entries]
    return " AND ".join(str(text) for text in texts) if all(isinstance(text, str) and text for text in texts) else ""


def percentile(given: Mapping[str, Any]) -> dict[str, Any] | None:
    """`{percentile: 0.9, of: o.amount}`: the fraction in the place of the expression."""
    fraction = given.get("percentile")
    argument = next((given[key] for key in PERCENTILE_OF if isinstance(given.get(key), str)), None)
    if isinstance(fraction, bool) or not isinstance(fraction, int | float) or argument is None:
        return None
    return {"percentile": argument, "at": fraction if fraction <= 1 else fraction / 100}
