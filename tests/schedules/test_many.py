"""What is due among many schedules at once: as soon as for few, and the same as when each is reckoned by itself, apart from the runtime."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import psycopg
import pytest

from mvc.compiled.serialize import to_record
from mvc.model.cron import cron_times
from schedules.projects import deploy, due_names, project, tables
from schedules.test_ticks import ZONES, by_cronsim

LINES = (
    *("* * * * *", "*/5 * * * *", "0 * * * *", "17 3 * * *", "0 0 * * 1", "30 2 1 * *", "15 8-18 * * 1-5"),
    *("0 12 1,15 * *", "59 23 31 * *", "0 0 13 * 5", "0 0 29 2 *", "*/10 0-4 */3 1-11 *"),
)
VIEWS = ("a", "b", "d")
CPU = 0.25  # seconds for 2,000 schedules: a fifth of it where nothing else is at work


@dataclass(frozen=True)
class Drawn:
    """A schedule, and what became of it: `seen` and `filled` are minutes ago; `began` where it was broken off then."""

    name: str
    line: str | None
    zone: str
    views: tuple[str, ...]
    seen: float
    began: float | None
    within: int
    enabled: bool

    def record(self, like: dict[str, Any]) -> dict[str, Any]:
        times = to_record(cron_times(self.line)) if self.line else None
        own = {"name": self.name, "cron": self.line, "times": times, "timezone": self.zone, "views": self.views}
        return {**like, **own, "within_seconds": None if self.line else self.within, "enabled": self.enabled}


def draw(number: int, chance: random.Random) -> Drawn:
    began = chance.choice([None, None, chance.uniform(0, 3000)])
    return Drawn(
        name=f"s{number}",
        line=chance.choice([*LINES, None]),
        zone=chance.choice(ZONES),
        views=tuple(chance.sample(VIEWS, chance.randint(1, 3))),
        seen=began if began is not None else chance.choice([1, 60, 1500, 50_000]) * chance.random(),
        began=began,
        within=chance.choice([60, 3600, 90_000]),
        enabled=chance.random() < 0.9,
    )


@pytest.fixture
def base(database) -> Iterator[psycopg.Connection[Any]]:
    connection = database.connect()
    tables(connection)
    deploy(connection, project())
    yield connection


def put(connection: psycopg.Connection[Any], drawn: list[Drawn]) -> None:
    """They are what is deployed now."""
    [(target,)] = connection.execute("SELECT target FROM mvc.deployment ORDER BY id DESC LIMIT 1").fetchall()
    target["schedules"] = [item.record(target["schedules"][0]) for item in drawn]
    connection.execute("UPDATE mvc.deployment SET target = %s", (json.dumps(target),))
    connection.execute("SELECT mvc.follow_schedules(%s)", (json.dumps(target),))
    connection.cursor().executemany(
        "UPDATE mvc.schedule_run SET seen = now() - make_interval(mins => 1) * %s::float8,"
        " started_at = now() - make_interval(mins => 1) * %s::float8, pid = 0 WHERE schedule = %s",
        [(item.seen, item.began, item.name) for item in drawn],
    )


def expected(item: Drawn, seen: datetime, ages: dict[str, float], until: datetime) -> bool:
    """By itself, from what the documentation says."""
    if not item.enabled:
        return False
    if item.line:
        return item.began is not None or by_cronsim(item.line, item.zone, seen, until) is not None
    return any(ages[view] >= item.within / 2 for view in item.views)


@pytest.mark.parametrize("seed", range(3))
def test_as_each_by_itself(base: psycopg.Connection[Any], seed: int):
    chance = random.Random(seed)
    drawn = [draw(number, chance) for number in range(150)]
    put(base, drawn)
    old = {view: chance.choice([10.0, 100.0, 3000.0, 100_000.0]) for view in VIEWS}
    for view, seconds in old.items():
        base.execute(
            "UPDATE mvc.stored_relation SET filled_at = now() - make_interval(secs => %s) WHERE view_name = %s",
            (seconds, view),
        )
    query = "SELECT schedule, seen FROM mvc.schedule_run WHERE run_by = ''"
    seen = {name: at.astimezone(timezone.utc) for name, at in base.execute(query)}
    until, found, later = now(base), due_names(base), now(base)
    if until.minute != later.minute:  # a time came between
        until, found = later, due_names(base)
    assert found == [item.name for item in drawn if expected(item, seen[item.name], old, until)]
    assert 0 < len(found) < len(drawn)


def now(connection: psycopg.Connection[Any]) -> datetime:
    [(at,)] = connection.execute("SELECT clock_timestamp()").fetchall()
    return at.astimezone(timezone.utc)


CHANGES = (
    "2026-03-29 01:00",
    "2026-10-25 01:00",
    "2026-11-01 06:00",
    "2026-04-04 15:00",
    "2026-04-04 14:00",
    "2026-10-29 21:00",
)


def test_the_short_way_and_the_long_one_agree(base: psycopg.Connection[Any]):
    """Near the changes of clocks, before and after them, and on other days."""
    chance = random.Random(7)
    asked = []
    for _ in range(400):
        change = datetime.fromisoformat(chance.choice(CHANGES)).replace(tzinfo=timezone.utc)
        until = change + timedelta(minutes=chance.choice([100, 600, 5000]) * chance.uniform(-1, 1))
        seen = until - timedelta(minutes=chance.choice([1, 100, 2000]) * chance.random())
        asked.append((json.dumps(to_record(cron_times(chance.choice(LINES)))), chance.choice(ZONES), seen, until))
    base.execute("CREATE TEMP TABLE asked (times jsonb, zone text, seen timestamptz, until timestamptz)")
    base.cursor().executemany("INSERT INTO asked VALUES (%s, %s, %s, %s)", asked)
    ways = "mvc.latest_tick(times, zone, seen, until) AS short, mvc.latest_moment(times, zone, seen, until) AS long"
    rows = base.execute(
        f"SELECT * FROM (SELECT *, {ways} FROM asked) AS a WHERE short IS DISTINCT FROM long"
    ).fetchall()
    assert rows == []


def test_two_thousand_take_no_time(base: psycopg.Connection[Any]):
    """The server's own time counts, since others are at work on the machine; it must not depend on how often it was asked before."""
    chance = random.Random(1)
    put(base, [draw(number, chance) for number in range(2000)])
    pid = base.info.backend_pid
    taken = []
    for _ in range(8):
        before = cpu(pid)
        assert len(due_names(base)) > 100
        taken.append(cpu(pid) - before)
    assert max(taken) < CPU, taken


def cpu(pid: int) -> float:
    """Seconds that a process has worked."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100
