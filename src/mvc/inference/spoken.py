"""Arguments that are words of their function: the unit of `date_trunc`, a time zone, the character of ESCAPE.

Rule source: PostgreSQL manual, "Date/Time Functions and Operators", "Pattern Matching".
"""

from __future__ import annotations

from functools import cache
from typing import Final
from zoneinfo import available_timezones

from mvc.diagnostics import did_you_mean
from mvc.inference.moments import EXTRACTED, TRUNCATED
from mvc.inference.site import TypedText, location_of
from mvc.sql.parser import Node

_UNITS: Final = {"date_trunc": (TRUNCATED, 0), "date_part": (EXTRACTED, 0), "extract": (EXTRACTED, 0)}
_USUAL: Final = ("second", "minute", "hour", "day", "week", "month", "quarter", "year")


def check_spoken(name: str, nodes: list[Node], text: TypedText) -> None:
    """Findings for the arguments of one call."""
    _check_unit(name, nodes, text)
    if name in ("like_escape", "similar_to_escape") and len(nodes) > 1:
        _check_escape(nodes[1], text)
    if name == "timezone" and nodes:
        _check_zone(nodes[0], text)


def _check_escape(node: Node, text: TypedText) -> None:
    """ESCAPE takes one character, or none."""
    written = node.get("A_Const", {}).get("sval", {}).get("sval", "")
    if len(written) > 1:
        text.report(
            "MV121", location_of(node), f"'{written}' is no ESCAPE: it is one character", help="write ESCAPE '!'"
        )


def _check_zone(node: Node, text: TypedText) -> None:
    """Says so where a literal is the name of no time zone; abbreviations and POSIX rules are not judged."""
    literal = node.get("A_Const", {}).get("sval")
    name = literal.get("sval", "") if literal else ""
    if not _zones() or "/" not in name or name.startswith(("<", "posix/", "right/")) or name.lower() in _zones():
        return
    near = did_you_mean(name, available_timezones(), "time zones", lambda zone: f"'{zone}'").split(" (")[0]
    help_line = near if near.startswith("did you mean") else "a zone is named as in the IANA database: 'Europe/Berlin'"
    text.report("MV121", location_of(node), f"'{name}' is no time zone", label="no such zone", help=help_line)


@cache
def _zones() -> frozenset[str]:
    return frozenset(name.lower() for name in available_timezones())


def _check_unit(name: str, nodes: list[Node], text: TypedText) -> None:
    """Says so where what is cut from a time is none of its parts."""
    if name not in _UNITS or not nodes:
        return
    known, place = _UNITS[name]
    if bare := _bare_unit(name, nodes[place], known, text):
        title = f"no source has a column `{bare}`: the unit stands in quotes"
        help_line = f"write {name}('{bare}', …)"
        text.report("MV204", location_of(nodes[place]), title, label="no such column", help=help_line)
        return
    literal = nodes[place].get("A_Const", {}).get("sval")
    if literal is None or literal.get("sval", "").lower() in known:
        return
    written = literal.get("sval", "")
    near = did_you_mean(
        written.lower(),
        _USUAL if name == "date_trunc" else (*_USUAL, "dow", "doy", "epoch", "isodow"),
        "units",
        lambda unit: f"'{unit}'" if name != "extract" else unit,
    )
    text.report(
        "MV121", location_of(nodes[place]), f"`{written}` is no unit that {name} knows", label="no such unit", help=near
    )


def _bare_unit(name: str, node: Node, known: frozenset[str], text: TypedText) -> str:
    """A unit without quotes, as BigQuery and Snowflake have it; empty for a column, and for what is none."""
    fields = node.get("ColumnRef", {}).get("fields", [])
    word = str(fields[0].get("String", {}).get("sval", "")) if len(fields) == 1 else ""
    return word if name != "extract" and word in known and text.type_of(node) is None else ""
