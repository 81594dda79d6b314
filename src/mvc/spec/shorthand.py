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


def several(text: str, base: str) -> dict[str, dict[str, Any]] | None:
    """`sum(o.amount) / count(*)` as columns of their own, and a last one named "" that computes with them; None where that is not sure."""
    made: dict[str, dict[str, Any]] = {}
    rest, at = "", 0
    for call in AGGREGATE_CALL.finditer(text):
        if call.start() < at:
            return None  # an aggregate within another one
        end = _end_of_call(text, call.end() - 1)
        read = aggregate(text[call.start() : end], base)
        if read is None or "expr" in read:
            return None
        name = _called(read, made)
        made[name] = read
        divides = re.search(r"/\s*\Z", text[at : call.start()])
        rest += text[at : call.start()] + (f"nullif({name}, 0)" if divides else name)
        at = end
    rest += text[at:]
    plain = re.sub(r"'(?:[^']|'')*'", "", rest)
    return {**made, "": {"expr": rest.strip()}} if made and not re.search(r"[A-Za-z_]\w*\.", plain) else None


def _end_of_call(text: str, opening: int) -> int:
    """Behind a call, its FILTER included."""
    end = _closing(text, opening) + 1
    picked = re.compile(r"\s*filter\s*\(", re.IGNORECASE).match(text, end)
    return _closing(text, picked.end() - 1) + 1 if picked else end


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


def _called(read: Mapping[str, Any], made: Mapping[str, Any]) -> str:
    """What a column of an aggregate may be called: as what it aggregates, or `sum_amount`."""
    same = next((name for name, its in made.items() if its == read), None)
    function, argument = next(iter(read.items()))
    name = f"{function}_{name_of(str(argument)) or len(made) + 1}"
    return same or (name if name not in made else f"{name}_{len(made) + 1}")


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
