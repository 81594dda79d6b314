-- The tables whose changes are logged for incremental refreshes. `columns` are those that the log keeps; `triggers` is what `listening`
-- said of each relation on which they were put: the table, its partitions and children, and what it is a partition or child of.
CREATE TABLE IF NOT EXISTS {schema}.watched_table (
  log name PRIMARY KEY,
  table_schema name NOT NULL,
  table_name name NOT NULL,
  columns name[] NOT NULL,
  triggers jsonb NOT NULL,
  lost_changes bigint NOT NULL DEFAULT 0,
  told_at timestamptz
);

-- Changes of which no rows are known: a TRUNCATE, or one that could not be logged. Whoever reads the table starts anew. What is
-- `earlier` was changed before the transaction `at` by others, which may be open for longer.
CREATE TABLE IF NOT EXISTS {schema}.unknown_change (
  log name NOT NULL,
  at xid8 NOT NULL DEFAULT pg_current_xact_id(),
  why text NOT NULL,
  earlier boolean NOT NULL DEFAULT false
);

-- Emptied whenever unlogged tables are, which no trigger is told of: by a crash, or where a standby takes over. While it has a row, its
-- file says since when they are whole. So are those that were unlogged for a while and are logged again, which are in another file then.
CREATE UNLOGGED TABLE IF NOT EXISTS {schema}.unlogged_since (at timestamptz NOT NULL DEFAULT now());

-- Counts the changes of all watched tables that could neither be logged nor noted as unknown: where the disk is full, or somebody holds
-- a lock on both tables. A sequence needs no new page, and no lock that anybody holds; that it does not wait for a commit, and counts
-- on after a crash, makes at worst a whole refresh too many. `watched_table.lost_changes` says up to where it was noted.
CREATE SEQUENCE IF NOT EXISTS {schema}.lost_change;

CREATE OR REPLACE FUNCTION {schema}.lost_changes()
RETURNS bigint LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN coalesce(pg_sequence_last_value(('{schema}' || '.lost_change')::regclass), 0);
END $$;

-- Notes the changes that were lost until now as unknown ones, for every table. Whoever counted one had written or
-- locked a row, so his transaction has a lower number than this one gets hereafter, and may commit much later: until all of those
-- have ended, each refresh is a whole one. A transaction that has its number already leaves this to the next one.
CREATE OR REPLACE FUNCTION {schema}.note_lost_changes()
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET lock_timeout = '200ms' AS $$
DECLARE
  lost bigint;
BEGIN
  IF pg_current_xact_id_if_assigned() IS NOT NULL THEN
    RETURN;
  END IF;
  lost := {schema}.lost_changes();
  WITH behind AS (
    UPDATE {schema}.watched_table AS w SET lost_changes = lost WHERE w.lost_changes <> lost RETURNING w.log
  )
  INSERT INTO {schema}.unknown_change (log, at, why, earlier) SELECT b.log, pg_current_xact_id(), {schema}.lost_words(), true FROM behind AS b;
EXCEPTION WHEN lock_not_available OR undefined_table THEN  -- the refresh itself then says what is missing
  RETURN;
END $$;

CREATE OR REPLACE FUNCTION {schema}.lost_words()
RETURNS text LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT 'changes of watched tables could neither be logged nor noted, as where a disk is full'
$$;

-- The snapshot, with the transaction itself among those that are under way, which the server leaves out: what it does after this is not seen
-- by whoever saw this, though others with later numbers may have ended before. It has a number where somebody wrote something in it
-- before he had a view refreshed.
CREATE OR REPLACE FUNCTION {schema}.snapshot_now()
RETURNS pg_snapshot LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  seen constant pg_snapshot := pg_current_snapshot();
  own constant xid8 := pg_current_xact_id_if_assigned();
BEGIN
  IF own IS NULL OR own >= pg_snapshot_xmax(seen) THEN
    RETURN seen;
  END IF;
  RETURN format('%s:%s:%s', least(pg_snapshot_xmin(seen), own), pg_snapshot_xmax(seen), (
    SELECT string_agg(t.number::text, ',' ORDER BY t.number) FROM (SELECT pg_snapshot_xip(seen) UNION SELECT own) AS t (number)))::pg_snapshot;
END $$;

-- The least number that no transaction has had, as far as this one can know: its own is not beyond the time that there has been.
CREATE OR REPLACE FUNCTION {schema}.beyond_now()
RETURNS xid8 LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN greatest(pg_snapshot_xmax(pg_current_snapshot()), (pg_current_xact_id_if_assigned()::text::numeric + 1)::text::xid8);
END $$;

CREATE OR REPLACE FUNCTION {schema}.with_descendants(base regclass)
RETURNS SETOF regclass LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET work_mem = '64kB' AS $$
  WITH RECURSIVE family (relation) AS (
    SELECT base UNION SELECT i.inhrelid::regclass FROM family AS f JOIN pg_inherits AS i ON i.inhparent = f.relation
  )
  SELECT f.relation FROM family AS f JOIN pg_class AS c ON c.oid = f.relation WHERE c.relkind IN ('r', 'p')
$$;

-- The foreign table among what belongs to a table. Whoever writes to it elsewhere fires no trigger here; and where triggers of
-- its parent ask for the rows, PostgreSQL refuses to change it through the parent. So such tables are not watched.
CREATE OR REPLACE FUNCTION {schema}.foreign_part(base regclass)
RETURNS regclass LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET work_mem = '64kB' AS $$
BEGIN
  RETURN (
    WITH RECURSIVE family (relation) AS (
      SELECT base::oid UNION SELECT i.inhrelid FROM family AS f JOIN pg_inherits AS i ON i.inhparent = f.relation
    )
    SELECT min(f.relation)::regclass FROM family AS f JOIN pg_class AS c ON c.oid = f.relation WHERE c.relkind = 'f');
END $$;

-- The tables that a table, or a child of it, is a partition or a child of besides, directly or not, the farthest first. Who writes to one of
-- those may change rows of it, and only the triggers of statements fire that the one has which the statement names.
CREATE OR REPLACE FUNCTION {schema}.ancestors(base regclass)
RETURNS TABLE (relation regclass, topmost boolean) LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET work_mem = '64kB' AS $$
  WITH RECURSIVE family (relation) AS (
    SELECT base::oid UNION SELECT i.inhrelid FROM family AS f JOIN pg_inherits AS i ON i.inhparent = f.relation
  ), above (relation, distance) AS (
    SELECT i.inhparent, 1 FROM pg_inherits AS i WHERE i.inhrelid IN (SELECT f.relation FROM family AS f)
    UNION SELECT i.inhparent, a.distance + 1 FROM above AS a JOIN pg_inherits AS i ON i.inhrelid = a.relation
  )
  SELECT a.relation::regclass, NOT EXISTS (SELECT FROM pg_inherits AS i WHERE i.inhrelid = a.relation)
  FROM above AS a WHERE a.relation NOT IN (SELECT f.relation FROM family AS f) GROUP BY a.relation ORDER BY max(a.distance) DESC, a.relation
$$;

-- The file of the mark for unlogged tables while it has its row, else nothing. Not even a query that plans to read it is let through on
-- a standby, so its size is asked for.
CREATE OR REPLACE FUNCTION {schema}.unlogged_file()
RETURNS text LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  mark regclass := to_regclass(format('%I.unlogged_since', '{name}'));
BEGIN
  RETURN CASE WHEN pg_relation_size(mark) > 0 THEN pg_relation_filenode(mark)::text ELSE '-' END;
END $$;

-- Puts the mark again, in another file, where a crash took it.
CREATE OR REPLACE FUNCTION {schema}.mark_unlogged()
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF {schema}.unlogged_file() = '-' THEN
    TRUNCATE {schema}.unlogged_since;
    INSERT INTO {schema}.unlogged_since DEFAULT VALUES;
  END IF;
END $$;

-- Where changes are logged, and noted and counted if they cannot be, by the transactions that wrote these rows of the catalog: whoever took a right,
-- a name or the ownership away for a while left another one, and what was written meanwhile may be nowhere. Rules and triggers leave a flag: see `log_is_ours`.
CREATE OR REPLACE FUNCTION {schema}.place_of(log name)
RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
  written constant name[] := ARRAY[log, {schema}.kept_of(log), 'unknown_change', 'lost_change'];
BEGIN
  RETURN (
    SELECT concat_ws(' ', n.xmin, (
      SELECT string_agg(c.xmin::text, ' ' ORDER BY c.relname) FROM pg_class AS c
      WHERE c.relnamespace = n.oid AND c.relname = ANY (written)))
    FROM pg_namespace AS n WHERE n.nspname = '{name}');
END $$;

-- The place of each log that is where it was noted to be; `keep_places` notes anew where these are, after what was done by ourselves: what differs then was
-- written by this transaction, whose rows nobody else can have changed since, or somebody else came between, and the log is where it was not.
CREATE OR REPLACE FUNCTION {schema}.known_places()
RETURNS jsonb LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(jsonb_object_agg(w.log, w.triggers -> 'place'), '{}') FROM {schema}.watched_table AS w WHERE w.triggers ->> 'place' = {schema}.place_of(w.log)
$$;

CREATE OR REPLACE FUNCTION {schema}.keep_places(known jsonb)
RETURNS void LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  UPDATE {schema}.watched_table AS w SET triggers = w.triggers || jsonb_build_object('place', {schema}.place_of(w.log))
  WHERE w.triggers -> 'place' = known -> w.log AND w.triggers ->> 'place' <> {schema}.place_of(w.log) AND NOT EXISTS (
    SELECT FROM string_to_table({schema}.place_of(w.log), ' ') WITH ORDINALITY AS now (writer, number)
    FULL JOIN string_to_table(known ->> w.log::text, ' ') WITH ORDINALITY AS former (writer, number) USING (number)
    WHERE now.writer IS DISTINCT FROM former.writer AND {schema}.is_locked(now.writer::xid) IS NOT TRUE)
$$;

-- What hears of the changes of a table, by the OIDs of the table, of what belongs to it and of what it belongs to: our triggers,
-- each with the transaction that wrote it, so that also one is told that was off for a while; the expressions of computed
-- columns, since with another one all values change and no trigger fires; whether replication writes to it; whether it was
-- emptied by a crash; whether the triggers could fire for replicas as well, since the table's owner is ours now; what it belongs to, with
-- the transaction that made it so, or began to detach it: what is not there for a while can be rewritten meanwhile; and, after a
-- space, which columns have the names that are logged; the files of all of these tables; and `place_of` the log. A vacuum leaves a transaction's number where it is, also when it freezes
-- the row. `unheard` says of what nothing can hear. Each refresh asks for it: PL/pgSQL keeps the plan, SQL functions would make
-- it anew.
CREATE OR REPLACE FUNCTION {schema}.listening(base regclass, log name, columns name[], OUT triggers jsonb, OUT unheard text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET work_mem = '64kB' AS $$
DECLARE
  written oid := to_regproc(format('%I.%I', '{name}', log));
  below oid[];
  above oid[];
BEGIN
  below := ARRAY(
    WITH RECURSIVE below (relation) AS (
      SELECT base::oid UNION SELECT i.inhrelid FROM below AS b JOIN pg_inherits AS i ON i.inhparent = b.relation
    ) SELECT b.relation FROM below AS b);
  IF EXISTS (SELECT FROM pg_inherits AS i WHERE i.inhrelid = ANY (below) AND i.inhparent <> ALL (below)) THEN
    above := ARRAY(SELECT a.relation::oid FROM {schema}.ancestors(base) AS a);
  END IF;
  WITH kin AS (
    SELECT c.oid, c.relkind, c.relfilenode, k.inside, t.stand, t.rows_told, t.to_enable, EXISTS (SELECT FROM pg_subscription_rel AS s WHERE s.srrelid = c.oid) AS subscribed,
      CASE c.relpersistence WHEN 'u' THEN {schema}.unlogged_file() END AS file,
      (SELECT string_agg(concat('<', i.inhparent, ':', i.xmin), '' ORDER BY i.inhparent) FROM pg_inherits AS i WHERE i.inhrelid = c.oid) AS belongs
    FROM (SELECT unnest(below) AS relation, true AS inside UNION ALL SELECT unnest(above), false) AS k
    JOIN pg_class AS c ON c.oid = k.relation CROSS JOIN LATERAL (
      SELECT string_agg(concat(t.tgenabled, t.xmin), ',' ORDER BY t.tgname) AS stand,
        bool_or(t.tgtype & 3 = 1 AND t.tgenabled IN ('A', 'R')) AS rows_told,  -- AFTER, FOR EACH ROW
        bool_or(t.tgenabled = 'O') AND pg_has_role((SELECT n.nspowner FROM pg_namespace AS n WHERE n.nspname = '{name}'), c.relowner, 'USAGE') AS to_enable
      FROM pg_trigger AS t WHERE t.tgrelid = c.oid AND t.tgfoid = written) AS t
  )
  SELECT jsonb_object_agg(k.oid::text, concat_ws(' ', concat(
      '/', k.stand, '/', a.computed, '/', CASE WHEN k.subscribed THEN 's' END, k.file, CASE WHEN k.to_enable THEN 'e' END, k.belongs), a.logged))
      FILTER (WHERE k.relkind IN ('r', 'p')) || jsonb_build_object('function', (SELECT p.xmin::text FROM pg_proc AS p WHERE p.oid = written),
        'files', jsonb_object_agg(k.oid::text, k.relfilenode) FILTER (WHERE k.relkind = 'r'), 'place', {schema}.place_of(log)),
    CASE WHEN bool_or(k.relkind = 'f') THEN format('%s is a foreign table', min(k.oid) FILTER (WHERE k.relkind = 'f')::regclass)
         WHEN bool_or(k.subscribed) AND NOT bool_and(coalesce(k.rows_told, false)) FILTER (WHERE k.inside AND k.relkind = 'r')
         THEN 'logical replication writes to it, which only triggers for each row are told of that its owner has enabled for replicas' END
  INTO triggers, unheard
  FROM kin AS k CROSS JOIN LATERAL (
    SELECT string_agg(format('%s:%s', a.attnum, a.atttypid), ' ' ORDER BY a.attname) FILTER (WHERE a.attname = ANY (columns)) AS logged,
      string_agg((SELECT d.oid::text FROM pg_attrdef AS d WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum), ',' ORDER BY a.attname)
        FILTER (WHERE a.attgenerated <> '') AS computed
    FROM pg_attribute AS a WHERE a.attrelid = k.oid AND a.attnum > 0 AND (a.attname = ANY (columns) OR a.attgenerated <> '')) AS a;
END $$;

CREATE OR REPLACE FUNCTION {schema}.triggers_of(base regclass, log name, columns name[])
RETURNS jsonb LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (SELECT l.triggers FROM {schema}.listening(base, log, columns) AS l);
END $$;

-- The same with the mark for unlogged tables as it is now, to be kept.
CREATE OR REPLACE FUNCTION {schema}.triggers_noted(base regclass, log name, columns name[])
RETURNS jsonb LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN {schema}.triggers_of(base, log, columns) || jsonb_build_object('mark', {schema}.unlogged_file());
END $$;

-- Whether what hears of a table's changes is what was noted. A table in another file was rewritten, which changes no row; but for one
-- that was unlogged meanwhile, and a crash emptied.
CREATE OR REPLACE FUNCTION {schema}.heard_alike(noted jsonb, triggers jsonb)
RETURNS boolean LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF noted - 'mark' = triggers THEN
    RETURN true;
  END IF;
  RETURN coalesce(noted - ARRAY['mark', 'files'] = triggers - 'files' AND noted ->> 'mark' <> '-' AND noted ->> 'mark' = {schema}.unlogged_file(), false);
END $$;

-- What a log has besides, for changes that some have read and others have not: see `keep_unread`.
CREATE OR REPLACE FUNCTION {schema}.kept_of(log name)
RETURNS name LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN ('kept_' || regexp_replace(log, '^changes_', ''));
END $$;

-- Whether a log and the function that writes to it are their schema's owner's: of another one's the writing would be refused,
-- and as it never fails a write, nobody would know. One that is unlogged is emptied by a crash, which nobody would know either. Nor would anybody
-- know of a rule or a trigger that does something else with what is written, and may be gone again: until a vacuum the server has a flag
-- of them, and a second one leaves no other trace.
CREATE OR REPLACE FUNCTION {schema}.log_is_ours(log name)
RETURNS boolean LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (
    SELECT NOT EXISTS (SELECT FROM pg_class AS c WHERE c.relnamespace = n.oid AND c.relname IN (log, {schema}.kept_of(log), 'unknown_change', 'lost_change')
        AND (c.relowner <> n.nspowner OR c.relpersistence = 'u' OR c.relhasrules OR c.relhastriggers))
      AND NOT EXISTS (SELECT FROM pg_proc AS p WHERE p.oid = to_regproc(format('%I.%I', n.nspname, log)) AND p.proowner <> n.nspowner)
    FROM pg_namespace AS n WHERE n.nspname = '{name}'
  );
END $$;

-- Whose a log is that is not its schema's owner's, and what that means: only that owner or a superuser can have given it away, and until it is taken back,
-- triggers, rules, defaults and constraints of the other run with the rights of that owner whenever somebody writes to the table. To ask at each write
-- would cost every writer.
CREATE OR REPLACE FUNCTION {schema}.log_of_another(log name)
RETURNS text LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (
    SELECT format('its log, or what writes to it, belongs to another role: %s is of %I, whose triggers, rules and defaults run as %I whenever somebody writes to the table', o.object,
      pg_get_userbyid(o.owner), pg_get_userbyid(n.nspowner))
    FROM pg_namespace AS n CROSS JOIN LATERAL (
      SELECT c.oid::regclass::text, c.relowner FROM pg_class AS c
      WHERE c.relnamespace = n.oid AND c.relname IN (log, {schema}.kept_of(log), 'unknown_change', 'lost_change') AND c.relowner <> n.nspowner
      UNION ALL SELECT p.oid::regprocedure::text, p.proowner FROM pg_proc AS p WHERE p.oid = to_regproc(format('%I.%I', n.nspname, log)) AND p.proowner <> n.nspowner
    ) AS o (object, owner) WHERE n.nspname = '{name}' ORDER BY 1 LIMIT 1);
END $$;

-- Whether tables of a log are there with all of its columns.
CREATE OR REPLACE FUNCTION {schema}.log_has_columns(log name, parts name[])
RETURNS boolean LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (
    SELECT NOT EXISTS (
      SELECT FROM {schema}.watched_table AS w CROSS JOIN unnest(w.columns || 'mvc_at'::name) AS logged (name) CROSS JOIN unnest(parts) AS part (name)
      WHERE w.log = log_has_columns.log AND NOT EXISTS (
        SELECT FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = logged.name
        WHERE c.relnamespace = to_regnamespace('{schema}') AND c.relname = part.name AND c.relkind = 'r'))
  );
END $$;

-- Makes a table of the logs its schema's owner's again. Another owner may have given it whatever there is, columns and keys too: it has a rule for a moment, so
-- it is one that is made anew.
CREATE OR REPLACE FUNCTION {schema}.take_back(relation regclass)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM {schema}.own_again(relation);
  EXECUTE format('CREATE RULE taken_back AS ON INSERT TO %s DO INSTEAD NOTHING', relation);
  EXECUTE format('DROP RULE taken_back ON %s', relation);
END $$;

-- Makes a log and the function that writes to it their schema's owner's again. Only who may do that with any table can.
CREATE OR REPLACE FUNCTION {schema}.own_log(log name)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  anothers regclass;
  change text;
BEGIN
  FOR anothers IN
    SELECT c.oid::regclass FROM pg_namespace AS n
    JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname IN (own_log.log, {schema}.kept_of(own_log.log)) AND c.relowner <> n.nspowner
    WHERE n.nspname = '{name}' ORDER BY c.relname = own_log.log  -- what inherits from the log first
  LOOP
    PERFORM {schema}.take_back(anothers);
  END LOOP;
  FOR change IN
    SELECT format(d.change, c.oid::regclass, pg_get_userbyid(n.nspowner)) FROM pg_namespace AS n
    JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = 'lost_change' AND c.relowner <> n.nspowner
    CROSS JOIN (VALUES ('ALTER SEQUENCE %s OWNER TO %I'), ('ALTER SEQUENCE %s AS bigint INCREMENT 1 NO MINVALUE NO MAXVALUE CACHE 1 NO CYCLE')) AS d (change)
    WHERE n.nspname = '{name}'
    UNION ALL
    SELECT format('ALTER %s %s SET LOGGED', CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, c.oid::regclass) FROM pg_class AS c
    WHERE c.relnamespace = to_regnamespace('{schema}') AND c.relname IN (own_log.log, {schema}.kept_of(own_log.log), 'unknown_change', 'lost_change') AND c.relpersistence = 'u'
    UNION ALL
    SELECT format('ALTER TABLE %s ALTER COLUMN %I SET DEFAULT %s', a.attrelid::regclass, a.attname, CASE a.attname WHEN 'earlier' THEN 'false' ELSE 'pg_current_xact_id()' END)
    FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND NOT a.atthasdef AND NOT a.attisdropped
    WHERE c.relnamespace = to_regnamespace('{schema}')
      AND (c.relname = own_log.log AND a.attname = 'mvc_at' OR c.relname = 'unknown_change' AND a.attname IN ('at', 'earlier'))
    UNION ALL
    SELECT format('ALTER FUNCTION %s OWNER TO %I', p.oid::regprocedure, pg_get_userbyid(n.nspowner)) FROM pg_namespace AS n
    JOIN pg_proc AS p ON p.oid = to_regproc(format('%I.%I', n.nspname, own_log.log)) AND p.proowner <> n.nspowner
    WHERE n.nspname = '{name}'
  LOOP
    EXECUTE change;
  END LOOP;
END $$;

-- Why a log cannot be trusted. `broken`: the triggers do not stand on every relation as they were put there, or did not all the
-- while, or read other columns than then. `unheard`: there is what no trigger can be told of.
CREATE OR REPLACE FUNCTION {schema}.watch_state(log name, OUT broken text, OUT unheard text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  watched {schema}.watched_table;
  base regclass;
  triggers jsonb;
BEGIN
  SELECT * INTO watched FROM {schema}.watched_table AS w WHERE w.log = watch_state.log;
  IF watched.log IS NULL THEN
    broken := 'its changes are not logged yet';
    RETURN;
  END IF;
  base := to_regclass(format('%I.%I', watched.table_schema, watched.table_name));
  IF base IS NOT NULL THEN
    SELECT l.triggers, l.unheard INTO triggers, unheard FROM {schema}.listening(base, watched.log, watched.columns) AS l;
  END IF;
  broken := CASE
    WHEN base IS NULL THEN 'it is gone'
    WHEN NOT {schema}.heard_alike(watched.triggers, triggers)
    THEN coalesce({schema}.log_of_another(watched.log), 'its triggers, columns, partitions or children are not those that were watched, or were not all the while')
    WHEN NOT {schema}.log_has_columns(watched.log, ARRAY[watched.log, {schema}.kept_of(watched.log)]) THEN 'its log is not whole any more'
    WHEN NOT {schema}.log_fits(base, watched.log, watched.columns) THEN 'its log has columns of other types or collations than it has itself'
    WHEN NOT {schema}.log_is_ours(watched.log)
    THEN coalesce({schema}.log_of_another(watched.log), 'its log, or what writes to it, has or had rules or triggers, or would be emptied by a crash') END;
END $$;

-- What is broken about a log, and a deployment or a refresh may mend; NULL where nothing is.
CREATE OR REPLACE FUNCTION {schema}.watch_problem(log name)
RETURNS text LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (SELECT w.broken FROM {schema}.watch_state(watch_problem.log) AS w);
END $$;

-- Whether other columns than before have the names that are logged, or none; NULL for a table that is another one. The views
-- still read those that they were made for, so only a deployment can put it right. What stands before the columns is cut off, also
-- as generation 4 wrote it.
CREATE OR REPLACE FUNCTION {schema}.columns_differ(log name)
RETURNS boolean LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT regexp_replace(w.triggers ->> base::oid::text, '^(/[^ ]*|[A-Z]+) ?', '')
    <> regexp_replace({schema}.triggers_of(base, w.log, w.columns) ->> base::oid::text, '^/[^ ]* ?', '')
  FROM {schema}.watched_table AS w, to_regclass(format('%I.%I', w.table_schema, w.table_name)) AS base WHERE w.log = columns_differ.log
$$;

-- Logs the changes of a table from now on, with the values that `columns` had and have, and whatever else is logged already.
-- The triggers' lock lets every transaction end that has written to the table, so whoever reads the log after this one
-- committed misses nothing. Where all is as it should be, nothing is locked. What was missed until now makes the next refresh
-- of everything that follows the log a whole one. The caller limits how long a lock may be waited for. A log that is written to is changed
-- after the table is locked: writers lock them in this order.
CREATE OR REPLACE FUNCTION {schema}.watch(table_schema name, table_name name, log name, columns name[])
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  base regclass := to_regclass(format('%I.%I', table_schema, table_name));
  wanted name[] := ARRAY(
    SELECT DISTINCT c FROM unnest(columns || (SELECT w.columns FROM {schema}.watched_table AS w WHERE w.log = watch.log)) AS c ORDER BY c);
  written_to boolean := to_regproc(format('%I.%I', '{name}', log)) IS NOT NULL;
BEGIN
  IF base IS NULL THEN
    RAISE EXCEPTION 'the table %.%, whose changes are to be logged, is gone', quote_ident(table_schema), quote_ident(table_name)
      USING ERRCODE = 'undefined_table', HINT = 'create it again, or take what reads it out of the project';
  END IF;
  IF {schema}.foreign_part(base) IS NOT NULL THEN
    RAISE EXCEPTION 'changes of %.% cannot be logged: % is a foreign table', quote_ident(table_schema), quote_ident(table_name),
      {schema}.foreign_part(base) USING ERRCODE = 'wrong_object_type', HINT = 'refresh what reads it as a whole: leave out the mode of its schedules';
  END IF;
  IF EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = base AND a.attname = ANY (wanted) AND a.attgenerated = 'v') THEN
    RAISE EXCEPTION 'changes of %.% cannot be logged: triggers are not told the values of a virtual column', quote_ident(table_schema), quote_ident(table_name)
      USING ERRCODE = 'feature_not_supported', HINT = 'make it a stored one, or refresh what reads it as a whole: leave out the mode of its schedules';
  END IF;
  IF {schema}.watch_problem(log) IS NULL AND wanted = (SELECT w.columns FROM {schema}.watched_table AS w WHERE w.log = watch.log) THEN
    RETURN;
  END IF;
  UPDATE {schema}.stored_relation AS s SET cursor = NULL, missed = format('changes of %I.%I may have gone unnoticed: %s', table_schema, table_name, found.problem)
  FROM {schema}.watch_problem(watch.log) AS found (problem) WHERE watch.log = ANY (s.watches) AND found.problem IS NOT NULL;
  PERFORM {schema}.own_log(log);
  IF NOT written_to THEN
    PERFORM {schema}.make_change_log(base, log, wanted);
  END IF;
  PERFORM {schema}.log_changes_of(a.relation, log) FROM {schema}.ancestors(base) AS a;
  PERFORM {schema}.log_changes_below(base, log);
  PERFORM {schema}.log_moves_of(base, log);
  IF written_to THEN
    PERFORM {schema}.make_change_log(base, log, wanted);
    PERFORM {schema}.own_log(log);
  END IF;
  PERFORM {schema}.own_unknown_changes();
  PERFORM {schema}.mark_unlogged();
  INSERT INTO {schema}.watched_table AS w (log, table_schema, table_name, columns, triggers, lost_changes)
  VALUES (watch.log, watch.table_schema, watch.table_name, wanted, {schema}.triggers_noted(base, watch.log, wanted), {schema}.lost_changes())
  ON CONFLICT ON CONSTRAINT watched_table_pkey DO UPDATE SET columns = excluded.columns, triggers = excluded.triggers;
END $$;

-- Whether values of columns that are called equal are the same. 1.0 and 1.00 are not, nor 0 and -0, a day and 24 hours, or what differs
-- in case where a collation says so: a group that is made of their texts is another one.
CREATE OR REPLACE FUNCTION {schema}.equal_is_same(base regclass, columns name[])
RETURNS boolean LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(bool_and(coalesce(c.collisdeterministic, true) AND (
    t.typtype = 'e' OR t.oid IN ('boolean'::regtype, '"char"'::regtype, 'name'::regtype, 'smallint'::regtype, 'integer'::regtype, 'bigint'::regtype, 'oid'::regtype,
      'uuid'::regtype, 'date'::regtype, 'time'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype, 'text'::regtype, 'varchar'::regtype, 'bytea'::regtype)
    OR t.oid IN ('numeric'::regtype, 'bpchar'::regtype) AND a.atttypmod >= 0)), true)  -- all of one scale or length
  FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid LEFT JOIN pg_collation AS c ON c.oid = a.attcollation
  WHERE a.attrelid = base AND a.attname = ANY (columns)
$$;

-- The log of a table's changes, with all these columns and, as `mvc_at`, the transaction; and the function of its triggers.
CREATE OR REPLACE FUNCTION {schema}.make_change_log(base regclass, log name, columns name[])
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  EXECUTE format('CREATE TABLE IF NOT EXISTS %I.%I (mvc_at xid8 NOT NULL DEFAULT pg_current_xact_id())', '{name}', log);
  IF NOT EXISTS (SELECT FROM pg_attribute AS l WHERE l.attrelid = format('%I.%I', '{name}', log)::regclass AND l.attname = 'mvc_at') THEN
    EXECUTE format('ALTER TABLE %I.%I ADD COLUMN mvc_at xid8 NOT NULL DEFAULT pg_current_xact_id()', '{name}', log);
  END IF;
  PERFORM {schema}.fit_log(base, log, columns);
  PERFORM {schema}.make_kept(log);
  PERFORM {schema}.seal(log), {schema}.seal({schema}.kept_of(log));
  PERFORM {schema}.write_log_function(base, log, columns);
END $$;

-- The function of a log's triggers. It runs in the transactions of others: it must work for whoever may write to the table, cost a write of one row little, and
-- fail none, but where not even the count of lost changes can be raised. It calls nothing that a caller could put in place of what is meant: its path is pinned, and it needs
-- none. With another type under a column's name, the table's owner would have a cast of his own run with our rights: nothing is
-- read but what has the type of the log's own column. When it was is written as a value: who owns the log may give it another default. An UPDATE of many rows leaves out what it did not change, if equal values are
-- the same; of few that would cost more than it saves.
CREATE OR REPLACE FUNCTION {schema}.write_log_function(base regclass, log name, columns name[])
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  listed text := (SELECT string_agg(quote_ident(c), ', ' ORDER BY c) FROM unnest(columns) AS c);
  was text := (SELECT string_agg(format('OLD.%I', c), ', ' ORDER BY c) FROM unnest(columns) AS c);
  becomes text := (SELECT string_agg(format('NEW.%I', c), ', ' ORDER BY c) FROM unnest(columns) AS c);
  as_known text := (
    SELECT string_agg(format('%1$I.as_known(%3$I, (NULL::%1$I.%2$I).%3$I)', '{name}', log, c), ', ' ORDER BY c) FROM unnest(columns) AS c);
BEGIN
  EXECUTE format($body$
    CREATE OR REPLACE FUNCTION %1$I.%2$I() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $function$
    #variable_conflict use_column
    DECLARE
      logged bigint;
      calls text;
    BEGIN
      IF TG_OP OPERATOR(pg_catalog.=) 'INSERT' AND TG_LEVEL OPERATOR(pg_catalog.=) 'STATEMENT' THEN
        INSERT INTO %1$I.%2$I (mvc_at, %3$s) SELECT %10$s, %4$s FROM new_rows;
      ELSIF TG_OP OPERATOR(pg_catalog.=) 'UPDATE' AND TG_LEVEL OPERATOR(pg_catalog.=) 'STATEMENT' THEN
        INSERT INTO %1$I.%2$I (mvc_at, %3$s) SELECT %10$s, %4$s FROM new_rows;
        GET DIAGNOSTICS logged = ROW_COUNT;
        IF logged OPERATOR(pg_catalog.<=) 100 OR %8$s THEN
          INSERT INTO %1$I.%2$I (mvc_at, %3$s) SELECT %10$s, %4$s FROM old_rows;
        ELSE
          INSERT INTO %1$I.%2$I (mvc_at, %3$s) SELECT %10$s, %4$s FROM (SELECT %3$s FROM old_rows EXCEPT SELECT %3$s FROM new_rows) AS former;
        END IF;
      ELSIF TG_OP OPERATOR(pg_catalog.=) 'DELETE' AND TG_LEVEL OPERATOR(pg_catalog.=) 'STATEMENT' THEN
        INSERT INTO %1$I.%2$I (mvc_at, %3$s) SELECT %10$s, %4$s FROM old_rows;
      ELSIF TG_OP OPERATOR(pg_catalog.=) 'TRUNCATE' THEN
        INSERT INTO %1$I.unknown_change (log, at, why, earlier) VALUES (%2$L, %10$s, 'it was truncated', false);
      ELSIF TG_OP OPERATOR(pg_catalog.=) 'INSERT' THEN
        INSERT INTO %1$I.%2$I (mvc_at, %3$s) SELECT %10$s, %4$s FROM (VALUES (%6$s)) AS replicated (%3$s);
      ELSIF TG_OP OPERATOR(pg_catalog.=) 'DELETE' THEN
        INSERT INTO %1$I.%2$I (mvc_at, %3$s) SELECT %10$s, %4$s FROM (VALUES (%5$s)) AS replicated (%3$s);
      ELSE
        INSERT INTO %1$I.%2$I (mvc_at, %3$s) SELECT %10$s, %4$s FROM (VALUES (%5$s), (%6$s)) AS moved (%3$s);
        IF TG_WHEN OPERATOR(pg_catalog.=) 'BEFORE' THEN
          GET DIAGNOSTICS calls = PG_CONTEXT;
          IF pg_catalog.strpos(calls, E'\n') OPERATOR(pg_catalog.<>) 0
             OR pg_catalog.current_query() OPERATOR(pg_catalog.~*) '^\s*update\M(?!.*\mmerge\M)' IS NOT TRUE THEN
            PERFORM FROM %1$I.unknown_change AS u WHERE u.log OPERATOR(pg_catalog.=) %2$L AND u.at OPERATOR(pg_catalog.=) %10$s;
            IF NOT FOUND AND (%9$s OR %1$I.changes_moved(TG_RELID, TG_NAME)) THEN
              INSERT INTO %1$I.unknown_change (log, at, why, earlier)
              VALUES (%2$L, %10$s, 'a row may have been moved to another partition by MERGE, which tells nobody its computed columns, nor what triggers make of it', false);
            END IF;
          END IF;
        END IF;
      END IF;
      RETURN NEW;
    EXCEPTION WHEN OTHERS THEN
      BEGIN
        INSERT INTO %1$I.unknown_change (log, at, why, earlier) VALUES (%2$L, %10$s, pg_catalog.concat('a change could not be logged: ', SQLERRM), false);
      EXCEPTION WHEN OTHERS THEN
        RAISE WARNING 'a change could not be logged for %1$I, and not that either: %%', SQLERRM;
        BEGIN
          PERFORM pg_catalog.nextval(%7$L::pg_catalog.regclass);
        EXCEPTION WHEN undefined_table OR invalid_schema_name OR insufficient_privilege OR wrong_object_type THEN  -- which a refresh sees
          RAISE WARNING 'nor could it be counted for %1$I: %%', SQLERRM;
        END;
      END;
      RETURN NEW;
    END $function$
  $body$, '{name}', log, listed, as_known, was, becomes, '{schema}' || '.lost_change', CASE WHEN {schema}.equal_is_same(base, columns) THEN 'false' ELSE 'true' END,
    EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = base AND a.attname = ANY (columns) AND a.attgenerated <> '')::text, 'pg_catalog.pg_current_xact_id()');
  PERFORM {schema}.revoke_all('ROUTINE', p.oid::regprocedure::text, p.proowner, p.proacl)
  FROM pg_proc AS p WHERE p.oid = format('%I.%I', '{name}', log)::regproc;
END $$;

-- The part of a log for changes that some have read: what reads the log reads it as well, by its index; who writes to the log does not.
CREATE OR REPLACE FUNCTION {schema}.make_kept(log name)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  kept name := {schema}.kept_of(log);
BEGIN
  IF to_regclass(format('%I.%I', '{name}', kept)) IS NULL THEN
    EXECUTE format('CREATE TABLE %1$I.%2$I () INHERITS (%1$I.%3$I)', '{name}', kept, log);
    EXECUTE format('CREATE INDEX ON %I.%I (mvc_at)', '{name}', kept);
  END IF;
END $$;

-- Whether the log's columns have the types and the collations of the table's. A collation decides what is equal and what comes first, so with
-- another one changes would lead to other groups than the rows do.
CREATE OR REPLACE FUNCTION {schema}.log_fits(base regclass, log name, columns name[])
RETURNS boolean LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN NOT EXISTS (
    SELECT FROM pg_attribute AS a JOIN pg_attribute AS l ON l.attrelid = to_regclass(format('%I.%I', '{name}', log)) AND l.attname = a.attname
    WHERE a.attrelid = base AND a.attname = ANY (columns) AND a.attnum > 0
      AND (a.atttypid, a.atttypmod, a.attcollation) IS DISTINCT FROM (l.atttypid, l.atttypmod, l.attcollation));
END $$;

-- What gives the log one of the table's columns, or a column of that name the table's type and collation; `anew`: of another type, or of a domain.
CREATE OR REPLACE FUNCTION {schema}.fitting_of(base regclass, log name, columns name[])
RETURNS TABLE (attribute smallint, anew boolean, change text) LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY
  SELECT l.attnum, CASE WHEN l.attnum IS NULL THEN t.typtype = 'd' ELSE (a.atttypid, a.atttypmod) IS DISTINCT FROM (l.atttypid, l.atttypmod) END,
    format(CASE WHEN l.attnum IS NULL THEN 'ADD COLUMN %I %s%s' ELSE 'ALTER COLUMN %I TYPE %s%s' END, a.attname, format_type(a.atttypid, a.atttypmod), {schema}.collation_of(a))
  FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid
  LEFT JOIN pg_attribute AS l ON l.attrelid = to_regclass(format('%I.%I', '{name}', log)) AND l.attname = a.attname AND l.attnum > 0
  WHERE a.attrelid = base AND a.attname = ANY (columns) AND a.attnum > 0
    AND (l.attnum IS NULL OR (a.atttypid, a.atttypmod, a.attcollation) IS DISTINCT FROM (l.atttypid, l.atttypmod, l.attcollation));
END $$;

-- Gives a log the columns of its table. One of a domain that is added to rows which are there runs the checks of the domain, which its owner wrote, and
-- one of another type a cast: so the rows go, and whoever reads the log starts anew. Views that read a column which changes are made anew as they are. So is
-- the log itself where it has or had rules or triggers, which nothing but a vacuum takes the flag of: whoever reads such a one starts anew already.
CREATE OR REPLACE FUNCTION {schema}.fit_log(base regclass, log name, columns name[])
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  place constant regclass := format('%I.%I', '{name}', log);
  ruled constant boolean := {schema}.is_ruled(log) OR {schema}.is_ruled({schema}.kept_of(log));
  changes text[] := ARRAY(SELECT f.change FROM {schema}.fitting_of(base, log, columns) AS f);
  views regclass[] := ARRAY[]::regclass[];
  names name[];
  texts text[];
BEGIN
  IF changes = '{}' AND NOT ruled THEN
    RETURN;
  END IF;
  IF EXISTS (SELECT FROM {schema}.fitting_of(base, log, columns) AS f WHERE f.anew) THEN
    UPDATE {schema}.stored_relation AS s SET cursor = NULL, missed = 'the log of changes was begun anew' WHERE fit_log.log = ANY (s.watches);
    EXECUTE format('TRUNCATE %s', place);
  END IF;
  IF ruled OR EXISTS (SELECT FROM {schema}.fitting_of(base, log, columns) AS f CROSS JOIN {schema}.readers_of(place, f.attribute) WHERE f.attribute IS NOT NULL) THEN
    views := ARRAY(SELECT d.view::regclass FROM {schema}.dependents(place) AS d ORDER BY d.level, d.view);
  END IF;
  names := ARRAY(SELECT c.relname FROM unnest(views) WITH ORDINALITY AS v (oid, number) JOIN pg_class AS c ON c.oid = v.oid ORDER BY v.number);
  texts := {schema}.replacements_of(views::oid[]);
  FOR number IN REVERSE cardinality(texts) .. 1 LOOP
    EXECUTE format('DROP VIEW %s', views[number]);
  END LOOP;
  IF ruled THEN
    EXECUTE format('DROP TABLE IF EXISTS %1$I.%2$I, %1$I.%3$I', '{name}', {schema}.kept_of(log), log);
    EXECUTE format('CREATE TABLE %I.%I (mvc_at xid8 NOT NULL DEFAULT pg_current_xact_id())', '{name}', log);
    PERFORM {schema}.renumber_proofs(log, place, format('%I.%I', '{name}', log)::regclass);
    changes := ARRAY(SELECT f.change FROM {schema}.fitting_of(base, log, columns) AS f);
  END IF;
  IF changes <> '{}' THEN
    EXECUTE format('ALTER TABLE %I.%I %s', '{name}', log, array_to_string(changes, ', '));
  END IF;
  FOR number IN 1 .. cardinality(texts) LOOP
    EXECUTE texts[number];
    PERFORM {schema}.seal(names[number]);
  END LOOP;
END $$;

-- What is proven of those who read a log goes for the one that was made in its place.
CREATE OR REPLACE FUNCTION {schema}.renumber_proofs(log name, former oid, present oid)
RETURNS void LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  UPDATE {schema}.stored_relation AS s SET proven = s.proven || jsonb_build_object(
    'read', array_replace({schema}.oids(s.proven -> 'read'), former, present), 'tables', array_replace({schema}.oids(s.proven -> 'tables'), former, present),
    'owners', ARRAY(
      SELECT regexp_replace(o.line, format('^pg_class %s ', former), format('pg_class %s ', present)) FROM jsonb_array_elements_text(s.proven -> 'owners') AS o (line) ORDER BY 1))
  WHERE renumber_proofs.log = ANY (s.watches) AND s.proven IS NOT NULL
$$;

-- Whether a table has rules or triggers, or had some since it was last vacuumed.
CREATE OR REPLACE FUNCTION {schema}.is_ruled(relation name)
RETURNS boolean LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN EXISTS (SELECT FROM pg_class AS c WHERE c.relnamespace = to_regnamespace('{schema}') AND c.relname = relation AND (c.relhasrules OR c.relhastriggers));
END $$;

-- The same of the table of unknown changes, which is made anew where it has or had rules or triggers, or is gone. By that it is another place for every log, so whoever reads one starts anew.
CREATE OR REPLACE FUNCTION {schema}.own_unknown_changes()
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM {schema}.take_back(c.oid::regclass) FROM pg_namespace AS n
  JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = 'unknown_change' AND c.relowner <> n.nspowner WHERE n.nspname = '{name}';
  IF {schema}.is_ruled('unknown_change') OR to_regclass('{schema}' || '.unknown_change') IS NULL THEN
    DROP TABLE IF EXISTS {schema}.unknown_change;
    CREATE TABLE {schema}.unknown_change (
      log name NOT NULL, at xid8 NOT NULL DEFAULT pg_current_xact_id(), why text NOT NULL, earlier boolean NOT NULL DEFAULT false);
    PERFORM {schema}.seal('unknown_change');
  END IF;
END $$;

-- A value as it is. One of another type than `known` is refused when the statement is planned, before anything is cast; a
-- statement that is planned costs nothing more, since the server puts the body in place of the call: so it must not SET
-- anything, and names nothing.
CREATE OR REPLACE FUNCTION {schema}.as_known(value anyelement, known anyelement)
RETURNS anyelement LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT value $$;

-- Puts the triggers on a relation and all that belongs to it. Each is locked by that before its children are looked for, so none is
-- attached unseen; LOCK TABLE would ask for more rights than TRIGGER.
CREATE OR REPLACE FUNCTION {schema}.log_changes_below(relation regclass, log name)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM {schema}.log_changes_of(relation, log), {schema}.log_replicated(relation, log);
  PERFORM {schema}.log_changes_below(i.inhrelid::regclass, log)
  FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid WHERE i.inhparent = relation AND c.relkind IN ('r', 'p');
END $$;

-- Puts the triggers on one relation. They fire in every session, also where replication or a restore turns triggers off, if the
-- relation is ours to say so.
CREATE OR REPLACE FUNCTION {schema}.log_changes_of(relation regclass, log name)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  ours boolean := (SELECT pg_has_role(c.relowner, 'USAGE') FROM pg_class AS c WHERE c.oid = relation);
  event record;
BEGIN
  IF NOT has_table_privilege(relation, 'TRIGGER') THEN
    RAISE EXCEPTION 'no right to put triggers on %', relation USING ERRCODE = 'insufficient_privilege';
  END IF;
  FOR event IN
    SELECT e.name, e.referencing FROM (VALUES
      ('insert', 'REFERENCING NEW TABLE AS new_rows'), ('update', 'REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows'),
      ('delete', 'REFERENCING OLD TABLE AS old_rows'), ('truncate', '')
    ) AS e (name, referencing)
  LOOP
    EXECUTE format('CREATE OR REPLACE TRIGGER %I AFTER %s ON %s %s FOR EACH STATEMENT EXECUTE FUNCTION %I.%I()',
                   {schema}.log_trigger(event.name, log), event.name, relation, event.referencing, '{name}', log);
    IF ours THEN
      EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', relation, {schema}.log_trigger(event.name, log));
    END IF;
  END LOOP;
END $$;

-- The name of a trigger that writes to a log. A relation may have those of several: its own, and that of the table it is a
-- partition of.
CREATE OR REPLACE FUNCTION {schema}.log_trigger(event text, log name)
RETURNS text LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT format('mvc_log_%s_%s', event, left(md5('{name}' || '.' || log), 8))
$$;

-- A MERGE that moves a row to another partition tells no statement trigger of that row (PostgreSQL 15 to 18): its old and its
-- new image are meant for triggers of DELETE and INSERT, which only fire where the MERGE has such an action. So rows whose
-- partition key changes are logged one by one; the trigger is the last to see the new row, but for columns that are computed, of which it
-- knows nothing, and for what triggers make of it after ours: unless the client's own statement is an UPDATE, which tells of moved rows, those are
-- changes of which no rows are known. Rows
-- also move between a partition and others of the table that it belongs to.
CREATE OR REPLACE FUNCTION {schema}.log_moves_of(base regclass, log name)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  within regclass := coalesce((
    SELECT a.relation FROM {schema}.ancestors(base) AS a JOIN pg_class AS c ON c.oid = a.relation WHERE a.topmost AND c.relkind = 'p'), base);
  moves text := (
    SELECT CASE WHEN bool_or(key.attnum = 0) THEN 'OLD.* OPERATOR(pg_catalog.*<>) NEW.*'  -- an expression: any column may be in it
                ELSE string_agg(DISTINCT format('OLD.%1$I IS DISTINCT FROM NEW.%1$I', a.attname), ' OR ') END
    FROM {schema}.with_descendants(within) AS relation JOIN pg_partitioned_table AS p ON p.partrelid = relation
    CROSS JOIN unnest(p.partattrs::int2[]) AS key (attnum) LEFT JOIN pg_attribute AS a ON a.attrelid = relation AND a.attnum = key.attnum);
  named text := '~' || {schema}.log_trigger(CASE WHEN within = base THEN 'move' ELSE 'move_within' END, log);
BEGIN
  IF moves IS NULL THEN
    RETURN;
  END IF;
  EXECUTE format('CREATE OR REPLACE TRIGGER %I BEFORE UPDATE ON %s FOR EACH ROW WHEN (%s) EXECUTE FUNCTION %I.%I()', named, within, moves, '{name}', log);
  IF (SELECT pg_has_role(c.relowner, 'USAGE') FROM pg_class AS c WHERE c.oid = within) THEN
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', within, named);
  END IF;
END $$;

-- Whether there are triggers that may change a row which is moved between the partitions of a table after ours, of the name `told`, has seen
-- it: those BEFORE INSERT, and those BEFORE UPDATE whose names come later.
CREATE OR REPLACE FUNCTION {schema}.changes_moved(partition regclass, told name)
RETURNS boolean LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan AS $$
BEGIN
  RETURN EXISTS (
    SELECT FROM pg_partition_tree(coalesce(pg_partition_root(partition), partition)) AS p JOIN pg_trigger AS t ON t.tgrelid = p.relid
    WHERE t.tgtype & 3 = 3 AND (t.tgtype & 4 <> 0 OR t.tgtype & 16 <> 0 AND t.tgname > told) AND t.tgenabled <> 'D'  -- BEFORE, FOR EACH ROW
      AND t.tgfoid NOT IN (SELECT f.oid FROM pg_proc AS f WHERE f.pronamespace = '{schema}'::regnamespace));
END $$;

-- Has what logical replication writes to a relation logged row by row: it fires no triggers of statements. Those who apply it run no query
-- of a client, and no other session has rows told; the trigger is there before there is a subscription, which may have gone again when a refresh
-- looks. Who does not own a table cannot say so, and a trigger that fires for every row of everybody would cost too much.
CREATE OR REPLACE FUNCTION {schema}.log_replicated(relation regclass, log name)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  named text := {schema}.log_trigger('row', log);
BEGIN
  IF EXISTS (SELECT FROM pg_class AS c WHERE c.oid = relation AND c.relkind = 'r' AND pg_has_role(c.relowner, 'USAGE')) THEN
    EXECUTE format('CREATE OR REPLACE TRIGGER %I AFTER INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW'
                   ' WHEN (pg_catalog.current_query() IS NULL) EXECUTE FUNCTION %I.%I()', named, relation, '{name}', log);
    EXECUTE format('ALTER TABLE %s ENABLE REPLICA TRIGGER %I', relation, named);
  END IF;
END $$;

-- Logs the changes of a partition from its first row on: to be called in the transaction that made and attached it. Where the log
-- is broken for another reason, it stays so.
CREATE OR REPLACE FUNCTION {schema}.watch_partition(partition regclass)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  watched {schema}.watched_table;
  base regclass;
BEGIN
  FOR watched IN SELECT * FROM {schema}.watched_table LOOP
    base := to_regclass(format('%I.%I', watched.table_schema, watched.table_name));
    IF partition IN (SELECT d FROM {schema}.with_descendants(base) AS d)
       AND {schema}.heard_alike(watched.triggers, ({schema}.triggers_of(base, watched.log, watched.columns) - partition::oid::text) #- ARRAY['files', partition::oid::text]) THEN
      PERFORM {schema}.log_changes_of(partition, watched.log), {schema}.log_replicated(partition, watched.log);
      UPDATE {schema}.watched_table AS w SET triggers = {schema}.triggers_noted(base, w.log, w.columns) WHERE w.log = watched.log;
    END IF;
  END LOOP;
END $$;

-- Keeps the changes that are logged from here on for a relation that is about to be filled: they are not dropped before it has
-- seen them.
CREATE OR REPLACE FUNCTION {schema}.keep_changes(project text, view_schema name, view_name name, stored_name name, watches name[])
RETURNS void LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO {schema}.stored_relation AS s (stored_name, view_schema, view_name, project, watches, hold, held_at)
  VALUES (keep_changes.stored_name, keep_changes.view_schema, keep_changes.view_name, keep_changes.project, keep_changes.watches,
          pg_current_snapshot(), now())
  ON CONFLICT ON CONSTRAINT stored_relation_pkey
  DO UPDATE SET watches = excluded.watches, cursor = NULL, hold = excluded.hold, held_at = excluded.held_at
$$;

-- Logs the changes of a table no longer, unless a view that is deployed needs it: a migration does not know those of other
-- projects.
CREATE OR REPLACE FUNCTION {schema}.unwatch(log name)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM {schema}.deployed_view AS d
             WHERE d.definition #> '{increment,watched}' @> jsonb_build_array(jsonb_build_object('log', unwatch.log))) THEN
    RETURN;
  END IF;
  UPDATE {schema}.stored_relation AS s SET cursor = NULL, hold = NULL WHERE unwatch.log = ANY (s.watches);
  EXECUTE format('DROP FUNCTION IF EXISTS %I.%I() CASCADE', '{name}', log);
  DELETE FROM {schema}.unknown_change AS u WHERE u.log = unwatch.log;
  DELETE FROM {schema}.watched_table AS w WHERE w.log = unwatch.log;
  EXECUTE format('TRUNCATE %I.%I', '{name}', log);
  PERFORM {schema}.drop_unused_logs();
END $$;

-- Drops the logs that nothing writes to and nothing reads. What is kept for a rollback may still read one.
CREATE OR REPLACE FUNCTION {schema}.drop_unused_logs()
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  unused name;
BEGIN
  FOR unused IN
    SELECT c.relname FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = 1 AND a.attname = 'mvc_at'
    WHERE c.relnamespace = to_regnamespace('{schema}') AND c.relkind = 'r' AND c.relname LIKE 'changes\_%'
      AND NOT EXISTS (SELECT FROM {schema}.watched_table AS w WHERE w.log = c.relname)
  LOOP
    BEGIN
      EXECUTE format('DROP TABLE IF EXISTS %1$I.%2$I, %1$I.%3$I', '{name}', unused, {schema}.kept_of(unused));
    EXCEPTION WHEN dependent_objects_still_exist THEN
      NULL;
    END;
  END LOOP;
END $$;

-- Drops what every reader of a log has seen, and keeps the rest apart. Rows of a later time than there has been are from another
-- server (a restore); each statement asks its own snapshot for that, since others write meanwhile.
CREATE OR REPLACE FUNCTION {schema}.purge_changes(logs name[])
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  purged name;
  seen xid8;
BEGIN
  FOREACH purged IN ARRAY logs LOOP
    CONTINUE WHEN NOT {schema}.take_turn('purge ' || purged);
    PERFORM {schema}.give_up_reader(purged);
    seen := {schema}.seen_by_all(purged);
    EXECUTE format('DELETE FROM ONLY %1$I.%2$I WHERE mvc_at < $1 OR mvc_at >= (SELECT %1$I.beyond_now())', '{name}', purged) USING seen;
    PERFORM {schema}.purge_kept({schema}.kept_of(purged), seen);
    DELETE FROM {schema}.unknown_change AS u WHERE u.log = purged AND (u.at < seen OR u.at >= (SELECT {schema}.beyond_now()));
    PERFORM {schema}.keep_unread(purged);
  END LOOP;
END $$;

-- The same for what is kept apart, which is looked at by its index alone.
CREATE OR REPLACE FUNCTION {schema}.purge_kept(kept name, seen xid8)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  least xid8;
  most xid8;
BEGIN
  IF to_regclass(format('%I.%I', '{name}', kept)) IS NULL THEN  -- an upgrade leaves alone what belongs to a table that is gone
    RETURN;
  END IF;
  EXECUTE format('SELECT k.mvc_at FROM %I.%I AS k ORDER BY k.mvc_at LIMIT 1', '{name}', kept) INTO least;
  EXECUTE format('SELECT k.mvc_at FROM %I.%I AS k ORDER BY k.mvc_at DESC LIMIT 1', '{name}', kept) INTO most;
  IF least < seen THEN
    EXECUTE format('DELETE FROM %I.%I WHERE mvc_at < $1', '{name}', kept) USING seen;
  END IF;
  IF most >= {schema}.beyond_now() THEN
    EXECUTE format('DELETE FROM %1$I.%2$I WHERE mvc_at >= (SELECT %1$I.beyond_now())', '{name}', kept);
  END IF;
END $$;

-- The transaction before which every reader of a log has seen all; the present where it has none. A hold is one for a day.
CREATE OR REPLACE FUNCTION {schema}.seen_by_all(log name)
RETURNS xid8 LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN coalesce((
    SELECT pg_snapshot_xmin(coalesce(s.cursor, s.hold)) AS oldest FROM {schema}.stored_relation AS s
    WHERE seen_by_all.log = ANY (s.watches) AND (s.cursor IS NOT NULL OR s.held_at > now() - interval '1 day') ORDER BY oldest LIMIT 1
  ), pg_snapshot_xmin(pg_current_snapshot()));
END $$;

-- Takes the changes that some have still to read out of a log that has become long, so that all others need not go through them each
-- time: if one of them has not read for a while, else they are soon gone anyway. As many at once as cost less than a second; what may
-- still be written by open transactions stays.
CREATE OR REPLACE FUNCTION {schema}.keep_unread(log name)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  place regclass := format('%I.%I', '{name}', log);
  listed text;
  first tid;
BEGIN
  IF pg_relation_size(place) <= 262144 OR to_regclass(format('%I.%I', '{name}', {schema}.kept_of(log))) IS NULL OR NOT EXISTS (
    SELECT FROM {schema}.stored_relation AS s
    WHERE keep_unread.log = ANY (s.watches) AND CASE WHEN s.cursor IS NULL THEN s.held_at ELSE s.as_of END < now() - interval '5 minutes'
  ) THEN
    RETURN;
  END IF;
  listed := (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute AS a
             WHERE a.attrelid = place AND a.attnum > 0 AND NOT a.attisdropped);
  EXECUTE format('SELECT ctid FROM ONLY %s LIMIT 1', place) INTO first;
  EXECUTE format('WITH unread AS (DELETE FROM ONLY %1$I.%2$I WHERE ctid >= $1 AND ctid < $2 AND mvc_at < pg_snapshot_xmin(pg_current_snapshot()) RETURNING %4$s)'
                 ' INSERT INTO %1$I.%3$I (%4$s) SELECT %4$s FROM unread', '{name}', log, {schema}.kept_of(log), listed)
  USING first, format('(%s,0)', (first::text::point)[0]::bigint + 512)::tid;
END $$;

-- Has the last reader of a log that is longer than it may be read everything anew next time, so that the changes which only that one
-- has not read can go. A reader that is at it is left alone. The next one has its turn the next time, if there is need.
CREATE OR REPLACE FUNCTION {schema}.give_up_reader(log name)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  full_log record;
  behind boolean;
BEGIN
  IF pg_relation_size(format('%I.%I', '{name}', log)::regclass)
     + coalesce(pg_relation_size(to_regclass(format('%I.%I', '{name}', {schema}.kept_of(log)))), 0) < 100000 THEN  -- what costs less to ask than the view
    RETURN;
  END IF;
  SELECT l.* INTO full_log FROM {schema}.change_logs AS l WHERE l.log = give_up_reader.log AND l.bytes > l.allowed_bytes AND l.stored_name IS NOT NULL;
  IF full_log.log IS NULL THEN
    RETURN;
  END IF;
  EXECUTE format('SELECT EXISTS (SELECT FROM %I.%I AS l WHERE l.mvc_at >= pg_snapshot_xmin(s.cursor) AND NOT pg_visible_in_snapshot(l.mvc_at, s.cursor))'
                 ' FROM %I.stored_relation AS s WHERE s.stored_name = $1', '{name}', log, '{name}') INTO behind USING full_log.stored_name;
  UPDATE {schema}.stored_relation AS s SET cursor = NULL, hold = NULL, missed = format(
    'the log of changes of %I.%I had grown to %s, which is more than %s, before they were read', full_log.table_schema, full_log.table_name,
    pg_size_pretty(full_log.bytes), pg_size_pretty(full_log.allowed_bytes))
  FROM (SELECT c.stored_name FROM {schema}.stored_relation AS c WHERE c.stored_name = full_log.stored_name AND behind FOR UPDATE SKIP LOCKED) AS idle
  WHERE s.stored_name = idle.stored_name;
END $$;
