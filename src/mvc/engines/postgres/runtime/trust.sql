-- Whose code runs when a view is filled, refreshed or read. Authors' text is resolved along the project's search path, where
-- whoever may create something can put an operator or a function that fits better than PostgreSQL's own. So what was picked is
-- looked at after it was picked and before it runs. Trust goes by owners: who may act as the owner of the stored schema anyway (it,
-- its members, superusers) gains nothing by it; the project may name other roles. Nothing here needs a ledger: is_trusted says whom to trust.

-- All that some relations use, directly or not, of what is not PostgreSQL's own (which depends on nothing that is written down), and
-- whose it is; the relations themselves are not among it. What else is in the stored schema is proven by itself. A table runs code
-- of its owner when others read it: the server computes the constant parts of its expressions while it plans. A range is compared
-- by its functions where statistics are made of it, and what a foreign server sends becomes a value here, by the checks of a domain.
CREATE OR REPLACE FUNCTION {schema}.code_of(relations regclass[])
RETURNS TABLE (class oid, object oid, owner oid, kind "char") LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET jit = off SET plan_cache_mode = force_generic_plan SET work_mem = '64kB' AS $$
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

-- Refuses relations that read or use something of a role that nobody trusts, unless it is `allowed`: named by the catalog, and agreed to
-- when the plan was made. Values of others' types are only data: no owner can have an enum or a row run. Returns the functions, operators
-- and domains that they use.
CREATE OR REPLACE FUNCTION {schema}.expect_trusted(relations regclass[], named text, roles name[], allowed text[])
RETURNS oid[] LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  found record;
  code oid[];
  queries oid[] := ARRAY(SELECT c.oid FROM pg_class AS c WHERE c.oid = ANY (ARRAY(SELECT unnest({schema}.read_by(relations)))) AND c.relkind = 'v') || relations::oid[];
BEGIN
  PERFORM {schema}.expect_trusted_owners(named, {schema}.read_at_once(relations), roles, allowed);
  WITH used AS MATERIALIZED (
    SELECT c.class, c.object, c.owner FROM {schema}.code_of(relations) AS c
    WHERE c.owner IS NOT NULL AND (c.class <> 'pg_class'::regclass OR c.kind = 'v') AND (c.class <> 'pg_type'::regclass OR c.kind = 'd')
  ), strange AS MATERIALIZED (
    SELECT d.owner FROM (SELECT DISTINCT u.owner FROM used AS u) AS d WHERE NOT {schema}.is_trusted(d.owner, roles)
  ), refused AS (
    SELECT o.type, o.identity, o.schema, pg_get_userbyid(u.owner) AS owner
    FROM strange AS s JOIN used AS u ON u.owner = s.owner CROSS JOIN pg_identify_object(u.class, u.object, 0) AS o
    WHERE {schema}.is_named(u.class, u.object, allowed) IS NOT TRUE ORDER BY u.class = 'pg_operator'::regclass DESC, o.identity LIMIT 1
  )
  SELECT r.*, ARRAY(SELECT u.object FROM used AS u WHERE u.class IN ('pg_proc'::regclass, 'pg_operator'::regclass, 'pg_type'::regclass)) AS code
  INTO found FROM (SELECT) AS once LEFT JOIN refused AS r ON true;
  code := found.code;
  IF found.identity IS NOT NULL THEN
    RAISE EXCEPTION '% would run the % % of the role %', named, found.type, found.identity, quote_ident(found.owner)
      USING ERRCODE = 'wrong_object_type', HINT = format(
        'if it is not meant: REVOKE CREATE ON SCHEMA %I FROM PUBLIC; DROP %s %s. If it is, name its owner in mvc.yml: trusted_roles: [%I]; or describe it in the'
        ' catalog and mvc apply --allow foreign-code', found.schema, upper(found.type), found.identity, found.owner);
  END IF;
  PERFORM {schema}.expect_trusted_texts(named, queries, roles, allowed);
  SELECT late.called, format_type(late.type, NULL) AS type, pg_get_userbyid(t.typowner) AS owner INTO found
  FROM pg_rewrite AS r CROSS JOIN {schema}.late_lookups(r.ev_action::text, roles) AS late JOIN pg_type AS t ON t.oid = late.type
  WHERE r.ev_class = ANY (queries) AND r.rulename = '_RETURN' LIMIT 1;
  IF found.type IS NOT NULL THEN
    RAISE EXCEPTION '% looks for a cast of the type % each time that it runs %, and the role % can make one', named, found.type, found.called,
      quote_ident(found.owner) USING ERRCODE = 'wrong_object_type', HINT = format(
        'cast the value itself: (…)::text, and put a row together of its columns: json_build_object(…); or name the owner of the type in mvc.yml: trusted_roles: [%I]', found.owner);
  END IF;
  RETURN code;
END $$;

-- Refuses queries that have a function of PostgreSQL's own run SQL out of a text, or read a table by its name in one, where the name of a relation of a role that
-- nobody trusts is in it: what such a text reads is in no pg_depend. What a function of the project's reads is the affair of its owner.
CREATE OR REPLACE FUNCTION {schema}.expect_trusted_texts(named text, queries oid[], roles name[], allowed text[])
RETURNS void LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET jit = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  runs_text constant text := (
    SELECT format('{FUNCEXPR :funcid (%s) ', string_agg(p.oid::text, '|')) FROM pg_proc AS p
    WHERE p.proname = ANY (ARRAY['query_to_xml', 'query_to_xmlschema', 'query_to_xml_and_xmlschema', 'cursor_to_xml', 'cursor_to_xmlschema', 'table_to_xml',
      'table_to_xmlschema', 'table_to_xml_and_xmlschema', 'ts_stat', 'ts_rewrite']::name[])
      AND p.pronamespace = 'pg_catalog'::regnamespace AND (p.proname <> 'ts_rewrite' OR p.pronargs = 2));
  found record;
BEGIN
  SELECT call.m[1]::oid AS called, c.oid AS relation, c.relowner AS owner INTO found
  FROM pg_rewrite AS r CROSS JOIN LATERAL regexp_match(r.ev_action::text, runs_text) AS call (m) CROSS JOIN LATERAL (
    SELECT c.* FROM pg_class AS c WHERE call.m IS NOT NULL AND c.oid >= 16384 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
      AND strpos(lower(pg_get_viewdef(r.ev_class)), lower(c.relname)) > 0 AND c.relnamespace <> to_regnamespace('{schema}')) AS c
  WHERE r.ev_class = ANY (queries) AND r.rulename = '_RETURN' AND NOT {schema}.is_trusted(c.relowner, roles)
    AND {schema}.is_named('pg_class'::regclass, c.oid, allowed) IS NOT TRUE LIMIT 1;
  IF found.called IS NOT NULL THEN
    RAISE EXCEPTION '% has a text run by %, in which stands the name of % of the role %, who can have code run as whoever reads it', named, found.called::regprocedure,
      found.relation::regclass, quote_ident(pg_get_userbyid(found.owner)) USING ERRCODE = 'wrong_object_type', HINT = format(
        'if that role is trusted, name it in mvc.yml: trusted_roles: [%s]; else call it in a function of a role that is', array_to_string(roles || pg_get_userbyid(found.owner), ', '));
  END IF;
END $$;

CREATE OR REPLACE FUNCTION {schema}.is_named(class oid, object oid, names text[])
RETURNS boolean LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (
    SELECT CASE class
      WHEN 'pg_proc'::regclass THEN (SELECT format('%I.%I(%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)) FROM pg_proc AS p
                                     JOIN pg_namespace AS n ON n.oid = p.pronamespace WHERE p.oid = object)
      WHEN 'pg_type'::regclass THEN (SELECT format('%I.%I', n.nspname, t.typname) FROM pg_type AS t JOIN pg_namespace AS n ON n.oid = t.typnamespace WHERE t.oid = object)
      WHEN 'pg_class'::regclass THEN (SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = object)
      END = ANY (names)
  );
END $$;

-- The calls of a stored query whose body looks for a cast of its argument whenever it runs: what makes JSON, and PostgreSQL's own
-- functions in SQL that take any type (`'x' || status`, quote_literal). The owner of a type can make such a cast at any time. Nothing
-- of this is in pg_depend, so the tree is read as text: a node of it ends with its brace, and what stands directly in the arguments
-- says what they are, but for a subquery's. What is of type record may hold any type that the query has.
CREATE OR REPLACE FUNCTION {schema}.late_lookups(tree text, roles name[])
RETURNS TABLE (called text, type oid) LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET jit = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  foreign_types oid[] := ARRAY(
    SELECT t.type FROM unnest(ARRAY(SELECT m.type FROM {schema}.made_types_in(tree) AS m (type))) AS t (type)
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
RETURNS SETOF oid LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY
  SELECT DISTINCT listed.type::oid FROM regexp_matches(tree, ':\w*type(?:id|s)? (?:\(o )?([\d ]+)', 'g') AS found (m)
  CROSS JOIN regexp_split_to_table(trim(m[1]), ' +') AS listed (type);
END $$;

-- Those of them that are not PostgreSQL's own: their numbers have five digits at least, so most of the tree is passed over.
CREATE OR REPLACE FUNCTION {schema}.made_types_in(tree text)
RETURNS SETOF oid LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY
  SELECT DISTINCT listed.type::oid FROM regexp_matches(tree, ':\w*type(?:id|s)? (?:\(o )?([\d ]*\d{5}[\d ]*)', 'g') AS found (m)
  CROSS JOIN regexp_split_to_table(trim(m[1]), ' +') AS listed (type) WHERE listed.type::oid >= 16384;
END $$;

CREATE OR REPLACE FUNCTION {schema}.looks_up_casts(routine pg_proc)
RETURNS boolean LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT routine.pronamespace = 'pg_catalog'::regnamespace AND (routine.proname ~ '^(to_jsonb?|(array|row)_to_json|jsonb?_(agg|object_agg|build_).*)$'
    OR EXISTS (SELECT FROM pg_language AS l WHERE l.oid = routine.prolang AND l.lanname = 'sql')
       AND EXISTS (SELECT FROM unnest(routine.proargtypes::oid[]) AS a (type) JOIN pg_type AS t ON t.oid = a.type WHERE t.typtype = 'p'))
$$;

-- Whether a type, or one that its values are made of, belongs to a role that nobody trusts.
CREATE OR REPLACE FUNCTION {schema}.holds_foreign(type oid, roles name[])
RETURNS boolean LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET jit = off SET plan_cache_mode = force_generic_plan SET work_mem = '64kB' AS $$
BEGIN
  RETURN EXISTS (
    WITH RECURSIVE part (type) AS (
      SELECT holds_foreign.type UNION SELECT next.type FROM part AS p CROSS JOIN LATERAL {schema}.parts_of_type(p.type) AS next (type)
    )
    SELECT FROM part AS p JOIN pg_type AS t ON t.oid = p.type WHERE NOT {schema}.is_trusted(t.typowner, roles));
END $$;

-- Whoever owns a table can have code run as whoever reads it: the server computes the constant parts of its indexes, statistics and
-- constraints while it plans, and no look at a table is of the same moment as the reading of it. So can the owners of its partitions, of
-- tables that inherit from it, of what it is a partition of (an index of that is made on each partition, whoever owns it), and of the server
-- and the wrapper of a foreign table; a user mapping is made by the server's owner, or by the role that it is for. `named` is the one of `relations` through which something is read. Views in the stored schema are proven by themselves.
CREATE OR REPLACE FUNCTION {schema}.owners_of(relations oid[])
RETURNS TABLE (named oid, relation oid, owner oid) LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET jit = off SET plan_cache_mode = force_generic_plan SET work_mem = '64kB' AS $$
BEGIN
  RETURN QUERY
  WITH RECURSIVE family (named, relation, above) AS (
    SELECT r, r, false FROM unnest(relations) AS r
    UNION SELECT f.named, kin.oid, kin.above FROM family AS f CROSS JOIN LATERAL (
      SELECT i.inhrelid, false FROM pg_inherits AS i WHERE i.inhparent = f.relation AND NOT f.above
      UNION ALL SELECT i.inhparent, true FROM pg_inherits AS i JOIN pg_class AS p ON p.oid = i.inhrelid AND p.relispartition WHERE i.inhrelid = f.relation
      UNION ALL SELECT d.refobjid, false FROM pg_class AS v JOIN pg_rewrite AS w ON w.ev_class = v.oid
      JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass
      WHERE v.oid = f.relation AND v.relkind = 'v' AND v.relnamespace IS DISTINCT FROM to_regnamespace('{schema}')) AS kin (oid, above)
  )
  SELECT DISTINCT f.named, f.relation, o.owner FROM family AS f JOIN pg_class AS c ON c.oid = f.relation AND c.relkind IN ('r', 'p', 'f', 'm')
  LEFT JOIN pg_foreign_table AS t ON t.ftrelid = c.oid LEFT JOIN pg_foreign_server AS s ON s.oid = t.ftserver
  LEFT JOIN pg_foreign_data_wrapper AS w ON w.oid = s.srvfdw
  CROSS JOIN unnest(ARRAY[c.relowner, s.srvowner, w.fdwowner]) AS o (owner) WHERE o.owner IS NOT NULL;
END $$;

-- Those of them that nobody trusts.
CREATE OR REPLACE FUNCTION {schema}.strange_owners(relations oid[], roles name[])
RETURNS TABLE (named oid, relation oid, owner oid) LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET jit = off SET plan_cache_mode = force_generic_plan AS $$
BEGIN
  RETURN QUERY
  WITH found AS MATERIALIZED (SELECT o.* FROM {schema}.owners_of(relations) AS o),
  strange AS MATERIALIZED (SELECT d.owner FROM (SELECT DISTINCT f.owner FROM found AS f) AS d WHERE NOT {schema}.is_trusted(d.owner, roles))
  SELECT DISTINCT f.named, f.relation, f.owner FROM found AS f JOIN strange AS s ON s.owner = f.owner;
END $$;

-- Refuses to read a relation of a role that nobody trusts, unless it is `allowed`, or its owner `accepted`.
CREATE OR REPLACE FUNCTION {schema}.expect_trusted_owners(named text, relations oid[], roles name[], allowed text[] DEFAULT '{}', accepted oid[] DEFAULT '{}')
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  found record;
BEGIN
  WITH strange AS MATERIALIZED (
    SELECT s.* FROM {schema}.strange_owners(relations, roles) AS s
    WHERE s.owner <> ALL (accepted) AND {schema}.is_named('pg_class'::regclass, s.named, allowed) IS NOT TRUE
      AND {schema}.is_named('pg_class'::regclass, s.relation, allowed) IS NOT TRUE
  )
  SELECT o.type, o.identity, pg_get_userbyid(s.owner) AS owner, s.owner <> c.relowner AS through_server, (
    SELECT string_agg(quote_ident(r.role), ', ' ORDER BY r.place, r.role)
    FROM (SELECT 0, t FROM unnest(roles) AS t UNION SELECT 1, pg_get_userbyid(a.owner) FROM strange AS a) AS r (place, role)) AS owners
  INTO found FROM strange AS s JOIN pg_class AS c ON c.oid = s.relation CROSS JOIN pg_identify_object('pg_class'::regclass, s.relation, 0) AS o
  ORDER BY o.identity, s.owner <> c.relowner LIMIT 1;
  IF found.identity IS NOT NULL THEN
    RAISE EXCEPTION '% reads the % %, and the role %, who owns %, can have code run as whoever reads it', named, found.type, found.identity,
      quote_ident(found.owner), CASE WHEN found.through_server THEN 'the server that it comes from' ELSE 'it' END
      USING ERRCODE = 'wrong_object_type', HINT = format(
        'if that role is trusted, name it in mvc.yml: trusted_roles: [%s]; else let one that is trusted own it, or agree to it: mvc apply --allow foreign-code', found.owners);
  END IF;
END $$;

-- What queries name themselves, but for each other.
CREATE OR REPLACE FUNCTION {schema}.read_at_once(queries regclass[])
RETURNS oid[] LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET jit = off SET plan_cache_mode = force_generic_plan AS $$
BEGIN
  RETURN (
    SELECT ARRAY(SELECT DISTINCT d.refobjid FROM pg_rewrite AS w
      JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass
      WHERE w.ev_class = ANY (queries::oid[]) AND d.refobjid <> ALL (queries::oid[]))
  );
END $$;

-- What queries read by name, through whatever views.
CREATE OR REPLACE FUNCTION {schema}.read_by(queries regclass[])
RETURNS oid[] LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET jit = off SET plan_cache_mode = force_generic_plan SET work_mem = '64kB' AS $$
BEGIN
  RETURN (
    WITH RECURSIVE read (relation) AS (
      SELECT q::oid FROM unnest(queries) AS q
      UNION SELECT d.refobjid FROM read AS r JOIN pg_rewrite AS w ON w.ev_class = r.relation
      JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass
      JOIN pg_class AS c ON c.oid = r.relation WHERE c.relkind = 'v' OR c.oid = ANY (queries::oid[])
    )
    SELECT coalesce(array_agg(r.relation ORDER BY r.relation), '{}') FROM read AS r WHERE r.relation <> ALL (queries::oid[])
  );
END $$;

-- Looks at what the text of a view is about to mean, before the server parses that: a constant becomes a value while it is parsed, by the
-- checks of a domain, and `'{5}'` is of the type that a column has here, whatever the catalog says. `sources` are relations and domains
-- that the text may name, `types` the words of it that may be types. They are looked up along the caller's path, as the text will be,
-- so nothing else may be here; once they are locked, since somebody who holds a lock on one could else put another before it.
CREATE OR REPLACE FUNCTION {schema}.prove_sources(named text, sources text[], types text[] DEFAULT '{}', roles name[] DEFAULT '{}', allowed text[] DEFAULT '{}')
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM {schema}.keep_sources({schema}.meant_by(sources));
  PERFORM {schema}.expect_trusted_sources(named, {schema}.meant_by(sources), {schema}.types_meant_by(sources OPERATOR(pg_catalog.||) types), roles, allowed);
  PERFORM pg_catalog.set_config('mvc.looked', pg_catalog.jsonb_build_object(
    'named', named, 'sources', sources, 'types', types, 'roles', roles, 'allowed', allowed)::pg_catalog.text, true), pg_catalog.set_config('mvc.called', '', true);
END $$;

-- The relations that names mean: with their schema, and without it along the caller's path.
CREATE OR REPLACE FUNCTION {schema}.meant_by(names text[])
RETURNS oid[] LANGUAGE plpgsql STABLE AS $$
DECLARE
  found pg_catalog.oid[] := {schema}.relations_called(names);
  parts pg_catalog.text[];
  named pg_catalog.text;
BEGIN
  FOREACH named IN ARRAY names LOOP
    parts := pg_catalog.parse_ident(named);
    found := pg_catalog.array_append(found, pg_catalog.to_regclass(pg_catalog.quote_ident(parts[pg_catalog.cardinality(parts)]))::pg_catalog.oid);
  END LOOP;
  RETURN pg_catalog.array_remove(found, NULL);
END $$;

CREATE OR REPLACE FUNCTION {schema}.relations_called(names text[])
RETURNS oid[] LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (
    SELECT ARRAY(SELECT c.oid FROM unnest(names) AS called (name) CROSS JOIN parse_ident(called.name) AS parts
      JOIN pg_namespace AS n ON n.nspname = parts[1] JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = parts[2])
  );
END $$;

-- The types that they mean; one in a schema that is closed to whoever deploys is none.
CREATE OR REPLACE FUNCTION {schema}.types_meant_by(names text[])
RETURNS oid[] LANGUAGE plpgsql STABLE AS $$
DECLARE
  found pg_catalog.oid[];
  named pg_catalog.text;
BEGIN
  FOREACH named IN ARRAY names LOOP
    BEGIN
      found := pg_catalog.array_append(found, pg_catalog.to_regtype(named)::pg_catalog.oid);
    EXCEPTION WHEN insufficient_privilege THEN
      NULL;
    END;
  END LOOP;
  RETURN pg_catalog.array_remove(found, NULL);
END $$;

-- Locks relations as reading them would: for a query of them that is prepared and never planned, which asks for no right. Whoever may
-- lock one of them could else hold up the parsing of the text after it was looked at.
CREATE OR REPLACE FUNCTION {schema}.keep_sources(relations oid[])
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = on AS $$
DECLARE
  source regclass;
BEGIN
  IF EXISTS (SELECT FROM pg_prepared_statements AS p WHERE p.name = 'mvc_source') THEN  -- a pooler hands on what another client left
    DEALLOCATE mvc_source;
  END IF;
  FOR source IN SELECT DISTINCT c.oid::regclass FROM pg_class AS c WHERE c.oid = ANY (relations) AND c.relkind IN ('r', 'p', 'v', 'm', 'f') LOOP
    BEGIN
      EXECUTE format('PREPARE mvc_source AS SELECT FROM ONLY %s', source);
      DEALLOCATE mvc_source;
    EXCEPTION WHEN insufficient_privilege OR undefined_table OR invalid_schema_name THEN
      NULL;
    END;
  END LOOP;
END $$;

-- Refuses relations of roles that nobody trusts, and types of theirs that run code when a constant of them is read.
CREATE OR REPLACE FUNCTION {schema}.expect_trusted_sources(named text, relations oid[], types oid[], roles name[], allowed text[])
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off SET plan_cache_mode = force_generic_plan SET work_mem = '64kB' AS $$
DECLARE
  found record;
BEGIN
  PERFORM {schema}.expect_trusted_owners(named, relations, roles, allowed);
  WITH RECURSIVE part (type) AS (
    SELECT t.type FROM unnest(types) AS t (type) WHERE t.type >= 16384
    UNION SELECT a.atttypid FROM pg_attribute AS a WHERE a.attrelid = ANY (relations) AND a.attnum > 0 AND NOT a.attisdropped AND a.atttypid >= 16384
    UNION SELECT next.type FROM part AS p CROSS JOIN LATERAL {schema}.parts_of_type(p.type) AS next (type)
  )
  SELECT o.identity, o.schema, pg_get_userbyid(t.typowner) AS owner INTO found
  FROM part AS p CROSS JOIN LATERAL (SELECT t.* FROM pg_type AS t WHERE t.oid = p.type AND t.typtype IN ('d', 'c', 'r', 'm') OFFSET 0) AS t  -- not all that there are
  CROSS JOIN pg_identify_object('pg_type'::regclass, t.oid, 0) AS o
  WHERE NOT {schema}.is_trusted(t.typowner, roles) AND {schema}.is_named('pg_type'::regclass, t.oid, allowed) IS NOT TRUE
    AND t.typrelid <> ALL (relations) ORDER BY o.identity LIMIT 1;
  IF found.identity IS NOT NULL THEN
    RAISE EXCEPTION '% would have constants become values of the type % of the role %, by code of that role', named, found.identity, quote_ident(found.owner)
      USING ERRCODE = 'wrong_object_type', HINT = format(
        'if that role is trusted, name it in mvc.yml: trusted_roles: [%s]; else have the columns of a type that nobody else owns', array_to_string(roles || found.owner, ', '));
  END IF;
END $$;

-- Looks at what the text of a view may call, before the server parses that text: a constant among the arguments becomes a value of the type
-- that the picked function or operator takes or returns, by the checks of the domains in it. `called` are the names of functions and schemas
-- in a text that has such constants; operators stand behind many words (IN, LIKE, CASE), so all of the path are looked at. They are
-- looked up along the caller's path, as the text will be. It comes after `prove_sources`, which says what was looked at, and takes the locks: nothing
-- locks the names in a schema, so somebody who may create there could do it between any look and the parsing, and nobody but those who are trusted may.
CREATE OR REPLACE FUNCTION {schema}.prove_calls(named text, called text[], roles name[] DEFAULT '{}', allowed text[] DEFAULT '{}')
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM {schema}.expect_trusted_calls(named, called, pg_catalog.current_schemas(false), roles, allowed);
  PERFORM {schema}.expect_whole_path(named, pg_catalog.current_setting('search_path'), roles);
  PERFORM {schema}.expect_kept_names(named, called, pg_catalog.current_schemas(false), {schema}.types_meant_by(ARRAY(
    SELECT pg_catalog.jsonb_array_elements_text(pg_catalog.current_setting('mvc.looked')::pg_catalog.jsonb OPERATOR(pg_catalog.->) 'types'))), roles, allowed);
  PERFORM pg_catalog.set_config('mvc.called', pg_catalog.to_jsonb(called)::pg_catalog.text, true);
END $$;

-- Refuses a path with a schema that is not there while somebody whom nobody trusts may create it.
CREATE OR REPLACE FUNCTION {schema}.expect_whole_path(named text, path text, roles name[])
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  found record;
BEGIN
  SELECT l.lacking, a.role = 0 AS is_anybody, pg_get_userbyid(a.role) AS role INTO found FROM (
    SELECT coalesce(replace(p.part[1], '""', '"'), p.part[2]) FROM regexp_matches(path, '"((?:[^"]|"")*)"|([^",\s]+)', 'g') AS p (part)) AS l (lacking)
  JOIN pg_database AS d ON d.datname = current_database()
  CROSS JOIN LATERAL (SELECT d.datdba UNION SELECT e.grantee FROM aclexplode(d.datacl) AS e WHERE e.privilege_type = 'CREATE') AS a (role)
  WHERE l.lacking NOT IN ('', '$user', 'pg_temp') AND to_regnamespace(quote_ident(l.lacking)) IS NULL AND (a.role = 0 OR NOT {schema}.is_trusted(a.role, roles))
  ORDER BY a.role <> 0, 1, 3 LIMIT 1;
  IF found.lacking IS NOT NULL THEN
    RAISE EXCEPTION '% has constants that are read as what a function or operator takes, and % may create the schema % of the search path, which is not there', named,
      CASE WHEN found.is_anybody THEN 'anybody' ELSE 'the role ' || quote_ident(found.role) END, quote_ident(found.lacking)
      USING ERRCODE = 'wrong_object_type', HINT = format('CREATE SCHEMA %I, or take it out of search_path in mvc.yml', found.lacking);
  END IF;
END $$;

-- Refuses functions and operators that take or return values of roles that nobody trusts, which run code when a constant of them is read.
CREATE OR REPLACE FUNCTION {schema}.expect_trusted_calls(named text, called text[], path name[], roles name[], allowed text[])
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off SET plan_cache_mode = force_generic_plan SET work_mem = '64kB' AS $$
DECLARE
  found record;
BEGIN
  WITH RECURSIVE place AS (
    SELECT n.oid FROM pg_namespace AS n WHERE (n.nspname = ANY (path) OR n.nspname = ANY (called)) AND n.nspname <> 'pg_catalog'
  ), part (class, object, type) AS (
    SELECT 'pg_proc'::regclass::oid, p.oid, t.type FROM pg_proc AS p CROSS JOIN unnest(p.proargtypes::oid[] || p.prorettype || p.proallargtypes) AS t (type)
    WHERE p.proname = ANY (called) AND p.pronamespace IN (SELECT l.oid FROM place AS l) AND t.type >= 16384
      AND {schema}.is_named('pg_proc'::regclass, p.oid, allowed) IS NOT TRUE
    UNION SELECT 'pg_operator'::regclass, o.oid, t.type FROM pg_operator AS o CROSS JOIN unnest(ARRAY[o.oprleft, o.oprright, o.oprresult]) AS t (type)
    WHERE o.oprnamespace IN (SELECT l.oid FROM place AS l) AND t.type >= 16384
    UNION SELECT p.class, p.object, next.type FROM part AS p CROSS JOIN LATERAL {schema}.parts_of_type(p.type) AS next (type)
  )
  SELECT o.type, o.identity, o.schema, format_type(t.oid, NULL) AS takes, pg_get_userbyid(t.typowner) AS owner INTO found
  FROM part AS p CROSS JOIN LATERAL (SELECT t.* FROM pg_type AS t WHERE t.oid = p.type AND t.typtype IN ('d', 'c', 'r', 'm') OFFSET 0) AS t
  CROSS JOIN pg_identify_object(p.class, p.object, 0) AS o
  WHERE NOT {schema}.is_trusted(t.typowner, roles) AND {schema}.is_named('pg_type'::regclass, t.oid, allowed) IS NOT TRUE ORDER BY o.identity LIMIT 1;
  IF found.identity IS NOT NULL THEN
    RAISE EXCEPTION '% would perhaps have constants become values of the type % of the role %, by code of that role: the % % is called as it says',
      named, found.takes, quote_ident(found.owner), found.type, found.identity USING ERRCODE = 'wrong_object_type', HINT = format(
        'if it is not meant: REVOKE CREATE ON SCHEMA %I FROM PUBLIC; DROP %s %s. If that role is trusted, name it in mvc.yml: trusted_roles: [%s]',
        found.schema, upper(found.type), found.identity, array_to_string(roles || found.owner, ', '));
  END IF;
END $$;

-- Refuses schemas in which somebody whom nobody trusts may create what such a text would mean, and types whose names such a one may give to others.
CREATE OR REPLACE FUNCTION {schema}.expect_kept_names(named text, called text[], path name[], types oid[], roles name[], allowed text[])
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  found record;
BEGIN
  SELECT format_type(t.oid, NULL) AS type, pg_get_userbyid(t.typowner) AS owner INTO found FROM pg_type AS t
  WHERE t.oid = ANY (types) AND t.oid >= 16384 AND NOT {schema}.is_trusted(t.typowner, roles) AND {schema}.is_named('pg_type'::regclass, t.oid, allowed) IS NOT TRUE LIMIT 1;
  IF found.type IS NOT NULL THEN
    RAISE EXCEPTION '% would have constants become values of the type % of the role %, who can give its name to another type', named, found.type, quote_ident(found.owner)
      USING ERRCODE = 'wrong_object_type', HINT = format(
        'if that role is trusted, name it in mvc.yml: trusted_roles: [%s]; else write an array as ARRAY[…], and a row as ROW(…)', array_to_string(roles || found.owner, ', '));
  END IF;
  SELECT n.nspname AS home, a.role = 0 AS is_anybody, pg_get_userbyid(a.role) AS role INTO found FROM pg_namespace AS n CROSS JOIN LATERAL (
    SELECT n.nspowner UNION ALL SELECT e.grantee FROM aclexplode(n.nspacl) AS e WHERE e.privilege_type = 'CREATE') AS may (create_there)
  CROSS JOIN LATERAL (SELECT CASE WHEN may.create_there <> 'pg_database_owner'::regrole THEN may.create_there
    ELSE (SELECT d.datdba FROM pg_database AS d WHERE d.datname = current_database()) END) AS a (role)
  WHERE (n.nspname = ANY (path) OR n.nspname = ANY (called)) AND n.nspname <> 'pg_catalog' AND (a.role = 0 OR NOT {schema}.is_trusted(a.role, roles))
  ORDER BY a.role <> 0, n.nspname, 3 LIMIT 1;
  IF found.home IS NOT NULL THEN
    RAISE EXCEPTION '% has constants that are read as what a function or operator takes, and % may create one in the schema %', named,
      CASE WHEN found.is_anybody THEN 'anybody' ELSE 'the role ' || quote_ident(found.role) END, quote_ident(found.home)
      USING ERRCODE = 'wrong_object_type', HINT = format('say what such constants are: ''{a,b}''::text[], or ARRAY[''a'', ''b'']; or REVOKE CREATE ON SCHEMA %I FROM %s', found.home,
        CASE WHEN found.is_anybody THEN 'PUBLIC' ELSE format('%I; or, if that role is trusted, name it in mvc.yml: trusted_roles: [%s]', found.role,
          array_to_string(roles || found.role, ', ')) END);
  END IF;
END $$;
