-- Exactly these roles may read a view, whatever the database grants by default. `public` stands for everyone.
CREATE OR REPLACE FUNCTION {schema}.set_readers(view_schema name, view_name name, readers name[])
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  target regclass := format('%I.%I', view_schema, view_name)::regclass;
  reader name;
BEGIN
  PERFORM {schema}.revoke_all('TABLE', target::text, c.relowner, c.relacl) FROM pg_class AS c WHERE c.oid = target;
  FOREACH reader IN ARRAY readers LOOP
    EXECUTE format('GRANT SELECT ON TABLE %s TO %s', target, CASE reader WHEN 'public' THEN 'PUBLIC' ELSE quote_ident(reader) END);
  END LOOP;
END $$;

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

-- Nobody but the owner has any right on the stored schema and what is in it; `refreshers` may refresh, and read
-- what is deployed and what became of their runs.
CREATE OR REPLACE FUNCTION {schema}.close_storage(refreshers name[])
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  home oid := to_regnamespace('{schema}');
  refresher name;
BEGIN
  PERFORM {schema}.revoke_all('SCHEMA', quote_ident(n.nspname), n.nspowner, n.nspacl) FROM pg_namespace AS n WHERE n.oid = home;
  PERFORM {schema}.revoke_all(CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, c.oid::regclass::text, c.relowner, c.relacl)
  FROM pg_class AS c WHERE c.relnamespace = home AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f');
  PERFORM {schema}.revoke_all('ROUTINE', p.oid::regprocedure::text, p.proowner, p.proacl)
  FROM pg_proc AS p WHERE p.pronamespace = home;
  FOREACH refresher IN ARRAY refreshers LOOP
    EXECUTE format('GRANT USAGE ON SCHEMA %s TO %I', '{schema}', refresher);
    EXECUTE format('GRANT SELECT ON %1$s.deployed_view, %1$s.refresh_log TO %2$I', '{schema}', refresher);
    EXECUTE format('GRANT EXECUTE ON ROUTINE %1$s.refresh(name, name), %1$s.refresh_begin(name, name), %1$s.refresh_run(bigint) TO %2$I',
                   '{schema}', refresher);
  END LOOP;
END $$;

-- Neither a relation that is not ours nor a view that readers use with another definition is ever replaced.
CREATE OR REPLACE FUNCTION {schema}.may_deploy(view_schema name, view_name name, stored_name name)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  deployed name := (SELECT d.stored_name FROM {schema}.deployed_view AS d
                    WHERE d.view_schema = may_deploy.view_schema AND d.view_name = may_deploy.view_name);
BEGIN
  IF deployed <> stored_name THEN
    RAISE EXCEPTION 'the view %.% is deployed with another definition', quote_ident(view_schema), quote_ident(view_name)
      USING HINT = 'this version does not replace a view that readers use';
  ELSIF deployed IS NULL AND to_regclass(format('%I.%I', view_schema, view_name)) IS NOT NULL THEN
    RAISE EXCEPTION 'the relation %.% is not ours', quote_ident(view_schema), quote_ident(view_name)
      USING HINT = 'rename or drop it, or give the view another name or schema';
  END IF;
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
