"""The refreshes of the last days, a lane for each view: upwards what completed, as high as it took long; downwards what failed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timezone, tzinfo
from math import sqrt
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mvc.engines.postgres.server.status import Status
from mvc.engines.postgres.server.status_parts import LoggedRun
from mvc.report.status.html.tags import Markup, breakable, table, tag
from mvc.report.status.text import age_text
from mvc.report.text.words import one_line

LONG: Final = 1000.0  # the lane's length in units of its own
UP: Final = 36.0
DOWN: Final = 18.0
LEAST: Final = 3.0
LISTED: Final = 50  # runs in the table below the lanes


def zone_of(name: str) -> tzinfo:
    """The zone, or UTC on a machine that does not know it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return timezone.utc


def clock(moment: float, zone: tzinfo) -> str:
    """A date and time for people, e.g. `2024-05-01 14:03`."""
    return datetime.fromtimestamp(moment, zone).strftime("%Y-%m-%d %H:%M")


def seconds_text(seconds: float | None) -> str:
    """A duration for people."""
    if seconds is None:
        return "–"
    return f"{seconds:.2f} s" if seconds < 60 else age_text(seconds)


def timeline(status: Status, zone: tzinfo) -> Markup:
    """The lanes, what their marks mean, and the last runs as a table."""
    if not status.runs:
        return tag("p", "Nothing was refreshed in the last seven days.")
    first = min(run.started_at for run in status.runs)
    first = min(first, status.at - 3600)
    lanes = [_lane(view.called, status, first, zone) for view in status.views if view.kind != "plain"]
    middle = (first + status.at) / 2
    axis = tag(
        "div", *(tag("span", clock(at, zone)) for at in (first, middle, status.at)), class_="axis", aria_hidden="true"
    )
    marks = (
        ("completed", "completed, upwards"),
        ("started", "under way"),
        ("failed", "failed or lost, downwards"),
        ("skipped", "skipped"),
    )
    key = tag("ul", *(tag("li", tag("i", class_=kind), words) for kind, words in marks), class_="key")
    return tag("div", key, *lanes, axis, _listed(status.runs, zone), class_="timeline")


def _lane(view: str, status: Status, first: float, zone: tzinfo) -> Markup:
    runs = [run for run in status.runs if run.called == view]
    longest = max((run.seconds or 0.0 for run in runs), default=0.0)
    bars = [_bar(run, first, status.at, longest, zone) for run in runs]
    line = tag("line", x1=0, x2=LONG, y1=UP, y2=UP)
    words = _counted(runs)
    drawing = tag(
        "svg",
        line,
        *bars,
        viewBox=f"0 0 {LONG:g} {UP + DOWN:g}",
        preserveAspectRatio="none",
        role="img",
        aria_label=f"Refreshes of {view}: {words}",
    )
    longest_words = f"longest {seconds_text(longest)}" if longest else ""
    note = tag("small", f"{words}{', ' if longest_words else ''}{longest_words}")
    return tag("div", tag("div", tag("b", breakable(view)), note, class_="label"), drawing, class_="lane")


def _counted(runs: Sequence[LoggedRun]) -> str:
    kinds = ("completed", "failed", "lost", "skipped", "started")
    counts = [(sum(run.status == kind for run in runs), kind) for kind in kinds]
    return ", ".join(f"{count} {kind}" for count, kind in counts if count) or "none"


def _bar(run: LoggedRun, first: float, last: float, longest: float, zone: tzinfo) -> Markup:
    span = max(last - first, 1.0)
    x = (run.started_at - first) / span * LONG
    wide = max((run.seconds or 0.0) / span * LONG, LEAST)
    share = sqrt((run.seconds or 0.0) / longest) if longest else 0.0
    words = f"{run.status} {clock(run.started_at, zone)}, {run.mode}, {seconds_text(run.seconds)}"
    place = {"x": round(min(x, LONG - wide), 2), "width": round(wide, 2)}
    if run.status in ("failed", "lost"):
        place |= {"y": UP, "height": DOWN}
    elif run.status == "skipped":
        place |= {"y": UP - 4, "height": 8}
    else:
        tall = max(4.0, share * (UP - 2))
        place |= {"y": round(UP - tall, 2), "height": round(tall, 2)}
    return tag("rect", tag("title", words), class_=run.status, **place)


def _listed(runs: Iterable[LoggedRun], zone: tzinfo) -> Markup:
    latest = list(runs)[-LISTED:][::-1]
    rows = [
        (
            clock(run.started_at, zone),
            run.called,
            tag("span", run.status, class_=f"outcome {run.status}"),
            run.mode,
            run.schedule or "by hand",
            seconds_text(run.seconds),
            "" if run.changed is None else f"{run.changed:,}",
            one_line(run.error or ""),
        )
        for run in latest
    ]
    head = ("started", "view", "outcome", "mode", "schedule", "took", "rows written", "error")
    shown = table(f"The last {len(rows)} runs", head, rows, numbers=(5, 6))
    return tag("details", tag("summary", f"The last {len(rows)} runs as a table"), shown)
