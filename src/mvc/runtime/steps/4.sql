-- installation gets columns for the generation and the version, stored_relation, refresh_log and schedule_run ones for proofs and runs.
ALTER TABLE IF EXISTS {schema}.installation ADD COLUMN IF NOT EXISTS generation integer, ADD COLUMN IF NOT EXISTS compiler text;
ALTER TABLE IF EXISTS {schema}.stored_relation ADD COLUMN IF NOT EXISTS proven jsonb, ADD COLUMN IF NOT EXISTS windowed_at timestamptz;
ALTER TABLE IF EXISTS {schema}.refresh_log ADD COLUMN IF NOT EXISTS schedule_run bigint;
ALTER TABLE IF EXISTS {schema}.schedule_run ADD COLUMN IF NOT EXISTS run_by name NOT NULL DEFAULT '', ADD COLUMN IF NOT EXISTS run bigint,
  ADD COLUMN IF NOT EXISTS views name[], DROP CONSTRAINT IF EXISTS schedule_run_pkey,
  ADD CONSTRAINT schedule_run_pkey PRIMARY KEY (project, schedule, run_by);
