-- Takes a name that a relation made by hand has: it goes into the stored schema as it is, the view of the project takes its place with its
-- grants, comments, rules and triggers, and what read it by its number reads the view. `give_back` is the way back.

-- What reads a relation by its number and can be made to read another one of the same name, as the statements that make it so: views, rules of
-- other tables, functions whose body the server has parsed. What was taken over itself goes on reading what it read.
CREATE OR REPLACE FUNCTION {schema}.readings_of(target oid)
RETURNS jsonb LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET jit = off SET plan_cache_mode = force_generic_plan SET quote_all_identifiers = off AS $$
BEGIN
  RETURN (
    WITH ruled AS (
      SELECT DISTINCT r.oid, r.rulename, c.oid AS relation, c.relkind, c.reloptions FROM pg_depend AS d JOIN pg_rewrite AS r ON r.oid = d.objid JOIN pg_class AS c ON c.oid = r.ev_class
      WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = target AND c.oid <> target AND NOT {schema}.is_former(c.oid)
    )
    SELECT coalesce(jsonb_agg(to_jsonb(reading) ORDER BY reading.place, reading.described), '[]') FROM (
      SELECT 1 AS place, 'view' AS kind, r.relation::regclass::text AS described, 'CREATE OR REPLACE ' || substr({schema}.creation_of(r.relation), 8) AS text, r.relation,
        pg_get_viewdef(r.relation) AS query, array_to_string(r.reloptions, ', ') AS options, ARRAY(
          SELECT a.attname FROM pg_attribute AS a WHERE a.attrelid = r.relation AND a.attnum > 0 ORDER BY a.attnum) AS columns
      FROM ruled AS r WHERE r.relkind = 'v' AND r.rulename = '_RETURN'
      UNION ALL
      SELECT 2, 'rule', format('%I on %s', r.rulename, r.relation::regclass), 'CREATE OR REPLACE ' || substr(pg_get_ruledef(r.oid), 8), r.relation, NULL, NULL, NULL
      FROM ruled AS r WHERE r.rulename <> '_RETURN'
      UNION ALL
      SELECT DISTINCT 3, 'function', p.oid::regprocedure::text, pg_get_functiondef(p.oid), NULL::oid, NULL, NULL, NULL::name[]
      FROM pg_depend AS d JOIN pg_proc AS p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid AND p.prosqlbody IS NOT NULL
      WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = target
    ) AS reading
  );
END $$;

-- The same once nobody can change the views and the relation itself, and their text may be parsed anew. They are locked in the order in which whoever reads
-- through them does it: what is read by others comes after those. All of them together are waited for as long as for one, since somebody waits behind each.
CREATE OR REPLACE FUNCTION {schema}.hold_readings(target oid)
RETURNS jsonb LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  found constant jsonb := {schema}.readings_of(target);
  there constant pg_class := (SELECT c FROM pg_class AS c WHERE c.oid = target);
  patience constant int := (SELECT s.setting::int FROM pg_settings AS s WHERE s.name = 'lock_timeout');
  item record;
BEGIN
  IF patience > 0 THEN
    PERFORM set_config('lock_timeout', greatest(patience / (1 + jsonb_array_length(found)), least(patience, 5))::text, true);
  END IF;
  FOR item IN
    SELECT r.relation, c.relkind, pg_get_userbyid(c.relowner) AS owner FROM (SELECT DISTINCT f.relation FROM jsonb_to_recordset(found) AS f (relation oid) WHERE f.relation IS NOT NULL) AS r
    JOIN pg_class AS c ON c.oid = r.relation LEFT JOIN {schema}.dependents(target) AS d ON d.view = r.relation ORDER BY d.level DESC NULLS FIRST, r.relation
  LOOP
    EXECUTE format('ALTER %s %s OWNER TO %I', {schema}.kind_word(item.relkind), item.relation::regclass, item.owner);  -- changes nothing, and locks it
    PERFORM {schema}.expect_inert(item.relation);
  END LOOP;
  EXECUTE format('ALTER %s %s OWNER TO %I', {schema}.kind_word(there.relkind), target::regclass, pg_get_userbyid(there.relowner));
  IF found IS DISTINCT FROM {schema}.readings_of(target) THEN
    RAISE EXCEPTION 'what reads % was changed just now', target::regclass USING ERRCODE = 'serialization_failure', HINT = 'try again';
  END IF;
  RETURN found;
END $$;

-- Has these read what bears the name now: in place wherever PostgreSQL lets a view be replaced, so that nothing on them is touched.
CREATE OR REPLACE FUNCTION {schema}.read_anew(readings jsonb, exposed text)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET check_function_bodies = on AS $$
DECLARE
  item record;
  message text;
BEGIN
  FOR item IN
    SELECT r.* FROM jsonb_to_recordset(readings) AS r (place int, kind text, described text, text text, query text, options text, columns name[]) ORDER BY r.place, r.described
  LOOP
    BEGIN
      EXECUTE item.text;
    EXCEPTION
      WHEN invalid_table_definition THEN  -- a column of another type
        PERFORM {schema}.recreate(item.described::regclass, item.columns, item.options, item.query);
      WHEN syntax_error_or_access_rule_violation THEN
        GET STACKED DIAGNOSTICS message = MESSAGE_TEXT;
        RAISE EXCEPTION 'the % % reads %, and does not fit what bears that name then: %', item.kind, item.described, exposed, message
          USING ERRCODE = 'dependent_objects_still_exist', HINT = 'change or drop it first';
    END;
  END LOOP;
END $$;

CREATE OR REPLACE FUNCTION {schema}.is_former(relation oid)
RETURNS boolean LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT EXISTS (SELECT FROM pg_class AS c JOIN {schema}.former_relation AS f ON f.stored_name = c.relname
                 WHERE c.oid = relation AND c.relnamespace = to_regnamespace('{schema}'))
$$;

-- Refuses to go on where something still reads a relation whose name a view has taken.
CREATE OR REPLACE FUNCTION {schema}.expect_unread(target oid, exposed text)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  reader text := (
    SELECT string_agg(DISTINCT pg_describe_object(d.classid, d.objid, 0), ', ')
    FROM pg_class AS c JOIN pg_type AS t ON t.oid = c.reltype
    JOIN pg_depend AS d ON d.deptype = 'n' AND (d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid OR d.refclassid = 'pg_type'::regclass AND d.refobjid IN (t.oid, t.typarray))
    LEFT JOIN pg_rewrite AS r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
    WHERE c.oid = target AND r.ev_class IS DISTINCT FROM target AND (r.ev_class IS NULL OR NOT {schema}.is_former(r.ev_class))
      AND NOT (d.classid = 'pg_constraint'::regclass AND d.objid IN (SELECT k.oid FROM pg_constraint AS k WHERE k.conrelid = target))
      AND NOT (d.classid = 'pg_policy'::regclass AND d.objid IN (SELECT p.oid FROM pg_policy AS p WHERE p.polrelid = target))
      AND NOT (d.classid = 'pg_attrdef'::regclass AND d.objid IN (SELECT f.oid FROM pg_attrdef AS f WHERE f.adrelid = target)));
BEGIN
  IF reader IS NOT NULL THEN
    RAISE EXCEPTION 'what bears the name % is put aside, and cannot be replaced in %', exposed, reader
      USING ERRCODE = 'dependent_objects_still_exist', HINT = 'change or drop it first, and make it again afterwards';
  END IF;
END $$;

-- Puts the view of a project in the place of a relation that was made by hand. Its grants come along; where policies say who may read (`readers`, else
-- NULL), only those of the readers do. Whoever owned it may read the view, where no policy says otherwise.
CREATE OR REPLACE FUNCTION {schema}.take_over(view_schema name, view_name name, columns name[], barrier boolean, query text, readers name[])
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  exposed constant text := format('%I.%I', view_schema, view_name);
  target constant oid := to_regclass(exposed);
  there pg_class;
  readings jsonb;
  dressing text;
BEGIN
  IF target IS NULL THEN  -- somebody dropped it meanwhile
    PERFORM {schema}.expose(view_schema, view_name, columns, barrier, query);
    RETURN;
  END IF;
  there := (SELECT c FROM pg_class AS c WHERE c.oid = target);
  IF there.relkind NOT IN ('m', 'v', 'r') OR EXISTS (SELECT FROM {schema}.deployed_view AS d WHERE d.view_schema = take_over.view_schema AND d.view_name = take_over.view_name) THEN
    RAISE EXCEPTION 'what bears the name % is not what was to be taken over', exposed USING HINT = 'make the plan again';
  END IF;
  readings := {schema}.hold_readings(target);
  dressing := (SELECT string_agg(p.sql, E';\n' ORDER BY p.step) FROM {schema}.dressing_parts(target, columns) AS p
               WHERE (p.step = 3 OR p.step > 4 AND there.relkind = 'v' OR p.step = 2 AND (readers IS NULL OR p.grantee = ANY (readers))));
  PERFORM {schema}.keep_former(view_schema, view_name);
  PERFORM {schema}.expose(view_schema, view_name, columns, barrier, query);
  PERFORM {schema}.dress(exposed, dressing);
  IF readers IS NULL AND there.relowner <> (SELECT c.relowner FROM pg_class AS c WHERE c.oid = exposed::regclass) THEN
    EXECUTE format('GRANT SELECT ON TABLE %s TO %I', exposed, pg_get_userbyid(there.relowner));
  END IF;
  PERFORM {schema}.read_anew(readings, exposed), {schema}.expect_unread(target, exposed);
END $$;

-- Moves what bears a view's name into the stored schema, whose owner owns it then, and writes down how it was.
CREATE OR REPLACE FUNCTION {schema}.keep_former(view_schema name, view_name name)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  there constant pg_class := (SELECT c FROM pg_class AS c WHERE c.oid = format('%I.%I', view_schema, view_name)::regclass);
  word constant text := {schema}.kind_word(there.relkind);
  kept constant name := {schema}.former_name(view_name, there.oid);
  renamed jsonb := '{}'::jsonb;
  item record;
BEGIN
  FOR item IN
    SELECT i.oid, i.relname FROM pg_index AS x JOIN pg_class AS i ON i.oid = x.indexrelid WHERE x.indrelid = there.oid
      AND EXISTS (SELECT FROM pg_class AS other WHERE other.relnamespace = to_regnamespace('{schema}') AND other.relname = i.relname)
  LOOP
    renamed := renamed || jsonb_build_object({schema}.former_name(item.relname, item.oid), item.relname);
    EXECUTE format('ALTER INDEX %s RENAME TO %I', item.oid::regclass, {schema}.former_name(item.relname, item.oid));
  END LOOP;
  INSERT INTO {schema}.former_relation (stored_name, view_schema, view_name, deployment, former)
  SELECT kept, keep_former.view_schema, keep_former.view_name, max(d.id), jsonb_build_object('owner', there.relowner::text, 'indexes', renamed, 'kind', word, 'grants', (
    SELECT coalesce(jsonb_agg(jsonb_build_array(e.grantee::text, e.privilege_type, given.attname, e.is_grantable)), '[]')
    FROM (SELECT there.relacl AS acl, NULL::name AS attname UNION ALL SELECT a.attacl, a.attname FROM pg_attribute AS a WHERE a.attrelid = there.oid) AS given
    CROSS JOIN aclexplode(given.acl) AS e WHERE e.grantee <> there.relowner OR given.attname IS NOT NULL)) FROM {schema}.deployment AS d;
  EXECUTE format('ALTER %s %I.%I RENAME TO %I', word, view_schema, view_name, kept);
  EXECUTE format('ALTER %s %I.%I SET SCHEMA %I', word, view_schema, kept, '{name}');
  IF there.relowner <> (SELECT n.nspowner FROM pg_namespace AS n WHERE n.nspname = '{name}') THEN
    EXECUTE format('ALTER %s %I.%I OWNER TO %I', word, '{name}', kept, (SELECT pg_get_userbyid(n.nspowner) FROM pg_namespace AS n WHERE n.nspname = '{name}'));
  END IF;
END $$;

-- What was put aside is closed, and dropped where nothing needs it, once nobody is on his way to it: a function whose body the server has parsed
-- may have been called before its body was replaced, and finds what it read by its number.
CREATE OR REPLACE FUNCTION {schema}.close_formers()
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  gone name;
BEGIN
  PERFORM {schema}.seal(f.stored_name) FROM {schema}.former_relation AS f;
  FOR gone IN SELECT f.stored_name FROM {schema}.former_relation AS f WHERE f.former ? 'gone' LOOP
    EXECUTE format('DROP VIEW IF EXISTS %I.%I', '{name}', gone);
    DELETE FROM {schema}.former_relation AS f WHERE f.stored_name = gone;
  END LOOP;
END $$;

-- A name of 63 bytes at most that nothing else has.
CREATE OR REPLACE FUNCTION {schema}.former_name(named name, number oid)
RETURNS name LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN octet_length(named::text) <= 45 THEN named::text ELSE left(named::text, 10) || '_' || left(md5(named::text), 8) END || '_former_' || number
$$;

-- Puts a relation back that a view was taken over from, with its owner, grants and the names of its indexes; what reads the view reads it again.
CREATE OR REPLACE FUNCTION {schema}.give_back(view_schema name, view_name name)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  exposed constant text := format('%I.%I', view_schema, view_name);
  kept {schema}.former_relation;
  ours oid := to_regclass(exposed);
  gone name;
  readings jsonb := '[]'::jsonb;
BEGIN
  SELECT f.* INTO kept FROM {schema}.former_relation AS f
  WHERE f.view_schema = give_back.view_schema AND f.view_name = give_back.view_name AND NOT f.former ? 'gone' ORDER BY f.deployment DESC LIMIT 1;
  IF to_regclass(format('%I.%I', '{name}', kept.stored_name)) IS NULL THEN
    RAISE EXCEPTION 'what % took the place of is kept no more', exposed USING HINT = 'make the plan again';
  END IF;
  IF ours IS NOT NULL THEN
    readings := {schema}.hold_readings(ours);
    gone := {schema}.former_name(view_name, ours);
    EXECUTE format('ALTER VIEW %s RENAME TO %I', exposed, gone);
    EXECUTE format('ALTER VIEW %I.%I SET SCHEMA %I', view_schema, gone, '{name}');
    INSERT INTO {schema}.former_relation (stored_name, view_schema, view_name, deployment, former)
    VALUES (gone, give_back.view_schema, give_back.view_name, kept.deployment, '{"gone": true}');
  END IF;
  PERFORM {schema}.put_former_back(kept);
  PERFORM {schema}.read_anew(readings, exposed);
  IF ours IS NOT NULL THEN
    PERFORM {schema}.expect_unread(ours, exposed);
  END IF;
END $$;

CREATE OR REPLACE FUNCTION {schema}.put_former_back(kept {schema}.former_relation)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  exposed constant text := format('%I.%I', kept.view_schema, kept.view_name);
  word constant text := kept.former ->> 'kind';
  owner constant name := (SELECT r.rolname FROM pg_roles AS r WHERE r.oid = (kept.former ->> 'owner')::oid);
  change text;
BEGIN
  DELETE FROM {schema}.former_relation AS f WHERE f.stored_name = kept.stored_name;
  EXECUTE format('ALTER %s %I.%I SET SCHEMA %I', word, '{name}', kept.stored_name, kept.view_schema);
  EXECUTE format('ALTER %s %I.%I RENAME TO %I', word, kept.view_schema, kept.stored_name, kept.view_name);
  FOR change IN SELECT format('ALTER INDEX %I.%I RENAME TO %I', kept.view_schema, i.key, i.value) FROM jsonb_each_text(kept.former -> 'indexes') AS i LOOP
    EXECUTE change;
  END LOOP;
  IF owner IS NOT NULL AND owner <> (SELECT pg_get_userbyid(c.relowner) FROM pg_class AS c WHERE c.oid = exposed::regclass) THEN
    EXECUTE format('ALTER %s %s OWNER TO %I', word, exposed, owner);
  END IF;
  FOR change IN
    SELECT format('GRANT %s%s ON TABLE %s TO %s%s', g.item ->> 1, ' (' || quote_ident(g.item ->> 2) || ')', exposed,
                  CASE g.item ->> 0 WHEN '0' THEN 'PUBLIC' ELSE quote_ident(r.rolname) END, CASE WHEN (g.item ->> 3)::boolean THEN ' WITH GRANT OPTION' ELSE '' END)
    FROM jsonb_array_elements(kept.former -> 'grants') AS g (item) LEFT JOIN pg_roles AS r ON r.oid = (g.item ->> 0)::oid WHERE g.item ->> 0 = '0' OR r.oid IS NOT NULL
  LOOP
    EXECUTE change;
  END LOOP;
END $$;

-- Compares the rows of a relation that was made by hand with those that a view is about to show, in the columns that both have: each row is read
-- once, numbers are compared as numbers and all else as text, and rows that are there several times count as often. Where they differ it refuses,
-- unless `mvc.accepted` says that somebody agreed to that.
CREATE OR REPLACE FUNCTION {schema}.compare_former(view_schema name, view_name name, stored_name name, columns name[], grain name[], roles name[] DEFAULT '{}', allowed text[] DEFAULT '{}')
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET DateStyle = 'ISO, MDY' SET IntervalStyle = 'postgres' SET extra_float_digits = 1 SET bytea_output = 'hex' SET row_security = off AS $$
DECLARE
  exposed constant text := format('%I.%I', view_schema, view_name);
  former constant regclass := to_regclass(exposed);
  stored constant regclass := format('%I.%I', '{name}', stored_name)::regclass;
  shared name[];
  keys name[];
  former_rows text;
  stored_rows text;
  lost numeric;
  added numeric;
  examples jsonb;
  words text;
BEGIN
  IF former IS NULL OR (SELECT NOT c.relispopulated FROM pg_class AS c WHERE c.oid = former) THEN  -- nobody could read it
    RETURN;
  END IF;
  PERFORM {schema}.expect_trusted_sources(exposed, ARRAY[former::oid], '{}', roles, allowed);
  IF (SELECT c.relkind FROM pg_class AS c WHERE c.oid = former) = 'v' THEN
    PERFORM {schema}.expect_trusted(ARRAY[former], exposed, roles, allowed);
  END IF;
  SELECT array_agg(s.attname ORDER BY s.attnum), string_agg(format('f.%I::%s AS %1$I', s.attname, t.name), ', ' ORDER BY s.attnum), string_agg(format('s.%I::%s AS %1$I', s.attname, t.name), ', ' ORDER BY s.attnum)
  INTO shared, former_rows, stored_rows
  FROM pg_attribute AS s JOIN pg_attribute AS f ON f.attrelid = former AND f.attname = s.attname AND f.attnum > 0 AND NOT f.attisdropped
  CROSS JOIN LATERAL (SELECT CASE WHEN s.atttypid = ANY (n.types) AND f.atttypid = ANY (n.types) THEN 'numeric' ELSE 'text' END
    FROM (SELECT '{int2,int4,int8,numeric,float4,float8}'::regtype[]) AS n (types)) AS t (name)
  WHERE s.attrelid = stored AND s.attnum > 0 AND NOT s.attisdropped AND s.attname = ANY (columns);
  IF shared IS NULL THEN
    RAISE EXCEPTION 'the relation % has no column of the view of that name, so its rows cannot be compared', exposed
      USING HINT = 'rename or drop it, or give the view another name or schema';
  END IF;
  keys := ARRAY(SELECT g.name FROM unnest(grain) WITH ORDINALITY AS g (name, place) WHERE g.name = ANY (shared) ORDER BY g.place);
  IF keys = '{}' THEN
    keys := shared;
  END IF;
  EXECUTE format($sql$
    WITH both_sides AS (SELECT %1$s, 1 AS mvc_side FROM %2$s AS s UNION ALL SELECT %3$s, -1 FROM %4$s AS f),
    differing AS MATERIALIZED (SELECT %5$s, sum(b.mvc_side) AS mvc_side FROM both_sides AS b GROUP BY %5$s HAVING sum(b.mvc_side) <> 0),
    groups AS (SELECT DISTINCT %6$s FROM differing AS d ORDER BY %6$s LIMIT 3)
    SELECT (SELECT coalesce(sum(greatest(-d.mvc_side, 0)), 0) FROM differing AS d) AS lost, (SELECT coalesce(sum(greatest(d.mvc_side, 0)), 0) FROM differing AS d) AS added,
      (SELECT jsonb_agg(jsonb_build_array(to_jsonb(d), (SELECT to_jsonb(o) - 'mvc_side' FROM differing AS o WHERE o.mvc_side < 0 AND (%7$s) LIMIT 1),
        (SELECT to_jsonb(o) - 'mvc_side' FROM differing AS o WHERE o.mvc_side > 0 AND (%7$s) LIMIT 1))) FROM groups AS d) AS examples
  $sql$, stored_rows, stored, former_rows, former, {schema}.listed_columns('', shared), {schema}.listed_columns('d.', keys),
    (SELECT string_agg(format('o.%I IS NOT DISTINCT FROM d.%1$I', k.name), ' AND ' ORDER BY k.place) FROM unnest(keys) WITH ORDINALITY AS k (name, place))) INTO lost, added, examples;
  IF lost + added = 0 THEN
    RETURN;
  END IF;
  words := format('the view %s gives other rows than what was made by hand under its name: %s of the former rows %s gone, %s %s new: %s', exposed, lost,
    CASE lost WHEN 1 THEN 'is' ELSE 'are' END, added, CASE added WHEN 1 THEN 'is' ELSE 'are' END, {schema}.examples_text(examples, shared, keys));
  IF 'changed-rows' = ANY (string_to_array(current_setting('mvc.accepted', true), ',')) THEN
    RAISE NOTICE '%', words;
    RETURN;
  END IF;
  RAISE EXCEPTION '%', words USING ERRCODE = 'MVROW', HINT =
    CASE (SELECT c.relkind FROM pg_class AS c WHERE c.oid = former) WHEN 'm' THEN format('it holds the rows of its last refresh: REFRESH MATERIALIZED VIEW %s, and apply again, to see what differs beside that; ', exposed) ELSE '' END
    || '--allow changed-rows if the new rows are meant. Nothing was switched, and what was built is kept';
END $$;

CREATE OR REPLACE FUNCTION {schema}.listed_columns(prefix text, columns name[])
RETURNS text LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT string_agg(prefix || quote_ident(c.name), ', ' ORDER BY c.place) FROM unnest(columns) WITH ORDINALITY AS c (name, place)
$$;

-- Groups that differ, in words: by the grain, what is there instead of what.
CREATE OR REPLACE FUNCTION {schema}.examples_text(examples jsonb, shared name[], keys name[])
RETURNS text LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT string_agg(format('%s %s', k.words, CASE WHEN e.item -> 2 = 'null' THEN 'goes' WHEN e.item -> 1 = 'null' THEN 'is new' ELSE 'has ' || changed.words END), '; ')
  FROM jsonb_array_elements(examples) AS e (item)
  CROSS JOIN LATERAL (SELECT string_agg(format('%s %s', c.name, left(coalesce(e.item -> 0 ->> c.name, 'NULL'), 60)), ', ') FROM unnest(keys) AS c (name)) AS k (words)
  LEFT JOIN LATERAL (SELECT string_agg(format('%s %s instead of %s', c.name, left(coalesce(e.item -> 2 ->> c.name, 'NULL'), 60), left(coalesce(e.item -> 1 ->> c.name, 'NULL'), 60)), ', ')
    FROM (SELECT c.name FROM unnest(shared) AS c (name) WHERE e.item -> 1 -> c.name IS DISTINCT FROM e.item -> 2 -> c.name LIMIT 5) AS c) AS changed (words) ON true
$$;
