"""Views that files of SQL define: dumps and migrations, without a server."""

from __future__ import annotations

from typing import Any

import pytest

import mvc
from mvc.importing.renamed_outputs import renamed
from mvc.source import read

TABLES = "CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL, note text);\n"


def data_of(text: str, view: str = "v", **more: Any) -> dict[str, Any]:
    imported = mvc.import_views(sql={"schema.sql": TABLES + text}, **more)
    document, found = read("v.yml", imported.files[f"views/{view}.yml"])
    assert found == ()
    assert document is not None
    return document.data


def imported_of(text: str, **more: Any) -> mvc.Imported:
    return mvc.import_views(sql={"schema.sql": TABLES + text}, **more)


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("CREATE MATERIALIZED VIEW v AS SELECT id FROM t;", "SELECT id FROM t"),
        ("CREATE MATERIALIZED VIEW IF NOT EXISTS v AS SELECT id FROM t WITH NO DATA;", "SELECT id FROM t"),
        ("CREATE MATERIALIZED VIEW v WITH (fillfactor = 70) TABLESPACE fast AS SELECT id FROM t WITH DATA", "SELECT id FROM t"),
        ("create materialized view v using heap as\n  -- all\n  SELECT id -- the key\n  FROM t;", "SELECT id -- the key\n  FROM t"),
        ("CREATE MATERIALIZED VIEW v (a, b) AS SELECT id, n FROM t", "SELECT id AS a, n AS b FROM t"),
        ("CREATE MATERIALIZED VIEW v AS WITH x AS (SELECT id FROM t) SELECT id FROM x", "WITH x AS (SELECT id FROM t) SELECT id FROM x"),
        ("DO $$BEGIN IF NOT EXISTS (SELECT) THEN CREATE MATERIALIZED VIEW v AS SELECT id FROM t; END IF; END$$;", "SELECT id FROM t"),
        ("DO $$BEGIN EXECUTE 'CREATE MATERIALIZED VIEW v AS SELECT id FROM t'; END$$", "SELECT id FROM t"),
        ("DO LANGUAGE plpgsql $a$BEGIN EXECUTE $b$CREATE MATERIALIZED VIEW v AS SELECT id FROM t$b$; END$a$", "SELECT id FROM t"),
        (
            "CREATE MATERIALIZED VIEW v AS SELECT n FROM t; CREATE MATERIALIZED VIEW v_new AS SELECT id FROM t; DROP MATERIALIZED VIEW v; ALTER MATERIALIZED VIEW v_new RENAME TO v;",
            "SELECT id FROM t",
        ),
        ("CREATE MATERIALIZED VIEW v AS SELECT n FROM t; DROP MATERIALIZED VIEW v; CREATE MATERIALIZED VIEW v AS SELECT id FROM t;", "SELECT id FROM t"),
        ("CREATE MATERIALIZED VIEW v AS SELECT id FROM t; CREATE MATERIALIZED VIEW IF NOT EXISTS v AS SELECT n FROM t;", "SELECT id FROM t"),
        ("CREATE MATERIALIZED VIEW v AS SELECT id FROM t;\n-- +goose Down\nDROP MATERIALIZED VIEW v;", "SELECT id FROM t"),
        ("CREATE MATERIALIZED VIEW v AS TABLE t", "TABLE t"),
    ],
)  # fmt: skip
def test_the_query_is_its_author_s(text, query):
    assert data_of(text)["sql"].rstrip("\n") == query


def test_what_else_is_said_of_it():
    data = data_of(
        """
        CREATE MATERIALIZED VIEW v WITH (fillfactor = 70, toast.autovacuum_enabled = off) AS SELECT id, n, note FROM t;
        CREATE UNIQUE INDEX v_key ON v (id);
        CREATE INDEX CONCURRENTLY v_n ON public.v USING btree (n DESC, (lower(note)) NULLS FIRST) INCLUDE (id) WHERE (n > 0);
        CREATE INDEX gone ON v (n); DROP INDEX gone;
        COMMENT ON MATERIALIZED VIEW v IS 'What there is.';
        COMMENT ON COLUMN public.v.n IS 'How many.';
        """
    )
    assert data["grain"] == ("id",)
    assert data["with"] == {"fillfactor": 70, "toast.autovacuum_enabled": False}
    assert data["indexes"] == (
        {"columns": ("n desc nulls first", "lower(note) nulls first"), "where": "n > 0", "include": ("id",)},
    )
    assert (data["description"], data["columns"]) == ("What there is.", {"n": "How many."})


def test_its_readers():
    imported = imported_of(
        """
        CREATE MATERIALIZED VIEW v AS SELECT id FROM t; CREATE MATERIALIZED VIEW w AS SELECT id FROM t;
        GRANT SELECT ON v TO a, b; GRANT ALL ON TABLE public.w TO PUBLIC; REVOKE SELECT ON v FROM b;
        GRANT INSERT ON v TO c; GRANT SELECT ON ALL TABLES IN SCHEMA public TO d;
        """
    )
    document, _ = read("p.yml", imported.files["policies/imported.yml"])
    assert document is not None
    assert [(item["view"], item.get("to")) for item in document.data["policies"]] == [
        ("v", ("a", "d")), ("w", None), ("w", ("d",))
    ]  # fmt: skip


def test_a_view_between_and_what_reads_it():
    text = """
        CREATE MATERIALIZED VIEW v AS SELECT id, n FROM t; CREATE VIEW mid AS SELECT id, n FROM v WHERE n > 1; CREATE VIEW above AS SELECT * FROM v;
        CREATE MATERIALIZED VIEW w AS SELECT n, count(*) FROM mid GROUP BY n;
        """
    imported = imported_of(text)
    assert [(view.name, view.kind, view.grain) for view in imported.views] == [
        ("v", "materialized view", ("id",)), ("mid", "view", None), ("w", "materialized view", ("n",))
    ]  # fmt: skip
    assert not [item for item in imported.diagnostics if item.severity == "error"]


def test_with_cascade_go_all_that_read_it():
    text = "CREATE MATERIALIZED VIEW v AS SELECT id FROM t; CREATE MATERIALIZED VIEW w AS SELECT id FROM v; DROP MATERIALIZED VIEW v CASCADE;"
    with pytest.raises(mvc.NothingFound):
        imported_of(text)


def test_schedules():
    imported = imported_of(
        """
        CREATE MATERIALIZED VIEW v AS SELECT id FROM t;
        CREATE FUNCTION again() RETURNS void LANGUAGE plpgsql AS $$BEGIN REFRESH MATERIALIZED VIEW v; END$$;
        SELECT cron.schedule('nightly', '0 3 * * *', $$SELECT again()$$);
        SELECT cron.schedule('gone', '0 4 * * *', 'REFRESH MATERIALIZED VIEW v'); SELECT cron.unschedule('gone');
        """
    )
    document, _ = read("s.yml", imported.files["schedules/imported.yml"])
    assert document is not None
    assert document.data["schedules"] == ({"schedule": "nightly", "refresh": "v", "every": "0 3 * * *"},)


def test_of_a_project_whose_catalog_has_the_tables():
    project = {"mvc.yml": "catalog: tables.sql\n", "tables.sql": TABLES}
    imported = mvc.import_views(sql={"v.sql": "CREATE MATERIALIZED VIEW v AS SELECT id FROM t"}, project=project)
    assert list(imported.files) == ["views/v.yml"]
    assert imported.views[0].grain == ("id",)


def test_what_cannot_be_read_is_named_with_its_place():
    text = "CREATE MATERIALIZED VIEW v AS SELECT id FROM t;\nCREATE MATERIALIZED VIEW w AS SELECT FROM FROM t;\nDO $$BEGIN EXECUTE format('CREATE MATERIALIZED VIEW %I AS SELECT 1', x); END$$"
    lost = imported_of(text).lost
    assert [item.what for item in lost] == ["schema.sql:3", "schema.sql:4"]
    assert "syntax error" in lost[0].reason
    assert "put together as it runs" in lost[1].reason


@pytest.mark.parametrize("text", ["a" + " || a" * 3000, "(" * 3000 + "a" + ")" * 3000, "a" + "::text" * 3000])
def test_a_query_that_is_nested_too_deep_ends_nothing(text):
    """Whatever becomes of it, what stands beside it comes in, and nobody sees a traceback."""
    files = f"CREATE MATERIALIZED VIEW deep (x, y) AS SELECT {text} AS z FROM t; CREATE MATERIALIZED VIEW v AS SELECT id FROM t;"
    assert data_of(files)["grain"] == ("id",)


def test_rows_of_a_dump_are_passed_over():
    rows = "COPY t (id, n) FROM stdin;\n1\tCREATE MATERIALIZED VIEW x AS\n\\.\nINSERT INTO t VALUES (1, 2, 'CREATE MATERIALIZED VIEW');\n"
    imported = imported_of(f"{rows}CREATE MATERIALIZED VIEW v AS SELECT id FROM t;")
    assert [view.name for view in imported.views] == ["v"]
    assert imported.lost == ()


def test_other_search_paths():
    text = "CREATE SCHEMA r; SET search_path TO r, public; CREATE MATERIALIZED VIEW v AS SELECT id FROM t; CREATE UNIQUE INDEX ON v (id);"
    assert data_of(text)["view"] == "v"
    assert "exposed: r" in imported_of(text).files["mvc.yml"]


@pytest.mark.parametrize(
    ("sql", "names", "expected"),
    [
        ("SELECT a, b AS c FROM t", ("x", "y"), "SELECT a AS x, b AS y FROM t"),
        ("SELECT a, b c FROM t", ("x", "y"), "SELECT a AS x, b AS y FROM t"),
        ("SELECT a IS DISTINCT FROM b FROM t", ("x",), "SELECT a IS DISTINCT FROM b AS x FROM t"),
        ("SELECT extract(year FROM a), (SELECT 1 FROM u)", ("x", "y"), "SELECT extract(year FROM a) AS x, (SELECT 1 FROM u) AS y"),
        ("SELECT 'ä', b FROM t", ("x", "Y"), "SELECT 'ä' AS x, b AS \"Y\" FROM t"),
        ("SELECT a AS k FROM t ORDER BY k", ("x",), "SELECT x\nFROM (\nSELECT a AS k FROM t ORDER BY k\n) AS renamed (x)"),
        ("SELECT a FROM t ORDER BY x", ("x",), "SELECT x\nFROM (\nSELECT a FROM t ORDER BY x\n) AS renamed (x)"),
        ("SELECT * FROM t", ("x",), "SELECT *\nFROM (\nSELECT * FROM t\n) AS renamed (x)"),
        ("SELECT a FROM t UNION SELECT b FROM t", ("x",), "SELECT x\nFROM (\nSELECT a FROM t UNION SELECT b FROM t\n) AS renamed (x)"),
        ("SELECT a, b FROM t", ("a",), "SELECT a, b FROM t"),
    ],
)  # fmt: skip
def test_names_of_a_column_list(sql, names, expected):
    assert renamed(sql, names) == expected


def test_without_a_parser_for_the_platform(monkeypatch):
    monkeypatch.setattr("mvc.importing.sql_files.is_available", lambda: False)
    with pytest.raises(mvc.NothingFound, match="no build for this platform") as raised:
        imported_of("CREATE MATERIALIZED VIEW v AS SELECT id FROM t")
    assert raised.value.hint == "--database asks a server"


@pytest.mark.parametrize(("form", "begin"), [("text", "view  query"), ("markdown", "| view | query |"), ("json", "{")])
def test_its_report_is_rendered(form, begin):
    imported = imported_of("CREATE MATERIALIZED VIEW v AS SELECT id FROM t")
    assert mvc.render(imported, form).startswith(begin)


def test_remarks_that_are_alike_are_said_once():
    text = "".join(
        f"CREATE MATERIALIZED VIEW v{number} AS SELECT id FROM t; GRANT SELECT ON v{number} TO PUBLIC;"
        for number in range(3)
    )
    assert "  v0, v1, v2: everybody may read it (PUBLIC)" in mvc.render(imported_of(text))


@pytest.mark.parametrize(
    ("query", "requires"),
    [
        ("SELECT id, similarity(note, 'x') AS s FROM t", ("pg_trgm",)),
        ("SELECT id, note::citext AS c FROM t", ("citext",)),
        ("SELECT id, ST_SetSRID(ST_MakePoint(n, n), 4326) AS p FROM t", ("postgis",)),
        ("SELECT id, lower(note) AS s FROM t", None),
        ("SELECT id, own(n) AS s FROM t", None),
    ],
)
def test_extensions_that_a_view_names(query, requires):
    own = "CREATE FUNCTION own(int) RETURNS int LANGUAGE sql AS 'SELECT 1';"
    assert data_of(f"{own} CREATE MATERIALIZED VIEW v AS {query}").get("requires") == requires


def test_an_extension_by_an_index():
    text = "CREATE MATERIALIZED VIEW v AS SELECT id, note FROM t; CREATE INDEX ON v USING gin (note gin_trgm_ops)"
    assert data_of(text)["requires"] == ("pg_trgm",)
