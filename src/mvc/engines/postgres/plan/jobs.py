"""Schedules as jobs of pg_cron: which there should be, what differs, and what keeps them from being made.

A job asks the runtime to run its schedule if that is due, so one that fires too often does no harm. pg_cron has a single zone: a line
of the same zone without clock changes is taken as it is; for others the job asks each quarter of an hour around the line's minutes,
which are the same in every zone up to quarters, and the runtime knows the schedule's own clock.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from mvc.compiled.schedule import CompiledSchedule
from mvc.compiled.view import Target
from mvc.engines.postgres.deploy.naming import joined_name
from mvc.engines.postgres.plan.state import CronState, JobState
from mvc.quoting import literal, qualified

UTC_NAMES: Final = frozenset({"GMT", "UTC", "UCT", "Zulu", "Universal", "Greenwich", "GMT0", "GMT+0", "GMT-0"})
QUARTERS: Final = (0, 15, 30, 45)
CHECKS_IN_A_PROMISE: Final = 20
EACH_MINUTE: Final = "* * * * *"
_EVEN_STEPS: Final = (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30)  # minutes that divide an hour


@dataclass(frozen=True, slots=True)
class Job:
    """A job that there should be."""

    name: str
    line: str
    command: str


def wanted_jobs(target: Target, zone: str = "GMT") -> tuple[Job, ...]:
    """The jobs of a project's schedules, for a pg_cron in that zone; of the disabled ones none."""
    enabled = [schedule for schedule in target.schedules if schedule.enabled]
    jobs = [_job(target, schedule, zone) for schedule in enabled]
    if any(schedule.timeout_seconds for schedule in enabled):
        command = f"SELECT {qualified(target.stored, 'stop_overdue')}({literal(target.project)})"
        jobs.append(Job(_overdue_name(target), EACH_MINUTE, command))
    if target.operations.notify and any(schedule.within_seconds for schedule in enabled):
        command = f"SELECT {qualified(target.stored, 'alert_broken_promises')}()"
        jobs.append(Job(_alert_name(target), EACH_MINUTE, command))
    return tuple(jobs)


def _overdue_name(target: Target) -> str:
    return joined_name(_project_name(target))


def _alert_name(target: Target) -> str:
    """No project's name has such a percent sign when it is written here, so no schedule's job is named so."""
    return joined_name(f"{_project_name(target)}%alerts")


def _job(target: Target, schedule: CompiledSchedule, zone: str) -> Job:
    name = joined_name(f"{_project_name(target)}:{schedule.name}")
    return Job(name, job_line(schedule, zone), f"{_call(target)}{literal(schedule.name)}, true)")


def _call(target: Target) -> str:
    return f"CALL {qualified(target.stored, 'run_schedule')}({literal(target.project)}, "


def _project_name(target: Target) -> str:
    """What the names of a project's jobs begin with, unlike those of another project or stored schema."""
    return ":".join(part.replace("%", "%25").replace(":", "%3A") for part in (target.stored, target.project))


def job_line(schedule: CompiledSchedule, zone: str) -> str:
    """When a scheduler in `zone` must ask whether the schedule is due."""
    if schedule.times is None or schedule.cron is None:
        return promise_line(schedule.within_seconds or 0)
    if is_utc(schedule.timezone) and is_utc(zone):
        return " ".join(schedule.cron.split())
    minutes = sorted({(minute + quarter) % 60 for minute in schedule.times.minutes for quarter in QUARTERS})
    return f"{'*' if len(minutes) == 60 else ','.join(map(str, minutes))} * * * *"


def promise_line(within_seconds: int) -> str:
    """Asks some twenty times in the time of a promise, at least each hour and at most each minute."""
    minutes = within_seconds // 60 // CHECKS_IN_A_PROMISE
    if minutes >= 60:
        return "0 * * * *"
    step = max((step for step in _EVEN_STEPS if step <= minutes), default=1)
    return EACH_MINUTE if step == 1 else f"*/{step} * * * *"


def is_utc(zone: str) -> bool:
    """Whether a zone is UTC under one of its names."""
    return zone.removeprefix("Etc/") in UTC_NAMES


def own_jobs(cron: CronState, target: Target) -> dict[str, JobState]:
    """The project's jobs by name, whichever line or command they have by now."""
    names = (_overdue_name(target), _alert_name(target))
    begins = f"{_project_name(target)}:"
    return {
        job.name: job
        for job in cron.jobs
        if job.name in names or job.name.startswith(begins) or job.command.startswith(_call(target))
    }


def difference_of_job(job: Job, there: JobState) -> str:
    """What about a job is not as it should be, in words; an empty text if nothing."""
    if not there.active:
        return "it was switched off"
    if there.line != job.line:
        return f"it runs at {there.line} instead of {job.line}"
    return "its command is another one" if there.command != job.command else ""


def differing_jobs(cron: CronState, target: Target) -> Iterator[tuple[str, str, str]]:
    """(name, expected, found) for every job that is not as the target has it; an empty text for no job."""
    found = own_jobs(cron, target)
    wanted = {job.name: job for job in wanted_jobs(target, cron.zone)}
    for name in sorted({*wanted, *found}):
        job, there = wanted.get(name), found.get(name)
        if job is None or there is None or difference_of_job(job, there):
            yield name, job.line if job else "", _shown(there)


def _shown(there: JobState | None) -> str:
    if there is None:
        return ""
    return f"{there.line}, {there.command}" if there.active else "switched off"


@dataclass(frozen=True, slots=True)
class Place:
    """A database that jobs are for: its name, its number, which no other one has, and the role that they run as."""

    database: str
    number: str
    owner: str


def elsewhere_sql(target: Target, place: Place, zone: str) -> Iterator[str]:
    """What makes the jobs from the database where pg_cron is, for one where it is not. Only a superuser may do that by default."""
    for job in wanted_jobs(target, zone):
        values = (f"{job.name}@{place.database}", job.line, _in_place(job.command, place), place.database, place.owner)
        yield f"SELECT cron.schedule_in_database({', '.join(map(literal, values))})"


def _in_place(command: str, place: Place) -> str:
    """The command, run nowhere but in the database itself. pg_cron knows it by its name, and whoever owns it and may create databases can give that to one
    of his own, in which the same words call what he has put there. Nothing here means anything else in such a one: all of it is PostgreSQL's own.
    """
    call = command if command.startswith("CALL") else f"PERFORM{command.removeprefix('SELECT')}"
    asked = f"(pg_catalog.pg_identify_object(1262::pg_catalog.oid, {place.number}::pg_catalog.oid, 0)).name"  # 1262 is pg_database
    here = "pg_catalog.quote_ident(pg_catalog.current_database()::pg_catalog.text)"
    problem = (
        f"this is not the database {place.database} that the job was made for: mvc schedule pg_cron prints it anew"
    )
    text = f"BEGIN IF {asked} OPERATOR(pg_catalog.=) {here} THEN {call}; ELSE RAISE EXCEPTION USING MESSAGE = {literal(problem)}; END IF; END"
    return f"DO LANGUAGE plpgsql {literal(text)}"
