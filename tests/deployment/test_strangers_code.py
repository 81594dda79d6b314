"""Whoever may create something in a schema of the search path plants a better match for everything that the emitted SQL calls. None of
it may run with rights that are not its owner's: not for who deploys, refreshes or reads, before a deployment or after it.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import psycopg
import pytest

import mvc
from mvc.compiled.project import Compiled
from mvc.engines.postgres.plan.steps import HAZARDS
from mvc.engines.postgres.server.apply import ApplyOptions, apply, plan
from mvc.engines.postgres.server.errors import ServerError
from mvc.engines.postgres.server.status import status
from mvc.spec.aggregate import FUNCTIONS, PAIRS
from servers import BOOKING_SCHEMA, MAJORS, ROOT, Database

from .planting import make_planter, plant, ran, uproot

Connection = psycopg.Connection[Any]
ANYTHING = ApplyOptions(frozenset(HAZARDS))
BOTH = pytest.mark.parametrize("postgres_server", [min(MAJORS), max(MAJORS)], indirect=True, scope="session")
SCHEMA = """
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE TABLE shop (id int PRIMARY KEY, name varchar(40) NOT NULL, kind varchar(10), owner_name varchar(40));
CREATE TABLE sale (id int PRIMARY KEY, shop_id int NOT NULL REFERENCES shop, label varchar(20), amount numeric(12,2) NOT NULL,
  pieces smallint NOT NULL, paid boolean NOT NULL, day date NOT NULL, at timestamp NOT NULL, weight real, note char(8), felt mood);
"""
ROWS = """
INSERT INTO shop SELECT g, 'shop ' || g, CASE g % 3 WHEN 0 THEN NULL ELSE 'k' || g % 3 END, 'postgres' FROM generate_series(1, 9) AS g;
INSERT INTO sale SELECT g, g % 9 + 1, 'l' || g % 7, g * 1.5, g % 5, g % 2 = 0, CURRENT_DATE - g % 40, now() - g * interval '1 day', g, 'n' || g, 'good'
FROM generate_series(1, 200) AS g;
"""
OPTIONS = {
    "count": "{count: s, where: \"s.label LIKE 'l%' AND s.pieces > 1\"}",
    "string_agg": "{string_agg: s.label, separator: ', ', order: s.label}",
    "percentile": "{percentile: s.amount, at: 0.9}",
    "bool_and": "{bool_and: s.paid}",
    "bool_or": "{bool_or: s.pieces = 2}",
    "first": "{first: s.label, order: s.at desc}",
    "last": "{last: s.note, order: s.at}",
    "array_agg": "{array_agg: s.label, order: s.label}",
    "json_agg": "{json_agg: s.label, order: s.id}",
    "jsonb_agg": "{jsonb_agg: s.note, order: s.id}",
    "mode": "{mode: s.label}",
    "min": "{min: s.label}",
    "max": "{max: s.note}",
    "count_distinct": "{count_distinct: s.label}",
    **{key: f"{{{key}: [s.amount, s.pieces]}}" for key in PAIRS},
    **{key: f"{{{key}: [s.id, s.label], order: s.id}}" for key in ("json_object_agg", "jsonb_object_agg")},
    **{key: f"{{{key}: s.id}}" for key in ("bit_and", "bit_or", "bit_xor")},
    **{key: f"{{{key}: 3, order: s.amount}}" for key in FUNCTIONS if key.endswith("_of")},
    "every": "{every: s.paid}",
    "range_agg": "{range_agg: \"daterange(s.day, s.day, '[]')\"}",
    "range_intersect_agg": '{range_intersect_agg: "daterange(s.day, NULL)"}',
    "percentile_disc": "{percentile_disc: s.amount, at: 0.9}",
}
FILES = {
    "mvc.yml": "project: shops\ncatalog: s.sql\nsearch_path: [public, extra]\ntimezone: UTC\nrefresh_roles: [ts_refresher]\nnames: {status: mv_status, log: mv_log, refresh_all: refresh_all}\n",
    "s.sql": SCHEMA,
    "views/v.yml": "view: v\nsources:\n  h: {table: shop}\n  s: {table: sale, on: s.shop_id = h.id, where: s.day >= CURRENT_DATE - 30 AND s.weight > 0}\n"
    "where: h.name <> 'none'\ndimensions: {id: h.id, name: upper(h.name), kind: \"coalesce(h.kind, 'x') || '-'\", owner_name: h.owner_name}\naggregates:\n"
    + "".join(
        f"  a_{name}: {OPTIONS.get(name, f'{{{name}: s.amount * 2}}')}\n"
        for name in FUNCTIONS
        if name not in ("any_value", "xmlagg")
    )
    + '  share: {expr: "round(a_sum / nullif(a_count, 0), 2)"}\nindexes: [{columns: ["lower(owner_name || \'X\'::varchar)"], where: "name <> \'a\'"}]\n',
    "views/w.yml": "view: w\nsql: |\n  SELECT s.day, substr(h.name, 1, 3) AS short, count(*) AS n, json_build_object('n', count(*), 'top', max(s.label)) AS j\n"
    "  FROM sale AS s JOIN shop AS h ON h.id = s.shop_id WHERE s.felt::text = 'good' AND s.note IN ('n1', 'n2', 'n3') GROUP BY 1, 2\n"
    "grain: [day, short]\n",
    "policies/p.yml": "policies:\n  - {policy: p, view: v, to: [ts_reader], using: \"owner_name = current_user::varchar OR current_setting('app.role', true) = 'admin'\"}\n"
    "  - {policy: q, view: w, to: [ts_reader], using: \"day > CURRENT_DATE - 90 AND short LIKE 's%'\"}\n",
    "schedules/s.yml": "schedules: [{schedule: often, refresh: v, within: 1h, mode: incremental}]\n",
}


def shops(**changed: str) -> Compiled:
    return mvc.compile(mvc.load({**FILES, **changed}))


def booking_project() -> Compiled:
    paths = [
        ROOT / "mvc.yml",
        BOOKING_SCHEMA,
        *ROOT.glob("views/*.yml"),
        *ROOT.glob("policies/*.yml"),
        *ROOT.glob("schedules/*.yml"),
    ]
    return mvc.compile(
        mvc.load({path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in paths})
    )


def prepare(connection: Connection) -> None:
    for role in ("ts_refresher", "ts_reader"):
        with suppress(psycopg.errors.DuplicateObject):
            connection.execute(f"CREATE ROLE {role} LOGIN")
    make_planter(connection)


def quiet(database: Database) -> Connection:
    """A connection for the test's own questions, in which nothing that is planted is found."""
    return database.connect(options="-c search_path=pg_catalog")


def deploy(database: Database, project: Compiled) -> list[str]:
    """Deploys as often as it takes, dropping what it was refused for each time; returns that."""
    connection, own = database.connect(), quiet(database)
    dropped: list[str] = []
    while problem := _refusal(connection, project):
        assert ran(own) == 0, problem
        dropped.append(uproot(own, problem))
    return dropped


def _refusal(connection: Connection, project: Compiled) -> ServerError | None:
    try:
        apply(connection, project, options=ANYTHING)
    except ServerError as problem:
        return problem
    return None


def use(database: Database, project: Compiled, reader: str) -> None:
    """Everything that runs of a deployed project, with the path of an ordinary session."""
    owner, own = database.connect(), quiet(database)
    for view in project.views:
        if own.execute("SELECT to_regclass(%s)", (f"mvc.{view.storage[1]}",)).fetchone() == (None,):
            continue
        for mode in (*view.modes, *(["verify"] if view.increment else [])):
            owner.execute("CALL mvc.refresh(%s, %s, %s)", (view.schema, view.name, mode))
        with database.connect(options=f"-c role={reader}") as reading:
            reading.execute(f'SELECT * FROM {view.schema}."{view.name}"'.encode()).fetchall()
    failed = own.execute("SELECT view_name, mode, error FROM mvc.refresh_log WHERE status <> 'completed'").fetchall()
    assert failed == []
    owner.execute("SELECT * FROM mvc.view_status").fetchall()
    status(owner, project)
    assert plan(owner, project).empty


@BOTH
class TestNothingPlantedRuns:
    def test_of_every_aggregate_and_rule(self, database: Database) -> None:
        connection, own, project = database.connect(), quiet(database), shops()
        connection.execute(SCHEMA + ROWS)
        prepare(own)
        first, then = ("public", "extra") if database.major == 15 else ("extra", "public")
        assert plant(own, project.sql, first) > 500
        with pytest.raises(psycopg.errors.WrongObjectType, match="of the role ts_planter"):
            connection.execute(project.sql.encode())
        connection.execute("ROLLBACK")
        assert len(deploy(database, project)) > 10
        use(database, project, "ts_reader")
        assert plant(own, project.sql, then) > 500
        plant(own, project.sql, first)
        own.execute("UPDATE public.sale SET amount = amount + 1 WHERE id < 20")
        use(database, project, "ts_reader")
        assert ran(own) == 0

    def test_of_the_reference_project(self, booking: Database) -> None:
        own, project = quiet(booking), booking_project()
        prepare(own)
        assert plant(own, project.sql) > 500
        assert len(deploy(booking, project)) >= 2
        use(booking, project, "authenticated")
        plant(own, project.sql)
        use(booking, project, "authenticated")
        assert ran(own) == 0
