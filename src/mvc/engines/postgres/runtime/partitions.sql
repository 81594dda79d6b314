-- What became of partitions, one row each. `lower` and `upper` are the bounds as the table's partition key spells them; `note`
-- says what else there is to know, e.g. which views read the rows that went.
CREATE TABLE IF NOT EXISTS {schema}.partition_log (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  project text NOT NULL,
  table_schema name NOT NULL,
  table_name name NOT NULL,
  action text NOT NULL CHECK (action IN ('created', 'detached', 'dropped', 'failed')),
  partition_name name,
  lower text,
  upper text,
  note text,
  error text,
  sqlstate text,
  done_by name NOT NULL DEFAULT session_user,
  done_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- The partitionings of a project as they were deployed last.
CREATE OR REPLACE FUNCTION {schema}.partitionings(project text)
RETURNS TABLE (place bigint, table_schema name, table_name name, column_name name, kind text, unit text, ahead integer,
               keep interval, retire text, timezone text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT p.place, p.item ->> 'table_schema', p.item ->> 'table', p.item ->> 'column', p.item ->> 'kind', p.item ->> 'by',
         (p.item ->> 'ahead')::integer, (p.item ->> 'keep')::interval, p.item ->> 'retire', p.item ->> 'timezone'
  FROM (SELECT d.target FROM {schema}.deployment AS d WHERE d.project = partitionings.project ORDER BY d.id DESC LIMIT 1) AS latest,
       jsonb_array_elements(latest.target -> 'partitions') WITH ORDINALITY AS p (item, place)
$$;

-- Bounds are compared as timestamps without a zone: for a timestamptz column they are UTC, for others as they stand. NULL for a
-- DEFAULT partition.
CREATE OR REPLACE FUNCTION {schema}.partition_range(partition oid)
RETURNS tsrange LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET TimeZone = 'UTC' SET DateStyle = 'ISO, MDY'
SET standard_conforming_strings = on AS $$
DECLARE
  said text[] := (SELECT regexp_match(pg_get_expr(c.relpartbound, c.oid), '^FOR VALUES FROM \((.*)\) TO \((.*)\)$')
                  FROM pg_class AS c WHERE c.oid = partition);
BEGIN
  IF said IS NULL THEN
    RETURN NULL;
  END IF;
  RETURN tsrange({schema}.partition_bound(said[1]), {schema}.partition_bound(said[2]), '[)');
END $$;

-- `'2026-11-01 00:00:00+00'` as a timestamp (UTC where it has an offset); NULL for MINVALUE and MAXVALUE.
CREATE OR REPLACE FUNCTION {schema}.partition_bound(said text)
RETURNS timestamp LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET TimeZone = 'UTC' SET DateStyle = 'ISO, MDY' AS $$
  SELECT CASE WHEN said LIKE '''%' THEN trim(said, '''')::timestamptz AT TIME ZONE 'UTC' END
$$;

-- The bound as the partition key spells it: with its offset where the column has a zone.
CREATE OR REPLACE FUNCTION {schema}.spelled_bound(bound timestamp, kind text)
RETURNS text LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET DateStyle = 'ISO, MDY' AS $$
  SELECT CASE kind WHEN 'date' THEN bound::date::text WHEN 'timestamptz' THEN bound::text || '+00' ELSE bound::text END
$$;

-- `reservations_2026_11`, `_2026_w07`, `_2026_11_23`, `_2026_q4`, `_2026`; what begins later than its period says when:
-- `_2026_11_from_2026_11_05`. A table's name that is too long for it is cut, and told apart from others of that beginning by a
-- digest. One byte of the 63 is left to the underscore of the array type.
CREATE OR REPLACE FUNCTION {schema}.partition_name(table_name name, unit text, starts timestamp, begins timestamp)
RETURNS name LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT (CASE WHEN octet_length(table_name::text || ending.text) <= 62 THEN table_name::text
    ELSE (SELECT left(table_name::text, n) FROM generate_series(length(table_name::text), 1, -1) AS n
          WHERE octet_length(left(table_name::text, n) || ending.text) <= 55 LIMIT 1) || '_' || left(md5(table_name::text), 6)
    END || ending.text)::name
  FROM (SELECT to_char(starts, CASE unit WHEN 'day' THEN '"_"FMYYYY"_"MM"_"DD' WHEN 'week' THEN '"_"FMIYYY"_w"IW' WHEN 'month' THEN '"_"FMYYYY"_"MM'
                                       WHEN 'quarter' THEN '"_"FMYYYY"_q"Q' ELSE '"_"FMYYYY' END)
               || CASE WHEN begins <> starts THEN to_char(begins, '"_from_"FMYYYY"_"MM"_"DD') ELSE '' END
               || CASE WHEN begins <> date_trunc('day', begins) THEN to_char(begins, '"_"HH24MI') ELSE '' END) AS ending (text)
$$;

-- What is wrong with a table that partitions are to be made for; NULL if nothing is.
CREATE OR REPLACE FUNCTION {schema}.partition_obstacle(target oid, column_name name, kind text)
RETURNS text LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE
    WHEN c.oid IS NULL THEN 'there is no such table'
    WHEN c.relkind <> 'p' THEN 'it is not partitioned'
    WHEN c.relispartition THEN 'it is itself a partition'
    WHEN p.partstrat <> 'r' OR p.partnatts <> 1 OR p.partattrs[0] <> coalesce(a.attnum, -1) THEN format('it is not partitioned by ranges of %I', column_name)
    WHEN a.atttypid <> kind::regtype THEN format('%I is %s, no %s', column_name, format_type(a.atttypid, a.atttypmod), kind)
    WHEN EXISTS (SELECT FROM pg_inherits AS i JOIN pg_class AS child ON child.oid = i.inhrelid WHERE i.inhparent = c.oid AND child.relkind = 'p')
      THEN 'its partitions are partitioned themselves, and only one level is looked after'
  END
  FROM (SELECT) AS one LEFT JOIN pg_class AS c ON c.oid = target
  LEFT JOIN pg_partitioned_table AS p ON p.partrelid = c.oid
  LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = column_name AND NOT a.attisdropped
$$;

-- What is due now: partitions to be made for what no partition covers of the current and the next periods, those that are older
-- than what is kept, and tables for which nothing can be done (`fail`). Periods begin at midnight of the partitioning's own zone. A
-- period that partitions of other bounds cover in part gets one for the rest. `task` names a row for `partition_run`.
CREATE OR REPLACE FUNCTION {schema}.partition_tasks(project text)
RETURNS TABLE (task text, action text, table_schema name, table_name name, partition_name name, lower text, upper text, note text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET TimeZone = 'UTC' SET DateStyle = 'ISO, MDY' AS $$
DECLARE
  item record;
  target oid;
  obstacle text;
BEGIN
  IF NOT EXISTS (SELECT FROM {schema}.deployment AS d WHERE d.project = partition_tasks.project) THEN
    RAISE EXCEPTION 'no project % is deployed here', quote_literal(project) USING ERRCODE = 'undefined_object';
  END IF;
  FOR item IN SELECT * FROM {schema}.partitionings(partition_tasks.project) AS p ORDER BY p.place LOOP
    target := to_regclass(format('%I.%I', item.table_schema, item.table_name));
    obstacle := {schema}.partition_obstacle(target, item.column_name, item.kind);
    IF obstacle IS NOT NULL THEN
      RETURN QUERY SELECT format('fail %I.%I', item.table_schema, item.table_name), 'fail'::text, item.table_schema, item.table_name,
        NULL::name, NULL::text, NULL::text, obstacle;
      CONTINUE;
    END IF;
    RETURN QUERY
      SELECT format('%s %I.%I %I', due.action, item.table_schema, item.table_name, due.named), due.action, item.table_schema, item.table_name,
        due.named, {schema}.spelled_bound(due.lower, item.kind), {schema}.spelled_bound(due.upper, item.kind), due.note
      FROM (
        SELECT 1 AS step, 'create' AS action, m.named, m.lower, m.upper, m.note
        FROM {schema}.missing_partitions(target, item.table_name, item.unit, item.ahead, item.kind, item.timezone) AS m
        UNION ALL
        SELECT 2, item.retire, o.named, o.lower, o.upper, o.note
        FROM {schema}.old_partitions(target, item.unit, item.keep, item.kind, item.timezone) AS o
      ) AS due ORDER BY due.step, due.lower;
  END LOOP;
END $$;

CREATE OR REPLACE FUNCTION {schema}.period_length(unit text)
RETURNS interval LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE unit WHEN 'quarter' THEN interval '3 months' ELSE ('1 ' || unit)::interval END
$$;

-- Where the periods begin, the current one first, in the zone's local time.
CREATE OR REPLACE FUNCTION {schema}.period_starts(unit text, ahead integer, timezone text, at timestamptz DEFAULT now())
RETURNS SETOF timestamp LANGUAGE sql STABLE ROWS 12 SET search_path = pg_catalog, pg_temp AS $$
  SELECT date_trunc(unit, at AT TIME ZONE timezone) + n * {schema}.period_length(unit) FROM generate_series(0, ahead) AS n
$$;

-- A local midnight as a bound: for a column with a zone, the first instant of that local day, in UTC. Where clocks skip midnight,
-- the day begins when they are put forward; where it comes twice, with the first one.
CREATE OR REPLACE FUNCTION {schema}.instant(midnight timestamp, kind text, timezone text)
RETURNS timestamp LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN kind <> 'timestamptz' THEN midnight
    WHEN (later.instant - interval '1 hour') AT TIME ZONE timezone = midnight THEN (later.instant - interval '1 hour') AT TIME ZONE 'UTC'
    ELSE later.instant AT TIME ZONE 'UTC' END
  FROM (SELECT midnight AT TIME ZONE timezone) AS later (instant)
$$;

CREATE OR REPLACE FUNCTION {schema}.missing_partitions(target oid, table_name name, unit text, ahead integer, kind text, timezone text)
RETURNS TABLE (named name, lower timestamp, upper timestamp, note text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET TimeZone = 'UTC' AS $$
  WITH covered AS (
    SELECT coalesce(range_agg(r.range), '{}'::tsmultirange) AS ranges
    FROM pg_inherits AS i, {schema}.partition_range(i.inhrelid) AS r (range) WHERE i.inhparent = target AND r.range IS NOT NULL
  ), period AS (
    SELECT s.starts, tsrange({schema}.instant(s.starts, kind, timezone),
      {schema}.instant(s.starts + {schema}.period_length(unit), kind, timezone)) AS range
    FROM {schema}.period_starts(unit, ahead, timezone) AS s (starts)
  ), gap AS (
    SELECT p.starts, p.range AS whole, g.range,
      CASE WHEN lower(g.range) = lower(p.range) THEN p.starts WHEN kind <> 'timestamptz' THEN lower(g.range)
           ELSE lower(g.range) AT TIME ZONE 'UTC' AT TIME ZONE timezone END AS begins
    FROM period AS p, covered AS c, unnest(tsmultirange(p.range) - c.ranges) AS g (range)
  )
  SELECT {schema}.partition_name(table_name, unit, g.starts, g.begins), lower(g.range), upper(g.range),
    CASE WHEN g.range <> g.whole THEN 'other partitions cover the rest of this ' || unit END
  FROM gap AS g
$$;

-- Partitions that end before what is kept. One that takes whatever is older still (FROM MINVALUE) stays, as does a DEFAULT one.
CREATE OR REPLACE FUNCTION {schema}.old_partitions(target oid, unit text, keep interval, kind text, timezone text)
RETURNS TABLE (named name, lower timestamp, upper timestamp, note text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT c.relname, lower(r.range), upper(r.range), CASE WHEN n.oid <> p.relnamespace THEN format('in the schema %I', n.nspname) END
  FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
  JOIN pg_class AS p ON p.oid = i.inhparent, {schema}.partition_range(c.oid) AS r (range)
  WHERE i.inhparent = target AND isfinite(lower(r.range))
    AND upper(r.range) <= {schema}.instant((SELECT min(s) FROM {schema}.period_starts(unit, 0, timezone) AS s) - keep, kind, timezone)
$$;

-- Does one task that is due, in this transaction, and logs it. 'done', 'failed', 'gone' (no longer due, somebody else did it),
-- 'again' where a part of it is done and must be committed first, or 'busy' where a lock is not to be had for an instant: then try
-- again later, `last` says that there is no later. A lock is waited for so shortly because all who come after us wait as well.
CREATE OR REPLACE FUNCTION {schema}.partition_run(project text, task text, last boolean DEFAULT true)
RETURNS text LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET TimeZone = 'UTC' SET DateStyle = 'ISO, MDY' SET lock_timeout = '80ms' AS $$
DECLARE
  due record;
  message text;
  state text;
  remark text;
BEGIN
  IF NOT {schema}.take_turn('partitions') THEN
    RETURN 'busy';
  END IF;
  SELECT t.* INTO due FROM {schema}.partition_tasks(partition_run.project) AS t WHERE t.task = partition_run.task;
  IF due.task IS NULL THEN
    RETURN 'gone';
  END IF;
  BEGIN
    IF due.action = 'fail' THEN
      RAISE EXCEPTION '%', due.note USING ERRCODE = 'wrong_object_type';
    ELSIF due.action = 'create' THEN
      PERFORM {schema}.expect_trusted_table(partition_run.project, format('%I.%I', due.table_schema, due.table_name)::regclass);
      IF {schema}.guard_default(due.table_schema, due.table_name, due.lower, due.upper) THEN
        RETURN 'again';
      END IF;
      PERFORM {schema}.create_partition(due.table_schema, due.table_name, due.partition_name, due.lower, due.upper);
    ELSE
      remark := {schema}.retire_partition(due.table_schema, due.table_name, due.lower, due.upper, due.action = 'drop');
    END IF;
    INSERT INTO {schema}.partition_log (project, table_schema, table_name, action, partition_name, lower, upper, note)
    VALUES (partition_run.project, due.table_schema, due.table_name,
            CASE due.action WHEN 'create' THEN 'created' WHEN 'drop' THEN 'dropped' ELSE 'detached' END,
            due.partition_name, due.lower, due.upper, nullif(concat_ws('; ', due.note, remark), ''));
    RETURN 'done';
  EXCEPTION WHEN OTHERS THEN  -- but for a cancel, which ends the whole run
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, state = RETURNED_SQLSTATE;
  END;
  IF state IN ('55P03', '40P01') AND NOT last THEN
    RETURN 'busy';
  END IF;
  IF due.action = 'create' THEN
    remark := {schema}.drop_guards(due.table_schema, due.table_name);
  END IF;
  INSERT INTO {schema}.partition_log (project, table_schema, table_name, action, partition_name, lower, upper, note, error, sqlstate)
  VALUES (partition_run.project, due.table_schema, due.table_name, 'failed', due.partition_name, due.lower, due.upper,
          nullif(concat_ws('; ', due.note, remark), ''),
          CASE state WHEN '55P03' THEN 'somebody kept a lock on the table for too long: ' || message ELSE message END, state);
  RETURN 'failed';
END $$;

-- Refuses a table whose expressions call something of a role that nobody trusts: who attaches a partition runs the constant parts of
-- its checks and indexes. So is a DEFAULT partition that is foreign, which is looked through: whoever owns its server says as whom and where that is done. Its owner cannot give it others meanwhile: who is not trusted is locked out before.
CREATE OR REPLACE FUNCTION {schema}.expect_trusted_table(project text, relation regclass)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  roles name[] := ARRAY(SELECT jsonb_array_elements_text(t.target -> 'trusted_roles') FROM {schema}.current_target AS t WHERE t.project = expect_trusted_table.project);
  allowed text[] := ARRAY(SELECT DISTINCT jsonb_array_elements_text(s.proven -> 'allowed') FROM {schema}.stored_relation AS s
                          WHERE s.project = expect_trusted_table.project);
  found record;
BEGIN
  IF EXISTS (SELECT FROM {schema}.with_descendants(relation) AS d JOIN pg_class AS c ON c.oid = d WHERE NOT {schema}.is_trusted(c.relowner, roles)) THEN
    EXECUTE format('LOCK TABLE %s IN SHARE UPDATE EXCLUSIVE MODE', relation);
  END IF;
  PERFORM {schema}.expect_nothing_temporary(roles), {schema}.expect_trusted(ARRAY[relation], relation::text, roles, allowed), {schema}.expect_inert(relation);
  SELECT c.oid::regclass AS named, pg_get_userbyid(o.owner) AS owner INTO found FROM pg_partitioned_table AS p JOIN pg_class AS c ON c.oid = p.partdefid
  CROSS JOIN LATERAL {schema}.strange_owners(ARRAY[c.oid], roles) AS o
  WHERE p.partrelid = expect_trusted_table.relation AND c.relkind = 'f' AND o.relation = c.oid LIMIT 1;
  IF found.named IS NOT NULL THEN
    RAISE EXCEPTION 'the DEFAULT partition % is a foreign table, and the role %, who owns it or its server, can have code run as whoever reads it', found.named,
      quote_ident(found.owner) USING ERRCODE = 'wrong_object_type', HINT = 'if that role is trusted, name it in mvc.yml: trusted_roles';
  END IF;
END $$;

-- Makes a partition as a table beside the others, dresses it as its parent is dressed, and attaches it: that takes a lock which
-- readers and writers of the parent do not notice, where CREATE TABLE … PARTITION OF shuts them out. It is empty, so nothing is
-- scanned.
CREATE OR REPLACE FUNCTION {schema}.create_partition(table_schema name, table_name name, named name, lower text, upper text)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET default_tablespace = '' AS $$
DECLARE
  parent regclass := format('%I.%I', table_schema, table_name)::regclass;
  made oid;
BEGIN
  IF to_regclass(format('%I.%I', table_schema, named)) IS NOT NULL THEN
    RAISE EXCEPTION 'there is a relation % already, which is no partition of this period', named
      USING ERRCODE = 'duplicate_table', HINT = 'rename or attach it';
  END IF;
  made := {schema}.partition_table(parent, named);
  EXECUTE format('ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)', parent, made::regclass, lower, upper);
  PERFORM {schema}.copy_identity(parent, made), {schema}.watch_partition(made::regclass), {schema}.drop_guards(table_schema, table_name);
END $$;

-- The new table: columns, checks and defaults of the parent, parameters of its latest sibling, then owner, policies and grants.
-- It is made under the parent's name in our own schema, since a policy's subquery calls its table by that name, and moves then.
CREATE OR REPLACE FUNCTION {schema}.partition_table(parent regclass, named name)
RETURNS oid LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  whole pg_class := (SELECT c FROM pg_class AS c WHERE c.oid = parent);
  home name := (SELECT n.nspname FROM pg_namespace AS n WHERE n.oid = whole.relnamespace);
  place text := format('%I.%I', '{name}', whole.relname);
  made regclass;
BEGIN
  IF to_regclass(place) IS NOT NULL THEN
    place := format('%I.%I', home, named);
  END IF;
  EXECUTE format('CREATE TABLE %s (LIKE %s INCLUDING CONSTRAINTS INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING STORAGE INCLUDING COMPRESSION'
                 ') %s', place, parent, {schema}.storage_of(parent));
  made := place::regclass;
  PERFORM {schema}.run_each(ARRAY(SELECT p.statement FROM {schema}.policies_of(parent, made) AS p));
  IF to_regclass(format('%I.%I', home, named)) IS DISTINCT FROM made THEN
    EXECUTE format('ALTER TABLE %s RENAME TO %I', made, named);
    EXECUTE format('ALTER TABLE %s SET SCHEMA %I', made, home);
  END IF;
  IF whole.relowner <> (SELECT c.relowner FROM pg_class AS c WHERE c.oid = made) THEN
    EXECUTE format('ALTER TABLE %s OWNER TO %I', made, pg_get_userbyid(whole.relowner));
  END IF;
  PERFORM {schema}.revoke_all('TABLE', made::text, c.relowner, c.relacl) FROM pg_class AS c WHERE c.oid = made;
  PERFORM {schema}.run_each(ARRAY(SELECT g.statement FROM {schema}.grants_of(parent, made) AS g));
  RETURN made;
END $$;

-- Statements of our own making.
CREATE OR REPLACE FUNCTION {schema}.run_each(statements text[])
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  statement text;
BEGIN
  FOREACH statement IN ARRAY statements LOOP
    EXECUTE statement;
  END LOOP;
END $$;

-- Access method, parameters and tablespace for a new partition, as SQL.
CREATE OR REPLACE FUNCTION {schema}.storage_of(parent oid)
RETURNS text LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT concat_ws(' ',
    (SELECT format('USING %I', m.amname) FROM pg_am AS m WHERE m.oid = coalesce(nullif(c.relam, 0), sibling.relam)),
    'WITH (' || (SELECT string_agg(format('%I = %L', option_name, option_value), ', ') FROM pg_options_to_table(sibling.reloptions)) || ')',
    (SELECT format('TABLESPACE %I', t.spcname) FROM pg_tablespace AS t WHERE t.oid = c.reltablespace))
  FROM pg_class AS c LEFT JOIN LATERAL (
    SELECT s.relam, s.reloptions FROM pg_inherits AS i JOIN pg_class AS s ON s.oid = i.inhrelid
    WHERE i.inhparent = c.oid AND s.relkind = 'r' AND pg_get_expr(s.relpartbound, s.oid) <> 'DEFAULT'
    ORDER BY upper({schema}.partition_range(s.oid)) DESC NULLS LAST LIMIT 1
  ) AS sibling ON true WHERE c.oid = parent
$$;

-- Row security of one table as statements for another.
CREATE OR REPLACE FUNCTION {schema}.policies_of(parent oid, made regclass)
RETURNS TABLE (statement text) LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', made) FROM pg_class AS c WHERE c.oid = parent AND c.relrowsecurity
  UNION ALL
  SELECT format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', made) FROM pg_class AS c WHERE c.oid = parent AND c.relforcerowsecurity
  UNION ALL
  SELECT format('CREATE POLICY %I ON %s AS %s FOR %s TO %s', p.polname, made,
                CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
                CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
                (SELECT string_agg(CASE role WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(role)) END, ', ') FROM unnest(p.polroles) AS role))
         || coalesce(' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')', '')
         || coalesce(' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')', '')
  FROM pg_policy AS p WHERE p.polrelid = parent
$$;

-- The grants on a table and its columns as statements for another.
CREATE OR REPLACE FUNCTION {schema}.grants_of(parent oid, made regclass)
RETURNS TABLE (statement text) LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT format('GRANT %s%s ON TABLE %s TO %s%s', e.privilege_type, held.columns, made,
                CASE e.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(e.grantee)) END,
                CASE WHEN e.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
  FROM pg_class AS c, LATERAL (
    SELECT '' AS columns, c.relacl AS acl
    UNION ALL
    SELECT format(' (%I)', a.attname), a.attacl FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attacl IS NOT NULL AND NOT a.attisdropped
  ) AS held, aclexplode(held.acl) AS e
  WHERE c.oid = parent AND e.grantee <> c.relowner
$$;

-- What logical replication takes for a row's identity: as the parent says, with the partition's own index of the parent's.
CREATE OR REPLACE FUNCTION {schema}.copy_identity(parent oid, made oid)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  identity "char" := (SELECT c.relreplident FROM pg_class AS c WHERE c.oid = parent);
  used name := (SELECT own.relname FROM pg_index AS x JOIN pg_inherits AS i ON i.inhparent = x.indexrelid
                JOIN pg_index AS y ON y.indexrelid = i.inhrelid AND y.indrelid = made JOIN pg_class AS own ON own.oid = y.indexrelid
                WHERE x.indrelid = parent AND x.indisreplident);
BEGIN
  IF identity IN ('f', 'n') THEN
    EXECUTE format('ALTER TABLE %s REPLICA IDENTITY %s', made::regclass, CASE identity WHEN 'f' THEN 'FULL' ELSE 'NOTHING' END);
  ELSIF identity = 'i' AND used IS NOT NULL THEN
    EXECUTE format('ALTER TABLE %s REPLICA IDENTITY USING INDEX %I', made::regclass, used);
  END IF;
END $$;

-- A DEFAULT partition must hold no row of a new one. Looked for here, without a lock that anybody notices. Attaching looks once
-- more, under a lock that all who read it notice; so a large one is first given a CHECK, valid by the second call, which spares
-- that. Meanwhile it refuses rows of this one period. Returns whether there is more to do before attaching.
CREATE OR REPLACE FUNCTION {schema}.guard_default(table_schema name, table_name name, lower text, upper text)
RETURNS boolean LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  fallback record;
  guard name := 'mvc_guard_' || left(md5(lower || upper), 12);
  valid boolean;
  found boolean;
BEGIN
  SELECT c.oid::regclass AS named, c.oid AS number, a.attname AS key, pg_relation_size(c.oid) > 8388608 AS large INTO fallback
  FROM pg_partitioned_table AS p JOIN pg_class AS c ON c.oid = p.partdefid
  JOIN pg_attribute AS a ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[0]
  WHERE p.partrelid = format('%I.%I', table_schema, table_name)::regclass;
  IF fallback.number IS NULL THEN
    RETURN false;
  END IF;
  SELECT k.convalidated INTO valid FROM pg_constraint AS k WHERE k.conrelid = fallback.number AND k.conname = guard;
  IF valid THEN
    RETURN false;
  ELSIF NOT valid THEN
    EXECUTE format('ALTER TABLE %s VALIDATE CONSTRAINT %I', fallback.named, guard);
    RETURN true;
  END IF;
  PERFORM set_config('row_security', 'off', true);
  EXECUTE format('SELECT EXISTS (SELECT FROM %s AS d WHERE d.%I >= %L AND d.%2$I < %4$L)', fallback.named, fallback.key, lower, upper) INTO found;
  IF found THEN
    RAISE EXCEPTION 'the DEFAULT partition % holds rows from % to %; %', fallback.named, lower, upper,
      {schema}.moving_words(format('%I.%I', table_schema, table_name)::regclass, fallback.named, fallback.key, lower, upper) USING ERRCODE = 'check_violation';
  ELSIF fallback.large THEN
    PERFORM {schema}.drop_guards(table_schema, table_name);
    EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I CHECK (NOT (%I IS NOT NULL AND %3$I >= %4$L AND %3$I < %5$L)) NOT VALID',
                   fallback.named, guard, fallback.key, lower, upper);
  END IF;
  RETURN fallback.large;
END $$;

-- How rows leave a DEFAULT partition: statements to paste, in which none is ever gone. Readers do not see its rows from the first to the last.
CREATE OR REPLACE FUNCTION {schema}.moving_words(parent regclass, fallback regclass, key name, lower text, upper text)
RETURNS text LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  columns constant text := (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute AS a
                            WHERE a.attrelid = parent AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '');
  those constant text := format('FROM %s WHERE %I >= %L AND %2$I < %4$L', fallback, key, lower, upper);
BEGIN
  RETURN format('move them: ALTER TABLE %s DETACH PARTITION %s; then mvc partitions; then BEGIN; '
                'INSERT INTO %1$s (%3$s) OVERRIDING SYSTEM VALUE SELECT %3$s %4$s; DELETE %4$s; ALTER TABLE %1$s ATTACH PARTITION %2$s DEFAULT; COMMIT;',
                parent, fallback, columns, those);
END $$;

-- Takes the guards of a DEFAULT partition away; what cannot be taken away now is named.
CREATE OR REPLACE FUNCTION {schema}.drop_guards(table_schema name, table_name name)
RETURNS text LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  left_over record;
BEGIN
  FOR left_over IN
    SELECT k.conrelid::regclass AS fallback, k.conname AS guard FROM pg_partitioned_table AS p JOIN pg_constraint AS k ON k.conrelid = p.partdefid
    WHERE p.partrelid = to_regclass(format('%I.%I', table_schema, table_name)) AND k.conname LIKE 'mvc\_guard\_%'
  LOOP
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', left_over.fallback, left_over.guard);
  END LOOP;
  RETURN NULL;
EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
  RETURN format('the CHECK %I of %s could not be taken away yet', left_over.guard, left_over.fallback);
END $$;

-- Takes a partition off its table, and away where that is asked for. What stops readers for longer than an instant is not begun.
CREATE OR REPLACE FUNCTION {schema}.retire_partition(table_schema name, table_name name, lower text, upper text, gone boolean)
RETURNS text LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET TimeZone = 'UTC' SET DateStyle = 'ISO, MDY' AS $$
DECLARE
  parent regclass := format('%I.%I', table_schema, table_name)::regclass;
  partition regclass;
  pending boolean;
  referrers text := (SELECT string_agg(DISTINCT k.conrelid::regclass::text, ', ') FROM pg_constraint AS k
                     WHERE k.contype = 'f' AND k.confrelid = parent AND k.conparentid = 0);
  readers text := (SELECT string_agg(format('%I.%I', r.view_schema, r.view_name), ', ' ORDER BY r.place)
                   FROM {schema}.partition_readers(ARRAY[parent]::oid[]) AS r);
BEGIN
  SELECT i.inhrelid, i.inhdetachpending INTO STRICT partition, pending FROM pg_inherits AS i
  WHERE i.inhparent = parent
    AND {schema}.partition_range(i.inhrelid) = tsrange({schema}.partition_bound(quote_literal(lower)), {schema}.partition_bound(quote_literal(upper)));
  IF referrers IS NOT NULL THEN
    RAISE EXCEPTION 'foreign keys of % refer to it: detaching would check them all while readers wait', referrers
      USING ERRCODE = 'dependent_objects_still_exist', HINT = format('at a quiet time: ALTER TABLE %s DETACH PARTITION %s', parent, partition);
  END IF;
  EXECUTE format('ALTER TABLE %s DETACH PARTITION %s%s', parent, partition, CASE WHEN pending THEN ' FINALIZE' ELSE '' END);
  IF gone THEN
    EXECUTE format('DROP TABLE %s', partition);
  END IF;
  RETURN 'its rows go with the next refresh of ' || readers;
END $$;

-- The stored views that read one of the tables, by whatever lies between, upstream first.
CREATE OR REPLACE FUNCTION {schema}.partition_readers(tables oid[])
RETURNS TABLE (place integer, view_schema name, view_name name) LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET work_mem = '64kB' AS $$
  WITH RECURSIVE reading (relation) AS (
    SELECT unnest(tables)
    UNION
    SELECT w.ev_class FROM reading AS r JOIN pg_depend AS d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = r.relation
    JOIN pg_rewrite AS w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid
  ), named AS (
    SELECT n.nspname AS home, c.relname AS name FROM reading AS r JOIN pg_class AS c ON c.oid = r.relation JOIN pg_namespace AS n ON n.oid = c.relnamespace
  ), touched (view_schema, view_name, project, called, place) AS (
    SELECT d.view_schema, d.view_name, d.project, {schema}.called(d.view_schema, d.view_name, d.recorded), 1 FROM {schema}.deployed_view AS d WHERE EXISTS (
      SELECT FROM named AS n WHERE n.home = '{name}' AND n.name = d.stored_name
        OR EXISTS (SELECT FROM jsonb_array_elements_text(d.definition -> 'reads') AS r (text) WHERE starts_with(r.text, n.home || '.' || n.name || '.')))
    UNION
    SELECT d.view_schema, d.view_name, d.project, {schema}.called(d.view_schema, d.view_name, d.recorded), t.place + 1 FROM touched AS t
    JOIN {schema}.deployed_view AS d ON d.project = t.project AND d.definition -> 'upstream' ? t.called::text
    WHERE t.place < 1000
  )
  SELECT max(t.place)::integer, t.view_schema, t.view_name FROM touched AS t
  JOIN {schema}.deployed_view AS d USING (view_schema, view_name) WHERE d.kind = 'materialized'
  GROUP BY t.view_schema, t.view_name ORDER BY 1, 2, 3
$$;

-- The stored views whose rows have gone with partitions that were retired after the log row `since`.
CREATE OR REPLACE FUNCTION {schema}.shrunk_views(since bigint)
RETURNS TABLE (place integer, view_schema name, view_name name)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT r.* FROM {schema}.partition_readers(ARRAY(
    SELECT DISTINCT to_regclass(format('%I.%I', l.table_schema, l.table_name))::oid FROM {schema}.partition_log AS l
    WHERE l.id > since AND l.action IN ('detached', 'dropped'))) AS r ORDER BY r.place, r.view_schema, r.view_name
$$;

CREATE OR REPLACE FUNCTION {schema}.partition_log_end()
RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(max(l.id), 0) FROM {schema}.partition_log AS l
$$;

-- Everything that is due for a project, each partition in a transaction of its own, so CALL this outside of one; then one whole
-- refresh of each view whose rows have gone. Fails in the end, when all is done that could be, where something has failed.
CREATE OR REPLACE PROCEDURE {schema}.maintain_partitions(project text)
LANGUAGE plpgsql AS $$
DECLARE
  failed pg_catalog.text[];
BEGIN
  CALL {schema}.partition_work(project, failed);
  IF failed IS NOT NULL THEN
    RAISE EXCEPTION 'failed: %', pg_catalog.array_to_string(failed, '; ') USING HINT = '{schema}' || '.partition_log says why';
  END IF;
END $$;

-- The same, and says what has failed. What it names is PostgreSQL's own: see `refresh_project`.
CREATE OR REPLACE PROCEDURE {schema}.partition_work(project text, INOUT failed text[])
LANGUAGE plpgsql AS $$
DECLARE
  began bigint;
  tasks pg_catalog.text[];
  task pg_catalog.text;
  outcome pg_catalog.jsonb;
  reader pg_catalog.record;
  run pg_catalog.jsonb;
  ended pg_catalog.text;
BEGIN
  COMMIT;
  SET LOCAL search_path = pg_catalog, pg_temp;
  began := {schema}.partition_log_end();
  tasks := (SELECT pg_catalog.array_agg(t.task) FROM {schema}.partition_tasks(project) AS t);
  FOREACH task IN ARRAY coalesce(tasks, ARRAY[]::text[]) LOOP
    FOR attempt IN 1 .. 40 LOOP
      CALL {schema}.committed('partition', jsonb_build_object('project', project, 'task', task, 'last', attempt = 40), outcome);
      SET LOCAL search_path = pg_catalog, pg_temp;
      EXIT WHEN outcome NOT IN ('"again"', '"busy"');
      PERFORM pg_catalog.pg_sleep(CASE outcome WHEN '"busy"' THEN 0.25 ELSE 0 END);
    END LOOP;
    IF outcome = '"failed"' THEN
      failed := failed || task;
    END IF;
  END LOOP;
  FOR reader IN SELECT s.view_schema, s.view_name FROM {schema}.shrunk_views(began) AS s LOOP
    CALL {schema}.committed('refresh', jsonb_build_object(
      'view_schema', reader.view_schema, 'view_name', reader.view_name, 'mode', 'full', 'schedule', 'partitions'), run);
    CALL {schema}.refresh_work(run::bigint, NULL, ended);
    SET LOCAL search_path = pg_catalog, pg_temp;
    IF ended = 'failed' THEN
      failed := failed || format('the refresh of %I.%I', reader.view_schema, reader.view_name);
    END IF;
  END LOOP;
END $$;

-- The same for callers who cannot CALL: in one transaction, so that what it locks stays locked until its end. What fails is a
-- warning and a row of the log.
CREATE OR REPLACE FUNCTION {schema}.maintain_partitions_together(project text)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  began bigint := {schema}.partition_log_end();
  item record;
BEGIN
  FOR item IN SELECT t.task FROM {schema}.partition_tasks(project) AS t LOOP
    IF {schema}.partition_run(project, item.task, true) = 'failed' THEN
      RAISE WARNING 'failed: %', item.task USING HINT = '{schema}' || '.partition_log says why';
    END IF;
  END LOOP;
  FOR item IN SELECT s.view_schema, s.view_name FROM {schema}.shrunk_views(began) AS s LOOP
    PERFORM {schema}.run_or_warn({schema}.refresh_begin(item.view_schema, item.view_name, 'full', 'partitions'));
  END LOOP;
END $$;
