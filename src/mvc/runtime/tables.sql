-- The stored schema is ours alone: readers never need it, and whoever owned it could put functions of theirs there.
DO $$ BEGIN
  IF EXISTS (SELECT FROM pg_catalog.pg_namespace AS n
             WHERE n.nspname = '{name}' AND pg_catalog.pg_get_userbyid(n.nspowner) <> current_user) THEN
    RAISE EXCEPTION 'the schema % belongs to another role', quote_ident('{name}')
      USING HINT = 'deploy as its owner, or name another schema in mvc.yml: schemas: {stored: NAME}';
  END IF;
END $$;
CREATE SCHEMA IF NOT EXISTS {schema};

-- What is deployed: one row per view of the project.
CREATE TABLE IF NOT EXISTS {schema}.deployed_view (
  view_schema name NOT NULL,
  view_name name NOT NULL,
  stored_name name NOT NULL,
  kind text NOT NULL CHECK (kind IN ('materialized', 'plain')),
  grain name[] NOT NULL,
  upstream name[] NOT NULL,
  timezone text NOT NULL,
  spec_path text NOT NULL,
  compiler text NOT NULL,
  deployed_at timestamptz NOT NULL DEFAULT now(),
  deployed_by name NOT NULL DEFAULT session_user,
  PRIMARY KEY (view_schema, view_name)
);

-- What was refreshed: started → completed | failed | skipped.
CREATE TABLE IF NOT EXISTS {schema}.refresh_log (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  view_schema name NOT NULL,
  view_name name NOT NULL,
  mode text NOT NULL DEFAULT 'full' CHECK (mode IN ('full')),
  concurrent boolean,
  status text NOT NULL DEFAULT 'started' CHECK (status IN ('started', 'completed', 'failed', 'skipped')),
  rows bigint,
  error text,
  sqlstate text,
  refreshed_by name NOT NULL DEFAULT session_user,
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  finished_at timestamptz
);
CREATE INDEX IF NOT EXISTS refresh_log_latest ON {schema}.refresh_log (view_schema, view_name, started_at DESC);
