-- Every name that was given in the exposed schemas: the views, and the projects' own names.
  UNION SELECT d.view_schema::text, d.view_name::text FROM {schema}.deployed_view AS d
  UNION SELECT n.named ->> 'schema', n.named ->> 'name'
  FROM (SELECT DISTINCT ON (d.project) d.target FROM {schema}.deployment AS d ORDER BY d.project, d.id DESC) AS latest,
       jsonb_array_elements(latest.target #> '{operations,names}') AS n (named)
