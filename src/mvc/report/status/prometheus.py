"""The status of a project in Prometheus' text format, version 0.0.4: one family after the other, base units, no timestamps.

Rule source: https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from mvc.engines.postgres.server.status import Status, ViewStatus
from mvc.report.text.sanitize import visible

Sample = tuple[dict[str, str], float]


@dataclass(frozen=True, slots=True)
class Family:
    """A metric: its samples are those of each view that has any."""

    name: str
    help: str
    samples: Callable[[ViewStatus], Iterator[Sample]]
    type: str = "gauge"


def prometheus_text(status: Status) -> str:
    """Every metric with its samples; one without samples is left out."""
    lines = [line for family in _FAMILIES for line in _family(family, status)]
    lines += _change_logs(status)
    lines += _single(
        "mvc_deployment", "The number of the last deployment, 0 where nothing is deployed.", status.deployment
    )
    drift = sum(not item.kept for item in status.drift)
    lines += _single("mvc_drift", "Things that are not as the last deployment left them.", drift)
    lines += _single(
        "mvc_leftover_bytes", "Stored relations that no reader uses.", sum(item.bytes for item in status.leftovers)
    )
    return "\n".join(lines) + "\n"


def _change_logs(status: Status) -> Iterator[str]:
    """How long the log of each table's changes is, and may be."""
    for name, text, values in (
        (
            "mvc_change_log_bytes",
            "Changes of a table that some view has still to read.",
            [log.bytes for log in status.change_logs],
        ),
        (
            "mvc_change_log_allowed_bytes",
            "How long that log may be.",
            [log.allowed_bytes for log in status.change_logs],
        ),
    ):
        yield from _head(name, text, "gauge") if values else ()
        for log, value in zip(status.change_logs, values, strict=True):
            yield f"{name}{{{labels({'schema': log.schema, 'table': log.table})}}} {number(value)}"


def _single(name: str, text: str, value: float) -> list[str]:
    return [*_head(name, text, "gauge"), f"{name} {number(value)}"]


def _head(name: str, text: str, kind: str) -> list[str]:
    return [f"# HELP {name} {text}", f"# TYPE {name} {kind}"]


def _family(family: Family, status: Status) -> Iterator[str]:
    found = [
        f"{family.name}{{{labels({'schema': view.schema, 'view': view.view, **more})}}} {number(value)}"
        for view in status.views
        for more, value in family.samples(view)
    ]
    if found:
        yield from _head(family.name, family.help, family.type)
        yield from found


def labels(pairs: dict[str, str]) -> str:
    """`name="value"` pairs, values escaped."""
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in pairs.items())


def _escaped(text: str) -> str:
    """The format escapes three characters; others that no terminal should see are spelled out before."""
    lines = (visible(line) for line in text.split("\n"))
    return "\n".join(lines).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def number(value: float) -> str:
    """A value as Go reads it: whole numbers without a point."""
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def _one(read: Callable[[ViewStatus], float | None]) -> Callable[[ViewStatus], Iterator[Sample]]:
    def samples(view: ViewStatus) -> Iterator[Sample]:
        value = read(view)
        if value is not None:
            yield {}, value

    return samples


def _sizes(view: ViewStatus) -> Iterator[Sample]:
    for part, size in (("table", view.table_bytes), ("index", view.index_bytes), ("toast", view.toast_bytes)):
        if size is not None:
            yield {"part": part}, size


def _today(view: ViewStatus) -> Iterator[Sample]:
    if view.kind != "plain":
        yield from (({"outcome": outcome}, count) for outcome, count in view.today.items())


def _promised(view: ViewStatus) -> Iterator[Sample]:
    yield from (({"schedule": promise.schedule}, promise.seconds) for promise in view.promises)


def _broken(view: ViewStatus) -> Iterator[Sample]:
    yield from (({"schedule": promise.schedule}, int(promise.broken)) for promise in view.promises)


def _stored(view: ViewStatus) -> bool:
    return view.kind != "plain"


_FAMILIES: Final = (
    Family("mvc_view_rows", "Rows of the view after its last refresh.", _one(lambda view: view.rows)),
    Family("mvc_view_size_bytes", "Size of what stores the view, by part; toast includes its index.", _sizes),
    Family(
        "mvc_view_populated",
        "1 where the view has data.",
        _one(lambda view: int(view.populated) if _stored(view) else None),
    ),
    Family("mvc_view_data_age_seconds", "Time since the data was computed.", _one(lambda view: view.data_age)),
    Family("mvc_view_promised_age_seconds", "The oldest that a schedule lets the data become.", _promised),
    Family("mvc_view_promise_broken", "1 where the data is older than a schedule promises.", _broken),
    Family(
        "mvc_view_broken",
        "1 where a part of the view was dropped behind mvc's back.",
        _one(lambda view: int(view.problem is not None)),
    ),
    Family(
        "mvc_view_refresh_failed",
        "1 where the last refresh failed or was lost.",
        _one(lambda view: int(view.failed) if view.last_status else None),
    ),
    Family(
        "mvc_view_last_success_age_seconds", "Time since a refresh completed.", _one(lambda view: view.last_success_age)
    ),
    Family(
        "mvc_view_last_success_duration_seconds",
        "How long that refresh took.",
        _one(lambda view: view.last_success_seconds),
    ),
    Family(
        "mvc_view_refresh_running_seconds",
        "How long a refresh has been under way.",
        _one(lambda view: view.running_seconds),
    ),
    Family("mvc_view_refreshes_today", "Refreshes since midnight in the project's zone, by outcome.", _today),
    Family(
        "mvc_view_queued_groups",
        "Groups that wait for the next incremental refresh.",
        _one(lambda view: view.queued_groups),
    ),
    Family(
        "mvc_view_dead_rows", "Row versions that nobody sees any more, as estimated.", _one(lambda view: view.dead_rows)
    ),
    Family(
        "mvc_view_reads_total",
        "Statements that read the view.",
        _one(lambda view: view.usage.calls if view.usage else None),
        "counter",
    ),
    Family(
        "mvc_view_reads_seconds_total",
        "Time that these statements took.",
        _one(lambda view: view.usage.total_seconds if view.usage else None),
        "counter",
    ),
)
