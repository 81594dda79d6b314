-- Everything that there is to say of a project's views, as one object. Times are seconds since 1970, durations are in seconds. A view has
-- every column of `view_status` by its name, so that a new one needs no line here.
SELECT json_build_object(
  'at', extract(epoch FROM clock_timestamp())::float8,
  'views', (SELECT coalesce(json_agg(to_jsonb(s) || jsonb_build_object(
      'schema', s.view_schema, 'view', s.view_name, 'stored', s.stored_name, 'data_age', s.age_seconds,
      'last_success', extract(epoch FROM s.last_success_at)::float8, 'last_error', coalesce(s.last_error, s.last_sqlstate),
      'last_error_at', extract(epoch FROM s.last_error_at)::float8, 'running', extract(epoch FROM s.running_since)::float8,
      'today', jsonb_build_object('completed', s.completed_today, 'failed', s.failed_today, 'skipped', s.skipped_today, 'lost', s.lost_today),
      'latest', (SELECT jsonb_build_object('status', r.status, 'started_at', extract(epoch FROM r.started_at)::float8, 'seconds', r.seconds, 'error', r.error)
        FROM {schema}.refreshes AS r WHERE r.view_schema = s.view_schema AND r.view_name = s.view_name ORDER BY r.started_at DESC LIMIT 1)
    ) ORDER BY s.view_schema, s.view_name), '[]') FROM {schema}.view_status AS s WHERE s.project = %(project)s),
  'promises', (SELECT coalesce(json_agg(json_build_object('schema', p.view_schema, 'view', p.view_name, 'schedule', p.schedule,
      'seconds', p.promised_seconds, 'age', p.age_seconds, 'broken', p.broken, 'upstream', p.upstream) ORDER BY p.schedule), '[]') FROM {schema}.promises AS p),
  'runs', (SELECT coalesce(json_agg(json_build_object('schema', r.view_schema, 'view', r.view_name, 'status', r.status, 'mode', r.mode,
      'schedule', r.schedule, 'started_at', extract(epoch FROM r.started_at)::float8, 'seconds', r.seconds, 'changed', r.changed, 'rows', r.rows,
      'error', r.error) ORDER BY r.id), '[]')
    FROM (SELECT f.* FROM {schema}.refreshes AS f JOIN {schema}.deployed_view AS d ON d.view_schema = f.view_schema AND d.view_name = f.view_name
          WHERE d.project = %(project)s AND f.started_at > now() - interval '7 days' ORDER BY f.id DESC LIMIT 2000) AS r),
  'usage', (SELECT coalesce(json_agg(json_build_object('schema', u.view_schema, 'view', u.view_name, 'calls', u.calls,
      'mean_seconds', u.mean_milliseconds / 1000, 'total_seconds', u.total_milliseconds / 1000, 'calls_per_day', u.calls_per_day,
      'counted_since', extract(epoch FROM u.counted_since)::float8, 'sequential_scans', u.sequential_scans, 'index_scans', u.index_scans,
      'last_scan', extract(epoch FROM u.last_scan)::float8, 'hint', u.hint)), '[]') FROM {schema}.usage() AS u WHERE u.project = %(project)s)
)
