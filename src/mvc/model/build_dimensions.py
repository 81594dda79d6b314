"""What stands under `dimensions` → Dimension."""

from __future__ import annotations

from collections.abc import Iterator

from mvc.model.build_result import build_type
from mvc.model.build_schedule import check_zone
from mvc.model.origin import Origin
from mvc.model.period import CalendarPeriod
from mvc.model.reading import SpecReader
from mvc.model.view import Dimension
from mvc.spec import DimensionSpec, ViewSpec


def build_dimensions(spec: ViewSpec, origin: Origin, timezone: str, findings: SpecReader) -> Iterator[Dimension]:
    """The dimensions of a view in the order of the spec; `timezone` is the project's."""
    for name, given in (spec.dimensions or {}).items():
        here = origin.at(name)
        if isinstance(given, str):
            if sql := findings.sql(given, here):
                yield Dimension(name, sql, None, here)
            continue
        text, at = (given.expr, here.at("expr")) if given.period is None else (given.of, here.at("of"))
        if sql := findings.sql(text, at):
            cast = build_type(given.type, here.at("type"), findings)
            yield Dimension(name, sql, given.description, here, cast, _period(given, here, timezone, findings))


def _period(given: DimensionSpec, origin: Origin, timezone: str, findings: SpecReader) -> CalendarPeriod | None:
    if given.period is None:
        return None
    at = origin.at("zone")
    check_zone(given.zone, at, findings)
    return CalendarPeriod(given.period, given.zone or timezone, origin.at("period"), at if given.zone else None)
