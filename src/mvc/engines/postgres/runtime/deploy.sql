-- Opens a deployment: one at a time, and what follows in this transaction belongs to it.
CREATE OR REPLACE FUNCTION {schema}.begin_deployment(action text, target jsonb)
RETURNS bigint LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  opened bigint;
  unknown text := (SELECT string_agg(quote_ident(t.name), ', ' ORDER BY t.name) FROM jsonb_array_elements_text(target -> 'trusted_roles') AS t (name)
                   WHERE NOT EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = t.name));
BEGIN
  IF unknown IS NOT NULL THEN
    RAISE EXCEPTION 'the server has no role %, which mvc.yml trusts: whoever makes one of that name would be trusted', unknown
      USING ERRCODE = 'undefined_object', HINT = 'create it, or take it out of trusted_roles';
  END IF;
  LOCK TABLE {schema}.deployment IN SHARE ROW EXCLUSIVE MODE;
  INSERT INTO {schema}.deployment (project, action, target, compiler)
  VALUES (target ->> 'project', begin_deployment.action, target, target ->> 'compiler') RETURNING id INTO opened;
  PERFORM {schema}.follow_schedules(target);
  PERFORM {schema}.make_leaders(target ->> 'project', ARRAY(SELECT jsonb_array_elements_text(target -> 'refresh_roles'))::name[]);
  RETURN opened;
END $$;

-- Goes on with a deployment whose first part is committed already; refuses where another one came between.
CREATE OR REPLACE FUNCTION {schema}.continue_deployment(opened bigint)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  LOCK TABLE {schema}.deployment IN SHARE ROW EXCLUSIVE MODE;
  IF opened IS DISTINCT FROM (SELECT max(id) FROM {schema}.deployment) THEN
    RAISE EXCEPTION 'something else was deployed in the meantime' USING HINT = 'make the plan again';
  END IF;
END $$;

-- Refuses to go on where a view is not in the state that what follows was made for: stored as `stored_name`, or (also) not
-- deployed at all and its name free. What `stated` says of its definition must hold too, in whatever order.
CREATE OR REPLACE FUNCTION {schema}.expect(
  view_schema name, view_name name, stored_name name, may_be_new boolean, stated jsonb DEFAULT NULL
) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  deployed {schema}.deployed_view;
BEGIN
  SELECT d.* INTO deployed FROM {schema}.deployed_view AS d
  WHERE d.view_schema = expect.view_schema AND d.view_name = expect.view_name;
  IF deployed.stored_name IS NULL AND NOT may_be_new THEN
    RAISE EXCEPTION 'the view %.% is not deployed here', quote_ident(view_schema), quote_ident(view_name)
      USING HINT = 'this was made for another state of the database: compare again with mvc diff --database';
  ELSIF deployed.stored_name IS NULL AND to_regclass(format('%I.%I', view_schema, view_name)) IS NOT NULL THEN
    RAISE EXCEPTION 'the relation %.% is not ours', quote_ident(view_schema), quote_ident(view_name)
      USING HINT = 'mvc apply takes its place, once the rows of both are compared; or rename or drop it, or give the view another name or schema';
  ELSIF deployed.stored_name IS DISTINCT FROM expect.stored_name AND deployed.stored_name IS NOT NULL
     OR EXISTS (SELECT FROM jsonb_each(stated) AS s WHERE (
          (deployed.definition -> s.key) @> s.value AND s.value @> (deployed.definition -> s.key)) IS NOT TRUE) THEN
    RAISE EXCEPTION 'the view %.% is deployed with another definition', quote_ident(view_schema), quote_ident(view_name)
      USING HINT = 'mvc apply replaces it without taking readers down; mvc diff --format sql writes that as a migration';
  END IF;
END $$;

-- Refuses to go on where other settings or schedules were deployed last than those that what follows was made for.
CREATE OR REPLACE FUNCTION {schema}.expect_settings(target jsonb)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  deployed jsonb := (SELECT d.target FROM {schema}.deployment AS d WHERE d.project = expect_settings.target ->> 'project' ORDER BY d.id DESC LIMIT 1);
BEGIN
  IF '{"trusted_roles": []}'::jsonb || deployed - 'compiler' IS DISTINCT FROM expect_settings.target - 'compiler' THEN  -- older ones lack it
    RAISE EXCEPTION 'the settings or schedules of the project % are deployed otherwise', expect_settings.target ->> 'project'
      USING HINT = 'this was made for another state of the database: compare again with mvc diff --database';
  END IF;
END $$;

-- Makes a stored relation known as built, with what is beside it, and all of it nobody's but the owner's whatever default
-- privileges say.
CREATE OR REPLACE FUNCTION {schema}.register(
  project text, view_schema name, view_name name, stored_name name, companions jsonb DEFAULT '{}', watches name[] DEFAULT '{}'
) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM {schema}.seal(stored_name);
  PERFORM {schema}.seal(beside.name::name) FROM jsonb_each_text(companions) AS beside (purpose, name);
  INSERT INTO {schema}.stored_relation AS s (stored_name, view_schema, view_name, project, companions, watches)
  VALUES (register.stored_name, register.view_schema, register.view_name, register.project, register.companions, register.watches)
  ON CONFLICT ON CONSTRAINT stored_relation_pkey DO UPDATE SET companions = excluded.companions, watches = excluded.watches;
  INSERT INTO {schema}.turn (work) VALUES ('refresh ' || register.stored_name) ON CONFLICT DO NOTHING;
  UPDATE {schema}.stored_relation AS s SET printed = {schema}.printed(format('%I.%I', '{name}', s.stored_name))
  WHERE s.stored_name = register.stored_name;
END $$;

-- Takes every right on a relation of the stored schema, and on its columns, from everyone but its owner.
CREATE OR REPLACE FUNCTION {schema}.seal(stored_name name)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM {schema}.revoke_all('TABLE', c.oid::regclass::text, c.relowner, (
    SELECT array_agg(entry) FROM (SELECT unnest(c.relacl) UNION ALL
      SELECT unnest(a.attacl) FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attacl IS NOT NULL) AS given (entry)))
  FROM pg_class AS c WHERE c.relnamespace = to_regnamespace('{schema}') AND c.relname = seal.stored_name;
END $$;

-- Refuses a stored relation with a NULL in a column of the grain that cannot be one; its unique index proves the rest.
CREATE OR REPLACE FUNCTION {schema}.prove(stored_name name, never_null name[])
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  broken name;
  found boolean;
BEGIN
  FOREACH broken IN ARRAY never_null LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM %I.%I AS stored WHERE stored.%I IS NULL)', '{name}', stored_name, broken) INTO found;
    IF found THEN
      RAISE EXCEPTION 'the column % of the grain holds NULL', quote_ident(broken)
        USING HINT = 'the catalog calls it NOT NULL: pull it again with mvc catalog pull';
    END IF;
  END LOOP;
  EXECUTE format('ANALYZE %I.%I', '{name}', stored_name);
END $$;

-- Writes a view into the ledger as it is deployed now, with what the server says of its objects. Where what is stored stays, but other
-- statements find what changed, the next refresh is a whole one: the former ones may have been at fault.
CREATE OR REPLACE FUNCTION {schema}.record(timezone text, definition jsonb)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  home name := definition ->> 'schema';
  named name := definition ->> 'name';
  before jsonb := (
    SELECT coalesce(r.released -> 'definition', d.definition) FROM {schema}.deployed_view AS d
    LEFT JOIN {schema}.released_view AS r ON r.view_schema = d.view_schema AND r.view_name = d.view_name WHERE d.view_schema = home AND d.view_name = named);
  latest {schema}.deployment;
BEGIN
  SELECT * INTO STRICT latest FROM {schema}.deployment ORDER BY id DESC LIMIT 1;
  IF before IS DISTINCT FROM record.definition THEN
    INSERT INTO {schema}.replaced_view (deployment, view_schema, view_name, definition)
    VALUES (latest.id, home, named, before) ON CONFLICT DO NOTHING;
  END IF;
  INSERT INTO {schema}.deployed_view AS d
    (view_schema, view_name, project, stored_name, kind, timezone, definition, recorded, deployment)
  VALUES (home, named, latest.project, record.definition #>> '{storage,1}', record.definition ->> 'kind', record.timezone,
          record.definition, {schema}.objects_of(record.definition), latest.id)
  ON CONFLICT ON CONSTRAINT deployed_view_pkey DO UPDATE
  SET project = excluded.project, stored_name = excluded.stored_name, kind = excluded.kind, timezone = excluded.timezone,
      definition = excluded.definition, recorded = excluded.recorded, deployment = excluded.deployment;
  DELETE FROM {schema}.released_view AS r WHERE r.view_schema = home AND r.view_name = named;
  IF before #>> '{storage,1}' = record.definition #>> '{storage,1}' AND jsonb_typeof(record.definition -> 'increment') = 'object'
     AND before -> 'increment' IS DISTINCT FROM record.definition -> 'increment' THEN
    UPDATE {schema}.stored_relation AS s SET cursor = NULL, missed = 'it is refreshed by other statements than before'
    WHERE s.stored_name = record.definition #>> '{storage,1}';
  END IF;
  PERFORM {schema}.stop_following(home, named, record.definition #>> '{storage,1}');
END $$;

-- What stores a view was renamed, since another relation is to be built under its name: it is read, refreshed and watched as before.
CREATE OR REPLACE FUNCTION {schema}.move_stored(former name, definition jsonb, companions jsonb, as_recorded boolean)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  now_called name := definition #>> '{storage,1}';
BEGIN
  UPDATE {schema}.stored_relation AS s SET stored_name = now_called, companions = move_stored.companions WHERE s.stored_name = former;
  INSERT INTO {schema}.turn (work) VALUES ('refresh ' || now_called) ON CONFLICT DO NOTHING;
  UPDATE {schema}.frozen_relation AS f SET stored_name = now_called WHERE f.stored_name = former;
  UPDATE {schema}.released_view AS r SET released = jsonb_build_object('definition', d.definition) || r.released
  FROM {schema}.deployed_view AS d WHERE d.stored_name = former AND d.view_schema = r.view_schema AND d.view_name = r.view_name;
  UPDATE {schema}.deployed_view AS d SET stored_name = now_called, definition = move_stored.definition,
    recorded = CASE WHEN as_recorded THEN {schema}.objects_of(move_stored.definition) ELSE d.recorded END
  WHERE d.stored_name = former AND d.view_schema = move_stored.definition ->> 'schema' AND d.view_name = move_stored.definition ->> 'name';
END $$;

-- What stored a view until now follows the changes of its sources no more: taken up again, it starts anew.
CREATE OR REPLACE FUNCTION {schema}.stop_following(view_schema name, view_name name, but_for name)
RETURNS void LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  UPDATE {schema}.stored_relation AS s SET cursor = NULL
  WHERE s.view_schema = stop_following.view_schema AND s.view_name = stop_following.view_name AND s.cursor IS NOT NULL
    AND s.stored_name IS DISTINCT FROM but_for
$$;

-- The server's print of a view's definition, as a digest; of a table, of its columns and of all that is beside it. Another
-- major version prints differently, so it is named.
CREATE OR REPLACE FUNCTION {schema}.printed(named text)
RETURNS text LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET TimeZone = 'UTC' SET DateStyle = 'ISO, MDY' SET IntervalStyle = 'postgres'
SET extra_float_digits = 1 SET bytea_output = 'hex' SET quote_all_identifiers = off AS $$
BEGIN
  RETURN (
    SELECT current_setting('server_version_num')::int / 10000 || ' ' || md5(CASE c.relkind WHEN 'r' THEN (
      SELECT string_agg(concat(pg_get_viewdef(part.oid), ' ', (
        SELECT string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attnum)
        FROM pg_attribute AS a WHERE a.attrelid = part.oid AND a.attnum > 0 AND NOT a.attisdropped)), '; ' ORDER BY part.purpose)
      FROM (SELECT '' AS purpose, c.oid UNION ALL
        SELECT b.key, q.oid FROM jsonb_each_text(s.companions) AS b JOIN pg_class AS q ON q.relnamespace = c.relnamespace AND q.relname = b.value) AS part)
      ELSE pg_get_viewdef(c.oid) END)
    FROM pg_class AS c LEFT JOIN {schema}.stored_relation AS s ON c.relnamespace = to_regnamespace('{schema}') AND s.stored_name = c.relname
    WHERE c.oid = to_regclass(named)
  );
END $$;

-- What the server says of a view's exposure, its arms, the indexes of what stores it, and the roles of its rules.
CREATE OR REPLACE FUNCTION {schema}.objects_of(definition jsonb)
RETURNS jsonb LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET TimeZone = 'UTC' SET DateStyle = 'ISO, MDY' SET IntervalStyle = 'postgres'
SET extra_float_digits = 1 SET bytea_output = 'hex' SET quote_all_identifiers = off AS $$
  SELECT {schema}.roles_of(definition) || CASE WHEN (definition ->> 'apart')::boolean THEN '{"apart": true}'::jsonb ELSE '{}' END || jsonb_build_object(
    'exposure', {schema}.printed(format('%I.%I', definition ->> 'schema', definition ->> 'name')),
    'arms', (SELECT coalesce(jsonb_object_agg(arm ->> 'name', {schema}.printed(format('%I.%I', '{name}', arm ->> 'name'))), '{}')
             FROM jsonb_array_elements(definition #> '{exposure,arms}') AS arm),
    'indexes', (SELECT coalesce(jsonb_object_agg(i.relname, pg_get_indexdef(i.oid)), '{}')
                FROM pg_index AS x JOIN pg_class AS i ON i.oid = x.indexrelid
                WHERE x.indrelid = to_regclass(format('%I.%I', '{name}', definition #>> '{storage,1}'))))
$$;

-- Makes the indexes that somebody added by hand to one stored relation on another as well, where they still fit. A copy's
-- name is the first one's with the end of the relation's name.
CREATE OR REPLACE FUNCTION {schema}.carry_indexes(from_stored name, to_stored name, names name[])
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  made text;
BEGIN
  FOR made IN
    SELECT format('CREATE %sINDEX %I ON %I.%I %s', CASE WHEN x.indisunique THEN 'UNIQUE ' ELSE '' END,
                  {schema}.copied_name(i.relname, from_stored, to_stored), '{name}', to_stored, {schema}.index_body(i.oid))
    FROM pg_index AS x JOIN pg_class AS i ON i.oid = x.indexrelid
    WHERE x.indrelid = to_regclass(format('%I.%I', '{name}', from_stored)) AND i.relname = ANY (names) AND x.indisvalid
      AND NOT EXISTS (SELECT FROM pg_index AS other WHERE other.indrelid = to_regclass(format('%I.%I', '{name}', to_stored))
                      AND other.indisunique = x.indisunique AND {schema}.index_body(other.indexrelid) = {schema}.index_body(i.oid))
  LOOP
    BEGIN
      EXECUTE made;
    EXCEPTION WHEN OTHERS THEN
      RAISE WARNING 'an index that was added by hand does not fit the new definition: %', SQLERRM USING DETAIL = made;
    END;
  END LOOP;
END $$;

-- What an index is, without its name and its relation's: `USING btree (a)`.
CREATE OR REPLACE FUNCTION {schema}.index_body(index oid)
RETURNS text LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT substr(pg_get_indexdef(x.indexrelid), length(format('CREATE %sINDEX %I ON %I.%I ', CASE WHEN x.indisunique THEN 'UNIQUE ' ELSE '' END,
                i.relname, n.nspname, c.relname)) + 1)
  FROM pg_index AS x JOIN pg_class AS i ON i.oid = x.indexrelid
  JOIN pg_class AS c ON c.oid = x.indrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE x.indexrelid = index
$$;

-- A name of 63 bytes at most for the copy of an index on another stored relation.
CREATE OR REPLACE FUNCTION {schema}.copied_name(index name, from_stored name, to_stored name)
RETURNS text LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN octet_length(plain) <= 54 THEN plain ELSE left(plain, 11) || '_' || md5(plain) END || '_' || right(to_stored, 8)
  FROM (SELECT CASE WHEN right(index, 9) = '_' || right(from_stored, 8) THEN left(index, -9) ELSE index::text END) AS first (plain)
$$;

-- Takes a view out of the ledger; what stored it stays until it is pruned.
CREATE OR REPLACE FUNCTION {schema}.forget(view_schema name, view_name name)
RETURNS void LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO {schema}.replaced_view (deployment, view_schema, view_name, definition)
  SELECT (SELECT max(id) FROM {schema}.deployment), d.view_schema, d.view_name, d.definition
  FROM {schema}.deployed_view AS d WHERE d.view_schema = forget.view_schema AND d.view_name = forget.view_name
  ON CONFLICT DO NOTHING;
  DELETE FROM {schema}.deployed_view AS d WHERE d.view_schema = forget.view_schema AND d.view_name = forget.view_name;
  DELETE FROM {schema}.released_view AS r WHERE r.view_schema = forget.view_schema AND r.view_name = forget.view_name;
  SELECT {schema}.stop_following(view_schema, view_name, NULL)
$$;

-- What schedules and definitions call a view that is deployed: its name, with the schema where another schema of the project has a view of that name.
-- Without settings of its own it becomes a part of the statements that ask it.
CREATE OR REPLACE FUNCTION {schema}.called(view_schema name, view_name name, recorded jsonb)
RETURNS name LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN recorded OPERATOR(pg_catalog.?) 'apart'::pg_catalog.text
    THEN (view_schema::pg_catalog.text OPERATOR(pg_catalog.||) '.'::pg_catalog.text OPERATOR(pg_catalog.||) view_name::pg_catalog.text)::pg_catalog.name
    ELSE view_name END
$$;
