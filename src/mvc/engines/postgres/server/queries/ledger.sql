-- Everything that the ledger holds, as one object.
SELECT json_build_object(
  'runtime', (SELECT i.runtime FROM {schema}.installation AS i WHERE i.functions = {functions} LIMIT 1),
  'deployment', (SELECT max(d.id) FROM {schema}.deployment AS d),
  'targets', (SELECT coalesce(json_object_agg(latest.project, latest.target), '{}') FROM (
    SELECT DISTINCT ON (d.project) d.project, d.target FROM {schema}.deployment AS d ORDER BY d.project, d.id DESC) AS latest),
  'views', (SELECT coalesce(json_agg(json_build_object(
      'schema', v.view_schema, 'name', v.view_name, 'project', v.project, 'stored_name', v.stored_name,
      'definition', v.definition, 'recorded', v.recorded, 'released', {released}, 'closed', {closed}) ORDER BY v.view_schema, v.view_name), '[]') FROM {schema}.deployed_view AS v),
  'stored', (SELECT coalesce(json_agg(json_build_object(
      'name', s.stored_name, 'view_schema', s.view_schema, 'view_name', s.view_name, 'printed', s.printed, 'companions', s.companions,
      'built_at', extract(epoch FROM s.built_at)::float8,
      'filled_at', extract(epoch FROM s.filled_at)::float8, 'fill_seconds', s.fill_seconds, 'rows', s.rows,
      'proven', {proven}, 'renamed', {renamed}, 'outdated', {outdated}, 'frozen', {frozen}) ORDER BY s.stored_name), '[]')
    FROM {schema}.stored_relation AS s),
  'formers', {formers},
  'watched', (SELECT coalesce(json_agg(json_build_object(
      'log', w.log, 'schema', w.table_schema, 'table', w.table_name, 'columns', w.columns, 'broken', {broken}
    ) ORDER BY w.log), '[]') FROM {schema}.watched_table AS w)
)
