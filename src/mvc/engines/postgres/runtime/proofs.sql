-- What is proven of stored relations, and written down with them: whose code runs (trust.sql) when they are built, refreshed and read.
CREATE OR REPLACE FUNCTION {schema}.is_trusted(owner oid, roles name[] DEFAULT '{}')
RETURNS boolean LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (SELECT {schema}.can_act_as(owner, n.nspowner) OR pg_get_userbyid(owner) = ANY (roles) AND NOT {schema}.is_another_role(owner) FROM pg_namespace AS n WHERE n.nspname = '{name}');
END $$;

-- Whether a role is not the one of its name that was trusted first: that one was dropped, and whoever may create roles has made another.
CREATE OR REPLACE FUNCTION {schema}.is_another_role(role oid)
RETURNS boolean LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN EXISTS (SELECT FROM {schema}.trusted_role AS t WHERE t.name = pg_get_userbyid(role) AND t.number <> role AND t.server = {schema}.this_server());
END $$;

-- Writes down which roles are trusted by these names, if that is not known on this server.
CREATE OR REPLACE FUNCTION {schema}.remember_roles(roles name[])
RETURNS void LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO {schema}.trusted_role AS t (name, number, server)
  SELECT r.rolname, r.oid, {schema}.this_server() FROM pg_roles AS r WHERE r.rolname = ANY (remember_roles.roles)
  ON CONFLICT ON CONSTRAINT trusted_role_pkey DO UPDATE SET number = excluded.number, server = excluded.server WHERE t.server <> excluded.server
$$;

-- Refuses names in `trusted_roles` that are others' now.
CREATE OR REPLACE FUNCTION {schema}.expect_same_roles(roles name[])
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  another name := (SELECT min(r.rolname::text) FROM pg_roles AS r WHERE r.rolname = ANY (roles) AND {schema}.is_another_role(r.oid));
BEGIN
  IF another IS NOT NULL THEN
    RAISE EXCEPTION 'the role %, which mvc.yml trusts, is another one than was trusted here before by that name', quote_ident(another)
      USING ERRCODE = 'wrong_object_type', HINT = format('take it out of trusted_roles; or, if it is meant: SELECT %I.trust_anew(%L)', '{name}', another);
  END IF;
  PERFORM {schema}.remember_roles(roles);
END $$;

-- Has the role that has a name now trusted, where `trusted_roles` names it.
CREATE OR REPLACE FUNCTION {schema}.trust_anew(role name)
RETURNS void LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  DELETE FROM {schema}.trusted_role AS t WHERE t.name = trust_anew.role
$$;

SELECT {schema}.remember_roles(ARRAY(SELECT DISTINCT jsonb_array_elements_text(s.proven -> 'roles') FROM {schema}.stored_relation AS s)::name[]);

-- The relations that hold the queries of a stored relation: itself, and what is beside it.
CREATE OR REPLACE FUNCTION {schema}.queries_of(stored {schema}.stored_relation)
RETURNS regclass[] LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (
    SELECT array_agg(c.oid::regclass ORDER BY c.oid) FROM pg_class AS c WHERE c.relnamespace = to_regnamespace('{schema}') AND c.relkind IN ('r', 'v', 'm')
      AND (c.relname = (stored).stored_name OR c.relname IN (SELECT b.value FROM jsonb_each_text((stored).companions) AS b))
  );
END $$;

-- Which database this is. A restored one has other OIDs, so nothing that was proven elsewhere says anything here.
CREATE OR REPLACE FUNCTION {schema}.this_database()
RETURNS text LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (SELECT concat({schema}.this_server(), ' ', d.oid) FROM pg_database AS d WHERE d.datname = current_database());
END $$;

-- The relations that queries read themselves, but for those of ours, by their OIDs with the names that they have now. What a view of
-- somebody else's reads, is up to that view.
CREATE OR REPLACE FUNCTION {schema}.names_read(queries regclass[])
RETURNS jsonb LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (
    SELECT coalesce(jsonb_object_agg(c.oid::text, format('%I.%I', n.nspname, c.relname)), '{}') FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname <> '{name}' AND c.oid IN (
      SELECT d.refobjid FROM pg_rewrite AS w JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass
      WHERE w.ev_class = ANY (queries))
  );
END $$;

-- The same with the names that they had when that was proven first: a later proof is no word about which table is meant. In another
-- database, where the OIDs say nothing, a name that is read no more is the one of a table that is read by another.
CREATE OR REPLACE FUNCTION {schema}.names_meant(stored {schema}.stored_relation, queries regclass[])
RETURNS jsonb LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (
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
  );
END $$;

-- The columns and functions that queries name themselves, with the names that they have now: "relation column", and OIDs; and what else stands in
-- them by its number: types, collations, text search configurations, and all labels of an enum.
CREATE OR REPLACE FUNCTION {schema}.parts_read(queries regclass[])
RETURNS jsonb LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (
    WITH used AS (
      SELECT DISTINCT d.refclassid AS class, d.refobjid AS object, d.refobjsubid AS place FROM pg_rewrite AS w
      JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid IN (
        'pg_class'::regclass, 'pg_proc'::regclass, 'pg_type'::regclass, 'pg_collation'::regclass, 'pg_ts_config'::regclass)
      WHERE w.ev_class = ANY (queries) AND d.refobjid >= 16384
    )
    SELECT coalesce(jsonb_object_agg(p.key, p.name), '{}') FROM (
      SELECT concat(a.attrelid, ' ', a.attnum), a.attname::text FROM used AS u JOIN pg_class AS c ON c.oid = u.object AND c.relnamespace <> to_regnamespace('{schema}')
      JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = u.place WHERE u.class = 'pg_class'::regclass AND u.place > 0
      UNION ALL SELECT f.oid::text, format('%I.%I', n.nspname, f.proname) FROM used AS u
      JOIN pg_proc AS f ON f.oid = u.object AND f.pronamespace <> to_regnamespace('{schema}') JOIN pg_namespace AS n ON n.oid = f.pronamespace
      WHERE u.class = 'pg_proc'::regclass
      UNION ALL SELECT 'type:' || t.oid, t.oid::regtype::text FROM used AS u
      JOIN pg_type AS t ON t.oid = u.object AND t.typtype IN ('d', 'e', 'c', 'r') JOIN pg_namespace AS n ON n.oid = t.typnamespace AND n.oid <> to_regnamespace('{schema}')
      WHERE u.class = 'pg_type'::regclass
      UNION ALL SELECT 'labels:' || e.enumtypid, jsonb_object_agg(e.oid::text, e.enumlabel)::text FROM used AS u
      JOIN pg_enum AS e ON e.enumtypid = u.object WHERE u.class = 'pg_type'::regclass GROUP BY e.enumtypid
      UNION ALL SELECT 'collation:' || c.oid, c.oid::regcollation::text FROM used AS u
      JOIN pg_collation AS c ON c.oid = u.object JOIN pg_namespace AS n ON n.oid = c.collnamespace WHERE u.class = 'pg_collation'::regclass
      UNION ALL SELECT 'config:' || c.oid, format('%I.%I', n.nspname, c.cfgname) FROM used AS u
      JOIN pg_ts_config AS c ON c.oid = u.object JOIN pg_namespace AS n ON n.oid = c.cfgnamespace WHERE u.class = 'pg_ts_config'::regclass
    ) AS p (key, name)
  );
END $$;

-- The same with the names that they had when that was proven first.
CREATE OR REPLACE FUNCTION {schema}.parts_meant(stored {schema}.stored_relation, queries regclass[])
RETURNS jsonb LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (
    SELECT coalesce(jsonb_object_agg(n.key, coalesce(
      CASE WHEN (stored).proven ->> 'place' = {schema}.this_database() THEN (stored).proven -> 'parts' -> n.key END, n.value)), '{}')
    FROM jsonb_each({schema}.parts_read(queries)) AS n
  );
END $$;

-- Of these, what has another name now, and that name means another one: columns that changed names, functions that did. One by one,
-- since each is found by an index, and a query of all would take longer to plan.
CREATE OR REPLACE FUNCTION {schema}.swapped_parts(proven jsonb)
RETURNS TABLE (named text, now text) LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  part record;
BEGIN
  IF proven ->> 'place' IS DISTINCT FROM {schema}.this_database() THEN
    RETURN;
  END IF;
  FOR part IN SELECT p.key, p.value FROM jsonb_each_text(proven -> 'parts') AS p LOOP
    IF part.key LIKE 'labels:%' THEN
      RETURN QUERY SELECT s.named, s.now FROM {schema}.swapped_label(split_part(part.key, ':', 2)::oid, part.value::jsonb) AS s WHERE s.named IS NOT NULL;
    ELSIF part.key LIKE '%:%' THEN
      RETURN QUERY SELECT s.named, s.now FROM {schema}.swapped_name(split_part(part.key, ':', 1), split_part(part.key, ':', 2)::oid, part.value) AS s WHERE s.named IS NOT NULL;
    ELSIF part.key LIKE '% %' THEN
      RETURN QUERY SELECT s.named, s.now FROM {schema}.swapped_column(split_part(part.key, ' ', 1)::oid, split_part(part.key, ' ', 2)::int2, part.value) AS s WHERE s.named IS NOT NULL;
    ELSE
      RETURN QUERY SELECT s.named, s.now FROM {schema}.swapped_function(part.key::oid, part.value) AS s WHERE s.named IS NOT NULL;
    END IF;
  END LOOP;
END $$;

-- A label that another value of the enum has now, of those that had the names in `meant`, by their OIDs.
CREATE OR REPLACE FUNCTION {schema}.swapped_label(enum oid, meant jsonb, OUT named text, OUT now text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  SELECT format('%L::%s', m.value, enum::regtype), format('%L::%s', e.enumlabel, enum::regtype) INTO named, now
  FROM jsonb_each_text(meant) AS m JOIN pg_enum AS e ON e.oid = m.key::oid
  WHERE e.enumlabel <> m.value AND EXISTS (SELECT FROM pg_enum AS other WHERE other.enumtypid = enum AND other.enumlabel = m.value) ORDER BY e.enumsortorder LIMIT 1;
END $$;

-- The same of a type, a collation or a text search configuration, as `kind` says.
CREATE OR REPLACE FUNCTION {schema}.swapped_name(kind text, object oid, meant text, OUT named text, OUT now text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  called text := CASE kind WHEN 'type' THEN object::regtype::text WHEN 'collation' THEN object::regcollation::text ELSE object::regconfig::text END;
  parts text[];
  other oid;
BEGIN
  IF called = meant THEN
    RETURN;
  END IF;
  parts := parse_ident(meant);
  other := CASE kind WHEN 'type' THEN to_regtype(meant) WHEN 'collation' THEN to_regcollation(meant)
           ELSE (SELECT c.oid FROM pg_ts_config AS c WHERE c.cfgname = parts[2]::name AND c.cfgnamespace = to_regnamespace(quote_ident(parts[1]))) END;
  IF other <> object THEN
    named := meant;
    now := called;
  END IF;
END $$;

CREATE OR REPLACE FUNCTION {schema}.swapped_column(relation oid, place int2, meant name, OUT named text, OUT now text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  called name := (SELECT a.attname FROM pg_attribute AS a WHERE a.attrelid = relation AND a.attnum = place);
BEGIN
  IF called <> meant AND EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = relation AND a.attname = meant) THEN
    named := format('%s.%I', relation::regclass, meant);
    now := format('%s.%I', relation::regclass, called);
  END IF;
END $$;

CREATE OR REPLACE FUNCTION {schema}.swapped_function(routine oid, meant text, OUT named text, OUT now text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  called text := (SELECT format('%I.%I', n.nspname, p.proname) FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace WHERE p.oid = routine);
  parts text[] := parse_ident(meant);
BEGIN
  IF called <> meant AND EXISTS (
    SELECT FROM pg_proc AS other WHERE other.proname = parts[2]::name AND other.pronamespace = to_regnamespace(quote_ident(parts[1]))
      AND other.proargtypes = (SELECT p.proargtypes FROM pg_proc AS p WHERE p.oid = routine)
  ) THEN
    named := format('%s(%s)', meant, pg_get_function_identity_arguments(routine));
    now := routine::regprocedure::text;
  END IF;
END $$;

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
  WHERE to_regclass(n.value)::oid IS DISTINCT FROM n.key::oid
  UNION ALL SELECT p.named, p.now, true FROM {schema}.swapped_parts(stored.proven) AS p ORDER BY 3 DESC, 1;
END $$;

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

-- The constraints of what queries read, as far as they name the columns of it: what is unique, what refers to what, what is never NULL. By these the
-- groups of changed rows are told, and one row of a group.
CREATE OR REPLACE FUNCTION {schema}.constraints_read(queries regclass[])
RETURNS text[] LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET jit = off SET plan_cache_mode = force_generic_plan AS $$
BEGIN
  RETURN ARRAY(
    WITH used AS MATERIALIZED (
      SELECT d.refobjid AS relation, array_agg(DISTINCT d.refobjsubid::int2) AS columns FROM pg_rewrite AS w
      JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0
      JOIN pg_class AS c ON c.oid = d.refobjid AND c.relkind IN ('r', 'p') AND c.relnamespace <> to_regnamespace('{schema}')
      WHERE w.ev_class = ANY (queries::oid[]) GROUP BY d.refobjid
    )
    SELECT n.line FROM used AS u CROSS JOIN LATERAL {schema}.constraints_now(u.relation) AS n (line, named) WHERE n.named <@ u.columns ORDER BY 1);
END $$;

-- Those of one table, a line each, with the columns that it is about: `unique 16384 {1}`, `refers 16390 {2} 16384 {1}`, `filled 16384 {2}`. A table with children that
-- are no partitions has keys and references for its own rows only, and one that is not validated says nothing of the rows that were there.
CREATE OR REPLACE FUNCTION {schema}.constraints_now(relation oid)
RETURNS TABLE (line text, named int2[]) LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan AS $$
BEGIN
  RETURN QUERY
  SELECT format('unique %s %s', i.indrelid, k.columns), k.columns FROM pg_index AS i
  CROSS JOIN LATERAL (SELECT ARRAY(SELECT a FROM unnest((i.indkey::int2[])[0:i.indnkeyatts - 1]) AS a ORDER BY a)) AS k (columns)
  WHERE i.indrelid = constraints_now.relation AND i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL
    AND NOT {schema}.has_children(i.indrelid)
  UNION SELECT format('refers %s %s %s %s', k.conrelid, k.conkey, k.confrelid, k.confkey), k.conkey FROM pg_constraint AS k
  WHERE k.conrelid = constraints_now.relation AND k.contype = 'f' AND k.convalidated AND to_jsonb(k) ->> 'conenforced' IS DISTINCT FROM 'false'
    AND to_jsonb(k) ->> 'conperiod' IS DISTINCT FROM 'true'  -- which asks for rows that cover a time, and for none that is equal
    AND NOT {schema}.has_children(k.conrelid)
  UNION SELECT format('filled %s {%s}', a.attrelid, a.attnum), ARRAY[a.attnum] FROM pg_attribute AS a
  WHERE a.attrelid = constraints_now.relation AND a.attnum > 0 AND a.attnotnull AND NOT a.attisdropped
    AND NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conrelid = a.attrelid AND k.contype = 'n' AND k.conkey = ARRAY[a.attnum] AND NOT k.convalidated);
END $$;

-- Whether tables inherit from it that are no partitions of it.
CREATE OR REPLACE FUNCTION {schema}.has_children(relation oid)
RETURNS boolean LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN EXISTS (SELECT FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhparent WHERE i.inhparent = relation AND c.relkind = 'r');
END $$;

-- The first of those that a stored relation was proven with and that is not there any more, in words; NULL where all are.
CREATE OR REPLACE FUNCTION {schema}.constraint_gone(stored {schema}.stored_relation)
RETURNS text LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  noted text[];
  gone text;
  part text[];
  columns text;
BEGIN
  IF stored.proven ->> 'place' IS DISTINCT FROM {schema}.this_database() OR coalesce(stored.proven -> 'constraints', '[]') = '[]' THEN
    RETURN NULL;
  END IF;
  noted := ARRAY(SELECT jsonb_array_elements_text(stored.proven -> 'constraints'));
  gone := (
    SELECT n.line FROM unnest(noted) AS n (line) WHERE n.line NOT IN (
      SELECT k.line FROM (SELECT DISTINCT split_part(d.line, ' ', 2)::oid FROM unnest(noted) AS d (line)) AS r (oid) CROSS JOIN LATERAL {schema}.constraints_now(r.oid) AS k)
    ORDER BY n.line DESC LIMIT 1);
  IF gone IS NULL THEN
    RETURN NULL;
  END IF;
  part := string_to_array(gone, ' ');
  columns := (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute AS a WHERE a.attrelid = part[2]::oid AND a.attnum = ANY (part[3]::int2[]));
  RETURN format(CASE part[1] WHEN 'unique' THEN '%1$s is not unique by %2$s any more' WHEN 'refers' THEN '%2$s of %1$s does not refer to %3$s any more' ELSE '%2$s of %1$s may be NULL now' END,
    part[2]::oid::regclass, columns, CASE part[1] WHEN 'refers' THEN part[4]::oid::regclass END);
END $$;

-- Proves a stored relation and all that is beside it, before any of it runs, and keeps what it reads and calls: each refresh looks
-- whether these are still what they are, and whose. `accepted` are owners whom nobody trusts, and `strange` their tables, all agreed to; `bare`
-- says that its text means the same along PostgreSQL's own path, whoever adds what: it calls nothing else, and has no values of others' types.
CREATE OR REPLACE FUNCTION {schema}.prove_code(stored_name name, roles name[] DEFAULT '{}', allowed text[] DEFAULT '{}')
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  stored {schema}.stored_relation;
  queries regclass[];
  read oid[];
  code oid[];
BEGIN
  PERFORM {schema}.expect_same_roles(roles);
  SELECT * INTO STRICT stored FROM {schema}.stored_relation AS s WHERE s.stored_name = prove_code.stored_name;
  queries := {schema}.queries_of(stored);
  code := {schema}.expect_trusted(queries, format('%I.%I', stored.view_schema, stored.view_name), roles, allowed);
  read := {schema}.read_by(queries);
  UPDATE {schema}.stored_relation AS s SET proven = jsonb_build_object(
    'place', {schema}.this_database(), 'roles', roles, 'allowed', allowed, 'read', read, 'code', code,
    'names', {schema}.names_meant(stored, queries), 'parts', {schema}.parts_meant(stored, queries),
    'tables', ARRAY(SELECT c.oid FROM pg_class AS c WHERE c.oid = ANY (read) AND c.relkind IN ('r', 'p')), 'owners', {schema}.owners_now(read, code),
    'constraints', {schema}.constraints_read(queries), 'accepted', ARRAY(SELECT DISTINCT s.owner FROM {schema}.strange_owners(read, roles) AS s),
    'strange', ARRAY(SELECT DISTINCT s.named FROM {schema}.strange_owners(read, roles) AS s JOIN pg_class AS c ON c.oid = s.named AND c.relkind <> 'v'),
    'bare', code = '{}' AND NOT EXISTS (
      SELECT FROM pg_rewrite AS r CROSS JOIN {schema}.made_types_in(r.ev_action::text) AS t (type)
      WHERE r.ev_class = ANY (queries) AND {schema}.holds_foreign(t.type, roles)))
  WHERE s.stored_name = stored.stored_name;
END $$;

-- Proves what readers use: the exposure of a view and its arms, whose conditions run with their rights.
CREATE OR REPLACE FUNCTION {schema}.prove_exposure(view_schema name, view_name name, arms name[], roles name[] DEFAULT '{}', allowed text[] DEFAULT '{}')
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM {schema}.expect_same_roles(roles);
  PERFORM {schema}.expect_trusted(format('%I.%I', view_schema, view_name)::regclass || ARRAY(
    SELECT format('%I.%I', '{name}', arm)::regclass FROM unnest(arms) AS arm), format('%I.%I', view_schema, view_name), roles, allowed);
END $$;

-- Whether relations, or what they are partitions of, or what is below them, may belong to somebody whom nobody trusts; a quick look.
CREATE OR REPLACE FUNCTION {schema}.may_be_strange(relations oid[], roles name[])
RETURNS boolean LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET jit = off SET plan_cache_mode = force_generic_plan SET work_mem = '64kB' AS $$
DECLARE
  owner oid;
BEGIN
  FOR owner IN
    WITH RECURSIVE above (relation) AS (
      SELECT r FROM unnest(relations) AS r UNION SELECT p.inhparent FROM above AS a CROSS JOIN LATERAL (
        SELECT i.inhparent FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid AND c.relispartition WHERE i.inhrelid = a.relation OFFSET 0) AS p
    ), family (relation) AS (
      SELECT r FROM unnest(relations) AS r UNION SELECT b.inhrelid FROM family AS f CROSS JOIN LATERAL (
        SELECT i.inhrelid FROM pg_inherits AS i WHERE i.inhparent = f.relation OFFSET 0) AS b
    )
    SELECT DISTINCT CASE WHEN c.relkind <> 'f' THEN c.relowner END FROM (SELECT f.relation FROM family AS f UNION ALL SELECT a.relation FROM above AS a) AS k
    CROSS JOIN LATERAL (SELECT o.relowner, o.relkind FROM pg_class AS o WHERE o.oid = k.relation OFFSET 0) AS c WHERE c.relkind <> 'v'
  LOOP
    IF owner IS NULL OR NOT {schema}.is_trusted(owner, roles) THEN  -- a foreign table has owners besides its own
      RETURN true;
    END IF;
  END LOOP;
  RETURN false;
END $$;

-- Refuses to work in a session that has temporary relations or types of a role that nobody trusts. Whatever path a function of ours or of the project has
-- set, they come before all others unless it names pg_temp itself: what the function reads would be theirs, and what that calls would run with our rights.
CREATE OR REPLACE FUNCTION {schema}.expect_nothing_temporary(roles name[])
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  found record;
BEGIN
  IF pg_my_temp_schema() = 0 THEN
    RETURN;
  END IF;
  SELECT t.typname AS name, pg_get_userbyid(t.typowner) AS owner INTO found FROM pg_type AS t
  WHERE t.typnamespace = pg_my_temp_schema() AND NOT {schema}.is_trusted(t.typowner, roles) ORDER BY t.typcategory = 'A', t.oid LIMIT 1;
  IF found.name IS NULL THEN
    SELECT c.relname AS name, pg_get_userbyid(c.relowner) AS owner INTO found FROM pg_class AS c
    WHERE c.relnamespace = pg_my_temp_schema() AND c.relkind NOT IN ('i', 'I') AND NOT {schema}.is_trusted(c.relowner, roles) ORDER BY c.oid LIMIT 1;
  END IF;
  IF found.name IS NOT NULL THEN
    RAISE EXCEPTION 'the session has pg_temp.% of the role %, which functions would take for what they name', quote_ident(found.name), quote_ident(found.owner)
      USING ERRCODE = 'wrong_object_type', HINT = 'DISCARD TEMP; or use a session of its own';
  END IF;
END $$;

-- Refuses to read what is not what was proven. Until PostgreSQL 15 an owner can make a view of an empty table: the lock keeps it
-- what it is, and what it is now, a function must say, since the snapshot may be of an earlier time. Partitions come and go, so only
-- whose they are is looked at. The owner of a table who is not trusted, and was accepted, may have given it an expression since. A table
-- whose name means another one now is not read either; one that just has another name is, and what is returned says so.
CREATE OR REPLACE FUNCTION {schema}.expect_sources(stored {schema}.stored_relation)
RETURNS text LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  known constant jsonb := CASE WHEN stored.proven ->> 'place' = {schema}.this_database() THEN stored.proven END;
  roles constant name[] := ARRAY(SELECT jsonb_array_elements_text(known -> 'roles'))::name[];
  owners text[];
  renamed record;
BEGIN
  IF (known ->> 'bare')::boolean IS NOT TRUE THEN
    PERFORM {schema}.expect_nothing_temporary(roles);
  END IF;
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
  IF known ? 'accepted' AND {schema}.may_be_strange({schema}.oids(known -> 'read'), roles) THEN
    PERFORM {schema}.expect_trusted_owners(format('%I.%I', stored.view_schema, stored.view_name), {schema}.oids(known -> 'read'), roles, '{}',
      {schema}.oids(known -> 'accepted'));
  END IF;
  IF known -> 'strange' <> '[]' THEN
    PERFORM {schema}.expect_trusted({schema}.oids(known -> 'strange')::regclass[], format('%I.%I', stored.view_schema, stored.view_name), roles,
      ARRAY(SELECT jsonb_array_elements_text(known -> 'allowed')));
  END IF;
  SELECT * INTO renamed FROM {schema}.renamed_sources(stored) LIMIT 1;
  IF renamed.replaced THEN
    RAISE EXCEPTION '%.% was built from what is called % now, and % is another one: mvc apply builds it from that one',
      quote_ident(stored.view_schema), quote_ident(stored.view_name), renamed.now, renamed.named
      USING ERRCODE = 'wrong_object_type', HINT = 'or give back the names';
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

-- The same, as it was proven here; else as it is found.
CREATE OR REPLACE FUNCTION {schema}.tables_read(stored {schema}.stored_relation)
RETURNS oid[] LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN CASE WHEN stored.proven ->> 'place' = {schema}.this_database() THEN {schema}.oids(stored.proven -> 'tables') ELSE {schema}.tables_of(stored) END;
END $$;

CREATE OR REPLACE FUNCTION {schema}.oids(listed jsonb)
RETURNS oid[] LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (SELECT ARRAY(SELECT value::oid FROM jsonb_array_elements_text(listed)));
END $$;

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
    AND s.proven ? 'accepted' AND {schema}.constraint_gone(s) IS NULL AND NOT EXISTS (
      SELECT FROM {schema}.strange_owners({schema}.oids(s.proven -> 'read'), ARRAY(SELECT jsonb_array_elements_text(s.proven -> 'roles'))::name[]) AS o
      WHERE o.owner <> ALL ({schema}.oids(s.proven -> 'accepted')))
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
    SELECT regexp_replace(pg_get_viewdef(v), '^\s*SELECT\s+(.*) AS value\s+FROM .*$', '\1') FROM unnest(views) WITH ORDINALITY AS u (v, n) ORDER BY n);
  FOR n IN 1 .. count LOOP
    EXECUTE format('DROP VIEW %s', views[n]);
  END LOOP;
  RETURN printed;
END $$;

CREATE OR REPLACE FUNCTION {schema}.expect_trusted_index(stored_name name, roles name[], allowed text[])
RETURNS void LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  SELECT {schema}.expect_trusted(ARRAY[format('%I.%I', '{name}', stored_name)::regclass], format('an index of %I', stored_name), roles, allowed)
$$;
