-- The ledger keeps deployments, whole definitions and what was built; it did not say of which project a view is: of the one that is deployed next.
CREATE TABLE {schema}.deployment (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  project text NOT NULL,
  action text NOT NULL CHECK (action IN ('apply', 'rollback')),
  target jsonb NOT NULL,
  compiler text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now(),
  applied_by name NOT NULL DEFAULT session_user,
  undone_by bigint REFERENCES {schema}.deployment
);
INSERT INTO {schema}.deployment (project, action, target, compiler, applied_at)
SELECT '', 'apply', '{}', min(d.compiler), max(d.deployed_at) FROM {schema}.deployed_view AS d HAVING count(*) > 0;
CREATE TABLE {schema}.stored_relation (
  stored_name name PRIMARY KEY,
  view_schema name NOT NULL,
  view_name name NOT NULL,
  project text NOT NULL,
  printed text,
  built_at timestamptz NOT NULL DEFAULT now(),
  filled_at timestamptz,
  fill_seconds double precision,
  rows bigint
);
INSERT INTO {schema}.stored_relation (stored_name, view_schema, view_name, project, built_at, filled_at, rows)
SELECT d.stored_name, d.view_schema, d.view_name, '', d.deployed_at, r.started_at, r.rows
FROM {schema}.deployed_view AS d LEFT JOIN LATERAL (
  SELECT l.started_at, l.rows FROM {schema}.refresh_log AS l
  WHERE l.view_schema = d.view_schema AND l.view_name = d.view_name AND l.status = 'completed' ORDER BY l.started_at DESC LIMIT 1) AS r ON true;
ALTER TABLE {schema}.deployed_view ADD COLUMN project text NOT NULL DEFAULT '', ADD COLUMN definition jsonb NOT NULL DEFAULT '{}',
  ADD COLUMN recorded jsonb NOT NULL DEFAULT '{}', ADD COLUMN deployment bigint REFERENCES {schema}.deployment;
UPDATE {schema}.deployed_view AS d SET deployment = (SELECT max(p.id) FROM {schema}.deployment AS p),
  definition = jsonb_build_object('schema', d.view_schema, 'name', d.view_name, 'kind', d.kind, 'storage', jsonb_build_array('{name}', d.stored_name),
                                  'upstream', to_jsonb(d.upstream), 'path', d.spec_path);
ALTER TABLE {schema}.deployed_view ALTER COLUMN deployment SET NOT NULL, ALTER COLUMN project DROP DEFAULT, ALTER COLUMN definition DROP DEFAULT,
  ALTER COLUMN recorded DROP DEFAULT, DROP COLUMN grain, DROP COLUMN upstream, DROP COLUMN spec_path, DROP COLUMN compiler,
  DROP COLUMN deployed_at, DROP COLUMN deployed_by;
