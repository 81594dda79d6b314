-- a log is known by the files of its tables, replicated rows are told of everywhere, views refuse to be written to, and they can be released for a change of base tables.
-- A log whose triggers are as they were, in the words of the generation before, goes on as it is.
IF pg_catalog.to_regprocedure('{schema}' || '.triggers_of(regclass,name,name[])') IS NOT NULL AND (
  SELECT count(*) FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = pg_catalog.to_regclass('{schema}' || '.watched_table')
    AND a.attname IN ('table_schema', 'table_name', 'log', 'columns', 'triggers')) = 5 THEN
  UPDATE {schema}.watched_table AS w SET triggers = '{"intact": true}' WHERE w.triggers OPERATOR(pg_catalog.-) 'mark'::text = {schema}.triggers_of(
    pg_catalog.to_regclass(pg_catalog.format('%I.%I', w.table_schema, w.table_name)), w.log, w.columns);
END IF;
