-- Who is at what: locks that nobody but the owner can take, since nobody else has a right on these relations. An advisory lock is
-- anybody's who can log in.

-- Whoever deploys locks this, in a transaction that is open for as long as the deployment lasts.
CREATE TABLE IF NOT EXISTS {schema}.deploying ();

-- Work that one session at a time does: the one that has locked its row, until its transaction ends.
CREATE TABLE IF NOT EXISTS {schema}.turn (work text PRIMARY KEY);

INSERT INTO {schema}.turn (work) SELECT 'refresh ' || s.stored_name FROM {schema}.stored_relation AS s UNION ALL VALUES ('partitions') ON CONFLICT DO NOTHING;

CREATE OR REPLACE FUNCTION {schema}.take_turn(work text)
RETURNS boolean LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM FROM {schema}.turn AS t WHERE t.work = take_turn.work FOR UPDATE SKIP LOCKED;
  IF FOUND THEN
    RETURN true;
  END IF;
  INSERT INTO {schema}.turn (work) VALUES (take_turn.work) ON CONFLICT DO NOTHING;
  RETURN FOUND;
END $$;

-- Whether a row is locked by a transaction that is under way: `locker` is the row's xmax, of which the server keeps the lower half.
CREATE OR REPLACE FUNCTION {schema}.is_locked(locker xid)
RETURNS boolean LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT locker <> '0'::xid AND coalesce(pg_xact_status(CASE
    WHEN ahead < 2147483648 THEN next + ahead WHEN next + ahead >= 4294967296 THEN next + ahead - 4294967296 END::text::xid8) = 'in progress', false)
  FROM (SELECT n.next, (locker::text::bigint - n.next % 4294967296 + 4294967296) % 4294967296
        FROM (SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint) AS n (next)) AS distance (next, ahead)
$$;

-- Whether a run that has begun has come to nothing: nobody has its row locked, as whoever does it has, and the session that it began in is
-- gone, or has been at something else for a minute. Behind a pooler another session may do it, and begins at once.
CREATE OR REPLACE FUNCTION {schema}.is_lost(locker xid, worker integer, began timestamptz)
RETURNS boolean LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT NOT {schema}.is_locked(locker) AND (
    NOT EXISTS (SELECT FROM pg_stat_activity AS a WHERE a.pid = worker AND coalesce(a.backend_start <= began, true))
    OR began < clock_timestamp() - interval '1 minute'
       AND NOT EXISTS (SELECT FROM pg_stat_activity AS a WHERE a.pid = worker AND a.state <> 'idle' AND a.query_start <= began))
$$;

-- What a worker locks for as long as it sees to the schedules of a project. A table, since who locks a row has a transaction number,
-- and as long as that is open nothing is vacuumed. Each role that refreshes has one of its own, so none keeps another from working.
CREATE OR REPLACE FUNCTION {schema}.leading(project text, role name)
RETURNS name LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT 'leading_' || left(md5(concat(project, E'\n', role)), 12)
$$;

-- The roles that may see to the schedules of each project that is deployed, the owner among them, with what each one locks.
CREATE OR REPLACE VIEW {schema}.leaders AS
SELECT t.project, r.role, {schema}.leading(t.project, r.role) AS relation FROM {schema}.current_target AS t CROSS JOIN LATERAL (
  SELECT pg_catalog.jsonb_array_elements_text(t.target OPERATOR(pg_catalog.->) 'refresh_roles')::name
  UNION SELECT pg_catalog.pg_get_userbyid(n.nspowner) FROM pg_catalog.pg_namespace AS n WHERE n.nspname OPERATOR(pg_catalog.=) '{name}') AS r (role);

CREATE OR REPLACE FUNCTION {schema}.make_leaders(project text, refreshers name[])
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  wanted name[] := ARRAY(
    SELECT {schema}.leading(make_leaders.project, r.role) FROM unnest(
      refreshers || (SELECT pg_get_userbyid(n.nspowner) FROM pg_namespace AS n WHERE n.nspname = '{name}')) AS r (role));
  relation name;
BEGIN
  FOREACH relation IN ARRAY wanted LOOP
    IF to_regclass(format('%I.%I', '{name}', relation)) IS NULL THEN
      EXECUTE format('CREATE TABLE %I.%I ()', '{name}', relation);
      PERFORM {schema}.seal(relation);
    END IF;
  END LOOP;
  FOR relation IN
    SELECT c.relname FROM pg_class AS c WHERE c.relnamespace = to_regnamespace('{schema}') AND c.relkind = 'r' AND c.relname ~ '^leading_[0-9a-f]{12}$'
      AND c.relname <> ALL (wanted) AND c.relname NOT IN (SELECT l.relation FROM {schema}.leaders AS l WHERE l.project <> make_leaders.project)
  LOOP
    BEGIN
      EXECUTE format('LOCK TABLE %I.%I IN ACCESS EXCLUSIVE MODE NOWAIT', '{name}', relation);
      EXECUTE format('DROP TABLE %I.%I', '{name}', relation);
    EXCEPTION WHEN lock_not_available THEN  -- a worker of that role goes on; it goes with the next deployment
      NULL;
    END;
  END LOOP;
END $$;

-- Whether the session sees to the schedules of a project from here on, until its transaction ends. Nobody else of its role does.
CREATE OR REPLACE FUNCTION {schema}.lead(project text)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  place regclass := (
    SELECT to_regclass(format('%I.%I', '{name}', l.relation)) FROM {schema}.leaders AS l
    WHERE l.project = lead.project AND pg_has_role(session_user, to_regrole(quote_ident(l.role))::oid, 'MEMBER')
    ORDER BY l.role <> session_user, l.role <> current_user, l.role LIMIT 1);
BEGIN
  IF place IS NOT NULL THEN
    EXECUTE format('LOCK TABLE %s IN EXCLUSIVE MODE NOWAIT', place);
  END IF;
  RETURN true;
EXCEPTION WHEN lock_not_available THEN
  RETURN false;
END $$;
