-- The relations that a statement reads, as it names them: `relation_schema` is NULL for a bare name. Text in constants and
-- comments, columns, functions, aliases and the statement's own WITH names are none. Only what reads (SELECT, and DML that
-- selects) is looked at.
CREATE OR REPLACE FUNCTION {schema}.relations_read(statement text)
RETURNS TABLE (relation_schema text, relation_name text) LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp SET standard_conforming_strings = on AS $$
DECLARE
  -- comments (one level of nesting), constants, quoted and bare words, parameters, any other sign
  lexer constant text := '--[^\n]*|/\*(?:[^*/]|\*(?!/)|/(?!\*)|/\*(?:[^*]|\*(?!/))*\*/)*\*/|[eE]''(?:[^''\\]|\\.|'''')*''|(?:[uU]&|[bBxXnN])?''(?:[^'']|'''')*'''
    '|(?:[uU]&)?"(?:[^"]|"")*"|\$[0-9]+|(?:[A-Za-z_]|[^\x01-\x7f])(?:[\w$]|[^\x01-\x7f])*|[^\s]';
  tokens text[] := ARRAY(SELECT t.found[1] FROM regexp_matches(statement, '(' || lexer || ')', 'g') WITH ORDINALITY AS t (found, place)
                         WHERE t.found[1] !~ '^(--|/\*)' ORDER BY t.place);
  words text[] := ARRAY(SELECT CASE WHEN t.token ~ '^"' THEN replace(substr(t.token, 2, length(t.token) - 2), '""', '"')
                                    WHEN t.token ~ '^([A-Za-z_]|[^\x01-\x7f])' AND t.token !~ '''$' THEN lower(t.token) END
                        FROM unnest(tokens) WITH ORDINALITY AS t (token, place) ORDER BY t.place);
  own_names text[] := ARRAY[]::text[];  -- of WITH
  frames text[] := ARRAY['other'];  -- one per open parenthesis: `from` where a relation's name comes next, `list` behind one, else `other`
  token text;
  word text;
  last text;
  depth integer := 1;
  place integer := 0;
BEGIN
  IF lower(tokens[1]) IS NULL OR tokens[1] <> '(' AND lower(tokens[1]) NOT IN ('select', 'with', 'table', 'values', 'insert', 'update', 'delete', 'merge') THEN
    RETURN;
  END IF;
  FOR place IN 1 .. cardinality(tokens) LOOP
    IF lower(tokens[place + 1]) = 'as' AND words[place] IS NOT NULL AND (
         tokens[place + 2] = '(' OR lower(tokens[place + 2]) = 'materialized'
         OR lower(tokens[place + 2]) = 'not' AND lower(tokens[place + 3]) = 'materialized') THEN
      own_names := own_names || words[place];
    END IF;
  END LOOP;
  place := 0;
  WHILE place < cardinality(tokens) LOOP
    place := place + 1;
    token := lower(tokens[place]);
    word := words[place];
    last := lower(tokens[place - 1]);
    IF token = '(' THEN
      depth := depth + 1;
      -- a parenthesis behind FROM may hold joined relations; one behind a name is a function's
      frames[depth] := CASE WHEN lower(tokens[place + 1]) IN ('select', 'with', 'values', 'table') THEN 'query'
                            WHEN frames[depth - 1] = 'from' THEN 'from' ELSE 'call' END;
      IF frames[depth - 1] = 'from' THEN
        frames[depth - 1] := 'list';
      END IF;
    ELSIF token = ')' THEN
      depth := greatest(depth - 1, 1);
    ELSIF token = 'join' OR token = 'table' AND coalesce(last, '(') = '(' OR token = 'from' AND frames[depth] <> 'call' AND last IS DISTINCT FROM 'distinct' THEN
      frames[depth] := 'from';
    ELSIF token = 'using' AND lower(tokens[1]) IN ('delete', 'merge') AND tokens[place + 1] <> '(' THEN
      frames[depth] := 'from';
    ELSIF token = ',' THEN
      frames[depth] := CASE frames[depth] WHEN 'list' THEN 'from' ELSE frames[depth] END;
    ELSIF token IN ('only', 'lateral') AND frames[depth] = 'from' THEN
      CONTINUE;
    ELSIF frames[depth] = 'from' AND word IS NOT NULL THEN
      frames[depth] := 'list';
      IF tokens[place + 1] = '.' AND words[place + 2] IS NOT NULL THEN
        place := place + 2;
        IF tokens[place + 1] = '.' AND words[place + 2] IS NOT NULL THEN  -- database.schema.name
          place := place + 2;
        END IF;
        IF tokens[place + 1] IS DISTINCT FROM '(' THEN
          relation_schema := words[place - 2];
          relation_name := words[place];
          RETURN NEXT;
        END IF;
      ELSIF tokens[place + 1] IS DISTINCT FROM '(' AND word <> ALL (own_names) THEN
        relation_schema := NULL;
        relation_name := word;
        RETURN NEXT;
      END IF;
    ELSIF token IN ('select', 'where', 'group', 'order', 'having', 'limit', 'offset', 'fetch', 'window', 'set', 'union', 'intersect', 'except',
                    'returning', 'values', 'for') THEN
      frames[depth] := CASE frames[depth] WHEN 'call' THEN 'call' ELSE 'query' END;
    END IF;
  END LOOP;
END $$;

-- What pg_stat_statements has of this database, its columns under one name each: `since` is when the counting of a statement
-- began, where the version tells (PostgreSQL 17). `source` is the extension's view.
CREATE OR REPLACE FUNCTION {schema}.statements_in(source regclass)
RETURNS TABLE (statement text, calls bigint, milliseconds double precision, rows bigint, read_milliseconds double precision, since timestamptz)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  columns name[] := ARRAY(SELECT a.attname FROM pg_attribute AS a WHERE a.attrelid = source AND a.attnum > 0 AND NOT a.attisdropped);
BEGIN
  RETURN QUERY EXECUTE format(
    'SELECT s.query, s.calls, s.%I::double precision, s.rows, s.%I::double precision, %s FROM %s AS s'
    ' WHERE s.dbid = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())',
    CASE WHEN 'total_exec_time' = ANY (columns) THEN 'total_exec_time' ELSE 'total_time' END,
    CASE WHEN 'shared_blk_read_time' = ANY (columns) THEN 'shared_blk_read_time' ELSE 'blk_read_time' END,
    CASE WHEN 'stats_since' = ANY (columns) THEN 's.stats_since' ELSE 'NULL::timestamptz' END,
    source);
END $$;

-- Since when statements are counted at the earliest: the last reset.
CREATE OR REPLACE FUNCTION {schema}.statements_since(home name)
RETURNS timestamptz LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  found timestamptz;
BEGIN
  EXECUTE format('SELECT i.stats_reset FROM %I.pg_stat_statements_info AS i', home) INTO found;
  RETURN found;
END $$;

-- How much each view is used: reads by statements of their own, as pg_stat_statements counts them (all since `counted_since`,
-- of which the last `days_back` days cannot be told apart), and scans of what stores it, refreshes among them. `last_scan`
-- (PostgreSQL 16) is NULL where it was a refresh. Where something is not to be had, `hint` says why.
CREATE OR REPLACE FUNCTION {schema}.usage(days_back integer DEFAULT 7)
RETURNS TABLE (view_schema name, view_name name, project text, calls bigint, mean_milliseconds double precision, total_milliseconds double precision,
  read_milliseconds double precision, returned_rows bigint, calls_per_day double precision, counted_since timestamptz, within_days_back boolean,
  sequential_scans bigint, index_scans bigint, last_scan timestamptz, hint text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  home name := (SELECT n.nspname FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements');
  reset timestamptz;
  read jsonb := '[]'::jsonb;
  said text;
BEGIN
  IF days_back IS NULL OR days_back < 1 THEN
    RAISE EXCEPTION 'days_back must be 1 or more, not %', coalesce(days_back::text, 'NULL') USING ERRCODE = 'invalid_parameter_value';
  ELSIF home IS NULL THEN
    said := 'statements are not counted: this database lacks the extension pg_stat_statements (shared_preload_libraries, then CREATE EXTENSION)';
  ELSE
    BEGIN
      reset := {schema}.statements_since(home);
      read := {schema}.reads_of_views(format('%I.pg_stat_statements', home)::regclass);
      IF NOT pg_has_role('pg_read_all_stats', 'USAGE') THEN
        said := format('only statements of %s are counted, whose views these are: GRANT pg_read_all_stats TO %I', current_user, current_user);
      END IF;
    EXCEPTION WHEN object_not_in_prerequisite_state OR insufficient_privilege OR undefined_table OR undefined_column THEN
      said := 'statements are not counted: ' || SQLERRM;
      reset := NULL;
    END;
  END IF;
  RETURN QUERY SELECT d.view_schema, d.view_name, d.project, CASE WHEN reset IS NOT NULL THEN coalesce(r.calls, 0) END,
    r.milliseconds / nullif(r.calls, 0), r.milliseconds, r.read_milliseconds, r.rows,
    CASE WHEN reset IS NOT NULL THEN coalesce(r.calls, 0) / greatest(extract(epoch FROM now() - counted.since) / 86400, 1.0 / 24)::double precision END,
    counted.since, counted.since >= now() - make_interval(days => days_back),
    stat.seq_scan, stat.idx_scan, {schema}.last_use(d.view_schema, d.view_name, to_jsonb(stat)), said
  FROM {schema}.deployed_view AS d
  LEFT JOIN pg_class AS c ON c.relnamespace = to_regnamespace('{schema}') AND c.relname = d.stored_name
  LEFT JOIN pg_stat_all_tables AS stat ON stat.relid = c.oid
  LEFT JOIN jsonb_to_recordset(read) AS r (view_schema name, view_name name, calls bigint, milliseconds double precision, rows bigint,
                                           read_milliseconds double precision, since timestamptz)
    ON r.view_schema = d.view_schema AND r.view_name = d.view_name
  CROSS JOIN LATERAL (SELECT greatest(reset, r.since)) AS counted (since)
  ORDER BY d.view_schema, d.view_name;
END $$;

-- By view: the statements that read it, each counted once however often it names it. A bare name is that of the view in
-- `public`, or of the only one; a view's own storage has another name, so refreshes are none of these.
CREATE OR REPLACE FUNCTION {schema}.reads_of_views(source regclass)
RETURNS jsonb LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH bare AS (
    SELECT DISTINCT ON (d.view_name) d.view_schema, d.view_name FROM {schema}.deployed_view AS d
    ORDER BY d.view_name, d.view_schema <> 'public', d.view_schema
  ), statements AS MATERIALIZED (
    SELECT row_number() OVER () AS number, s.* FROM {schema}.statements_in(source) AS s
    WHERE EXISTS (SELECT FROM {schema}.deployed_view AS d WHERE strpos(lower(s.statement), lower(replace(d.view_name, '"', '""'))) > 0)
  ), reading AS (
    SELECT DISTINCT s.number, d.view_schema, d.view_name
    FROM statements AS s CROSS JOIN LATERAL {schema}.relations_read(s.statement) AS r
    JOIN {schema}.deployed_view AS d ON d.view_name = r.relation_name
      AND (r.relation_schema = d.view_schema
           OR r.relation_schema IS NULL AND (d.view_schema, d.view_name) IN (SELECT b.view_schema, b.view_name FROM bare AS b))
  )
  SELECT coalesce(jsonb_agg(to_jsonb(counted)), '[]') FROM (
    SELECT g.view_schema, g.view_name, sum(s.calls) AS calls, sum(s.milliseconds) AS milliseconds, sum(s.rows) AS rows,
      sum(s.read_milliseconds) AS read_milliseconds, min(s.since) AS since
    FROM reading AS g JOIN statements AS s USING (number) GROUP BY g.view_schema, g.view_name) AS counted
$$;

-- The last scan of a row of pg_stat_all_tables, unless it was within a build, a refresh, or one of a view that reads this one:
-- these scan as well. NULL before PostgreSQL 16.
CREATE OR REPLACE FUNCTION {schema}.last_use(view_schema name, view_name name, stat jsonb)
RETURNS timestamptz LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT max(scan.at) FROM (VALUES ((stat ->> 'last_seq_scan')::timestamptz), ((stat ->> 'last_idx_scan')::timestamptz)) AS scan (at)
  WHERE NOT EXISTS (
    SELECT FROM {schema}.deployed_view AS reader CROSS JOIN LATERAL (
      SELECT coalesce(r.finished_at, now()) AS until FROM {schema}.refresh_log AS r
      WHERE r.view_schema = reader.view_schema AND r.view_name = reader.view_name AND r.started_at <= scan.at
      ORDER BY r.started_at DESC LIMIT 1) AS run
    WHERE run.until >= scan.at AND (
      reader.view_schema = last_use.view_schema AND reader.view_name = last_use.view_name OR EXISTS (
        SELECT FROM {schema}.deployed_view AS d WHERE d.view_schema = last_use.view_schema AND d.view_name = last_use.view_name
          AND d.project = reader.project AND reader.definition -> 'upstream' ? {schema}.called(d.view_schema, d.view_name, d.recorded)::text)))
  AND NOT EXISTS (SELECT FROM {schema}.stored_relation AS s
                  WHERE scan.at BETWEEN s.filled_at AND s.filled_at + make_interval(secs => s.fill_seconds + 1))
$$;
