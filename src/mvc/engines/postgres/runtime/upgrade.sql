-- The stored schema is ours alone: readers never need it, and whoever owned it could put functions of theirs there. So could whoever may
-- create something in it, until it is closed: before the first installation nothing of others may be there, and nobody may add any.
DO $$ DECLARE
  home pg_catalog.pg_namespace := (SELECT n FROM pg_catalog.pg_namespace AS n WHERE n.nspname = '{name}');
  strange pg_catalog.text;
  as_another pg_catalog.text := CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'USAGE, SET, MEMBER WITH ADMIN OPTION' ELSE 'MEMBER' END;
BEGIN
  -- A superuser may be somebody else here without knowing, where the owner of the database has set `role`; and that one's code could be him again.
  IF EXISTS (SELECT FROM pg_roles AS s, pg_roles AS c WHERE s.rolname = session_user AND s.rolsuper AND c.rolname = current_user AND NOT c.rolsuper AND NOT EXISTS (
    SELECT FROM pg_auth_members AS m JOIN pg_roles AS g ON g.oid = m.grantor WHERE m.roleid = c.oid AND m.member = s.oid AND g.rolsuper)) THEN
    RAISE EXCEPTION 'the schema % would be the role %''s, which could run anything as the superuser %', quote_ident('{name}'), quote_ident(current_user), quote_ident(session_user)
      USING HINT = format('look who has set that role for you (ALTER DATABASE or ALTER ROLE … SET role), or GRANT %I TO %I where it is trusted', current_user, session_user);
  END IF;
  IF pg_catalog.pg_get_userbyid(home.nspowner) <> current_user THEN
    RAISE EXCEPTION 'the schema % belongs to another role', quote_ident('{name}')
      USING HINT = 'deploy as its owner, or name another schema in mvc.yml: schemas: {stored: NAME}';
  END IF;
  IF home.oid IS NULL THEN  -- IF NOT EXISTS asks for CREATE on the database even where it exists
    BEGIN
      CREATE SCHEMA {schema};
    EXCEPTION WHEN unique_violation OR duplicate_schema THEN
      RAISE EXCEPTION 'another deployment of this database is under way' USING HINT = 'try again when it has ended';
    END;
  ELSIF NOT EXISTS (SELECT FROM pg_catalog.pg_class AS c WHERE c.relnamespace = home.oid AND c.relname = 'deployed_view' AND c.relowner = home.nspowner) THEN
    strange := (
      SELECT format('the %s of the role %I is in it', pg_describe_object(d.classid, d.objid, 0), pg_get_userbyid(o.refobjid))
      FROM pg_depend AS d JOIN pg_shdepend AS o ON o.classid = d.classid AND o.objid = d.objid AND o.objsubid = 0 AND o.deptype = 'o'
        AND o.dbid = (SELECT b.oid FROM pg_database AS b WHERE b.datname = current_database())
      WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = home.oid AND NOT pg_has_role(o.refobjid, home.nspowner, as_another)
      UNION ALL SELECT CASE e.grantee WHEN 0 THEN 'anybody' ELSE format('the role %I', pg_get_userbyid(e.grantee)) END || ' may create something in it'
      FROM aclexplode(home.nspacl) AS e
      WHERE e.privilege_type = 'CREATE' AND (e.grantee = 0 OR NOT pg_has_role(nullif(e.grantee, 0), home.nspowner, as_another)) LIMIT 1);
    IF strange IS NOT NULL THEN
      RAISE EXCEPTION 'the schema % must be the owner''s alone before anything is installed there: %', quote_ident('{name}'), strange
        USING HINT = format('DROP SCHEMA %I, and mvc apply makes it; or REVOKE ALL ON SCHEMA %1$I FROM that role, and drop what is in it', '{name}');
    END IF;
  END IF;
END $$;

-- A runtime is installed over an older one: what CREATE OR REPLACE cannot change goes first, with the views that depend on it, and
-- these come back in the end. The tables are changed by numbered steps. All of that is one transaction, and begins here, with the
-- functions that do it: nothing depends on them, so an older one of another shape just goes.
DO $$
DECLARE
  former text;
BEGIN
  FOR former IN
    SELECT p.oid::pg_catalog.regprocedure FROM pg_catalog.pg_proc AS p
    WHERE p.pronamespace = pg_catalog.to_regnamespace('{schema}')
      AND p.proname IN ('generation', 'has_head', 'make_way', 'mend_tables', 'lock_views', 'views_aside', 'renew_view', 'is_view', 'renew_views', 'bring_views_back', 'dependents', 'expect_inert', 'creation_of', 'dressing_of', 'dress')
  LOOP
    EXECUTE 'DROP ROUTINE ' || former;
  END LOOP;
END $$;

-- Whether a role can do what another can: it has its rights, may take its name, or may give itself both. Since PostgreSQL 16 a membership
-- may be none of these.
CREATE OR REPLACE FUNCTION {schema}.can_act_as(role oid, another oid)
RETURNS boolean LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN pg_has_role(role, another, CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'USAGE, SET, MEMBER WITH ADMIN OPTION' ELSE 'MEMBER' END);
END $$;

-- The generation of the runtime that is installed; NULL where there is none. The first three did not write it down: their tables tell.
CREATE OR REPLACE FUNCTION {schema}.generation()
RETURNS integer LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  written integer;
BEGIN
  IF EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = to_regclass(format('%I.installation', '{name}')) AND a.attname = 'generation') THEN
    EXECUTE format('SELECT max(i.generation) FROM %I.installation AS i', '{name}') INTO written;
  END IF;
  RETURN coalesce(written, CASE
    WHEN to_regclass(format('%I.watched_table', '{name}')) IS NOT NULL THEN 3
    WHEN to_regclass(format('%I.deployment', '{name}')) IS NOT NULL THEN 2
    WHEN to_regclass(format('%I.deployed_view', '{name}')) IS NOT NULL THEN 1 END);
END $$;

-- Whether CREATE OR REPLACE can put a routine in the place of one that is there: the kind, the names, modes and types of the
-- arguments and what it returns are the same, and no default goes.
CREATE OR REPLACE FUNCTION {schema}.has_head(routine oid, declared jsonb)
RETURNS boolean LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT p.prokind::text = declared ->> 'kind' AND p.proretset = (declared ->> 'set')::boolean
    AND coalesce(p.prorettype = to_regtype(declared ->> 'returns'), declared ->> 'returns' IS NULL)
    AND p.pronargdefaults <= (declared ->> 'defaults')::integer
    AND ARRAY(
      SELECT concat_ws(' ', coalesce(p.proargmodes[a.place]::text, 'i'), p.proargnames[a.place], a.type)
      FROM unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) WITH ORDINALITY AS a (type, place) ORDER BY a.place
    ) = ARRAY(
      SELECT concat_ws(' ', a.part ->> 0, a.part ->> 1, to_regtype(a.part ->> 2)::oid)
      FROM jsonb_array_elements(declared -> 'arguments') WITH ORDINALITY AS a (part, place) ORDER BY a.place)
  FROM pg_proc AS p WHERE p.oid = routine
$$;

-- Refuses to take the place of a newer runtime. Drops the routines that cannot be replaced by what is `declared`, and those that
-- are `retired`: names of earlier runtimes that are no more.
CREATE OR REPLACE FUNCTION {schema}.make_way(generation integer, declared jsonb, retired name[])
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  former regprocedure;
  there text;
BEGIN
  IF {schema}.generation() > make_way.generation THEN
    RAISE EXCEPTION 'this database was deployed by a newer mvc: its runtime is of generation %, this is %',
      {schema}.generation(), make_way.generation USING HINT = 'upgrade this mvc; nothing was changed';
  END IF;
  PERFORM set_config('mvc.views_aside', '[]', true), set_config('mvc.views_wanted', '', true);  -- whatever the session has there
  PERFORM {schema}.views_aside(ARRAY(
    SELECT c.oid FROM pg_class AS c WHERE c.relnamespace = to_regnamespace('{schema}') AND c.relkind = 'v' AND c.relname = ANY (retired)));
  FOREACH former IN ARRAY ARRAY(
    SELECT p.oid::regprocedure FROM pg_proc AS p WHERE p.pronamespace = to_regnamespace('{schema}')
      AND (p.proname = ANY (retired) OR EXISTS (SELECT FROM jsonb_array_elements(declared) AS d WHERE d ->> 'name' = p.proname))
      AND NOT EXISTS (SELECT FROM jsonb_array_elements(declared) AS d WHERE d ->> 'name' = p.proname AND {schema}.has_head(p.oid, d)))
  LOOP
    PERFORM {schema}.views_aside(ARRAY(
      SELECT DISTINCT r.ev_class FROM pg_depend AS d JOIN pg_rewrite AS r ON r.oid = d.objid
      WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_proc'::regclass AND d.refobjid = former));
    FOR there IN
      SELECT format('DROP TRIGGER %I ON %s', t.tgname, t.tgrelid::regclass) FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid
      WHERE t.tgfoid = former AND t.tgparentid = 0 AND c.relnamespace = to_regnamespace('{schema}')
    LOOP
      EXECUTE there;
    END LOOP;
    BEGIN
      EXECUTE format('DROP ROUTINE %s', former);
    EXCEPTION WHEN dependent_objects_still_exist THEN
      GET STACKED DIAGNOSTICS there = PG_EXCEPTION_DETAIL;
      RAISE EXCEPTION 'the upgrade has to make % anew, which something outside depends on', former
        USING ERRCODE = 'dependent_objects_still_exist', HINT = 'drop it, and create it again after the upgrade: ' || there;
    END;
  END LOOP;
END $$;

-- Puts the columns and primary keys back that somebody has dropped from tables that are there, or that are others. Where no value is known for the rows
-- of one that must have one, they say nothing any more, and go.
CREATE OR REPLACE FUNCTION {schema}.mend_tables(declared jsonb)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  lost record;
  former name;
BEGIN
  FOR lost IN
    SELECT c.oid::regclass AS relation, d.value -> 'key' AS key, column_of.place, column_of.value ->> 0 AS name, column_of.value ->> 1 AS declared
    FROM jsonb_array_elements(declared) AS d
    JOIN pg_class AS c ON c.relnamespace = to_regnamespace('{schema}') AND c.relname = d.value ->> 'name' AND c.relkind = 'r'
    CROSS JOIN jsonb_array_elements(d.value -> 'columns') WITH ORDINALITY AS column_of (value, place)
    WHERE NOT EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attname = column_of.value ->> 0 AND NOT a.attisdropped)
    UNION ALL
    SELECT c.oid::regclass, d.value -> 'key', NULL, NULL, NULL FROM jsonb_array_elements(declared) AS d
    JOIN pg_class AS c ON c.relnamespace = to_regnamespace('{schema}') AND c.relname = d.value ->> 'name' AND c.relkind = 'r'
    WHERE d.value -> 'key' <> '[]' AND NOT EXISTS (
      SELECT FROM pg_constraint AS k WHERE k.conrelid = c.oid AND k.contype = 'p' AND d.value -> 'key' = (
        SELECT jsonb_agg(a.attname ORDER BY n.place) FROM unnest(k.conkey) WITH ORDINALITY AS n (number, place)
        JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = n.number))
    ORDER BY 1, 3 NULLS LAST
  LOOP
    IF lost.name IS NULL THEN
      FOR former IN SELECT k.conname FROM pg_constraint AS k WHERE k.conrelid = lost.relation AND k.contype = 'p' LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', lost.relation, former);
      END LOOP;
      EXECUTE format('ALTER TABLE %s ADD PRIMARY KEY (%s)', lost.relation, (
        SELECT string_agg(quote_ident(k.name), ', ' ORDER BY k.place) FROM jsonb_array_elements_text(lost.key) WITH ORDINALITY AS k (name, place)));
      CONTINUE;
    END IF;
    IF lost.declared LIKE '%NOT NULL%' AND lost.declared NOT LIKE '%DEFAULT%' THEN
      EXECUTE format('DELETE FROM %s', lost.relation);
    END IF;
    EXECUTE format('ALTER TABLE %s ADD COLUMN %I %s', lost.relation, lost.name, lost.declared);
  END LOOP;
END $$;

-- Locks the views of the runtime, and views of ours that read them, before any table is changed: whoever reads one locks it, and then
-- what it reads. So whoever is at it is waited for, and nobody else comes between.
CREATE OR REPLACE FUNCTION {schema}.lock_views(own name[])
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  found record;
BEGIN
  FOR found IN
    SELECT c.oid::regclass AS view, pg_get_userbyid(c.relowner) AS owner FROM (
      SELECT c.oid AS view, 0 AS level FROM pg_class AS c WHERE c.relnamespace = to_regnamespace('{schema}') AND c.relname = ANY (own)
      UNION ALL SELECT d.view, d.level FROM pg_class AS c CROSS JOIN LATERAL {schema}.dependents(c.oid) AS d
      WHERE c.relnamespace = to_regnamespace('{schema}') AND c.relname = ANY (own)) AS l
    JOIN pg_class AS c ON c.oid = l.view
    WHERE c.relkind = 'v' AND pg_has_role(c.relowner, 'USAGE')
    GROUP BY c.oid ORDER BY max(l.level) DESC, c.oid DESC
  LOOP
    EXECUTE format('ALTER VIEW %s OWNER TO %I', found.view, found.owner);  -- changes nothing, and locks the view alone: LOCK TABLE would go on to the catalogs
  END LOOP;
END $$;

-- Drops views with all views that read them, and keeps what makes these again until the end of the transaction. Each is locked first, so
-- that what was looked at is what is kept.
CREATE OR REPLACE FUNCTION {schema}.views_aside(roots oid[])
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  gone record;
  said text;
BEGIN
  FOR gone IN
    SELECT c.oid::regclass AS named, c.relkind, pg_get_userbyid(c.relowner) AS owner, pg_has_role(c.relowner, 'USAGE') AS ours
    FROM (SELECT root AS view, 0 AS level FROM unnest(roots) AS root
          UNION ALL SELECT d.view, d.level FROM unnest(roots) AS root, {schema}.dependents(root) AS d) AS found
    JOIN pg_class AS c ON c.oid = found.view
    GROUP BY c.oid ORDER BY max(found.level) DESC, c.oid DESC
  LOOP
    IF gone.relkind <> 'v' OR NOT gone.ours THEN
      RAISE EXCEPTION 'the upgrade has to make views anew that % reads, which is %', gone.named,
        CASE WHEN gone.ours THEN 'no plain view' ELSE format('the role %I''s', gone.owner) END
        USING ERRCODE = 'dependent_objects_still_exist', HINT = 'drop it, and create it again after the upgrade';
    END IF;
    EXECUTE format('ALTER VIEW %s RESET (mvc)', gone.named);  -- nothing bears that name: it locks the view
    PERFORM {schema}.expect_inert(gone.named);
    PERFORM set_config('mvc.views_aside', (jsonb_build_array(jsonb_build_object(
      'name', gone.named, 'creation', {schema}.creation_of(gone.named), 'dressing', {schema}.dressing_of(gone.named, NULL)
    )) || current_setting('mvc.views_aside')::jsonb)::text, true);
    BEGIN
      EXECUTE format('DROP VIEW %s', gone.named);
    EXCEPTION WHEN dependent_objects_still_exist THEN
      GET STACKED DIAGNOSTICS said = PG_EXCEPTION_DETAIL;
      RAISE EXCEPTION 'the upgrade has to make the view % anew, which more than views depend on', gone.named
        USING ERRCODE = 'dependent_objects_still_exist', HINT = 'drop what depends on it, and create it again after the upgrade: ' || said;
    END;
  END LOOP;
END $$;

-- Keeps in mind a view of the runtime as it is to be: all of them are put in place together, in the end.
CREATE OR REPLACE FUNCTION {schema}.renew_view(named name, query text)
RETURNS void LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  SELECT set_config('mvc.views_wanted', (
    coalesce(nullif(current_setting('mvc.views_wanted', true), '')::jsonb, '[]') || jsonb_build_object('name', named, 'query', query))::text, true)
$$;

-- Whether a view is there and gives the same by the same query. What cannot be created yet is another one.
CREATE OR REPLACE FUNCTION {schema}.is_view(named name, query text)
RETURNS boolean LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  there regclass := to_regclass(format('%I.%I', '{name}', named));
  same boolean;
BEGIN
  IF there IS NULL THEN
    RETURN false;
  END IF;
  EXECUTE format('CREATE VIEW %I.mvc_wanted AS %s', '{name}', query);
  SELECT pg_get_viewdef(there) = pg_get_viewdef(w.oid) INTO same FROM pg_class AS w WHERE w.oid = to_regclass(format('%I.mvc_wanted', '{name}'));
  EXECUTE format('DROP VIEW %I.mvc_wanted', '{name}');
  RETURN coalesce(same, false);
EXCEPTION WHEN undefined_column OR undefined_function OR undefined_table OR datatype_mismatch OR ambiguous_function THEN
  RETURN false;
END $$;

-- Puts the views of the runtime in place, those first that others read. Those that are there with other columns go, and come back.
CREATE OR REPLACE FUNCTION {schema}.renew_views()
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  wanted jsonb := current_setting('mvc.views_wanted')::jsonb;
  other jsonb := (SELECT jsonb_agg(w.v ORDER BY w.place) FROM jsonb_array_elements(wanted) WITH ORDINALITY AS w (v, place)
                  WHERE NOT {schema}.is_view((w.v ->> 'name')::name, w.v ->> 'query'));
  renewed record;
BEGIN
  PERFORM set_config('mvc.views_wanted', '', true);
  FOR renewed IN
    SELECT w.v AS view, format('CREATE OR REPLACE VIEW %I.%I AS %s', '{name}', w.v ->> 'name', w.v ->> 'query') AS creation
    FROM jsonb_array_elements(wanted) WITH ORDINALITY AS w (v, place) ORDER BY place
  LOOP
    CONTINUE WHEN to_regclass(format('%I.%I', '{name}', renewed.view ->> 'name')) IS NOT NULL AND NOT coalesce(other @> jsonb_build_array(renewed.view), false);
    BEGIN
      EXECUTE renewed.creation;
    EXCEPTION WHEN invalid_table_definition THEN
      PERFORM {schema}.views_aside(ARRAY[to_regclass(format('%I.%I', '{name}', renewed.view ->> 'name'))::oid]);
      EXECUTE renewed.creation;
    END;
  END LOOP;
END $$;

-- Makes the views again that were put aside, but for the runtime's own: those are there, or no more.
CREATE OR REPLACE FUNCTION {schema}.bring_views_back(own name[])
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  kept record;
BEGIN
  FOR kept IN
    SELECT v ->> 'name' AS name, v ->> 'creation' AS creation, v ->> 'dressing' AS dressing
    FROM jsonb_array_elements(current_setting('mvc.views_aside')::jsonb) WITH ORDINALITY AS a (v, place)
    WHERE v ->> 'name' <> ALL (SELECT format('%I.%I', '{name}', o) FROM unnest(own) AS o) ORDER BY place
  LOOP
    BEGIN
      EXECUTE kept.creation;
    EXCEPTION WHEN OTHERS THEN
      RAISE EXCEPTION 'the view % does not fit the runtime as it is now: %', kept.name, SQLERRM
        USING ERRCODE = 'dependent_objects_still_exist', HINT = 'change or drop it first';
    END;
    PERFORM {schema}.dress(kept.name, kept.dressing);
  END LOOP;
END $$;

-- Has the rows told that are replicated to a table, which generation 5 did not; whether all of that is there. Nobody is waited for while the
-- upgrade holds its locks: what could not be had comes with the next refresh, a whole one.
CREATE OR REPLACE FUNCTION {schema}.hear_replicated(base regclass, log name)
RETURNS boolean LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET lock_timeout = '60ms' AS $$
BEGIN
  PERFORM {schema}.log_replicated(d, log) FROM {schema}.with_descendants(base) AS d JOIN pg_class AS c ON c.oid = d AND c.relkind = 'r' AND pg_has_role(c.relowner, 'USAGE')
  WHERE NOT EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = d AND t.tgfoid = to_regproc(format('%I.%I', '{name}', log)) AND t.tgtype & 3 = 1);  -- AFTER, FOR EACH ROW
  RETURN true;
EXCEPTION WHEN lock_not_available OR deadlock_detected OR insufficient_privilege THEN
  RETURN false;
END $$;

-- Writes the functions anew that log the changes of tables. Whoever writes to a table meanwhile waits for nothing. A log that was
-- whole before is whole after.
CREATE OR REPLACE FUNCTION {schema}.renew_change_logs()
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  watched {schema}.watched_table;
  base regclass;
  intact boolean;
BEGIN
  PERFORM {schema}.own_unknown_changes();
  FOR watched IN SELECT * FROM {schema}.watched_table LOOP
    base := to_regclass(format('%I.%I', watched.table_schema, watched.table_name));
    IF base IS NOT NULL AND to_regproc(format('%I.%I', '{name}', watched.log)) IS NOT NULL AND {schema}.log_is_ours(watched.log)
       AND {schema}.log_has_columns(watched.log, ARRAY[watched.log]) THEN
      intact := (watched.triggers = '{"intact": true}' OR {schema}.heard_alike(watched.triggers, {schema}.triggers_of(base, watched.log, watched.columns))) AND NOT EXISTS (
        SELECT FROM {schema}.ancestors(base) AS a  -- generation 5 did not look for those of children
        WHERE NOT EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = a.relation AND t.tgfoid = to_regproc(format('%I.%I', '{name}', watched.log)))
      ) AND {schema}.hear_replicated(base, watched.log);
      IF {schema}.log_fits(base, watched.log, watched.columns) THEN
        PERFORM {schema}.make_change_log(base, watched.log, watched.columns);
      ELSE  -- to change it is for the next refresh, which locks the table before the log
        PERFORM {schema}.write_log_function(base, watched.log, watched.columns);
      END IF;
      PERFORM {schema}.mark_unlogged();
      UPDATE {schema}.watched_table AS w SET triggers = {schema}.triggers_noted(base, w.log, w.columns) WHERE w.log = watched.log AND intact;
    END IF;
  END LOOP;
END $$;
