-- Every change of what is deployed: one row per `mvc apply` or rollback that changed something. `target` holds what held for
-- the whole project then: settings and schedules.
CREATE TABLE IF NOT EXISTS {schema}.deployment (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  project text NOT NULL,
  action text NOT NULL CHECK (action IN ('apply', 'rollback')),
  target jsonb NOT NULL,
  compiler text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now(),
  applied_by name NOT NULL DEFAULT session_user,
  undone_by bigint REFERENCES {schema}.deployment
);

-- What each project was deployed with last.
CREATE OR REPLACE VIEW {schema}.current_target AS
SELECT DISTINCT ON (d.project) d.project, d.target FROM {schema}.deployment AS d ORDER BY d.project, d.id DESC;

-- What is deployed: one row per view. `definition` is the compiled view; `recorded` what the server itself said of the
-- objects when they were put in place, by which a change behind our back is found.
CREATE TABLE IF NOT EXISTS {schema}.deployed_view (
  view_schema name NOT NULL,
  view_name name NOT NULL,
  project text NOT NULL,
  stored_name name NOT NULL,
  kind text NOT NULL CHECK (kind IN ('materialized', 'plain')),
  timezone text NOT NULL,
  definition jsonb NOT NULL,
  recorded jsonb NOT NULL,
  deployment bigint NOT NULL REFERENCES {schema}.deployment,
  PRIMARY KEY (view_schema, view_name)
);

-- What each deployment took the place of; a NULL definition where there was nothing. A rollback reads it.
CREATE TABLE IF NOT EXISTS {schema}.replaced_view (
  deployment bigint NOT NULL REFERENCES {schema}.deployment ON DELETE CASCADE,
  view_schema name NOT NULL,
  view_name name NOT NULL,
  definition jsonb,
  PRIMARY KEY (deployment, view_schema, view_name)
);

-- The numbers that roles had when they were first trusted beside the owner: a name may be another role's later.
CREATE TABLE IF NOT EXISTS {schema}.trusted_role (
  name name PRIMARY KEY,
  number oid NOT NULL,
  server text NOT NULL
);

-- Which runtime is installed, by which version of the compiler, and what its functions were then.
CREATE TABLE IF NOT EXISTS {schema}.installation (
  runtime text PRIMARY KEY,
  functions text NOT NULL,
  generation integer,
  compiler text
);

-- A compiler of an older generation does not know of generations: it fails here, before it has put its runtime over a newer one.
CREATE OR REPLACE FUNCTION {schema}.refuse_older()
RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'this database was deployed by a newer mvc than this one' USING HINT = 'upgrade this mvc; nothing was changed';
END $$;

CREATE OR REPLACE TRIGGER refuse_older BEFORE INSERT ON {schema}.installation
FOR EACH ROW WHEN (NEW.generation IS NULL) EXECUTE FUNCTION {schema}.refuse_older();

-- Every relation that was built: the ones in use, those kept for a rollback, and those whose deployment was interrupted.
-- `companions` are the relations beside a table, by what they are for: {"query": the view that gives its rows}. `filled_by` is
-- the transaction that wrote all rows of a table anew: a snapshot older than that sees none of them. `watches` are the logs of
-- changes that its refreshes read, `cursor` what the last one of them saw on which `server`, `as_of` its moment; without a
-- cursor the next refresh is a whole one. `missed` says why there is none. `hold` keeps changes from being dropped while the
-- relation is being filled. `proven` says in which database it was proven, what it reads and calls, and whose that was; NULL where an
-- older version built it. `windowed_at` is when the window that its schedules ask for was refreshed last. `made_with` is
-- what its rows were computed with beside rows (dependencies.sql).
CREATE TABLE IF NOT EXISTS {schema}.stored_relation (
  stored_name name PRIMARY KEY,
  view_schema name NOT NULL,
  view_name name NOT NULL,
  project text NOT NULL,
  companions jsonb NOT NULL DEFAULT '{}',
  query_name name GENERATED ALWAYS AS ((companions ->> 'query')::name) STORED,
  printed text,
  built_at timestamptz NOT NULL DEFAULT now(),
  filled_at timestamptz,
  filled_by xid8,
  watches name[] NOT NULL DEFAULT '{}',
  cursor pg_snapshot,
  as_of timestamptz,
  server text,
  missed text,
  hold pg_snapshot,
  held_at timestamptz,
  fill_seconds double precision,
  rows bigint,
  proven jsonb,
  windowed_at timestamptz,
  made_with jsonb
);

-- The views that are past what stands in the way of a change of base tables (release.sql): since when, by whom, what shows a view's rows else (`shown`),
-- and what it was deployed as (`definition`) once that is stored otherwise. Tables of their own, since to add columns would wait for refreshes and readers.
CREATE TABLE IF NOT EXISTS {schema}.released_view (
  view_schema name NOT NULL,
  view_name name NOT NULL,
  released jsonb NOT NULL,
  PRIMARY KEY (view_schema, view_name)
);

-- What had a view's name before the view of a project took it (takeover.sql), and is kept in this schema under another one: by which deployment, and how it
-- was (`former`): its owner, its grants, the names of its indexes.
CREATE TABLE IF NOT EXISTS {schema}.former_relation (
  stored_name name PRIMARY KEY,
  view_schema name NOT NULL,
  view_name name NOT NULL,
  deployment bigint NOT NULL,
  former jsonb NOT NULL,
  taken_at timestamptz NOT NULL DEFAULT now()
);

-- The stored relations that nobody refreshes any more: copies of the last rows, and tables whose companions are gone.
CREATE TABLE IF NOT EXISTS {schema}.frozen_relation (
  stored_name name PRIMARY KEY,
  frozen_at timestamptz NOT NULL DEFAULT now()
);

-- What was refreshed: started → completed | failed | skipped, or lost where the server or the session went away. `rows` is what
-- the view holds afterwards, `changed` the rows written, `groups` those that were recomputed (NULL: all). A window refresh
-- replaces what lies from `window_start` until `window_end`. `detail` says in words why another mode was taken than the one
-- asked for. `schedule` is NULL where somebody asked by hand; one that was run has given its `schedule_run`.
CREATE TABLE IF NOT EXISTS {schema}.refresh_log (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  view_schema name NOT NULL,
  view_name name NOT NULL,
  mode text NOT NULL DEFAULT 'full' CHECK (mode IN ('full', 'incremental', 'window', 'verify')),
  schedule text,
  concurrent boolean,
  status text NOT NULL DEFAULT 'started' CHECK (status IN ('started', 'completed', 'failed', 'skipped', 'lost')),
  rows bigint,
  changed bigint,
  groups bigint,
  window_start timestamptz,
  window_end timestamptz,
  detail text,
  error text,
  sqlstate text,
  refreshed_by name NOT NULL DEFAULT session_user,
  pid integer NOT NULL DEFAULT pg_backend_pid(),
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  finished_at timestamptz,
  schedule_run bigint
);
CREATE INDEX IF NOT EXISTS refresh_log_latest ON {schema}.refresh_log (view_schema, view_name, started_at DESC);
