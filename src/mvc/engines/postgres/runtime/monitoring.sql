-- What can be seen of the views: freshness, sizes, runs, broken promises; and who is told. The names in these views are
-- PostgreSQL's own, whatever the path that the project needs.
SELECT set_config('mvc.kept_path', current_setting('search_path'), true), set_config('search_path', 'pg_catalog, pg_temp', true);

CREATE INDEX IF NOT EXISTS refresh_log_failed ON {schema}.refresh_log (view_schema, view_name, started_at DESC) WHERE status IN ('failed', 'lost');
CREATE INDEX IF NOT EXISTS refresh_log_open ON {schema}.refresh_log (view_schema, view_name) WHERE status = 'started';

-- The log. A run whose session has gone is lost; another session may have its process id by now. `seconds` of one that is under
-- way are those so far.
CREATE OR REPLACE VIEW {schema}.refreshes AS
SELECT r.id, r.view_schema, r.view_name, r.mode, r.schedule, now.status, r.concurrent, r.rows, r.changed, r.groups, r.window_start,
  r.window_end, r.detail, r.error, r.sqlstate, r.refreshed_by, r.pid, r.started_at, r.finished_at,
  extract(epoch FROM CASE now.status WHEN 'started' THEN greatest(now(), r.started_at) ELSE r.finished_at END - r.started_at)::double precision AS seconds
FROM {schema}.refresh_log AS r,
  LATERAL (SELECT CASE WHEN r.status = 'started' AND {schema}.is_lost(r.xmax, r.pid, r.started_at) THEN 'lost' ELSE r.status END) AS now (status);

-- The views of which something is not there any more, since somebody dropped it behind our back or base tables are being changed, and what to do.
CREATE OR REPLACE VIEW {schema}.problems AS
SELECT d.project, d.view_schema, d.view_name, CASE WHEN r.released IS NULL THEN format('%s is gone: mvc apply puts it back', gone.what)
  WHEN r.released OPERATOR(pg_catalog.?) 'shown' THEN 'it was released for a change of base tables that its rules read, and shows no rows: mvc apply puts it back'
  ELSE 'it was released for a change of its base tables, and shows the last rows: mvc apply builds it anew' END AS problem
FROM {schema}.deployed_view AS d
LEFT JOIN {schema}.stored_relation AS s ON s.stored_name = d.stored_name
LEFT JOIN {schema}.released_view AS r ON r.view_schema = d.view_schema AND r.view_name = d.view_name
CROSS JOIN LATERAL (
  SELECT CASE
    WHEN NOT EXISTS (
      SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = d.view_schema AND c.relname = d.view_name AND c.relkind = 'v')
    THEN format('the view %I.%I, which readers use,', d.view_schema, d.view_name)
    WHEN NOT EXISTS (SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = '{name}' AND c.relname = d.stored_name)
    THEN format('%I.%I, which stores it,', '{name}', d.stored_name)
    WHEN d.kind = 'materialized' AND s.stored_name IS NULL THEN format('its row of %I.stored_relation', '{name}')
    ELSE coalesce((
      SELECT format('%I.%I, which its refreshes read,', '{name}', beside.name) FROM jsonb_each_text(s.companions) AS beside (purpose, name)
      WHERE NOT EXISTS (SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = '{name}' AND c.relname = beside.name)
      ORDER BY beside.name LIMIT 1), (
      SELECT CASE WHEN w.log IS NULL THEN format('the row %s of %I.watched_table', watched.log, '{name}') ELSE format('%I.%I, the log of changes of %I.%I,', '{name}', part.name, w.table_schema, w.table_name) END
      FROM unnest(s.watches) AS watched (log) LEFT JOIN {schema}.watched_table AS w ON w.log = watched.log
      CROSS JOIN unnest(ARRAY[watched.log, regexp_replace(watched.log, '^changes_', 'kept_')]) AS part (name)
      WHERE w.log IS NULL OR NOT EXISTS (SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = '{name}' AND c.relname = part.name)
      ORDER BY part.name LIMIT 1)) END) AS gone (what)
WHERE gone.what IS NOT NULL OR r.released IS NOT NULL;

-- Bytes of a relation: its own with the maps, its indexes, its toast with its index; the sum is `total_bytes`. NULL while somebody
-- holds it so that not even its size can be asked: whoever looks on does not queue.
CREATE OR REPLACE FUNCTION {schema}.sizes_of(
  relation oid, OUT table_bytes bigint, OUT index_bytes bigint, OUT toast_bytes bigint, OUT total_bytes bigint
) LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET lock_timeout = '50ms' AS $$
DECLARE
  toast oid := (SELECT nullif(c.reltoastrelid, 0) FROM pg_class AS c WHERE c.oid = relation);
  whole bigint := pg_total_relation_size(relation::regclass);
  indexes bigint := pg_indexes_size(relation::regclass);
  aside bigint := coalesce(pg_total_relation_size(toast::regclass), 0);
BEGIN
  total_bytes := whole;
  index_bytes := indexes;
  toast_bytes := aside;
  table_bytes := whole - indexes - aside;
END $$;

-- The same, and nothing where it would have to wait.
CREATE OR REPLACE FUNCTION {schema}.sizes_at_once(
  relation oid, OUT table_bytes bigint, OUT index_bytes bigint, OUT toast_bytes bigint, OUT total_bytes bigint
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  SELECT s.* INTO table_bytes, index_bytes, toast_bytes, total_bytes FROM {schema}.sizes_of(relation) AS s;
EXCEPTION WHEN lock_not_available THEN
  RETURN;
END $$;

-- How many groups wait for the next incremental refresh, up to 100,000; NULL for a view that is always refreshed as a whole, or
-- whose refresh would fail: for a policy of a base table, for one that is a view now (functions of the table's owner must not run with our
-- rights), for what somebody dropped, for a value that cannot be computed. Others are counted all the same. What it has locked to read is given back at once, whatever else the caller's transaction does.
CREATE OR REPLACE FUNCTION {schema}.queued_groups(view_schema name, view_name name)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET lock_timeout = '50ms' SET TimeZone = 'UTC' SET row_security = off AS $$
DECLARE
  moved name;
  stored {schema}.stored_relation;
  zone text;
  queued bigint;
BEGIN
  SELECT s.companions ->> 'moved', d.timezone INTO moved, zone
  FROM {schema}.deployed_view AS d JOIN {schema}.stored_relation AS s ON s.stored_name = d.stored_name
  WHERE d.view_schema = queued_groups.view_schema AND d.view_name = queued_groups.view_name;
  IF moved IS NOT NULL THEN
    SELECT s.* INTO stored FROM {schema}.stored_relation AS s WHERE s.companions ->> 'moved' = moved;
    PERFORM set_config('TimeZone', zone, true), {schema}.expect_sources(stored);
    EXECUTE format('SELECT count(*) FROM (SELECT FROM %I.%I LIMIT 100000) AS waiting', '{name}', moved) INTO queued;
  END IF;
  RAISE EXCEPTION USING ERRCODE = 'MV000';  -- gives the locks back, which a commit alone would not
EXCEPTION WHEN SQLSTATE 'MV000' THEN
  RETURN queued;
WHEN OTHERS THEN
  RETURN NULL;
END $$;

-- One row for each deployed view. `data_as_of` is when all rows that its refreshes renew were renewed last: all of them, or those of its
-- window. `today` begins at midnight in the project's zone. `dead_rows` are row versions that nobody
-- sees any more, as the statistics estimate them, `dead_share` their share of all: the part of the table that a vacuum would
-- free. `problem` says what of the view is gone, `behind` what it reads of another view that stands still.
CREATE OR REPLACE VIEW {schema}.view_status AS
SELECT d.view_schema, d.view_name, d.project, d.kind,
  CASE c.relkind WHEN 'm' THEN 'materialized view' WHEN 'r' THEN 'table' WHEN 'v' THEN 'view' END AS storage, d.stored_name,
  s.rows, size.table_bytes, size.index_bytes, size.toast_bytes, size.total_bytes,
  coalesce(c.relispopulated, false) AS populated, fresh.at AS data_as_of,
  extract(epoch FROM clock_timestamp() - fresh.at)::double precision AS age_seconds,
  latest.status AS last_status, latest.started_at AS last_started_at, latest.seconds AS last_seconds,
  completed.finished_at AS last_success_at, completed.seconds AS last_success_seconds,
  failed.error AS last_error, failed.sqlstate AS last_sqlstate, coalesce(failed.finished_at, failed.started_at) AS last_error_at,
  today.completed AS completed_today, today.failed AS failed_today, today.skipped AS skipped_today, today.lost AS lost_today,
  running.since AS running_since,
  coalesce(unkept.count, 0) AS broken_promises,
  stat.n_dead_tup AS dead_rows, stat.n_dead_tup / nullif(stat.n_live_tup + stat.n_dead_tup, 0)::double precision AS dead_share,
  {schema}.queued_groups(d.view_schema, d.view_name) AS queued_groups,
  (SELECT p.problem FROM {schema}.problems AS p WHERE p.view_schema = d.view_schema AND p.view_name = d.view_name) AS problem,
  CASE WHEN still.stored_name IS NOT NULL THEN format('what it reads of %I.%I is of %s: %s', still.root_schema, still.root_name,
    coalesce((date_trunc('second', still.since) AT TIME ZONE d.timezone)::text, 'no time'), still.why) END AS behind
FROM {schema}.deployed_view AS d
LEFT JOIN {schema}.stored_relation AS s ON s.stored_name = d.stored_name
LEFT JOIN {schema}.held_back() AS still ON still.stored_name = d.stored_name
LEFT JOIN (SELECT p.view_schema, p.view_name, count(*) FROM {schema}.promises AS p WHERE p.broken GROUP BY 1, 2) AS unkept
  ON unkept.view_schema = d.view_schema AND unkept.view_name = d.view_name
LEFT JOIN pg_class AS c ON c.relnamespace = to_regnamespace('{schema}') AND c.relname = d.stored_name
LEFT JOIN pg_stat_all_tables AS stat ON stat.relid = c.oid
CROSS JOIN LATERAL (SELECT CASE
  WHEN jsonb_typeof(d.definition -> 'window') = 'object' AND jsonb_typeof(d.definition -> 'increment') IS DISTINCT FROM 'object'
  THEN greatest(s.filled_at, s.windowed_at) ELSE s.filled_at END) AS fresh (at)
LEFT JOIN LATERAL {schema}.sizes_at_once(CASE d.kind WHEN 'materialized' THEN c.oid END) AS size ON true
LEFT JOIN LATERAL (
  SELECT r.status, r.started_at, r.seconds FROM {schema}.refreshes AS r
  WHERE r.view_schema = d.view_schema AND r.view_name = d.view_name AND r.status IN ('completed', 'failed', 'lost')
  ORDER BY r.started_at DESC LIMIT 1) AS latest ON true
LEFT JOIN LATERAL (
  SELECT r.finished_at, r.seconds FROM {schema}.refreshes AS r
  WHERE r.view_schema = d.view_schema AND r.view_name = d.view_name AND r.status = 'completed'
  ORDER BY r.started_at DESC LIMIT 1) AS completed ON true
LEFT JOIN LATERAL (
  SELECT r.error, r.sqlstate, r.finished_at, r.started_at FROM {schema}.refresh_log AS r
  WHERE r.view_schema = d.view_schema AND r.view_name = d.view_name AND r.status IN ('failed', 'lost')
  ORDER BY r.started_at DESC LIMIT 1) AS failed ON true
CROSS JOIN LATERAL (
  SELECT count(*) FILTER (WHERE r.status = 'completed') AS completed, count(*) FILTER (WHERE r.status = 'failed') AS failed,
    count(*) FILTER (WHERE r.status = 'skipped') AS skipped, count(*) FILTER (WHERE r.status = 'lost') AS lost
  FROM {schema}.refreshes AS r WHERE r.view_schema = d.view_schema AND r.view_name = d.view_name
    AND r.started_at >= date_trunc('day', now() AT TIME ZONE d.timezone) AT TIME ZONE d.timezone) AS today
CROSS JOIN LATERAL (
  SELECT min(r.started_at) AS since FROM {schema}.refresh_log AS open JOIN {schema}.refreshes AS r ON r.id = open.id AND r.status = 'started'
  WHERE open.view_schema = d.view_schema AND open.view_name = d.view_name AND open.status = 'started') AS running;

-- How long the log of each table's changes is, less what the statistics take for dead; how long it may be (mvc.yml: log: changes_mb);
-- and the view that is the last to read it, with the moment until which it has. NULL while somebody holds a log.
CREATE OR REPLACE VIEW {schema}.change_logs AS
SELECT w.table_schema, w.table_name, w.log, size.bytes, coalesce(allowed.bytes, 1073741824) AS allowed_bytes,
  last.project, last.view_schema, last.view_name, last.as_of AS read_until, last.stored_name
FROM {schema}.watched_table AS w
CROSS JOIN LATERAL (
  SELECT sum(z.table_bytes * coalesce(t.n_live_tup / nullif(t.n_live_tup + t.n_dead_tup, 0)::double precision, 1))::bigint
  FROM pg_class AS c LEFT JOIN pg_stat_all_tables AS t ON t.relid = c.oid CROSS JOIN LATERAL {schema}.sizes_at_once(c.oid) AS z
  WHERE c.relnamespace = to_regnamespace('{schema}') AND c.relname IN (w.log, 'kept_' || regexp_replace(w.log, '^changes_', ''))) AS size (bytes)
CROSS JOIN LATERAL (
  SELECT max((g.target #>> '{operations,change_bytes}')::bigint) FROM {schema}.current_target AS g
  WHERE g.project IN (SELECT o.project FROM {schema}.stored_relation AS o WHERE w.log = ANY (o.watches))) AS allowed (bytes)
LEFT JOIN LATERAL (
  SELECT s.project, s.view_schema, s.view_name, s.as_of, s.stored_name FROM {schema}.stored_relation AS s
  WHERE w.log = ANY (s.watches) AND s.cursor IS NOT NULL ORDER BY pg_snapshot_xmin(s.cursor), s.stored_name LIMIT 1) AS last ON true;

-- Tells of logs that are half as long as they may be, each once until it is shorter again, and gives up readers of those that are too
-- long: where nobody refreshes, nobody else would. Returns how many were told.
CREATE OR REPLACE FUNCTION {schema}.alert_long_logs()
RETURNS integer LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  found record;
  told integer := 0;
BEGIN
  FOR found IN
    SELECT l.*, w.told_at FROM {schema}.change_logs AS l JOIN {schema}.watched_table AS w ON w.log = l.log
    WHERE w.told_at IS NOT NULL OR l.bytes > l.allowed_bytes / 2
  LOOP
    IF (found.told_at IS NULL) = (found.bytes > found.allowed_bytes / 2) THEN
      UPDATE {schema}.watched_table AS w SET told_at = CASE WHEN found.told_at IS NULL THEN clock_timestamp() END WHERE w.log = found.log;
    END IF;
    IF found.told_at IS NULL THEN
      PERFORM {schema}.tell(found.project, jsonb_build_object('event', 'change log long', 'schema', found.table_schema, 'table', found.table_name,
        'bytes', found.bytes, 'allowed_bytes', found.allowed_bytes, 'view', found.view_name));
      told := told + 1;
    END IF;
    IF found.bytes > found.allowed_bytes THEN
      PERFORM {schema}.purge_changes(ARRAY[found.log]);
    END IF;
  END LOOP;
  RETURN told;
END $$;

-- Tells whoever listens on the project's channel. Anyone may listen, so nothing of what tables hold is in a message.
CREATE OR REPLACE FUNCTION {schema}.tell(project text, message jsonb)
RETURNS void LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  SELECT pg_notify(t.target #>> '{operations,notify}', (jsonb_build_object('project', t.project) || message)::text)
  FROM {schema}.current_target AS t WHERE t.project = tell.project AND t.target #>> '{operations,notify}' <> ''
$$;

CREATE OR REPLACE FUNCTION {schema}.tell_of_failure()
RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM {schema}.tell(d.project, jsonb_build_object('event', 'refresh failed', 'schema', NEW.view_schema, 'view', NEW.view_name,
    'run', NEW.id, 'mode', NEW.mode, 'schedule', NEW.schedule, 'status', NEW.status, 'sqlstate', NEW.sqlstate, 'at', NEW.finished_at))
  FROM {schema}.deployed_view AS d WHERE d.view_schema = NEW.view_schema AND d.view_name = NEW.view_name;
  RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER tell_of_failure AFTER UPDATE OF status ON {schema}.refresh_log
FOR EACH ROW WHEN (NEW.status IN ('failed', 'lost') AND OLD.status <> NEW.status) EXECUTE FUNCTION {schema}.tell_of_failure();

-- The broken promises that were told already; one that is mended and breaks again is told again.
CREATE TABLE IF NOT EXISTS {schema}.told_promise (
  view_schema name NOT NULL,
  view_name name NOT NULL,
  schedule text NOT NULL,
  told_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (view_schema, view_name, schedule)
);

-- Tells of promises that were broken, and of views of which something was dropped, since it was last called, each once, and of long logs;
-- returns how many. Where a project has no channel, nobody is told. A view is kept in mind without a schedule.
CREATE OR REPLACE FUNCTION {schema}.alert_broken_promises()
RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  broken record;
  told integer := {schema}.alert_long_logs();
BEGIN
  DELETE FROM {schema}.told_promise AS t WHERE NOT EXISTS (
    SELECT FROM {schema}.promises AS p
    WHERE (p.view_schema, p.view_name, p.schedule) = (t.view_schema, t.view_name, t.schedule) AND p.broken)
    AND NOT EXISTS (SELECT FROM {schema}.problems AS p WHERE (p.view_schema, p.view_name, '') = (t.view_schema, t.view_name, t.schedule));
  FOR broken IN
    SELECT p.* FROM {schema}.promises AS p JOIN {schema}.current_target AS t ON t.project = p.project
    WHERE p.broken AND t.target #>> '{operations,notify}' <> ''
  LOOP
    INSERT INTO {schema}.told_promise (view_schema, view_name, schedule)
    VALUES (broken.view_schema, broken.view_name, broken.schedule) ON CONFLICT DO NOTHING;
    IF FOUND THEN
      PERFORM {schema}.tell(broken.project, jsonb_build_object('event', 'promise broken', 'schema', broken.view_schema, 'view', broken.view_name,
        'schedule', broken.schedule, 'promised_seconds', broken.promised_seconds, 'age_seconds', broken.age_seconds));
      told := told + 1;
    END IF;
  END LOOP;
  FOR broken IN
    SELECT p.* FROM {schema}.problems AS p JOIN {schema}.current_target AS t ON t.project = p.project WHERE t.target #>> '{operations,notify}' <> ''
  LOOP
    INSERT INTO {schema}.told_promise (view_schema, view_name, schedule) VALUES (broken.view_schema, broken.view_name, '') ON CONFLICT DO NOTHING;
    IF FOUND THEN
      PERFORM {schema}.tell(broken.project, jsonb_build_object('event', 'view broken', 'schema', broken.view_schema, 'view', broken.view_name,
        'problem', broken.problem));
      told := told + 1;
    END IF;
  END LOOP;
  RETURN told;
END $$;

-- The same for those who refresh, committed: CALL it outside of a transaction.
CREATE OR REPLACE PROCEDURE {schema}.alert()
LANGUAGE plpgsql AS $$
DECLARE
  told pg_catalog.jsonb;
BEGIN
  CALL {schema}.committed('alert', NULL, told);
END $$;

-- Deletes what the log need not keep any longer of a project's views, and of those that nobody deploys any more; the last completed
-- and the last failed run of each view stay. Returns the number of rows.
CREATE OR REPLACE FUNCTION {schema}.trim_log(project text)
RETURNS bigint LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  oldest timestamptz := (SELECT now() - make_interval(secs => (t.target #>> '{operations,log_seconds}')::double precision)
                         FROM {schema}.current_target AS t WHERE t.project = trim_log.project);
  trimmed bigint;
BEGIN
  DELETE FROM {schema}.refresh_log AS r WHERE r.started_at < oldest
    AND NOT EXISTS (SELECT FROM {schema}.deployed_view AS d
                    WHERE d.view_schema = r.view_schema AND d.view_name = r.view_name AND d.project <> trim_log.project)
    AND (r.status NOT IN ('completed', 'failed') OR EXISTS (
      SELECT FROM {schema}.refresh_log AS later WHERE later.view_schema = r.view_schema AND later.view_name = r.view_name
        AND later.status = r.status AND later.id > r.id));
  GET DIAGNOSTICS trimmed = ROW_COUNT;
  RETURN trimmed;
END $$;

CREATE OR REPLACE FUNCTION {schema}.trim_now_and_then()
RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM {schema}.trim_log(d.project) FROM {schema}.deployed_view AS d
  WHERE d.view_schema = NEW.view_schema AND d.view_name = NEW.view_name;
  RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER trim_now_and_then AFTER INSERT ON {schema}.refresh_log
FOR EACH ROW WHEN (NEW.id % 100 = 0) EXECUTE FUNCTION {schema}.trim_now_and_then();

-- Lets the roles that refresh and those that monitor, here and in the other projects that are deployed, see what is above and the
-- ledger. They can change nothing of it; those that refresh may also have broken promises told.
CREATE OR REPLACE FUNCTION {schema}.open_monitoring(refreshers name[], monitors name[], project text)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  places jsonb := {schema}.known_places();
  guest record;
BEGIN
  FOR guest IN
    SELECT named.role, bool_or(named.refreshes) AS refreshes FROM (
      SELECT unnest(refreshers), true UNION ALL SELECT unnest(monitors), false
      UNION ALL SELECT r.role, r.list = 'refresh_roles'
      FROM {schema}.current_target AS t
      CROSS JOIN LATERAL (VALUES ('refresh_roles', t.target -> 'refresh_roles'), ('monitor_roles', t.target #> '{operations,monitor_roles}')) AS l (list, roles)
      CROSS JOIN LATERAL (SELECT l.list, e.value::name AS role FROM jsonb_array_elements_text(l.roles) AS e) AS r
      WHERE t.project <> open_monitoring.project AND EXISTS (SELECT FROM pg_roles AS known WHERE known.rolname = r.role)
    ) AS named (role, refreshes) GROUP BY named.role
  LOOP
    EXECUTE format('GRANT USAGE ON SCHEMA %s TO %I', '{schema}', guest.role);
    EXECUTE format('GRANT SELECT ON %1$s.current_target, %1$s.view_status, %1$s.refreshes, %1$s.promises, %1$s.problems, %1$s.change_logs, %1$s.deployed_view, %1$s.deployment,'
                   ' %1$s.installation, %1$s.replaced_view, %1$s.stored_relation, %1$s.watched_table TO %2$I', '{schema}', guest.role);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %1$s.usage(integer), %1$s.queued_groups(name, name), %1$s.held_back(), %1$s.sizes_at_once(oid), %1$s.is_lost(xid, integer, timestamptz),'
                   ' %1$s.is_locked(xid) TO %2$I', '{schema}', guest.role);
    IF guest.refreshes THEN
      EXECUTE format('GRANT EXECUTE ON ROUTINE %1$s.alert(), %1$s.refresh_project(text), %1$s.refresh_order(text)'
                     ' TO %2$I', '{schema}', guest.role);
    END IF;
  END LOOP;
  PERFORM {schema}.keep_places(places);
END $$;

SELECT set_config('search_path', current_setting('mvc.kept_path'), true);
