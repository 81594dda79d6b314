-- installation gets columns for the generation and the version, stored_relation, refresh_log and schedule_run ones for proofs and runs.
ALTER TABLE IF EXISTS {schema}.installation ADD COLUMN IF NOT EXISTS generation integer, ADD COLUMN IF NOT EXISTS compiler text;
ALTER TABLE IF EXISTS {schema}.refresh_log ADD COLUMN IF NOT EXISTS schedule_run bigint;
ALTER TABLE IF EXISTS {schema}.stored_relation ADD COLUMN IF NOT EXISTS proven jsonb, ADD COLUMN IF NOT EXISTS windowed_at timestamptz;
IF NOT EXISTS (SELECT FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = pg_catalog.to_regclass('{schema}' || '.schedule_run') AND a.attname = 'run_by') THEN
  ALTER TABLE IF EXISTS {schema}.schedule_run ADD COLUMN run_by name NOT NULL DEFAULT '', ADD COLUMN run bigint, ADD COLUMN views name[],
    DROP CONSTRAINT schedule_run_pkey, ADD CONSTRAINT schedule_run_pkey PRIMARY KEY (project, schedule, run_by);
END IF;
