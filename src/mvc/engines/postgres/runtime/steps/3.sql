-- stored_relation and refresh_log get the columns of incremental refreshes, windows and schedules.
ALTER TABLE {schema}.stored_relation ADD COLUMN companions jsonb NOT NULL DEFAULT '{}',
  ADD COLUMN query_name name GENERATED ALWAYS AS ((companions ->> 'query')::name) STORED, ADD COLUMN filled_by xid8,
  ADD COLUMN watches name[] NOT NULL DEFAULT '{}', ADD COLUMN cursor pg_snapshot, ADD COLUMN as_of timestamptz, ADD COLUMN server text,
  ADD COLUMN missed text, ADD COLUMN hold pg_snapshot, ADD COLUMN held_at timestamptz;
-- What ran before has no process that could be looked for.
ALTER TABLE {schema}.refresh_log ADD COLUMN schedule text, ADD COLUMN changed bigint, ADD COLUMN groups bigint, ADD COLUMN window_start timestamptz,
  ADD COLUMN window_end timestamptz, ADD COLUMN detail text, ADD COLUMN pid integer NOT NULL DEFAULT 0,
  DROP CONSTRAINT refresh_log_mode_check, DROP CONSTRAINT refresh_log_status_check,
  ADD CONSTRAINT refresh_log_mode_check CHECK (mode IN ('full', 'incremental', 'window', 'verify')),
  ADD CONSTRAINT refresh_log_status_check CHECK (status IN ('started', 'completed', 'failed', 'skipped', 'lost'));
ALTER TABLE {schema}.refresh_log ALTER COLUMN pid SET DEFAULT pg_backend_pid();
