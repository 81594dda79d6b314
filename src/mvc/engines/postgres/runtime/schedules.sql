-- What has become of each schedule: its times up to `seen` were seen to, the last run was for the one at `tick` (NULL: by hand
-- or for a promise). A schedule is not due for what lies before its first deployment. Each role that refreshes has a row of its own:
-- what one of them claims to have seen to is as due for the others as before, and they find fresh what it did refresh. The row without
-- a role (`run_by` is empty) says since when the schedule is deployed. `run` is the last run's number, `views` what it was to refresh
-- (NULL: partitions), `failed` what of that was not done.
CREATE SEQUENCE IF NOT EXISTS {schema}.schedule_run_number;
CREATE TABLE IF NOT EXISTS {schema}.schedule_run (
  project text NOT NULL,
  schedule text NOT NULL,
  seen timestamptz NOT NULL DEFAULT clock_timestamp(),
  tick timestamptz,
  started_at timestamptz,
  finished_at timestamptz,
  failed name[],
  pid integer,
  resumed boolean NOT NULL DEFAULT false,
  run_by name NOT NULL DEFAULT '',
  run bigint,
  views name[],
  PRIMARY KEY (project, schedule, run_by)
);

-- Runs that go on while the same role has begun another one of the same schedule: what their rows in `schedule_run` were.
CREATE TABLE IF NOT EXISTS {schema}.earlier_run (
  run bigint PRIMARY KEY,
  run_by name NOT NULL,
  state jsonb NOT NULL
);

-- The schedules as each project was deployed with last. `times` is the cron line, read (mvc.compiled.schedule.CronTimes).
CREATE OR REPLACE VIEW {schema}.schedules AS
SELECT latest.project, s.name AS schedule, s.views, s.cron, s.times, s.within_seconds, s.timezone, s.mode, s.timeout_seconds,
  s.lock_timeout_seconds, s.enabled
FROM {schema}.current_target AS latest,
  jsonb_to_recordset(latest.target -> 'schedules') AS s (
    name text, views name[], cron text, times jsonb, within_seconds integer, timezone text, mode text, timeout_seconds integer,
    lock_timeout_seconds integer, enabled boolean);

-- What was promised (`within`), per view and schedule, and how old the rows are as to the refreshes of the view itself: a
-- refresh of a window renews the promise of a schedule of that window alone, and only where it is all of it. It is refreshed at `refresh_at_seconds`: half of the promise, or earlier where its refreshes take so
-- long that twice the longest of the last ten would not fit into the rest; but never more often than each tenth of the promise.
CREATE OR REPLACE VIEW {schema}.promised AS
SELECT s.project, s.schedule, d.view_schema, d.view_name, d.stored_name, s.within_seconds AS promised_seconds, aged.seconds AS own_seconds,
  greatest(s.within_seconds / 10.0, least(s.within_seconds / 2.0, s.within_seconds - 2 * taken.seconds))::double precision AS refresh_at_seconds,
  v.name AS called
FROM {schema}.schedules AS s CROSS JOIN unnest(s.views) AS v (name)
JOIN {schema}.deployed_view AS d ON d.project = s.project AND d.kind = 'materialized'
  AND CASE WHEN d.recorded ? 'apart' THEN d.view_schema || '.' || d.view_name ELSE d.view_name END = v.name
LEFT JOIN {schema}.stored_relation AS r ON r.stored_name = d.stored_name
CROSS JOIN LATERAL (SELECT coalesce(s.mode = 'window' AND jsonb_typeof(d.definition -> 'window') = 'object', false)) AS asked (windowed)
CROSS JOIN LATERAL (
  SELECT extract(epoch FROM clock_timestamp() - CASE WHEN asked.windowed THEN greatest(r.filled_at, r.windowed_at) ELSE r.filled_at END
  )::double precision) AS aged (seconds)
CROSS JOIN LATERAL (
  SELECT coalesce(max(extract(epoch FROM l.finished_at - l.started_at)), 0) FROM (
    SELECT g.started_at, g.finished_at FROM {schema}.refresh_log AS g
    WHERE g.view_schema = d.view_schema AND g.view_name = d.view_name AND g.status = 'completed'
      AND g.mode <> 'verify' AND (g.mode = 'window') = asked.windowed ORDER BY g.started_at DESC LIMIT 10) AS l
) AS taken (seconds)
WHERE s.enabled AND s.within_seconds IS NOT NULL;

-- The moments at which clocks of a zone show a time. As in Debian's cron, `fixed` times happen once: at the first of two, or
-- where a time is left out, as soon as the clocks have moved on. Others happen as often as clocks show them.
CREATE OR REPLACE FUNCTION {schema}.moments(shown timestamp, zone text, fixed boolean)
RETURNS SETOF timestamptz LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  found timestamptz[] := ARRAY(
    SELECT m.at FROM (SELECT (shown AT TIME ZONE zone) + make_interval(mins => n) AS at FROM generate_series(-180, 180, 30) AS n) AS m
    WHERE m.at AT TIME ZONE zone = shown ORDER BY m.at);
BEGIN
  IF NOT fixed THEN
    RETURN QUERY SELECT unnest(found);
  ELSIF cardinality(found) > 0 THEN
    RETURN NEXT found[1];
  ELSE
    RETURN QUERY SELECT s.later AT TIME ZONE zone FROM (SELECT shown + make_interval(mins => n) AS later FROM generate_series(1, 180) AS n) AS s
    WHERE (s.later AT TIME ZONE zone) AT TIME ZONE zone = s.later ORDER BY s.later LIMIT 1;
  END IF;
END $$;

-- The last time of a cron line after `seen` and not after `until`; NULL where there is none. However many were missed, the last
-- counts. Where no clocks were changed near it, nor in the last hours, it is the last time that a clock on the wall has shown: reckoning
-- with moments is for the other days, since it takes some hundred times as long, and each schedule is asked for each minute. Those who
-- call it pin the path.
CREATE OR REPLACE FUNCTION {schema}.latest_tick(times jsonb, zone text, seen timestamptz, until timestamptz)
RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
DECLARE
  wall timestamp := until AT TIME ZONE zone;
  shown timestamp;
  latest timestamptz;
BEGIN
  IF (until - interval '3 hours') AT TIME ZONE zone = wall - interval '3 hours' THEN
    shown := {schema}.latest_shown(times, wall, (seen AT TIME ZONE zone)::date - 1);
    latest := shown AT TIME ZONE zone;
    IF shown IS NULL OR (latest - interval '3 hours') AT TIME ZONE zone = shown - interval '3 hours'
                    AND (latest + interval '3 hours') AT TIME ZONE zone = shown + interval '3 hours' THEN
      RETURN CASE WHEN latest > seen THEN latest END;
    END IF;
  END IF;
  RETURN {schema}.latest_moment(times, zone, seen, until);
END $$;

-- The last time of a cron line that a clock on the wall which nobody changes shows until `wall`, on no day before `first`. Of an array
-- in order, `a[width_bucket(n, a)]` is the greatest that is not above n.
CREATE OR REPLACE FUNCTION {schema}.latest_shown(times jsonb, wall timestamp, first date)
RETURNS timestamp LANGUAGE plpgsql STABLE AS $$
DECLARE
  hours integer[] := {schema}.numbers(times, 'hours');
  minutes integer[] := {schema}.numbers(times, 'minutes');
  months integer[] := {schema}.numbers(times, 'months');
  days integer[] := {schema}.numbers(times, 'days');
  weekdays integer[] := {schema}.numbers(times, 'weekdays');
  either_day boolean := (times ->> 'either_day')::boolean;
  now_hour integer := extract(hour FROM wall)::integer;
  hour integer := hours[width_bucket(now_hour, hours)];
  minute integer := minutes[CASE WHEN hour = now_hour THEN width_bucket(extract(minute FROM wall)::integer, minutes) ELSE cardinality(minutes) END];
  day date := wall::date;
BEGIN
  IF minute IS NULL THEN
    hour := hours[width_bucket(now_hour - 1, hours)];
    minute := minutes[cardinality(minutes)];
  END IF;
  IF hour IS NULL OR NOT {schema}.is_day_among(months, days, weekdays, either_day, day) THEN
    hour := hours[cardinality(hours)];
    minute := minutes[cardinality(minutes)];
    LOOP
      day := day - 1;
      IF day < first THEN
        RETURN NULL;
      END IF;
      EXIT WHEN {schema}.is_day_among(months, days, weekdays, either_day, day);
    END LOOP;
  END IF;
  RETURN day + make_time(hour, minute, 0);
END $$;

-- The same as `latest_tick`, whatever was done to the clocks.
CREATE OR REPLACE FUNCTION {schema}.latest_moment(times jsonb, zone text, seen timestamptz, until timestamptz)
RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
DECLARE
  wall timestamp := until AT TIME ZONE zone;
  day date := wall::date;
  first date := (seen AT TIME ZONE zone)::date - 1;
  hour integer;
  found integer;
  latest timestamptz;
BEGIN
  WHILE day >= first LOOP
    IF {schema}.is_day_of(times, day) THEN
      FOR hour IN SELECT h::integer FROM jsonb_array_elements_text(times -> 'hours') AS h ORDER BY 1 DESC LOOP
        CONTINUE WHEN day + make_time(hour, 0, 0) > wall + interval '3 hours';  -- no clocks are changed by more
        EXIT WHEN hour < found - 2;  -- clocks that were set back show an earlier hour later
        latest := greatest(latest, (
          SELECT max(at) FROM jsonb_array_elements_text(times -> 'minutes') AS m,
            {schema}.moments(day + make_time(hour, m::integer, 0), zone, (times ->> 'fixed')::boolean) AS at
          WHERE at <= until));
        found := CASE WHEN latest IS NULL THEN found ELSE coalesce(found, hour) END;
      END LOOP;
      IF latest IS NOT NULL THEN
        RETURN CASE WHEN latest > seen THEN latest END;
      END IF;
    END IF;
    day := day - 1;
  END LOOP;
  RETURN NULL;
END $$;

-- Those who call these pin the path: the server then puts their bodies in the place of the calls.
CREATE OR REPLACE FUNCTION {schema}.is_day_of(times jsonb, day date)
RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT {schema}.is_day_among({schema}.numbers(times, 'months'), {schema}.numbers(times, 'days'), {schema}.numbers(times, 'weekdays'),
                               (times ->> 'either_day')::boolean, day)
$$;

CREATE OR REPLACE FUNCTION {schema}.is_day_among(months integer[], days integer[], weekdays integer[], either_day boolean, day date)
RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT extract(month FROM day)::integer = ANY (months) AND CASE WHEN either_day
    THEN extract(day FROM day)::integer = ANY (days) OR extract(dow FROM day)::integer = ANY (weekdays)
    ELSE extract(day FROM day)::integer = ANY (days) AND extract(dow FROM day)::integer = ANY (weekdays) END
$$;

CREATE OR REPLACE FUNCTION {schema}.numbers(times jsonb, field text)
RETURNS integer[] LANGUAGE sql STABLE AS $$ SELECT ('{' || btrim(times ->> field, '[]') || '}')::integer[] $$;

-- From when on a schedule is due of which nothing is known, since somebody deleted its row: the last deployment of the project.
CREATE OR REPLACE FUNCTION {schema}.deployed_since(project text)
RETURNS timestamptz LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(max(d.applied_at), clock_timestamp()) FROM {schema}.deployment AS d WHERE d.project = deployed_since.project
$$;

-- What schedules of a project have to refresh now: the one that is `named`, or each of them (NULL). By its cron line one has all its
-- views, since `tick`; by its promise those that are old enough and were not tried within the last tenth of it, by whom it is that asks.
-- A run that was broken off, as by a restart, is due once more; only once, since it may have been the cause. For a schedule of
-- partitions the list is just that word. No row where nothing is due. The schedules are read once, and the promises once; a
-- plan for any name would expect few of them, and compare each with each.
CREATE OR REPLACE FUNCTION {schema}.due_now(project text, named text)
RETURNS TABLE (schedule text, tick timestamptz, views name[]) LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
BEGIN
  RETURN QUERY
  WITH planned AS MATERIALIZED (
    SELECT s.schedule, s.views, s.times, s.timezone, s.mode, row_number() OVER () AS place FROM {schema}.schedules AS s
    WHERE s.project = due_now.project AND s.enabled AND (named IS NULL OR s.schedule = named)
  ), ticked AS MATERIALIZED (
    SELECT p.place, l.*, {schema}.latest_tick(p.times, p.timezone, coalesce(l.seen, d.since), clock_timestamp()) AS latest
    FROM planned AS p CROSS JOIN (SELECT {schema}.deployed_since(due_now.project) AS since) AS d LEFT JOIN LATERAL (
      SELECT r.seen, r.tick, r.started_at, r.finished_at, r.resumed, r.pid FROM {schema}.schedule_run AS r
      WHERE r.project = due_now.project AND r.schedule = p.schedule AND r.run_by IN ('', session_user) ORDER BY r.run_by DESC LIMIT 1) AS l ON true
    WHERE p.times IS NOT NULL
  ), found AS (
    SELECT t.place, coalesce(t.latest, t.tick, t.started_at) AS tick, CASE p.mode WHEN 'partitions' THEN '{partitions}' ELSE p.views END AS views
    FROM ticked AS t JOIN planned AS p ON p.place = t.place
    WHERE t.latest IS NOT NULL OR t.started_at IS NOT NULL AND t.finished_at IS NULL AND NOT t.resumed AND NOT EXISTS (
      SELECT FROM pg_stat_activity AS a WHERE a.pid = t.pid AND coalesce(a.backend_start <= t.started_at, true))
    UNION ALL
    SELECT p.place, NULL, array_agg(o.called ORDER BY array_position(p.views, o.called))
    FROM {schema}.promised AS o JOIN planned AS p ON p.schedule = o.schedule AND p.times IS NULL
    WHERE o.project = due_now.project AND coalesce(o.own_seconds >= o.refresh_at_seconds, true) AND NOT EXISTS (
      SELECT FROM {schema}.refresh_log AS g WHERE g.view_schema = o.view_schema AND g.view_name = o.view_name
        AND g.started_at > clock_timestamp() - make_interval(secs => o.promised_seconds / 10.0) AND g.refreshed_by = session_user)
    GROUP BY p.place
  )
  SELECT p.schedule, f.tick, f.views FROM found AS f JOIN planned AS p ON p.place = f.place WHERE cardinality(f.views) > 0 ORDER BY f.place;
END $$;

-- The same of one schedule; an empty list where nothing is due.
CREATE OR REPLACE FUNCTION {schema}.due_views(project text, schedule text, OUT tick timestamptz, OUT views name[])
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  SELECT d.tick, d.views INTO tick, views FROM {schema}.due_now(due_views.project, due_views.schedule) AS d;
  views := coalesce(views, '{}');
END $$;

-- The schedules of a project that have something to do now.
CREATE OR REPLACE FUNCTION {schema}.due(project text)
RETURNS SETOF text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT d.schedule FROM {schema}.due_now(due.project, NULL) AS d
$$;

-- Seconds until something of the project may be due: cron lines go by whole minutes, promises by the age of the data.
CREATE OR REPLACE FUNCTION {schema}.seconds_to_next(project text)
RETURNS double precision LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT least(60 - extract(second FROM clock_timestamp()), min(greatest(
    p.refresh_at_seconds - coalesce(p.own_seconds, p.promised_seconds),
    p.promised_seconds / 10.0 - extract(epoch FROM clock_timestamp() - tried.at))))
  FROM {schema}.promised AS p CROSS JOIN LATERAL (
    SELECT max(l.started_at) FROM {schema}.refresh_log AS l
    WHERE l.view_schema = p.view_schema AND l.view_name = p.view_name AND l.refreshed_by = session_user) AS tried (at)
  WHERE p.project = seconds_to_next.project
$$;

-- A run of the same role that has begun and not ended.
CREATE OR REPLACE FUNCTION {schema}.run_under_way(number bigint)
RETURNS SETOF {schema}.schedule_run LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT r.* FROM {schema}.schedule_run AS r WHERE r.run = number AND r.run_by = session_user AND r.finished_at IS NULL
  UNION ALL SELECT s.* FROM {schema}.earlier_run AS e CROSS JOIN jsonb_populate_record(NULL::{schema}.schedule_run, e.state) AS s
  WHERE e.run = number AND e.run_by = session_user
$$;

-- Keeps what another session of the same role is at of a schedule, before a run of its own takes the row of it; those that were cut off go.
CREATE OR REPLACE FUNCTION {schema}.keep_earlier_run(project text, schedule text)
RETURNS void LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  DELETE FROM {schema}.earlier_run AS e WHERE e.run_by = session_user AND NOT EXISTS (
    SELECT FROM pg_stat_activity AS a WHERE a.pid = (e.state ->> 'pid')::integer AND coalesce(a.backend_start <= (e.state ->> 'started_at')::timestamptz, true));
  INSERT INTO {schema}.earlier_run (run, run_by, state)
  SELECT r.run, r.run_by, to_jsonb(r) FROM {schema}.schedule_run AS r
  WHERE r.project = keep_earlier_run.project AND r.schedule = keep_earlier_run.schedule AND r.run_by = session_user
    AND r.run IS NOT NULL AND r.started_at IS NOT NULL AND r.finished_at IS NULL AND r.pid <> pg_backend_pid()
    AND EXISTS (SELECT FROM pg_stat_activity AS a WHERE a.pid = r.pid AND coalesce(a.backend_start <= r.started_at, true))
  ON CONFLICT DO NOTHING
$$;

-- Begins a run of a schedule, and no session of the same role begins it for the same time: its number, and what it has to refresh, in
-- order. Nothing where it was only to run `if_due` and is not. What is fresh since `since` need not be refreshed again. One that `insists` is to be
-- refreshed in full while another refresh of it may do less. A row of the mode `partitions` is no view.
CREATE OR REPLACE FUNCTION {schema}.schedule_begin(project text, schedule text, if_due boolean)
RETURNS TABLE (view_schema name, view_name name, called name, mode text, timeout_seconds integer, lock_timeout_seconds integer, since timestamptz, insists boolean, run bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  planned {schema}.schedules;
  chosen name[];
  ticked timestamptz;
  number bigint;
BEGIN
  SELECT s.* INTO planned FROM {schema}.schedules AS s WHERE s.project = schedule_begin.project AND s.schedule = schedule_begin.schedule;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no schedule % of the project % is deployed', quote_ident(schedule), quote_ident(project)
      USING ERRCODE = 'undefined_object', HINT = 'deploy it: mvc apply';
  END IF;
  INSERT INTO {schema}.schedule_run AS r (project, schedule, run_by, seen)
  VALUES (schedule_begin.project, schedule_begin.schedule, session_user, coalesce((
    SELECT b.seen FROM {schema}.schedule_run AS b
    WHERE b.project = schedule_begin.project AND b.schedule = schedule_begin.schedule AND b.run_by = ''), {schema}.deployed_since(schedule_begin.project)))
  ON CONFLICT ON CONSTRAINT schedule_run_pkey DO UPDATE SET seen = r.seen;  -- which locks it
  chosen := planned.views;
  IF if_due THEN
    SELECT found.tick, found.views INTO ticked, chosen FROM {schema}.due_views(schedule_begin.project, schedule_begin.schedule) AS found;
  END IF;
  IF cardinality(chosen) = 0 AND (if_due OR planned.mode IS DISTINCT FROM 'partitions') THEN
    RETURN;
  END IF;
  number := nextval('{schema}' || '.schedule_run_number');
  PERFORM {schema}.keep_earlier_run(schedule_begin.project, schedule_begin.schedule);
  UPDATE {schema}.schedule_run AS r
  SET run = number, views = CASE WHEN planned.mode IS DISTINCT FROM 'partitions' THEN chosen END, seen = clock_timestamp(), tick = ticked, resumed = coalesce(ticked <= r.seen, false),
      started_at = clock_timestamp(), finished_at = NULL, failed = NULL, pid = pg_backend_pid()
  WHERE r.project = schedule_begin.project AND r.schedule = schedule_begin.schedule AND r.run_by = session_user;
  IF planned.mode = 'partitions' THEN
    RETURN QUERY SELECT ''::name, 'partitions'::name, 'partitions'::name, planned.mode, NULL::integer, NULL::integer, ticked, false, number;
    RETURN;
  END IF;
  RETURN QUERY SELECT d.view_schema, d.view_name, {schema}.called(d.view_schema, d.view_name, d.recorded), {schema}.possible_mode(d.definition, planned.mode), planned.timeout_seconds,
    planned.lock_timeout_seconds, ticked, planned.mode = 'full' AND jsonb_typeof(d.definition -> 'merge') = 'object', number
  FROM unnest(chosen) WITH ORDINALITY AS v (name, place)
  JOIN {schema}.deployed_view AS d ON d.project = schedule_begin.project AND {schema}.called(d.view_schema, d.view_name, d.recorded) = v.name AND d.kind = 'materialized'
  ORDER BY v.place;
END $$;

-- Begins the refresh of one view, or logs why not: `failed` names views whose refresh failed just before and that it reads, or
-- (since `since`) it was refreshed as completely as it would be now: in the same mode, and no smaller a window. `lower` and `upper` are the bounds of a window refresh.
-- `run` is NULL where the view is no longer deployed.
CREATE OR REPLACE FUNCTION {schema}.refresh_step(
  view_schema name, view_name name, mode text, schedule text, since timestamptz, failed name[], lower timestamptz DEFAULT NULL,
  upper timestamptz DEFAULT NULL, OUT run bigint, OUT reason text
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  deployed {schema}.deployed_view;
  broken name;
BEGIN
  SELECT d.* INTO deployed FROM {schema}.deployed_view AS d
  WHERE d.view_schema = refresh_step.view_schema AND d.view_name = refresh_step.view_name AND d.kind = 'materialized';
  IF deployed IS NULL THEN
    reason := 'not deployed here';
    RETURN;
  END IF;
  SELECT f.name INTO broken FROM {schema}.feeding(deployed.project, {schema}.called(deployed.view_schema, deployed.view_name, deployed.recorded)) AS f (name) WHERE f.name = ANY (failed) LIMIT 1;
  IF broken IS NOT NULL THEN
    reason := format('reads %s, which failed', broken);
  ELSIF EXISTS (SELECT FROM {schema}.refresh_log AS l
                WHERE l.view_schema = deployed.view_schema AND l.view_name = deployed.view_name AND l.status = 'completed'
                  AND l.started_at >= since AND l.mode <> 'verify'
                  AND (refresh_step.mode IS NULL OR l.mode IN ('full', refresh_step.mode))
                  AND (l.mode <> 'window' OR l.window_start <= {schema}.window_start(deployed, lower)
                                         AND coalesce(l.window_end >= coalesce(upper, clock_timestamp()), true))) THEN
    reason := 'it is fresh already: it was refreshed since this schedule was due';
  END IF;
  run := {schema}.refresh_begin(deployed.view_schema, deployed.view_name, refresh_step.mode, refresh_step.schedule, lower, upper);
  UPDATE {schema}.refresh_log SET status = 'skipped', error = reason, finished_at = clock_timestamp() WHERE id = run AND reason IS NOT NULL;
END $$;

-- The same for a view of a run of a schedule that the same role has begun: what the schedule says, and what became of the run so far,
-- decides about the rest.
CREATE OR REPLACE FUNCTION {schema}.schedule_step(number bigint, view_schema name, view_name name, OUT run bigint, OUT reason text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  under_way {schema}.schedule_run;
  asked text;
BEGIN
  SELECT r.* INTO under_way FROM {schema}.run_under_way(number) AS r WHERE EXISTS (
    SELECT FROM {schema}.deployed_view AS d
    WHERE d.view_schema = schedule_step.view_schema AND d.view_name = schedule_step.view_name AND {schema}.called(d.view_schema, d.view_name, d.recorded) = ANY (r.views));
  IF under_way IS NULL THEN
    RAISE EXCEPTION 'run % of a schedule has not begun, or has ended, or is not of %', number, quote_ident(view_name);
  END IF;
  SELECT {schema}.possible_mode(d.definition, s.mode) INTO asked FROM {schema}.schedules AS s
  JOIN {schema}.deployed_view AS d ON d.view_schema = schedule_step.view_schema AND d.view_name = schedule_step.view_name
  WHERE s.project = under_way.project AND s.schedule = under_way.schedule;
  SELECT s.run, s.reason INTO run, reason
  FROM {schema}.refresh_step(schedule_step.view_schema, schedule_step.view_name, asked, under_way.schedule, under_way.tick,
                             {schema}.undone(under_way, ARRAY['failed', 'lost'])) AS s;
  UPDATE {schema}.refresh_log AS l SET schedule_run = number WHERE l.id = schedule_step.run;
END $$;

-- The views of a run whose last row in the log has one of these states. A NULL among them stands for a view without a row.
CREATE OR REPLACE FUNCTION {schema}.undone(under_way {schema}.schedule_run, states text[])
RETURNS name[] LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(array_agg({schema}.called(d.view_schema, d.view_name, d.recorded) ORDER BY v.place), '{}') FROM unnest(under_way.views) WITH ORDINALITY AS v (name, place)
  JOIN {schema}.deployed_view AS d ON d.project = under_way.project AND {schema}.called(d.view_schema, d.view_name, d.recorded) = v.name AND d.kind = 'materialized'
  LEFT JOIN LATERAL (
    SELECT l.status FROM {schema}.refresh_log AS l
    WHERE l.view_schema = d.view_schema AND l.view_name = d.view_name AND l.started_at >= under_way.started_at AND l.schedule_run = under_way.run
    ORDER BY l.started_at DESC, l.id DESC LIMIT 1) AS latest ON true
  WHERE latest.status = ANY (states) OR latest.status IS NULL AND array_position(states, NULL) IS NOT NULL
$$;

-- The views that a view of a project reads, and those that these read.
CREATE OR REPLACE FUNCTION {schema}.feeding(project text, called name)
RETURNS SETOF name LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH RECURSIVE upstream (name) AS (
    SELECT u::name FROM {schema}.deployed_view AS d, jsonb_array_elements_text(d.definition -> 'upstream') AS u
    WHERE d.project = feeding.project AND {schema}.called(d.view_schema, d.view_name, d.recorded) = feeding.called
    UNION
    SELECT u::name FROM upstream JOIN {schema}.deployed_view AS d ON d.project = feeding.project AND {schema}.called(d.view_schema, d.view_name, d.recorded) = upstream.name,
      jsonb_array_elements_text(d.definition -> 'upstream') AS u
  )
  SELECT name FROM upstream
$$;

-- Ends a run that was begun and broken off from outside; only its own role does that.
CREATE OR REPLACE FUNCTION {schema}.refresh_abandon(run bigint, reason text, state text)
RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  UPDATE {schema}.refresh_log SET status = 'failed', error = reason, sqlstate = state, finished_at = clock_timestamp()
  WHERE id = run AND status = 'started' AND refreshed_by = session_user
$$;

-- Ends a run, and says what of it was not done: by the log, or by what is still due of partitions.
CREATE OR REPLACE FUNCTION {schema}.schedule_end(number bigint)
RETURNS name[] LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  WITH run AS (
    SELECT CASE WHEN r.views IS NOT NULL THEN {schema}.undone(r, ARRAY['started', 'failed', 'lost', NULL])
      WHEN EXISTS (SELECT FROM {schema}.partition_tasks(r.project)) THEN '{partitions}' ELSE '{}' END AS failed
    FROM {schema}.run_under_way(number) AS r
  ), earlier AS (
    DELETE FROM {schema}.earlier_run AS e WHERE e.run = number AND e.run_by = session_user
  ), latest AS (
    UPDATE {schema}.schedule_run AS r SET finished_at = clock_timestamp(), failed = run.failed FROM run
    WHERE r.run = number AND r.run_by = session_user AND r.finished_at IS NULL
  )
  SELECT run.failed FROM run
$$;

-- One run of a schedule, for pg_cron or by hand; CALL it outside of a transaction. Each view is refreshed, logged and committed
-- by itself. Raises in the end if one failed. One that insists on a refresh in full and finds another one at it comes again at
-- the end. A time limit cannot be set within a CALL: `stop_overdue` sees to it. What it names is PostgreSQL's own: see
-- `refresh_project`.
CREATE OR REPLACE PROCEDURE {schema}.run_schedule(project text, schedule text, if_due boolean DEFAULT false)
LANGUAGE plpgsql AS $$
DECLARE
  waiting pg_catalog.jsonb;
  task pg_catalog.jsonb;
  step pg_catalog.jsonb;
  outcome pg_catalog.text;
  run pg_catalog.jsonb;
  failed pg_catalog.text[];
  again integer := 0;
BEGIN
  CALL {schema}.committed('begin schedule', pg_catalog.jsonb_build_object('project', project, 'schedule', schedule, 'if_due', if_due), waiting);
  SET LOCAL search_path = pg_catalog, pg_temp;
  run := waiting #> '{0,run}';
  IF waiting #>> '{0,mode}' = 'partitions' THEN
    CALL {schema}.partition_work(project, failed);
    CALL {schema}.committed('end schedule', pg_catalog.jsonb_build_object('run', run), step);
    SET LOCAL search_path = pg_catalog, pg_temp;
    IF failed IS NOT NULL THEN
      RAISE EXCEPTION 'failed: %', array_to_string(failed, '; ') USING HINT = '{schema}' || '.partition_log says why';
    END IF;
    RETURN;
  END IF;
  WHILE jsonb_array_length(waiting) > 0 LOOP
    task := waiting -> 0;
    waiting := waiting - 0;
    CALL {schema}.committed('step of schedule', task, step);
    SET LOCAL search_path = pg_catalog, pg_temp;
    IF step ->> 'run' IS NOT NULL AND step ->> 'reason' IS NULL THEN
      CALL {schema}.refresh_work((step ->> 'run')::bigint, (task ->> 'lock_timeout_seconds')::double precision, outcome);
      SET LOCAL search_path = pg_catalog, pg_temp;
      IF outcome = 'skipped' AND (task ->> 'insists')::boolean AND again < 5 THEN
        again := again + 1;
        waiting := waiting || task;
        PERFORM pg_catalog.pg_sleep(2 ^ again) WHERE jsonb_array_length(waiting) = 1;
      END IF;
    END IF;
  END LOOP;
  IF waiting IS NOT NULL THEN
    CALL {schema}.committed('end schedule', jsonb_build_object('run', run), step);
    SET LOCAL search_path = pg_catalog, pg_temp;
  END IF;
  IF jsonb_array_length(step) > 0 THEN
    RAISE EXCEPTION 'refreshing failed: %', (SELECT string_agg(name, ', ') FROM jsonb_array_elements_text(step) AS name)
      USING HINT = 'the log has the reasons';
  END IF;
END $$;

-- Cancels the refreshes of a project that take longer than their schedule allows, as far as they are the caller's own. Returns
-- how many.
CREATE OR REPLACE FUNCTION {schema}.stop_overdue(project text)
RETURNS integer LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  SELECT count(pg_cancel_backend(a.pid))::integer
  FROM {schema}.refresh_log AS l JOIN {schema}.deployed_view AS d ON d.view_schema = l.view_schema AND d.view_name = l.view_name
  JOIN {schema}.schedules AS s ON s.project = d.project AND s.schedule = l.schedule
  JOIN pg_stat_activity AS a ON a.pid = l.pid AND a.backend_start <= l.started_at AND a.usename = current_user
    AND {schema}.is_locked(l.xmax)  -- else the session is at something else by now
    AND EXISTS (SELECT FROM pg_locks AS k WHERE k.pid = a.pid AND k.locktype = 'relation' AND k.relation = '{schema}.refresh_log'::regclass AND k.mode = 'RowShareLock')
  WHERE d.project = stop_overdue.project AND l.status = 'started'
    AND l.started_at + make_interval(secs => s.timeout_seconds) < clock_timestamp()
$$;

-- Makes the schedules of a project known when it is deployed, so that what was due before counts for none of them.
CREATE OR REPLACE FUNCTION {schema}.follow_schedules(target jsonb)
RETURNS void LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  DELETE FROM {schema}.schedule_run AS r WHERE r.project = target ->> 'project'
    AND NOT EXISTS (SELECT FROM jsonb_array_elements(target -> 'schedules') AS s WHERE s ->> 'name' = r.schedule);
  INSERT INTO {schema}.schedule_run (project, schedule)
  SELECT target ->> 'project', s ->> 'name' FROM jsonb_array_elements(target -> 'schedules') AS s
  ON CONFLICT DO NOTHING
$$;
