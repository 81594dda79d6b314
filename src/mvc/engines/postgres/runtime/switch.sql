-- Puts a view in place for its readers. What is there keeps its name, owner, grants, comments and, wherever PostgreSQL lets a
-- view be replaced, its OID and all that depends on it: columns that stay keep their order, new ones come after them.
-- `renamed` holds pairs of old and new names. Only where a column goes or changes its type is the view created anew, and
-- with it, exactly as they are, the views that read it. Where that is known (`anew`), it is not tried to replace it in place first: who reads
-- another view of the same switch waits for all of it.
CREATE OR REPLACE FUNCTION {schema}.expose(
  view_schema name, view_name name, columns name[], barrier boolean, query text, renamed name[] DEFAULT '{}', anew boolean DEFAULT false
) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  exposed text := format('%I.%I', view_schema, view_name);
  target oid := to_regclass(exposed);
  options text := 'security_barrier = ' || CASE WHEN barrier THEN 'true' ELSE 'false' END;
BEGIN
  IF target IS NULL THEN
    PERFORM {schema}.run_as_project(format('CREATE VIEW %s WITH (%s) AS %s', exposed, options, query));
    PERFORM {schema}.revoke_all('TABLE', exposed, c.relowner, c.relacl) FROM pg_class AS c WHERE c.oid = exposed::regclass;
    PERFORM {schema}.refuse_writes(exposed::regclass);
    RETURN;
  END IF;
  FOR pair IN 1 .. coalesce(array_length(renamed, 1), 0) BY 2 LOOP
    IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = target AND attname = renamed[pair])
       AND NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = target AND attname = renamed[pair + 1]) THEN
      EXECUTE format('ALTER VIEW %s RENAME COLUMN %I TO %I', exposed, renamed[pair], renamed[pair + 1]);
    END IF;
  END LOOP;
  IF anew OR EXISTS (SELECT FROM pg_attribute WHERE attrelid = target AND attnum > 0 AND attname <> ALL (columns)) THEN
    PERFORM {schema}.recreate(target, columns, options, query), {schema}.refuse_writes(exposed::regclass);
    RETURN;
  END IF;
  BEGIN
    PERFORM {schema}.run_as_project(
      format('CREATE OR REPLACE VIEW %s WITH (%s) AS %s', exposed, options, {schema}.in_order(target, columns, query)));
  EXCEPTION WHEN invalid_table_definition THEN  -- a column of another type
    PERFORM {schema}.recreate(target, columns, options, query);
  END;
  PERFORM {schema}.refuse_writes(exposed::regclass);
END $$;

-- Has a view refuse INSERT, UPDATE and DELETE where PostgreSQL would let them through to the stored table: its owner may write to that, and
-- nothing would tell a refresh. Once it is there, the trigger stays, and says nothing where somebody has one of his own.
CREATE OR REPLACE FUNCTION {schema}.refuse_writes(view regclass)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF pg_relation_is_updatable(view, false) <> 0 AND EXISTS (
    WITH RECURSIVE below (relation) AS (
      SELECT view::oid UNION SELECT c.oid FROM below AS b JOIN pg_rewrite AS w ON w.ev_class = b.relation
      JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass
      JOIN pg_class AS c ON c.oid = d.refobjid AND c.relnamespace = to_regnamespace('{schema}')
    ) SELECT FROM below AS b JOIN pg_class AS c ON c.oid = b.relation AND c.relkind = 'r'
  ) AND NOT EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = view AND t.tgfoid = to_regprocedure('{schema}' || '.written_to()')) THEN
    EXECUTE format('CREATE TRIGGER %I INSTEAD OF INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION %I.written_to()', '~mvc_refuses', view, '{name}');
  END IF;
END $$;

-- The same for all views that are deployed, as far as they are there, and ours.
CREATE OR REPLACE FUNCTION {schema}.refuse_all_writes()
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM {schema}.refuse_writes(c.oid::regclass) FROM {schema}.deployed_view AS d
  JOIN pg_class AS c ON c.oid = to_regclass(format('%I.%I', d.view_schema, d.view_name)) AND c.relkind = 'v' AND pg_has_role(c.relowner, 'USAGE')
  WHERE d.kind = 'materialized';
END $$;

CREATE OR REPLACE FUNCTION {schema}.written_to()
RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = TG_RELID AND t.tgfoid <> to_regprocedure('{schema}' || '.written_to()') AND t.tgtype & 64 <> 0
                   AND t.tgtype & CASE TG_OP WHEN 'INSERT' THEN 4 WHEN 'DELETE' THEN 8 ELSE 16 END <> 0) THEN  -- INSTEAD OF
    RAISE EXCEPTION 'the view %.% holds what its query gives: it cannot be written to', quote_ident(TG_TABLE_SCHEMA), quote_ident(TG_TABLE_NAME)
      USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'write to the tables that it reads; the next refresh brings it up to date';
  END IF;
  RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;

-- Runs a statement in which names mean what they mean to the project: along the search path of the latest deployment. Readers may have been
-- waited for since `prove_sources` and `prove_calls` looked at the text, so they look again.
CREATE OR REPLACE FUNCTION {schema}.run_as_project(statement text)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  looked jsonb := nullif(current_setting('mvc.looked', true), '')::jsonb;
  named text := looked ->> 'named';
  sources text[] := {schema}.as_array(looked -> 'sources');
  types text[] := {schema}.as_array(looked -> 'types');
  called jsonb := nullif(current_setting('mvc.called', true), '')::jsonb;
  roles name[] := {schema}.as_array(looked -> 'roles')::name[];
  allowed text[] := {schema}.as_array(looked -> 'allowed');
BEGIN
  PERFORM set_config('search_path', (
    SELECT string_agg(quote_ident(p.name), ', ' ORDER BY p.place) || ', pg_temp'
    FROM jsonb_array_elements_text((SELECT d.target -> 'search_path' FROM {schema}.deployment AS d ORDER BY d.id DESC LIMIT 1))
         WITH ORDINALITY AS p (name, place)), true);
  IF looked IS NOT NULL THEN
    PERFORM {schema}.prove_sources(named, sources, types, roles, allowed);
  END IF;
  IF called IS NOT NULL THEN
    PERFORM {schema}.prove_calls(named, {schema}.as_array(called), roles, allowed);
  END IF;
  EXECUTE statement;
END $$;

-- The query with its columns in the order of the view that is there, and the others after them.
CREATE OR REPLACE FUNCTION {schema}.in_order(target oid, columns name[], query text)
RETURNS text LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
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

-- Drops and creates a view with everything that is on it: dependent views, their definitions, options, owners, grants,
-- comments, column defaults, rules and triggers. Refuses, by name, what cannot be made again exactly.
CREATE OR REPLACE FUNCTION {schema}.recreate(target oid, columns name[], options text, query text)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  exposed text := target::regclass::text;
  views oid[] := ARRAY(SELECT d.view FROM {schema}.dependents(target) AS d ORDER BY d.level, d.view);
  names text[] := ARRAY(SELECT v::regclass::text FROM unnest(views) WITH ORDINALITY AS u (v, place) ORDER BY place);
  remade text[] := ARRAY(SELECT {schema}.creation_of(v) FROM unnest(views) WITH ORDINALITY AS u (v, place) ORDER BY place);
  dressing text[] := ARRAY(
    SELECT {schema}.dressing_of(v, CASE v WHEN target THEN columns END)
    FROM unnest(target || views) WITH ORDINALITY AS u (v, place) ORDER BY place);
  obstacle text := {schema}.obstacle(target, views, columns);
  message text;
BEGIN
  IF obstacle IS NOT NULL THEN
    RAISE EXCEPTION 'a column of % goes or changes its type, and % cannot be made again after that', exposed, obstacle
      USING ERRCODE = 'dependent_objects_still_exist', HINT = 'change or drop it first';
  END IF;
  FOR place IN 1 .. coalesce(array_length(names, 1), 0) LOOP
    EXECUTE format('ALTER VIEW %s RESET (mvc)', names[place]);  -- nothing bears that name: it locks the view, which stays what is looked at
    PERFORM {schema}.expect_inert(views[place]);
  END LOOP;
  IF remade IS DISTINCT FROM ARRAY(SELECT {schema}.creation_of(v) FROM unnest(views) WITH ORDINALITY AS u (v, place) ORDER BY place) THEN
    RAISE EXCEPTION 'a view that reads % was changed just now', exposed USING ERRCODE = 'serialization_failure', HINT = 'try again';
  END IF;
  FOR place IN REVERSE coalesce(array_length(names, 1), 0) .. 1 LOOP
    EXECUTE format('DROP VIEW %s', names[place]);
  END LOOP;
  EXECUTE format('DROP VIEW %s', exposed);
  PERFORM {schema}.run_as_project(format('CREATE VIEW %s%s AS %s', exposed, ' WITH (' || options || ')', query));
  PERFORM {schema}.dress(exposed, dressing[1]);
  FOR place IN 1 .. coalesce(array_length(names, 1), 0) LOOP
    BEGIN
      EXECUTE remade[place];
    EXCEPTION WHEN OTHERS THEN
      GET STACKED DIAGNOSTICS message = MESSAGE_TEXT;
      RAISE EXCEPTION 'the view % reads %, and does not fit its new columns: %', names[place], exposed, message
        USING ERRCODE = 'dependent_objects_still_exist', HINT = 'change or drop it first';
    END;
    PERFORM {schema}.dress(names[place], dressing[place + 1]);
  END LOOP;
END $$;

-- What depends on the views and is no plain view, as words; NULL if there is nothing such.
CREATE OR REPLACE FUNCTION {schema}.obstacle(target oid, views oid[], columns name[])
RETURNS text LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET jit = off SET plan_cache_mode = force_generic_plan AS $$
BEGIN
  RETURN (
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
  );
END $$;
