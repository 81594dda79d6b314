"""Casts whose result depends on a setting: no index can hold them.

Rule source: `pg_proc.provolatile` of the functions behind PostgreSQL's casts, and of the input and output functions of its types.
"""

from __future__ import annotations

from typing import Final

from mvc.inference.mends import NUMBERS, TEXTS
from mvc.inference.site import Cast, TypedText

_MOMENT: Final = "timestamp with time zone"
_LOCAL: Final = "timestamp without time zone"
_SHOWN_BY_STYLE: Final = frozenset({"date", _LOCAL, _MOMENT, "money", "interval"})  # DateStyle, TimeZone, lc_monetary
_READ_BY_STYLE: Final = _SHOWN_BY_STYLE | {"time without time zone", "time with time zone"}
_BY_ZONE: Final = frozenset(
    [
        *((_MOMENT, its) for its in (_LOCAL, "date", "time without time zone", "time with time zone")),
        *((its, _MOMENT) for its in (_LOCAL, "date")),
        ("time without time zone", "time with time zone"),
    ]
)


def check_fixed_casts(text: TypedText) -> None:
    """Findings for all that were seen in a text."""
    for cast in text.casts:
        if why := _varies(cast):
            title = f"an index cannot hold a cast from {cast.source} to {cast.target}: {why}"
            help_line = "make it a column of the view, and index that"
            if (cast.source, cast.target) in _BY_ZONE and cast.source == _MOMENT:
                help_line = f"say the zone: (… AT TIME ZONE 'UTC')::{cast.target}"
            text.report("MV702", cast.location, title, label="not immutable", help=help_line)


def _varies(cast: Cast) -> str:
    if cast.target in TEXTS and cast.source in _SHOWN_BY_STYLE:
        return "how it is written is a setting"
    if cast.source in TEXTS and cast.target in _READ_BY_STYLE:
        return "how it is read is a setting"
    if cast.target == "money" and cast.source in NUMBERS:
        return "how many digits it has is a setting"
    return "it depends on the time zone" if (cast.source, cast.target) in _BY_ZONE else ""
