"""The project's schedules as files, for whoever else is to see to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mvc.compiled.view import Target
from mvc.report.schedules.files import KINDS

Scheduler = Literal["systemd", "kubernetes", "github", "airflow", "cron"]


@dataclass(frozen=True, slots=True)
class GeneratedFile:
    """A file to be written: its name, which may have folders, and its text."""

    name: str
    text: str


def schedules(compiled: Target, kind: Scheduler) -> tuple[GeneratedFile, ...]:
    """The project's schedules as files of a scheduler outside of the database, e.g. units of systemd.

    The jobs of pg_cron come with `apply`, and `run` needs no scheduler.
    """
    return tuple(GeneratedFile(name, text) for name, text in KINDS[kind](compiled).items())
