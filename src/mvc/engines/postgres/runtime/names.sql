-- A project's materialized views, upstream first, each with all that it reads, through whatever views.
CREATE OR REPLACE FUNCTION {schema}.refresh_order(project text)
RETURNS TABLE (view_schema name, view_name name, called name, upstream name[]) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  WITH RECURSIVE own AS (
    SELECT d.view_schema, d.view_name, {schema}.called(d.view_schema, d.view_name, d.recorded) AS called, d.kind,
      ARRAY(SELECT u.name::name FROM jsonb_array_elements_text(d.definition -> 'upstream') AS u (name)) AS upstream
    FROM {schema}.deployed_view AS d WHERE d.project = refresh_order.project
  ), reads AS (
    SELECT o.called, NULL::name AS other, 0 AS depth FROM own AS o
    UNION SELECT r.called, u.name, r.depth + 1
    FROM reads AS r JOIN own AS o ON o.called = coalesce(r.other, r.called) CROSS JOIN unnest(o.upstream) AS u (name)
  )
  SELECT o.view_schema, o.view_name, o.called, array_agg(DISTINCT r.other) FILTER (WHERE r.other IS NOT NULL)
  FROM own AS o JOIN reads AS r USING (called) WHERE o.kind = 'materialized'
  GROUP BY o.view_schema, o.view_name, o.called ORDER BY max(r.depth), o.view_name, o.view_schema
$$;

-- Refreshes every view of a project, upstream first. Each commits by itself, so CALL this outside of a transaction; a failure
-- stops only what reads the view, and is raised when the rest is done. A procedure that commits has no settings of its own, so the path is set anew in each
-- transaction: along the caller's, somebody's operator in `public` may fit better than PostgreSQL's.
CREATE OR REPLACE PROCEDURE {schema}.refresh_project(project text)
LANGUAGE plpgsql AS $$
DECLARE
  item pg_catalog.record;
  step pg_catalog.jsonb;
  outcome pg_catalog.text;
  said pg_catalog.jsonb;
  failed pg_catalog.name[];
  reasons pg_catalog.text[];
BEGIN
  COMMIT;
  SET LOCAL search_path = pg_catalog, pg_temp;
  failed := '{}';
  FOR item IN SELECT * FROM {schema}.refresh_order(project) LOOP
    CALL {schema}.committed('step', jsonb_build_object('view_schema', item.view_schema, 'view_name', item.view_name, 'failed', failed), step);
    SET LOCAL search_path = pg_catalog, pg_temp;
    IF step ->> 'run' IS NOT NULL AND step ->> 'reason' IS NULL THEN
      CALL {schema}.refresh_work((step ->> 'run')::bigint, NULL, outcome);
      SET LOCAL search_path = pg_catalog, pg_temp;
      IF outcome = 'skipped' THEN
        CALL {schema}.say_outcome((step ->> 'run')::bigint, outcome);
        SET LOCAL search_path = pg_catalog, pg_temp;
      ELSIF outcome IS DISTINCT FROM 'completed' THEN
        failed := failed || item.called::name;
        CALL {schema}.committed('outcome', step, said);
        SET LOCAL search_path = pg_catalog, pg_temp;
        reasons := reasons || format('%s (%s)', said ->> 'view', left(said ->> 'error', 500));
      END IF;
    END IF;
  END LOOP;
  IF cardinality(failed) > 0 THEN
    RAISE EXCEPTION 'refreshing failed: %', array_to_string(reasons, ', ') USING HINT = 'what reads these was skipped; the log has more: ' || '{schema}' || '.refreshes';
  END IF;
END $$;

-- The same for callers who cannot CALL: a function is one transaction, so what it locks stays locked until its end, and others see
-- its log then. A failure is a warning and a row of the log; raised as an error, it would undo the other refreshes and that row.
CREATE OR REPLACE FUNCTION {schema}.refresh_together(project text)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  item record;
  step record;
  failed name[] := ARRAY[]::name[];
BEGIN
  FOR item IN SELECT * FROM {schema}.refresh_order(project) LOOP
    SELECT * INTO step FROM {schema}.refresh_step(item.view_schema, item.view_name, NULL, NULL, NULL, failed);
    IF step.run IS NOT NULL AND step.reason IS NULL AND {schema}.run_or_warn(step.run) = 'failed' THEN
      failed := failed || item.called::name;
    END IF;
  END LOOP;
END $$;

-- The work of a run within a transaction.
CREATE OR REPLACE FUNCTION {schema}.run_or_warn(run bigint)
RETURNS text LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  entry {schema}.refresh_log;
BEGIN
  PERFORM {schema}.refresh_run(run);
  PERFORM {schema}.refresh_end(run);
  SELECT * INTO entry FROM {schema}.refresh_log AS r WHERE r.id = run;
  IF entry.status = 'failed' THEN
    RAISE WARNING 'the refresh of %.% failed: %', quote_ident(entry.view_schema), quote_ident(entry.view_name), entry.error;
  END IF;
  RETURN entry.status;
END $$;

-- Refreshes the view of a project that goes by this name, with its schema or without: as it is written, or as SQL would read it (`"Mixed".case`).
CREATE OR REPLACE FUNCTION {schema}.refresh_named(project text, named text)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  parts text[];
  places jsonb[];
BEGIN
  BEGIN
    parts := parse_ident(named);
  EXCEPTION WHEN invalid_parameter_value THEN
    parts := '{}';
  END;
  SELECT array_agg(jsonb_build_array(f.view_schema, f.view_name, f.called) ORDER BY f.view_schema) INTO places FROM (
    SELECT d.view_schema, d.view_name, c.called, rank() OVER (ORDER BY r.place) FROM {schema}.deployed_view AS d CROSS JOIN LATERAL (SELECT {schema}.called(d.view_schema, d.view_name, d.recorded)) AS c (called) CROSS JOIN LATERAL (SELECT CASE
      WHEN c.called = named THEN 1 WHEN named IN (d.view_name::text, d.view_schema || '.' || d.view_name) THEN 2
      WHEN d.view_name = parts[cardinality(parts)] AND (cardinality(parts) = 1 OR cardinality(parts) = 2 AND d.view_schema = parts[1]) THEN 3
      END) AS r (place)
    WHERE d.project = refresh_named.project AND d.kind = 'materialized' AND r.place IS NOT NULL) AS f WHERE f.rank = 1;
  IF places IS NULL THEN
    RAISE EXCEPTION 'no materialized view % is deployed', named USING ERRCODE = 'undefined_table',
      HINT = (SELECT 'there are: ' || string_agg({schema}.called(d.view_schema, d.view_name, d.recorded), ', ' ORDER BY d.view_name) FROM {schema}.deployed_view AS d
              WHERE d.project = refresh_named.project AND d.kind = 'materialized');
  ELSIF cardinality(places) > 1 THEN
    RAISE EXCEPTION '% is the name of % views', named, cardinality(places) USING ERRCODE = 'ambiguous_alias',
      HINT = (SELECT 'one of: ' || string_agg(p ->> 2, ', ') FROM unnest(places) AS p);
  END IF;
  PERFORM {schema}.run_or_warn({schema}.refresh_begin((places[1] ->> 0)::name, (places[1] ->> 1)::name));
END $$;

-- What the server says of an object that bears a name of the project's own: a function with these types of arguments, or a view.
CREATE OR REPLACE FUNCTION {schema}.name_printed(kind text, name_schema name, named name, arguments text)
RETURNS text LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE kind WHEN 'view' THEN {schema}.printed(format('%I.%I', name_schema, named)) ELSE (
    SELECT 'f ' || md5(concat_ws(' ', p.prosrc, p.prosecdef, p.proconfig, pg_get_function_arguments(p.oid), pg_get_function_result(p.oid)))
    FROM pg_proc AS p WHERE p.pronamespace = to_regnamespace(quote_ident(name_schema)) AND p.proname = named AND oidvectortypes(p.proargtypes) = arguments) END
$$;

-- Refuses to take the place of an object that was not made for this project.
CREATE OR REPLACE FUNCTION {schema}.expect_name(kind text, name_schema name, named name, arguments text, project text)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  mark text := format('made by mvc for the project %s (mvc ', project);
  home oid := to_regnamespace(quote_ident(name_schema));
BEGIN
  IF EXISTS (SELECT FROM pg_class AS c WHERE kind = 'view' AND c.relnamespace = home AND c.relname = named
               AND (c.relkind <> 'v' OR strpos(coalesce(obj_description(c.oid, 'pg_class'), ''), mark) = 0)
             UNION ALL
             SELECT FROM pg_proc AS p WHERE kind = 'function' AND p.pronamespace = home AND p.proname = named
               AND oidvectortypes(p.proargtypes) = arguments AND strpos(coalesce(obj_description(p.oid, 'pg_proc'), ''), mark) = 0) THEN
    RAISE EXCEPTION 'not ours, and in the way: the % %.%', kind, quote_ident(name_schema), quote_ident(named)
      USING HINT = 'rename or drop it, or give another name in mvc.yml: names';
  END IF;
END $$;

-- Lets these roles alone use an object of the project's own name, and writes into its comment what it is, so that a change is
-- noticed.
CREATE OR REPLACE FUNCTION {schema}.open_name(kind text, name_schema name, named name, arguments text, users name[], described text)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  target text := CASE kind WHEN 'view' THEN format('%I.%I', name_schema, named) ELSE format('%I.%I(%s)', name_schema, named, arguments) END;
  described_fully text := format('%s %s)', described, {schema}.name_printed(kind, name_schema, named, arguments));
  role name;
BEGIN
  IF kind = 'view' THEN
    PERFORM {schema}.revoke_all('TABLE', target, c.relowner, (
      SELECT array_agg(given.entry) FROM (SELECT unnest(c.relacl) UNION ALL
        SELECT unnest(a.attacl) FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attacl IS NOT NULL) AS given (entry)))
    FROM pg_class AS c WHERE c.oid = target::regclass;
    EXECUTE format('COMMENT ON VIEW %I.%I IS %L', name_schema, named, described_fully);
  ELSE
    PERFORM {schema}.revoke_all('FUNCTION', target, p.proowner, p.proacl) FROM pg_proc AS p WHERE p.oid = target::regprocedure;
    EXECUTE format('COMMENT ON FUNCTION %s IS %L', target::regprocedure, described_fully);
  END IF;
  FOREACH role IN ARRAY users LOOP
    IF kind = 'view' THEN
      EXECUTE format('GRANT SELECT ON %I.%I TO %I', name_schema, named, role);
    ELSE
      EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', target::regprocedure, role);
    END IF;
  END LOOP;
END $$;
