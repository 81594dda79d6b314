"""The steps that make pg_cron's jobs those of the schedules, and what is told where they cannot be made."""

from __future__ import annotations

from collections.abc import Iterator

from mvc.compiled.view import Target
from mvc.engines.postgres.plan.jobs import Job, difference_of_job, own_jobs, wanted_jobs
from mvc.engines.postgres.plan.state import JobState, State
from mvc.engines.postgres.plan.steps import Step
from mvc.quoting import identifier, literal


def job_steps(state: State, target: Target) -> Iterator[Step]:
    """What makes pg_cron's jobs those of the target; the jobs of others are left alone."""
    if state.cron is None or not state.cron.usable:
        return
    found = own_jobs(state.cron, target)
    wanted = {job.name: job for job in wanted_jobs(target, state.cron.zone)}
    for name, job in wanted.items():
        there = found.get(name)
        if there is None:
            yield Step("create job", "", f"{name} is missing in pg_cron: {job.line}", (_schedule(job),))
        elif reason := difference_of_job(job, there):
            yield Step("change job", "", f"{name}: {reason}", (_unschedule(there), _schedule(job)))
    for name, there in found.items():
        if name not in wanted:
            yield Step("remove job", "", f"no schedule asks for {name}", (_unschedule(there),))


def _schedule(job: Job) -> str:
    return f"SELECT cron.schedule({literal(job.name)}, {literal(job.line)}, {literal(job.command)})"


def _unschedule(job: JobState) -> str:
    return f"SELECT cron.unschedule({job.id}::bigint)"


def job_notes(state: State, target: Target) -> Iterator[str]:
    """Why the schedules get no jobs although the server has pg_cron, and what would help."""
    cron, owner = state.cron, state.owner or "the owner"
    if cron is None or cron.usable or not any(schedule.enabled for schedule in target.schedules):
        return
    if not cron.here and cron.home == state.database:
        yield "pg_cron could run the schedules: CREATE EXTENSION pg_cron, then mvc apply once more"
    elif not cron.here:
        home = f"the database {cron.home}" if cron.home else "another database"
        yield f"the schedules have no jobs: pg_cron lives in {home}; mvc schedule pg_cron prints what to run there"
    elif not cron.granted:
        yield f"the schedules have no jobs: GRANT USAGE ON SCHEMA cron TO {identifier(owner)}, then mvc apply once more"
    else:
        yield f"the schedules have no jobs: pg_cron runs them as {owner}, who may not log in: ALTER ROLE {identifier(owner)} LOGIN"
