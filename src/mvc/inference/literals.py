"""Whether the text of a literal is a value of its type. Only what is no value on any server, whatever its settings, is called wrong.

Rule source: PostgreSQL manual, "Data Types"; the input functions of the types (datetime.c, bool.c, uuid.c).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from ipaddress import ip_interface
from typing import Final

from mvc.inference.figures import FIGURES, figure_problem, point_problem
from mvc.inference.intervals import interval_problem
from mvc.inference.moments import is_of_another, moment_problem, time_problem
from mvc.inference.world import World

_SPACES: Final = " \t\n\r\f\v"  # to PostgreSQL, and no others
_INTEGERS: Final = {"smallint": 15, "integer": 31, "bigint": 63}
_INTEGER: Final = re.compile(r"[+-]?\d+")
_NEWER: Final = re.compile(r"[+-]?(0[xob][0-9a-f_]+|\d[\d_]*(\.[\d_]*)?(e[+-]?\d+)?)", re.IGNORECASE)  # PostgreSQL 16
_FLAT: Final = re.compile(r'\{\s*((\s*"[^"]*"\s*|[^",]+)(,(\s*"[^"]*"\s*|[^",]+))*)?\}')  # an array of one dimension
_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?|[+-]?inf(inity)?|nan", re.IGNORECASE)
_ARRAY: Final = re.compile(r"\{|(\[[+-]?\d+(:[+-]?\d+)?\]\s*)+=")  # `[0:1]={a,b}` has bounds
_RANGE: Final = r"\s*(?:empty|[\[(][^\[\](){}]*[\])])\s*"
_RANGES: Final = re.compile(rf"\{{\s*(?:{_RANGE}(?:,{_RANGE})*)?\}}", re.IGNORECASE)
_PATH: Final = re.compile(
    r"((strict|lax)\s+)?\s*([$(\"'!@]|[+-]\s*[$(]|(true|false|null|exists|last)\b|[\d.+\-*/%() eE]+$)", re.IGNORECASE
)
_AMOUNT: Final = re.compile(r"[^\d:/\[\]{}<>&\\;,]{0,8}[\d.,]*[^\d:/\[\]{}<>&\\;,]{0,8}")
_CURRENCIES: Final = frozenset(
    [
        "br",
        "chf",
        "den",
        "dh",
        "din",
        "dkr",
        "eur",
        "fr",
        "ft",
        "gbp",
        "k",
        "kč",
        "km",
        "kn",
        "kr",
        "l",
        "lei",
        "lek",
        "ls",
        "lt",
        "nkr",
        "p",
        "q",
        "r",
        "rm",
        "rp",
        "rs",
        "s",
        "sfr",
        "skr",
        "tl",
        "usd",
        "zł",
        "лв",
        "р",
        "руб",
        "грн",
    ]
)
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
        return _array(text.strip(_SPACES), type_, world)
    check = _CHECKS.get(type_)
    return check(text.strip(_SPACES), type_) if check else ""


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


def _network(text: str, type_: str) -> str:
    try:
        ip_interface(text)
    except ValueError:
        short = r"\d{1,3}(\.\d{1,3}){0,3}" + ("/\\d+" if type_ == "inet" else r"(/\d+)?")
        return "" if re.fullmatch(short, text) else "it is no network address"
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
    return "" if '"' in text or _RANGES.fullmatch(text) else "ranges are written '{[from,to),[from,to)}'"


def _moment(text: str, type_: str) -> str:
    return "it is no date: write '2026-01-31'" if is_of_another(text) else moment_problem(text, type_)


def _interval(text: str, type_: str) -> str:
    return "an interval is written '3 days'" if is_of_another(text) else interval_problem(text, type_)


def _time(text: str, type_: str) -> str:
    return "a time is written '14:30'" if is_of_another(text) else time_problem(text, type_)


def _money(text: str, _: str) -> str:
    """Its letters and signs, if any, are those of a currency: which, the server's locale says."""
    found = _AMOUNT.fullmatch(text)
    words = re.findall(r"[^\W\d_]+", text)
    fits = found and all(word.lower() in _CURRENCIES for word in words)
    return "" if fits else "it is no amount of money"


def _oid(text: str, _: str) -> str:
    return "" if re.fullmatch(r"[+-]?(\d[\d_]*|0[xob][0-9a-f_]+)", text, re.IGNORECASE) else "it is no whole number"


def _hardware(text: str, type_: str) -> str:
    digits = len(re.findall(r"[0-9a-fA-F]", text))
    fits = re.fullmatch(r"[0-9a-fA-F:.\-\s]+", text) and digits in ((12,) if type_ == "macaddr" else (12, 16))
    return "" if fits else "an address is written '08:00:2b:01:02:03'"


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
    **dict.fromkeys(("time without time zone", "time with time zone"), _time),
    **dict.fromkeys(("bit", "bit varying"), _bits),
    **dict.fromkeys(("inet", "cidr"), _network),
    **dict.fromkeys(_BOUNDS, _range),
    **dict.fromkeys((item.replace("range", "multirange") for item in _BOUNDS), _multirange),
    **dict.fromkeys(("oid", "xid", "xid8", "cid"), _oid),
    "pg_snapshot": lambda text, _: (
        "" if re.fullmatch(r"\d+:\d+:[\d,]*", text) else "a snapshot is written '10:20:10,14'"
    ),
    "point": point_problem,
    **dict.fromkeys(FIGURES, figure_problem),
    **dict.fromkeys(("macaddr", "macaddr8"), _hardware),
    "jsonpath": lambda text, _: "" if _PATH.match(text) else "a path begins with $: '$.a'",
    "pg_lsn": _log_place,
    "bytea": _bytes,
}
