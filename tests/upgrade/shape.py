"""What the server says of everything that the runtime has in the stored schema: equal for what was upgraded and what was installed anew."""

from __future__ import annotations

from mvc.engines.postgres.runtime import own_tables, runtime_views

from .restored import Connection

Shape = dict[str, set[tuple[object, ...]]]

_PARTS = {
    "column": """SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated, pg_get_expr(d.adbin, d.adrelid)
        FROM own AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum WHERE c.relkind = 'r'""",
    # until PostgreSQL 18 NOT NULL is of the column alone
    "constraint": "SELECT c.relname, t.conname, pg_get_constraintdef(t.oid) FROM own AS c JOIN pg_constraint AS t ON t.conrelid = c.oid WHERE t.contype <> 'n'",
    "index": "SELECT c.relname, pg_get_indexdef(i.indexrelid) FROM own AS c JOIN pg_index AS i ON i.indrelid = c.oid",
    "trigger": "SELECT pg_get_triggerdef(t.oid), t.tgenabled FROM own AS c JOIN pg_trigger AS t ON t.tgrelid = c.oid WHERE NOT t.tgisinternal",
    "view": "SELECT c.relname, pg_get_viewdef(c.oid), c.reloptions FROM own AS c WHERE c.relkind = 'v'",
    "right": "SELECT c.relname, e.grantee::regrole::text, e.privilege_type FROM own AS c, aclexplode(c.relacl) AS e",
    "routine": """SELECT p.proname, pg_get_function_arguments(p.oid), pg_get_function_result(p.oid), p.prosrc, p.prosecdef, p.proconfig, p.provolatile,
        ARRAY(SELECT e.grantee::regrole::text FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS e ORDER BY 1)
        FROM pg_proc AS p WHERE p.pronamespace = 'mvc'::regnamespace""",
}


def shape_of(connection: Connection) -> Shape:
    """By kind, with names before all else, so that a difference says what it is about."""
    names = [*own_tables(), *runtime_views()]
    own = "WITH own AS (SELECT c.* FROM pg_class AS c WHERE c.relnamespace = 'mvc'::regnamespace AND c.relname = ANY (%s)) "
    found: Shape = {}
    for kind, query in _PARTS.items():
        rows = connection.execute((own + query).encode(), (names,)).fetchall()
        found[kind] = {tuple(tuple(item) if isinstance(item, list) else item for item in row) for row in rows}
    return found


def columns_in_order(connection: Connection) -> dict[str, list[str]]:
    """The columns of the runtime's tables as `SELECT *` gives them."""
    query = """SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum) FROM pg_class AS c
        JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE c.relnamespace = 'mvc'::regnamespace AND c.relname = ANY (%s) AND c.relkind = 'r' GROUP BY 1"""
    return dict(connection.execute(query, (list(own_tables()),)).fetchall())


def outside(connection: Connection) -> list[tuple[object, ...]]:
    """The views of others: definitions, options, rights, comments."""
    return connection.execute(
        """SELECT c.relname::text, pg_get_viewdef(c.oid), c.reloptions::text, c.relacl::text, obj_description(c.oid),
        (SELECT string_agg(a.attacl::text, ' ') FROM pg_attribute AS a WHERE a.attrelid = c.oid)
        FROM pg_class AS c WHERE c.relnamespace = 'rep'::regnamespace ORDER BY 1"""
    ).fetchall()
