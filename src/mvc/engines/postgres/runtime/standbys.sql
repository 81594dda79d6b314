-- Rows that every snapshot sees, as those that REFRESH writes. A transaction on a standby may have an older snapshot than the rows of a newly built
-- table, while it looks up anew what a view reads: it would find the table, and nothing in it. CLUSTER writes a table anew with its rows
-- frozen, as soon as nobody on this server can hold such a snapshot; and what it writes asks a standby for nothing, where the pages
-- that VACUUM freezes would cancel its queries.

-- Whether other servers may show what is written here, as far as this one knows. A subscriber has snapshots of its own.
CREATE OR REPLACE FUNCTION {schema}.has_standbys()
RETURNS boolean LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT EXISTS (SELECT FROM pg_replication_slots AS s WHERE s.slot_type = 'physical') OR EXISTS (
    SELECT FROM pg_stat_replication AS r
    WHERE NOT EXISTS (SELECT FROM pg_replication_slots AS s WHERE s.slot_type = 'logical' AND s.active_pid = r.pid))
$$;

-- Those of some stored tables whose rows older snapshots do not see.
CREATE OR REPLACE FUNCTION {schema}.unfrozen(stored_names name[])
RETURNS name[] LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT ARRAY(
    SELECT s.stored_name FROM {schema}.stored_relation AS s JOIN pg_class AS c ON c.relnamespace = to_regnamespace('{schema}') AND c.relname = s.stored_name
    WHERE s.stored_name = ANY (stored_names) AND c.relkind = 'r' AND age(c.relfrozenxid) >= age(s.filled_by::xid) ORDER BY s.stored_name)
$$;

-- An empty table, older than whatever is built, of which the server is asked how far it could freeze it.
CREATE TABLE IF NOT EXISTS {schema}.oldest_snapshot (id integer PRIMARY KEY);

-- Whether no snapshot in use is older than the rows of some stored tables: none of this database, none that a standby has told of
-- (hot_standby_feedback). Only the server knows, and says so of a table that it writes anew.
CREATE OR REPLACE FUNCTION {schema}.may_freeze(stored_names name[])
RETURNS boolean LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  CLUSTER {schema}.oldest_snapshot USING oldest_snapshot_pkey;
  RETURN (SELECT age(c.relfrozenxid) FROM pg_class AS c WHERE c.oid = to_regclass('{schema}.oldest_snapshot'))
    < (SELECT min(age(s.filled_by::xid)) FROM {schema}.stored_relation AS s WHERE s.stored_name = ANY (stored_names));
END $$;

CREATE OR REPLACE FUNCTION {schema}.freeze(stored_names name[])
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  relation regclass;
  index name;
BEGIN
  FOR relation, index IN
    SELECT i.indrelid::regclass, min(x.relname::text)::name FROM pg_index AS i JOIN pg_class AS x ON x.oid = i.indexrelid
    WHERE i.indrelid IN (SELECT format('%I.%I', '{name}', n)::regclass FROM unnest(stored_names) AS n)
      AND i.indisvalid AND i.indisunique AND i.indexprs IS NULL AND i.indpred IS NULL GROUP BY i.indrelid
  LOOP
    EXECUTE format('CLUSTER %s USING %I', relation, index);
    EXECUTE format('ALTER TABLE %s SET WITHOUT CLUSTER', relation);
  END LOOP;
END $$;
