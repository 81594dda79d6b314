-- One refresh of one view, in `mode` (NULL: the one it was deployed for), on behalf of `schedule`. The log row is committed before
-- the work starts and outlives a failure, so CALL this outside of a transaction. A refresh that fails raises an error then. A view that
-- is being refreshed already is skipped, not waited for, with a notice. A window refresh replaces what lies from `since` (NULL: as far back as its schedules say) until `until`. What
-- stands here runs along the search path of whoever calls it.
CREATE OR REPLACE PROCEDURE {schema}.refresh(
  view_schema name, view_name name, mode text DEFAULT NULL, schedule text DEFAULT NULL, since timestamptz DEFAULT NULL,
  until timestamptz DEFAULT NULL
) LANGUAGE plpgsql AS $$
DECLARE
  run pg_catalog.jsonb;
  outcome pg_catalog.text;
BEGIN
  CALL {schema}.committed('refresh', pg_catalog.jsonb_build_object(
    'view_schema', view_schema, 'view_name', view_name, 'mode', mode, 'schedule', schedule, 'since', since, 'until', until), run);
  CALL {schema}.refresh_work(run::bigint, NULL, outcome);
  CALL {schema}.say_outcome(run::bigint, outcome);
END $$;

-- Says to the caller how a run ended: an error where it failed, a notice where it was skipped, or what it reads of other views is not fresh. All of the run is committed before, so an
-- error undoes nothing, and nothing is locked while the client reads it.
CREATE OR REPLACE PROCEDURE {schema}.say_outcome(run bigint, outcome text)
LANGUAGE plpgsql AS $$
DECLARE
  said pg_catalog.jsonb;
BEGIN
  SET LOCAL search_path = pg_catalog, pg_temp;
  IF outcome IS NOT DISTINCT FROM 'completed' THEN
    said := (SELECT jsonb_build_object('view', format('%I.%I', l.view_schema, l.view_name), 'detail', l.detail) FROM {schema}.refresh_log AS l
             WHERE l.id = run AND strpos(l.detail, 'not fresh: ') > 0);
    IF said IS NOT NULL THEN
      RAISE NOTICE 'the refresh of % was completed, %', said ->> 'view', said ->> 'detail';
    END IF;
    RETURN;
  END IF;
  CALL {schema}.committed('outcome', jsonb_build_object('run', run), said);
  SET LOCAL search_path = pg_catalog, pg_temp;
  IF outcome = 'skipped' THEN
    RAISE NOTICE 'the refresh of % was skipped: %', said ->> 'view', said ->> 'error';
  ELSE
    RAISE EXCEPTION 'the refresh of % failed: %', said ->> 'view', left(coalesce(said ->> 'error', outcome), 4000)
      USING ERRCODE = CASE WHEN said ->> 'sqlstate' ~ '^[0-9A-Z]{5}$' THEN said ->> 'sqlstate' ELSE 'P0001' END,
        HINT = coalesce(said ->> 'hint', format('row %s of %s.refreshes has more', run, '{schema}'));
  END IF;
END $$;

-- What the log says of a run of the same role: the view as SQL, the error, what to do about it.
CREATE OR REPLACE FUNCTION {schema}.outcome_of(run bigint)
RETURNS jsonb LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT jsonb_build_object('view', format('%I.%I', l.view_schema, l.view_name), 'error', l.error, 'sqlstate', l.sqlstate, 'hint', CASE
    WHEN l.sqlstate = '57014' AND current_setting('statement_timeout') <> '0'
    THEN format('the session has statement_timeout = %s: SET statement_timeout = 0 before the CALL, or ALTER ROLE %I SET statement_timeout = 0',
                current_setting('statement_timeout'), l.refreshed_by) END)
  FROM {schema}.refresh_log AS l WHERE l.id = outcome_of.run AND l.refreshed_by = session_user
$$;

-- The work of a run that has begun, in a transaction of its own and in one snapshot; `outcome` says how it ended.
CREATE OR REPLACE PROCEDURE {schema}.refresh_work(run bigint, lock_timeout_seconds double precision, INOUT outcome text)
LANGUAGE plpgsql AS $$
DECLARE
  said pg_catalog.jsonb := pg_catalog.jsonb_build_object('run', run, 'lock_timeout', lock_timeout_seconds);
  answer pg_catalog.jsonb;
BEGIN
  FOR attempt IN 1 .. 4 LOOP
    COMMIT;
    SET LOCAL search_path = pg_catalog, pg_temp;
    CALL {schema}.through('run', said, true, answer);
    SET LOCAL search_path = pg_catalog, pg_temp;
    EXIT WHEN answer <> '"again"';
  END LOOP;
  CALL {schema}.committed('end', said, answer);
  SET LOCAL search_path = pg_catalog, pg_temp;
  outcome := answer #>> '{}';
  COMMIT;
END $$;

-- Writes the log row, and sees to it that the changes of the view's sources are logged from here on. Until the run ends, the row says
-- why changes may have gone unnoticed, and nothing where that is to be asked once more.
CREATE OR REPLACE FUNCTION {schema}.refresh_begin(
  view_schema name, view_name name, mode text DEFAULT NULL, schedule text DEFAULT NULL, since timestamptz DEFAULT NULL,
  until timestamptz DEFAULT NULL
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  deployed {schema}.deployed_view;
  asked text;
  unheard text;
  run bigint;
BEGIN
  PERFORM {schema}.note_lost_changes();
  SELECT * INTO deployed FROM {schema}.deployed_view AS d
  WHERE d.view_schema = refresh_begin.view_schema AND d.view_name = refresh_begin.view_name AND d.kind = 'materialized';
  IF deployed.view_name IS NULL THEN
    RAISE EXCEPTION 'no materialized view %.% is deployed', quote_ident(view_schema), quote_ident(view_name)
      USING ERRCODE = 'undefined_table';
  END IF;
  asked := coalesce(refresh_begin.mode, {schema}.usual_mode(deployed.definition));
  PERFORM {schema}.check_mode(deployed, asked);
  UPDATE {schema}.refresh_log AS lost SET status = 'lost',
    error = 'the session that did it is gone, or was cut off before its end', finished_at = clock_timestamp()
  FROM (SELECT l.id FROM {schema}.refresh_log AS l
        WHERE l.view_schema = deployed.view_schema AND l.view_name = deployed.view_name AND l.status = 'started'
          AND {schema}.is_lost(l.xmax, l.pid, l.started_at)
        FOR UPDATE SKIP LOCKED) AS found
  WHERE lost.id = found.id;
  unheard := {schema}.watch_again(deployed.stored_name);
  INSERT INTO {schema}.refresh_log (view_schema, view_name, mode, schedule, window_start, window_end, detail)
  VALUES (deployed.view_schema, deployed.view_name, asked, refresh_begin.schedule,
          CASE asked WHEN 'window' THEN {schema}.first_in_window(deployed, {schema}.window_start(deployed, refresh_begin.since)) END,
          CASE asked WHEN 'window' THEN refresh_begin.until END, unheard)
  RETURNING id INTO run;
  RETURN run;
END $$;

-- Refuses a name in the log that no schedule of the view bears, but from who may act as the owner; `partitions` is that of the runs that look after these.
CREATE OR REPLACE FUNCTION {schema}.expect_schedule(view_schema name, view_name name, schedule text)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  deployed {schema}.deployed_view;
BEGIN
  SELECT d.* INTO deployed FROM {schema}.deployed_view AS d
  WHERE d.view_schema = expect_schedule.view_schema AND d.view_name = expect_schedule.view_name;
  IF schedule IS NOT NULL AND NOT {schema}.can_act_as(quote_ident(session_user)::regrole, quote_ident(current_user)::regrole) AND NOT EXISTS (
    SELECT FROM {schema}.schedules AS s WHERE s.project = deployed.project AND s.schedule = expect_schedule.schedule
      AND {schema}.called(deployed.view_schema, deployed.view_name, deployed.recorded) = ANY (s.views)
    UNION ALL SELECT FROM {schema}.partitionings(deployed.project) WHERE expect_schedule.schedule = 'partitions'
  ) THEN
    RAISE EXCEPTION 'no schedule % refreshes %.%', quote_literal(schedule), quote_ident(view_schema), quote_ident(view_name)
      USING ERRCODE = 'undefined_object', HINT = 'leave it out: the log then says that somebody asked by hand';
  END IF;
END $$;

-- The mode that a view's schedules ask for.
CREATE OR REPLACE FUNCTION {schema}.usual_mode(definition jsonb)
RETURNS text LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN jsonb_typeof(definition -> 'increment') = 'object' THEN 'incremental'
              WHEN jsonb_typeof(definition -> 'window') = 'object' THEN 'window' ELSE 'full' END
$$;

-- The mode in which a schedule that asks for `mode` refreshes a view: as a whole where it asks for none, or the view cannot
-- have it.
CREATE OR REPLACE FUNCTION {schema}.possible_mode(definition jsonb, mode text)
RETURNS text LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN jsonb_typeof(definition -> CASE mode WHEN 'window' THEN 'window' WHEN 'incremental' THEN 'increment' WHEN 'verify' THEN 'increment' END)
    = 'object' THEN mode ELSE 'full' END
$$;

CREATE OR REPLACE FUNCTION {schema}.check_mode(deployed {schema}.deployed_view, mode text)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF mode NOT IN ('full', 'incremental', 'window', 'verify') THEN
    RAISE EXCEPTION 'there is no mode %', quote_literal(mode) USING HINT = 'full, incremental, window or verify';
  ELSIF mode = 'window' AND jsonb_typeof(deployed.definition -> 'window') <> 'object'
     OR mode IN ('incremental', 'verify') AND jsonb_typeof(deployed.definition -> 'increment') <> 'object' THEN
    RAISE EXCEPTION 'the view %.% was not deployed for refreshes of the mode %', quote_ident(deployed.view_schema),
      quote_ident(deployed.view_name), mode
      USING HINT = 'give it a schedule of that mode and apply: only then is it stored as a table, and are changes logged';
  END IF;
END $$;

-- Where a window refresh begins: there where the row's unit of time begins that `since` is in, or, unless that is told, the
-- moment as far back as the schedules say from the last refresh: what changed since then may have been that old at the time, however long ago.
CREATE OR REPLACE FUNCTION {schema}.window_start(deployed {schema}.deployed_view, since timestamptz)
RETURNS timestamptz LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE w ->> 'unit' WHEN '' THEN back ELSE date_trunc(w ->> 'unit', back, deployed.timezone) END
  FROM (SELECT deployed.definition -> 'window',
               coalesce(window_start.since, least(now(), (
                 SELECT greatest(s.filled_at, s.windowed_at) FROM {schema}.stored_relation AS s WHERE s.stored_name = deployed.stored_name
               )) - make_interval(secs => (deployed.definition #>> '{window,seconds}')::int))) AS b (w, back)
$$;

-- The first row that is in a window from `since` on. Where nothing says how long a row stands for, as a date of a calendar by month or of a body in SQL, that is the
-- last one that is stored and begins by then; where a row of the unit is missing, an earlier one, which does no harm.
CREATE OR REPLACE FUNCTION {schema}.first_in_window(deployed {schema}.deployed_view, since timestamptz)
RETURNS timestamptz LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  told constant name := deployed.definition #>> '{window,column}';
  type name;
  begins timestamptz;
BEGIN
  IF deployed.definition #>> '{window,unit}' <> '' THEN
    RETURN since;
  END IF;
  SELECT t.typname INTO type FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid AND t.typnamespace = 'pg_catalog'::regnamespace
  WHERE a.attrelid = to_regclass(format('%I.%I', '{name}', deployed.stored_name)) AND a.attname = told;
  IF type = 'timestamptz' THEN
    EXECUTE format('SELECT max(s.%1$I) FROM %2$I.%3$I AS s WHERE s.%1$I <= $1', told, '{name}', deployed.stored_name) INTO begins USING since;
  ELSIF type IN ('timestamp', 'date') THEN
    EXECUTE format('SELECT max(s.%1$I)::timestamp AT TIME ZONE $2 FROM %2$I.%3$I AS s WHERE s.%1$I <= ($1 AT TIME ZONE $2)::%4$I', told, '{name}', deployed.stored_name, type)
    INTO begins USING since, deployed.timezone;
  END IF;
  RETURN least(since, begins);
END $$;

-- Whether what lies from `since` until `until` is all of the window that the schedules ask for now.
CREATE OR REPLACE FUNCTION {schema}.is_whole_window(stored_name name, since timestamptz, until timestamptz)
RETURNS boolean LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT since <= {schema}.window_start(d, NULL) AND coalesce(until >= clock_timestamp(), true)
  FROM {schema}.deployed_view AS d WHERE d.stored_name = is_whole_window.stored_name
$$;

-- Mends the logging of changes where it is broken, if that takes no wait; what was missed meanwhile makes the next refresh a
-- whole one. Returns why changes may go unnoticed even so; NULL where they do not.
CREATE OR REPLACE FUNCTION {schema}.watch_again(stored_name name)
RETURNS text LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET lock_timeout = '200ms' AS $$
DECLARE
  watched record;
  state record;
  unheard text;
BEGIN
  FOR watched IN
    SELECT l.log, w.table_schema, w.table_name, w.columns
    FROM {schema}.stored_relation AS s CROSS JOIN unnest(s.watches) AS l (log) LEFT JOIN {schema}.watched_table AS w ON w.log = l.log
    WHERE s.stored_name = watch_again.stored_name
  LOOP
    SELECT * INTO state FROM {schema}.watch_state(watched.log);
    IF state.broken IS NOT NULL AND {schema}.columns_differ(watched.log) IS NOT TRUE AND watched.table_name IS NOT NULL THEN
      BEGIN
        PERFORM {schema}.watch(watched.table_schema, watched.table_name, watched.log, watched.columns);
        SELECT * INTO state FROM {schema}.watch_state(watched.log);
      EXCEPTION WHEN OTHERS THEN
        RAISE WARNING 'the changes of %.% are not logged: %', quote_ident(watched.table_schema), quote_ident(watched.table_name), SQLERRM;
      END;
    END IF;
    IF unheard IS NULL AND coalesce(state.broken, state.unheard) IS NOT NULL THEN
      unheard := {schema}.unnoticed(watched.log, coalesce(state.broken, state.unheard));
    END IF;
  END LOOP;
  UPDATE {schema}.stored_relation AS held SET hold = pg_current_snapshot(), held_at = now()
  FROM (SELECT FROM {schema}.stored_relation AS s WHERE s.stored_name = watch_again.stored_name AND s.watches <> '{}' AND s.cursor IS NULL
        FOR UPDATE SKIP LOCKED) AS idle  -- a refresh that is under way has said so itself
  WHERE held.stored_name = watch_again.stored_name;
  RETURN unheard;
END $$;

-- Has the changes kept that the next attempt at a refresh will not have seen, where what it was to read from was given up since it began:
-- others may already have dropped what the snapshot of this one has not.
CREATE OR REPLACE FUNCTION {schema}.hold_changes(stored_name name)
RETURNS void LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  UPDATE {schema}.stored_relation AS s SET hold = pg_current_snapshot(), held_at = now() WHERE s.stored_name = hold_changes.stored_name
$$;

-- The work of a run that the same role has begun, in one snapshot where the transaction is REPEATABLE READ. Returns how it
-- ended; `again` where another refresh committed just before the snapshot was taken, or its tables changed behind it: then
-- nothing is done.
CREATE OR REPLACE FUNCTION {schema}.refresh_run(run bigint)
RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  entry {schema}.refresh_log;
  deployed {schema}.deployed_view;
  ended {schema}.refresh_log;
  given_up boolean;
  ruled oid[];  -- what is written to and has, or had, rules or triggers, or another owner
BEGIN
  SELECT * INTO entry FROM {schema}.refresh_log WHERE id = run AND status = 'started' AND refreshed_by = session_user FOR UPDATE;
  SELECT d.* INTO deployed FROM {schema}.deployed_view AS d
  WHERE d.view_schema = entry.view_schema AND d.view_name = entry.view_name;
  IF deployed IS NULL THEN
    RAISE EXCEPTION 'run % has not begun, or has ended', run;
  END IF;
  ended := entry;
  ended.status := 'completed';
  ended.detail := NULL;
  IF NOT {schema}.take_turn('refresh ' || deployed.stored_name) THEN
    ended.status := 'skipped';
    ended.error := 'another refresh of this view is under way';
  ELSIF EXISTS (SELECT FROM {schema}.frozen_relation AS f WHERE f.stored_name = deployed.stored_name) THEN
    ended.status := 'skipped';
    ended.error := 'it was released for a change of its base tables: mvc apply builds it anew';
  ELSE
    SELECT bool_and(c.relispopulated AND (s.filled_at IS NOT NULL OR s.companions = '{}')), bool_or(s.watches <> '{}' AND s.cursor IS NULL AND s.hold IS NULL),
      array_agg(c.oid) FILTER (WHERE c.relkind = 'r' AND (c.relhasrules OR c.relhastriggers OR pg_get_userbyid(c.relowner) <> current_user))
    INTO ended.concurrent, given_up, ruled
    FROM {schema}.stored_relation AS s JOIN pg_class AS c ON c.relname IN (s.stored_name, s.companions ->> 'dirty') AND c.relnamespace = to_regnamespace('{schema}')
    WHERE s.stored_name = deployed.stored_name;
    BEGIN
      IF ruled IS NOT NULL THEN
        PERFORM {schema}.expect_ours_alone(ruled);
      END IF;
      IF given_up THEN
        PERFORM {schema}.hold_changes(deployed.stored_name);
        RETURN 'again';
      END IF;
      SELECT f.taken, f.changed, f.groups, f.detail INTO ended.mode, ended.changed, ended.groups, ended.detail
      FROM {schema}.refresh_stored(deployed.stored_name, deployed.timezone, entry.mode, entry.window_start, entry.window_end, entry.detail) AS f;
      SELECT s.rows INTO ended.rows FROM {schema}.stored_relation AS s WHERE s.stored_name = deployed.stored_name;
    EXCEPTION
      WHEN serialization_failure THEN
        UPDATE {schema}.refresh_log AS l SET detail = '' WHERE l.id = run;  -- what was found when it began is of another moment
        RETURN 'again';
      WHEN query_canceled OR assert_failure OR OTHERS THEN
        IF SQLSTATE = '55000' AND {schema}.identify_rows(deployed.stored_name) THEN
          RETURN 'again';
        END IF;
        ended.status := 'failed';
        GET STACKED DIAGNOSTICS ended.error = MESSAGE_TEXT, ended.sqlstate = RETURNED_SQLSTATE;
        ended.error := ended.error || coalesce((
          SELECT format(' (%s)', p.problem) FROM {schema}.problems AS p
          WHERE p.view_schema = deployed.view_schema AND p.view_name = deployed.view_name), '');
        IF ended.sqlstate LIKE '22%' AND {schema}.may_search(deployed.stored_name) THEN  -- a value is wrong, and some row holds it
          ended.detail := 'in ' || {schema}.bad_row(deployed.definition, ended.error);
        END IF;
    END;
  END IF;
  UPDATE {schema}.refresh_log AS l
  SET status = ended.status, mode = ended.mode, concurrent = ended.concurrent, rows = ended.rows, changed = ended.changed, groups = ended.groups, detail = ended.detail,
      error = ended.error, sqlstate = ended.sqlstate, finished_at = clock_timestamp()
  WHERE l.id = run;
  RETURN ended.status;
END $$;

-- Has rows identified as a whole in what a refresh writes to and has no key: where somebody publishes it (FOR ALL TABLES), the server would not let them be changed
-- or deleted. Returns whether there was any. The caller's transaction ends at once.
CREATE OR REPLACE FUNCTION {schema}.identify_rows(stored_name name)
RETURNS boolean LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET lock_timeout = '200ms' AS $$
DECLARE
  published regclass;
  found_any boolean := false;
BEGIN
  FOR published IN
    SELECT c.oid FROM {schema}.stored_relation AS s CROSS JOIN LATERAL (
      SELECT s.stored_name AS name UNION SELECT 'unknown_change' UNION SELECT l.log FROM unnest(s.watches) AS l (log)
      UNION SELECT {schema}.kept_of(l.log) FROM unnest(s.watches) AS l (log)) AS written
    JOIN pg_class AS c ON c.relname = written.name AND c.relnamespace = to_regnamespace('{schema}') AND c.relkind = 'r' AND c.relreplident = 'd'
    WHERE s.stored_name = identify_rows.stored_name AND EXISTS (
      SELECT FROM pg_publication_tables AS p WHERE p.schemaname = '{name}' AND p.tablename = c.relname)
  LOOP
    EXECUTE format('ALTER TABLE %s REPLICA IDENTITY FULL', published);
    found_any := true;
  END LOOP;
  RETURN found_any;
EXCEPTION WHEN lock_not_available THEN
  RETURN false;
END $$;

-- Tidies up after a run: what every view has seen of the logs goes. A run that could not get hold of its view in time has failed.
CREATE OR REPLACE FUNCTION {schema}.refresh_end(run bigint)
RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  entry {schema}.refresh_log;
  log name;
BEGIN
  UPDATE {schema}.refresh_log AS l SET status = 'failed', error = 'other refreshes of this view, or a TRUNCATE or a change of partitions, came between, time and again',
    finished_at = clock_timestamp()
  WHERE l.id = run AND l.status = 'started' AND l.refreshed_by = session_user;
  SELECT * INTO entry FROM {schema}.refresh_log AS l WHERE l.id = run;
  FOR log IN
    SELECT unnest(s.watches) FROM {schema}.stored_relation AS s JOIN {schema}.deployed_view AS d ON d.stored_name = s.stored_name
    WHERE d.view_schema = entry.view_schema AND d.view_name = entry.view_name
  LOOP
    BEGIN
      PERFORM {schema}.purge_changes(ARRAY[log]);
    EXCEPTION
      WHEN undefined_table OR undefined_column THEN  -- somebody dropped it: there is nothing to tidy up, and the next refresh says so
        NULL;
      WHEN object_not_in_prerequisite_state THEN  -- somebody publishes it: the next refresh tidies up
        PERFORM {schema}.identify_rows(s.stored_name) FROM {schema}.stored_relation AS s WHERE log = ANY (s.watches);
    END;
  END LOOP;
  RETURN entry.status;
END $$;
