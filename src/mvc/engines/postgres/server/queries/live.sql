-- What there is of the relations and functions that views read and call, and what the role in whose name a deployment works may not do
-- with them: the owner of the stored schema, or whoever asks where there is none yet.
WITH asked AS MATERIALIZED (
  SELECT c.oid, n.nspname, c.relname
  FROM unnest(%(schemas)s::name[], %(names)s::name[]) AS e (schema, name)
  JOIN pg_namespace AS n ON n.nspname = e.schema JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = e.name
), called AS MATERIALIZED (
  SELECT p.oid, n.nspname, p.proname, p.proargtypes
  FROM unnest(%(function_schemas)s::name[], %(function_names)s::name[]) AS e (schema, name)
  JOIN pg_namespace AS n ON n.nspname = e.schema JOIN pg_proc AS p ON p.pronamespace = n.oid AND p.proname = e.name
)
SELECT json_build_object(
  'columns', ({columns}),
  'relations', ({relations}),
  'keys', ({keys}),
  'foreign_keys', ({foreign_keys}),
  'functions', ({functions}),
  'rights', (SELECT json_build_object(
      'role', r.rolname,
      'unreadable', (SELECT coalesce(json_agg(json_build_array(a.nspname, a.relname, (
          SELECT coalesce(json_agg(t.attname), '[]') FROM pg_attribute AS t
          WHERE t.attrelid = a.oid AND t.attnum > 0 AND NOT t.attisdropped AND NOT has_column_privilege(r.oid, a.oid, t.attnum, 'SELECT')))), '[]')
        FROM asked AS a WHERE NOT has_table_privilege(r.oid, a.oid, 'SELECT')),
      'untriggerable', (SELECT coalesce(json_agg(json_build_array(a.nspname, a.relname)), '[]')
        FROM asked AS a WHERE NOT has_table_privilege(r.oid, a.oid, 'TRIGGER')),
      'unusable', (SELECT coalesce(json_agg(n.nspname), '[]') FROM pg_namespace AS n
        WHERE n.nspname IN (SELECT a.nspname FROM asked AS a UNION SELECT c.nspname FROM called AS c) AND NOT has_schema_privilege(r.oid, n.oid, 'USAGE')),
      'closed', (SELECT coalesce(json_agg(n.nspname), '[]') FROM pg_namespace AS n
        WHERE n.nspname = ANY (%(exposed)s::name[]) AND NOT has_schema_privilege(r.oid, n.oid, 'CREATE')),
      'absent', (SELECT coalesce(json_agg(e.schema), '[]') FROM unnest(%(exposed)s::name[]) AS e (schema)
        WHERE NOT EXISTS (SELECT FROM pg_namespace AS n WHERE n.nspname = e.schema)),
      'shut_out', (SELECT coalesce(json_agg(json_build_array(n.nspname, o.rolname) ORDER BY n.nspname, o.rolname), '[]') FROM pg_namespace AS n, (
          SELECT o.rolname FROM pg_roles AS o UNION ALL SELECT 'public') AS o
        WHERE n.nspname = ANY (%(exposed)s::name[]) AND o.rolname = ANY (%(readers)s::name[]) AND NOT has_schema_privilege(o.rolname, n.oid, 'USAGE')),
      'uncallable', (SELECT coalesce(json_agg(json_build_array(c.nspname, c.proname, ARRAY(
          SELECT format_type(t.type, NULL) FROM unnest(c.proargtypes::oid[]) WITH ORDINALITY AS t (type, place) ORDER BY t.place))), '[]')
        FROM called AS c WHERE NOT has_function_privilege(r.oid, c.oid, 'EXECUTE')),
      'makes_schemas', has_database_privilege(r.oid, current_database(), 'CREATE'))
    FROM (SELECT) AS one LEFT JOIN pg_namespace AS s ON s.nspname = %(stored)s
    JOIN pg_roles AS r ON r.oid = coalesce(s.nspowner, current_user::regrole::oid))
)
