"""The status of a project in a database, as text for a terminal and as data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from mvc.compiled.serialize import some_fields
from mvc.engines.postgres.server.status import Status, ViewStatus
from mvc.engines.postgres.server.status_parts import LastRefresh, Promise
from mvc.report.deploy.deployment import leftovers_text
from mvc.report.status.drift import drift_json, drift_text
from mvc.report.status.schedule_lines import schedule_lines
from mvc.report.text.sanitize import visible
from mvc.report.text.screen import table_lines
from mvc.report.text.sizes import size_text
from mvc.report.text.style import Style

_HEAD = ("view", "rows", "size", "data from", "last refresh")


def status_text(status: Status, style: Style) -> str:
    """A table of the views, then what drifted and what no reader uses."""
    if status.deployment:
        rows = [_HEAD, *(_cells(view) for view in status.views)]
        lines = [f"database {status.database}, deployment {status.deployment}", *table_lines(rows, (1, 2), style)]
        titled = (
            ("broken views", _problems(status)),
            ("views that read what stands still", _behind(status)),
            ("broken promises", _broken(status)),
            ("promises", _kept(status)),
            ("schedules", schedule_lines(status)),
            ("long logs of changes", _long(status)),
            ("reads", _reads(status)),
        )
        for title, found in titled:
            lines += ["", f"{title}:", *found] if found else []
    else:
        lines = [f"nothing of this project is deployed in the database {status.database}"]
    lines += _beside(status, style)
    return "\n".join(lines)


def _beside(status: Status, style: Style) -> Iterator[str]:
    """What drifted, and what no reader uses."""
    for title, kept in (
        ("not as the last deployment left it (mvc apply mends it)", False),
        ("done by hand, and kept", True),
    ):
        if found := [item for item in status.drift if item.kept == kept]:
            yield from ("", f"{title}:", drift_text(found, style))
    for title, unknown in (
        ("no reader uses these (mvc prune drops them)", False),
        ("in the stored schema, and not of mvc", True),
    ):
        if left := [item for item in status.leftovers if (item.kind == "unknown") == unknown]:
            yield from ("", f"{title}:", leftovers_text(left))


def _problems(status: Status) -> list[str]:
    return [f"  {visible(view.called)}: {visible(view.problem)}" for view in status.views if view.problem]


def _behind(status: Status) -> list[str]:
    return [f"  {visible(view.called)}: {visible(view.behind)}" for view in status.views if view.behind]


def _broken(status: Status) -> list[str]:
    return [
        f"  {visible(view.called)}: {promise_text(promise)} ({visible(promise.schedule)})"
        for view in status.views
        for promise in view.broken
    ]


def _kept(status: Status) -> list[str]:
    return [
        f"  {visible(view.called)}: {promise_text(promise)} ({visible(promise.schedule)})"
        for view in status.views
        for promise in view.promises
        if not promise.broken
    ]


def _long(status: Status) -> list[str]:
    """Those of which a view will be given up before long, which is then refreshed as a whole."""
    return [
        f"  {visible(log.schema)}.{visible(log.table)}: {size_text(log.bytes)} of {size_text(log.allowed_bytes)}"
        + (f", {visible(log.view)} is the last to read it" if log.view else "")
        for log in status.change_logs
        if log.is_long
    ]


def promise_text(promise: Promise) -> str:
    """What a promise says, beside the truth."""
    of = f"what it reads of {visible(promise.upstream)}" if promise.upstream else "the data"
    now = f"{of} is {age_text(promise.age)} old" if promise.age is not None else "there is no data"
    return f"no older than {age_text(promise.seconds)} was promised, {now}"


def _reads(status: Status) -> list[str]:
    """How often statements read each view, where that is counted."""
    used = [(view, view.usage) for view in status.views if view.usage and view.usage.calls]
    used.sort(key=lambda item: -(item[1].calls or 0))
    return [
        f"  {visible(view.called)}: {usage.calls:,}, {(usage.mean_seconds or 0) * 1000:.1f} ms each"
        + (f", since {age_text(status.at - usage.counted_since)} ago" if usage.counted_since else "")
        for view, usage in used
    ]


def _cells(view: ViewStatus) -> tuple[str, ...]:
    if view.kind == "plain":
        return visible(view.called), "", "", "whenever it is read", ""
    rows = "?" if view.rows is None else f"{view.rows:,}"
    age = "no data" if not view.populated else "?" if view.data_age is None else f"{age_text(view.data_age)} ago"
    return visible(view.called), rows, size_text(view.bytes), age, _now(view)


def _now(view: ViewStatus) -> str:
    """The last refresh, but for one that was skipped over another: that one counts, whether it runs or has failed."""
    last = view.last_refresh
    if view.running_seconds is not None:
        return f"running for {age_text(view.running_seconds)}"
    if last and last.status == "skipped" and view.failed:
        return f"{_last(last)}; {view.last_status} before that"
    return _last(last)


def _last(last: LastRefresh | None) -> str:
    if last is None:
        return ""
    took = f" in {last.seconds:.2f} s" if last.seconds is not None and last.status == "completed" else ""
    error = f": {visible(last.error)}" if last.error else ""
    return f"{last.status} {age_text(last.age)} ago{took}{error}"


def age_text(seconds: float) -> str:
    """A time span for people: its largest unit, and the next one where that says more."""
    amount = int(seconds)
    if amount < 60:
        return f"{amount} s"
    if amount < 3600:
        return f"{amount // 60} min"
    if amount < 86_400:
        return f"{amount // 3600} h {amount % 3600 // 60} min"
    return f"{amount // 86_400} d {amount % 86_400 // 3600} h"


def status_json(status: Status) -> dict[str, Any]:
    """The status as data: `docs/json.md` documents it."""
    return {
        "format": "mvc.status",
        "version": 1,
        **some_fields(status, "database deployment at"),
        "views": [asdict(view) for view in status.views],
        "runs": [asdict(run) for run in status.runs],
        "drift": [drift_json(item) for item in status.drift],
        "leftovers": [asdict(item) for item in status.leftovers],
        "change_logs": [asdict(log) for log in status.change_logs],
        "schedules": [
            {"schedule": item.name, **some_fields(item, "views cron within_seconds timezone mode")}
            for item in status.schedules
        ],
    }
