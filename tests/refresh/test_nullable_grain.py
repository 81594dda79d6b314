"""Grains of every type that has an order: filled, refreshed for ever, with equal values one group, and NULL one like any other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import psycopg
import pytest
import yaml

import mvc
from mvc.compiled.project import Compiled
from mvc.engines.postgres.server.apply import apply
from servers import Database, on_major

from .checked import Connection, last_run
from .projects import ANYTHING, never_whole

pytestmark = pytest.mark.by_turns

TYPES = """
CREATE TYPE mood AS ENUM ('ok', 'sad');
CREATE TYPE pair AS (a int, b varchar(3));
CREATE TYPE spans AS RANGE (subtype = numeric);
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE DOMAIN code AS varchar(5);
CREATE DOMAIN short_code AS code;
CREATE DOMAIN codes AS varchar(5)[];
CREATE DOMAIN sure AS int NOT NULL;
"""

# Type → values; the first and the last are equal where the type can write one value in two ways.
KINDS: Mapping[str, tuple[str, ...]] = {
    "varchar(5)": ("a", "b"),
    "char(5)": ("a", "b", "a "),
    "bpchar": ("a", "b", "a "),
    "numeric(10,2)": ("1", "2"),
    "numeric": ("1.0", "2", "1.00"),
    "numeric(3,-2)": ("100", "200"),
    "bit(3)": ("101", "111"),
    "bit varying(4)": ("101", "11"),
    "bit varying": ("101", "11"),
    "timestamptz(0)": ("2026-01-01 10:00+00", "infinity", "2026-01-01 11:00+01"),
    "timestamp(3)": ("2026-01-01", "2026-01-02"),
    "time(2)": ("10:00", "11:00"),
    "timetz(1)": ("10:00+00", "11:00+01"),
    "interval": ("1 mon", "1 day", "30 days"),
    "interval(2)": ("1 mon", "1 day", "30 days"),
    "interval day to second(1)": ("1 day", "1 hour", "24:00"),
    "interval year to month": ("1 mon", "1 year"),
    "double precision": ("0", "NaN", "-0"),
    "real": ("0", "NaN", "-0"),
    "text": ("", "a"),
    'text COLLATE "C"': ("a", "B"),
    "boolean": ("t", "f"),
    "date": ("infinity", "2026-01-01"),
    "uuid": ("00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"),
    "jsonb": ("[1.0]", "null", "[1.00]"),
    "bytea": ("", "x"),
    "inet": ("10.0.0.1", "10.0.0.1/8"),
    "cidr": ("10.0.0.0/8", "11.0.0.0/8"),
    "macaddr": ("08:00:2b:01:02:03", "08:00:2b:01:02:04"),
    "money": ("1", "2"),
    '"char"': ("a", "b"),
    "name": ("a", "b"),
    "oid": ("1", "2"),
    "regclass": ("pg_class", "pg_type"),
    "tsvector": ("a b", "c"),
    "int4range": ("[1,3)", "empty", "[1,2]"),
    "spans": ("[1.0,3)", "empty", "[1.00,3)"),
    "int4multirange": ("{}", "{[1,3)}"),
    "mood": ("sad", "ok"),
    "pair": ("(1,a)", "(,)"),
    "positive": ("1", "2"),
    "code": ("a", "b"),
    "short_code": ("a", "b"),
    "codes": ("{}", "{NULL}"),
    "int[]": ("{}", "{NULL}", "{{1,2},{3,4}}"),
    "varchar(5)[]": ("{}", "{a}", "{NULL}"),
    "char(3)[]": ("{a}", "{}", '{"a "}'),
    "numeric(10,2)[]": ("{1}", "{}"),
    "numeric[]": ("{1.0}", "{}", "{1.00}"),
    "timestamptz(0)[]": ("{}", "{infinity}"),
    "interval year to month[]": ("{}", "{1 year}"),
    "mood[]": ("{ok}", "{}"),
    "pair[]": ('{"(,)"}', "{}"),
    "code[]": ("{a}", "{}"),
    "sure[]": ("{1}", "{}"),
    "int[6]": ("{{{{{{1}}}}}}", "{}"),
}
COMPUTED = {kind: values for kind, values in KINDS.items() if kind not in ("sure[]", "int[6]")}
ARRAYS = {kind: values for kind, values in KINDS.items() if kind.endswith("[]") or kind == "codes"}

EITHER = "CASE WHEN r.id < 0 THEN r.{0} ELSE r.{0} END"  # of the column's type and length, which a server alone knows


def ddl(kinds: Iterable[str], also: str = "") -> str:
    columns = "".join(f", c{number} {kind}{also}" for number, kind in enumerate(kinds))
    return f"CREATE TABLE r (id int PRIMARY KEY, d date NOT NULL DEFAULT CURRENT_DATE{columns});\n"


def declared(column: str, value: str = "r.{0}", **more: str) -> dict[str, object]:
    dimensions = {**more, "k": value.format(column)}
    return {"sources": {"r": {"table": "r"}}, "dimensions": dimensions, "aggregates": {"n": {"count": "r"}}}


def compiled_for(schema: str, views: Mapping[str, Mapping[str, object]], mode: str = "full") -> Compiled:
    window = {"window": "3d"} if mode == "window" else {}
    schedule = {"schedule": "s", "refresh": "all", "every": "0 * * * *", "mode": mode, **window}
    files = {
        "mvc.yml": "project: grains\ncatalog: s.sql\n",
        "s.sql": schema,
        "schedules/s.yml": yaml.safe_dump({"schedules": [schedule]}),
        **{
            f"views/{name}.yml": yaml.safe_dump({"view": name, **view}, sort_keys=False) for name, view in views.items()
        },
    }
    return mvc.compile(mvc.load(files))


class Watched:
    """Views over `r`, of which each refresh is checked against the table. `wrong` says what is not as it should be, by kind."""

    def __init__(self, connection: Connection, compiled: Compiled, kinds: Iterable[str]) -> None:
        self.connection = connection
        self.compiled = compiled
        self.kinds = {f"v{number}": kind for number, kind in enumerate(kinds)}
        self.wrong: dict[str, str] = {}
        connection.prepare_threshold = None

    def refresh(self, after: str, mode: str | None = None) -> None:
        for view in self.compiled.views:
            self.connection.execute("CALL mvc.refresh('public', %s, %s)", (view.name, mode))
            run = last_run(self.connection, view.name)
            if run.status != "completed" or (run.detail and "all as the query gives them" not in run.detail):
                self._say(view.name, f"{after}: {run.error or run.detail}")
            elif off := self._off(view.name):
                self._say(view.name, f"{after}: {off} groups are off")

    def unchanged(self) -> None:
        """That a refresh of what has not changed writes no row."""
        before = self._versions()
        self.refresh("unchanged")
        for name, versions in self._versions().items():
            if versions != before[name]:
                self._say(name, "unchanged rows were written")

    def _say(self, name: str, what: str) -> None:
        self.wrong.setdefault(f"{self.kinds[name]} ({name})", what)

    def _versions(self) -> dict[str, list[tuple[object, ...]]]:
        listed = {}
        for view in self.compiled.views:
            query = f'SELECT ctid::text, xmin::text FROM "{view.storage[0]}"."{view.storage[1]}" ORDER BY 1'
            listed[view.name] = self.connection.execute(query.encode()).fetchall()
        return listed

    def _off(self, name: str) -> int:
        """Groups of the table that are not shown as they are, and those that are shown and are none."""
        wanted = f"(SELECT c{name[1:]} AS k, count(*) AS n FROM r GROUP BY 1)"
        same = "a.k IS NOT DISTINCT FROM b.k AND a.n = b.n"
        query = (
            f"SELECT (SELECT count(*) FROM {wanted} AS a WHERE NOT EXISTS (SELECT FROM {name} AS b WHERE {same}))"
            f" + abs((SELECT count(*) FROM {name}) - (SELECT count(*) FROM {wanted} AS a))"
        )
        row = self.connection.execute(query.encode()).fetchone()
        assert row is not None
        return int(row[0])


def put(connection: Connection, kinds: Mapping[str, tuple[str, ...]], number: int, place: int | None) -> None:
    """A row with the value at a place of each kind, NULL for None."""
    values = [None if place is None else values[place % len(values)] for values in kinds.values()]
    columns = "".join(f", c{number}" for number in range(len(values)))
    connection.execute(f"INSERT INTO r (id{columns}) VALUES (%s{', %s' * len(values)})".encode(), [number, *values])


def live(
    connection: Connection, compiled: Compiled, kinds: Mapping[str, tuple[str, ...]], *, null: bool = True
) -> None:
    """First fill, nothing new, an equal value, groups that come and go, NULL among them: all is right all the time."""
    nothing = None if null else 0
    for number, place in enumerate((0, 1, nothing, 1, nothing)):
        put(connection, kinds, number, place)
    apply(connection, compiled, options=ANYTHING)
    assert mvc.plan(connection, compiled).empty
    never_whole(connection)
    views = Watched(connection, compiled, kinds)
    views.refresh("filled")
    views.unchanged()
    put(connection, kinds, 10, -1)
    put(connection, kinds, 11, nothing)
    views.refresh("an equal value, and NULL")
    connection.execute("DELETE FROM r WHERE id IN (2, 4, 11)")
    views.refresh("NULL is gone")
    connection.execute("DELETE FROM r WHERE id IN (1, 3)")
    views.refresh("a value is gone")
    put(connection, kinds, 12, nothing)
    put(connection, kinds, 13, 1)
    views.refresh("both are back")
    views.unchanged()
    if all(view.increment for view in compiled.views):
        views.refresh("verified", "verify")
    assert not views.wrong


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["full", "incremental"])
def test_every_type_as_a_grain_that_may_be_null(database: Database, mode: str):
    connection = database.connect()
    schema = TYPES + ddl(KINDS)
    connection.execute(schema.encode())
    views = {f"v{number}": declared(f"c{number}") for number in range(len(KINDS))}
    live(connection, compiled_for(schema, views, mode), KINDS)


@pytest.mark.slow
def test_every_type_in_a_window(database: Database):
    connection = database.connect()
    schema = TYPES + ddl(KINDS)
    connection.execute(schema.encode())
    views = {f"v{number}": declared(f"c{number}", d="r.d") for number in range(len(KINDS))}
    live(connection, compiled_for(schema, views, "window"), KINDS)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["full", "incremental"])
def test_every_type_that_only_a_server_knows(database: Database, mode: str):
    connection = database.connect()
    schema = TYPES + ddl(COMPUTED)
    connection.execute(schema.encode())
    views = {f"v{number}": declared(f"c{number}", EITHER) for number in range(len(COMPUTED))}
    live(connection, compiled_for(schema, views, mode), COMPUTED)


@pytest.mark.slow
def test_every_type_in_a_body(database: Database):
    connection = database.connect()
    schema = TYPES + ddl(KINDS)
    connection.execute(schema.encode())
    views = {
        f"v{number}": {"grain": ["k"], "sql": f"SELECT c{number} AS k, count(*) AS n FROM r GROUP BY 1"}
        for number in range(len(KINDS))
    }
    live(connection, compiled_for(schema, views), KINDS)


@pytest.mark.parametrize("value", ["r.{0}", "COALESCE(r.{0}, r.{0})"])
@pytest.mark.parametrize("mode", ["full", "incremental"])
def test_arrays_that_are_never_null(database: Database, mode: str, value: str):
    connection = database.connect()
    schema = TYPES + ddl(ARRAYS, " NOT NULL")
    connection.execute(schema.encode())
    views = {f"v{number}": declared(f"c{number}", value) for number in range(len(ARRAYS))}
    live(connection, compiled_for(schema, views, mode), ARRAYS, null=False)


@on_major(15)
@pytest.mark.parametrize("mode", ["full", "incremental"])
def test_values_that_are_equal_for_their_type_or_collation(database: Database, mode: str):
    kinds = {
        "citext": ("a", "b", "A"),
        "text COLLATE nocase": ("a", "b", "A"),
        "varchar(5) COLLATE nocase": ("a", "b", "A"),
        "text[] COLLATE nocase": ("{a}", "{}", "{A}"),
        "citext[]": ("{a}", "{}", "{A}"),
    }
    before = (
        "CREATE EXTENSION citext;\n"
        "CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);\n"
    )
    connection = database.connect()
    schema = before + ddl(kinds)
    connection.execute(schema.encode())
    views = {f"v{number}": declared(f"c{number}") for number in range(len(kinds))}
    live(connection, compiled_for(schema, views, mode), kinds)


SEVERAL = """
CREATE TYPE mood AS ENUM ('ok', 'sad');
CREATE TABLE r (id int PRIMARY KEY, m mood, n numeric(5,1), t text, a varchar(3) COLLATE "C", b varchar(3) COLLATE "POSIX");
"""


def several(connection: Connection, mode: str, dimensions: Mapping[str, str], changes: tuple[str, ...]) -> None:
    """That after each change a refresh leaves the groups that there are, by several dimensions."""
    view = {"sources": {"r": {"table": "r"}}, "dimensions": dict(dimensions), "aggregates": {"rows": {"count": "r"}}}
    compiled = compiled_for(SEVERAL, {"v": view}, mode)
    connection.execute(SEVERAL.encode())
    connection.execute(
        "INSERT INTO r VALUES (1, 'ok', 1, 'x', 'x', 'y'), (2, 'ok', NULL, NULL, 'y', NULL), (3, NULL, NULL, NULL, NULL, NULL)"
    )
    apply(connection, compiled, options=ANYTHING)
    never_whole(connection)
    columns = ", ".join(f"{value} AS {name}" for name, value in dimensions.items())
    numbers = ", ".join(str(number) for number in range(1, len(dimensions) + 1))
    for change in changes:
        connection.execute(change.encode())
        connection.execute("CALL mvc.refresh('public', 'v')")
        run = last_run(connection, "v")
        assert (run.status, run.error) == ("completed", None), change
        wanted = f"SELECT v::text FROM (SELECT {columns}, count(*) AS rows FROM r GROUP BY {numbers}) AS v ORDER BY 1"
        shown = connection.execute("SELECT v::text FROM v ORDER BY 1").fetchall()
        assert shown == connection.execute(wanted.encode()).fetchall(), change


@pytest.mark.parametrize("mode", ["full", "incremental"])
def test_several_types_and_collations(database: Database, mode: str):
    dimensions = {name: f"r.{name}" for name in "mntab"}
    changes = (
        "INSERT INTO r VALUES (4, 'ok', 1.0, 'x', 'x', 'y'), (5, NULL, NULL, NULL, NULL, NULL), (6, 'sad', NULL, 'x', 'y', NULL)",
        "DELETE FROM r WHERE id IN (2, 3, 5)",
        "INSERT INTO r (id) VALUES (7)",
    )
    several(database.connect(), mode, dimensions, changes)


@pytest.mark.parametrize("beside", ["r.n", "r.t"])
@pytest.mark.parametrize("mood", ["r.m", "CASE WHEN r.id > 0 THEN r.m END", "ARRAY[r.m]"])
def test_a_label_that_gets_another_name(database: Database, mood: str, beside: str):
    """A row of a group that was stored under the old name leads to this group, and to no second one."""
    changes = (
        "ALTER TYPE mood RENAME VALUE 'ok' TO 'fine'",
        "INSERT INTO r VALUES (4, 'fine', 1.0, 'x'), (5, 'fine', NULL, NULL), (6, NULL, 2, NULL)",
        "DELETE FROM r WHERE m = 'fine'",
    )
    several(database.connect(), "incremental", {"mood": mood, "beside": beside}, changes)


def test_what_was_deployed_with_a_length_is_built_anew(database: Database, monkeypatch: pytest.MonkeyPatch):
    """As earlier versions stored it. A view whose hidden column is what it was stays."""
    connection = database.connect()
    schema = "CREATE TABLE r (id int PRIMARY KEY, c0 varchar(5), c1 text);\n"
    connection.execute(schema.encode())
    connection.execute("INSERT INTO r VALUES (1, 'a', 'a'), (2, NULL, NULL)")
    views = {"v0": declared("c0"), "v1": declared("c1")}
    with monkeypatch.context() as patch:
        patch.setattr("mvc.engines.postgres.query.hidden._without_modifier", lambda value: value)
        apply(connection, compiled_for(schema, views), options=ANYTHING)
    with pytest.raises(psycopg.errors.DatatypeMismatch, match="anyarray"):
        connection.execute("CALL mvc.refresh('public', 'v0')")
    compiled = compiled_for(schema, views)
    done = apply(connection, compiled, options=ANYTHING)
    assert (done.changed, done.unchanged) == (("v0",), ("v1",))
    assert mvc.plan(connection, compiled).empty
    watched = Watched(connection, compiled, views)
    watched.unchanged()
    assert not watched.wrong


def test_a_column_that_bears_the_hidden_name(database: Database):
    connection = database.connect()
    schema = "CREATE TABLE r (id int PRIMARY KEY, mvc_grain varchar(3));\n"
    view = {
        "sources": {"r": {"table": "r"}},
        "dimensions": {"mvc_grain": "r.mvc_grain"},
        "aggregates": {"mvc_grain_2": {"count": "r"}},
    }
    connection.execute(schema.encode())
    connection.execute("INSERT INTO r VALUES (1, 'a'), (2, NULL)")
    compiled = compiled_for(schema, {"v": view}, "incremental")
    apply(connection, compiled, options=ANYTHING)
    connection.execute("INSERT INTO r VALUES (3, NULL)")
    connection.execute("CALL mvc.refresh('public', 'v')")
    assert last_run(connection, "v").error is None
    assert connection.execute("TABLE v ORDER BY 1").fetchall() == [("a", 1), (None, 2)]
