-- What the rows of a stored relation follow from besides the rows that its query reads: functions, and what these call, aggregates, types,
-- plain views, text search, collations, extensions, casts, settings. No trigger tells of them. So each computation of all rows keeps a digest of
-- each one, by its name, and a refresh that finds another computes all rows, since groups of the old and the new would stand side by side.

-- What has to be looked at, as OIDs and names. What a body in text calls is not in pg_depend: every function, operator, type and plain view whose
-- name stands in it counts, and what these use. Nobody knows what a body puts together while it runs, nor what a library or another language does.
CREATE OR REPLACE FUNCTION {schema}.code_asked(stored {schema}.stored_relation)
RETURNS jsonb LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET jit = off SET plan_cache_mode = force_generic_plan SET work_mem = '64kB' AS $$
DECLARE
  queries constant regclass[] := {schema}.queries_of(stored);
  read constant oid[] := {schema}.read_by(queries);
  queries_text constant text := (SELECT string_agg(pg_get_viewdef(c.oid), ' ') FROM pg_class AS c
                                 WHERE c.relkind IN ('v', 'm') AND (c.oid = ANY (queries::oid[]) OR c.oid = ANY (read) AND c.relkind = 'v'));
BEGIN
  RETURN (
    WITH RECURSIVE used (class, object) AS (
      SELECT 'pg_rewrite'::regclass::oid, r.oid FROM pg_rewrite AS r JOIN pg_class AS c ON c.oid = r.ev_class
      WHERE r.rulename = '_RETURN' AND (c.oid = ANY (queries::oid[]) OR c.oid = ANY (read) AND c.relkind = 'v')
      UNION ALL SELECT 'pg_class'::regclass, i.indexrelid FROM pg_index AS i
      WHERE i.indrelid = ANY (queries::oid[]) AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL)
      UNION SELECT next.class, next.object FROM used AS u CROSS JOIN LATERAL (
        SELECT d.refclassid, d.refobjid FROM pg_depend AS d
        WHERE d.classid = u.class AND d.objid = u.object AND d.refclassid IN ('pg_proc'::regclass, 'pg_operator'::regclass, 'pg_type'::regclass,
          'pg_collation'::regclass, 'pg_ts_config'::regclass, 'pg_ts_dict'::regclass)
        UNION ALL SELECT named.class, named.object FROM pg_rewrite AS r CROSS JOIN LATERAL (
            SELECT 'pg_type'::regclass::oid, t FROM {schema}.made_types_in(r.ev_action::text) AS t
            UNION ALL SELECT 'pg_collation'::regclass, m[1]::oid FROM regexp_matches(r.ev_action::text, 'collid (\d+)', 'g') AS m
            WHERE m[1] NOT IN ('0', '100', '950', '951')) AS named (class, object)
          WHERE u.class = 'pg_rewrite'::regclass AND r.oid = u.object
        UNION ALL SELECT 'pg_type'::regclass, part FROM {schema}.parts_of_type(u.object) AS part WHERE u.class = 'pg_type'::regclass
        UNION ALL SELECT 'pg_proc'::regclass, f.oid FROM pg_range AS r CROSS JOIN unnest(ARRAY[r.rngsubdiff::oid, r.rngcanonical::oid]) AS f (oid)
          WHERE u.class = 'pg_type'::regclass AND r.rngtypid = u.object AND f.oid <> 0
        UNION ALL SELECT named.class, named.object FROM pg_proc AS p CROSS JOIN LATERAL {schema}.named_in(concat_ws(' ', p.prosrc, p.proconfig)) AS named
          WHERE u.class = 'pg_proc'::regclass AND p.oid = u.object AND p.prosqlbody IS NULL AND octet_length(p.prosrc) <= 1000000
            AND p.prolang NOT IN (SELECT l.oid FROM pg_language AS l WHERE l.lanname IN ('c', 'internal'))
      ) AS next (class, object)
    ), texts (body) AS (
      SELECT concat_ws(' ', p.prosrc, p.proconfig) FROM used AS u JOIN pg_proc AS p ON p.oid = u.object AND p.prosqlbody IS NULL JOIN pg_language AS l ON l.oid = p.prolang
      WHERE u.class = 'pg_proc'::regclass AND l.lanname NOT IN ('c', 'internal') AND octet_length(p.prosrc) <= 1000000
    ), listed (list, items) AS (
      SELECT u.class::regclass::text, jsonb_agg(DISTINCT u.object::text) FROM used AS u WHERE u.class NOT IN ('pg_rewrite'::regclass, 'pg_class'::regclass, 'pg_operator'::regclass)
      GROUP BY u.class
      UNION ALL SELECT 'views', jsonb_agg(DISTINCT r.ev_class::text) FROM used AS u JOIN pg_rewrite AS r ON r.oid = u.object
      WHERE u.class = 'pg_rewrite'::regclass AND r.ev_class <> ALL (queries::oid[])
      UNION ALL SELECT 'pg_extension', jsonb_agg(DISTINCT d.refobjid::text) FROM used AS u
      JOIN pg_depend AS d ON d.classid = u.class AND d.objid = u.object AND d.deptype = 'e' AND d.refclassid = 'pg_extension'::regclass
      UNION ALL SELECT 'generated', jsonb_agg(DISTINCT a.attrelid::text) FROM pg_attribute AS a
      JOIN pg_class AS c ON c.oid = a.attrelid
      WHERE a.attrelid = ANY (read) AND a.attgenerated <> '' AND NOT a.attisdropped AND c.relnamespace <> to_regnamespace('{schema}')
      UNION ALL SELECT 'names', jsonb_agg(DISTINCT n) FROM texts AS t CROSS JOIN {schema}.calls_in(t.body) AS n
      UNION ALL SELECT 'schemas', jsonb_agg(DISTINCT n.nspname) FROM texts AS t CROSS JOIN {schema}.schemas_in(t.body) AS s JOIN pg_namespace AS n ON n.oid = s
      UNION ALL SELECT 'operators', jsonb_agg(DISTINCT n) FROM texts AS t CROSS JOIN {schema}.operators_in(t.body) AS n
      UNION ALL SELECT 'settings', jsonb_agg(DISTINCT n) FROM (SELECT t.body FROM texts AS t UNION ALL SELECT queries_text
        UNION ALL SELECT 'money' WHERE EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = ANY (read) AND a.atttypid IN ('money'::regtype, 'money[]'::regtype))) AS t (body)
      CROSS JOIN {schema}.settings_in(t.body) AS n
    )
    SELECT coalesce(jsonb_object_agg(l.list, l.items) FILTER (WHERE l.items IS NOT NULL), '{}') FROM listed AS l
  );
END $$;

-- What the text of a body may mean: whatever has a name that stands in it, in a schema whose name does, but for PostgreSQL's own.
CREATE OR REPLACE FUNCTION {schema}.named_in(body text)
RETURNS TABLE (class oid, object oid) LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET jit = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  calls constant name[] := ARRAY(SELECT {schema}.calls_in(body));
  words constant name[] := ARRAY(SELECT {schema}.words_in(body));
  operators constant name[] := ARRAY(SELECT {schema}.operators_in(body));
  schemas constant oid[] := ARRAY(SELECT {schema}.schemas_in(body));
BEGIN
  RETURN QUERY
  SELECT 'pg_proc'::regclass::oid, p.oid FROM pg_proc AS p WHERE p.proname = ANY (calls) AND p.pronamespace = ANY (schemas)
  UNION ALL SELECT 'pg_operator'::regclass, o.oid FROM pg_operator AS o WHERE o.oprname = ANY (operators) AND o.oprnamespace = ANY (schemas)
  UNION ALL SELECT 'pg_type'::regclass, t.oid FROM pg_type AS t WHERE t.typname = ANY (words) AND t.typnamespace = ANY (schemas) AND t.typtype IN ('d', 'e', 'r', 'm')
  UNION ALL SELECT 'pg_rewrite'::regclass, r.oid FROM pg_class AS c JOIN pg_rewrite AS r ON r.ev_class = c.oid AND r.rulename = '_RETURN'
  WHERE c.relname = ANY (words) AND c.relnamespace = ANY (schemas) AND c.relkind = 'v';
END $$;

-- The schemas in which a body may find what it names: a refresh runs along PostgreSQL's own path, so the others stand in the body or in what is
-- set for it. Who has a schema of his own can therefore not have his things looked at, and hold up the refreshes with them.
CREATE OR REPLACE FUNCTION {schema}.schemas_in(body text)
RETURNS SETOF oid LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT n.oid FROM pg_namespace AS n
  WHERE {schema}.is_of_others(n.oid) AND (n.nspname = ANY (ARRAY(SELECT {schema}.words_in(body))) OR strpos(body, '$user') > 0)
$$;

CREATE OR REPLACE FUNCTION {schema}.is_of_others(namespace oid)
RETURNS boolean LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT namespace NOT IN ('pg_catalog'::regnamespace, to_regnamespace('{schema}'))
$$;

CREATE OR REPLACE FUNCTION {schema}.words_in(body text)
RETURNS SETOF name LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT DISTINCT word::name FROM regexp_matches(body, '[^\W\d][\w$]*|"(?:[^"]|"")+"', 'g') AS m
  CROSS JOIN LATERAL (SELECT CASE WHEN m[1] LIKE '"%' THEN replace(substr(m[1], 2, length(m[1]) - 2), '""', '"') ELSE lower(m[1]) END
    UNION ALL SELECT lower(w[1]) FROM regexp_matches(m[1], '[^\W\d][\w$]*', 'g') AS w WHERE m[1] LIKE '"%') AS found (word)  -- a string of another language
$$;

-- The words before a parenthesis.
CREATE OR REPLACE FUNCTION {schema}.calls_in(body text)
RETURNS SETOF name LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT DISTINCT CASE WHEN m[1] LIKE '"%' THEN replace(substr(m[1], 2, length(m[1]) - 2), '""', '"') ELSE lower(m[1]) END::name
  FROM regexp_matches(body, '([^\W\d][\w$]*|"(?:[^"]|"")+")\s*\(', 'g') AS m
$$;

CREATE OR REPLACE FUNCTION {schema}.operators_in(body text)
RETURNS SETOF name LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT DISTINCT m[1]::name FROM regexp_matches(body, '[-+*/<>=~!@#%^&|`?]+', 'g') AS m
$$;

-- The settings that a text asks for, and those by which PostgreSQL's own functions go that it names; others are set by the refresh itself.
CREATE OR REPLACE FUNCTION {schema}.settings_in(body text)
RETURNS SETOF text LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT lower(m[1]) FROM regexp_matches(body, 'current_setting\s*\(\s*''([^'']+)''', 'gi') AS m
  UNION SELECT known.setting FROM (VALUES
    ('default_text_search_config', 'to_tsvector|to_tsquery|ts_headline|@@|get_current_ts_config'), ('lc_monetary', 'money'), ('lc_time', 'to_char'), ('lc_numeric', 'to_char|to_number'),
    ('xmloption', 'xml'), ('xmlbinary', 'xml')
  ) AS known (setting, pattern) WHERE body ~* known.pattern
$$;

-- Each of these as it is now, by name, with a digest. Each refresh asks for it, most often in a session of its own: so nothing is
-- planned but what there is to ask for.
CREATE OR REPLACE FUNCTION {schema}.code_now(asked jsonb)
RETURNS jsonb LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET quote_all_identifiers = off AS $$
DECLARE
  version constant text := (SELECT pg_database_collation_actual_version(d.oid) FROM pg_database AS d WHERE d.datname = current_database());
  found jsonb := CASE WHEN version IS NULL THEN '{}' ELSE jsonb_build_object('the default collation', version) END;
  routines oid[] := {schema}.as_array(asked -> 'pg_proc')::oid[];
  called constant name[] := {schema}.as_array(asked -> 'names')::name[];
  used constant oid[] := {schema}.as_array(asked -> 'pg_type')::oid[];
  operators constant name[] := {schema}.as_array(asked -> 'operators')::name[];
  schemas constant oid[] := CASE WHEN called <> '{}' OR operators <> '{}' THEN ARRAY(
    SELECT n.oid FROM pg_namespace AS n WHERE n.nspname = ANY ({schema}.as_array(asked -> 'schemas')::name[])) END;
BEGIN
  IF called <> '{}' THEN
    routines := routines || ARRAY(SELECT p.oid FROM pg_proc AS p WHERE p.proname = ANY (called) AND p.pronamespace = ANY (schemas));
  END IF;
  IF routines <> '{}' THEN
    found := found || coalesce((
      SELECT jsonb_object_agg(CASE p.prokind WHEN 'a' THEN 'the aggregate ' ELSE 'the function ' END || p.oid::regprocedure, md5(
        concat_ws(' ', CASE WHEN octet_length(p.prosrc) <= 1000000 THEN p.prosrc ELSE p.xmin::text END, p.probin, pg_get_function_sqlbody(p.oid), p.proconfig, p.provolatile, p.proisstrict, p.prorettype::regtype, l.lanname,
          a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggfinalextra, a.aggkind, a.aggsortop, a.agginitval, a.aggtranstype::regtype)))
      FROM pg_proc AS p JOIN pg_language AS l ON l.oid = p.prolang LEFT JOIN pg_aggregate AS a ON a.aggfnoid = p.oid WHERE p.oid = ANY (routines)), '{}');
  END IF;
  IF operators <> '{}' THEN
    found := found || coalesce((
      SELECT jsonb_object_agg('an operator ' || o.name, md5(o.content)) FROM (
        SELECT o.oprname, string_agg(concat_ws(' ', o.oprleft::regtype, o.oprright::regtype, o.oprcode), ', '
          ORDER BY o.oprleft::regtype::text, o.oprright::regtype::text, o.oprcode::text)
        FROM pg_operator AS o WHERE o.oprname = ANY (operators) AND o.oprnamespace = ANY (schemas) GROUP BY o.oprname) AS o (name, content)), '{}');
  END IF;
  IF used <> '{}' THEN
    found := found || coalesce((
      SELECT jsonb_object_agg('the type ' || t.oid::regtype, md5(concat_ws(' ', t.typtype, t.typbasetype::regtype, t.typtypmod, t.typdefault, t.typnotnull,
        (SELECT string_agg(pg_get_constraintdef(k.oid), ' ' ORDER BY k.conname) FROM pg_constraint AS k WHERE k.contypid = t.oid),
        (SELECT string_agg(e.enumlabel, ' ' ORDER BY e.enumsortorder) FROM pg_enum AS e WHERE e.enumtypid = t.oid),
        (SELECT string_agg(concat(a.attname, ' ', a.atttypid::regtype), ' ' ORDER BY a.attnum) FROM pg_attribute AS a
         WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped))))
      FROM pg_type AS t WHERE t.oid = ANY (used)), '{}');
  END IF;
  IF used <> '{}' OR called <> '{}' THEN
    found := found || coalesce((
      SELECT jsonb_build_object('a cast', md5(string_agg(concat_ws(' ', c.castsource::regtype, c.casttarget::regtype, c.castfunc::regproc, c.castcontext,
        c.castmethod), ', ' ORDER BY c.castsource::regtype::text, c.casttarget::regtype::text)))
      FROM pg_cast AS c WHERE c.oid >= 16384 HAVING count(*) > 0), '{}');
  END IF;
  RETURN found || {schema}.less_often_now(asked);
END $$;

-- The rest of it.
CREATE OR REPLACE FUNCTION {schema}.less_often_now(asked jsonb)
RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
  found jsonb := '{}'::jsonb;
BEGIN
  IF asked ? 'pg_collation' THEN
    found := found || coalesce((SELECT jsonb_object_agg('the collation ' || c.oid::regcollation, md5(pg_collation_actual_version(c.oid)))
      FROM pg_collation AS c WHERE c.oid = ANY ({schema}.as_array(asked -> 'pg_collation')::oid[])), '{}');
  END IF;
  IF asked ? 'pg_ts_config' THEN
    found := found || coalesce((SELECT jsonb_object_agg('the text search configuration ' || c.oid::regconfig, md5(concat_ws(' ', c.cfgparser, (
        SELECT string_agg(concat_ws(' ', m.maptokentype, m.mapseqno, m.mapdict::regdictionary), ', ' ORDER BY m.maptokentype, m.mapseqno)
        FROM pg_ts_config_map AS m WHERE m.mapcfg = c.oid))))
      FROM pg_ts_config AS c WHERE c.oid = ANY ({schema}.as_array(asked -> 'pg_ts_config')::oid[])), '{}');
  END IF;
  IF asked ? 'pg_ts_dict' THEN
    found := found || coalesce((SELECT jsonb_object_agg('the text search dictionary ' || d.oid::regdictionary, md5(concat_ws(' ', d.dicttemplate, d.dictinitoption)))
      FROM pg_ts_dict AS d WHERE d.oid = ANY ({schema}.as_array(asked -> 'pg_ts_dict')::oid[])), '{}');
  END IF;
  IF asked ? 'pg_extension' THEN
    found := found || coalesce((SELECT jsonb_object_agg('the extension ' || e.extname, e.extversion)
      FROM pg_extension AS e WHERE e.oid = ANY ({schema}.as_array(asked -> 'pg_extension')::oid[])), '{}');
  END IF;
  IF asked ? 'views' THEN
    found := found || coalesce((SELECT jsonb_object_agg('the view ' || c.oid::regclass, md5(pg_get_viewdef(c.oid)))
      FROM pg_class AS c WHERE c.oid = ANY ({schema}.as_array(asked -> 'views')::oid[]) AND c.relkind = 'v'), '{}');
  END IF;
  IF asked ? 'generated' THEN
    found := found || coalesce((SELECT jsonb_object_agg(format('the generated column %s.%I', a.attrelid::regclass, a.attname), md5(pg_get_expr(d.adbin, d.adrelid)))
      FROM pg_attribute AS a JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
      WHERE a.attrelid = ANY ({schema}.as_array(asked -> 'generated')::oid[]) AND a.attgenerated <> ''), '{}');
  END IF;
  IF asked ? 'settings' THEN
    found := found || coalesce((SELECT jsonb_object_agg('the setting ' || s, current_setting(s, true))
      FROM unnest({schema}.as_array(asked -> 'settings')) AS s), '{}');
  END IF;
  RETURN found;
END $$;

CREATE OR REPLACE FUNCTION {schema}.as_array(listed jsonb)
RETURNS text[] LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN CASE WHEN listed IS NULL THEN '{}' ELSE ARRAY(SELECT pg_catalog.jsonb_array_elements_text(listed)) END;
END $$;

-- What of it is there now, to be kept with rows that are computed from now on; NULL where it is what is kept already. What has to be
-- looked at follows from what is there, so it is found out anew only where that is another.
CREATE OR REPLACE FUNCTION {schema}.code_seen(stored {schema}.stored_relation)
RETURNS jsonb LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  asked jsonb;
BEGIN
  IF stored.made_with ? 'unsteady' AND {schema}.code_now(stored.made_with -> 'asked') = stored.made_with -> 'found' THEN
    RETURN NULL;
  END IF;
  asked := {schema}.code_asked(stored);
  RETURN jsonb_build_object('asked', asked, 'found', {schema}.code_now(asked), 'unsteady', {schema}.unsteady(stored));
END $$;

-- A function that the query calls, also as an operator, a cast or a part of an aggregate, and that does not claim to follow from its arguments
-- alone: it may read other tables, or settings. PostgreSQL's own follow from those and from what a refresh sets. NULL where there is none. An
-- aggregate itself claims nothing.
CREATE OR REPLACE FUNCTION {schema}.unsteady(stored {schema}.stored_relation)
RETURNS text LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET work_mem = '64kB' AS $$
  WITH RECURSIVE used (class, object) AS (
    SELECT 'pg_rewrite'::regclass::oid, r.oid FROM pg_rewrite AS r WHERE r.ev_class = ANY ({schema}.queries_of(stored)::oid[])
    UNION SELECT d.refclassid, d.refobjid FROM used AS u JOIN pg_depend AS d ON d.classid = u.class AND d.objid = u.object
    WHERE d.refclassid IN ('pg_proc'::regclass, 'pg_operator'::regclass) AND NOT EXISTS (
      SELECT FROM pg_proc AS p WHERE u.class = 'pg_proc'::regclass AND p.oid = u.object AND p.prokind <> 'a')
  )
  SELECT 'the function ' || min(p.oid::regprocedure::text) FROM used AS u JOIN pg_proc AS p ON u.class = 'pg_proc'::regclass AND p.oid = u.object
  WHERE p.provolatile <> 'i' AND p.oid >= 16384
$$;

-- Adds what a new index calls to what was looked at when the rows were computed.
CREATE OR REPLACE FUNCTION {schema}.note_code(stored_name name)
RETURNS void LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  UPDATE {schema}.stored_relation AS s
  SET made_with = s.made_with || jsonb_build_object('asked', a.asked, 'found', {schema}.code_now(a.asked) || (s.made_with -> 'found'))
  FROM (SELECT {schema}.code_asked(t) FROM {schema}.stored_relation AS t WHERE t.stored_name = note_code.stored_name) AS a (asked)
  WHERE s.stored_name = note_code.stored_name AND s.made_with IS NOT NULL
$$;

-- What of it is not what the rows were computed with, in words; NULL where all is. Rows of which nothing is known may have been computed
-- with anything.
CREATE OR REPLACE FUNCTION {schema}.code_changed(made_with jsonb, seen jsonb)
RETURNS text LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (
    SELECT CASE
      WHEN seen IS NULL THEN NULL
      WHEN made_with IS NULL THEN CASE WHEN seen -> 'asked' <> '{}' THEN 'it is not known with which functions, types and settings it was computed' END
      ELSE (SELECT string_agg(k.name, ', ' ORDER BY k.name) || ' changed since it was computed as a whole'
            FROM (SELECT jsonb_object_keys(made_with -> 'found') UNION SELECT jsonb_object_keys(seen -> 'found')) AS k (name)
            WHERE made_with -> 'found' -> k.name IS DISTINCT FROM seen -> 'found' -> k.name)
      END
  );
END $$;

-- The same of a stored relation, for whoever looks on: settings are those of the session that refreshes, so they are left out.
CREATE OR REPLACE FUNCTION {schema}.outdated(stored {schema}.stored_relation)
RETURNS text LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  now constant jsonb := {schema}.code_now(((stored).made_with -> 'asked') - 'settings');
  then_ constant jsonb := (SELECT coalesce(jsonb_object_agg(f.key, f.value), '{}') FROM jsonb_each((stored).made_with -> 'found') AS f WHERE f.key NOT LIKE 'the setting %');
BEGIN
  RETURN CASE WHEN (stored).made_with IS NOT NULL AND now <> then_ THEN
    {schema}.code_changed(jsonb_build_object('found', then_), jsonb_build_object('found', now)) END;
END $$;

-- Makes the indexes with expressions anew: their entries for rows that did not change were computed with what is there no more. Readers
-- must not queue behind that, so where one is in the way, the refresh fails, and the next one tries again.
CREATE OR REPLACE FUNCTION {schema}.renew_expressions(stored_name name)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET lock_timeout = '60ms' AS $$
DECLARE
  index regclass;
BEGIN
  FOR index IN
    SELECT i.indexrelid FROM pg_index AS i WHERE i.indrelid = to_regclass(format('%I.%I', '{name}', stored_name)) AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL)
  LOOP
    EXECUTE format('REINDEX INDEX %s', index);
  END LOOP;
END $$;
