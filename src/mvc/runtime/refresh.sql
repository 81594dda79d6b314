-- One refresh of one view, in `mode` (NULL: the one it was deployed for), on behalf of `schedule`. The log row is committed before
-- the work starts and outlives a failure, so CALL this outside of a transaction. A view that is being refreshed already is skipped,
-- not waited for.
CREATE OR REPLACE PROCEDURE {schema}.refresh(view_schema name, view_name name, mode text DEFAULT NULL, schedule text DEFAULT NULL)
LANGUAGE plpgsql AS $$
DECLARE
  run bigint := {schema}.refresh_begin(view_schema, view_name, mode, schedule);
BEGIN
  COMMIT;
  PERFORM {schema}.refresh_run(run);
  COMMIT;
END $$;

CREATE OR REPLACE FUNCTION {schema}.refresh_begin(view_schema name, view_name name, mode text DEFAULT NULL, schedule text DEFAULT NULL)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  run bigint;
BEGIN
  INSERT INTO {schema}.refresh_log (view_schema, view_name, mode, schedule)
  SELECT d.view_schema, d.view_name, coalesce(refresh_begin.mode, 'full'), refresh_begin.schedule FROM {schema}.deployed_view AS d
  WHERE d.view_schema = refresh_begin.view_schema AND d.view_name = refresh_begin.view_name AND d.kind = 'materialized'
  RETURNING id INTO run;
  IF run IS NULL THEN
    RAISE EXCEPTION 'no materialized view %.% is deployed', quote_ident(view_schema), quote_ident(view_name)
      USING ERRCODE = 'undefined_table';
  END IF;
  RETURN run;
END $$;

-- The work of a run that has begun.
CREATE OR REPLACE FUNCTION {schema}.refresh_run(run bigint)
RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  entry {schema}.refresh_log;
  deployed {schema}.deployed_view;
  stored text;
  populated boolean;
  counted bigint;
  written bigint;
  outcome text := 'completed';
  message text;
  state text;
BEGIN
  SELECT * INTO entry FROM {schema}.refresh_log WHERE id = run AND status = 'started' FOR UPDATE;
  SELECT d.* INTO deployed FROM {schema}.deployed_view AS d
  WHERE d.view_schema = entry.view_schema AND d.view_name = entry.view_name;
  IF deployed IS NULL THEN
    RAISE EXCEPTION 'run % has not begun, or has ended', run;
  END IF;
  stored := format('%I.%I', '{name}', deployed.stored_name);
  IF NOT pg_try_advisory_xact_lock(hashtextextended(stored, 0)) THEN
    UPDATE {schema}.refresh_log SET status = 'skipped', error = 'another refresh of this view is under way', finished_at = clock_timestamp()
    WHERE id = run;
    RETURN 'skipped';
  END IF;
  BEGIN
    SELECT c.relispopulated INTO STRICT populated FROM pg_class AS c WHERE c.oid = stored::regclass;
    written := {schema}.fill(deployed.stored_name, deployed.timezone, populated);
    EXECUTE format('ANALYZE %s', stored);
    SELECT s.rows INTO counted FROM {schema}.stored_relation AS s WHERE s.stored_name = deployed.stored_name;
  EXCEPTION WHEN query_canceled OR assert_failure OR OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, state = RETURNED_SQLSTATE;
    outcome := 'failed';
  END;
  UPDATE {schema}.refresh_log
  SET status = outcome, concurrent = populated, rows = counted, changed = written, error = message, sqlstate = state,
      finished_at = clock_timestamp()
  WHERE id = run;
  RETURN outcome;
END $$;
