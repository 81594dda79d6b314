"""What an author meant by operands that do not go together, as a text that can be pasted; nothing where that is not clear."""

from __future__ import annotations

import re
from typing import Final

NUMBERS: Final = frozenset({"smallint", "integer", "bigint", "numeric", "real", "double precision"})
MOMENTS: Final = frozenset({"date", "timestamp without time zone", "timestamp with time zone"})
TEXTS: Final = frozenset({"text", "character varying", "character", "name"})
LETTERS: Final = TEXTS | {"unknown"}
_PLAIN: Final = re.compile(r"""[\w."']+(\([^()]*\))?(::\w+)?""")
_ROLES: Final = frozenset({"current_user", "session_user", "current_role", "user"})
_COMPARISONS: Final = frozenset({"=", "<>", "<", ">", "<=", ">="})
_PATTERNS: Final = frozenset({"~~", "!~~", "~~*", "!~~*", "~", "~*", "!~", "!~*"})
_WITHIN: Final = {
    "tstzrange": "timestamp with time zone",
    "tsrange": "timestamp without time zone",
    "daterange": "date",
    "int4range": "integer",
    "int8range": "bigint",
    "numrange": "numeric",
}
_LOGIC: Final = {"&&": "AND", "||": "OR", "&": "AND", "|": "OR"}
OTHER_OPERATORS: Final = {
    "==": "=",
    "===": "=",
    "<=>": "IS NOT DISTINCT FROM",
    "!==": "<>",
    "=~": "~",
    "&&&": "AND",
    "~=": "~",
    "**": "^",
    "=>": ">=",
    "=<": "<=",
}


def mend(name: str, left: tuple[str, str], right: tuple[str, str]) -> str:
    """A mend for an operator between (type, text) and (type, text)."""
    for rule in (_who, _logic, _boolean, _time, _difference, _text, _document, _array, _range):
        if found := rule(name, left, right):
            return found
    return ""


def _who(name: str, left: tuple[str, str], right: tuple[str, str]) -> str:
    """`customer_id = current_user`: a role has a name, and no number."""
    who, other = (right, left) if right[1].lower() in _ROLES else (left, right)
    if who[1].lower() not in _ROLES or name not in ("=", "<>") or other[0] not in (*NUMBERS, "uuid"):
        return ""
    return (
        f"{who[1]} is the name of a role; whose row it is, the application says in a setting: "
        f"{other[1]} {name} nullif(current_setting('app.user_id', true), '')::{other[0]}"
    )


def _logic(name: str, left: tuple[str, str], right: tuple[str, str]) -> str:
    if left[0] == right[0] == "boolean" and name in _LOGIC:
        return f"write {left[1]} {_LOGIC[name]} {right[1]}"
    if name == "&&":
        return "conditions are joined with AND; && asks whether arrays, ranges or networks overlap"
    return ""


def _boolean(name: str, left: tuple[str, str], right: tuple[str, str]) -> str:
    if "boolean" not in (left[0], right[0]) or name not in ("=", "<>"):
        return ""
    if right[1].startswith('"'):
        return f"a text stands in single quotes, a name in double ones: {left[1]} {name} '{right[1].strip(chr(34))}'"
    column, other = (left, right) if left[0] == "boolean" else (right, left)
    if other[1] in ("0", "1"):
        return f"write {'' if (other[1] == '1') == (name == '=') else 'NOT '}{column[1]}"
    return "a boolean stands by itself, or is compared with true or false"


def _time(name: str, left: tuple[str, str], right: tuple[str, str]) -> str:
    if left[0] in MOMENTS and right[0] in NUMBERS and name in ("+", "-"):
        return (
            f"write {left[1]} {name} INTERVAL '{right[1]} days'"
            if right[1].isdigit()
            else f"write {left[1]} {name} {right[1]} * INTERVAL '1 day'"
        )
    if left[0] in MOMENTS and right[0] in NUMBERS and name in _COMPARISONS:
        return f"a date is written in quotes, e.g. {left[1]} {name} DATE '2026-01-31'; for its year write extract(year FROM {left[1]})"
    if left[0] in MOMENTS and right[0] == "interval" and name in _COMPARISONS:
        return f"write {left[1]} {name} now() - {right[1] if right[1] != 'x' else 'the interval'}"
    if left[0] in MOMENTS and name in _PATTERNS:
        return f"compare it with dates, e.g. {left[1]} >= '2026-01-01' AND {left[1]} < '2027-01-01'"
    return ""


def _difference(name: str, left: tuple[str, str], right: tuple[str, str]) -> str:
    if left[0] == "interval" and right[0] in NUMBERS and name in _COMPARISONS:
        return f"compare it with an interval, e.g. {name} INTERVAL '{right[1] if right[1].isdigit() else '30'} days'"
    if left[0] in ("integer", "bigint") and right[0] == "interval" and name in _COMPARISONS:
        return "a date minus a date is a number of days: compare it with a number"
    return ""


def _text(name: str, left: tuple[str, str], right: tuple[str, str]) -> str:
    if name == "+" and left[0] in LETTERS and right[0] in LETTERS:
        return f"texts are joined with ||: {left[1]} || {right[1]}"
    if name == "||":
        return f"cast one side to text: {cast(left[1], 'text')} || {right[1]}"
    if name in _PATTERNS:
        shown = {"~~": "LIKE", "!~~": "NOT LIKE", "~~*": "ILIKE", "!~~*": "NOT ILIKE"}.get(name, name)
        if left[0] not in TEXTS:
            return f"a pattern matches text: {cast(left[1], 'text')} {shown} {right[1]}"
        return f"a pattern is a text: {left[1]} {shown} '{right[1]}'" if _is_number(right[1]) else ""
    if name == "%" and {left[0], right[0]} & {"real", "double precision"}:
        return f"a remainder is of numerics: {cast(left[1], 'numeric')} % {right[1]}"
    return _text_beside(name, left, right)


def _text_beside(name: str, left: tuple[str, str], right: tuple[str, str]) -> str:
    if name not in _COMPARISONS and name not in ("+", "-", "*", "/"):
        return ""
    if left[0] in TEXTS and right[1].startswith('"'):
        return f"a text stands in single quotes, a name in double ones: '{right[1].strip(chr(34))}'"
    if left[0] in TEXTS and right[0] in NUMBERS:
        as_number = f"{cast(left[1], right[0])} {name} {right[1]}"
        quoted = _is_number(right[1]) and name in ("=", "<>")
        return (
            f"write {left[1]} {name} '{right[1]}', or compare numbers: {as_number}"
            if quoted
            else f"compare numbers: {as_number}"
        )
    if right[0] in TEXTS and left[0] in NUMBERS:
        return f"cast the text: {left[1]} {name} {cast(right[1], left[0])}"
    if right[0] in TEXTS and left[0] in MOMENTS:
        return f"cast the text: {left[1]} {name} {cast(right[1], 'date')}"
    return _as_text(name, left, right)


def cast_mend(source: str, target: str, shown: str) -> str:
    """What to write instead of a cast that there is not."""
    if source in NUMBERS and target in MOMENTS:
        return f"of seconds since 1970 makes one: to_timestamp({shown})"
    if source in MOMENTS and target in NUMBERS:
        return f"write extract(epoch FROM {shown}), in seconds"
    if source in NUMBERS and target == "boolean":
        return f"write {shown} <> 0"
    if {"uuid", "date"} & {source, target}:
        return "no value of the one is a value of the other"
    return f"cast it through text: {cast(cast(shown, 'text'), target)}"


def cast(text: str, type_: str) -> str:
    """The text of an operand, cast."""
    return f"{text}::{type_}" if _PLAIN.fullmatch(text) else f"({text})::{type_}"


def _as_text(name: str, left: tuple[str, str], right: tuple[str, str]) -> str:
    if name not in _COMPARISONS:
        return ""
    if right[0] in TEXTS or left[0] in TEXTS:
        one = cast(left[1], "text") if right[0] in TEXTS else left[1]
        other = right[1] if right[0] in TEXTS else cast(right[1], "text")
        return f"compare both as text: {one} {name} {other}"
    if "uuid" in (left[0], right[0]):
        return "no value of the one is a value of the other: compare it with the column that it refers to"
    return ""


def _document(name: str, left: tuple[str, str], right: tuple[str, str]) -> str:
    if left[0] == "json":
        return (
            f"json has no such operator, jsonb has: {left[1]}::jsonb {name} {right[1]}"
            if name in (*_COMPARISONS, "@>", "?", "||")
            else ""
        )
    return ""


def _array(name: str, left: tuple[str, str], right: tuple[str, str]) -> str:
    if left[0].endswith("[]") and not right[0].endswith("[]") and name == "=":
        return f"write {right[1]} = ANY ({left[1]})"
    if right[0].endswith("[]") and not left[0].endswith("[]") and name == "=":
        return f"write {left[1]} = ANY ({right[1]})"
    return ""


def _range(name: str, left: tuple[str, str], right: tuple[str, str]) -> str:
    within = _WITHIN.get(left[0])
    if within is None or name != "@>":
        return ""
    return (
        f"write {left[1]} @> {cast(right[1], within)}"
        if right[0] in MOMENTS | NUMBERS and (right[0] in MOMENTS) == (within in MOMENTS)
        else f"a {left[0]} has values of the type {within}"
    )


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).lstrip("-").isdigit()
