"""Every kind of change, there and back, on a server with everything that others may have put on the views: the second plan
is empty, the rows are those of a fresh build, and what was granted, said and built by others is as before.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from mvc.engines.postgres.server.apply import apply
from servers import NEWEST, Servers, new_database

from .projects import (
    BOTH_ARMS,
    MAJORS,
    OUTSIDE,
    POLICIES,
    SALES,
    Connection,
    Edit,
    Files,
    aggregate,
    answers,
    build_shop,
    compiled,
    deploy,
    dump,
    edited,
    in_place,
    in_tables,
    rows_of,
    rules,
    sales,
    shop,
)

pytestmark = pytest.mark.by_turns

BY_HAND = ("dm_bob", "dm_analyst", "dm_carol")


@dataclass(frozen=True)
class Change:
    """Edits of the shop, after those that make the state to start from. `nothing` says that they are no change at all."""

    name: str
    edits: tuple[Edit, ...]
    start: tuple[Edit, ...] = ()
    nothing: bool = False

    def __str__(self) -> str:
        return self.name


def dimension(name: str, spec: Any) -> Edit:
    def edit(files: Files) -> None:
        found = files[SALES]["dimensions"]
        files[SALES]["dimensions"] = {key: item for key, item in found.items() if key != name} | (
            {name: spec} if spec else {}
        )

    return edit


def renamed(old: str, new: str) -> Edit:
    def edit(files: Files) -> None:
        found = files[SALES]["aggregates"]
        files[SALES]["aggregates"] = {new if key == old else key: item for key, item in found.items()}

    return edit


def without(*paths: str) -> Edit:
    return lambda files: [files.pop(path) for path in paths]


def moved(files: Files) -> None:
    files["views/deep/er/other.yml"] = files.pop(SALES)


def other_alias(files: Files) -> None:
    text = files[SALES]
    text["sources"] = {"cu": {"table": "customers"}, "ord": {"on": "ord.customer_id = cu.id", "table": "orders"}}
    text["dimensions"] = {"id": "cu.id", "name": {"expr": "cu.name", "description": "The name"}, "city": "cu.city"}
    text["aggregates"]["total"]["sum"] = "ord.amount"
    text["aggregates"]["n"] = {"count": "ord"}
    text["aggregates"]["last_day"] = {"max": "ord.placed::date"}


def backwards(files: Files) -> None:
    files[SALES] = dict(reversed(files[SALES].items()))
    for key in ("aggregates", "dimensions", "sources"):
        files[SALES][key] = dict(reversed(files[SALES][key].items()))
    files[SALES]["indexes"].reverse()
    files[POLICIES]["policies"].reverse()


def no_rule_on(view: str) -> Edit:
    def edit(files: Files) -> None:
        for policy in files[POLICIES]["policies"]:
            if isinstance(policy["view"], list):
                policy["view"] = [item for item in policy["view"] if item != view]

    return edit


TWO_ARMS = rules({"using": BOTH_ARMS})
CHANGES = [
    Change("nothing", (), nothing=True),
    Change("a moved file", (moved,), nothing=True),
    Change("another alias", (other_alias,), nothing=True),
    Change("keys in another order", (backwards,), nothing=True),
    Change("a column added at the end", (aggregate("pieces", {"sum": "o.pieces"}),)),
    Change("a column added in the middle", (aggregate("n", None), aggregate("pieces", {"sum": "o.pieces"}), aggregate("n", {"count": "o"}))),
    Change("a dimension added that the grain fixes", (dimension("tier", "c.tier"),)),
    Change("a column removed", (aggregate("n", None),)),
    Change("a column removed and one added", (aggregate("n", None), aggregate("pieces", {"sum": "o.pieces"}))),
    Change("a column renamed", (renamed("n", "orders"),)),
    Change("a column renamed, and said to be", (renamed("n", "orders"), in_place("orders", {"count": "o", "was": "n"}))),
    Change("a column renamed that others read", (renamed("total", "revenue"), sales("indexes", []), rules({"using": "revenue > 0"}),
        lambda f: f["views/by_city.yml"]["aggregates"].update({"total": {"sum": "s.revenue"}}))),
    Change("two columns that swap their names", (in_place("total", {"count": "o", "default": 0, "description": "All of it"}),
        in_place("n", {"sum": "o.amount", "default": 0}))),
    Change("a column retyped", (in_place("last_day", {"max": "o.placed"}),)),
    Change("a column retyped and one removed, one renamed", (in_place("last_day", {"max": "o.placed"}), aggregate("n", None), dimension("city", None),
        dimension("town", "c.city"), sales("indexes", []), lambda f: f["views/by_city.yml"].update(dimensions={"city": "s.town"}))),
    Change("a column redefined", (in_place("total", {"sum": "o.amount * 2", "default": 0, "description": "All of it"}),)),
    Change("another grain", (dimension("id", "c.id + 1000"), dimension("tier", "c.tier"))),
    Change("a source added", (lambda f: f[SALES]["sources"].update(p={"table": "orders", "on": "p.customer_id = c.id", "where": "p.status = 'paid'"}),
        aggregate("paid", {"sum": "p.amount"}))),
    Change("a source changed", (lambda f: f[SALES]["sources"]["o"].update(where="o.status = 'paid'"),)),
    Change("a source required", (lambda f: f[SALES]["sources"]["o"].update(required=True),)),
    Change("a filter", (sales("where", "c.tier > 0"),)),
    Change("materialized to plain", (sales("materialized", False), sales("indexes", []), lambda f: f[SALES].pop("with"))),
    Change("plain to materialized downstream", (lambda f: f["views/now.yml"].update(materialized=True),)),
    Change("an index added", (lambda f: f[SALES]["indexes"].append({"columns": ["name", "n desc"], "include": ["city"]}),)),
    Change("an index removed", (sales("indexes", [{"columns": ["city"]}]),)),
    Change("an index changed", (sales("indexes", [{"columns": ["total asc"]}, {"columns": ["city"], "where": "n > 1", "name": "by city"}]),)),
    Change("an index by another name", (sales("indexes", [{"columns": ["total desc"], "name": "dear"}, {"columns": ["city"]}]),)),
    Change("an index of the same name changed", (sales("indexes", [{"columns": ["total"], "name": "one"}, {"columns": ["city"]}]),),
        (sales("indexes", [{"columns": ["city"], "name": "one"}, {"columns": ["city"]}]),)),
    Change("a storage parameter added", (sales("with", {"fillfactor": 90, "autovacuum_enabled": False, "autovacuum_vacuum_scale_factor": 0.05}),)),
    Change("a storage parameter changed", (sales("with", {"fillfactor": 70}),)),
    Change("a storage parameter removed", (lambda f: f[SALES].pop("with"),)),
    Change("a parameter of the toast table", (sales("with", {"fillfactor": 90, "toast.autovacuum_enabled": False}),)),
    Change("a policy loosened", (rules({"using": "total > 0"}, {"using": "city IS NULL"}),)),
    Change("a policy tightened", (rules({"using": "total > 500 AND city IS NOT NULL"}),)),
    Change("a restrictive policy", (rules({"using": "total > 0"}, {"as": "restrictive", "using": "n > 3"}),)),
    Change("one arm to two", (TWO_ARMS,)),
    Change("two arms to others", (rules({"using": "id = app_user() OR app_role() IN ('admin', 'none')"}),), (TWO_ARMS,)),
    Change("two arms to others, columns in another order", (backwards, rules({"using": "id > app_user() OR app_role() IN ('admin', 'x')"})), (TWO_ARMS,)),
    Change("two arms and a column added in the middle", (TWO_ARMS, dimension("tier", "c.tier")), (TWO_ARMS,)),
    Change("two arms and a column removed", (TWO_ARMS, aggregate("n", None)), (TWO_ARMS,)),
    Change("two arms to a free view", (rules({"using": True}),), (TWO_ARMS,)),
    Change("every policy removed", (rules(),)),
    Change("a policy for everyone", (rules({"to": None, "using": "total > 3"}),)),
    Change("a reader added", (rules({"using": "total > 0", "to": ["dm_reader", "dm_other"]}),)),
    Change("a reader exchanged", (rules({"using": "total > 0", "to": ["dm_other"]}),)),
    Change("a description added", (in_place("n", {"count": "o", "description": "How many"}), lambda f: f["views/alone.yml"].update(description="alone"))),
    Change("descriptions changed", (sales("description", "It's other"), dimension("name", {"expr": "c.name", "description": "N"}))),
    Change("descriptions removed", (lambda f: f[SALES].pop("description"), in_place("total", {"sum": "o.amount", "default": 0}),
        lambda f: f["views/top.yml"].pop("columns"))),
    Change("the middle of the chain changed", (lambda f: f["views/by_city.yml"]["aggregates"].update(most={"max": "s.total"}),)),
    Change("the middle of the chain filtered", (lambda f: f["views/by_city.yml"].update(where="s.total > 100"),)),
    Change("a body changed", (lambda f: f["views/top.yml"].update(sql="SELECT b.city, b.total FROM by_city AS b WHERE b.total > 4000"),)),
    Change("a body that reads two views", (lambda f: f["views/top.yml"].update(
        sql="SELECT b.city, b.total, (SELECT max(s.n) FROM sales AS s) AS n FROM by_city AS b"),)),
    Change("another time zone", (lambda f: f["mvc.yml"].update(timezone="Asia/Tokyo"),)),
    Change("roles that refresh", (lambda f: f["mvc.yml"].update(refresh_roles=["dm_other"]),)),
    Change("a view added", (lambda f: f.update({"views/new.yml": {"view": "new", "sources": {"s": {"view": "sales"}}, "dimensions": {"city": "s.city"}, "aggregates": {"n": {"count": "s"}}}}),)),
    Change("a view removed", (without("views/alone.yml"),)),
    Change("the end of the chain removed", (without("views/now.yml", "views/top.yml"), no_rule_on("now"), no_rule_on("top"))),
    Change("all kept in tables", (in_tables,)),
    Change("one kept in a table", (in_tables, lambda f: f["schedules/partly.yml"]["schedules"][0].update(refresh="sales"))),
    Change("a schedule", (lambda f: f.update({"schedules/s.yml": {"schedules": [{"schedule": "s", "refresh": "all", "every": "0 * * * *"}]}}),)),
]  # fmt: skip


# Without dependents: where a view is dropped and created, and where nothing may happen.
ALONE = [
    change
    for change in CHANGES
    if change.nothing or any(word in change.name for word in ("removed", "retyped", "arms", "plain"))
]


@dataclass
class Standing:
    """A database that one change after the other is made in; `storage` decides what stores the views, `begun` where the shop is deployed, `dirty`
    where a test has left it in another state.
    """

    connection: Connection
    storage: tuple[Edit, ...] = ()
    begun: bool = False
    dirty: bool = False

    def deployed(self, extra: str = "") -> Connection:
        """The shop as it is in the beginning, with what `extra` adds."""
        if self.dirty:
            self.connection.execute("DROP SCHEMA IF EXISTS rep CASCADE; DROP SCHEMA IF EXISTS mvc CASCADE")
        if self.dirty or not self.begun:
            deploy(self.connection, compiled(edited(*self.storage)))
            self.connection.execute(extra)
        self.begun = self.dirty = True
        return self.connection


STORAGES: dict[str, tuple[Edit, ...]] = {"materialized views": (), "tables": (in_tables,)}
EVERYWHERE = [(major, "materialized views") for major in MAJORS] + [(NEWEST, "tables")]


@pytest.fixture(scope="module", params=EVERYWHERE, ids=lambda param: f"pg{param[0]}-{param[1]}")
def outside(request: pytest.FixtureRequest, servers: Servers) -> Iterator[Standing]:
    yield from _standing(request.param[0], servers, STORAGES[request.param[1]])


@pytest.fixture(scope="module", params=STORAGES)
def alone(request: pytest.FixtureRequest, servers: Servers) -> Iterator[Standing]:
    yield from _standing(NEWEST, servers, STORAGES[request.param])


def _standing(major: int, servers: Servers, storage: tuple[Edit, ...]) -> Iterator[Standing]:
    server = servers.get(major)
    with shop(server, servers.template(server, "shop_template", build_shop)) as database:
        yield Standing(database.connect(), storage)


@dataclass(frozen=True)
class Fresh:
    """What a fresh build of a project has: its rows, what is stored and how, and who may do what."""

    rows: Any
    catalog: list[tuple[Any, ...]]


_fresh: dict[str, Fresh] = {}


def fresh(servers: Servers, files: Files) -> Fresh:
    """A build in a database of its own; the same on every major version."""
    key = repr(files)
    if key not in _fresh:
        server = servers.get(NEWEST)
        with new_database(server, servers.template(server, "shop_template", build_shop)) as database:
            connection = database.connect()
            apply(connection, compiled(files))
            _fresh[key] = Fresh(rows_of(connection, compiled(files)), ours(connection))
    return _fresh[key]


def ours(connection: Connection) -> list[tuple[Any, ...]]:
    """What a deployment alone decides: stored relations in use, their indexes and parameters, columns, comments, readers."""
    live = {f"mvc.{row[0]}" for row in connection.execute("SELECT quote_ident(stored_name) FROM mvc.deployed_view")}
    rows = [row for row in dump(connection, without=("rep",)) if row[1] in live or row[1].startswith("public.")]
    rows = [row[:6] for row in rows if not (row[0] == "grant" and row[5] in BY_HAND) and row[0] != "trigger"]
    return sorted({(*row[:5], None) if row[5] == "by hand" or row[1] in live else row for row in rows}, key=repr)


def there_and_back(
    change: Change, connection: Connection, servers: Servers, storage: tuple[Edit, ...]
) -> Iterator[str]:
    """Stops in the first state, after the change, and back again."""
    first, then = edited(*storage, *change.start), edited(*storage, *change.start, *change.edits)
    if change.start:
        deploy(connection, compiled(first))
    before = dump(connection, oids=change.nothing)
    yield "first"
    done = deploy(connection, compiled(then))
    expected = fresh(servers, then)
    assert rows_of(connection, compiled(then)) == expected.rows
    assert ours(connection) == expected.catalog
    if change.nothing:
        assert (done.deployment, dump(connection, oids=True)) == (0, before)
    yield "changed"
    deploy(connection, compiled(first))
    assert rows_of(connection, compiled(first)) == fresh(servers, first).rows
    assert without_order(dump(connection, oids=change.nothing)) == without_order(before)
    yield "back"
    if change.start:
        deploy(connection, compiled(edited(*storage)))


@pytest.mark.parametrize("change", ALONE, ids=str)
def test_change_without_dependents(change: Change, alone: Standing, servers: Servers):
    for _ in there_and_back(change, alone.deployed(), servers, alone.storage):
        pass
    alone.dirty = False


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_change_with_dependents_outside(change: Change, outside: Standing, servers: Servers):
    connection = outside.deployed(OUTSIDE)
    said: list[Any] = []
    kept: list[tuple[Any, ...]] = []
    for stop in there_and_back(change, connection, servers, outside.storage):
        if stop == "first":
            said, kept = answers(connection), theirs(connection)
        elif stop == "changed":
            assert set(kept) - set(theirs(connection)) == set()
            assert answers(connection)[0] == connection.execute(doubled(change), prepare=False).fetchall()
        else:
            assert answers(connection) == said
    zones = connection.execute("SELECT array_agg(DISTINCT timezone) FROM mvc.deployed_view").fetchone()
    assert zones == (["UTC"],)
    outside.dirty = False


def doubled(change: Change) -> bytes:
    total = "revenue" if change.name.startswith("a column renamed that") else "total"
    return f"SELECT id, {total} * 2 FROM sales WHERE {total} >= 0 ORDER BY id".encode()


def without_order(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """A dump without the places of columns and the definitions of the exposures: a column that went and came back is last. A trigger of ours that
    refuses writes stays on a view that was once stored as a table.
    """
    kept = [
        (*row[:6], None) if row[0] in ("column", "relation") and row[1].startswith("public.") else row
        for row in rows
        if not _refuses(row)
    ]
    return sorted(kept, key=repr)


def theirs(connection: Connection) -> list[tuple[Any, ...]]:
    """What others own, and what they gave and said."""
    rows = [("comment", row[1], row[5]) if row[5] == "by hand" else row for row in dump(connection)]
    return [
        row for row in rows if _is_theirs(row) and not _refuses(row) and "mvc_log_" not in str(row[2])
    ]  # those log changes, for us


def _refuses(row: tuple[Any, ...]) -> bool:
    return row[0] == "trigger" and "~mvc_refuses" in str(row[2])


def _is_theirs(row: tuple[Any, ...]) -> bool:
    if row[1].startswith("rep."):
        return row[0] not in ("relation", "column")  # a renamed or retyped column shows in these
    return (row[0] == "grant" and row[5] in BY_HAND) or row[0] in ("trigger", "rule", "function", "comment")
