-- Rows that refer to rows which are not there, though a foreign key says that they are: a load with the checks off leaves such ones, and a trigger or a rule that keeps a
-- cascade from its rows. The groups of changed rows are told by the key.

-- Why the groups of changed rows cannot be told by the constraints of their tables; NULL where they can.
CREATE OR REPLACE FUNCTION {schema}.constraint_lacking(stored {schema}.stored_relation)
RETURNS text LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN {schema}.constraint_gone(stored) || ', by which the groups of changed rows are told';
END $$;

-- Whether what is stored now has groups that its constraints do not tell: what was wrong before the last refresh is looked for in all rows, where that one left no
-- snapshot, else in those that changed since.
CREATE OR REPLACE FUNCTION {schema}.untold_groups(stored {schema}.stored_relation)
RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RETURN coalesce({schema}.constraint_gone(stored),
    CASE WHEN stored.cursor IS NULL THEN {schema}.dangling_rows(stored) ELSE {schema}.dangling_changes(stored, {schema}.changed_logs(stored)) END)
    || ', when it was last computed';
END $$;

-- The references between the tables that a stored relation follows, by the columns that their logs have, as parts of queries.
CREATE OR REPLACE FUNCTION {schema}.references_followed(stored {schema}.stored_relation)
RETURNS TABLE (child_log name, parent_log name, said text, child text, parent text, referring text, referred text, child_is text, parent_is text, parent_has text, filled text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan AS $$
BEGIN
  RETURN QUERY
  WITH followed AS MATERIALIZED (
    SELECT w.log, w.columns, to_regclass(format('%I.%I', w.table_schema, w.table_name))::oid AS relation FROM {schema}.watched_table AS w WHERE w.log = ANY (stored.watches)
  ), noted AS MATERIALIZED (
    SELECT string_to_array(n.line, ' ') AS part FROM jsonb_array_elements_text(stored.proven -> 'constraints') AS n (line) WHERE n.line LIKE 'refers %'
  )
  SELECT c.log, p.log, format('rows of %s refer by %s to rows of %s that are not there, though a foreign key says they are', c.relation::regclass, k.listed, p.relation::regclass),
    c.relation::regclass::text, p.relation::regclass::text, k.referring, k.referred, k.child_is, k.parent_is, k.parent_has, k.filled
  FROM noted AS n JOIN followed AS c ON c.relation = n.part[2]::oid JOIN followed AS p ON p.relation = n.part[4]::oid
  CROSS JOIN LATERAL (
    SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY u.number) AS listed, string_agg(format('l.%I AS k%s', a.attname, u.number), ', ' ORDER BY u.number) AS referring,
      string_agg(format('l.%I AS k%s', b.attname, u.number), ', ' ORDER BY u.number) AS referred,
      string_agg(format('c.%I OPERATOR(pg_catalog.=) l.k%s', a.attname, u.number), ' AND ' ORDER BY u.number) AS child_is,
      string_agg(format('p.%I OPERATOR(pg_catalog.=) l.k%s', b.attname, u.number), ' AND ' ORDER BY u.number) AS parent_is,
      string_agg(format('p.%I OPERATOR(pg_catalog.=) c.%I', b.attname, a.attname), ' AND ' ORDER BY u.number) AS parent_has,
      string_agg(format('c.%I IS NOT NULL', a.attname), ' AND ' ORDER BY u.number) AS filled,
      bool_and(a.attname = ANY (c.columns) AND b.attname = ANY (p.columns) AND a.attcollation = b.attcollation
        AND greatest(a.atttypid, b.atttypid) < 16384) AS known  -- types of PostgreSQL's own
    FROM unnest(n.part[3]::int2[], n.part[5]::int2[]) WITH ORDINALITY AS u (own, other, number)
    JOIN pg_attribute AS a ON a.attrelid = c.relation AND a.attnum = u.own JOIN pg_attribute AS b ON b.attrelid = p.relation AND b.attnum = u.other) AS k
  WHERE k.known ORDER BY 3;
END $$;

-- The first such reference among rows that changed since the last refresh, in words: a changed row that refers to nothing, or rows that still refer to what has gone.
CREATE OR REPLACE FUNCTION {schema}.dangling_changes(stored {schema}.stored_relation, changed_logs text[])
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  tests text;
  said text;
BEGIN
  IF changed_logs = '{}' OR NOT jsonb_path_exists(stored.proven -> 'constraints', '$[*] ? (@ starts with "refers ")') THEN
    RETURN NULL;
  END IF;
  tests := (
    SELECT string_agg(format('CASE WHEN EXISTS (SELECT FROM (SELECT DISTINCT %s FROM %I.%I AS l WHERE NOT pg_catalog.pg_visible_in_snapshot(l.mvc_at, $1)'
        ' AND l.mvc_at >= pg_catalog.pg_snapshot_xmin($1)) AS l WHERE NOT EXISTS (SELECT FROM %s AS p WHERE %s) AND EXISTS (SELECT FROM %s AS c WHERE %s)) THEN %L END',
      s.listed, '{name}', s.log, r.parent, r.parent_is, r.child, r.child_is, r.said), ', ')
    FROM {schema}.references_followed(stored) AS r CROSS JOIN LATERAL (VALUES (r.child_log, r.referring), (r.parent_log, r.referred)) AS s (log, listed)
    WHERE s.log = ANY (changed_logs));
  IF tests IS NOT NULL THEN
    EXECUTE format('SELECT coalesce(%s, NULL)', tests) INTO said USING stored.cursor;
  END IF;
  RETURN said;
END $$;

-- The same of all rows.
CREATE OR REPLACE FUNCTION {schema}.dangling_rows(stored {schema}.stored_relation)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  tests constant text := (
    SELECT string_agg(format('CASE WHEN EXISTS (SELECT FROM %s AS c WHERE NOT EXISTS (SELECT FROM %s AS p WHERE %s) AND %s) THEN %L END', r.child, r.parent, r.parent_has, r.filled, r.said), ', ')
    FROM {schema}.references_followed(stored) AS r);
  said text;
BEGIN
  IF tests IS NOT NULL THEN
    EXECUTE format('SELECT coalesce(%s, NULL)', tests) INTO said;
  END IF;
  RETURN said;
END $$;
