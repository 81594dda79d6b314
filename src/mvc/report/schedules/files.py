"""Schedules for schedulers outside of the database, as files: systemd, Kubernetes, GitHub Actions, Airflow, cron.

Where a scheduler can say exactly when a schedule is due, it runs it; where it cannot, because it knows no zones or a promise goes by
the age of the data, it asks often, and `--due` does nothing where nothing is due.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from mvc.compiled.schedule import CompiledSchedule, CronTimes
from mvc.compiled.view import Target
from mvc.engines.postgres.plan.jobs import job_line, promise_line
from mvc.model.cron import cron_times
from mvc.report.schedules.cron_lines import github_entry, portable_line
from mvc.report.schedules.systemd_words import quoted, unit_text
from mvc.report.text.sanitize import visible
from mvc.version import install, requirement

Files = Mapping[str, str]

_WEEKDAYS: Final = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
_LONGEST_NAME: Final = 52  # of a CronJob in Kubernetes
_HEAD: Final = "# Made by `mvc schedule {kind}` from the project {project}. Change schedules/, and make it again.\n"


def _enabled(target: Target) -> list[CompiledSchedule]:
    return [schedule for schedule in target.schedules if schedule.enabled]


def _head(kind: str, target: Target) -> str:
    return _HEAD.format(kind=kind, project=visible(" ".join(target.project.split())))


def _arguments(schedule: CompiledSchedule, *, exact: bool) -> list[str]:
    """The command that a scheduler runs for one schedule; one that is not `exact` asks."""
    return ["mvc", "refresh", *([] if exact else ["--due"]), f"--schedule={schedule.name}"]


def _slugs(target: Target) -> Iterator[tuple[str, CompiledSchedule]]:
    """A name for each schedule that every scheduler takes: small letters, digits, dashes; each another."""
    taken: set[str] = set()
    for number, schedule in enumerate(_enabled(target), 1):
        slug = _slug(f"mvc-{target.project}-{schedule.name}")
        if slug in taken:
            slug = f"{slug[: _LONGEST_NAME - 5]}-{number}"
        taken.add(slug)
        yield slug, schedule


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower())[:_LONGEST_NAME].strip("-")


def systemd_files(target: Target) -> Files:
    """A service and a timer for each schedule."""
    files: dict[str, str] = {}
    for slug, schedule in _slugs(target):
        command = " ".join(map(quoted, _arguments(schedule, exact=schedule.times is not None)))
        files[f"{slug}.service"] = (
            f"{_head('systemd', target)}[Unit]\nDescription=Refresh views of {unit_text(target.project)}: {unit_text(schedule.name)}\n\n"
            "[Service]\nType=oneshot\n# The project's folder, and a file with DATABASE_URL=…\n"
            f"WorkingDirectory=/srv/{_slug(target.project)}\nEnvironmentFile=/etc/{_slug(target.project)}.env\nExecStart={command}\n"
        )
        calendar = "\n".join(f"OnCalendar={line}" for line in on_calendar(schedule))
        files[f"{slug}.timer"] = (
            f"{_head('systemd', target)}[Unit]\nDescription=When to refresh views of {unit_text(target.project)}: {unit_text(schedule.name)}\n\n"
            f"[Timer]\n{calendar}\nAccuracySec=1s\nPersistent=true\n\n[Install]\nWantedBy=timers.target\n"
        )
    return files


def on_calendar(schedule: CompiledSchedule) -> list[str]:
    """The lines of systemd.time(7). Where a day of the month or a weekday is enough, that is two lines."""
    times, zone = schedule.times, schedule.timezone
    if times is None:
        times, zone = cron_times(promise_line(schedule.within_seconds or 0)), "UTC"
    weekdays = "" if len(times.weekdays) == 7 else ",".join(_WEEKDAYS[number] for number in times.weekdays)
    days = _listed(times.days, 31)
    choices = [("", days), (weekdays, "*")] if times.either_day else [(weekdays, days)]
    return [" ".join(filter(None, (names, _date_and_time(times, dates), zone))) for names, dates in choices]


def _date_and_time(times: CronTimes, days: str) -> str:
    return f"*-{_listed(times.months, 12)}-{days} {_listed(times.hours, 24)}:{_listed(times.minutes, 60)}:00"


def _listed(numbers: tuple[int, ...], all_of_them: int) -> str:
    return "*" if len(numbers) == all_of_them else ",".join(f"{number:02}" for number in numbers)


def kubernetes_files(target: Target) -> Files:
    """A CronJob for each schedule, in one file."""
    jobs = [_cron_job(slug, schedule) for slug, schedule in _slugs(target)]
    return {"cronjobs.yaml": _head("kubernetes", target) + "---\n".join(jobs)}


def _cron_job(name: str, schedule: CompiledSchedule) -> str:
    zone = schedule.timezone if schedule.times else "UTC"
    # The kubelet expands $(NAME) in a command, secrets of the environment included; $$ is a dollar.
    arguments = [word.replace("$", "$$") for word in _arguments(schedule, exact=schedule.times is not None)]
    command = json.dumps(arguments)
    return f"""\
apiVersion: batch/v1
kind: CronJob
metadata:
  name: {json.dumps(name)}
spec:
  schedule: {json.dumps(portable_line(schedule))}
  timeZone: {json.dumps("Etc/UTC" if zone == "UTC" else zone)}
  concurrencyPolicy: Forbid
  startingDeadlineSeconds: 600
  jobTemplate:
    spec:
      backoffLimit: 0
      template:
        spec:
          restartPolicy: Never
          containers:
            - name: mvc
              image: mvc-project  # an image with {requirement("postgres")} and the project's folder
              workingDir: /project
              command: {command}
              env:
                - name: DATABASE_URL
                  valueFrom: {{secretKeyRef: {{name: mvc-database, key: url}}}}
"""


def github_files(target: Target) -> Files:
    """One workflow that asks what is due. GitHub knows UTC only, may be late, and starts nothing more often than each five minutes."""
    lines = dict.fromkeys(
        portable_line(schedule) if line == " ".join((schedule.cron or "").split()) else line
        for schedule in _enabled(target)
        for line in [job_line(schedule, "UTC")]
    )
    crons = "\n".join(dict.fromkeys(map(github_entry, lines)))
    return {
        ".github/workflows/refresh.yml": f"""\
{_head("github", target)}name: Refresh materialized views
on:
  workflow_dispatch:
  schedule:  # in UTC; what is due, the database says
{crons}
concurrency: mvc-refresh
permissions:
  contents: read
jobs:
  refresh:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with: {{python-version: "3.13"}}
      - run: {install("postgres")}
      - run: mvc refresh --due
        env:
          DATABASE_URL: ${{{{ secrets.DATABASE_URL }}}}
"""
    }


def airflow_files(target: Target) -> Files:
    """A module with a DAG for each schedule."""
    rows = "\n".join(f"    {_airflow_row(slug, schedule)}," for slug, schedule in _slugs(target))
    return {
        # The first line says how the text is encoded: else Python believes a comment below it, with a name of the project, that says so.
        "mvc_refresh.py": f'''\
# coding: utf-8
{_head("airflow", target)}"""Refreshes materialized views. The workers need {requirement("postgres")} and the project's folder."""

from datetime import datetime, timezone

from airflow import DAG
from airflow.providers.standard.operators.bash import BashOperator
from airflow.timetables.trigger import CronTriggerTimetable

PROJECT = "/srv/{_slug(target.project)}"
SCHEDULES = [  # name, cron line, its zone, command
{rows}
]

for name, line, zone, command in SCHEDULES:
    with DAG(
        dag_id=name,
        schedule=CronTriggerTimetable(line, timezone=zone),
        start_date=datetime(2024, 1, 1, tzinfo=timezone.utc),
        catchup=False,
        max_active_runs=1,
        tags=["mvc"],
    ) as dag:
        BashOperator(
            task_id="refresh",
            bash_command=f"{{command}} ",  # with .sh or .bash at its end it would be the name of a file with the command
            cwd=PROJECT,
            env={{"DATABASE_URL": "{{{{ conn.mvc_database.get_uri() }}}}"}},
            append_env=True,
        )
    globals()[name.replace("-", "_")] = dag
'''
    }


def _airflow_row(slug: str, schedule: CompiledSchedule) -> str:
    """Airflow takes a day and a weekday as alternatives also where a star says that both must fit; there it asks."""
    times = schedule.times
    exact = times is not None and (times.either_day or len(times.days) == 31 or len(times.weekdays) == 7)
    command = shlex.join(_arguments(schedule, exact=exact))
    # Jinja reads the command, so its braces are given to it as a string.
    shown = re.sub(r"\{[{%#]", lambda found: "{{ '" + found.group() + "' }}", command)
    return repr((slug, portable_line(schedule), schedule.timezone if times else "UTC", shown))


def cron_files(target: Target) -> Files:
    """One line for any cron, whatever zones and promises the schedules have."""
    return {
        "crontab": f"{_head('cron', target)}# Give it the project's folder and the database; what is due, the database says.\n"
        "DATABASE_URL=postgresql:///mydatabase\n"
        f"* * * * * mvc --project /srv/{_slug(target.project)} refresh --due\n"
    }


KINDS: Final[Mapping[str, Callable[[Target], Files]]] = {
    "systemd": systemd_files,
    "kubernetes": kubernetes_files,
    "github": github_files,
    "airflow": airflow_files,
    "cron": cron_files,
}


def printed(files: Files) -> str:
    """All files as one text; where there are several, each begins with its name."""
    if len(files) == 1:
        return next(iter(files.values()))
    return "\n".join(f"# ─── {name}\n{text}" for name, text in files.items())
