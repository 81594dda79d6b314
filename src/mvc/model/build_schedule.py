"""ScheduleFile → schedules: selectors, cron lines and durations read."""

from __future__ import annotations

import re
from collections.abc import Callable

from mvc.diagnostics import error, warning
from mvc.model.cadence import cadence_mend, duration_meant, zone_mend
from mvc.model.cron import cron_problem, cron_times, zone_problem
from mvc.model.cron_sense import CronSurprise, cron_surprises
from mvc.model.origin import Origin
from mvc.model.reading import SpecReader
from mvc.model.schedule import Schedule, parse_selector
from mvc.source import Document
from mvc.spec import ScheduleFile, ScheduleSpec

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = re.compile(r"(?:[0-9]{1,9}[smhdw]){1,5}\Z")


def build_schedules(spec: ScheduleFile, document: Document, timezone: str, findings: SpecReader) -> list[Schedule]:
    """The schedules of one file."""
    origin = Origin(document, ("schedules",))
    return [
        _schedule(schedule, origin.at(number), timezone, findings) for number, schedule in enumerate(spec.schedules)
    ]


def _schedule(spec: ScheduleSpec, origin: Origin, timezone: str, findings: SpecReader) -> Schedule:
    fires = check_cron(spec.every, origin.at("every"), findings, _promise)
    check_zone(spec.timezone, origin.at("timezone"), findings)
    texts = (spec.refresh,) if isinstance(spec.refresh, str) else spec.refresh
    return Schedule(
        name=spec.schedule,
        selectors=tuple(parse_selector(text) for text in texts),
        cron=spec.every,
        times=cron_times(spec.every) if spec.every is not None and fires else None,
        within_seconds=read_duration(spec.within, origin.at("within"), findings),
        timezone=spec.timezone or timezone,
        mode=spec.mode,
        window_seconds=read_duration(spec.window, origin.at("window"), findings),
        timeout_seconds=read_duration(spec.timeout, origin.at("timeout"), findings),
        lock_timeout_seconds=read_duration(spec.lock_timeout, origin.at("lock_timeout"), findings),
        enabled=spec.enabled,
        description=spec.description,
        origin=origin,
    )


def check_zone(name: str | None, origin: Origin, findings: SpecReader) -> None:
    """A finding for what is no time zone."""
    _check(name, zone_problem, zone_mend, origin, findings)


def check_cron(
    line: str | None, origin: Origin, findings: SpecReader, besides: Callable[[CronSurprise], str] = lambda _: ""
) -> bool:
    """Whether a line can be read; what it means that its author cannot have meant becomes a finding too. `besides` says what
    else helps, where the place has other ways than cron lines.
    """
    if not _check(line, cron_problem, cadence_mend, origin, findings):
        return False
    for odd in cron_surprises(line) if line is not None else ():
        say = error if odd.kind == "never" else warning
        span = origin.part(odd.start, odd.end)
        findings.add(say("MV605", span, odd.title, label=odd.label, help=odd.help + besides(odd)))
    return True


def _promise(odd: CronSurprise) -> str:
    """What the language has for a time between two refreshes that is no cron line's."""
    older = f"for rows that are never older, `within: {odd.within}` in the place of `every`"
    return f"; {older}" if odd.within else ""


def _check(
    text: str | None,
    problem_of: Callable[[str], str],
    mend_of: Callable[[str], str],
    origin: Origin,
    findings: SpecReader,
) -> bool:
    """Whether there is nothing wrong with a text; what is, becomes a finding with its mend."""
    problem = problem_of(text) if text is not None else ""
    if text is not None and problem:
        findings.add(error("MV602", origin.span, problem, help=mend_of(text)))
    return not problem


def read_duration(text: str | None, origin: Origin, findings: SpecReader) -> int | None:
    """Seconds of `90s`, `15m`, `1h30m`, `2d`."""
    if text is None:
        return None
    if not _DURATION.match(text):
        meant = duration_meant(text)
        help_line = f"write {meant}" if _DURATION.match(meant) else "write e.g. 90s, 15m, 1h30m or 2d"
        findings.add(error("MV603", origin.span, f"`{text[:40]}` is not a duration", help=help_line))
        return None
    seconds = sum(int(number) * _SECONDS[unit] for number, unit in re.findall(r"([0-9]+)([smhdw])", text))
    if not seconds:
        findings.add(
            error("MV603", origin.span, f"`{text}` is no time at all", help="write e.g. 90s, 15m, 1h30m or 2d")
        )
        return None
    return seconds
