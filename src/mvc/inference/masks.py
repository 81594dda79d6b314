"""Masks of to_char, to_date and to_timestamp that are another language's: `%Y-%m-%d` of strftime, `HH:mm` of Java and .NET.

PostgreSQL takes any text for a mask, and has no case in it: `mm` is the month, wherever it stands.
Rule source: PostgreSQL manual, "Data Type Formatting Functions".
"""

from __future__ import annotations

import re
from typing import Final

from mvc.expression.foreign_calls import MASKS
from mvc.inference.site import TypedText, location_of
from mvc.sql.parser import Node

_OF_TIMES: Final = frozenset({"to_char", "to_date", "to_timestamp"})
_QUOTED: Final = re.compile(r'"[^"]*"')
_DIRECTIVE: Final = re.compile(r"%[A-Za-z]")
_MONTH_FOR_MINUTES: Final = re.compile(r"(hh(?:12|24)?[:.hH]?)mm", re.IGNORECASE)


def check_mask(name: str, nodes: list[Node], text: TypedText) -> None:
    """A warning where a literal mask has the letters of another language."""
    literal = nodes[1].get("A_Const", {}).get("sval") if name in _OF_TIMES and len(nodes) == 2 else None
    mask = literal.get("sval", "") if literal else ""
    plain = _QUOTED.sub("", mask)
    if _DIRECTIVE.search(plain):
        title = f"`%` means nothing in a mask of {name}: these are the letters of strftime"
    elif _MONTH_FOR_MINUTES.search(plain):
        title = f"`mm` is the month in a mask of {name}, after the hour too: minutes are MI"
    else:
        return
    made = _MONTH_FOR_MINUTES.sub(r"\1MI", re.sub(r"%.", lambda found: MASKS.get(found[0], found[0]), mask))
    mend = f"write '{_upper(made)}'" if "%" not in made else "masks are such as 'YYYY-MM-DD HH24:MI:SS'"
    text.report(
        "MV121", location_of(nodes[1]), title, label="another mask than it looks", help=mend, severity="warning"
    )


def _upper(mask: str) -> str:
    """The mask in the letters of the manual, where no letter's case decides (`Mon`, `FMDay`, texts in quotes)."""
    made = re.sub(r"hh(?!12|24)", "HH24", mask, flags=re.IGNORECASE)
    return made.upper() if re.fullmatch(r"[yYmMdDhHsSiI24:/. -]+", made) else made
