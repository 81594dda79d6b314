"""Jobs that refresh views → schedules. A line that no schedule can have, and a job that does more than refresh, are named."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from mvc.importing.found import FoundJob, Lost, Place
from mvc.importing.refresh_commands import Command, Named, read_command
from mvc.model.cron import cron_problem, zone_problem

_DEEPEST: Final = 5  # functions that call functions
_NICKNAMES: Final = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
Bodies = Callable[[Named], Command | None]  # what a function does; None where nobody knows


def found_job(
    name: str, line: str, command: str, bodies: Bodies, place_of: Callable[[Named], Place | None]
) -> FoundJob | None:
    """A job by its command; None for one that refreshes nothing. `place_of` is where a materialized view of that name is."""
    whole = _with_calls(read_command(command), bodies, place_of)
    places = dict.fromkeys(place for named in whole.views if (place := place_of(named)))
    others = [*whole.others, *(["views whose names it computes"] if whole.computes else [])]
    if not places and not whole.computes:
        return None
    return FoundJob(name, _NICKNAMES.get(line.strip().lower(), line), refreshes=tuple(places), others=tuple(others))


def _with_calls(command: Command, bodies: Bodies, place_of: Callable[[Named], Place | None]) -> Command:
    """The command with what the functions that it calls do. One that computes a name, and is given that of a view, refreshes this view."""
    done = Command(list(command.views), [], list(command.others), command.computes)
    waiting, seen = list(command.calls), set(command.calls)
    for _ in range(_DEEPEST):
        inner = [(call, found) for call in waiting if (found := bodies(call.named))]
        for call, item in inner:
            given = [named for text in call.texts if place_of(named := _spoken_of(text))] if item.computes else []
            done.views += [*item.views, *given]
            done.computes |= item.computes and not given
        waiting = [call for _, item in inner for call in item.calls if call not in seen]
        seen.update(waiting)
    return done


def _spoken_of(text: str) -> Named:
    schema, _, name = text.rpartition(".")
    return schema or None, name


def schedule_data(
    jobs: Iterable[FoundJob], called: Mapping[Place, str], zone: str, taken: Iterable[str]
) -> list[dict[str, Any]]:
    """The entries of a schedules file, for jobs of views that are imported (`called`, by place); `taken` are names of schedules that there are."""
    names = set(taken)
    wanted = [(job, [called[place] for place in job.refreshes if place in called]) for job in jobs]
    return [
        _schedule(job, views, zone)
        for job, views in wanted
        if views and not cron_problem(job.line) and job.name not in names
    ]


def _schedule(job: FoundJob, views: list[str], zone: str) -> dict[str, Any]:
    data: dict[str, Any] = {"schedule": job.name, "refresh": views[0] if len(views) == 1 else views, "every": job.line}
    if job.zone != zone and not zone_problem(job.zone):
        data["timezone"] = job.zone
    if not job.active:
        data["enabled"] = False
    return data


def lost_jobs(jobs: Iterable[FoundJob], called: Mapping[Place, str]) -> Iterator[Lost]:
    """What of the jobs is no schedule."""
    for job in jobs:
        views = [called[place] for place in job.refreshes if place in called]
        if views and (problem := cron_problem(job.line)):
            yield Lost(f"job {job.name}: {job.line}", f"{problem}; it refreshes {', '.join(views)}")
        elif views or not job.refreshes:
            rest = [f"{schema}.{name}" for schema, name in job.refreshes if (schema, name) not in called]
            yield from _besides(job, [*job.others, *(f"REFRESH MATERIALIZED VIEW {name}" for name in rest)])


def _besides(job: FoundJob, others: list[str]) -> Iterator[Lost]:
    for text in others:
        shown = " ".join(text.split())
        yield Lost(
            f"job {job.name}: {shown if len(shown) <= 80 else f'{shown[:79]}…'}",
            "a schedule refreshes the views that it names, and does no more",
        )
