-- What tells one server from another that has a copy of its data: the numbers of transactions and roles mean nothing there.
CREATE OR REPLACE FUNCTION {schema}.this_server()
RETURNS text LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (SELECT c.system_identifier::text FROM pg_control_system() AS c);
END $$;

-- The numbers that the roles of a view's rules have on this server: by these they are known when they are called otherwise.
CREATE OR REPLACE FUNCTION {schema}.roles_of(definition jsonb)
RETURNS jsonb LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (
    SELECT jsonb_build_object('server', {schema}.this_server(), 'roles', coalesce(jsonb_object_agg(r.rolname, r.oid::text), '{}'))
    FROM pg_roles AS r WHERE r.rolname IN (
      SELECT reader FROM jsonb_array_elements_text(definition #> '{access,readers}') AS reader
      UNION SELECT named #>> '{}' FROM jsonb_path_query(definition, '$.access.restrictions[*].roles[*]') AS named)
  );
END $$;

-- What a role is called now that was named when a view was `recorded`; NULL where it is gone.
CREATE OR REPLACE FUNCTION {schema}.role_now(role name, recorded jsonb)
RETURNS name LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE role WHEN 'public' THEN role ELSE coalesce(
    (SELECT r.rolname FROM pg_roles AS r
     WHERE r.oid = (recorded #>> ARRAY['roles', role::text])::oid AND recorded ->> 'server' = {schema}.this_server()),
    (SELECT r.rolname FROM pg_roles AS r WHERE r.rolname = role)) END
$$;

-- These roles may read a view, and those that were its readers by the last deployment no longer, whatever they are called now.
-- What somebody granted by hand is left alone, but for what such a former reader passed on; what default privileges gave was
-- taken when the view was created. `public` stands for everyone.
CREATE OR REPLACE FUNCTION {schema}.set_readers(view_schema name, view_name name, readers name[])
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  target regclass := format('%I.%I', view_schema, view_name)::regclass;
  reader name;
BEGIN
  FOR reader IN
    SELECT former.name FROM {schema}.deployed_view AS d, jsonb_array_elements_text(d.definition #> '{access,readers}') AS before (name),
      {schema}.role_now(before.name::name, d.recorded) AS former (name)
    WHERE d.view_schema = set_readers.view_schema AND d.view_name = set_readers.view_name AND former.name <> ALL (readers)
  LOOP
    EXECUTE format('REVOKE SELECT ON TABLE %s FROM %s CASCADE', target, {schema}.role_sql(reader));
  END LOOP;
  FOREACH reader IN ARRAY readers LOOP
    EXECUTE format('GRANT SELECT ON TABLE %s TO %s', target, {schema}.role_sql(reader));
  END LOOP;
END $$;

CREATE OR REPLACE FUNCTION {schema}.role_sql(role name)
RETURNS text LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE role WHEN 'public' THEN 'PUBLIC' ELSE quote_ident(role) END
$$;

-- Takes every privilege on one object from everyone but its owner. A NULL acl means the built-in defaults.
CREATE OR REPLACE FUNCTION {schema}.revoke_all(kind text, target text, owner oid, acl aclitem[])
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
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

-- Makes a view or table of ours that belongs to somebody else its owner's again. Whoever owned it may have given it rules, which run with the rights of
-- the owner that it has when they run, triggers, policies, defaults and rights of his own: where nobody trusts him, all of that goes, and what
-- cannot go is refused. It is locked first, so that nothing comes after the look.
CREATE OR REPLACE FUNCTION {schema}.own_again(relation regclass)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  roles constant name[] := {schema}.roles_of_projects();
  owner constant oid := (SELECT n.nspowner FROM pg_namespace AS n WHERE n.nspname = '{name}');
  there pg_class := (SELECT c FROM pg_class AS c WHERE c.oid = relation);
  allowed text[];
  change text;
BEGIN
  EXECUTE format('ALTER %s %s OWNER TO %I', {schema}.kind_word(there.relkind), relation, pg_get_userbyid(there.relowner));  -- changes nothing, and locks it
  there := (SELECT c FROM pg_class AS c WHERE c.oid = relation);
  EXECUTE format('ALTER %s %s OWNER TO %I', {schema}.kind_word(there.relkind), relation, pg_get_userbyid(owner));
  IF {schema}.is_trusted(there.relowner, roles) THEN
    RETURN;
  END IF;
  LOOP  -- one by one: some of it goes with other of it, and some is its own only then
    change := (SELECT a.change FROM {schema}.added_to(relation) AS a ORDER BY a.place LIMIT 1);
    EXIT WHEN change IS NULL;
    EXECUTE change;
  END LOOP;
  PERFORM {schema}.revoke_all('TABLE', relation::text, owner, (
    SELECT array_agg(entry) FROM (SELECT unnest(c.relacl) UNION ALL
      SELECT unnest(a.attacl) FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attacl IS NOT NULL) AS given (entry)))
  FROM pg_class AS c WHERE c.oid = relation;
  allowed := ARRAY(SELECT DISTINCT jsonb_array_elements_text(s.proven -> 'allowed') FROM {schema}.stored_relation AS s);
  IF there.relkind <> 'v' THEN  -- a view is about to be replaced by what is proven then
    PERFORM {schema}.expect_trusted_sources(relation::text, ARRAY[relation::oid], '{}', roles, allowed), {schema}.expect_trusted(ARRAY[relation], relation::text, roles, allowed);
  END IF;
END $$;

-- What takes everything from a view or table that its owner can add to it and that has a say when somebody reads it or writes to it, or lets others do
-- so: who may read or change a parent, or a table that it refers to, does so with its rows, whatever its own rights say. What is inherited goes with the parent.
CREATE OR REPLACE FUNCTION {schema}.added_to(relation regclass)
RETURNS TABLE (place integer, change text) LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT 1, format(CASE WHEN child.relispartition THEN 'ALTER TABLE %2$s DETACH PARTITION %1$s' ELSE 'ALTER TABLE %1$s NO INHERIT %2$s' END, child.oid::regclass, parent.oid::regclass)
  FROM pg_inherits AS i JOIN pg_class AS child ON child.oid = i.inhrelid JOIN pg_class AS parent ON parent.oid = i.inhparent
  WHERE relation IN (i.inhrelid, i.inhparent) AND parent.relkind NOT IN ('i', 'I')
    AND NOT (child.relname = {schema}.kept_of(parent.relname) AND child.relnamespace = parent.relnamespace AND child.relnamespace = to_regnamespace('{schema}'))
  UNION ALL SELECT 2, format('ALTER TABLE %s DROP CONSTRAINT %I', k.conrelid::regclass, k.conname) FROM pg_constraint AS k
  WHERE k.coninhcount = 0 AND k.conparentid = 0 AND (k.conrelid = relation AND k.contype IN ('c', 'f') OR k.confrelid = relation)
  UNION ALL SELECT 2, format('DROP STATISTICS %s.%I', x.stxnamespace::regnamespace, x.stxname) FROM pg_statistic_ext AS x WHERE x.stxrelid = relation
  UNION ALL SELECT 2, format('ALTER TABLE %s NOT OF', relation) FROM pg_class AS c WHERE c.oid = relation AND c.reloftype <> 0
  UNION ALL SELECT 2, format('ALTER TABLE %s SET LOGGED', relation) FROM pg_class AS c WHERE c.oid = relation AND c.relpersistence = 'u'
    AND NOT EXISTS (SELECT FROM {schema}.stored_relation AS s CROSS JOIN jsonb_each_text(s.companions) AS b WHERE b.value = c.relname)  -- which is by design
  UNION ALL SELECT 2, format('DROP RULE %I ON %s', r.rulename, relation) FROM pg_rewrite AS r WHERE r.ev_class = relation AND r.rulename <> '_RETURN'
  UNION ALL SELECT 2, format('DROP TRIGGER %I ON %s', t.tgname, relation) FROM pg_trigger AS t WHERE t.tgrelid = relation AND NOT t.tgisinternal
  UNION ALL SELECT 2, format('DROP POLICY %I ON %s', p.polname, relation) FROM pg_policy AS p WHERE p.polrelid = relation
  UNION ALL SELECT 2, format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY', relation)
  FROM pg_class AS c WHERE c.oid = relation AND (c.relrowsecurity OR c.relforcerowsecurity)
  UNION ALL SELECT 2, format('ALTER TABLE %s ' || CASE a.attgenerated WHEN '' THEN 'ALTER COLUMN %I DROP DEFAULT' ELSE 'DROP COLUMN %I' END, relation, a.attname)
  FROM pg_attrdef AS f JOIN pg_attribute AS a ON a.attrelid = f.adrelid AND a.attnum = f.adnum WHERE f.adrelid = relation AND (a.attgenerated = '' OR a.attinhcount = 0)
  UNION ALL SELECT 2, format('ALTER PUBLICATION %I DROP TABLE ONLY %s', p.pubname, relation) FROM pg_publication_rel AS r JOIN pg_publication AS p ON p.oid = r.prpubid WHERE r.prrelid = relation
  UNION ALL SELECT 2, format('ALTER EXTENSION %I DROP %s %s', e.extname, {schema}.kind_word(c.relkind), relation) FROM pg_depend AS d JOIN pg_extension AS e ON e.oid = d.refobjid
  JOIN pg_class AS c ON c.oid = d.objid WHERE d.classid = 'pg_class'::regclass AND d.objid = relation AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
$$;

-- Nobody but the owner has any right on the stored schema and what is in it; `refreshers` may refresh, and read
-- what is deployed and what became of their runs. So may those of the other projects that are deployed here.
CREATE OR REPLACE FUNCTION {schema}.close_storage(refreshers name[], project text)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  home oid := to_regnamespace('{schema}');
  places jsonb;
  refresher name;
BEGIN
  PERFORM {schema}.make_leaders(close_storage.project, refreshers);
  places := {schema}.known_places();  -- and next the schema is changed, which keeps others from that
  PERFORM {schema}.revoke_all('SCHEMA', quote_ident(n.nspname), n.nspowner, n.nspacl) FROM pg_namespace AS n WHERE n.oid = home;
  PERFORM {schema}.revoke_all('SEQUENCE', c.oid::regclass::text, c.relowner, c.relacl)
  FROM pg_class AS c WHERE c.relnamespace = home AND c.relkind = 'S';
  PERFORM {schema}.seal(c.relname) FROM pg_class AS c WHERE c.relnamespace = home AND c.relkind IN ('r', 'p', 'v', 'm', 'f');
  IF EXISTS (SELECT FROM pg_proc AS p WHERE p.pronamespace = home AND p.proacl IS NULL) THEN  -- new ones, which everybody may call by default
    EXECUTE format('REVOKE ALL ON ALL ROUTINES IN SCHEMA %s FROM PUBLIC', '{schema}');
  END IF;
  PERFORM {schema}.revoke_all('ROUTINE', p.oid::regprocedure::text, p.proowner, p.proacl)
  FROM pg_proc AS p WHERE p.pronamespace = home AND EXISTS (SELECT FROM aclexplode(p.proacl) AS entry WHERE entry.grantee <> p.proowner);
  FOREACH refresher IN ARRAY refreshers || ARRAY(
    SELECT role.name FROM (
      SELECT DISTINCT ON (d.project) d.project, d.target FROM {schema}.deployment AS d ORDER BY d.project, d.id DESC
    ) AS latest, jsonb_array_elements_text(latest.target -> 'refresh_roles') AS role (name)
    WHERE latest.project <> close_storage.project AND EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = role.name)
  ) LOOP
    EXECUTE format('GRANT USAGE ON SCHEMA %s TO %I', '{schema}', refresher);
    EXECUTE format('GRANT SELECT ON %1$s.deployed_view, %1$s.deployment, %1$s.installation, %1$s.partition_log, %1$s.refresh_log, %1$s.replaced_view,'
                   ' %1$s.stored_relation TO %2$I', '{schema}', refresher);
    EXECUTE format('GRANT EXECUTE ON ROUTINE %1$s.refresh(name, name, text, text, timestamptz, timestamptz), %1$s.refresh_work(bigint, double precision, text), %1$s.say_outcome(bigint, text),'
                   ' %1$s.committed(text, jsonb, jsonb), %1$s.through(text, jsonb, boolean, jsonb), %1$s.act(text, jsonb), %1$s.lead(text), %1$s.maintain_partitions(text), %1$s.partition_work(text, text[]),'
                   ' %1$s.partition_tasks(text), %1$s.partition_log_end(), %1$s.shrunk_views(bigint) TO %2$I', '{schema}', refresher);
    EXECUTE format('GRANT SELECT ON %1$s.schedules, %1$s.schedule_run, %1$s.promises TO %2$I', '{schema}', refresher);
    EXECUTE format('GRANT EXECUTE ON ROUTINE %1$s.held_back(), %1$s.run_schedule(text, text, boolean), %1$s.due(text), %1$s.seconds_to_next(text), %1$s.stop_overdue(text)'
                   ' TO %2$I', '{schema}', refresher);
  END LOOP;
  PERFORM {schema}.keep_places(places);
END $$;

-- A view that needs an extension is not deployed half.
CREATE OR REPLACE FUNCTION {schema}.require_extension(extension name, view_name name)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = extension) THEN
    RAISE EXCEPTION 'the view % needs the extension %, which this database does not have', view_name, extension
      USING HINT = format('CREATE EXTENSION %I; or compile without this view', extension);
  END IF;
END $$;
