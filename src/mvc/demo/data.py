"""The demo's rows: reservations of a year, the same for the same scale and anchor, made by the server itself.

Each file in `rows/` is a step; its first line is its title, and the order of the names is the order of the steps. What is
asked for reaches them as settings of the session (`booking.scale`, `booking.anchor`, `booking.days`), never as SQL text.
Fill before any view is deployed: the triggers that would notice the new rows do not fire.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from typing import Final, Protocol

DAYS: Final = 365
MAX_SCALE: Final = 1000.0  # 200 M reservations

# Of the transaction of a step: UTC dates, no foreign key triggers (the rows are consistent by construction).
_SESSION: Final = """
SET LOCAL timezone = 'UTC';
SET LOCAL search_path = public;
SET LOCAL session_replication_role = replica;
SET LOCAL jit = off;
SET LOCAL work_mem = '256MB';
SET LOCAL maintenance_work_mem = '256MB';
"""
_ALONE: Final = "VACUUM"  # a statement that PostgreSQL takes only outside of a transaction


@dataclass(frozen=True, slots=True)
class DemoStep:
    """A part of the work, with a title for whoever watches."""

    title: str
    sql: str


class Connection(Protocol):
    """What is asked of a connection (psycopg's has it), which must be in autocommit mode and a superuser's."""

    @property
    def autocommit(self) -> bool: ...

    def execute(self, query: str, params: tuple[object, ...] | None = None, /) -> object: ...

    def transaction(self) -> AbstractContextManager[object]: ...


def generation_steps() -> tuple[DemoStep, ...]:
    """The steps in order, each one `execute` on the connection that was given to `prepare`."""
    folder = files(__package__) / "rows"
    names = sorted(item.name for item in folder.iterdir() if item.name.endswith(".sql"))
    return tuple(_step((folder / name).read_text(encoding="utf-8")) for name in names)


def prepare(connection: Connection, scale: float, anchor: date, days: int = DAYS) -> None:
    """Tell the session what to make: `scale` × 200,000 reservations in the `days` before `anchor` (UTC midnight).

    Raises ValueError for a scale, a number of days or a connection that the steps cannot work with.
    """
    if not (math.isfinite(scale) and 0 < scale <= MAX_SCALE):
        raise ValueError(f"the scale must be above 0 and at most {MAX_SCALE:g}, not {scale}")
    if days < 1:
        raise ValueError(f"the data must cover at least one day, not {days}")
    if not connection.autocommit:
        raise ValueError("the connection must be in autocommit mode, since VACUUM runs in no transaction")
    for name, value in (("scale", scale), ("anchor", anchor.isoformat()), ("days", days)):
        connection.execute("SELECT set_config('booking.' || %s, %s, false)", (name, str(value)))


def fill(
    connection: Connection,
    scale: float,
    anchor: date,
    days: int = DAYS,
    on_step: Callable[[DemoStep], None] = lambda step: None,  # noqa: ARG005 - nobody watches
) -> None:
    """All steps on a database that has `schema/booking.sql` and no rows yet: all of them take effect, or none.

    `on_step` is called as each step begins.
    """
    prepare(connection, scale, anchor, days)
    steps = generation_steps()
    with connection.transaction():
        for step in (step for step in steps if not _runs_alone(step)):
            on_step(step)
            connection.execute(step.sql)
    for step in filter(_runs_alone, steps):
        on_step(step)
        connection.execute(step.sql)


def _step(text: str) -> DemoStep:
    title, _, sql = text.partition("\n")
    alone = sql.lstrip().startswith(_ALONE)
    return DemoStep(title.removeprefix("--").strip(), sql.strip() if alone else _SESSION + sql)


def _runs_alone(step: DemoStep) -> bool:
    return step.sql.startswith(_ALONE)
