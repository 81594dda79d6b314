"""After any changes of any rows, and at any time, an incremental refresh leaves what a whole one would.

Views, rows, changes and moments are random. The moments are those of a clock of our own that the deployed views read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
import pytest
from hypothesis import assume, event, given, note, settings
from hypothesis import strategies as st

from mvc.engines.postgres.server.apply import apply
from servers import NEWEST, Servers, new_database

from .catalog import based
from .catalogs import catalogs, worlds
from .clocked import MOMENTS, clocked, read_our_clock
from .compiled import Refusal, compiled_in_part
from .joins import trees
from .specs import Case, needed_of, views_over
from .writes import batches

Connection = psycopg.Connection[Any]
NEVER_TOO_MANY = """
CREATE OR REPLACE FUNCTION mvc.over_threshold(stored mvc.stored_relation, groups bigint)
RETURNS text LANGUAGE sql STABLE AS $$ SELECT NULL::text $$
"""


@dataclass(frozen=True)
class Story:
    """A view with its rows at some moment, and what happens then: changes, up to the next moment."""

    case: Case
    began: datetime
    chapters: tuple[tuple[str, datetime], ...]

    def __repr__(self) -> str:
        told = "\n".join(f"{batch};\n-- refreshed at {moment}" for batch, moment in self.chapters)
        return f"{self.case!r}\n-- filled at {self.began}\n{told}"


@st.composite
def stories(draw: st.DrawFn) -> Story:
    tables = {table.name: table for table in draw(catalogs(until_today=True))}
    tree = draw(trees(tables))
    view = draw(views_over(tree))
    assume(view.dimensions)
    if draw(st.booleans()):
        view = draw(clocked(view, tree))
    needed = needed_of(tuple(tables.values()), view)
    assume(based(needed))
    case = Case(needed, view, draw(worlds(needed)))
    moments = sorted(draw(st.lists(st.sampled_from(MOMENTS), min_size=4, max_size=4)))
    return Story(case, moments[0], tuple((draw(batches(based(needed))), moment) for moment in moments[1:]))


@contextmanager
def connected(servers: Servers) -> Iterator[Connection]:
    """To a database of the story's own."""
    with new_database(servers.get(NEWEST)) as database:
        connection = database.connect()
        connection.execute("SET TimeZone = 'UTC'; SET client_min_messages = error")
        yield connection


@pytest.mark.slow
@settings(max_examples=25)
@given(story=stories(), seed=st.integers(0, 1000))
def test_an_incremental_refresh_leaves_what_a_whole_one_would(servers: Servers, story: Story, seed: int) -> None:
    try:
        project = compiled_in_part(story.case)
    except Refusal:
        assume(False)
    view = project.view(story.case.view.name)
    event("in part" if view.increment else f"as a whole: {'; '.join(view.whole_because)[:60]}")
    assume(view.increment is not None)
    note(f"{view.stored_query}\n\nMOVED\n{view.increment.moved}\n\nGROUPS\n{view.increment.groups}")
    stored = f"mvc.{view.storage[1]}"
    with connected(servers) as connection:
        deploy(connection, story, project)
        for batch, moment in story.chapters:
            connection.execute(batch.encode())
            set_clock(connection, moment)
            assert groups_of_some_keys(connection, stored, view.grain, seed) == []
            connection.execute("CALL mvc.refresh('public', %s)", (view.name,))
            assert last_run(connection) == ("incremental", "completed", None, None)
            assert differences(connection, stored) == Counter()


def deploy(connection: Connection, story: Story, project: Any) -> None:
    connection.execute(story.case.setup.encode())
    for table in story.case.tables:
        if table.hidden:  # what was said in the view holds for changes, too
            connection.execute(f"ALTER TABLE public.{table.name} ADD UNIQUE ({', '.join(table.hidden)})".encode())
    apply(connection, project)
    connection.execute(NEVER_TOO_MANY)
    read_our_clock(connection)
    set_clock(connection, story.began)
    connection.execute("CALL mvc.refresh('public', %s, 'full')", (story.case.view.name,))
    assert last_run(connection) == ("full", "completed", None, None)


def set_clock(connection: Connection, moment: datetime) -> None:
    connection.execute("SELECT set_config('test.clock', %s, false)", (moment.isoformat(),))


def last_run(connection: Connection) -> Any:
    query = "SELECT mode, status, detail, error FROM mvc.refresh_log ORDER BY id DESC LIMIT 1"
    return connection.execute(query).fetchone()


def differences(connection: Connection, stored: str) -> Counter[tuple[str, str]]:
    """Rows that only the table has, and rows that only its query gives."""
    one = f"SELECT '{{0}}', * FROM (SELECT t::text FROM {stored}{{1}} AS t EXCEPT ALL SELECT t::text FROM {stored}{{2}} AS t) AS t"
    rows = f"{one.format('only stored', '', '_query')} UNION ALL {one.format('missing', '_query', '')}"
    return Counter(connection.execute(rows.encode()).fetchall())


def groups_of_some_keys(connection: Connection, stored: str, grain: tuple[str, ...], seed: int) -> list[Any]:
    """Puts some of the keys aside, and returns where `_groups` is not the part of `_query` that has them."""
    found = connection.execute(f"SELECT * FROM {stored}_dirty LIMIT 0".encode()).description or ()
    keys = [each.name for each in found if not each.name.startswith("mvc_grain")]
    same = " AND ".join(f'd."{name}" IS NOT DISTINCT FROM q."{name}"' for name in keys)
    some = (
        f"TRUNCATE {stored}_dirty; INSERT INTO {stored}_dirty SELECT DISTINCT k.* FROM {stored}_keys AS k"
        f" WHERE hashtext(k::text) % 3 <> {seed % 3 - 1}"
    )
    connection.execute(some.encode())
    part = f"SELECT q::text FROM {stored}_query AS q WHERE EXISTS (SELECT FROM {stored}_dirty AS d WHERE {same})"
    groups = f"SELECT g::text FROM {stored}_groups AS g"
    differ = f"(({part}) EXCEPT ALL ({groups})) UNION ALL (({groups}) EXCEPT ALL ({part}))"
    return connection.execute(differ.encode()).fetchall()
