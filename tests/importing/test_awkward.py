"""Views with odd names, in several schemas, in another zone; and queries that are rare. They come in as those that are common do."""

from __future__ import annotations

import pytest

import mvc
from mvc.quoting import qualified
from servers import need, new_database, newest, on_major

from .test_round_trip import columns_of, comment_of, indexes_of, rows_of

TABLES = """
CREATE SCHEMA "Sales Reports"; CREATE SCHEMA two;
CREATE TABLE t (id int PRIMARY KEY, n int, name text NOT NULL, j jsonb, p point, at timestamptz DEFAULT now(), d date, u text UNIQUE);
CREATE TABLE pt (id int, day date, v int, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE TABLE pt1 PARTITION OF pt FOR VALUES FROM ('2020-01-01') TO ('2030-01-01');
INSERT INTO t SELECT i, i%4, 'n'||i, '{"a":1}', point(i,i), '2024-03-01 23:30+00'::timestamptz + i*interval '1 hour', '2024-01-01', 'u'||i from generate_series(1,50) i;
INSERT INTO pt SELECT i, '2024-01-01'::date+i, i from generate_series(1,20) i;
CREATE FUNCTION f(int) RETURNS int LANGUAGE sql STABLE SET search_path = public AS 'SELECT $1 + 1';
CREATE VIEW base_view AS SELECT id, name, n FROM t WHERE n > 0;
"""
VIEWS = r"""
CREATE MATERIALIZED VIEW "Sales Reports"."weird ""name"": #1" AS SELECT id AS "ID: x", name AS "na,me" FROM t;
CREATE UNIQUE INDEX ON "Sales Reports"."weird ""name"": #1" ("ID: x");
CREATE INDEX ON "Sales Reports"."weird ""name"": #1" (lower("na,me") DESC, "na,me" text_pattern_ops DESC NULLS LAST);
CREATE MATERIALIZED VIEW two.dup AS SELECT id FROM t;
CREATE MATERIALIZED VIEW dup AS SELECT id, n FROM two.dup JOIN t USING (id);
CREATE MATERIALIZED VIEW j AS SELECT id, j, p, j->>'a' AS a FROM t; CREATE UNIQUE INDEX ON j (id); CREATE INDEX ON j USING gin (j jsonb_path_ops); CREATE INDEX ON j USING gist (p); CREATE INDEX ON j ((j->>'a'));
CREATE MATERIALIZED VIEW parts AS SELECT day, sum(v) AS v FROM pt GROUP BY day;
CREATE MATERIALIZED VIEW over_view AS SELECT * FROM base_view; CREATE UNIQUE INDEX ON over_view (id);
CREATE MATERIALIZED VIEW fn AS SELECT id, f(id) AS g, n::text || 'x' AS t FROM t; CREATE UNIQUE INDEX ON fn (id, g);
CREATE MATERIALIZED VIEW days AS SELECT date_trunc('day', at) AS day, count(*) FROM t GROUP BY 1;

CREATE MATERIALIZED VIEW rec AS WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT n FROM r; CREATE UNIQUE INDEX ON rec (n);
CREATE MATERIALIZED VIEW lat AS SELECT t.id, x.k FROM t CROSS JOIN LATERAL (SELECT count(*) AS k FROM pt WHERE pt.v = t.n) x;
CREATE MATERIALIZED VIEW agg AS SELECT n, array_agg(name ORDER BY name) AS names, count(DISTINCT name) AS k, percentile_cont(0.5) WITHIN GROUP (ORDER BY id) AS med, string_agg(name, ', ' ORDER BY id) FILTER (WHERE id > 3) AS s FROM t GROUP BY n HAVING count(*) > 1;
CREATE MATERIALIZED VIEW wnd AS SELECT id, n, lag(name) OVER w AS l, sum(id) OVER (PARTITION BY n ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS s FROM t WINDOW w AS (PARTITION BY n ORDER BY id);
CREATE MATERIALIZED VIEW exc AS SELECT id, n FROM t EXCEPT SELECT id, v FROM pt;
CREATE MATERIALIZED VIEW lim AS SELECT id, name FROM t ORDER BY id DESC LIMIT 10;
CREATE MATERIALIZED VIEW cur AS SELECT id, current_setting('TimeZone') AS z FROM t;
CREATE MATERIALIZED VIEW casts AS SELECT id, '2024-01-01'::date AS d, interval '1 mon 2 days' AS i, '{1,2}'::int[] AS a, E'it''s \\ a' AS e, 'multi
 line' AS m, 1.50::numeric(5,2) AS q, name::varchar(7) AS v, CASE WHEN n = 1 THEN 'one' ELSE NULL END AS c, n IS DISTINCT FROM 2 AS b, ROW(1, name) IS NOT NULL AS r, (ARRAY[1,2])[1] AS el FROM t;
COMMENT ON MATERIALIZED VIEW casts IS E'two\nlines: #1\n';
"""
# What tells the rows apart, where that is not `id`; None where nobody can know.
GRAINS = {
    'weird "name": #1': ("ID: x",), "parts": ("day",), "fn": ("id", "g"), "days": ("day",), "rec": ("n",), "agg": ("n",), "exc": ("id", "n"),
}  # fmt: skip
IN_BERLIN = {"options": "-c TimeZone=Europe/Berlin"}


def test_come_in_as_they_are(database):
    by_hand = database.connect(**IN_BERLIN)
    by_hand.execute(TABLES + VIEWS)
    imported = mvc.import_views(by_hand)
    assert {view.name: view.grain for view in imported.views} == {
        view.name: GRAINS.get(view.name, ("id",)) for view in imported.views
    }
    assert "timezone: Europe/Berlin" in imported.files["mvc.yml"]
    assert not [item for view in imported.views for item in view.lost]
    compiled = mvc.compile(mvc.load(imported.files))
    with new_database(database.server) as other:
        elsewhere = other.connect(**IN_BERLIN)
        elsewhere.execute(TABLES)
        mvc.apply(elsewhere, compiled)
        mvc.refresh(elsewhere, compiled)
        assert len(compiled.views) == len(imported.views) > 15
        for view in compiled.views:
            name = (view.schema, view.name)
            for read in (rows_of, columns_of, comment_of):
                assert read(elsewhere, *name) == read(by_hand, *name), (name, read.__name__)
            before, after = indexes_of(by_hand, qualified(*name)), indexes_of(elsewhere, qualified(*view.storage))
            if view.name in ("rec", "fn"):  # a column may be NULL, for which something stands in the unique index
                before = [item.removeprefix("UNIQUE ") for item in before]
            assert [item for item in before if item not in after] == [], name


def test_their_authors_words_are_proven(database):
    """Wherever the words can be kept, the prints of both are equal."""
    connection = database.connect()
    connection.execute(TABLES + VIEWS)
    imported = mvc.import_views(connection, sql={"views.sql": TABLES + VIEWS})
    assert [view.name for view in imported.views if not view.authored] == []


def test_nothing_tells_rows_apart(database):
    connection = database.connect()
    connection.execute(TABLES)
    connection.execute(
        "CREATE MATERIALIZED VIEW a AS SELECT id, 'a' AS k FROM t UNION ALL SELECT id, 'b' FROM pt;"
        "CREATE MATERIALIZED VIEW b AS SELECT n, name, count(*) FROM t GROUP BY ROLLUP (n, name);"
        "CREATE MATERIALIZED VIEW c (x, y) AS VALUES (1, 2); CREATE MATERIALIZED VIEW d AS SELECT unnest(ARRAY[1, 2]) AS x, id FROM t;"
        "CREATE MATERIALIZED VIEW e AS SELECT t.id, pt.day FROM t JOIN pt ON pt.id = t.id;"
        "CREATE MATERIALIZED VIEW f AS SELECT a.n, a.id AS one, b.id AS other, b.name FROM t a CROSS JOIN t b"
    )
    found = {view.name: view.grain for view in mvc.import_views(connection).views}
    assert found == {"a": None, "b": None, "c": None, "d": None, "e": ("id", "day"), "f": ("one", "other")}


def test_one_that_reads_another_that_stays(database):
    """What is not imported is a relation of the catalog."""
    connection = database.connect()
    connection.execute(f"{TABLES} CREATE MATERIALIZED VIEW low AS SELECT id, n FROM t; CREATE UNIQUE INDEX ON low (id)")
    connection.execute("CREATE MATERIALIZED VIEW high AS SELECT id, n FROM low")
    imported = mvc.import_views(connection, ["high"])
    assert [view.name for view in imported.views] == ["high"]
    assert '"name": "low"' in imported.files["catalog.json"]
    assert not [item for item in imported.diagnostics if item.severity == "error"]


@on_major(15)
def test_extensions_are_required(database):
    """By a function of the query, a type, an operator class of an index."""
    connection = database.connect()
    row = connection.execute(
        "SELECT count(*) FROM pg_available_extensions WHERE name IN ('pg_trgm', 'hstore', 'citext')"
    ).fetchone()
    need(row == (3,), "pg_trgm, hstore and citext (Debian's package postgresql-15)")
    connection.execute(
        f"CREATE EXTENSION pg_trgm; CREATE EXTENSION hstore; CREATE EXTENSION citext; {TABLES} ALTER TABLE t ADD h hstore, ADD c citext[];"
        "CREATE MATERIALIZED VIEW by_call AS SELECT id, similarity(name, 'n1') AS s FROM t;"
        "CREATE MATERIALIZED VIEW by_type AS SELECT id, h FROM t; CREATE MATERIALIZED VIEW by_item AS SELECT id, c FROM t;"
        "CREATE MATERIALIZED VIEW by_index AS SELECT id, name FROM t; CREATE INDEX ON by_index USING gin (name gin_trgm_ops);"
        "CREATE MATERIALIZED VIEW without AS SELECT id FROM t"
    )
    imported = mvc.import_views(connection)
    compiled = mvc.compile(mvc.load(imported.files))
    assert {view.name: view.requires for view in compiled.views} == {
        "by_call": ("pg_trgm",), "by_type": ("hstore",), "by_item": ("citext",), "by_index": ("pg_trgm",), "without": ()
    }  # fmt: skip


@pytest.mark.parametrize("option", ["security_barrier", "security_invoker"])
def test_options_of_a_plain_view_are_named(database, option):
    connection = database.connect()
    connection.execute(
        f"{TABLES} CREATE MATERIALIZED VIEW low AS SELECT id, n FROM t; CREATE VIEW mid WITH ({option}) AS SELECT id FROM low"
    )
    connection.execute("CREATE MATERIALIZED VIEW high AS SELECT id FROM mid")
    found = {view.name: [item.what for item in view.lost] for view in mvc.import_views(connection).views}
    assert found == {"low": [], "mid": [f"option {option}=true"], "high": []}


@newest
def test_rights_beside_reading(database):
    """GRANT ALL gives what means nothing to a view; who may refresh it does mean something."""
    connection = database.connect()
    connection.execute("CREATE ROLE import_refresher; CREATE ROLE import_passing")
    try:
        connection.execute(
            f"{TABLES} CREATE MATERIALIZED VIEW v AS SELECT id, n FROM t; GRANT ALL ON v TO import_refresher"
        )
        connection.execute("GRANT SELECT ON v TO import_passing WITH GRANT OPTION; GRANT SELECT (n) ON v TO PUBLIC")
        (view,) = mvc.import_views(connection).views
        assert view.readers == ("import_passing", "import_refresher")
        assert [item.what for item in view.lost] == [
            "column n: granted to PUBLIC", "GRANT OPTION of import_passing", "MAINTAIN of import_refresher"
        ]  # fmt: skip
    finally:
        connection.execute("DROP OWNED BY import_refresher, import_passing; DROP ROLE import_refresher, import_passing")


@newest
def test_a_role_without_rights_reads_the_catalogs(database):
    """What it cannot prove, it writes as the server prints it."""
    connection = database.connect()
    connection.execute("CREATE ROLE import_stranger LOGIN")
    try:
        connection.execute("CREATE SCHEMA closed; CREATE TABLE closed.t (id int PRIMARY KEY)")
        connection.execute("CREATE MATERIALIZED VIEW closed.v AS SELECT id FROM closed.t")
        sql = {"v.sql": "CREATE MATERIALIZED VIEW closed.v AS SELECT id FROM closed.t"}
        (view,) = mvc.import_views(database.connect(user="import_stranger"), sql=sql).views
        assert (view.grain, view.authored) == (("id",), False)
        assert any("permission denied for schema closed" in text for text in view.remarks)
        assert any("it belongs to" in text for text in view.remarks)
    finally:
        connection.execute("DROP ROLE import_stranger")
