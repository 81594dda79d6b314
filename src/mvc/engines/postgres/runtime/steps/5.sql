-- Tables get what tells of changes that no trigger saw.
-- A log whose triggers are as they were, in the words of this generation's `triggers_of` or of the one before, goes on as it is.
IF pg_catalog.to_regprocedure('{schema}' || '.triggers_of(regclass,name,name[])') IS NOT NULL AND (
  SELECT count(*) FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = pg_catalog.to_regclass('{schema}' || '.watched_table')
    AND a.attname IN ('table_schema', 'table_name', 'log', 'columns', 'triggers')) = 5 THEN
  UPDATE {schema}.watched_table AS w SET triggers = '{"intact": true}' WHERE w.triggers = {schema}.triggers_of(
    pg_catalog.to_regclass(pg_catalog.format('%I.%I', w.table_schema, w.table_name)), w.log, w.columns);
END IF;
-- What was proven before says nothing of the names of what is read: they are taken as they are now.
IF (SELECT count(*) FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = pg_catalog.to_regclass('{schema}' || '.stored_relation')
  AND a.attname IN ('proven', 'stored_name', 'companions')) = 3 THEN
  UPDATE {schema}.stored_relation AS s SET proven = s.proven || pg_catalog.jsonb_build_object('names', coalesce((
    SELECT pg_catalog.jsonb_object_agg(c.oid::text, pg_catalog.format('%I.%I', n.nspname, c.relname))
    FROM pg_catalog.pg_class AS q JOIN pg_catalog.pg_rewrite AS w ON w.ev_class = q.oid
    JOIN pg_catalog.pg_depend AS d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = w.oid AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
    JOIN pg_catalog.pg_class AS c ON c.oid = d.refobjid AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname <> '{name}'
    WHERE q.relnamespace = pg_catalog.to_regnamespace('{schema}')
      AND (q.relname = s.stored_name OR q.relname IN (SELECT b.value FROM pg_catalog.jsonb_each_text(s.companions) AS b))), '{}'))
  WHERE s.proven IS NOT NULL AND NOT s.proven ? 'names';
END IF;
ALTER TABLE IF EXISTS {schema}.watched_table ADD COLUMN IF NOT EXISTS lost_changes bigint NOT NULL DEFAULT 0;
ALTER TABLE IF EXISTS {schema}.unknown_change ADD COLUMN IF NOT EXISTS earlier boolean NOT NULL DEFAULT false;
ALTER TABLE IF EXISTS {schema}.stored_relation ADD COLUMN IF NOT EXISTS made_with jsonb;
ALTER TABLE IF EXISTS {schema}.watched_table ADD COLUMN IF NOT EXISTS told_at timestamptz;
-- Nor of the names of columns and functions.
IF (SELECT count(*) FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = pg_catalog.to_regclass('{schema}' || '.stored_relation')
  AND a.attname IN ('proven', 'stored_name', 'companions')) = 3 THEN
  UPDATE {schema}.stored_relation AS s SET proven = s.proven || pg_catalog.jsonb_build_object('parts', coalesce((
    SELECT pg_catalog.jsonb_object_agg(CASE WHEN f.oid IS NULL THEN pg_catalog.concat(a.attrelid, ' ', a.attnum) ELSE f.oid::text END, coalesce(a.attname::text,
      pg_catalog.format('%I.%I', (SELECT n.nspname FROM pg_catalog.pg_namespace AS n WHERE n.oid = f.pronamespace), f.proname)))
    FROM pg_catalog.pg_class AS q JOIN pg_catalog.pg_rewrite AS w ON w.ev_class = q.oid
    JOIN pg_catalog.pg_depend AS d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = w.oid AND d.refobjid >= 16384
    LEFT JOIN pg_catalog.pg_class AS c ON d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND c.oid = d.refobjid AND c.relnamespace <> q.relnamespace
    LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid AND a.attnum > 0
    LEFT JOIN pg_catalog.pg_proc AS f ON d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND f.oid = d.refobjid AND f.pronamespace <> q.relnamespace
    WHERE q.relnamespace = pg_catalog.to_regnamespace('{schema}') AND (a.attname IS NOT NULL OR f.oid IS NOT NULL)
      AND (q.relname = s.stored_name OR q.relname IN (SELECT b.value FROM pg_catalog.jsonb_each_text(s.companions) AS b))), '{}'))
  WHERE s.proven IS NOT NULL AND NOT s.proven ? 'parts';
END IF;
