SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
CREATE SCHEMA mvc;
CREATE FUNCTION mvc.begin_deployment(action text, target jsonb) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  opened bigint;
BEGIN
  LOCK TABLE mvc.deployment IN SHARE ROW EXCLUSIVE MODE;
  INSERT INTO mvc.deployment (project, action, target, compiler)
  VALUES (target ->> 'project', begin_deployment.action, target, target ->> 'compiler') RETURNING id INTO opened;
  RETURN opened;
END $$;
CREATE FUNCTION mvc.carry_indexes(from_stored name, to_stored name, names name[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  made text;
BEGIN
  FOR made IN
    SELECT format('CREATE %sINDEX %I ON %I.%I %s', CASE WHEN x.indisunique THEN 'UNIQUE ' ELSE '' END,
                  mvc.copied_name(i.relname, from_stored, to_stored), 'mvc', to_stored, mvc.index_body(i.oid))
    FROM pg_index AS x JOIN pg_class AS i ON i.oid = x.indexrelid
    WHERE x.indrelid = to_regclass(format('%I.%I', 'mvc', from_stored)) AND i.relname = ANY (names) AND x.indisvalid
      AND NOT EXISTS (SELECT FROM pg_index AS other WHERE other.indrelid = to_regclass(format('%I.%I', 'mvc', to_stored))
                      AND other.indisunique = x.indisunique AND mvc.index_body(other.indexrelid) = mvc.index_body(i.oid))
  LOOP
    BEGIN
      EXECUTE made;
    EXCEPTION WHEN OTHERS THEN
      RAISE WARNING 'an index that was added by hand does not fit the new definition: %', SQLERRM USING DETAIL = made;
    END;
  END LOOP;
END $$;
CREATE FUNCTION mvc.close_storage(refreshers name[], project text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
DECLARE
  home oid := to_regnamespace('mvc');
  refresher name;
BEGIN
  PERFORM mvc.revoke_all('SCHEMA', quote_ident(n.nspname), n.nspowner, n.nspacl) FROM pg_namespace AS n WHERE n.oid = home;
  PERFORM mvc.revoke_all('SEQUENCE', c.oid::regclass::text, c.relowner, c.relacl)
  FROM pg_class AS c WHERE c.relnamespace = home AND c.relkind = 'S';
  PERFORM mvc.seal(c.relname) FROM pg_class AS c WHERE c.relnamespace = home AND c.relkind IN ('r', 'p', 'v', 'm', 'f');
  PERFORM mvc.revoke_all('ROUTINE', p.oid::regprocedure::text, p.proowner, p.proacl)
  FROM pg_proc AS p WHERE p.pronamespace = home;
  FOREACH refresher IN ARRAY refreshers || ARRAY(
    SELECT role.name FROM (
      SELECT DISTINCT ON (d.project) d.project, d.target FROM mvc.deployment AS d ORDER BY d.project, d.id DESC
    ) AS latest, jsonb_array_elements_text(latest.target -> 'refresh_roles') AS role (name)
    WHERE latest.project <> close_storage.project AND EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = role.name)
  ) LOOP
    EXECUTE format('GRANT USAGE ON SCHEMA %s TO %I', 'mvc', refresher);
    EXECUTE format('GRANT SELECT ON %1$s.deployed_view, %1$s.deployment, %1$s.installation, %1$s.refresh_log, %1$s.replaced_view,'
                   ' %1$s.stored_relation TO %2$I', 'mvc', refresher);
    EXECUTE format('GRANT EXECUTE ON ROUTINE %1$s.refresh(name, name), %1$s.refresh_begin(name, name), %1$s.refresh_run(bigint) TO %2$I',
                   'mvc', refresher);
  END LOOP;
END $_$;
CREATE FUNCTION mvc.continue_deployment(opened bigint) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  LOCK TABLE mvc.deployment IN SHARE ROW EXCLUSIVE MODE;
  IF opened IS DISTINCT FROM (SELECT max(id) FROM mvc.deployment) THEN
    RAISE EXCEPTION 'something else was deployed in the meantime' USING HINT = 'make the plan again';
  END IF;
END $$;
CREATE FUNCTION mvc.copied_name(index name, from_stored name, to_stored name) RETURNS text
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT CASE WHEN octet_length(plain) <= 54 THEN plain ELSE left(plain, 11) || '_' || md5(plain) END || '_' || right(to_stored, 8)
  FROM (SELECT CASE WHEN right(index, 9) = '_' || right(from_stored, 8) THEN left(index, -9) ELSE index::text END) AS first (plain)
$$;
CREATE FUNCTION mvc.creation_of(view oid) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT format('CREATE VIEW %s (%s)%s AS %s', c.oid::regclass,
                (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0),
                ' WITH (' || array_to_string(c.reloptions, ', ') || ')',
                pg_get_viewdef(c.oid))
  FROM pg_class AS c WHERE c.oid = view
$$;
CREATE FUNCTION mvc.dependents(target oid) RETURNS TABLE(view oid, level integer)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  WITH RECURSIVE reading (view, level) AS (
    SELECT DISTINCT r.ev_class, 1 FROM pg_depend AS d JOIN pg_rewrite AS r ON r.oid = d.objid
    WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = target AND r.ev_class <> target
    UNION
    SELECT r.ev_class, reading.level + 1 FROM reading
    JOIN pg_depend AS d ON d.refobjid = reading.view AND d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass
    JOIN pg_rewrite AS r ON r.oid = d.objid AND r.ev_class <> reading.view
  )
  SELECT reading.view, max(reading.level) FROM reading GROUP BY reading.view ORDER BY 2, 1
$$;
CREATE FUNCTION mvc.dress(named text, dressing text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  message text;
BEGIN
  PERFORM mvc.revoke_all('TABLE', named, c.relowner, c.relacl) FROM pg_class AS c WHERE c.oid = named::regclass;
  IF dressing IS NOT NULL THEN
    EXECUTE dressing;
  END IF;
EXCEPTION WHEN undefined_column OR undefined_function OR datatype_mismatch OR insufficient_privilege THEN
  GET STACKED DIAGNOSTICS message = MESSAGE_TEXT;
  RAISE EXCEPTION 'a grant, rule or trigger on % does not fit its new columns: %', named, message
    USING ERRCODE = 'dependent_objects_still_exist', HINT = 'change or drop it first';
END $$;
CREATE FUNCTION mvc.dressing_of(view oid, columns name[]) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT string_agg(part.sql, E';\n' ORDER BY part.step) FROM (
    SELECT 1 AS step, format('ALTER VIEW %s OWNER TO %I', c.oid::regclass, pg_get_userbyid(c.relowner)) AS sql
    FROM pg_class AS c WHERE c.oid = view AND c.relowner <> (SELECT r.oid FROM pg_roles AS r WHERE r.rolname = current_user)
    UNION ALL
    SELECT 2, format('GRANT %s ON TABLE %s TO %s%s', e.privilege_type, c.oid::regclass,
                     CASE e.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(e.grantee)) END,
                     CASE WHEN e.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
    FROM pg_class AS c, aclexplode(c.relacl) AS e WHERE c.oid = view AND e.grantee <> c.relowner
    UNION ALL
    SELECT 2, format('GRANT %s (%I) ON TABLE %s TO %s%s', e.privilege_type, a.attname, view::regclass,
                     CASE e.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(e.grantee)) END,
                     CASE WHEN e.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
    FROM pg_attribute AS a, aclexplode(a.attacl) AS e
    WHERE a.attrelid = view AND a.attnum > 0 AND (columns IS NULL OR a.attname = ANY (columns))
    UNION ALL
    SELECT 3, format('COMMENT ON VIEW %s IS %L', view::regclass, d.description)
    FROM pg_description AS d WHERE d.classoid = 'pg_class'::regclass AND d.objoid = view AND d.objsubid = 0
    UNION ALL
    SELECT 3, format('COMMENT ON COLUMN %s.%I IS %L', view::regclass, a.attname, d.description)
    FROM pg_description AS d JOIN pg_attribute AS a ON a.attrelid = view AND a.attnum = d.objsubid
    WHERE d.classoid = 'pg_class'::regclass AND d.objoid = view AND (columns IS NULL OR a.attname = ANY (columns))
    UNION ALL
    SELECT 4, format('ALTER VIEW %s ALTER COLUMN %I SET DEFAULT %s', view::regclass, a.attname, pg_get_expr(f.adbin, f.adrelid))
    FROM pg_attrdef AS f JOIN pg_attribute AS a ON a.attrelid = f.adrelid AND a.attnum = f.adnum
    WHERE f.adrelid = view AND (columns IS NULL OR a.attname = ANY (columns))
    UNION ALL
    SELECT 5, rtrim(pg_get_ruledef(r.oid), ';') FROM pg_rewrite AS r WHERE r.ev_class = view AND r.rulename <> '_RETURN'
    UNION ALL
    SELECT 6, pg_get_triggerdef(t.oid) FROM pg_trigger AS t WHERE t.tgrelid = view AND NOT t.tgisinternal
    UNION ALL
    SELECT 7, format('COMMENT ON RULE %I ON %s IS %L', r.rulename, view::regclass, d.description)
    FROM pg_rewrite AS r JOIN pg_description AS d ON d.classoid = 'pg_rewrite'::regclass AND d.objoid = r.oid
    WHERE r.ev_class = view AND r.rulename <> '_RETURN'
    UNION ALL
    SELECT 7, format('COMMENT ON TRIGGER %I ON %s IS %L', t.tgname, view::regclass, d.description)
    FROM pg_trigger AS t JOIN pg_description AS d ON d.classoid = 'pg_trigger'::regclass AND d.objoid = t.oid
    WHERE t.tgrelid = view AND NOT t.tgisinternal
  ) AS part
$$;
CREATE FUNCTION mvc.expect(view_schema name, view_name name, stored_name name, may_be_new boolean, stated jsonb DEFAULT NULL::jsonb) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  deployed mvc.deployed_view;
BEGIN
  SELECT d.* INTO deployed FROM mvc.deployed_view AS d
  WHERE d.view_schema = expect.view_schema AND d.view_name = expect.view_name;
  IF deployed.stored_name IS NULL AND NOT may_be_new THEN
    RAISE EXCEPTION 'the view %.% is not deployed here', quote_ident(view_schema), quote_ident(view_name)
      USING HINT = 'this was made for another state of the database: compare again with mvc diff --database';
  ELSIF deployed.stored_name IS NULL AND to_regclass(format('%I.%I', view_schema, view_name)) IS NOT NULL THEN
    RAISE EXCEPTION 'the relation %.% is not ours', quote_ident(view_schema), quote_ident(view_name)
      USING HINT = 'rename or drop it, or give the view another name or schema';
  ELSIF deployed.stored_name IS DISTINCT FROM expect.stored_name AND deployed.stored_name IS NOT NULL
     OR EXISTS (SELECT FROM jsonb_each(stated) AS s WHERE (
          (deployed.definition -> s.key) @> s.value AND s.value @> (deployed.definition -> s.key)) IS NOT TRUE) THEN
    RAISE EXCEPTION 'the view %.% is deployed with another definition', quote_ident(view_schema), quote_ident(view_name)
      USING HINT = 'mvc apply replaces it without taking readers down; mvc diff --format sql writes that as a migration';
  END IF;
END $$;
CREATE FUNCTION mvc.expect_settings(target jsonb) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  deployed jsonb := (SELECT d.target FROM mvc.deployment AS d WHERE d.project = expect_settings.target ->> 'project' ORDER BY d.id DESC LIMIT 1);
BEGIN
  IF deployed - 'compiler' IS DISTINCT FROM expect_settings.target - 'compiler' THEN
    RAISE EXCEPTION 'the settings or schedules of the project % are deployed otherwise', expect_settings.target ->> 'project'
      USING HINT = 'this was made for another state of the database: compare again with mvc diff --database';
  END IF;
END $$;
CREATE FUNCTION mvc.expose(view_schema name, view_name name, columns name[], barrier boolean, query text, renamed name[] DEFAULT '{}'::name[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  exposed text := format('%I.%I', view_schema, view_name);
  target oid := to_regclass(exposed);
  options text := 'security_barrier = ' || CASE WHEN barrier THEN 'true' ELSE 'false' END;
BEGIN
  IF target IS NULL THEN
    PERFORM mvc.run_as_project(format('CREATE VIEW %s WITH (%s) AS %s', exposed, options, query));
    PERFORM mvc.revoke_all('TABLE', exposed, c.relowner, c.relacl) FROM pg_class AS c WHERE c.oid = exposed::regclass;
    RETURN;
  END IF;
  FOR pair IN 1 .. coalesce(array_length(renamed, 1), 0) BY 2 LOOP
    IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = target AND attname = renamed[pair])
       AND NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = target AND attname = renamed[pair + 1]) THEN
      EXECUTE format('ALTER VIEW %s RENAME COLUMN %I TO %I', exposed, renamed[pair], renamed[pair + 1]);
    END IF;
  END LOOP;
  IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = target AND attnum > 0 AND attname <> ALL (columns)) THEN
    PERFORM mvc.recreate(target, columns, options, query);
    RETURN;
  END IF;
  BEGIN
    PERFORM mvc.run_as_project(
      format('CREATE OR REPLACE VIEW %s WITH (%s) AS %s', exposed, options, mvc.in_order(target, columns, query)));
  EXCEPTION WHEN invalid_table_definition THEN  -- a column of another type
    PERFORM mvc.recreate(target, columns, options, query);
  END;
END $$;
CREATE FUNCTION mvc.fill(stored_name name, timezone text) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "DateStyle" TO 'ISO, MDY'
    SET "IntervalStyle" TO 'postgres'
    SET extra_float_digits TO '1'
    SET bytea_output TO 'hex'
    SET standard_conforming_strings TO 'on'
    AS $$
DECLARE
  began timestamptz := clock_timestamp();
  counted bigint;
BEGIN
  PERFORM set_config('TimeZone', timezone, true), set_config('row_security', 'off', true);
  EXECUTE format('REFRESH MATERIALIZED VIEW %I.%I', 'mvc', stored_name);
  EXECUTE format('SELECT count(*) FROM %I.%I', 'mvc', stored_name) INTO counted;
  UPDATE mvc.stored_relation AS s
  SET rows = counted, filled_at = began, fill_seconds = extract(epoch FROM clock_timestamp() - began)
  WHERE s.stored_name = fill.stored_name;
  RETURN counted;
END $$;
CREATE FUNCTION mvc.forget(view_schema name, view_name name) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  INSERT INTO mvc.replaced_view (deployment, view_schema, view_name, definition)
  SELECT (SELECT max(id) FROM mvc.deployment), d.view_schema, d.view_name, d.definition
  FROM mvc.deployed_view AS d WHERE d.view_schema = forget.view_schema AND d.view_name = forget.view_name
  ON CONFLICT DO NOTHING;
  DELETE FROM mvc.deployed_view AS d WHERE d.view_schema = forget.view_schema AND d.view_name = forget.view_name
$$;
CREATE FUNCTION mvc.in_order(target oid, columns name[], query text) RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  ordered name[] := ARRAY(
    SELECT c.name FROM unnest(columns) WITH ORDINALITY AS c (name, place)
    LEFT JOIN pg_attribute AS a ON a.attrelid = target AND a.attname = c.name AND a.attnum > 0
    ORDER BY a.attnum NULLS LAST, c.place);
BEGIN
  IF ordered = columns THEN
    RETURN in_order.query;
  END IF;
  RETURN format('SELECT %s FROM (%s) AS exposed', (SELECT string_agg(format('exposed.%I', n.name), ', ' ORDER BY n.place)
                FROM unnest(ordered) WITH ORDINALITY AS n (name, place)), query);
END $$;
CREATE FUNCTION mvc.index_body(index oid) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT substr(pg_get_indexdef(x.indexrelid), length(format('CREATE %sINDEX %I ON %I.%I ', CASE WHEN x.indisunique THEN 'UNIQUE ' ELSE '' END,
                i.relname, n.nspname, c.relname)) + 1)
  FROM pg_index AS x JOIN pg_class AS i ON i.oid = x.indexrelid
  JOIN pg_class AS c ON c.oid = x.indrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE x.indexrelid = index
$$;
CREATE FUNCTION mvc.objects_of(definition jsonb) RETURNS jsonb
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO, MDY'
    SET "IntervalStyle" TO 'postgres'
    SET extra_float_digits TO '1'
    SET bytea_output TO 'hex'
    SET quote_all_identifiers TO 'off'
    AS $$
  SELECT jsonb_build_object(
    'exposure', mvc.printed(format('%I.%I', definition ->> 'schema', definition ->> 'name')),
    'arms', (SELECT coalesce(jsonb_object_agg(arm ->> 'name', mvc.printed(format('%I.%I', 'mvc', arm ->> 'name'))), '{}')
             FROM jsonb_array_elements(definition #> '{exposure,arms}') AS arm),
    'indexes', (SELECT coalesce(jsonb_object_agg(i.relname, pg_get_indexdef(i.oid)), '{}')
                FROM pg_index AS x JOIN pg_class AS i ON i.oid = x.indexrelid
                WHERE x.indrelid = to_regclass(format('%I.%I', 'mvc', definition #>> '{storage,1}'))))
$$;
CREATE FUNCTION mvc.obstacle(target oid, views oid[], columns name[]) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT string_agg(DISTINCT found.what, ', ') FROM (
    SELECT pg_describe_object('pg_class'::regclass, c.oid, 0) AS what FROM pg_class AS c WHERE c.oid = ANY (views) AND c.relkind <> 'v'
    UNION ALL
    SELECT pg_describe_object(d.classid, d.objid, 0)
    FROM pg_depend AS d
    WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = ANY (target || views) AND d.deptype IN ('n', 'e', 'x')
      AND d.classid NOT IN ('pg_rewrite'::regclass, 'pg_trigger'::regclass, 'pg_attrdef'::regclass)
      AND NOT (d.classid = 'pg_class'::regclass AND d.objid = ANY (views))
    UNION ALL
    SELECT pg_describe_object('pg_type'::regclass, t.oid, 0) || ' in ' || pg_describe_object(d.classid, d.objid, d.objsubid)
    FROM pg_class AS c JOIN pg_type AS t ON t.oid = c.reltype OR t.typelem = c.reltype AND t.typcategory = 'A'
    JOIN pg_depend AS d ON d.refclassid = 'pg_type'::regclass AND d.refobjid = t.oid AND d.deptype = 'n'
    WHERE c.oid = ANY (target || views) AND NOT (d.classid = 'pg_rewrite'::regclass
      AND (SELECT r.ev_class FROM pg_rewrite AS r WHERE r.oid = d.objid) = ANY (views))
    UNION ALL
    SELECT format('the view %s, which belongs to %I,', c.oid::regclass, pg_get_userbyid(c.relowner))
    FROM pg_class AS c WHERE c.oid = ANY (views) AND NOT pg_has_role(c.relowner, 'USAGE')
    UNION ALL
    SELECT 'extension membership of ' || v::regclass::text FROM unnest(target || views) AS v
    WHERE EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = v AND deptype IN ('e', 'x'))
    UNION ALL
    SELECT DISTINCT format('column %s of %s, which the view %s reads,', a.attname, target::regclass, r.ev_class::regclass)
    FROM pg_depend AS d JOIN pg_rewrite AS r ON r.oid = d.objid AND d.classid = 'pg_rewrite'::regclass
    JOIN pg_attribute AS a ON a.attrelid = target AND a.attnum = d.refobjsubid
    WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = target AND d.refobjsubid > 0 AND r.ev_class <> target
      AND a.attname <> ALL (columns)
  ) AS found
$$;
CREATE FUNCTION mvc.printed(named text) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO, MDY'
    SET "IntervalStyle" TO 'postgres'
    SET extra_float_digits TO '1'
    SET bytea_output TO 'hex'
    SET quote_all_identifiers TO 'off'
    AS $$
  SELECT current_setting('server_version_num')::int / 10000 || ' ' || md5(pg_get_viewdef(to_regclass(named)))
$$;
CREATE FUNCTION mvc.prove(stored_name name, never_null name[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  broken name;
  found boolean;
BEGIN
  FOREACH broken IN ARRAY never_null LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM %I.%I AS stored WHERE stored.%I IS NULL)', 'mvc', stored_name, broken) INTO found;
    IF found THEN
      RAISE EXCEPTION 'the column % of the grain holds NULL', quote_ident(broken)
        USING HINT = 'the catalog calls it NOT NULL: pull it again with mvc catalog pull';
    END IF;
  END LOOP;
  EXECUTE format('ANALYZE %I.%I', 'mvc', stored_name);
END $$;
CREATE FUNCTION mvc.record(timezone text, definition jsonb) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  home name := definition ->> 'schema';
  named name := definition ->> 'name';
  before jsonb := (SELECT d.definition FROM mvc.deployed_view AS d WHERE d.view_schema = home AND d.view_name = named);
  latest mvc.deployment;
BEGIN
  SELECT * INTO STRICT latest FROM mvc.deployment ORDER BY id DESC LIMIT 1;
  IF before IS DISTINCT FROM record.definition THEN
    INSERT INTO mvc.replaced_view (deployment, view_schema, view_name, definition)
    VALUES (latest.id, home, named, before) ON CONFLICT DO NOTHING;
  END IF;
  INSERT INTO mvc.deployed_view AS d
    (view_schema, view_name, project, stored_name, kind, timezone, definition, recorded, deployment)
  VALUES (home, named, latest.project, record.definition #>> '{storage,1}', record.definition ->> 'kind', record.timezone,
          record.definition, mvc.objects_of(record.definition), latest.id)
  ON CONFLICT ON CONSTRAINT deployed_view_pkey DO UPDATE
  SET project = excluded.project, stored_name = excluded.stored_name, kind = excluded.kind, timezone = excluded.timezone,
      definition = excluded.definition, recorded = excluded.recorded, deployment = excluded.deployment;
END $$;
CREATE FUNCTION mvc.recreate(target oid, columns name[], options text, query text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  exposed text := target::regclass::text;
  views oid[] := ARRAY(SELECT d.view FROM mvc.dependents(target) AS d ORDER BY d.level, d.view);
  names text[] := ARRAY(SELECT v::regclass::text FROM unnest(views) WITH ORDINALITY AS u (v, place) ORDER BY place);
  remade text[] := ARRAY(SELECT mvc.creation_of(v) FROM unnest(views) WITH ORDINALITY AS u (v, place) ORDER BY place);
  dressing text[] := ARRAY(
    SELECT mvc.dressing_of(v, CASE v WHEN target THEN columns END)
    FROM unnest(target || views) WITH ORDINALITY AS u (v, place) ORDER BY place);
  obstacle text := mvc.obstacle(target, views, columns);
  message text;
BEGIN
  IF obstacle IS NOT NULL THEN
    RAISE EXCEPTION 'a column of % goes or changes its type, and % cannot be made again after that', exposed, obstacle
      USING ERRCODE = 'dependent_objects_still_exist', HINT = 'change or drop it first';
  END IF;
  FOR place IN REVERSE coalesce(array_length(names, 1), 0) .. 1 LOOP
    EXECUTE format('DROP VIEW %s', names[place]);
  END LOOP;
  EXECUTE format('DROP VIEW %s', exposed);
  PERFORM mvc.run_as_project(format('CREATE VIEW %s WITH (%s) AS %s', exposed, options, query));
  PERFORM mvc.dress(exposed, dressing[1]);
  FOR place IN 1 .. coalesce(array_length(names, 1), 0) LOOP
    BEGIN
      EXECUTE remade[place];
    EXCEPTION WHEN OTHERS THEN
      GET STACKED DIAGNOSTICS message = MESSAGE_TEXT;
      RAISE EXCEPTION 'the view % reads %, and does not fit its new columns: %', names[place], exposed, message
        USING ERRCODE = 'dependent_objects_still_exist', HINT = 'change or drop it first';
    END;
    PERFORM mvc.dress(names[place], dressing[place + 1]);
  END LOOP;
END $$;
CREATE PROCEDURE mvc.refresh(IN view_schema name, IN view_name name)
    LANGUAGE plpgsql
    AS $$
DECLARE
  run bigint := mvc.refresh_begin(view_schema, view_name);
BEGIN
  COMMIT;
  PERFORM mvc.refresh_run(run);
  COMMIT;
END $$;
CREATE FUNCTION mvc.refresh_begin(view_schema name, view_name name) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  run bigint;
BEGIN
  INSERT INTO mvc.refresh_log (view_schema, view_name)
  SELECT d.view_schema, d.view_name FROM mvc.deployed_view AS d
  WHERE d.view_schema = refresh_begin.view_schema AND d.view_name = refresh_begin.view_name AND d.kind = 'materialized'
  RETURNING id INTO run;
  IF run IS NULL THEN
    RAISE EXCEPTION 'no materialized view %.% is deployed', quote_ident(view_schema), quote_ident(view_name)
      USING ERRCODE = 'undefined_table';
  END IF;
  RETURN run;
END $$;
CREATE FUNCTION mvc.refresh_run(run bigint) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "DateStyle" TO 'ISO, MDY'
    SET "IntervalStyle" TO 'postgres'
    SET extra_float_digits TO '1'
    SET bytea_output TO 'hex'
    SET standard_conforming_strings TO 'on'
    AS $$
DECLARE
  entry mvc.refresh_log;
  deployed mvc.deployed_view;
  stored text;
  populated boolean;
  counted bigint;
  outcome text := 'completed';
  message text;
  state text;
BEGIN
  SELECT * INTO entry FROM mvc.refresh_log WHERE id = run AND status = 'started' FOR UPDATE;
  SELECT d.* INTO deployed FROM mvc.deployed_view AS d
  WHERE d.view_schema = entry.view_schema AND d.view_name = entry.view_name;
  IF deployed IS NULL THEN
    RAISE EXCEPTION 'run % has not begun, or has ended', run;
  END IF;
  stored := format('%I.%I', 'mvc', deployed.stored_name);
  IF NOT pg_try_advisory_xact_lock(hashtextextended(stored, 0)) THEN
    UPDATE mvc.refresh_log SET status = 'skipped', error = 'another refresh of this view is under way', finished_at = clock_timestamp()
    WHERE id = run;
    RETURN 'skipped';
  END IF;
  PERFORM set_config('TimeZone', deployed.timezone, true), set_config('row_security', 'off', true);
  BEGIN
    SELECT c.relispopulated INTO STRICT populated FROM pg_class AS c WHERE c.oid = stored::regclass;
    EXECUTE format('REFRESH MATERIALIZED VIEW %s %s', CASE WHEN populated THEN 'CONCURRENTLY' ELSE '' END, stored);
    EXECUTE format('ANALYZE %s', stored);
    EXECUTE format('SELECT count(*) FROM %s', stored) INTO counted;
  EXCEPTION WHEN query_canceled OR assert_failure OR OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, state = RETURNED_SQLSTATE;
    outcome := 'failed';
  END;
  IF outcome = 'completed' THEN
    UPDATE mvc.stored_relation AS s SET rows = counted, filled_at = entry.started_at,
      fill_seconds = extract(epoch FROM clock_timestamp() - entry.started_at)
    WHERE s.stored_name = deployed.stored_name;
  END IF;
  UPDATE mvc.refresh_log
  SET status = outcome, concurrent = populated, rows = counted, error = message, sqlstate = state, finished_at = clock_timestamp()
  WHERE id = run;
  RETURN outcome;
END $$;
CREATE FUNCTION mvc.register(project text, view_schema name, view_name name, stored_name name) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  PERFORM mvc.seal(stored_name);
  INSERT INTO mvc.stored_relation AS s (stored_name, view_schema, view_name, project, printed)
  VALUES (register.stored_name, register.view_schema, register.view_name, register.project,
          mvc.printed(format('%I.%I', 'mvc', register.stored_name)))
  ON CONFLICT ON CONSTRAINT stored_relation_pkey DO UPDATE SET printed = excluded.printed;
END $$;
CREATE FUNCTION mvc.require_extension(extension name, view_name name) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = extension) THEN
    RAISE EXCEPTION 'the view % needs the extension %, which this database does not have', view_name, extension
      USING HINT = format('CREATE EXTENSION %I; or compile without this view', extension);
  END IF;
END $$;
CREATE FUNCTION mvc.revoke_all(kind text, target text, owner oid, acl aclitem[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  class "char" := CASE kind WHEN 'TABLE' THEN 'r' WHEN 'SEQUENCE' THEN 's' WHEN 'SCHEMA' THEN 'n' ELSE 'f' END;
  holder oid;
BEGIN
  FOR holder IN
    SELECT DISTINCT entry.grantee FROM aclexplode(coalesce(acl, acldefault(class, owner))) AS entry WHERE entry.grantee <> owner
  LOOP
    EXECUTE format('REVOKE ALL ON %s %s FROM %s CASCADE', kind, target,
                   CASE holder WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(holder)) END);
  END LOOP;
END $$;
CREATE FUNCTION mvc.role_sql(role name) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT CASE role WHEN 'public' THEN 'PUBLIC' ELSE quote_ident(role) END
$$;
CREATE FUNCTION mvc.run_as_project(statement text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  PERFORM set_config('search_path', (
    SELECT string_agg(quote_ident(p.name), ', ' ORDER BY p.place) || ', pg_temp'
    FROM jsonb_array_elements_text((SELECT d.target -> 'search_path' FROM mvc.deployment AS d ORDER BY d.id DESC LIMIT 1))
         WITH ORDINALITY AS p (name, place)), true);
  EXECUTE statement;
END $$;
CREATE FUNCTION mvc.seal(stored_name name) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT mvc.revoke_all('TABLE', c.oid::regclass::text, c.relowner, (
    SELECT array_agg(entry) FROM (SELECT unnest(c.relacl) UNION ALL
      SELECT unnest(a.attacl) FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attacl IS NOT NULL) AS given (entry)))
  FROM pg_class AS c WHERE c.relnamespace = to_regnamespace('mvc') AND c.relname = seal.stored_name
$$;
CREATE FUNCTION mvc.set_readers(view_schema name, view_name name, readers name[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  target regclass := format('%I.%I', view_schema, view_name)::regclass;
  reader name;
BEGIN
  FOR reader IN
    SELECT before.name FROM mvc.deployed_view AS d, jsonb_array_elements_text(d.definition #> '{access,readers}') AS before (name)
    WHERE d.view_schema = set_readers.view_schema AND d.view_name = set_readers.view_name AND before.name <> ALL (readers)
      AND (before.name = 'public' OR EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = before.name))
  LOOP
    EXECUTE format('REVOKE SELECT ON TABLE %s FROM %s CASCADE', target, mvc.role_sql(reader));
  END LOOP;
  FOREACH reader IN ARRAY readers LOOP
    EXECUTE format('GRANT SELECT ON TABLE %s TO %s', target, mvc.role_sql(reader));
  END LOOP;
END $$;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE mvc.deployed_view (
    view_schema name NOT NULL,
    view_name name NOT NULL,
    project text NOT NULL,
    stored_name name NOT NULL,
    kind text NOT NULL,
    timezone text NOT NULL,
    definition jsonb NOT NULL,
    recorded jsonb NOT NULL,
    deployment bigint NOT NULL,
    CONSTRAINT deployed_view_kind_check CHECK ((kind = ANY (ARRAY['materialized'::text, 'plain'::text])))
);
CREATE TABLE mvc.deployment (
    id bigint NOT NULL,
    project text NOT NULL,
    action text NOT NULL,
    target jsonb NOT NULL,
    compiler text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL,
    applied_by name DEFAULT SESSION_USER NOT NULL,
    undone_by bigint,
    CONSTRAINT deployment_action_check CHECK ((action = ANY (ARRAY['apply'::text, 'rollback'::text])))
);
ALTER TABLE mvc.deployment ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME mvc.deployment_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE mvc.installation (
    runtime text NOT NULL,
    functions text NOT NULL
);
CREATE TABLE public.customers (
    id integer NOT NULL,
    name text NOT NULL,
    city text
);
CREATE TABLE public.orders (
    id integer NOT NULL,
    customer_id integer NOT NULL,
    amount numeric NOT NULL,
    placed date NOT NULL
);
CREATE MATERIALIZED VIEW mvc.per_city_bb9baa00 AS
 SELECT rows_of_view.city,
    rows_of_view.bought,
    rows_of_view.orders,
    ARRAY[rows_of_view.city] AS mvc_grain
   FROM ( SELECT c.city,
            COALESCE(o.bought, (0)::numeric) AS bought,
            COALESCE(o.orders, (0)::bigint) AS orders
           FROM (( SELECT c_1.city
                   FROM public.customers c_1
                  GROUP BY c_1.city) c
             LEFT JOIN ( SELECT c_1.city,
                    sum(o_1.amount) AS bought,
                    count(*) AS orders
                   FROM (public.customers c_1
                     JOIN public.orders o_1 ON ((o_1.customer_id = c_1.id)))
                  GROUP BY c_1.city) o ON ((ARRAY[o.city] = ARRAY[c.city])))) rows_of_view
  WITH NO DATA;
COMMENT ON MATERIALIZED VIEW mvc.per_city_bb9baa00 IS 'Stores public.per_city, declared in views/per_city.yml';
CREATE VIEW mvc.large_ccd1f6da AS
 SELECT c.city,
    sum(c.bought) AS bought
   FROM mvc.per_city_bb9baa00 c
  GROUP BY c.city;
COMMENT ON VIEW mvc.large_ccd1f6da IS 'Stores public.large, declared in views/large.yml';
CREATE MATERIALIZED VIEW mvc.per_customer_4c0d9d1b AS
 SELECT c.id,
    c.name,
    COALESCE(o.bought, (0)::numeric) AS bought,
    o.latest
   FROM (public.customers c
     LEFT JOIN ( SELECT o_1.customer_id,
            sum(o_1.amount) AS bought,
            max(o_1.placed) AS latest
           FROM public.orders o_1
          GROUP BY o_1.customer_id) o ON ((o.customer_id = c.id)))
  WITH NO DATA;
COMMENT ON MATERIALIZED VIEW mvc.per_customer_4c0d9d1b IS 'Stores public.per_customer, declared in views/per_customer.yml';
CREATE MATERIALIZED VIEW mvc.per_day_77fb27f5 AS
 SELECT o.placed AS day,
    sum(o.amount) AS bought,
    count(*) AS orders
   FROM public.orders o
  GROUP BY o.placed
  WITH NO DATA;
COMMENT ON MATERIALIZED VIEW mvc.per_day_77fb27f5 IS 'Stores public.per_day, declared in views/per_day.yml';
CREATE TABLE mvc.refresh_log (
    id bigint NOT NULL,
    view_schema name NOT NULL,
    view_name name NOT NULL,
    mode text DEFAULT 'full'::text NOT NULL,
    concurrent boolean,
    status text DEFAULT 'started'::text NOT NULL,
    rows bigint,
    error text,
    sqlstate text,
    refreshed_by name DEFAULT SESSION_USER NOT NULL,
    started_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    finished_at timestamp with time zone,
    CONSTRAINT refresh_log_mode_check CHECK ((mode = 'full'::text)),
    CONSTRAINT refresh_log_status_check CHECK ((status = ANY (ARRAY['started'::text, 'completed'::text, 'failed'::text, 'skipped'::text])))
);
ALTER TABLE mvc.refresh_log ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME mvc.refresh_log_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE mvc.replaced_view (
    deployment bigint NOT NULL,
    view_schema name NOT NULL,
    view_name name NOT NULL,
    definition jsonb
);
CREATE TABLE mvc.stored_relation (
    stored_name name NOT NULL,
    view_schema name NOT NULL,
    view_name name NOT NULL,
    project text NOT NULL,
    printed text,
    built_at timestamp with time zone DEFAULT now() NOT NULL,
    filled_at timestamp with time zone,
    fill_seconds double precision,
    rows bigint
);
CREATE VIEW public.large WITH (security_barrier='false') AS
 SELECT large.city,
    large.bought
   FROM mvc.large_ccd1f6da large;
CREATE VIEW public.per_city WITH (security_barrier='false') AS
 SELECT per_city.city,
    per_city.bought,
    per_city.orders
   FROM mvc.per_city_bb9baa00 per_city;
COMMENT ON VIEW public.per_city IS 'What each city bought.';
CREATE VIEW public.per_customer WITH (security_barrier='true') AS
 SELECT per_customer.id,
    per_customer.name,
    per_customer.bought,
    per_customer.latest
   FROM mvc.per_customer_4c0d9d1b per_customer
  WHERE (per_customer.id < 9);
CREATE VIEW public.per_day WITH (security_barrier='false') AS
 SELECT per_day.day,
    per_day.bought,
    per_day.orders
   FROM mvc.per_day_77fb27f5 per_day;
INSERT INTO mvc.deployed_view VALUES
	('public', 'per_customer', 'shop', 'per_customer_4c0d9d1b', 'materialized', 'UTC', '{"body": "", "kind": "materialized", "name": "per_customer", "path": "views/per_customer.yml", "tags": [], "grain": ["id"], "query": "SELECT\n  c.id,\n  c.name,\n  COALESCE(o.bought, 0) AS bought,\n  o.latest\nFROM public.customers AS c\nLEFT JOIN (\n  SELECT\n    o.customer_id,\n    SUM(o.amount) AS bought,\n    MAX(o.placed) AS latest\n  FROM public.orders AS o\n  GROUP BY\n    1\n) AS o\n  ON o.customer_id = c.id", "reads": ["public.customers.id", "public.customers.name", "public.orders.amount", "public.orders.customer_id", "public.orders.placed"], "access": {"rules": [{"roles": [], "conditions": ["id < 9"]}], "columns": ["id"], "readers": ["up_reader"], "restrictions": []}, "claims": [], "proven": true, "schema": "public", "columns": [{"name": "id", "type": "integer", "lineage": ["public.customers.id"], "meaning": "customers.id", "nullable": false, "description": null}, {"name": "name", "type": "text", "lineage": ["public.customers.name"], "meaning": "customers.name", "nullable": false, "description": null}, {"name": "bought", "type": "numeric", "lineage": ["public.orders.amount"], "meaning": "sum(orders.amount) else 0", "nullable": false, "description": null}, {"name": "latest", "type": "date", "lineage": ["public.orders.placed"], "meaning": "max(orders.placed)", "nullable": true, "description": null}], "filters": [], "indexes": [{"name": "per_customer_4c0d9d1b_grain", "origin": "grain", "unique": true, "definition": "(id)"}], "options": [], "sources": [{"alias": "c", "meaning": "", "relation": "public.customers"}, {"alias": "o", "meaning": "on orders.customer_id = customers.id", "relation": "public.orders"}], "storage": ["mvc", "per_customer_4c0d9d1b"], "exposure": {"arms": [], "query": "SELECT\n  id,\n  name,\n  bought,\n  latest\nFROM mvc.per_customer_4c0d9d1b AS per_customer\nWHERE id < 9", "barrier": true}, "requires": [], "upstream": [], "description": null, "stored_query": "SELECT\n  c.id,\n  c.name,\n  COALESCE(o.bought, 0) AS bought,\n  o.latest\nFROM public.customers AS c\nLEFT JOIN (\n  SELECT\n    o.customer_id,\n    SUM(o.amount) AS bought,\n    MAX(o.placed) AS latest\n  FROM public.orders AS o\n  GROUP BY\n    1\n) AS o\n  ON o.customer_id = c.id"}', '{"arms": {}, "indexes": {"per_customer_4c0d9d1b_grain": "CREATE UNIQUE INDEX per_customer_4c0d9d1b_grain ON mvc.per_customer_4c0d9d1b USING btree (id)"}, "exposure": "15 d8622589d603fe6f4ac0e34ac409bc1f"}', 1),
	('public', 'per_day', 'shop', 'per_day_77fb27f5', 'materialized', 'UTC', '{"body": "", "kind": "materialized", "name": "per_day", "path": "views/per_day.yml", "tags": [], "grain": ["day"], "query": "SELECT\n  o.placed AS day,\n  SUM(o.amount) AS bought,\n  COUNT(*) AS orders\nFROM public.orders AS o\nGROUP BY\n  1", "reads": ["public.orders.amount", "public.orders.placed"], "access": {"rules": [], "columns": [], "readers": [], "restrictions": []}, "claims": [], "proven": true, "schema": "public", "columns": [{"name": "day", "type": "date", "lineage": ["public.orders.placed"], "meaning": "orders.placed", "nullable": false, "description": null}, {"name": "bought", "type": "numeric", "lineage": ["public.orders.amount"], "meaning": "sum(orders.amount)", "nullable": true, "description": null}, {"name": "orders", "type": "bigint", "lineage": [], "meaning": "count(orders.*)", "nullable": false, "description": null}], "filters": [], "indexes": [{"name": "per_day_77fb27f5_grain", "origin": "grain", "unique": true, "definition": "(day)"}], "options": [], "sources": [{"alias": "o", "meaning": "", "relation": "public.orders"}], "storage": ["mvc", "per_day_77fb27f5"], "exposure": {"arms": [], "query": "SELECT\n  day,\n  bought,\n  orders\nFROM mvc.per_day_77fb27f5 AS per_day", "barrier": false}, "requires": [], "upstream": [], "description": null, "stored_query": "SELECT\n  o.placed AS day,\n  SUM(o.amount) AS bought,\n  COUNT(*) AS orders\nFROM public.orders AS o\nGROUP BY\n  1"}', '{"arms": {}, "indexes": {"per_day_77fb27f5_grain": "CREATE UNIQUE INDEX per_day_77fb27f5_grain ON mvc.per_day_77fb27f5 USING btree (day)"}, "exposure": "15 a60525917d6f0c38be411bf0cbef9782"}', 1),
	('public', 'per_city', 'shop', 'per_city_bb9baa00', 'materialized', 'UTC', '{"body": "", "kind": "materialized", "name": "per_city", "path": "views/per_city.yml", "tags": [], "grain": ["city"], "query": "SELECT\n  c.city,\n  COALESCE(o.bought, 0) AS bought,\n  COALESCE(o.orders, 0) AS orders\nFROM (\n  SELECT\n    c.city\n  FROM public.customers AS c\n  GROUP BY\n    1\n) AS c\nLEFT JOIN (\n  SELECT\n    c.city,\n    SUM(o.amount) AS bought,\n    COUNT(*) AS orders\n  FROM public.customers AS c\n  JOIN public.orders AS o\n    ON o.customer_id = c.id\n  GROUP BY\n    1\n) AS o\n  ON ARRAY[o.city] = ARRAY[c.city]", "reads": ["public.customers.city", "public.customers.id", "public.orders.amount", "public.orders.customer_id"], "access": {"rules": [{"roles": [], "conditions": []}], "columns": [], "readers": ["up_reader"], "restrictions": []}, "claims": [], "proven": true, "schema": "public", "columns": [{"name": "city", "type": "text", "lineage": ["public.customers.city"], "meaning": "customers.city", "nullable": true, "description": null}, {"name": "bought", "type": "numeric", "lineage": ["public.orders.amount"], "meaning": "sum(orders.amount) else 0", "nullable": false, "description": null}, {"name": "orders", "type": "bigint", "lineage": [], "meaning": "count(orders.*)", "nullable": false, "description": null}], "filters": [], "indexes": [{"name": "per_city_bb9baa00_grain", "origin": "grain", "unique": true, "definition": "(mvc_grain)"}, {"name": "per_city_bb9baa00_lookup", "origin": "lookup", "unique": false, "definition": "(city)"}, {"name": "per_city_bb9baa00_bought_8df63f8f", "origin": "spec", "unique": false, "definition": "(bought DESC NULLS LAST)"}], "options": [], "sources": [{"alias": "c", "meaning": "", "relation": "public.customers"}, {"alias": "o", "meaning": "on orders.customer_id = customers.id", "relation": "public.orders"}], "storage": ["mvc", "per_city_bb9baa00"], "exposure": {"arms": [], "query": "SELECT\n  city,\n  bought,\n  orders\nFROM mvc.per_city_bb9baa00 AS per_city", "barrier": false}, "requires": [], "upstream": [], "description": "What each city bought.", "stored_query": "SELECT\n  rows_of_view.city,\n  rows_of_view.bought,\n  rows_of_view.orders,\n  ARRAY[rows_of_view.city] AS mvc_grain\nFROM (\n  SELECT\n    c.city,\n    COALESCE(o.bought, 0) AS bought,\n    COALESCE(o.orders, 0) AS orders\n  FROM (\n    SELECT\n      c.city\n    FROM public.customers AS c\n    GROUP BY\n      1\n  ) AS c\n  LEFT JOIN (\n    SELECT\n      c.city,\n      SUM(o.amount) AS bought,\n      COUNT(*) AS orders\n    FROM public.customers AS c\n    JOIN public.orders AS o\n      ON o.customer_id = c.id\n    GROUP BY\n      1\n  ) AS o\n    ON ARRAY[o.city] = ARRAY[c.city]\n) AS rows_of_view"}', '{"arms": {}, "indexes": {"per_city_bb9baa00_grain": "CREATE UNIQUE INDEX per_city_bb9baa00_grain ON mvc.per_city_bb9baa00 USING btree (mvc_grain)", "per_city_bb9baa00_lookup": "CREATE INDEX per_city_bb9baa00_lookup ON mvc.per_city_bb9baa00 USING btree (city)", "per_city_bb9baa00_bought_8df63f8f": "CREATE INDEX per_city_bb9baa00_bought_8df63f8f ON mvc.per_city_bb9baa00 USING btree (bought DESC NULLS LAST)"}, "exposure": "15 9ad24636d817a7e62147e676ad1c3a17"}', 1),
	('public', 'large', 'shop', 'large_ccd1f6da', 'plain', 'UTC', '{"body": "", "kind": "plain", "name": "large", "path": "views/large.yml", "tags": [], "grain": ["city"], "query": "SELECT\n  c.city,\n  SUM(c.bought) AS bought\nFROM mvc.per_city_bb9baa00 AS c\nGROUP BY\n  1", "reads": ["public.per_city.bought", "public.per_city.city"], "access": {"rules": [{"roles": [], "conditions": []}], "columns": [], "readers": ["up_reader"], "restrictions": []}, "claims": [], "proven": true, "schema": "public", "columns": [{"name": "city", "type": "text", "lineage": ["public.per_city.city"], "meaning": "per_city.city", "nullable": true, "description": null}, {"name": "bought", "type": "numeric", "lineage": ["public.per_city.bought"], "meaning": "sum(per_city.bought)", "nullable": true, "description": null}], "filters": [], "indexes": [], "options": [], "sources": [{"alias": "c", "meaning": "", "relation": "public.per_city"}], "storage": ["mvc", "large_ccd1f6da"], "exposure": {"arms": [], "query": "SELECT\n  city,\n  bought\nFROM mvc.large_ccd1f6da AS large", "barrier": false}, "requires": [], "upstream": ["per_city"], "description": null, "stored_query": "SELECT\n  c.city,\n  SUM(c.bought) AS bought\nFROM mvc.per_city_bb9baa00 AS c\nGROUP BY\n  1"}', '{"arms": {}, "indexes": {}, "exposure": "15 92c6e3a22a30372c8bf61e0e55820e10"}', 1);
INSERT INTO mvc.deployment OVERRIDING SYSTEM VALUE VALUES
	(1, 'shop', 'apply', '{"stored": "mvc", "project": "shop", "compiler": "0.1.0", "timezone": "UTC", "schedules": [{"cron": "0 3 * * *", "mode": null, "name": "nightly", "views": ["per_city", "per_customer", "per_day"], "enabled": true, "timezone": "UTC", "description": null, "within_seconds": null, "timeout_seconds": null, "lock_timeout_seconds": null}], "search_path": ["public"], "refresh_roles": ["up_refresher"]}', '0.1.0', '2026-11-29 22:59:01.288669+00', 'postgres', NULL);
INSERT INTO mvc.installation VALUES
	('d659efd2abfb721c', 'f20043d3a26f313411f78abddf4f818e');
INSERT INTO mvc.refresh_log OVERRIDING SYSTEM VALUE VALUES
	(1, 'public', 'per_city', 'full', true, 'completed', 3, NULL, NULL, 'postgres', '2026-11-29 22:59:02.757219+00', '2026-11-29 22:59:02.772981+00'),
	(2, 'public', 'per_customer', 'full', true, 'completed', 12, NULL, NULL, 'postgres', '2026-11-29 22:59:02.801217+00', '2026-11-29 22:59:02.805108+00'),
	(3, 'public', 'per_day', 'full', true, 'completed', 40, NULL, NULL, 'postgres', '2026-11-29 22:59:02.839491+00', '2026-11-29 22:59:02.858168+00');
INSERT INTO mvc.replaced_view VALUES
	(1, 'public', 'per_customer', NULL),
	(1, 'public', 'per_day', NULL),
	(1, 'public', 'per_city', NULL),
	(1, 'public', 'large', NULL);
INSERT INTO mvc.stored_relation VALUES
	('large_ccd1f6da', 'public', 'large', 'shop', '15 049f8396ded56dbc91a35619252ee1af', '2026-11-29 22:59:01.286821+00', NULL, NULL, NULL),
	('per_city_bb9baa00', 'public', 'per_city', 'shop', '15 d12b1e91638f82d6b4c60e07cd63ab11', '2026-11-29 22:59:01.20771+00', '2026-11-29 22:59:02.757219+00', 0.015632, 3),
	('per_customer_4c0d9d1b', 'public', 'per_customer', 'shop', '15 55dbe6c24d31cfb48e4a86202a2346d9', '2026-11-29 22:59:01.249574+00', '2026-11-29 22:59:02.801217+00', 0.003838, 12),
	('per_day_77fb27f5', 'public', 'per_day', 'shop', '15 e23b2e0bc3ce629301a16b35ff37414c', '2026-11-29 22:59:01.271511+00', '2026-11-29 22:59:02.839491+00', 0.018628, 40);
INSERT INTO public.customers VALUES
	(1, 'customer 1', 'city 1'),
	(2, 'customer 2', 'city 2'),
	(3, 'customer 3', 'city 0'),
	(4, 'customer 4', 'city 1'),
	(5, 'customer 5', 'city 2'),
	(6, 'customer 6', 'city 0'),
	(7, 'customer 7', 'city 1'),
	(8, 'customer 8', 'city 2'),
	(9, 'customer 9', 'city 0'),
	(10, 'customer 10', 'city 1'),
	(11, 'customer 11', 'city 2'),
	(12, 'customer 12', 'city 0');
INSERT INTO public.orders VALUES
	(1, 2, 1.5, '2026-01-02'),
	(2, 3, 3.0, '2026-01-03'),
	(3, 4, 4.5, '2026-01-04'),
	(4, 5, 6.0, '2026-01-05'),
	(5, 6, 7.5, '2026-01-06'),
	(6, 7, 9.0, '2026-01-07'),
	(7, 8, 10.5, '2026-01-08'),
	(8, 9, 12.0, '2026-01-09'),
	(9, 10, 13.5, '2026-01-10'),
	(10, 11, 15.0, '2026-01-11'),
	(11, 1, 16.5, '2026-01-12'),
	(12, 2, 18.0, '2026-01-13'),
	(13, 3, 19.5, '2026-01-14'),
	(14, 4, 21.0, '2026-01-15'),
	(15, 5, 22.5, '2026-01-16'),
	(16, 6, 24.0, '2026-01-17'),
	(17, 7, 25.5, '2026-01-18'),
	(18, 8, 27.0, '2026-01-19'),
	(19, 9, 28.5, '2026-01-20'),
	(20, 10, 30.0, '2026-01-21'),
	(21, 11, 31.5, '2026-01-22'),
	(22, 1, 33.0, '2026-01-23'),
	(23, 2, 34.5, '2026-01-24'),
	(24, 3, 36.0, '2026-01-25'),
	(25, 4, 37.5, '2026-01-26'),
	(26, 5, 39.0, '2026-01-27'),
	(27, 6, 40.5, '2026-01-28'),
	(28, 7, 42.0, '2026-01-29'),
	(29, 8, 43.5, '2026-01-30'),
	(30, 9, 45.0, '2026-01-31'),
	(31, 10, 46.5, '2026-02-01'),
	(32, 11, 48.0, '2026-02-02'),
	(33, 1, 49.5, '2026-02-03'),
	(34, 2, 51.0, '2026-02-04'),
	(35, 3, 52.5, '2026-02-05'),
	(36, 4, 54.0, '2026-02-06'),
	(37, 5, 55.5, '2026-02-07'),
	(38, 6, 57.0, '2026-02-08'),
	(39, 7, 58.5, '2026-02-09'),
	(40, 8, 60.0, '2026-02-10');
SELECT pg_catalog.setval('mvc.deployment_id_seq', 1, true);
SELECT pg_catalog.setval('mvc.refresh_log_id_seq', 3, true);
ALTER TABLE ONLY mvc.deployed_view
    ADD CONSTRAINT deployed_view_pkey PRIMARY KEY (view_schema, view_name);
ALTER TABLE ONLY mvc.deployment
    ADD CONSTRAINT deployment_pkey PRIMARY KEY (id);
ALTER TABLE ONLY mvc.installation
    ADD CONSTRAINT installation_pkey PRIMARY KEY (runtime);
ALTER TABLE ONLY mvc.refresh_log
    ADD CONSTRAINT refresh_log_pkey PRIMARY KEY (id);
ALTER TABLE ONLY mvc.replaced_view
    ADD CONSTRAINT replaced_view_pkey PRIMARY KEY (deployment, view_schema, view_name);
ALTER TABLE ONLY mvc.stored_relation
    ADD CONSTRAINT stored_relation_pkey PRIMARY KEY (stored_name);
ALTER TABLE ONLY public.customers
    ADD CONSTRAINT customers_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_pkey PRIMARY KEY (id);
CREATE INDEX per_city_bb9baa00_bought_8df63f8f ON mvc.per_city_bb9baa00 USING btree (bought DESC NULLS LAST);
CREATE UNIQUE INDEX per_city_bb9baa00_grain ON mvc.per_city_bb9baa00 USING btree (mvc_grain);
CREATE INDEX per_city_bb9baa00_lookup ON mvc.per_city_bb9baa00 USING btree (city);
CREATE UNIQUE INDEX per_customer_4c0d9d1b_grain ON mvc.per_customer_4c0d9d1b USING btree (id);
CREATE UNIQUE INDEX per_day_77fb27f5_grain ON mvc.per_day_77fb27f5 USING btree (day);
CREATE INDEX refresh_log_latest ON mvc.refresh_log USING btree (view_schema, view_name, started_at DESC);
ALTER TABLE ONLY mvc.deployed_view
    ADD CONSTRAINT deployed_view_deployment_fkey FOREIGN KEY (deployment) REFERENCES mvc.deployment(id);
ALTER TABLE ONLY mvc.deployment
    ADD CONSTRAINT deployment_undone_by_fkey FOREIGN KEY (undone_by) REFERENCES mvc.deployment(id);
ALTER TABLE ONLY mvc.replaced_view
    ADD CONSTRAINT replaced_view_deployment_fkey FOREIGN KEY (deployment) REFERENCES mvc.deployment(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES public.customers(id);
GRANT USAGE ON SCHEMA mvc TO up_refresher;
REVOKE ALL ON FUNCTION mvc.begin_deployment(action text, target jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.carry_indexes(from_stored name, to_stored name, names name[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.close_storage(refreshers name[], project text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.continue_deployment(opened bigint) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.copied_name(index name, from_stored name, to_stored name) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.creation_of(view oid) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.dependents(target oid) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.dress(named text, dressing text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.dressing_of(view oid, columns name[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.expect(view_schema name, view_name name, stored_name name, may_be_new boolean, stated jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.expect_settings(target jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.expose(view_schema name, view_name name, columns name[], barrier boolean, query text, renamed name[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.fill(stored_name name, timezone text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.forget(view_schema name, view_name name) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.in_order(target oid, columns name[], query text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.index_body(index oid) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.objects_of(definition jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.obstacle(target oid, views oid[], columns name[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.printed(named text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.prove(stored_name name, never_null name[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.record(timezone text, definition jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.recreate(target oid, columns name[], options text, query text) FROM PUBLIC;
REVOKE ALL ON PROCEDURE mvc.refresh(IN view_schema name, IN view_name name) FROM PUBLIC;
GRANT ALL ON PROCEDURE mvc.refresh(IN view_schema name, IN view_name name) TO up_refresher;
REVOKE ALL ON FUNCTION mvc.refresh_begin(view_schema name, view_name name) FROM PUBLIC;
GRANT ALL ON FUNCTION mvc.refresh_begin(view_schema name, view_name name) TO up_refresher;
REVOKE ALL ON FUNCTION mvc.refresh_run(run bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION mvc.refresh_run(run bigint) TO up_refresher;
REVOKE ALL ON FUNCTION mvc.register(project text, view_schema name, view_name name, stored_name name) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.require_extension(extension name, view_name name) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.revoke_all(kind text, target text, owner oid, acl aclitem[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.role_sql(role name) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.run_as_project(statement text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.seal(stored_name name) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.set_readers(view_schema name, view_name name, readers name[]) FROM PUBLIC;
GRANT SELECT ON TABLE mvc.deployed_view TO up_refresher;
GRANT SELECT ON TABLE mvc.deployment TO up_refresher;
GRANT SELECT ON TABLE mvc.installation TO up_refresher;
GRANT SELECT ON TABLE mvc.refresh_log TO up_refresher;
GRANT SELECT ON TABLE mvc.replaced_view TO up_refresher;
GRANT SELECT ON TABLE mvc.stored_relation TO up_refresher;
GRANT SELECT ON TABLE public.large TO up_reader;
GRANT SELECT ON TABLE public.per_city TO up_reader;
GRANT SELECT ON TABLE public.per_customer TO up_reader;
REFRESH MATERIALIZED VIEW mvc.per_city_bb9baa00;
REFRESH MATERIALIZED VIEW mvc.per_customer_4c0d9d1b;
REFRESH MATERIALIZED VIEW mvc.per_day_77fb27f5;
