-- deployed_view gets what a view is called where another schema has one of its name.
ALTER TABLE IF EXISTS {schema}.deployed_view ADD COLUMN IF NOT EXISTS called name GENERATED ALWAYS AS ((
  CASE WHEN (definition OPERATOR(pg_catalog.->>) 'apart'::text)::boolean
    THEN view_schema::text OPERATOR(pg_catalog.||) '.'::text OPERATOR(pg_catalog.||) view_name::text ELSE view_name::text END)::name) STORED;
