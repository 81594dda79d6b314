"""A calendar of a spec: which periods there are."""

from __future__ import annotations

from datetime import date

from mvc.diagnostics import error
from mvc.model.build_schedule import check_zone
from mvc.model.origin import Origin
from mvc.model.reading import SpecReader
from mvc.model.relations import SpineRef
from mvc.spec import SourceSpec


def build_spine(spec: SourceSpec, origin: Origin, findings: SpecReader) -> SpineRef:
    """The calendar, with findings for days that there are none."""
    check_zone(spec.zone, origin.at("zone"), findings)
    first, last = (_day(text or "", origin.at(key), findings) for key, text in (("from", spec.from_), ("to", spec.to)))
    if first and last and first > last:
        title = f"this calendar ends on {last}, before it begins on {first}"
        findings.add(error("MV325", origin.at("to").span, title, help=f"write from: {last}, and to: {first}"))
    return SpineRef(spec.spine or "day", first, last, spec.zone or "")


def _day(text: str, origin: Origin, findings: SpecReader) -> date | None:
    if text == "today":
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        title = f"there is no day {text}"
        findings.add(error("MV325", origin.span, title, help="write a date such as 2026-01-01, or today"))
        return date.min
