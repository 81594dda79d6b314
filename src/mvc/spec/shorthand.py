"""What people write in the place of a mapping, read as what they mean: `sum(o.amount) FILTER (WHERE …)` is `{sum: …, where: …}`.

What is given back is shown as a mend and goes on being checked, so nothing is guessed: a text that is not surely one thing gives None.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from mvc.spec.aggregate import FUNCTIONS
from mvc.spec.call_text import AGGREGATE_CALL, call_parts

_NAME: Final = re.compile(r"(?:.*\.)?\"?([A-Za-z_]\w*)\"?\Z", re.ASCII)
PERCENTILE_OF: Final = ("of", "on", "value", "column", "field", "expression")


def aggregate(text: str, base: str) -> dict[str, Any] | None:
    """The mapping that a text under `aggregates` stands for; `base` is the alias whose rows `count(*)` counts."""
    if parts := call_parts(text, base):
        return parts.mapping
    return None if AGGREGATE_CALL.search(text) or "." in text else {"expr": text}


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
