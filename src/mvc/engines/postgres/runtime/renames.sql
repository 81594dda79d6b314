-- Views, their columns and what stores them under other names: nothing is computed anew, readers and dependents follow by their OIDs, and
-- so does all that the ledger says. What the server prints of a relation changes with the names in it: whatever was as it was recorded
-- before, is so afterwards, and what was changed behind our back still tells.

-- Of everything that reads these relations, and of these: what is as it is recorded.
CREATE OR REPLACE FUNCTION {schema}.as_recorded(relations oid[])
RETURNS jsonb LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  touched constant oid[] := relations || ARRAY(
    SELECT r.ev_class FROM pg_depend AS d JOIN pg_rewrite AS r ON r.oid = d.objid
    WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = ANY (relations));
  named constant name[] := ARRAY(SELECT c.relname FROM pg_class AS c WHERE c.relnamespace = to_regnamespace('{schema}') AND c.oid = ANY (touched));
BEGIN
  RETURN jsonb_build_object(
    'stored', ARRAY(
      SELECT to_regclass(format('%I.%I', '{name}', s.stored_name))::oid FROM {schema}.stored_relation AS s
      WHERE (s.stored_name = ANY (named) OR EXISTS (SELECT FROM jsonb_each_text(s.companions) AS b WHERE b.value = ANY (named)))
        AND s.printed = {schema}.printed(format('%I.%I', '{name}', s.stored_name))),
    'views', (
      SELECT coalesce(jsonb_agg(jsonb_build_object('view', to_regclass(format('%I.%I', d.view_schema, d.view_name))::oid, 'part', part.name)), '[]')
      FROM {schema}.deployed_view AS d CROSS JOIN LATERAL {schema}.objects_of(d.definition) AS now (objects)
      CROSS JOIN unnest(ARRAY['exposure', 'arms', 'indexes']) AS part (name)
      WHERE (to_regclass(format('%I.%I', d.view_schema, d.view_name))::oid = ANY (touched) OR d.stored_name = ANY (named))
        AND d.recorded -> part.name = now.objects -> part.name));
END $$;

CREATE OR REPLACE FUNCTION {schema}.record_anew(recorded_so jsonb)
RETURNS void LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  UPDATE {schema}.stored_relation AS s SET printed = {schema}.printed(format('%I.%I', '{name}', s.stored_name))
  WHERE to_regclass(format('%I.%I', '{name}', s.stored_name))::oid = ANY ({schema}.oids(recorded_so -> 'stored'));
  UPDATE {schema}.deployed_view AS d SET recorded = d.recorded || kept.parts
  FROM (SELECT (item ->> 'view')::oid AS view, array_agg(item ->> 'part') AS names FROM jsonb_array_elements(recorded_so -> 'views') AS item GROUP BY 1) AS k
  CROSS JOIN LATERAL (
    SELECT jsonb_object_agg(o.key, o.value) AS parts FROM {schema}.deployed_view AS v
    CROSS JOIN jsonb_each({schema}.objects_of(v.definition)) AS o
    WHERE to_regclass(format('%I.%I', v.view_schema, v.view_name))::oid = k.view AND o.key = ANY (k.names)) AS kept
  WHERE to_regclass(format('%I.%I', d.view_schema, d.view_name))::oid = k.view;
$$;

-- Gives relations and indexes of the stored schema other names, and columns first: `names` from → to, `columns` by relation from → to. `stored`
-- says of each stored relation what is beside it then; `definitions` are those of deployed views in the new names.
CREATE OR REPLACE FUNCTION {schema}.rename_stored(names jsonb, columns jsonb, stored jsonb, definitions jsonb)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  recorded_so jsonb;
  item record;
BEGIN
  FOR item IN SELECT s.key AS relation FROM jsonb_each(stored) AS s ORDER BY 1 LOOP
    IF NOT {schema}.take_turn('refresh ' || item.relation) THEN
      RAISE EXCEPTION '%.% is being refreshed', '{name}', quote_ident(item.relation) USING ERRCODE = 'lock_not_available';
    END IF;
  END LOOP;
  recorded_so := {schema}.as_recorded(ARRAY(
    SELECT c.oid FROM pg_class AS c WHERE c.relnamespace = to_regnamespace('{schema}') AND c.relkind IN ('r', 'v', 'm') AND names ? c.relname));
  FOR item IN
    SELECT format('ALTER %s %s RENAME COLUMN %I TO %I', {schema}.kind_word(c.relkind), c.oid::regclass, a.attname, p.value) AS statement
    FROM jsonb_each(columns) AS r JOIN pg_class AS c ON c.relnamespace = to_regnamespace('{schema}') AND c.relname = r.key
    CROSS JOIN jsonb_each_text(r.value) AS p JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND a.attname = p.key
    ORDER BY c.relname, a.attnum
  LOOP
    EXECUTE item.statement;
  END LOOP;
  FOR item IN
    SELECT format('ALTER %s %s RENAME TO %I', {schema}.kind_word(c.relkind), c.oid::regclass, n.value) AS statement
    FROM jsonb_each_text(names) AS n JOIN pg_class AS c ON c.relnamespace = to_regnamespace('{schema}') AND c.relname = n.key ORDER BY c.relname
  LOOP
    EXECUTE item.statement;
  END LOOP;
  UPDATE {schema}.stored_relation AS s SET stored_name = (names ->> s.stored_name)::name, companions = moved.value
  FROM jsonb_each(stored) AS moved WHERE s.stored_name = moved.key;
  INSERT INTO {schema}.turn (work) SELECT 'refresh ' || (names ->> moved.key) FROM jsonb_each(stored) AS moved ON CONFLICT DO NOTHING;
  UPDATE {schema}.deployed_view AS d SET definition = now.definition, stored_name = now.definition #>> '{storage,1}'
  FROM jsonb_array_elements(definitions) AS now (definition)
  WHERE d.view_schema = now.definition ->> 'schema' AND d.view_name = now.definition ->> 'name';
  PERFORM {schema}.record_anew(recorded_so);
END $$;

CREATE OR REPLACE FUNCTION {schema}.kind_word(relkind "char")
RETURNS text LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE relkind WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'v' THEN 'VIEW' WHEN 'i' THEN 'INDEX' ELSE 'TABLE' END
$$;

-- What was refreshed, and what else is told of a view, under its new name. It comes before readers have to wait.
CREATE OR REPLACE FUNCTION {schema}.rename_history(from_schema name, from_name name, to_schema name, to_name name)
RETURNS void LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  UPDATE {schema}.refresh_log AS l SET view_schema = to_schema, view_name = to_name WHERE l.view_schema = from_schema AND l.view_name = from_name;
  DELETE FROM {schema}.told_promise AS t WHERE t.view_schema = to_schema AND t.view_name = to_name;
  UPDATE {schema}.told_promise AS t SET view_schema = to_schema, view_name = to_name WHERE t.view_schema = from_schema AND t.view_name = from_name;
  DELETE FROM {schema}.replaced_view AS r USING {schema}.replaced_view AS f WHERE r.view_schema = to_schema AND r.view_name = to_name
    AND f.view_schema = from_schema AND f.view_name = from_name AND f.deployment = r.deployment;
  UPDATE {schema}.replaced_view AS r SET view_schema = to_schema, view_name = to_name WHERE r.view_schema = from_schema AND r.view_name = from_name;
$$;

-- Gives a deployed view another name. What readers use is the same view, with its OID, grants and dependents.
CREATE OR REPLACE FUNCTION {schema}.rename_view(from_schema name, from_name name, to_schema name, to_name name)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  target constant oid := to_regclass(format('%I.%I', from_schema, from_name));
  recorded_so constant jsonb := {schema}.as_recorded(ARRAY[target]);
BEGIN
  IF target IS NOT NULL AND from_schema <> to_schema THEN
    EXECUTE format('ALTER VIEW %I.%I SET SCHEMA %I', from_schema, from_name, to_schema);
  END IF;
  IF target IS NOT NULL AND from_name <> to_name THEN
    EXECUTE format('ALTER VIEW %I.%I RENAME TO %I', to_schema, from_name, to_name);
  END IF;
  UPDATE {schema}.deployed_view AS d SET view_schema = to_schema, view_name = to_name,
    definition = d.definition || jsonb_build_object('schema', to_schema, 'name', to_name)
  WHERE d.view_schema = from_schema AND d.view_name = from_name;
  UPDATE {schema}.stored_relation AS s SET view_schema = to_schema, view_name = to_name WHERE s.view_schema = from_schema AND s.view_name = from_name;
  PERFORM {schema}.record_anew(recorded_so);
END $$;

-- What a deployment takes the place of, where the ledger has it in other names by now; a rollback gives it back.
CREATE OR REPLACE FUNCTION {schema}.note_replaced(view_schema name, view_name name, definition jsonb)
RETURNS void LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO {schema}.replaced_view (deployment, view_schema, view_name, definition)
  SELECT max(d.id), note_replaced.view_schema, note_replaced.view_name, note_replaced.definition FROM {schema}.deployment AS d
  ON CONFLICT ON CONSTRAINT replaced_view_pkey DO UPDATE SET definition = excluded.definition
$$;
