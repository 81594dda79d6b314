-- Whose code runs when a view is filled, refreshed or read. Authors' text is resolved along the project's search path, where
-- whoever may create something can put an operator or a function that fits better than PostgreSQL's own. So what was picked is
-- looked at after it was picked and before it runs. Trust goes by owners: who may act as the owner of the stored schema anyway (it,
-- its members, superusers) gains nothing by it; the project may name other roles.
CREATE OR REPLACE FUNCTION {schema}.is_trusted(owner oid, roles name[] DEFAULT '{}')
RETURNS boolean LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT pg_has_role(owner, n.nspowner, 'MEMBER') OR pg_get_userbyid(owner) = ANY (roles) FROM pg_namespace AS n WHERE n.nspname = '{name}'
$$;

-- All that some relations use, directly or not, of what is not PostgreSQL's own (which depends on nothing that is written down), and
-- whose it is; the relations themselves are not among it. What else is in the stored schema is proven by itself. A table runs code
-- of its owner when others read it: the server computes the constant parts of its expressions while it plans. A range is compared
-- by its functions where statistics are made of it, and what a foreign server sends becomes a value here, by the checks of a domain.
CREATE OR REPLACE FUNCTION {schema}.code_of(relations regclass[])
RETURNS TABLE (class oid, object oid, owner oid, kind "char") LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET jit = off SET plan_cache_mode = force_generic_plan AS $$
BEGIN
  RETURN QUERY
  WITH RECURSIVE used (class, object) AS (
    SELECT 'pg_class'::regclass::oid, r::oid FROM unnest(relations) AS r
    UNION SELECT next.class, next.object FROM used AS u CROSS JOIN LATERAL (
      SELECT d.refclassid, d.refobjid FROM (
        SELECT 'pg_rewrite'::regclass::oid, r.oid FROM pg_rewrite AS r JOIN pg_class AS c ON c.oid = r.ev_class
        WHERE u.class = 'pg_class'::regclass AND r.ev_class = u.object AND c.relkind IN ('v', 'm')
        UNION ALL SELECT 'pg_class'::regclass, i.indexrelid FROM pg_index AS i
        WHERE u.class = 'pg_class'::regclass AND i.indrelid = u.object AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL)
        UNION ALL SELECT 'pg_constraint'::regclass, k.oid FROM pg_constraint AS k
        WHERE u.class = 'pg_class'::regclass AND k.conrelid = u.object AND k.contype = 'c'
        UNION ALL SELECT 'pg_constraint'::regclass, k.oid FROM pg_constraint AS k WHERE u.class = 'pg_type'::regclass AND k.contypid = u.object
        UNION ALL SELECT 'pg_statistic_ext'::regclass, x.oid FROM pg_statistic_ext AS x WHERE u.class = 'pg_class'::regclass AND x.stxrelid = u.object
        UNION ALL SELECT 'pg_class'::regclass, p.partrelid FROM pg_partitioned_table AS p WHERE u.class = 'pg_class'::regclass AND p.partrelid = u.object
        UNION ALL SELECT u.class, u.object WHERE u.class = 'pg_operator'::regclass
          OR u.class = 'pg_proc'::regclass AND EXISTS (SELECT FROM pg_aggregate AS a WHERE a.aggfnoid = u.object)
      ) AS e (class, object) CROSS JOIN LATERAL (
        SELECT d.* FROM pg_depend AS d WHERE d.classid = e.class AND d.objid = e.object OFFSET 0) AS d  -- by the index, not read as a whole
      WHERE d.refclassid IN ('pg_proc'::regclass, 'pg_operator'::regclass, 'pg_collation'::regclass, 'pg_opclass'::regclass,
                             'pg_opfamily'::regclass, 'pg_ts_config'::regclass, 'pg_ts_dict'::regclass)
        OR e.class = 'pg_rewrite'::regclass AND d.refclassid IN ('pg_class'::regclass, 'pg_type'::regclass) AND d.deptype = 'n'
      UNION ALL SELECT 'pg_class'::regclass, i.inhrelid FROM pg_inherits AS i WHERE u.class = 'pg_class'::regclass AND i.inhparent = u.object
      UNION ALL SELECT 'pg_proc'::regclass, f.oid FROM pg_range AS r CROSS JOIN unnest(ARRAY[r.rngsubdiff::oid, r.rngcanonical::oid]) AS f (oid)
      WHERE u.class = 'pg_type'::regclass AND r.rngtypid = u.object AND f.oid <> 0
      UNION ALL SELECT 'pg_type'::regclass, part FROM {schema}.parts_of_type(u.object) AS part WHERE u.class = 'pg_type'::regclass
      UNION ALL SELECT 'pg_type'::regclass, CASE WHEN c.relkind = 'f' THEN t.oid ELSE coalesce(nullif(t.typbasetype, 0), t.oid) END
      FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
      CROSS JOIN LATERAL (SELECT t.* FROM pg_type AS t WHERE t.oid = a.atttypid OFFSET 0) AS t  -- not all types that there are
      WHERE u.class = 'pg_class'::regclass AND c.oid = u.object AND a.attnum > 0 AND NOT a.attisdropped AND a.atttypid >= 16384
        AND (c.relkind = 'f' OR t.typtype IN ('r', 'm', 'd'))
    ) AS next (class, object)
    WHERE u.class <> 'pg_class'::regclass OR u.object = ANY (relations::oid[])
       OR NOT EXISTS (SELECT FROM pg_class AS ours WHERE ours.oid = u.object AND ours.relnamespace = to_regnamespace('{schema}'))
  )
  SELECT u.class, u.object, CASE u.class  -- each is looked up by itself: a join would read all functions that there are
      WHEN 'pg_class'::regclass THEN (SELECT c.relowner FROM pg_class AS c WHERE c.oid = u.object)
      WHEN 'pg_proc'::regclass THEN (SELECT p.proowner FROM pg_proc AS p WHERE p.oid = u.object)
      WHEN 'pg_operator'::regclass THEN (SELECT o.oprowner FROM pg_operator AS o WHERE o.oid = u.object)
      WHEN 'pg_type'::regclass THEN (SELECT t.typowner FROM pg_type AS t WHERE t.oid = u.object)
      WHEN 'pg_collation'::regclass THEN (SELECT l.collowner FROM pg_collation AS l WHERE l.oid = u.object)
      WHEN 'pg_opclass'::regclass THEN (SELECT k.opcowner FROM pg_opclass AS k WHERE k.oid = u.object)
      WHEN 'pg_opfamily'::regclass THEN (SELECT f.opfowner FROM pg_opfamily AS f WHERE f.oid = u.object)
      WHEN 'pg_ts_config'::regclass THEN (SELECT g.cfgowner FROM pg_ts_config AS g WHERE g.oid = u.object)
      WHEN 'pg_ts_dict'::regclass THEN (SELECT y.dictowner FROM pg_ts_dict AS y WHERE y.oid = u.object)
    END, CASE u.class
      WHEN 'pg_class'::regclass THEN (SELECT c.relkind FROM pg_class AS c WHERE c.oid = u.object)
      WHEN 'pg_type'::regclass THEN (SELECT t.typtype FROM pg_type AS t WHERE t.oid = u.object)
    END
  FROM used AS u
  WHERE NOT (u.class = 'pg_class'::regclass AND u.object = ANY (relations::oid[]));
END $$;

-- The types that values of a type are made of, but for PostgreSQL's own.
CREATE OR REPLACE FUNCTION {schema}.parts_of_type(type oid)
RETURNS SETOF oid LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY
  SELECT part.oid FROM pg_type AS t CROSS JOIN LATERAL (
    SELECT t.typelem WHERE t.typcategory = 'A' UNION ALL SELECT t.typbasetype UNION ALL
    SELECT a.atttypid FROM pg_attribute AS a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL SELECT r.rngtypid FROM pg_range AS r WHERE r.rngmultitypid = t.oid
    UNION ALL SELECT r.rngsubtype FROM pg_range AS r WHERE r.rngtypid = t.oid) AS part (oid)
  WHERE t.oid = parts_of_type.type AND part.oid >= 16384;
END $$;

-- Refuses relations that use something of a role that nobody trusts, unless it is `allowed`: named by the catalog, and agreed to when
-- the plan was made. Rows of others' tables, and values of their types, are only data: no owner can have an enum or a row run.
CREATE OR REPLACE FUNCTION {schema}.expect_trusted(relations regclass[], named text, roles name[], allowed text[])
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  found record;
  queries oid[] := ARRAY(SELECT c.oid FROM pg_class AS c WHERE c.oid = ANY (ARRAY(SELECT unnest({schema}.read_by(relations)))) AND c.relkind = 'v') || relations::oid[];
BEGIN
  SELECT o.type, o.identity, o.schema, pg_get_userbyid(used.owner) AS owner INTO found
  FROM {schema}.code_of(relations) AS used CROSS JOIN pg_identify_object(used.class, used.object, 0) AS o
  WHERE used.owner IS NOT NULL AND NOT {schema}.is_trusted(used.owner, roles) AND {schema}.is_named(used.class, used.object, allowed) IS NOT TRUE
    AND (used.class <> 'pg_class'::regclass OR used.kind = 'v') AND (used.class <> 'pg_type'::regclass OR used.kind = 'd')
  ORDER BY used.class = 'pg_operator'::regclass DESC, o.identity LIMIT 1;
  IF found.identity IS NOT NULL THEN
    RAISE EXCEPTION '% would run the % % of the role %', named, found.type, found.identity, quote_ident(found.owner)
      USING ERRCODE = 'wrong_object_type', HINT = format(
        'if it is not meant: REVOKE CREATE ON SCHEMA %I FROM PUBLIC; DROP %s %s. If it is, name its owner in mvc.yml: trusted_roles: [%I]; or describe it in the'
        ' catalog and mvc apply --allow foreign-code', found.schema, upper(found.type), found.identity, found.owner);
  END IF;
  SELECT late.called, format_type(late.type, NULL) AS type, pg_get_userbyid(t.typowner) AS owner INTO found
  FROM pg_rewrite AS r CROSS JOIN {schema}.late_lookups(r.ev_action::text, roles) AS late JOIN pg_type AS t ON t.oid = late.type
  WHERE r.ev_class = ANY (queries) AND r.rulename = '_RETURN' LIMIT 1;
  IF found.type IS NOT NULL THEN
    RAISE EXCEPTION '% looks for a cast of the type % each time that it runs %, and the role % can make one', named, found.type, found.called,
      quote_ident(found.owner) USING ERRCODE = 'wrong_object_type', HINT = format(
        'cast the value itself: (…)::text, and put a row together of its columns: json_build_object(…); or name the owner of the type in mvc.yml: trusted_roles: [%I]', found.owner);
  END IF;
END $$;

CREATE OR REPLACE FUNCTION {schema}.is_named(class oid, object oid, names text[])
RETURNS boolean LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE class
    WHEN 'pg_proc'::regclass THEN (SELECT format('%I.%I(%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)) FROM pg_proc AS p
                                   JOIN pg_namespace AS n ON n.oid = p.pronamespace WHERE p.oid = object)
    WHEN 'pg_type'::regclass THEN (SELECT format('%I.%I', n.nspname, t.typname) FROM pg_type AS t JOIN pg_namespace AS n ON n.oid = t.typnamespace WHERE t.oid = object)
    WHEN 'pg_class'::regclass THEN (SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = object)
    END = ANY (names)
$$;

-- The calls of a stored query whose body looks for a cast of its argument whenever it runs: what makes JSON, and PostgreSQL's own
-- functions in SQL that take any type (`'x' || status`, quote_literal). The owner of a type can make such a cast at any time. Nothing
-- of this is in pg_depend, so the tree is read as text: a node of it ends with its brace, and what stands directly in the arguments
-- says what they are, but for a subquery's. What is of type record may hold any type that the query has.
CREATE OR REPLACE FUNCTION {schema}.late_lookups(tree text, roles name[])
RETURNS TABLE (called text, type oid) LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET jit = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  foreign_types oid[] := ARRAY(
    SELECT t.type FROM unnest(ARRAY(SELECT m.type FROM {schema}.types_in(tree) AS m (type) WHERE m.type >= 16384)) AS t (type)
    WHERE {schema}.holds_foreign(t.type, roles));
BEGIN
  IF foreign_types = '{}' THEN
    RETURN;
  END IF;
  RETURN QUERY
  WITH broken AS (
    SELECT m[1] AS piece, n, CASE right(m[1], 1) WHEN '{' THEN 1 ELSE -1 END AS step
    FROM regexp_matches(tree, '((?:[^{}\\]|\\.)*[{}])', 'g') WITH ORDINALITY AS found (m, n)
  ), pieces AS MATERIALIZED (
    SELECT p.piece, p.n, sum(p.step) OVER (ORDER BY p.n) - p.step AS inside, sum(p.step) OVER (ORDER BY p.n) AS after FROM broken AS p
  ), late AS (
    SELECT p.*, call.m[1] AS kind, coalesce(o.oprcode::oid, (call.m[2])::oid) AS routine FROM pieces AS p
    CROSS JOIN LATERAL regexp_match(p.piece, '^(FUNCEXPR :funcid|AGGREF :aggfnoid|WINDOWFUNC :winfnoid|OPEXPR :opno|JSONCONSTRUCTOREXPR :type) (\d+)') AS call (m)
    LEFT JOIN pg_operator AS o ON call.m[1] = 'OPEXPR :opno' AND o.oid = (call.m[2])::oid
    WHERE call.m[1] LIKE 'JSON%' OR EXISTS (
      SELECT FROM pg_proc AS r WHERE r.oid = coalesce(o.oprcode::oid, (call.m[2])::oid) AND {schema}.looks_up_casts(r))
  ), given AS (
    SELECT l.kind, l.routine, string_agg(p.piece, '' ORDER BY p.n) AS whole,
      CASE WHEN l.kind LIKE 'AGGREF%' THEN l.piece ELSE string_agg(p.piece, '' ORDER BY p.n) FILTER (WHERE p.inside = l.inside + 1) END AS values
    FROM late AS l JOIN pieces AS p ON p.n >= l.n AND p.n <= (SELECT min(e.n) FROM pieces AS e WHERE e.n >= l.n AND e.after < l.inside)
    GROUP BY l.n, l.kind, l.routine, l.piece
  )
  SELECT CASE WHEN g.kind LIKE 'JSON%' THEN 'a constructor of JSON' ELSE g.routine::regprocedure::text END, t.oid
  FROM given AS g CROSS JOIN unnest(foreign_types) AS t (oid)
  WHERE t.oid IN (SELECT {schema}.types_in(CASE WHEN g.kind LIKE 'JSON%' OR g.values LIKE '%SUBLINK%' THEN g.whole ELSE g.values END))
     OR 2249 IN (SELECT {schema}.types_in(g.values));
END $$;

CREATE OR REPLACE FUNCTION {schema}.types_in(tree text)
RETURNS SETOF oid LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT DISTINCT listed.type::oid FROM regexp_matches(tree, ':\w*type(?:id|s)? (?:\(o )?([\d ]+)', 'g') AS found (m)
  CROSS JOIN regexp_split_to_table(trim(m[1]), ' +') AS listed (type)
$$;

CREATE OR REPLACE FUNCTION {schema}.looks_up_casts(routine pg_proc)
RETURNS boolean LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT routine.pronamespace = 'pg_catalog'::regnamespace AND (routine.proname ~ '^(to_jsonb?|(array|row)_to_json|jsonb?_(agg|object_agg|build_).*)$'
    OR EXISTS (SELECT FROM pg_language AS l WHERE l.oid = routine.prolang AND l.lanname = 'sql')
       AND EXISTS (SELECT FROM unnest(routine.proargtypes::oid[]) AS a (type) JOIN pg_type AS t ON t.oid = a.type WHERE t.typtype = 'p'))
$$;

-- Whether a type, or one that its values are made of, belongs to a role that nobody trusts.
CREATE OR REPLACE FUNCTION {schema}.holds_foreign(type oid, roles name[])
RETURNS boolean LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET jit = off SET plan_cache_mode = force_generic_plan AS $$
BEGIN
  RETURN EXISTS (
    WITH RECURSIVE part (type) AS (
      SELECT holds_foreign.type UNION SELECT next.type FROM part AS p CROSS JOIN LATERAL {schema}.parts_of_type(p.type) AS next (type)
    )
    SELECT FROM part AS p JOIN pg_type AS t ON t.oid = p.type WHERE NOT {schema}.is_trusted(t.typowner, roles));
END $$;

-- The relations that hold the queries of a stored relation: itself, and what is beside it.
CREATE OR REPLACE FUNCTION {schema}.queries_of(stored {schema}.stored_relation)
RETURNS regclass[] LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT array_agg(c.oid::regclass ORDER BY c.oid) FROM pg_class AS c WHERE c.relnamespace = to_regnamespace('{schema}') AND c.relkind IN ('r', 'v', 'm')
    AND (c.relname = (stored).stored_name OR c.relname IN (SELECT b.value FROM jsonb_each_text((stored).companions) AS b))
$$;

-- What queries read by name, through whatever views.
CREATE OR REPLACE FUNCTION {schema}.read_by(queries regclass[])
RETURNS oid[] LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET jit = off SET plan_cache_mode = force_generic_plan AS $$
  WITH RECURSIVE read (relation) AS (
    SELECT q::oid FROM unnest(queries) AS q
    UNION SELECT d.refobjid FROM read AS r JOIN pg_rewrite AS w ON w.ev_class = r.relation
    JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass
    JOIN pg_class AS c ON c.oid = r.relation WHERE c.relkind = 'v' OR c.oid = ANY (queries::oid[])
  )
  SELECT coalesce(array_agg(r.relation ORDER BY r.relation), '{}') FROM read AS r WHERE r.relation <> ALL (queries::oid[])
$$;

-- The relations that queries read themselves, but for those of ours, by their OIDs with the names that they have now. What a view of
-- somebody else's reads, is up to that view.
CREATE OR REPLACE FUNCTION {schema}.names_read(queries regclass[])
RETURNS jsonb LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(jsonb_object_agg(c.oid::text, format('%I.%I', n.nspname, c.relname)), '{}') FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname <> '{name}' AND c.oid IN (
    SELECT d.refobjid FROM pg_rewrite AS w JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass
    WHERE w.ev_class = ANY (queries))
$$;

-- The same with the names that they had when that was proven first: a later proof is no word about which table is meant. In another
-- database, where the OIDs say nothing, a name that is read no more is the one of a table that is read by another.
CREATE OR REPLACE FUNCTION {schema}.names_meant(stored {schema}.stored_relation, queries regclass[])
RETURNS jsonb LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH now AS (
    SELECT n.key, n.value FROM jsonb_each_text({schema}.names_read(queries)) AS n
  ), was AS (
    SELECT w.key, w.value FROM jsonb_each_text((stored).proven -> 'names') AS w
  ), other AS (
    SELECT n.key, row_number() OVER (ORDER BY n.value) AS place FROM now AS n WHERE n.value NOT IN (SELECT w.value FROM was AS w)
  ), lost AS (
    SELECT w.value, row_number() OVER (ORDER BY w.value) AS place FROM was AS w WHERE w.value NOT IN (SELECT n.value FROM now AS n)
  )
  SELECT coalesce(jsonb_object_agg(n.key, coalesce(
    CASE WHEN (stored).proven ->> 'place' = {schema}.this_database() THEN (SELECT w.value FROM was AS w WHERE w.key = n.key)
         ELSE (SELECT l.value FROM other AS o JOIN lost AS l USING (place) WHERE o.key = n.key) END, n.value)), '{}') FROM now AS n
$$;

-- What a stored relation reads that has another name now. A query goes on with the table that it was made for: where that was swapped
-- for another one, `replaced`, it reads the former one. Functions say what is there now, also where the snapshot is of an earlier time.
CREATE OR REPLACE FUNCTION {schema}.renamed_sources(stored {schema}.stored_relation)
RETURNS TABLE (named text, now text, replaced boolean) LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  meant jsonb := stored.proven -> 'names';
BEGIN
  IF stored.proven ->> 'place' <> {schema}.this_database() THEN
    meant := {schema}.names_meant(stored, {schema}.queries_of(stored));
  END IF;
  RETURN QUERY
  SELECT n.value, n.key::oid::regclass::text, to_regclass(n.value) IS NOT NULL FROM jsonb_each_text(meant) AS n
  WHERE to_regclass(n.value)::oid IS DISTINCT FROM n.key::oid ORDER BY 3 DESC, 1;
END $$;

-- Which database this is. A restored one has other OIDs, so nothing that was proven elsewhere says anything here.
CREATE OR REPLACE FUNCTION {schema}.this_database()
RETURNS text LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT concat({schema}.this_server(), ' ', d.oid) FROM pg_database AS d WHERE d.datname = current_database()
$$;

-- Relations with their kinds, and routines, operators and types, each with its owner, as they are now.
CREATE OR REPLACE FUNCTION {schema}.owners_now(relations oid[], code oid[])
RETURNS text[] LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN ARRAY(
    SELECT concat_ws(' ', 'pg_class', c.oid, c.relowner, c.relkind) FROM pg_class AS c WHERE c.oid = ANY (relations)
    UNION ALL SELECT concat_ws(' ', 'pg_proc', p.oid, p.proowner) FROM pg_proc AS p WHERE p.oid = ANY (code)
    UNION ALL SELECT concat_ws(' ', 'pg_operator', o.oid, o.oprowner) FROM pg_operator AS o WHERE o.oid = ANY (code)
    UNION ALL SELECT concat_ws(' ', 'pg_type', t.oid, t.typowner) FROM pg_type AS t WHERE t.oid = ANY (code)
    ORDER BY 1);
END $$;

-- Proves a stored relation and all that is beside it, before any of it runs, and keeps what it reads and calls: each refresh looks
-- whether these are still what they are, and whose. `strange` are tables of roles that are not trusted; `bare` says that its text means
-- the same along PostgreSQL's own path, whoever adds what: it calls nothing else, and has no values of others' types.
CREATE OR REPLACE FUNCTION {schema}.prove_code(stored_name name, roles name[] DEFAULT '{}', allowed text[] DEFAULT '{}')
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  stored {schema}.stored_relation;
  queries regclass[];
  read oid[];
  code oid[];
BEGIN
  SELECT * INTO STRICT stored FROM {schema}.stored_relation AS s WHERE s.stored_name = prove_code.stored_name;
  queries := {schema}.queries_of(stored);
  PERFORM {schema}.expect_trusted(queries, format('%I.%I', stored.view_schema, stored.view_name), roles, allowed);
  read := {schema}.read_by(queries);
  code := ARRAY(SELECT c.object FROM {schema}.code_of(queries) AS c WHERE c.class IN ('pg_proc'::regclass, 'pg_operator'::regclass)
                OR c.class = 'pg_type'::regclass AND c.kind = 'd');
  UPDATE {schema}.stored_relation AS s SET proven = jsonb_build_object(
    'place', {schema}.this_database(), 'roles', roles, 'allowed', allowed, 'read', read, 'code', code,
    'names', {schema}.names_meant(stored, queries),
    'tables', ARRAY(SELECT c.oid FROM pg_class AS c WHERE c.oid = ANY (read) AND c.relkind IN ('r', 'p')), 'owners', {schema}.owners_now(read, code),
    'strange', ARRAY(SELECT c.oid FROM pg_class AS c WHERE c.oid = ANY (read) AND c.relkind <> 'v' AND NOT {schema}.is_trusted(c.relowner, roles)),
    'bare', code = '{}' AND NOT EXISTS (
      SELECT FROM pg_rewrite AS r CROSS JOIN {schema}.types_in(r.ev_action::text) AS t (type)
      WHERE r.ev_class = ANY (queries) AND t.type >= 16384 AND {schema}.holds_foreign(t.type, roles)))
  WHERE s.stored_name = stored.stored_name;
END $$;

-- Proves what readers use: the exposure of a view and its arms, whose conditions run with their rights.
CREATE OR REPLACE FUNCTION {schema}.prove_exposure(view_schema name, view_name name, arms name[], roles name[] DEFAULT '{}', allowed text[] DEFAULT '{}')
RETURNS void LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  SELECT {schema}.expect_trusted(format('%I.%I', view_schema, view_name)::regclass || ARRAY(
    SELECT format('%I.%I', '{name}', arm)::regclass FROM unnest(arms) AS arm), format('%I.%I', view_schema, view_name), roles, allowed)
$$;

-- Refuses to read what is not what was proven. Until PostgreSQL 15 an owner can make a view of an empty table: the lock keeps it
-- what it is, and what it is now, a function must say, since the snapshot may be of an earlier time. The owner of a table that is
-- not trusted may have given it an expression since. A table whose name means another one now is not read either; one that just has
-- another name is, and what is returned says so.
CREATE OR REPLACE FUNCTION {schema}.expect_sources(stored {schema}.stored_relation)
RETURNS text LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  known constant jsonb := CASE WHEN stored.proven ->> 'place' = {schema}.this_database() THEN stored.proven END;
  owners text[];
  renamed record;
BEGIN
  IF current_setting('server_version_num')::int < 160000 THEN
    PERFORM {schema}.keep_table(t) FROM unnest(CASE WHEN known IS NULL THEN {schema}.tables_of(stored) ELSE {schema}.oids(known -> 'tables') END) AS t;
  END IF;
  owners := CASE WHEN known IS NOT NULL THEN {schema}.owners_now({schema}.oids(known -> 'read'), {schema}.oids(known -> 'code')) END;
  IF to_jsonb(owners) <> known -> 'owners' THEN
    RAISE EXCEPTION '%.% reads or calls what has another kind or owner since it was deployed: %', quote_ident(stored.view_schema), quote_ident(stored.view_name), (
      SELECT string_agg(DISTINCT coalesce((pg_identify_object(part[1]::regclass, part[2]::oid, 0)).identity, part[1] || ' ' || part[2]), ', ')
      FROM jsonb_array_elements_text(known -> 'owners') AS was (line) CROSS JOIN string_to_array(was.line, ' ') AS part WHERE was.line <> ALL (owners))
      USING ERRCODE = 'wrong_object_type', HINT = 'if that is meant, mvc apply proves it anew';
  END IF;
  IF known -> 'strange' <> '[]' THEN
    PERFORM {schema}.expect_trusted({schema}.oids(known -> 'strange')::regclass[], format('%I.%I', stored.view_schema, stored.view_name),
      ARRAY(SELECT jsonb_array_elements_text(known -> 'roles'))::name[], ARRAY(SELECT jsonb_array_elements_text(known -> 'allowed')));
  END IF;
  SELECT * INTO renamed FROM {schema}.renamed_sources(stored) LIMIT 1;
  IF renamed.replaced THEN
    RAISE EXCEPTION '%.% was built from what is called % now, and % is another one: mvc apply builds it from that one',
      quote_ident(stored.view_schema), quote_ident(stored.view_name), renamed.now, renamed.named
      USING ERRCODE = 'wrong_object_type', HINT = 'or give the tables back their names';
  END IF;
  RETURN CASE WHEN renamed.named IS NOT NULL THEN format('%s is called %s now', renamed.named, renamed.now) END;
END $$;

-- Locks a table, so that it stays one, and refuses what is none any more though the snapshot says so.
CREATE OR REPLACE FUNCTION {schema}.keep_table(relation oid)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  EXECUTE format('LOCK TABLE ONLY %s IN ACCESS SHARE MODE', relation::regclass);
  IF (SELECT o.type FROM pg_identify_object('pg_class'::regclass, relation, 0) AS o) <> 'table' THEN
    RAISE EXCEPTION '% is no table any more', relation::regclass USING ERRCODE = 'wrong_object_type';
  END IF;
END $$;

-- The tables that are read. What an older version built for incremental refreshes reads nothing else.
CREATE OR REPLACE FUNCTION {schema}.tables_of(stored {schema}.stored_relation)
RETURNS oid[] LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT ARRAY(SELECT c.oid FROM pg_class AS c WHERE c.oid = ANY (ARRAY(SELECT unnest({schema}.read_by({schema}.queries_of(stored)))))
               AND (c.relkind IN ('r', 'p') OR c.relkind = 'v' AND (stored).watches <> '{}' AND (stored).proven IS NULL))
$$;

CREATE OR REPLACE FUNCTION {schema}.oids(listed jsonb)
RETURNS oid[] LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT ARRAY(SELECT value::oid FROM jsonb_array_elements_text(listed))
$$;

-- Whether text of an author may be resolved once more, along PostgreSQL's own path, and mean what it meant.
CREATE OR REPLACE FUNCTION {schema}.is_bare(stored {schema}.stored_relation)
RETURNS boolean LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT (stored).proven IS NULL OR ((stored).proven ->> 'bare')::boolean AND (stored).proven ->> 'place' = {schema}.this_database()
$$;

-- The roles beside the owner with trust in which a stored relation was proven; NULL where that is not known of what is there now.
CREATE OR REPLACE FUNCTION {schema}.proven_for(stored_name name)
RETURNS jsonb LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT s.proven -> 'roles' FROM {schema}.stored_relation AS s
  WHERE s.stored_name = proven_for.stored_name AND s.proven ->> 'place' = {schema}.this_database()
    AND to_jsonb({schema}.owners_now({schema}.oids(s.proven -> 'read'), {schema}.oids(s.proven -> 'code'))) = s.proven -> 'owners'
$$;

-- Whether the expressions of a view may be tried on the rows of its tables: a search resolves them anew, and its tables are locked
-- no more.
CREATE OR REPLACE FUNCTION {schema}.may_search(stored_name name)
RETURNS boolean LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT s.proven IS NULL OR {schema}.is_bare(s) AND s.proven -> 'strange' = '[]'
  FROM {schema}.stored_relation AS s WHERE s.stored_name = may_search.stored_name
$$;

-- Makes an index with expressions, whose constant parts the server computes at once. So each expression stands in a view of its own,
-- `index_expression_1` and so on, which is proven; the index is made of what the server says of them, where each argument has the type
-- that is wanted. Classes of operators and collations are looked up along the caller's path, so nothing else may be here.
CREATE OR REPLACE FUNCTION {schema}.create_index(stored_name name, statement text, count int, roles name[] DEFAULT '{}', allowed text[] DEFAULT '{}')
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  expressions text[] := {schema}.index_expressions(stored_name, count, roles, allowed);
BEGIN
  EXECUTE pg_catalog.format(statement, VARIADIC expressions);
  PERFORM {schema}.expect_trusted_index(stored_name, roles, allowed);
  PERFORM {schema}.note_code(stored_name);
END $$;

CREATE OR REPLACE FUNCTION {schema}.index_expressions(stored_name name, count int, roles name[], allowed text[])
RETURNS text[] LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  views regclass[] := ARRAY(SELECT format('%I.%I', '{name}', 'index_expression_' || n)::regclass FROM generate_series(1, count) AS n ORDER BY n);
  printed text[];
BEGIN
  PERFORM {schema}.expect_trusted(views, format('an index of %I', stored_name), roles, allowed);
  printed := ARRAY(
    SELECT regexp_replace(pg_get_viewdef(v), '^\s*SELECT (.*) AS value\s+FROM .*$', '\1') FROM unnest(views) WITH ORDINALITY AS u (v, n) ORDER BY n);
  FOR n IN 1 .. count LOOP
    EXECUTE format('DROP VIEW %s', views[n]);
  END LOOP;
  RETURN printed;
END $$;

CREATE OR REPLACE FUNCTION {schema}.expect_trusted_index(stored_name name, roles name[], allowed text[])
RETURNS void LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  SELECT {schema}.expect_trusted(ARRAY[format('%I.%I', '{name}', stored_name)::regclass], format('an index of %I', stored_name), roles, allowed)
$$;
