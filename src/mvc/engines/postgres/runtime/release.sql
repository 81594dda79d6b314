-- Changes of base tables past the views that read them. PostgreSQL refuses to retype or drop a column that a view reads, be it one that readers use, the
-- query of what is stored, or what was kept for a rollback. So what reads it is *released*: readers get a copy of the rows that depends on nothing
-- of theirs, a stored table goes on without what it is refreshed by, a view whose rules read the column shows no rows. What stood in the way is dropped
-- then, in the transaction of the change itself where mvc makes it, and the next deployment builds the view anew.

-- The rows of a relation of the stored schema. A copy that is made of these depends on this function only; and as a materialized view's are, they are
-- seen by every snapshot, also an older one.
CREATE OR REPLACE FUNCTION {schema}.rows_of(stored_name name)
RETURNS SETOF record LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY EXECUTE format('TABLE %I.%I', '{name}', stored_name);
END $$;

-- A name for what takes the place of a stored relation for a while, or was in it: `copy` or `former`.
CREATE OR REPLACE FUNCTION {schema}.name_beside(stored_name name, word text)
RETURNS name LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN octet_length(stored_name) + length(word) < 63 THEN concat(stored_name, '_', word) ELSE concat(word, '_', md5(stored_name)) END::name
$$;

-- The columns and relations that a change is to be made of, as numbers: `targets` is an array of {schema, name, column}, without a column for the whole.
-- What a table is passed on to, its partitions and children, changes with it.
CREATE OR REPLACE FUNCTION {schema}.targets_of(targets jsonb)
RETURNS TABLE (relation oid, attribute smallint) LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH RECURSIVE named AS (
    SELECT c.oid, t."column" FROM jsonb_to_recordset(targets) AS t (schema name, name name, "column" name)
    JOIN pg_namespace AS n ON n.nspname = t.schema JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = t.name
  ), family AS (
    SELECT n.oid, n."column" FROM named AS n UNION SELECT i.inhrelid, f."column" FROM family AS f JOIN pg_inherits AS i ON i.inhparent = f.oid
  )
  SELECT f.oid, a.attnum FROM family AS f LEFT JOIN pg_attribute AS a ON a.attrelid = f.oid AND a.attname = f."column" AND a.attnum > 0 AND NOT a.attisdropped
  WHERE f."column" IS NULL OR a.attnum IS NOT NULL
$$;

-- The views and materialized views that read one of some relations, or (with `attribute`) one column of one.
CREATE OR REPLACE FUNCTION {schema}.readers_of(relation oid, attribute smallint DEFAULT NULL)
RETURNS SETOF oid LANGUAGE sql STABLE ROWS 2 SET search_path = pg_catalog, pg_temp AS $$
  SELECT DISTINCT r.ev_class FROM pg_depend AS d JOIN pg_rewrite AS r ON r.oid = d.objid
  WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = relation AND r.ev_class <> relation
    AND (attribute IS NULL OR d.refobjsubid = attribute)
$$;

-- What stands directly in the way of a change: what reads its targets, and such targets as are ours themselves; for a copy, what it has taken the place of.
CREATE OR REPLACE FUNCTION {schema}.directly_in_the_way(targets jsonb)
RETURNS SETOF oid LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH wanted AS (
    SELECT t.relation, t.attribute, c.relname, c.relkind, c.relnamespace = to_regnamespace('{schema}') AS stored,
      c.relkind = 'v' AND EXISTS (SELECT FROM {schema}.deployed_view AS d WHERE to_regclass(format('%I.%I', d.view_schema, d.view_name)) = c.oid) AS shown
    FROM {schema}.targets_of(targets) AS t JOIN pg_class AS c ON c.oid = t.relation
  )
  SELECT {schema}.readers_of(w.relation, w.attribute) FROM wanted AS w WHERE NOT w.stored AND NOT w.shown
  UNION SELECT CASE WHEN s.frozen_at IS NULL OR w.relkind <> 'm' THEN w.relation ELSE to_regclass(format('%I.%I', '{name}', {schema}.name_beside(w.relname, 'former'))) END
  FROM wanted AS w LEFT JOIN {schema}.frozen_relation AS s ON w.stored AND s.stored_name = w.relname WHERE w.stored OR w.shown
$$;

-- The relations that a deployment made: what stores a view, what stands beside that, the arms of what shows it. `live` is what is deployed; `view_schema`
-- and `view_name` say of which view.
CREATE OR REPLACE FUNCTION {schema}.made_relations()
RETURNS TABLE (relation oid, part text, live boolean, view_schema name, view_name name) LANGUAGE sql STABLE ROWS 50 SET search_path = pg_catalog, pg_temp AS $$
  SELECT DISTINCT ON (c.oid) c.oid, m.part, m.live, m.view_schema, m.view_name FROM (
    SELECT d.stored_name AS name, 'storage' AS part, true AS live, d.view_schema, d.view_name FROM {schema}.deployed_view AS d
    UNION ALL SELECT (arm ->> 'name')::name, 'arm', true, d.view_schema, d.view_name
    FROM {schema}.deployed_view AS d CROSS JOIN jsonb_array_elements(d.definition #> '{exposure,arms}') AS arm
    UNION ALL SELECT (arm ->> 'name')::name, 'arm', false, r.view_schema, r.view_name
    FROM {schema}.replaced_view AS r CROSS JOIN jsonb_array_elements(r.definition #> '{exposure,arms}') AS arm
    UNION ALL SELECT s.stored_name, 'storage', false, s.view_schema, s.view_name FROM {schema}.stored_relation AS s
    UNION ALL SELECT arm.relname, 'arm', false, s.view_schema, s.view_name  -- by a name that begins as that of what it reads, and may be cut
    FROM (SELECT s.*, {schema}.readers_of(to_regclass(format('%I.%I', '{name}', s.stored_name))) AS reader FROM {schema}.stored_relation AS s OFFSET 0) AS s
    JOIN pg_class AS arm ON arm.oid = s.reader AND arm.relnamespace = to_regnamespace('{schema}') AND arm.relkind = 'v'
    WHERE left(arm.relname, least(length(s.stored_name), 40)) = left(s.stored_name, 40)
    UNION ALL SELECT beside.name::name, 'companion', s.stored_name IN (SELECT d.stored_name FROM {schema}.deployed_view AS d), s.view_schema, s.view_name
    FROM {schema}.stored_relation AS s CROSS JOIN jsonb_each_text(s.companions) AS beside (purpose, name)
  ) AS m JOIN pg_class AS c ON c.relname = m.name AND c.relnamespace = to_regnamespace('{schema}') ORDER BY c.oid, m.live DESC
$$;

-- What functions read that a view calls, as far as it stands in their bodies, or in those of what these call: views, by their names alone.
CREATE OR REPLACE FUNCTION {schema}.read_by_functions(view oid)
RETURNS SETOF oid LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET jit = off SET plan_cache_mode = force_generic_plan AS $$
BEGIN
  RETURN QUERY
  WITH RECURSIVE called (code) AS (
    SELECT d.refobjid FROM pg_rewrite AS r JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
    WHERE r.ev_class = read_by_functions.view AND d.refclassid = 'pg_proc'::regclass AND d.refobjid >= 16384
    UNION SELECT next.code FROM called AS c JOIN pg_proc AS p ON p.oid = c.code CROSS JOIN LATERAL (
      SELECT d.refobjid FROM pg_depend AS d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.refclassid = 'pg_proc'::regclass AND d.refobjid >= 16384
      UNION ALL SELECT q.oid FROM pg_proc AS q WHERE q.oid >= 16384 AND p.prosqlbody IS NULL AND q.proname IN (SELECT {schema}.calls_in(p.prosrc))
    ) AS next (code)
  )
  SELECT c.oid FROM called AS f JOIN pg_proc AS p ON p.oid = f.code AND p.prosqlbody IS NULL
  JOIN pg_class AS c ON c.relkind = 'v' AND c.oid >= 16384 AND c.relname IN (SELECT {schema}.words_in(p.prosrc))
  UNION SELECT d.refobjid FROM called AS f JOIN pg_depend AS d ON d.classid = 'pg_proc'::regclass AND d.objid = f.code AND d.refclassid = 'pg_class'::regclass;
END $$;

-- What readers use of the views whose rules read what is `direct`ly in the way, and of those whose rules read one of these, by whatever views and functions:
-- where one of them shows no rows, NOT EXISTS over it would let more through. What reads others comes first, as readers lock them.
CREATE OR REPLACE FUNCTION {schema}.closed_by(direct oid[])
RETURNS oid[] LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  shown constant jsonb := (
    SELECT coalesce(jsonb_object_agg(part.oid::text, exposure.oid::text), '{}')
    FROM {schema}.deployed_view AS d CROSS JOIN LATERAL (SELECT to_regclass(format('%I.%I', d.view_schema, d.view_name))::oid) AS exposure (oid)
    CROSS JOIN LATERAL unnest({schema}.shown_by(d)) AS part (oid) WHERE exposure.oid IS NOT NULL);
  first constant oid[] := ARRAY(SELECT e.value::oid FROM jsonb_each_text(shown) AS e WHERE e.key::oid = ANY (direct)
    UNION SELECT c.oid FROM {schema}.released_view AS r JOIN pg_class AS c ON c.oid = to_regclass(format('%I.%I', r.view_schema, r.view_name)) WHERE r.released ? 'shown');
  asked jsonb;
BEGIN
  IF first = '{}' THEN
    RETURN first;
  END IF;
  asked := (SELECT jsonb_object_agg(e.key, to_jsonb(ARRAY(SELECT {schema}.read_by_functions(e.key::oid)))) FROM jsonb_each_text(shown) AS e);
  RETURN ARRAY(
    WITH RECURSIVE reading (view, level) AS (
      SELECT unnest(first), 0
      UNION SELECT next.view, r.level + 1 FROM reading AS r CROSS JOIN LATERAL (
        SELECT {schema}.readers_of(r.view) UNION ALL SELECT a.key::oid FROM jsonb_each(asked) AS a WHERE a.value @> to_jsonb(r.view)
      ) AS next (view) JOIN pg_class AS c ON c.oid = next.view AND c.relkind = 'v' WHERE r.level < 100
    ) SELECT e.value::oid FROM reading AS r JOIN jsonb_each_text(shown) AS e ON e.key::oid = r.view GROUP BY e.value ORDER BY max(r.level) DESC, e.value);
END $$;

-- What a change of the `targets` takes: which views are to be released and how, what is dropped for it, what is not ours and stands in the way. `copied`:
-- readers get a copy. `kept`: a table, which stays while what it is refreshed by goes. `closed`: its rules read the target, or a view that is closed. `drops`
-- holds also what is still in use; once the views are released, it is not.
CREATE OR REPLACE FUNCTION {schema}.release_plan(targets jsonb)
RETURNS jsonb LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  direct constant oid[] := ARRAY(SELECT {schema}.directly_in_the_way(targets));
  closed constant oid[] := {schema}.closed_by(direct);
  going oid[];
  views jsonb;
  gone oid[];
BEGIN
  going := ARRAY(
    WITH RECURSIVE made AS MATERIALIZED (SELECT * FROM {schema}.made_relations()), going (relation) AS (
      SELECT m.relation FROM made AS m JOIN pg_class AS c ON c.oid = m.relation WHERE m.relation = ANY (direct) AND c.relkind IN ('v', 'm')
      UNION SELECT m.relation FROM going AS g CROSS JOIN {schema}.readers_of(g.relation) AS r (relation) JOIN made AS m ON m.relation = r.relation
      WHERE NOT (m.part = 'arm' AND m.live)
    ) SELECT g.relation FROM going AS g);
  views := (
    SELECT coalesce(jsonb_agg(to_jsonb(v) - 'place' ORDER BY v.place, v.schema, v.name), '[]') FROM (
      SELECT d.view_schema AS schema, d.view_name AS name, min({schema}.called(d.view_schema, d.view_name, d.recorded)) AS called, d.project, d.stored_name AS stored,
        bool_or(m.part = 'storage' AND m.relation = ANY (going)) AS copied,
        bool_or(m.part = 'companion' AND m.relation = ANY (going) AND s.frozen_at IS NULL) AS kept,
        to_regclass(format('%I.%I', d.view_schema, d.view_name)) = ANY (closed) AND (r.released ->> 'shown') IS NULL AS closed,
        array_position(closed, to_regclass(format('%I.%I', d.view_schema, d.view_name))::oid) AS place
      FROM {schema}.deployed_view AS d LEFT JOIN {schema}.frozen_relation AS s ON s.stored_name = d.stored_name
      LEFT JOIN {schema}.released_view AS r ON r.view_schema = d.view_schema AND r.view_name = d.view_name
      LEFT JOIN {schema}.made_relations() AS m ON m.live AND m.view_schema = d.view_schema AND m.view_name = d.view_name
      GROUP BY d.view_schema, d.view_name, d.project, d.stored_name, r.released, d.definition
    ) AS v WHERE v.copied OR v.kept OR v.closed);
  gone := going || ARRAY(
    SELECT m.relation FROM {schema}.made_relations() AS m JOIN {schema}.deployed_view AS d ON d.view_schema = m.view_schema AND d.view_name = m.view_name
    LEFT JOIN {schema}.frozen_relation AS s ON s.stored_name = d.stored_name
    LEFT JOIN {schema}.released_view AS r ON r.view_schema = d.view_schema AND r.view_name = d.view_name
    WHERE m.live AND (m.part = 'companion' AND (m.relation = ANY (going) OR s.frozen_at IS NOT NULL OR EXISTS (
        SELECT FROM {schema}.made_relations() AS other WHERE other.part = 'companion' AND other.relation = ANY (going)
          AND other.view_schema = m.view_schema AND other.view_name = m.view_name))
      OR m.part = 'arm' AND (m.relation = ANY (direct) OR (r.released ->> 'shown') IS NOT NULL)));
  RETURN jsonb_build_object('views', views, 'drops', (
      SELECT coalesce(jsonb_agg(DISTINCT c.relname), '[]') FROM pg_class AS c WHERE c.oid = ANY (gone)),
    'leftovers', (SELECT coalesce(jsonb_agg(DISTINCT c.relname), '[]') FROM pg_class AS c JOIN {schema}.made_relations() AS m ON m.relation = c.oid
      WHERE c.oid = ANY (going) AND NOT m.live),
    'outside', (SELECT coalesce(jsonb_agg(DISTINCT pg_describe_object('pg_class'::regclass, o.relation, 0)), '[]') FROM (
      SELECT unnest(direct) UNION SELECT {schema}.readers_of(g) FROM unnest(gone) AS g) AS o (relation)
      WHERE o.relation <> ALL (gone) AND NOT EXISTS (SELECT FROM {schema}.made_relations() AS m WHERE m.relation = o.relation)
        AND NOT EXISTS (SELECT FROM {schema}.deployed_view AS d WHERE to_regclass(format('%I.%I', d.view_schema, d.view_name)) = o.relation)));
END $$;

-- Makes the copy of what a stored relation holds, beside its readers, with the indexes that it has.
CREATE OR REPLACE FUNCTION {schema}.copy_rows(stored_name name)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
  source regclass := format('%I.%I', '{name}', stored_name)::regclass;
  copy name := {schema}.name_beside(stored_name, 'copy');
  made_as text := format('%I.%I', '{name}', copy);
  made text;
BEGIN
  EXECUTE format('DROP MATERIALIZED VIEW IF EXISTS %s', made_as);  -- a release that was broken off left it
  PERFORM set_config('TimeZone', d.timezone, true) FROM {schema}.deployed_view AS d WHERE d.stored_name = copy_rows.stored_name;
  made := (
    SELECT format('CREATE MATERIALIZED VIEW %s AS SELECT %s FROM %I.rows_of(%L) AS c (%s) WITH NO DATA', made_as,
      string_agg(concat('c.', quote_ident(a.attname), CASE WHEN a.attcollation <> t.typcollation THEN format(' COLLATE %I.%I AS %I', n.nspname, l.collname, a.attname) END), ', ' ORDER BY a.attnum),
      '{name}', stored_name, string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attnum))
    FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid LEFT JOIN pg_collation AS l ON l.oid = a.attcollation LEFT JOIN pg_namespace AS n ON n.oid = l.collnamespace
    WHERE a.attrelid = source AND a.attnum > 0 AND NOT a.attisdropped);
  EXECUTE made;
  PERFORM {schema}.seal(copy);
  EXECUTE format('REFRESH MATERIALIZED VIEW %s', made_as);
  FOR made IN
    SELECT format('CREATE %sINDEX %I ON %s %s', CASE WHEN x.indisunique THEN 'UNIQUE ' ELSE '' END, 'copy_' || md5(i.relname), made_as, {schema}.index_body(i.oid))
    FROM pg_index AS x JOIN pg_class AS i ON i.oid = x.indexrelid WHERE x.indrelid = source AND x.indisvalid
  LOOP
    EXECUTE made;
  END LOOP;
  EXECUTE format('ANALYZE %s', made_as);
  INSERT INTO {schema}.stored_relation (stored_name, view_schema, view_name, project, filled_at, rows)
  SELECT copy, d.view_schema, d.view_name, d.project, s.filled_at, s.rows
  FROM {schema}.deployed_view AS d LEFT JOIN {schema}.stored_relation AS s ON s.stored_name = d.stored_name WHERE d.stored_name = copy_rows.stored_name
  ON CONFLICT DO NOTHING;
  INSERT INTO {schema}.frozen_relation (stored_name) VALUES (copy) ON CONFLICT DO NOTHING;
END $$;

-- The views that show what stores a view, those that others read first: its arms and what readers use.
CREATE OR REPLACE FUNCTION {schema}.shown_by(deployed {schema}.deployed_view)
RETURNS oid[] LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT array_remove(ARRAY(
    SELECT to_regclass(format('%I.%I', '{name}', arm ->> 'name'))::oid FROM jsonb_array_elements(deployed.definition #> '{exposure,arms}') AS arm
  ) || to_regclass(format('%I.%I', deployed.view_schema, deployed.view_name))::oid, NULL)
$$;

-- What puts each of some views in place again as it is, in words of the server, in which every name means one thing, whatever the path. They are locked, so
-- that they stay what is looked at.
CREATE OR REPLACE FUNCTION {schema}.replacements_of(views oid[])
RETURNS text[] LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  texts text[] := ARRAY[]::text[];
BEGIN
  FOR place IN 1 .. coalesce(array_length(views, 1), 0) LOOP
    EXECUTE format('ALTER VIEW %s RESET (mvc)', views[place]::regclass);  -- nothing bears that name
    PERFORM {schema}.expect_inert(views[place]);
    texts := texts || regexp_replace({schema}.creation_of(views[place]), '^CREATE VIEW', 'CREATE OR REPLACE VIEW');
  END LOOP;
  RETURN texts;
END $$;

-- Releases a view: from here on its readers use nothing of what is in the way, and nobody refreshes it. Fails at once, to be tried again, while it is being refreshed.
CREATE OR REPLACE FUNCTION {schema}.release_view(view_schema name, view_name name, copied boolean, kept boolean, closed boolean)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  deployed {schema}.deployed_view;
  shown oid[];
  texts text[] := ARRAY[]::text[];
BEGIN
  SELECT d.* INTO STRICT deployed FROM {schema}.deployed_view AS d
  WHERE d.view_schema = release_view.view_schema AND d.view_name = release_view.view_name FOR UPDATE;
  IF deployed.kind = 'materialized' AND NOT {schema}.take_turn('refresh ' || deployed.stored_name) THEN
    RAISE EXCEPTION 'the view %.% is being refreshed', quote_ident(view_schema), quote_ident(view_name) USING ERRCODE = 'lock_not_available';
  END IF;
  shown := {schema}.shown_by(deployed);
  IF closed THEN
    texts := {schema}.replacements_of(shown[array_length(shown, 1):]);
    PERFORM {schema}.show_nothing(shown[array_length(shown, 1)]);
  ELSIF copied THEN
    texts := {schema}.replacements_of(shown);
  END IF;
  IF copied THEN
    PERFORM {schema}.take_place(deployed.stored_name);
    FOR place IN 1 .. CASE WHEN closed THEN 0 ELSE coalesce(array_length(texts, 1), 0) END LOOP
      EXECUTE texts[place];
    END LOOP;
  END IF;
  UPDATE {schema}.stored_relation AS s SET stored_name = s.stored_name WHERE s.stored_name = deployed.stored_name;  -- a refresh in an older snapshot begins again
  INSERT INTO {schema}.frozen_relation (stored_name) SELECT deployed.stored_name WHERE copied OR kept ON CONFLICT DO NOTHING;
  INSERT INTO {schema}.released_view AS r (view_schema, view_name, released) VALUES (deployed.view_schema, deployed.view_name, jsonb_strip_nulls(jsonb_build_object(
    'at', now(), 'by', session_user, 'shown', CASE WHEN closed THEN texts[1] END)))
  ON CONFLICT ON CONSTRAINT released_view_pkey DO UPDATE SET released = r.released || excluded.released;
END $$;

-- Has a view show no rows, of the columns that it has.
CREATE OR REPLACE FUNCTION {schema}.show_nothing(view oid)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  change text;
BEGIN
  change := (
    SELECT format('CREATE OR REPLACE VIEW %s%s AS SELECT %s WHERE false', c.oid::regclass, ' WITH (' || array_to_string(c.reloptions, ', ') || ')', string_agg(
      concat('NULL::', format_type(a.atttypid, a.atttypmod), CASE WHEN a.attcollation <> t.typcollation THEN format(' COLLATE %I.%I', n.nspname, l.collname) END, ' AS ', quote_ident(a.attname)),
      ', ' ORDER BY a.attnum))
    FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped JOIN pg_type AS t ON t.oid = a.atttypid
    LEFT JOIN pg_collation AS l ON l.oid = a.attcollation LEFT JOIN pg_namespace AS n ON n.oid = l.collnamespace
    WHERE c.oid = view GROUP BY c.oid, c.reloptions);
  EXECUTE change;
END $$;

-- What gives a view or materialized view another name.
CREATE OR REPLACE FUNCTION {schema}.renaming_of(relation regclass, becomes name)
RETURNS text LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT format('ALTER %s %s RENAME TO %I', CASE c.relkind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'VIEW' END, relation, becomes) FROM pg_class AS c WHERE c.oid = relation
$$;

-- Gives a stored relation's name to its copy, and another one to it: what readers use is made anew by name.
CREATE OR REPLACE FUNCTION {schema}.take_place(stored_name name)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  copy name := {schema}.name_beside(stored_name, 'copy');
  former name := {schema}.name_beside(stored_name, 'former');
  change text := {schema}.renaming_of(format('%I.%I', '{name}', stored_name)::regclass, former);
BEGIN
  EXECUTE change;
  EXECUTE format('ALTER MATERIALIZED VIEW %I.%I RENAME TO %I', '{name}', copy, stored_name);
  DELETE FROM {schema}.stored_relation AS s WHERE s.stored_name = copy;
  DELETE FROM {schema}.frozen_relation AS f WHERE f.stored_name = copy;
  INSERT INTO {schema}.frozen_relation (stored_name) VALUES (former) ON CONFLICT DO NOTHING;
  INSERT INTO {schema}.stored_relation (stored_name, view_schema, view_name, project, built_at, filled_at, rows)
  SELECT former, s.view_schema, s.view_name, s.project, s.built_at, s.filled_at, s.rows FROM {schema}.stored_relation AS s WHERE s.stored_name = take_place.stored_name
  ON CONFLICT DO NOTHING;
END $$;

-- Takes a release back, as long as nothing was dropped for it: everything is as before.
CREATE OR REPLACE FUNCTION {schema}.take_back(view_schema name, view_name name)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  deployed {schema}.deployed_view;
  released jsonb;
  copy name;
  former regclass;
  change text;
  texts text[] := ARRAY[]::text[];
BEGIN
  SELECT d.* INTO STRICT deployed FROM {schema}.deployed_view AS d
  WHERE d.view_schema = take_back.view_schema AND d.view_name = take_back.view_name FOR UPDATE;
  released := (SELECT r.released FROM {schema}.released_view AS r WHERE r.view_schema = take_back.view_schema AND r.view_name = take_back.view_name);
  copy := {schema}.name_beside(deployed.stored_name, 'copy');
  former := to_regclass(format('%I.%I', '{name}', {schema}.name_beside(deployed.stored_name, 'former')));
  IF released ? 'shown' THEN
    texts := ARRAY[released ->> 'shown'];
  ELSIF former IS NOT NULL THEN
    texts := {schema}.replacements_of({schema}.shown_by(deployed));
  END IF;
  IF former IS NOT NULL THEN
    EXECUTE format('ALTER MATERIALIZED VIEW %I.%I RENAME TO %I', '{name}', deployed.stored_name, copy);
    change := {schema}.renaming_of(former, deployed.stored_name);
    EXECUTE change;
  END IF;
  FOR place IN 1 .. coalesce(array_length(texts, 1), 0) LOOP
    EXECUTE texts[place];
  END LOOP;
  IF former IS NOT NULL THEN
    EXECUTE format('DROP MATERIALIZED VIEW %I.%I', '{name}', copy);
    DELETE FROM {schema}.stored_relation AS s WHERE s.stored_name = {schema}.name_beside(deployed.stored_name, 'former');
  END IF;
  DELETE FROM {schema}.frozen_relation AS f WHERE f.stored_name IN (deployed.stored_name, {schema}.name_beside(deployed.stored_name, 'former'));
  DELETE FROM {schema}.released_view AS r WHERE r.view_schema = take_back.view_schema AND r.view_name = take_back.view_name;
END $$;

-- Drops what stands in the way of a change, once its views are released.
CREATE OR REPLACE FUNCTION {schema}.clear_way(targets jsonb)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  plan constant jsonb := {schema}.release_plan(targets);
BEGIN
  IF plan -> 'views' <> '[]' THEN
    RAISE EXCEPTION 'the view %.% stands in the way, and is not released', quote_ident(plan #>> '{views,0,schema}'), quote_ident(plan #>> '{views,0,name}')
      USING ERRCODE = 'dependent_objects_still_exist', HINT = 'mvc around releases what stands in the way of a migration';
  END IF;
  PERFORM {schema}.drop_relations(ARRAY(SELECT jsonb_array_elements_text(plan -> 'drops'))::name[]);
END $$;

-- Drops relations of the stored schema, what reads others first, with what the ledger says of them.
CREATE OR REPLACE FUNCTION {schema}.drop_relations(names name[])
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  waiting oid[] := ARRAY(SELECT c.oid FROM pg_class AS c WHERE c.relnamespace = to_regnamespace('{schema}') AND c.relname = ANY (names));
  ready oid[];
  change text;
BEGIN
  WHILE waiting <> '{}' LOOP
    ready := ARRAY(SELECT w FROM unnest(waiting) AS w WHERE NOT EXISTS (SELECT FROM {schema}.readers_of(w) AS r (oid) WHERE r.oid = ANY (waiting)));
    FOR change IN
      SELECT format('DROP %s %s', CASE c.relkind WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END, c.oid::regclass)
      FROM pg_class AS c WHERE c.oid = ANY (ready)
    LOOP
      EXECUTE change;
    END LOOP;
    waiting := ARRAY(SELECT unnest(waiting) EXCEPT SELECT unnest(ready));
  END LOOP;
  DELETE FROM {schema}.stored_relation AS s WHERE s.stored_name = ANY (names) AND NOT EXISTS (SELECT FROM {schema}.deployed_view AS d WHERE d.stored_name = s.stored_name);
  DELETE FROM {schema}.frozen_relation AS f WHERE f.stored_name = ANY (names) AND NOT EXISTS (SELECT FROM {schema}.deployed_view AS d WHERE d.stored_name = f.stored_name);
  DELETE FROM {schema}.turn AS t WHERE t.work = ANY (ARRAY(SELECT 'refresh ' || n FROM unnest(names) AS n))
    AND NOT EXISTS (SELECT FROM {schema}.deployed_view AS d WHERE t.work = 'refresh ' || d.stored_name);
END $$;

-- The relations that nobody uses and that read one of some, and these, but for what is deployed; NULL where something that is deployed, or not ours, reads one.
CREATE OR REPLACE FUNCTION {schema}.with_leftover_readers(names name[])
RETURNS name[] LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH RECURSIVE made AS MATERIALIZED (SELECT * FROM {schema}.made_relations()), found (relation) AS (
    SELECT c.oid FROM pg_class AS c WHERE c.relnamespace = to_regnamespace('{schema}') AND c.relname = ANY (names)
    UNION SELECT r.relation FROM found AS f CROSS JOIN {schema}.readers_of(f.relation) AS r (relation)
  )
  SELECT CASE WHEN bool_and(m.live IS FALSE) THEN array_agg(c.relname) END
  FROM found AS f JOIN pg_class AS c ON c.oid = f.relation LEFT JOIN made AS m ON m.relation = f.relation
$$;

-- Drops what nobody needs and what would stand in the way of the next change: copies that readers had for a while; and of what is kept for a rollback, that
-- which reads a column that nothing deployed reads any more. What somebody still has open is left to the next deployment.
CREATE OR REPLACE FUNCTION {schema}.drop_unneeded()
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  unneeded name;
  together name[];
BEGIN
  FOR unneeded IN
    SELECT s.stored_name FROM {schema}.frozen_relation AS s
    WHERE NOT EXISTS (SELECT FROM {schema}.deployed_view AS d WHERE d.stored_name = s.stored_name)
    UNION ALL SELECT {schema}.idle_leftovers()
  LOOP
    together := {schema}.with_leftover_readers(ARRAY[unneeded] || ARRAY(
      SELECT beside.name::name FROM {schema}.stored_relation AS s CROSS JOIN jsonb_each_text(s.companions) AS beside (purpose, name) WHERE s.stored_name = unneeded));
    BEGIN
      PERFORM {schema}.drop_relations(coalesce(together, CASE WHEN to_regclass(format('%I.%I', '{name}', unneeded)) IS NULL THEN ARRAY[unneeded] END));
    EXCEPTION WHEN lock_not_available OR dependent_objects_still_exist THEN
      RAISE NOTICE '% is kept: %', unneeded, SQLERRM;
    END;
  END LOOP;
  PERFORM {schema}.drop_unused_logs();
END $$;

-- What is kept for a rollback and reads a column of a base table that nothing deployed reads.
CREATE OR REPLACE FUNCTION {schema}.idle_leftovers()
RETURNS SETOF name LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH made AS MATERIALIZED (
    SELECT m.relation, m.live, m.view_schema, m.view_name FROM {schema}.made_relations() AS m
    UNION ALL SELECT to_regclass(format('%I.%I', d.view_schema, d.view_name)), true, d.view_schema, d.view_name FROM {schema}.deployed_view AS d
  ), reads AS MATERIALIZED (
    SELECT m.relation, m.live, d.refobjid, d.refobjsubid FROM made AS m JOIN pg_rewrite AS r ON r.ev_class = m.relation
    JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> m.relation
    JOIN pg_class AS c ON c.oid = d.refobjid AND c.relnamespace <> to_regnamespace('{schema}')
    WHERE NOT EXISTS (SELECT FROM made AS other WHERE other.relation = d.refobjid)
  )
  SELECT DISTINCT coalesce(s.stored_name, c.relname) FROM reads AS r JOIN pg_class AS c ON c.oid = r.relation
  LEFT JOIN {schema}.stored_relation AS s ON EXISTS (SELECT FROM jsonb_each_text(s.companions) AS beside (purpose, name) WHERE beside.name = c.relname)
  WHERE NOT r.live AND NOT EXISTS (
    SELECT FROM reads AS used WHERE used.live AND used.refobjid = r.refobjid AND (used.refobjsubid = r.refobjsubid OR r.refobjsubid = 0))
$$;

-- Releases whatever stands in the way of a change of some columns of a table (none: of the table as a whole), in one transaction: for migration tools, in a
-- migration of its own before the one that changes the table; mvc apply builds the views anew afterwards. Returns the views. Only the owner, and who may act
-- as the owner, can.
CREATE OR REPLACE FUNCTION {schema}.release(base regclass, columns name[] DEFAULT '{}')
RETURNS SETOF text LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  owner name := (SELECT pg_get_userbyid(n.nspowner) FROM pg_namespace AS n WHERE n.nspname = '{name}');
  before text := current_setting('role');
  targets jsonb;
  plan jsonb;
  view jsonb;
BEGIN
  IF EXISTS (SELECT FROM unnest(columns) AS c WHERE NOT EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = base AND a.attname = c AND a.attnum > 0 AND NOT a.attisdropped)) THEN
    RAISE EXCEPTION 'the table % has no column %', base, (
      SELECT quote_ident(c) FROM unnest(columns) AS c WHERE NOT EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = base AND a.attname = c AND a.attnum > 0 AND NOT a.attisdropped) LIMIT 1)
      USING ERRCODE = 'undefined_column';
  END IF;
  targets := (SELECT jsonb_agg(jsonb_build_object('schema', n.nspname, 'name', c.relname, 'column', wanted.name))
              FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
              CROSS JOIN unnest(CASE WHEN columns = '{}' THEN ARRAY[NULL::name] ELSE columns END) AS wanted (name) WHERE c.oid = base);
  IF current_user <> owner THEN
    PERFORM set_config('role', owner, true);
  END IF;
  LOCK TABLE {schema}.deploying IN EXCLUSIVE MODE NOWAIT;
  plan := {schema}.release_plan(targets);
  FOR view IN SELECT v FROM jsonb_array_elements(plan -> 'views') AS v WHERE (v ->> 'copied')::boolean LOOP
    PERFORM {schema}.copy_rows((view ->> 'stored')::name);
  END LOOP;
  PERFORM {schema}.release_patiently((SELECT jsonb_agg(v) FROM jsonb_array_elements(plan -> 'views') AS v WHERE (v ->> 'closed')::boolean));
  FOR view IN SELECT jsonb_array_elements(plan -> 'views') LOOP
    IF NOT (view ->> 'closed')::boolean THEN
      PERFORM {schema}.release_patiently(jsonb_build_array(view));
    END IF;
    RETURN NEXT format('%I.%I', view ->> 'schema', view ->> 'name');
  END LOOP;
  PERFORM {schema}.clear_way(targets);
  PERFORM set_config('role', before, true);
END $$;

-- Releases some views, all or none of them, without ever having their readers queue for longer than an instant: tries for a minute.
CREATE OR REPLACE FUNCTION {schema}.release_patiently(views jsonb)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET lock_timeout = '60ms' AS $$
DECLARE
  patience timestamptz := clock_timestamp() + interval '1 minute';
BEGIN
  LOOP
    BEGIN
      PERFORM {schema}.release_view((v ->> 'schema')::name, (v ->> 'name')::name, (v ->> 'copied')::boolean, (v ->> 'kept')::boolean, (v ->> 'closed')::boolean)
      FROM jsonb_array_elements(views) AS v;
      RETURN;
    EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
      IF clock_timestamp() > patience THEN
        RAISE;
      END IF;
    END;
    PERFORM pg_sleep(0.05 + random() * 0.1);
  END LOOP;
END $$;
