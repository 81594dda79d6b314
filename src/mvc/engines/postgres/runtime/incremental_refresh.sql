-- Computes the rows of a stored relation, or a part of them. `mode` is `first` where it has no readers, else one of the log's
-- modes; `taken` is the mode that it came to, and `detail` says why where that is another one. `changed` rows were not as they
-- should be (NULL where the server does not say), `groups` were computed. Dates are computed in `timezone`, and texts made as
-- by default, whatever the session says; a base table whose row security would hide rows from the owner makes it fail instead
-- of losing them silently. `unheard` says why changes may have gone unnoticed, which whoever began the refresh has found out; an empty one, that it is to be asked.
CREATE OR REPLACE FUNCTION {schema}.refresh_stored(
  stored_name name, timezone text, mode text DEFAULT 'first', since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL,
  unheard text DEFAULT NULL, OUT taken text, OUT changed bigint, OUT groups bigint, OUT detail text
) LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET DateStyle = 'ISO, MDY' SET IntervalStyle = 'postgres'
SET extra_float_digits = 1 SET bytea_output = 'hex' SET standard_conforming_strings = on
SET array_nulls = on SET timezone_abbreviations = 'Default' SET transform_null_equals = off SET gin_fuzzy_search_limit = 0 AS $$
DECLARE
  began timestamptz := CASE current_setting('transaction_isolation') WHEN 'read committed' THEN clock_timestamp() ELSE now() END;
  seen pg_snapshot := {schema}.snapshot_now();
  stored {schema}.stored_relation;
  code jsonb;
  other_code text;
  emptied text;
  known boolean;
  counted bigint;
  renamed text;
  behind text;
BEGIN
  PERFORM set_config('TimeZone', timezone, true), set_config('row_security', 'off', true);
  SELECT * INTO STRICT stored FROM {schema}.stored_relation AS s WHERE s.stored_name = refresh_stored.stored_name FOR UPDATE;
  behind := {schema}.behind(stored);
  renamed := {schema}.expect_sources(stored);
  IF mode = 'first' OR unheard = '' THEN
    unheard := {schema}.unwatched(stored.watches);
  END IF;
  IF mode <> 'first' AND unheard IS NOT NULL THEN
    stored.cursor := NULL;
    stored.missed := unheard;
  END IF;
  code := {schema}.code_seen(stored);
  other_code := CASE WHEN mode <> 'first' AND stored.filled_at IS NOT NULL THEN {schema}.code_changed(stored.made_with, code) END;
  known := stored.made_with IS NOT NULL;
  stored.made_with := coalesce(code, stored.made_with);
  IF stored.companions = '{}' THEN
    taken := {schema}.fill_materialized(stored.stored_name, mode);
    detail := other_code;
  ELSIF mode = 'first' THEN
    taken := mode;
    EXECUTE format('TRUNCATE %I.%I', '{name}', stored.stored_name);
    EXECUTE format('INSERT INTO %1$I.%2$I TABLE %1$I.%3$I', '{name}', stored.stored_name, stored.query_name);
    GET DIAGNOSTICS changed = ROW_COUNT;
    counted := changed;
  ELSE
    IF stored.rows > 0 AND pg_relation_size(format('%I.%I', '{name}', stored.stored_name)::regclass) = 0 THEN  -- who owns it can do that
      emptied := 'its rows were gone, as after a TRUNCATE, or a crash while it was unlogged';
    END IF;
    SELECT f.taken, f.changed, f.growth + CASE WHEN emptied IS NULL THEN stored.rows ELSE 0 END, f.groups, f.detail INTO taken, changed, counted, groups, detail
    FROM {schema}.apply_increment(stored, mode, since, until, coalesce(emptied, other_code)) AS f;
  END IF;
  IF mode <> 'first' AND {schema}.changed_behind(stored) THEN
    RAISE EXCEPTION 'a table was emptied or rewritten, or its partitions changed, behind the snapshot' USING ERRCODE = 'serialization_failure';
  END IF;
  IF other_code IS NOT NULL AND known THEN
    PERFORM {schema}.renew_expressions(stored.stored_name);
  END IF;
  IF counted IS NULL THEN
    EXECUTE format('SELECT count(*) FROM %I.%I', '{name}', stored.stored_name) INTO counted;
  END IF;
  UPDATE {schema}.stored_relation AS s
  SET rows = counted, filled_at = CASE WHEN taken IN ('window', 'verify') THEN s.filled_at ELSE began END,
      windowed_at = CASE WHEN taken = 'window' AND {schema}.is_whole_window(s.stored_name, since, until) THEN began ELSE s.windowed_at END,
      fill_seconds = CASE WHEN taken IN ('first', 'full') THEN extract(epoch FROM clock_timestamp() - began) ELSE s.fill_seconds END,
      made_with = stored.made_with,
      filled_by = CASE WHEN mode = 'first' OR s.filled_by IS NULL THEN pg_current_xact_id() ELSE s.filled_by END
  WHERE s.stored_name = stored.stored_name;
  IF stored.watches <> '{}' THEN
    PERFORM {schema}.follow(stored, seen, taken, unheard);
  END IF;
  detail := nullif(concat_ws('; ', detail, renamed, behind), '');
  IF taken = 'first' OR changed IS NULL OR changed > 0.1 * counted THEN
    EXECUTE format('ANALYZE %I.%I', '{name}', stored.stored_name);
  END IF;
END $$;

-- The first fill of a materialized view is a plain one; after that readers go on.
CREATE OR REPLACE FUNCTION {schema}.fill_materialized(stored_name name, mode text)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  populated boolean;
BEGIN
  SELECT c.relispopulated INTO STRICT populated FROM pg_class AS c WHERE c.oid = format('%I.%I', '{name}', stored_name)::regclass;
  EXECUTE format('REFRESH MATERIALIZED VIEW %s %I.%I', CASE WHEN mode <> 'first' AND populated THEN 'CONCURRENTLY' ELSE '' END,
                 '{name}', stored_name);
  RETURN CASE mode WHEN 'first' THEN mode ELSE 'full' END;
END $$;

-- From the snapshot `seen` on, changes are new to this relation; unless changes may have gone unnoticed, or were kept for less time than it
-- took to compute it: a hold is one for a day, of which an hour is left for the transaction to end. Nor is what was computed while the tables were not as
-- their constraints say, since the groups of then are not told by these: where rows were put right, the next refresh is a whole one, too.
CREATE OR REPLACE FUNCTION {schema}.follow(stored {schema}.stored_relation, seen pg_snapshot, taken text, unheard text)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  kept constant boolean := stored.cursor IS NOT NULL OR coalesce(stored.held_at > clock_timestamp() - interval '23 hours', false);
  untold constant text := CASE WHEN taken NOT IN ('incremental', 'verify') THEN {schema}.untold_groups(stored) END;
BEGIN
  IF taken = 'window' THEN
    UPDATE {schema}.stored_relation AS s SET cursor = NULL, missed = untold WHERE s.stored_name = stored.stored_name AND untold IS NOT NULL;
    RETURN;
  END IF;
  UPDATE {schema}.stored_relation AS s
  SET cursor = CASE WHEN kept AND untold IS NULL AND (taken IN ('incremental', 'verify') OR unheard IS NULL) THEN seen END, as_of = now(),
      server = {schema}.this_server(), hold = NULL,
      missed = CASE WHEN kept THEN untold ELSE 'its changes were not kept for as long as it took to compute it, a day' END
  WHERE s.stored_name = stored.stored_name;
END $$;

-- Refuses to write to relations with rules, or with triggers that may leave out or change what is written, and to those of roles whom nobody trusts: what these gave
-- them would run with our rights.
CREATE OR REPLACE FUNCTION {schema}.expect_ours_alone(relations oid[])
RETURNS void LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  found record;
BEGIN
  FOR found IN
    SELECT c.oid::regclass AS relation, pg_get_userbyid(c.relowner) AS owner FROM pg_class AS c
    WHERE c.oid = ANY (relations) AND NOT {schema}.is_trusted(c.relowner, {schema}.roles_of_projects())
  LOOP
    RAISE EXCEPTION '% belongs to the role %', found.relation, quote_ident(found.owner) USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'mvc apply takes it back';
  END LOOP;
  FOR found IN
    SELECT 'rule' AS kind, r.rulename AS name, r.ev_class::regclass AS relation FROM pg_rewrite AS r JOIN pg_class AS c ON c.oid = r.ev_class AND c.relkind = 'r'
    WHERE r.ev_class = ANY (relations)
    UNION ALL SELECT 'trigger', t.tgname, t.tgrelid FROM pg_trigger AS t WHERE t.tgrelid = ANY (relations) AND t.tgtype & 3 = 3  -- BEFORE, FOR EACH ROW
  LOOP
    RAISE EXCEPTION 'the % % is on %, and may do something else with what a refresh writes', found.kind, quote_ident(found.name), found.relation
      USING ERRCODE = 'object_not_in_prerequisite_state', HINT = format('DROP %s %I ON %s', upper(found.kind), found.name, found.relation);
  END LOOP;
END $$;

-- Brings a stored table up to date, readers going on; all of it where `other_code` says that its rows were computed with something else.
CREATE OR REPLACE FUNCTION {schema}.apply_increment(
  stored {schema}.stored_relation, mode text, since timestamptz, until timestamptz, other_code text,
  OUT taken text, OUT changed bigint, OUT growth bigint, OUT groups bigint, OUT detail text
) LANGUAGE plpgsql AS $$
DECLARE
  definition jsonb := (SELECT d.definition FROM {schema}.deployed_view AS d WHERE d.stored_name = stored.stored_name);
  changed_logs text[];
  wrong bigint;
  more bigint;
BEGIN
  taken := CASE WHEN other_code IS NULL THEN mode ELSE 'full' END;
  detail := other_code;
  IF taken IN ('incremental', 'verify') THEN
    detail := {schema}.whole_because(stored, definition);
    IF detail IS NULL THEN
      changed_logs := {schema}.changed_logs(stored);
      detail := {schema}.dangling_changes(stored, changed_logs);
    END IF;
    IF detail IS NULL THEN
      groups := {schema}.groups_of_keys(stored, definition, {schema}.stage_keys(stored, {schema}.changed_keys(stored, changed_logs)));
      detail := {schema}.over_threshold(stored, groups);
    END IF;
    IF detail IS NOT NULL THEN
      taken := 'full';
    END IF;
  END IF;
  IF taken = 'full' THEN
    groups := NULL;
    PERFORM {schema}.expect_one_row_each(stored);
    SELECT m.changed, m.growth INTO changed, growth FROM {schema}.merge(definition -> 'merge') AS m;
  ELSIF taken = 'window' AND coalesce((definition #>> '{window,inline}')::boolean, true) AND NOT {schema}.is_bare(stored) THEN
    taken := 'full';
    detail := 'a window of it would be computed by text that calls more than PostgreSQL''s own functions, or holds values of others'' types';
    SELECT m.changed, m.growth INTO changed, growth FROM {schema}.merge(definition -> 'merge') AS m;
  ELSIF taken = 'window' THEN
    PERFORM {schema}.expect_one_row_each(stored);
    SELECT m.changed, m.growth INTO changed, growth FROM {schema}.merge(definition #> '{window,merge}', since, until) AS m;
  ELSIF groups = 0 THEN
    changed := 0;
    growth := 0;
  ELSE
    SELECT m.changed, m.growth INTO changed, growth FROM {schema}.merge_groups(stored, definition, groups) AS m;
  END IF;
  IF taken = 'verify' THEN
    SELECT v.written, v.growth, v.detail INTO wrong, more, detail FROM {schema}.verify(stored, definition) AS v;
    changed := changed + wrong;
    growth := growth + more;
  END IF;
END $$;

-- Refuses rows of which two have one key: while the keys of the tables were as they were, there are none, and a merge would take one of them. PostgreSQL
-- itself looks where it refreshes a materialized view.
CREATE OR REPLACE FUNCTION {schema}.expect_one_row_each(stored {schema}.stored_relation)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  gone constant text := {schema}.constraint_gone(stored);
  listed text;
  twice boolean;
BEGIN
  IF gone IS NULL THEN
    RETURN;
  END IF;
  listed := (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_index AS i
    JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1])
    WHERE i.indexrelid = (SELECT min(u.indexrelid) FROM pg_index AS u WHERE u.indrelid = format('%I.%I', '{name}', stored.stored_name)::regclass AND u.indisunique));
  EXECUTE format('SELECT EXISTS (SELECT FROM %I.%I GROUP BY %s HAVING count(*) > 1)', '{name}', stored.query_name, listed) INTO twice;
  IF twice THEN
    RAISE EXCEPTION 'two rows of %.% have the same %: %', quote_ident(stored.view_schema), quote_ident(stored.view_name), listed, gone
      USING ERRCODE = 'unique_violation', HINT = 'put the constraint back, or take it out of the catalog: mvc diff --database says what that means';
  END IF;
END $$;

-- Compares a sample of groups, of those stored and of those that the sources have, with what the query gives; where one was not
-- so, the whole table is brought up to date. Where all that differs are values that the rows do not determine, those are written anew.
CREATE OR REPLACE FUNCTION {schema}.verify(
  stored {schema}.stored_relation, definition jsonb, OUT written bigint, OUT growth bigint, OUT detail text
) LANGUAGE plpgsql AS $$
DECLARE
  sample constant int := 500;
  named text := {schema}.key_columns(stored);
  compared bigint := {schema}.stage_keys(stored, format(
    '(SELECT %1$s FROM %2$I.%3$I ORDER BY random() LIMIT %5$s) UNION (SELECT %1$s FROM %2$I.%4$I ORDER BY random() LIMIT %5$s)',
    named, '{name}', stored.stored_name, stored.companions ->> 'keys', sample));
  wrong bigint;
  undetermined bigint;
  columns text[];
  mended bigint;
  more bigint;
BEGIN
  compared := {schema}.groups_of_keys(stored, definition, compared);
  EXECUTE {schema}.comparison(stored, definition, CASE WHEN {schema}.are_many(stored, compared) THEN 'many' ELSE 'groups' END)
  INTO wrong, undetermined, columns;
  detail := format('%s groups compared: all as the query gives them', compared);
  IF wrong + undetermined = 0 THEN
    written := 0;
    growth := 0;
    RETURN;
  END IF;
  SELECT m.changed, m.growth INTO written, growth FROM {schema}.merge_groups(stored, definition, compared) AS m;
  IF wrong = 0 THEN
    detail := format('%s, but that %s of them had other values in %s, which is not deterministic: the rows do not say which values these are. They were written anew',
                     detail, undetermined, array_to_string(columns, ', '));
    RETURN;
  END IF;
  SELECT m.changed, m.growth INTO mended, more FROM {schema}.merge(definition -> 'merge') AS m;
  detail := format('%s of %s groups compared were not as the query gives them: changes had gone unnoticed. All rows were brought up to date,'
                   ' %s more of them were wrong', wrong, compared, mended);
  written := written + mended;
  growth := growth + more;
END $$;

-- The query that compares the groups that were put aside with what is stored of them: how many are `wrong`, and how many differ only in
-- `columns` that the rows do not determine. What is equal to PostgreSQL is equal here: 1.0 and 1.00, texts that differ in case where their
-- type says so, JSON by its values, sums of floating point numbers but for their last digits, arrays without an order whatever theirs is.
CREATE OR REPLACE FUNCTION {schema}.comparison(stored {schema}.stored_relation, definition jsonb, source text)
RETURNS text LANGUAGE sql STABLE AS $$
  WITH compared AS (
    SELECT a.attname, coalesce(definition #> '{increment,undetermined}' ? a.attname::text, false) AS undetermined,
      {schema}.equality(a, coalesce(definition #> '{increment,unordered}' ? a.attname::text, false)) AS equality
    FROM pg_attribute AS a
    WHERE a.attrelid = format('%I.%I', '{name}', stored.stored_name)::regclass AND a.attnum > 0 AND NOT a.attisdropped
      AND a.attname <> ALL ({schema}.row_columns(stored, definition))
  )
  SELECT format($query$
    SELECT count(*) FILTER (WHERE NOT d.same) AS wrong, count(*) FILTER (WHERE d.same AND NOT d.all_same) AS undetermined,
      array_remove(ARRAY[%4$s]::text[], NULL) AS columns
    FROM (
      SELECT s.r AS is_, w.r AS should, s.there AND w.there AND %1$s AS same, %2$s AS all_same
      FROM (SELECT true AS there, ROW(%10$s)::record AS key, t AS r FROM %5$I.%6$I AS t
            JOIN (SELECT ROW(%3$s)::record AS key FROM %5$I.%7$I) AS d ON d.key = ROW(%9$s)::record) AS s
      FULL JOIN (SELECT true AS there, ROW(%11$s)::record AS key, t AS r FROM %5$I.%8$I AS t) AS w ON s.key = w.key
    ) AS rows CROSS JOIN LATERAL (SELECT rows.same IS TRUE AS same, rows.all_same IS TRUE AS all_same) AS d$query$,
    coalesce((SELECT string_agg(format(c.equality, 's.r', 'w.r'), ' AND ') FROM compared AS c WHERE NOT c.undetermined), 'true'),
    coalesce((SELECT string_agg(format(c.equality, 's.r', 'w.r'), ' AND ') FROM compared AS c WHERE c.undetermined), 'true'),
    (SELECT string_agg(format('%I%s', a.attname, {schema}.collation_of(a)), ', ' ORDER BY k.attnum) FROM pg_attribute AS k
     JOIN pg_attribute AS a ON a.attrelid = format('%I.%I', '{name}', stored.stored_name)::regclass AND a.attname = k.attname
     WHERE k.attrelid = format('%I.%I', '{name}', stored.companions ->> 'dirty')::regclass AND k.attnum > 0),
    (SELECT string_agg(format('CASE WHEN bool_or(d.same AND NOT %s) THEN %L END', format(c.equality, 'rows.is_', 'rows.should'), c.attname), ', ')
     FROM compared AS c WHERE c.undetermined),
    '{name}', stored.stored_name, stored.companions ->> 'dirty', stored.companions ->> source,
    (SELECT string_agg(format('t.%I', k.attname), ', ' ORDER BY k.attnum) FROM pg_attribute AS k
     WHERE k.attrelid = format('%I.%I', '{name}', stored.companions ->> 'dirty')::regclass AND k.attnum > 0),
    (SELECT string_agg(format('t.%I', c.name), ', ' ORDER BY c.ordinality) FROM unnest({schema}.row_columns(stored, definition)) WITH ORDINALITY AS c (name)),
    (SELECT string_agg(format('t.%I%s', c.name, {schema}.collation_of(a)), ', ' ORDER BY c.ordinality)
     FROM unnest({schema}.row_columns(stored, definition)) WITH ORDINALITY AS c (name)
     JOIN pg_attribute AS a ON a.attrelid = format('%I.%I', '{name}', stored.stored_name)::regclass AND a.attname = c.name))
$$;

-- The columns that tell the rows of a stored table apart: those of the keys that are put aside, or where windows make several rows depend on
-- each other, so that one key stands for all of these, the grain.
CREATE OR REPLACE FUNCTION {schema}.row_columns(stored {schema}.stored_relation, definition jsonb)
RETURNS name[] LANGUAGE sql STABLE AS $$
  WITH key_columns AS (
    SELECT array_agg(k.attname ORDER BY k.attnum) AS names FROM pg_attribute AS k
    WHERE k.attrelid = format('%I.%I', '{name}', stored.companions ->> 'dirty')::regclass AND k.attnum > 0
  ), grain AS (
    SELECT array_agg(g.name::name ORDER BY g.ordinality) AS names FROM jsonb_array_elements_text(definition -> 'grain') WITH ORDINALITY AS g (name)
  )
  SELECT CASE WHEN grain.names <@ key_columns.names THEN key_columns.names ELSE grain.names END FROM key_columns, grain
$$;

-- How many groups the keys that were put aside stand for: one each, or those that windows bring together in the stored table.
CREATE OR REPLACE FUNCTION {schema}.groups_of_keys(stored {schema}.stored_relation, definition jsonb, keys bigint)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  named constant text := {schema}.key_columns(stored);
  groups bigint;
BEGIN
  IF keys = 0 OR (SELECT string_agg(quote_ident(c), ', ') FROM unnest({schema}.row_columns(stored, definition)) AS c) = named THEN
    RETURN keys;
  END IF;
  EXECUTE format('SELECT count(*) FROM (SELECT ROW(%3$s)::record AS key FROM %1$I.%2$I) AS t WHERE t.key IN (SELECT ROW(%3$s)::record FROM %1$I.%4$I)',
                 '{name}', stored.stored_name, named, stored.companions ->> 'dirty') INTO groups;
  RETURN greatest(keys, groups);
END $$;

-- What has a value compared in the collation of a stored column: that of what a query gives may be another one, or none.
CREATE OR REPLACE FUNCTION {schema}.collation_of(stored_column pg_attribute)
RETURNS text LANGUAGE sql STABLE AS $$
  SELECT coalesce((
    SELECT format(' COLLATE %I.%I', n.nspname, c.collname) FROM pg_collation AS c JOIN pg_namespace AS n ON n.oid = c.collnamespace
    WHERE c.oid = (stored_column).attcollation), '')
$$;

-- The condition that a column has equal values in two rows, which go by %1$s and %2$s.
CREATE OR REPLACE FUNCTION {schema}.equality(stored_column pg_attribute, unordered boolean)
RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
  type constant oid := stored_column.atttypid;
  one constant text := format('((%%1$s).%s%s)', replace(quote_ident(stored_column.attname), '%', '%%'), replace({schema}.collation_of(stored_column), '%', '%%'));
  other constant text := replace(one, '%1$s', '%2$s');
  comparable constant boolean := {schema}.is_comparable(type);
  item constant text := CASE WHEN comparable THEN 'e' ELSE 'e::text' END;
  pattern constant text := CASE
    WHEN unordered AND EXISTS (SELECT FROM pg_type AS t WHERE t.oid = type AND t.typcategory = 'A')
    THEN format('ROW(%1$s IS NULL, ARRAY(SELECT %3$s FROM unnest(%1$s) AS e ORDER BY 1))::record OPERATOR(pg_catalog.=)'
                ' ROW(%2$s IS NULL, ARRAY(SELECT %3$s FROM unnest(%2$s) AS e ORDER BY 1))::record', '{1}', '{2}', item)
    WHEN type IN ('json'::regtype, 'json[]'::regtype)
    THEN 'CASE WHEN {1}::text IS NOT DISTINCT FROM {2}::text THEN true ELSE ROW({1}::' || replace(type::regtype::text, 'json', 'jsonb') || ')::record OPERATOR(pg_catalog.=) ROW({2}::'
      || replace(type::regtype::text, 'json', 'jsonb') || ')::record END'
    WHEN type IN ('real'::regtype, 'double precision'::regtype)
    THEN '({1} IS NOT DISTINCT FROM {2} OR coalesce(greatest(abs({1}), abs({2})) < ''infinity'' AND abs({1}::numeric - {2}::numeric) <= '
      || CASE type WHEN 'real'::regtype THEN '1e-4' ELSE '1e-9' END || ' * greatest(abs({1}::numeric), abs({2}::numeric)), false))'
    WHEN comparable THEN 'ROW({1})::record OPERATOR(pg_catalog.=) ROW({2})::record'
    ELSE 'ROW({1})::record OPERATOR(pg_catalog.*=) ROW({2})::record' END;
BEGIN
  RETURN replace(replace(pattern, '{1}', one), '{2}', other);
END $$;

-- Whether values of a type can be put in order, and so be called equal; there is no such thing for points and XML.
CREATE OR REPLACE FUNCTION {schema}.is_comparable(type oid)
RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
  EXECUTE format('SELECT ROW(NULL::%1$s)::record OPERATOR(pg_catalog.<) ROW(NULL::%1$s)::record', format_type(type, NULL));
  RETURN true;
EXCEPTION WHEN undefined_function THEN
  RETURN false;
END $$;

-- Brings the groups that were put aside up to date. Few of them are looked up one by one; above a tenth it costs less to join,
-- if the server knows how many there are.
CREATE OR REPLACE FUNCTION {schema}.merge_groups(
  stored {schema}.stored_relation, definition jsonb, groups bigint, OUT changed bigint, OUT growth bigint
) LANGUAGE plpgsql AS $$
DECLARE
  many boolean := {schema}.are_many(stored, groups);
BEGIN
  IF many THEN
    EXECUTE format('ANALYZE %I.%I', '{name}', stored.companions ->> 'dirty');
  END IF;
  SELECT m.changed, m.growth INTO changed, growth
  FROM {schema}.merge(definition #> CASE WHEN many THEN '{increment,merge_many}' ELSE '{increment,merge}' END::text[]) AS m;
END $$;

CREATE OR REPLACE FUNCTION {schema}.are_many(stored {schema}.stored_relation, groups bigint)
RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT groups > greatest(100, 0.1 * (stored).rows)
$$;

-- Puts the keys that a query gives aside as those to compute again; returns their number. To empty a table by TRUNCATE costs a
-- millisecond and a new file, which only pays where it has grown.
CREATE OR REPLACE FUNCTION {schema}.stage_keys(stored {schema}.stored_relation, query text)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  dirty regclass := format('%I.%I', '{name}', stored.companions ->> 'dirty')::regclass;
  counted bigint;
BEGIN
  BEGIN
    IF pg_relation_size(dirty) > 100000 THEN
      EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE NOWAIT', dirty);
      EXECUTE format('TRUNCATE %s', dirty);
    END IF;
  EXCEPTION WHEN lock_not_available THEN  -- pg_dump holds on to every table for as long as it runs
    NULL;
  END;
  EXECUTE format('DELETE FROM %s', dirty);
  EXECUTE format('INSERT INTO %s %s', dirty, query);
  GET DIAGNOSTICS counted = ROW_COUNT;
  RETURN counted;
END $$;

-- Whether tables are not any more what the transaction's snapshot has of them: rows that a TRUNCATE or a rewriting took away,
-- and those of partitions that come and go, are missing or there for older snapshots as well, so what was computed is of no one
-- moment, also that no groups had changed: the way to them may lead through such a table. pg_class is read as of the snapshot; the functions say what is there now.
CREATE OR REPLACE FUNCTION {schema}.changed_behind(stored {schema}.stored_relation)
RETURNS boolean LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
BEGIN
  RETURN (
    WITH RECURSIVE base AS (
      SELECT to_regclass(format('%I.%I', w.table_schema, w.table_name)) AS relation FROM {schema}.watched_table AS w WHERE w.log = ANY ((stored).watches)
      UNION SELECT c.oid::regclass FROM pg_class AS c
      WHERE c.oid = ANY (CASE WHEN (stored).watches = '{}' THEN {schema}.tables_read(stored) END) AND c.relnamespace <> to_regnamespace('{schema}')
    ), family (relation) AS (
      SELECT b.relation::oid FROM base AS b UNION SELECT i.inhrelid FROM family AS f JOIN pg_inherits AS i ON i.inhparent = f.relation
    ), known AS (
      SELECT c.oid, c.relfilenode FROM family AS f JOIN pg_class AS c ON c.oid = f.relation
    )
    SELECT EXISTS (SELECT FROM known AS k WHERE nullif(k.relfilenode, 0) IS DISTINCT FROM pg_relation_filenode(k.oid))
      OR EXISTS (SELECT FROM base AS b CROSS JOIN pg_partition_tree(b.relation) AS now WHERE now.relid::oid NOT IN (SELECT k.oid FROM known AS k)));
END $$;

CREATE OR REPLACE FUNCTION {schema}.key_columns(stored {schema}.stored_relation)
RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute AS a
          WHERE a.attrelid = format('%I.%I', '{name}', stored.companions ->> 'dirty')::regclass AND a.attnum > 0);
END $$;

-- The logs with changes that the last refresh has not seen.
CREATE OR REPLACE FUNCTION {schema}.changed_logs(stored {schema}.stored_relation)
RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
  unseen text := (
    SELECT string_agg(format('CASE WHEN EXISTS (SELECT FROM ONLY %1$I.%2$I AS l WHERE NOT pg_visible_in_snapshot(l.mvc_at, $1))'
                             ' OR (SELECT k.mvc_at FROM %1$I.%3$I AS k ORDER BY k.mvc_at DESC LIMIT 1) >= pg_snapshot_xmin($1) THEN %2$L END',
                             '{name}', w.log, {schema}.kept_of(w.log)), ', ')
    FROM unnest(stored.watches) AS w (log));
  changed_logs text[];
BEGIN
  EXECUTE format('SELECT ARRAY[%s]::text[]', unseen) INTO changed_logs USING stored.cursor;
  RETURN array_remove(changed_logs, NULL);
END $$;

-- The query of the keys that may have changed since the last refresh. It names the causes that there are, so that the server leaves
-- the others out before it plans them: tables of many partitions take longer to plan than to read.
CREATE OR REPLACE FUNCTION {schema}.changed_keys(stored {schema}.stored_relation, changed_logs text[])
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  causes constant text[] := changed_logs || ARRAY['time'] || CASE WHEN stored.as_of::date <> current_date THEN ARRAY['date'] END;
BEGIN
  -- The view of the causes looks for the cursor of the table that it was made for: where that one was renamed by hand, it would find none, and no change.
  IF EXISTS (
    SELECT FROM pg_rewrite AS w JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass
    JOIN pg_class AS c ON c.oid = d.refobjid AND c.relkind = 'r' AND c.relnamespace = to_regnamespace('{schema}')
    WHERE w.ev_class = to_regclass(format('%I.%I', '{name}', stored.companions ->> 'causes'))
      AND c.relname NOT IN ('stored_relation', stored.stored_name) AND c.relname <> ALL (stored.watches)
  ) THEN
    RAISE EXCEPTION 'relation "%.%" does not exist', '{name}', stored.stored_name USING ERRCODE = 'undefined_table';
  END IF;
  RETURN format('SELECT DISTINCT %s FROM %I.%I WHERE mvc_cause = ANY (%L)', {schema}.key_columns(stored), '{name}',
                stored.companions ->> 'causes', causes);
END $$;

-- Why changes cannot be told from the logs this time; NULL where they can. Whether the logs are whole was asked when the refresh began:
-- what is done to triggers since then, the next one finds.
CREATE OR REPLACE FUNCTION {schema}.whole_because(stored {schema}.stored_relation, definition jsonb)
RETURNS text LANGUAGE sql STABLE AS $$
  SELECT CASE
    WHEN definition -> 'increment' IS NULL OR jsonb_typeof(definition -> 'increment') = 'null'
    THEN 'it was not deployed for incremental refreshes'
    WHEN current_setting('transaction_isolation') = 'read committed'
    THEN 'within a transaction that is not REPEATABLE READ'
    WHEN stored.filled_at IS NULL THEN 'it holds no data yet'
    WHEN stored.cursor IS NULL THEN coalesce({schema}.constraint_lacking(stored), stored.missed, 'what changed since the last refresh is not known')
    WHEN stored.server IS DISTINCT FROM {schema}.this_server() THEN 'the last refresh was on another server'
    WHEN stored.made_with ->> 'unsteady' IS NOT NULL
    THEN (stored.made_with ->> 'unsteady') || ' is not IMMUTABLE: what it gives may have changed with more than the rows'
    ELSE coalesce({schema}.constraint_lacking(stored), {schema}.changed_wholly(stored))
  END
$$;

-- The first table whose changes may have gone unnoticed, and why; NULL where there is none.
CREATE OR REPLACE FUNCTION {schema}.unwatched(watches name[])
RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
  watched name;
  problem text;
BEGIN
  FOREACH watched IN ARRAY watches LOOP
    problem := (SELECT coalesce(w.broken, w.unheard) FROM {schema}.watch_state(watched) AS w);
    IF problem IS NOT NULL THEN
      RETURN {schema}.unnoticed(watched, problem);
    END IF;
  END LOOP;
  RETURN NULL;
END $$;

-- What is said of one log with a problem.
CREATE OR REPLACE FUNCTION {schema}.unnoticed(log name, problem text)
RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN format('changes of %s may have gone unnoticed: %s', coalesce(
    (SELECT format('%I.%I', w.table_schema, w.table_name) FROM {schema}.watched_table AS w WHERE w.log = unnoticed.log), log), problem);
END $$;

-- The first table of which more changed than single rows, and what. What was lost since it was last noted may be of transactions
-- that the snapshot sees.
CREATE OR REPLACE FUNCTION {schema}.changed_wholly(stored {schema}.stored_relation)
RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (
    SELECT format('%I.%I: %s', w.table_schema, w.table_name, u.why) FROM (
      SELECT k.log, k.at, k.why FROM {schema}.unknown_change AS k WHERE k.log = ANY (stored.watches)
        AND CASE WHEN k.earlier THEN k.at >= pg_snapshot_xmin(stored.cursor) ELSE NOT pg_visible_in_snapshot(k.at, stored.cursor) END
      UNION ALL
      SELECT l.log, NULL, {schema}.lost_words() FROM {schema}.watched_table AS l
      WHERE l.log = ANY (stored.watches) AND l.lost_changes <> {schema}.lost_changes()
    ) AS u JOIN {schema}.watched_table AS w ON w.log = u.log
    ORDER BY u.log, u.at LIMIT 1
  );
END $$;

-- Whether so many groups may have changed that computing all of them costs less, in words: above 30 %, or as measured, where
-- the log has a whole refresh and partial ones with at least a third as many groups. Without any group, a partial one takes
-- what the fastest took.
CREATE OR REPLACE FUNCTION {schema}.over_threshold(stored {schema}.stored_relation, groups bigint)
RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
  found text := format('%s of %s groups may have changed', groups, stored.rows);
  whole double precision;
  partial double precision;
BEGIN
  IF groups <= 20 THEN
    RETURN NULL;
  ELSIF groups > 0.8 * stored.rows THEN
    RETURN found || ': computing all costs less';
  END IF;
  WITH runs AS MATERIALIZED (
    SELECT l.mode, l.groups, extract(epoch FROM l.finished_at - l.started_at) AS seconds FROM {schema}.refresh_log AS l
    WHERE l.view_schema = stored.view_schema AND l.view_name = stored.view_name AND l.status = 'completed'
      AND l.started_at > stored.built_at AND l.mode IN ('full', 'incremental')
    ORDER BY l.started_at DESC LIMIT 20
  ), least (seconds) AS (
    SELECT min(r.seconds) FROM runs AS r WHERE r.mode = 'incremental'
  )
  SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY r.seconds) FILTER (WHERE r.mode = 'full'),
    l.seconds + over_threshold.groups * percentile_cont(0.5) WITHIN GROUP (ORDER BY (r.seconds - l.seconds) / r.groups)
      FILTER (WHERE r.mode = 'incremental' AND r.groups >= 20 AND 3 * r.groups >= over_threshold.groups)
  INTO whole, partial FROM runs AS r, least AS l GROUP BY l.seconds;
  IF whole IS NULL OR partial IS NULL THEN
    RETURN CASE WHEN groups > 0.3 * stored.rows THEN found || ': above 30 % (assumed) computing all costs less' END;
  END IF;
  RETURN CASE WHEN partial > whole THEN format('%s: to compute them would take %s s, and all of them %s s', found,
                                               round(partial::numeric, 2), round(whole::numeric, 2)) END;
END $$;

-- Brings a stored table, or a part of it, to what its query gives; returns how many of its rows were not so, and by how many it
-- grew. Where values of a unique index change places between rows, no order of single changes does it: then all rows that
-- differ are taken out first. Of two rows with one key, which a spec may claim there are not, neither is taken.
CREATE OR REPLACE FUNCTION {schema}.merge(
  statements jsonb, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL, OUT changed bigint, OUT growth bigint
) LANGUAGE plpgsql AS $$
BEGIN
  BEGIN
    EXECUTE statements ->> 'in_place' INTO STRICT changed, growth USING since, until;
  EXCEPTION WHEN unique_violation OR cardinality_violation THEN  -- the latter is said of a key that comes twice, without naming it
    EXECUTE statements ->> 'anew' INTO STRICT changed, growth USING since, until;
  END;
  IF growth IS NULL THEN
    RAISE EXCEPTION 'two rows have one key, although the spec claims by `one: true`, by the key of a subquery or by its grain that there are no such rows'
      USING ERRCODE = 'unique_violation', HINT = 'mvc check --data names the values that break a claim';
  END IF;
END $$;
