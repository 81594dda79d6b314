-- Views whose rows are older than their last refresh, since what they read of other views is: a refresh renews what is computed, not what it
-- is computed of.

-- The stored relations that hold, and the views that show, older rows than they should, or none: by the OID, with the moment that their rows are of
-- (NULL: there are none). What is released for a change of base tables stays as it is until it is deployed anew; what failed, or is older
-- than a schedule promises, until its own refresh.
CREATE OR REPLACE FUNCTION {schema}.standing_still()
RETURNS TABLE (relation oid, view_schema name, view_name name, since timestamptz, why text) LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp SET jit = off SET plan_cache_mode = force_generic_plan AS $$
BEGIN
  RETURN QUERY
  WITH held AS MATERIALIZED (
    SELECT s.stored_name, s.view_schema, s.view_name, CASE
      WHEN jsonb_typeof(d.definition -> 'window') = 'object' AND jsonb_typeof(d.definition -> 'increment') IS DISTINCT FROM 'object'
      THEN greatest(s.filled_at, s.windowed_at) ELSE s.filled_at END AS at
    FROM {schema}.stored_relation AS s JOIN {schema}.deployed_view AS d ON d.stored_name = s.stored_name AND d.kind = 'materialized'
  ), failed AS (
    SELECT l.view_schema, l.view_name, max(l.started_at) AS at FROM {schema}.refresh_log AS l WHERE l.status IN ('failed', 'lost') AND l.mode <> 'verify' GROUP BY 1, 2
    UNION ALL SELECT l.view_schema, l.view_name, l.started_at FROM {schema}.refresh_log AS l
    WHERE l.status = 'started' AND l.mode <> 'verify' AND {schema}.is_lost(l.xmax, l.pid, l.started_at)
  ), still (stored_name, view_schema, view_name, at, why) AS (
    SELECT s.stored_name, s.view_schema, s.view_name, s.filled_at, 'it was released for a change of its base tables'
    FROM {schema}.frozen_relation AS f JOIN {schema}.stored_relation AS s ON s.stored_name = f.stored_name
    UNION ALL SELECT h.stored_name, h.view_schema, h.view_name, h.at, 'its last refresh failed'
    FROM failed AS f JOIN held AS h ON h.view_schema = f.view_schema AND h.view_name = f.view_name AND f.at > h.at
    UNION ALL SELECT p.stored_name, p.view_schema, p.view_name, clock_timestamp() - make_interval(secs => p.own_seconds),
      format('it is older than the schedule %s promises', quote_ident(p.schedule))
    FROM {schema}.promised AS p WHERE p.own_seconds > p.promised_seconds
    UNION ALL SELECT h.stored_name, h.view_schema, h.view_name, NULL, 'it holds no data yet' FROM held AS h WHERE h.at IS NULL
  )
  SELECT c.oid, t.view_schema, t.view_name, t.at, t.why FROM (
    SELECT DISTINCT ON (s.stored_name) s.* FROM still AS s ORDER BY s.stored_name, s.at NULLS FIRST) AS t
  JOIN pg_class AS c ON c.relname = t.stored_name AND c.relnamespace = to_regnamespace('{schema}')
  UNION ALL SELECT c.oid, r.view_schema, r.view_name, NULL, 'it was released for a change of base tables that its rules read, and shows no rows'
  FROM {schema}.released_view AS r JOIN pg_class AS c ON c.oid = to_regclass(format('%I.%I', r.view_schema, r.view_name)) WHERE r.released ? 'shown';
END $$;

-- What a stored relation reads, as it was proven here; else as it is found.
CREATE OR REPLACE FUNCTION {schema}.relations_read(stored {schema}.stored_relation)
RETURNS oid[] LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN CASE WHEN stored.proven ->> 'place' = {schema}.this_database() THEN {schema}.oids(stored.proven -> 'read')
    ELSE {schema}.read_by({schema}.queries_of(stored)) END;
END $$;

-- The views whose refreshes go back to one of these, directly or not, by whatever lies between: each with the one that has the oldest rows.
CREATE OR REPLACE FUNCTION {schema}.held_back()
RETURNS TABLE (stored_name name, root_schema name, root_name name, since timestamptz, why text) LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET jit = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  roots jsonb := (SELECT jsonb_agg(s) FROM {schema}.standing_still() AS s);
BEGIN
  IF roots IS NULL THEN
    RETURN;
  END IF;
  RETURN QUERY
  WITH RECURSIVE reading AS MATERIALIZED (
    SELECT s.stored_name, c.oid AS place, {schema}.relations_read(s) AS relations FROM {schema}.stored_relation AS s
    JOIN {schema}.deployed_view AS d ON d.stored_name = s.stored_name JOIN pg_class AS c ON c.relname = s.stored_name AND c.relnamespace = to_regnamespace('{schema}')
    WHERE NOT EXISTS (SELECT FROM {schema}.frozen_relation AS f WHERE f.stored_name = s.stored_name)
  ), root AS MATERIALIZED (
    SELECT r.* FROM jsonb_to_recordset(roots) AS r (relation oid, view_schema name, view_name name, since timestamptz, why text)
  ), behind (stored_name, place, root) AS (
    SELECT r.stored_name, r.place, t.relation FROM root AS t JOIN reading AS r ON t.relation = ANY (r.relations) AND r.place <> t.relation
    UNION SELECT r.stored_name, r.place, b.root FROM behind AS b JOIN reading AS r ON b.place = ANY (r.relations) AND r.place <> b.place
  )
  SELECT DISTINCT ON (b.stored_name) b.stored_name, t.view_schema, t.view_name, t.since, t.why FROM behind AS b JOIN root AS t ON t.relation = b.root
  ORDER BY b.stored_name, t.since NULLS FIRST, t.view_schema, t.view_name;
END $$;

-- What a refresh has to say of that; NULL where there is nothing. Where rows that are to be read are not there at all, it is refused: what is stored would
-- go with them.
CREATE OR REPLACE FUNCTION {schema}.behind(stored {schema}.stored_relation)
RETURNS text LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  root record;
BEGIN
  IF NOT EXISTS (
    SELECT FROM unnest({schema}.relations_read(stored)) AS r (oid) JOIN pg_class AS c ON c.oid = r.oid
    JOIN {schema}.stored_relation AS s ON s.stored_name = c.relname AND c.relnamespace = to_regnamespace('{schema}') AND s.stored_name <> stored.stored_name
    UNION ALL SELECT FROM {schema}.released_view AS r WHERE r.released ? 'shown'
  ) THEN
    RETURN NULL;
  END IF;
  SELECT h.* INTO root FROM {schema}.held_back() AS h WHERE h.stored_name = stored.stored_name;
  IF root.why IS NULL THEN
    RETURN NULL;
  ELSIF root.since IS NULL THEN
    RAISE EXCEPTION '%.% goes back to %.%: %', quote_ident(stored.view_schema), quote_ident(stored.view_name), quote_ident(root.root_schema), quote_ident(root.root_name), root.why
      USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'mvc apply puts that in place; mvc refresh fills what was never filled';
  END IF;
  RETURN format('not fresh: what it reads of %I.%I is of %s, since %s', root.root_schema, root.root_name, date_trunc('second', root.since), root.why);
END $$;

-- What was promised (`within`), per view and schedule, and whether the rows are too old: those of its own refreshes, or what these read of a view
-- that stands still, `upstream`. A view without data breaks every promise.
CREATE OR REPLACE VIEW {schema}.promises AS
SELECT p.project, p.schedule, p.view_schema, p.view_name, p.promised_seconds, aged.seconds AS age_seconds, coalesce(aged.seconds > p.promised_seconds, true) AS broken,
  p.refresh_at_seconds, p.called, p.own_seconds, CASE WHEN aged.seconds IS DISTINCT FROM p.own_seconds THEN format('%I.%I', h.root_schema, h.root_name) END AS upstream
FROM {schema}.promised AS p LEFT JOIN {schema}.held_back() AS h ON h.stored_name = p.stored_name
CROSS JOIN LATERAL (SELECT CASE WHEN p.own_seconds IS NOT NULL AND (h.stored_name IS NULL OR h.since IS NOT NULL)
  THEN greatest(p.own_seconds, extract(epoch FROM clock_timestamp() - h.since)::double precision) END) AS aged (seconds);
