"""Whether the text of a literal is a value of its type. Only what is no value on any server, whatever its settings, is called wrong.

Rule source: PostgreSQL manual, "Data Types"; the input functions of the types (datetime.c, bool.c, uuid.c).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from ipaddress import ip_interface
from typing import Final

from mvc.inference.moments import interval_problem, moment_problem, time_problem
from mvc.inference.world import World

_INTEGERS: Final = {"smallint": 15, "integer": 31, "bigint": 63}
_INTEGER: Final = re.compile(r"[+-]?\d+")
_NEWER: Final = re.compile(r"[+-]?(0[xob][0-9a-f_]+|\d[\d_]*(\.[\d_]*)?(e[+-]?\d+)?)", re.IGNORECASE)  # PostgreSQL 16
_FLAT: Final = re.compile(r'\{\s*((\s*"[^"]*"\s*|[^",]+)(,(\s*"[^"]*"\s*|[^",]+))*)?\}')  # an array of one dimension
_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?|[+-]?inf(inity)?|nan", re.IGNORECASE)
_ARRAY: Final = re.compile(r"\{|(\[[+-]?\d+(:[+-]?\d+)?\]\s*)+=")  # `[0:1]={a,b}` has bounds
_PAIR: Final = re.compile(r"[\[({]\s*[+-]?\d{1,3}\s*,\s*[+-]?\d{1,3}\s*[\])}]")  # of an array or a range
_POINT: Final = re.compile(rf"\(?\s*(?:{_NUMBER.pattern})\s*,\s*(?:{_NUMBER.pattern})\s*\)?", re.IGNORECASE)
_BOUNDS: Final = {
    "int4range": "integer",
    "int8range": "bigint",
    "numrange": "numeric",
    "daterange": "date",
    "tsrange": "timestamp without time zone",
    "tstzrange": "timestamp with time zone",
}
_UUID: Final = re.compile(r"\{?([0-9a-f]{4}-?){7}[0-9a-f]{4}\}?", re.IGNORECASE)


def problem_of(text: str, type_: str, world: World) -> str:
    """Why a text is no value of a type; empty where it is one, or where that is not known."""
    if type_ in world.enums:
        labels = world.enums[type_].labels
        return "" if text in labels else f"its values are {', '.join(f'`{label}`' for label in labels)}"
    if type_.endswith("[]"):
        return _array(text.strip(), type_, world)
    check = _CHECKS.get(type_)
    return check(text.strip(), type_) if check else ""


def _array(text: str, type_: str, world: World) -> str:
    if not _ARRAY.match(text):
        return "an array is written '{a,b}', or ARRAY['a', 'b']"
    if text[0] == "{" and not re.search(r"[{}\\]", text[1:-1]) and not _FLAT.fullmatch(text):
        return "an array is written '{a,b}', a value with other signs in double quotes: '{\"a b\",c}'"
    simple = re.fullmatch(r"\{([^{}\"\\\\]*)\}", text)
    items = simple[1].split(",") if simple and simple[1].strip() else []
    found = (
        problem_of(item.strip(), type_.removesuffix("[]"), world) for item in items if item.strip().lower() != "null"
    )
    return next((why for why in found if why), "")


def _boolean(text: str, _: str) -> str:
    word = text.lower()
    known = word in ("1", "0", "on", "off", "of") or (
        word and any(item.startswith(word) for item in ("true", "false", "yes", "no"))
    )
    return "" if known else "a boolean is true or false"


def _integer(text: str, type_: str) -> str:
    if _INTEGER.fullmatch(text):
        bits = _INTEGERS[type_]
        return "" if -(2**bits) <= int(text[:40]) < 2**bits else f"it is out of the range of {type_}"
    return "" if "." not in text and _NEWER.fullmatch(text) and "e" not in text.lower() else "it is no whole number"


def _number(text: str, _: str) -> str:
    return "" if _NUMBER.fullmatch(text) or _NEWER.fullmatch(text) else "it is no number"


def _uuid(text: str, _: str) -> str:
    return (
        "" if _UUID.fullmatch(text) else "a uuid is 32 hexadecimal digits, e.g. 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"
    )


def _json(text: str, _: str) -> str:
    try:
        json.loads(text, parse_constant=lambda name: (_ for _ in ()).throw(ValueError(name)))
    except ValueError:
        return "it is no JSON: a text in JSON has double quotes of its own, e.g. '\"paid\"'"
    except RecursionError:
        return ""
    return ""


def _bits(text: str, _: str) -> str:
    return "" if re.fullmatch(r"[bB]?[01]*|[xX][0-9a-fA-F]*", text) else "bits are written '0101'"


def _network(text: str, _: str) -> str:
    try:
        ip_interface(text)
    except ValueError:
        return "" if re.fullmatch(r"\d{1,3}(\.\d{1,3}){0,3}/\d+", text) else "it is no network address"
    return ""


def _range(text: str, type_: str) -> str:
    if text.lower() == "empty":
        return ""
    if text[:1] not in ("[", "(") or text[-1:] not in ("]", ")"):
        return "a range is written '[from,to)'"
    if re.search(r'["\\]', text):
        return ""
    bounds = text[1:-1].split(",")
    if len(bounds) != 2:
        return "a range has two bounds: '[from,to)'"
    check = _CHECKS[_BOUNDS[type_]]
    return next((why for bound in bounds if bound.strip() and (why := check(bound.strip(), _BOUNDS[type_]))), "")


def _multirange(text: str, _: str) -> str:
    return "" if text[:1] == "{" and text[-1:] == "}" else "ranges are written '{[from,to),[from,to)}'"


def _moment(text: str, type_: str) -> str:
    return "it is no date: write '2026-01-31'" if _PAIR.fullmatch(text) else moment_problem(text, type_)


def _interval(text: str, type_: str) -> str:
    return "an interval is written '3 days'" if _PAIR.fullmatch(text) else interval_problem(text, type_)


def _money(text: str, _: str) -> str:
    """Its letters, if any, are those of a currency: which, the server's locale says."""
    return "" if re.search(r"\d", text) or not re.search(r"[a-zA-Z]{5}|^[\[{]", text) else "it is no amount of money"


def _oid(text: str, _: str) -> str:
    return (
        ""
        if re.fullmatch(r"[+-]?\w+", text) and text[-1:].isalnum() and not text.isalpha()
        else "it is no whole number"
    )


def _point(text: str, _: str) -> str:
    return "" if _POINT.fullmatch(text) else "a point is written '(1,2)'"


def _figure(text: str, type_: str) -> str:
    rest = re.sub(r"inf(inity)?|nan|(?<=\d)e(?=[+-]?\d)", "", text.lower())
    return "" if re.fullmatch(r"[\d.,()\[\]{}<>+\-\s]+", rest) and re.search(r"\d", text) else f"it is no {type_}"


def _hardware(text: str, _: str) -> str:
    return "" if re.fullmatch(r"[0-9a-fA-F:.\-\s]{12,}", text) else "an address is written '08:00:2b:01:02:03'"


def _log_place(text: str, _: str) -> str:
    return (
        ""
        if re.fullmatch(r"[0-9a-fA-F]{1,8}/[0-9a-fA-F]{1,8}", text)
        else "a place in the log is written '16/B374D848'"
    )


def _bytes(text: str, _: str) -> str:
    if not text.startswith("\\x"):
        return ""
    return (
        ""
        if re.fullmatch(r"\\x(\s*[0-9a-fA-F]{2})*\s*", text)
        else "bytes are written '\\xDEADBEEF': two digits for each"
    )


_CHECKS: Final[Mapping[str, Callable[[str, str], str]]] = {
    "boolean": _boolean,
    **dict.fromkeys(_INTEGERS, _integer),
    **dict.fromkeys(("numeric", "real", "double precision"), _number),
    "uuid": _uuid,
    **dict.fromkeys(("date", "timestamp without time zone", "timestamp with time zone"), _moment),
    "interval": _interval,
    "money": _money,
    **dict.fromkeys(("json", "jsonb"), _json),
    **dict.fromkeys(("time without time zone", "time with time zone"), time_problem),
    **dict.fromkeys(("bit", "bit varying"), _bits),
    **dict.fromkeys(("inet", "cidr"), _network),
    **dict.fromkeys(_BOUNDS, _range),
    **dict.fromkeys((item.replace("range", "multirange") for item in _BOUNDS), _multirange),
    "oid": _oid,
    "point": _point,
    **dict.fromkeys(("line", "lseg", "box", "path", "polygon", "circle"), _figure),
    **dict.fromkeys(("macaddr", "macaddr8"), _hardware),
    "jsonpath": lambda text, _: "a path begins with $: '$.a'" if text[:1] in ("", "{", "[") else "",
    "pg_lsn": _log_place,
    "bytea": _bytes,
}
