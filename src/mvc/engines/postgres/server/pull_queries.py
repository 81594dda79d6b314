"""The catalog queries of `pull`, and of a plan for what its views use, for PostgreSQL 15 to 18.

Those of `pull` take two lists: schemas to read (NULL: all) and to skip. Those of a plan take lists of the schemas and names of relations, and
of functions; they leave the definitions of views out, so they wait for nobody. They take no lock beyond AccessShare on the system
catalogs; `pg_get_viewdef` holds the same for an instant on a view. What an extension made is left out of a pull, save its functions: the
extension makes them again, DDL and pg_dump do not name them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_WANTED: Final = "{wanted}"  # which relations or functions: one of the two conditions below
_DEFINITION: Final = "CASE WHEN c.relkind IN ('v', 'm') THEN pg_catalog.pg_get_viewdef(c.oid) END"
_BY_SCHEMA: Final = """
    n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND (%(schemas)s::text[] IS NULL OR n.nspname = ANY (%(schemas)s)) AND n.nspname <> ALL (%(skip)s::text[])"""
_NO_MEMBER: Final = """
    NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                WHERE d.classid = {oid_of}.tableoid AND d.objid = {oid_of}.oid AND d.deptype = 'e')"""
_OF_CLASS: Final = _NO_MEMBER.format(oid_of="c")
_OF_TYPE: Final = _NO_MEMBER.format(oid_of="t")

RELATIONS: Final = f"""
SELECT c.oid::int8, n.nspname, c.relname,
       CASE WHEN c.relispartition THEN 'partition'
            ELSE CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table' WHEN 'v' THEN 'view'
                                WHEN 'm' THEN 'materialized view' ELSE 'foreign table' END END,
       ARRAY(SELECT a.attname::text
             FROM pg_catalog.pg_partitioned_table p, unnest(p.partattrs::int2[]) WITH ORDINALITY AS k (number, place)
             JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number
             WHERE p.partrelid = c.oid AND k.number > 0 ORDER BY k.place),
       c.relrowsecurity,
       coalesce((SELECT CASE WHEN 0 = ANY (p.partattrs::int2[]) THEN 'expression'
                             ELSE CASE p.partstrat WHEN 'r' THEN 'range' WHEN 'l' THEN 'list' ELSE 'hash' END END
                 FROM pg_catalog.pg_partitioned_table p WHERE p.partrelid = c.oid), ''),
       c.relkind IN ('r', 'f') AND EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhparent = c.oid),
       {_DEFINITION}
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relpersistence <> 't' AND {_WANTED} AND {_OF_CLASS}
ORDER BY c.oid"""

# A NOT NULL that is NOT VALID (18) proves nothing yet; a domain that forbids NULL does.
COLUMNS: Final = f"""
SELECT a.attrelid::int8, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod),
       NOT (t.typnotnull OR coalesce(b.typnotnull, false)
            OR a.attnotnull AND NOT EXISTS (
                SELECT FROM pg_catalog.pg_constraint k
                WHERE k.conrelid = a.attrelid AND k.contype = 'n' AND NOT k.convalidated AND k.conkey = ARRAY[a.attnum])),
       coalesce((SELECT l.oid::pg_catalog.regcollation::text FROM pg_catalog.pg_collation l WHERE l.oid = a.attcollation AND NOT l.collisdeterministic), '')
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid LEFT JOIN pg_catalog.pg_type b ON b.oid = t.typbasetype
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c') AND a.attnum > 0 AND NOT a.attisdropped AND {_WANTED}
ORDER BY a.attrelid, a.attnum"""

KEYS: Final = f"""
SELECT i.indrelid::int8, i.indisprimary,
       ARRAY(SELECT a.attname::text FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k (number, place)
             JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
             WHERE k.place <= i.indnkeyatts ORDER BY k.place)
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL AND {_WANTED}"""

# The plain columns with which an index on all rows begins, each by the collation of its column.
INDEXES: Final = f"""
SELECT i.indrelid::int8,
       ARRAY(SELECT a.attname::text FROM unnest(i.indkey::int2[], i.indcollation::oid[]) WITH ORDINALITY AS k (number, collated, place)
             JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number AND a.attcollation = k.collated
             WHERE k.place <= i.indnkeyatts AND k.place < coalesce(
                 (SELECT min(o.place) FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS o (number, place) WHERE o.number = 0), 1000)
             ORDER BY k.place)
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid JOIN pg_catalog.pg_am m ON m.oid = x.relam
WHERE NOT i.indisunique AND i.indisvalid AND i.indpred IS NULL AND m.amname = 'btree' AND {_WANTED}"""

# A reference to a partitioned table has a twin for each of its partitions, which says nothing more.
FOREIGN_KEYS: Final = f"""
SELECT k.conrelid::int8, k.confrelid::int8,
       ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS o (number, place)
             JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = o.number ORDER BY o.place),
       ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY AS o (number, place)
             JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = o.number ORDER BY o.place)
FROM pg_catalog.pg_constraint k
JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE k.contype = 'f' AND k.convalidated AND pg_catalog.to_jsonb(k) ->> 'conperiod' IS DISTINCT FROM 'true'
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint p WHERE p.oid = k.conparentid AND p.conrelid = k.conrelid)
  AND {_WANTED}"""

# What implements an extension's operators, types and index methods is never called by name. The constructors of a range
# type (deptype 'i') come with the type.
FUNCTIONS: Final = f"""
SELECT n.nspname, p.proname,
       ARRAY(SELECT pg_catalog.format_type(a.type, NULL) FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY AS a (type, place)
             ORDER BY a.place),
       pg_catalog.format_type(p.prorettype, NULL), p.prokind::text, p.proretset, p.provolatile::text,
       p.pronargdefaults::int, p.provariadic <> 0, p.proargnames, p.proargmodes::text[],
       ARRAY(SELECT pg_catalog.format_type(a.type, NULL) FROM unnest(p.proallargtypes) WITH ORDINALITY AS a (type, place)
             ORDER BY a.place),
       coalesce(e.extname, ''), l.lanname, CASE WHEN e.oid IS NULL AND p.prosqlbody IS NULL THEN p.prosrc ELSE '' END,
       (SELECT pg_catalog.substr(s.setting, 13) FROM unnest(p.proconfig) AS s (setting) WHERE pg_catalog.starts_with(s.setting, 'search_path='))
FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
JOIN pg_catalog.pg_language l ON l.oid = p.prolang
LEFT JOIN pg_catalog.pg_depend d ON d.classid = p.tableoid AND d.objid = p.oid AND d.deptype = 'e'
LEFT JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
WHERE {_WANTED}
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend i
                  WHERE i.classid = p.tableoid AND i.objid = p.oid AND i.deptype = 'i')
  AND (e.oid IS NULL OR NOT (
        EXISTS (SELECT FROM pg_catalog.pg_operator o WHERE o.oprcode = p.oid)
        OR EXISTS (SELECT FROM pg_catalog.pg_amproc m WHERE m.amproc = p.oid)
        OR EXISTS (SELECT FROM pg_catalog.pg_aggregate g
                   WHERE p.oid IN (g.aggtransfn, g.aggfinalfn, g.aggcombinefn, g.aggserialfn, g.aggdeserialfn))))"""

ENUMS: Final = f"""
SELECT n.nspname, t.typname,
       ARRAY(SELECT e.enumlabel::text FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder)
FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
WHERE t.typtype = 'e' AND {_WANTED} AND {_OF_TYPE}"""

DOMAINS: Final = f"""
SELECT n.nspname, t.typname, pg_catalog.format_type(t.typbasetype, t.typtypmod),
       NOT (t.typnotnull OR b.typnotnull),
       ARRAY(SELECT pg_catalog.pg_get_expr(k.conbin, 0) FROM pg_catalog.pg_constraint k
             WHERE k.contypid = t.oid AND k.contype = 'c' ORDER BY k.conname)
FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
JOIN pg_catalog.pg_type b ON b.oid = t.typbasetype
WHERE t.typtype = 'd' AND {_WANTED} AND {_OF_TYPE}"""

COMPOSITES: Final = f"""
SELECT t.typrelid::int8, n.nspname, t.typname
FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
JOIN pg_catalog.pg_class c ON c.oid = t.typrelid
WHERE t.typtype = 'c' AND c.relkind = 'c' AND {_WANTED} AND {_OF_TYPE}"""

RANGES: Final = f"""
SELECT n.nspname, t.typname, pg_catalog.format_type(r.rngsubtype, NULL)
FROM pg_catalog.pg_range r JOIN pg_catalog.pg_type t ON t.oid = r.rngtypid
JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
WHERE {_WANTED} AND {_OF_TYPE}"""

EXTENSIONS: Final = """
SELECT extname FROM pg_catalog.pg_extension
WHERE extname <> 'plpgsql' AND %(schemas)s::text[] IS NOT DISTINCT FROM %(schemas)s AND %(skip)s::text[] IS NOT NULL"""

# Operators and casts that no extension brought: as `CREATE OPERATOR` and `CREATE CAST` in DDL.
OPERATORS: Final = """
SELECT DISTINCT m.name FROM (
  SELECT 'pg_catalog.pg_operator'::pg_catalog.regclass AS class, o.oid, o.oprname::text AS name FROM pg_catalog.pg_operator o
  UNION ALL SELECT 'pg_catalog.pg_cast'::pg_catalog.regclass, c.oid, 'cast' FROM pg_catalog.pg_cast c) AS m
WHERE m.oid >= 16384 AND NOT EXISTS (
  SELECT FROM pg_catalog.pg_depend d WHERE d.classid = m.class AND d.objid = m.oid AND d.deptype = 'e')
  AND %(schemas)s::text[] IS NOT DISTINCT FROM %(schemas)s AND %(skip)s::text[] IS NOT NULL"""


ALL: Final[Mapping[str, str]] = {
    name: query.replace(_WANTED, _BY_SCHEMA)
    for name, query in {
        "columns": COLUMNS,
        "relations": RELATIONS,
        "keys": KEYS,
        "indexes": INDEXES,
        "foreign_keys": FOREIGN_KEYS,
        "functions": FUNCTIONS,
        "enums": ENUMS,
        "domains": DOMAINS,
        "composites": COMPOSITES,
        "ranges": RANGES,
        "extensions": EXTENSIONS,
        "operators": OPERATORS,
    }.items()
}

# Those of a plan are looked up by name once, as `asked` and `called`.
_RELATION_ASKED: Final = "c.oid IN (SELECT a.oid FROM asked AS a)"
_FUNCTION_ASKED: Final = "p.oid IN (SELECT c.oid FROM called AS c)"
OF_NAMED_RELATIONS: Final[Mapping[str, str]] = {
    "columns": COLUMNS.replace(_WANTED, _RELATION_ASKED),
    "relations": (RELATIONS.replace(_DEFINITION, "NULL")).replace(_WANTED, _RELATION_ASKED).replace(_OF_CLASS, "true"),
    "keys": KEYS.replace(_WANTED, _RELATION_ASKED),
    "foreign_keys": FOREIGN_KEYS.replace(_WANTED, _RELATION_ASKED),
}
OF_NAMED_FUNCTIONS: Final = FUNCTIONS.replace(_WANTED, _FUNCTION_ASKED)
