-- Who is asking where, what the stored schema is, and what there is on the whole server that plans need. From here on the
-- transaction can only read.
SELECT json_build_object(
  'reads_only', set_config('transaction_read_only', 'on', true),
  'database', current_database(),
  'database_number', (SELECT d.oid::text FROM pg_database AS d WHERE d.datname = current_database()),
  'today', current_date::text,
  'user', current_user,
  'session', session_user,
  'owner', pg_get_userbyid(n.nspowner),
  'trusted', {trusted},
  'known', {known},
  'strange', {strange},
  'lost', (SELECT json_agg(DISTINCT l.name) FROM unnest(%(tables)s::text[], %(columns)s::text[]) AS l (name, column_name) WHERE NOT EXISTS (
    SELECT FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = l.column_name
    WHERE c.relnamespace = n.oid AND c.relkind = 'r' AND c.relname = l.name)),
  'acts', coalesce(pg_has_role(n.nspowner, 'MEMBER'), true),
  'callable', (SELECT coalesce(json_agg(p.proname), '[]') FROM pg_proc AS p WHERE p.pronamespace = n.oid
               AND p.proname IN ('proven_for', 'watch_problem', 'renamed_sources', 'outdated', 'release_plan', 'give_back') AND has_function_privilege(p.oid, 'EXECUTE')),
  'strangers', (SELECT json_object_agg(code.name, pg_get_userbyid(code.owner)) FROM (
      SELECT format('%%I.%%I(%%s)', s.nspname, p.proname, oidvectortypes(p.proargtypes)), p.proowner
      FROM pg_proc AS p JOIN pg_namespace AS s ON s.oid = p.pronamespace WHERE p.oid >= 16384
      UNION ALL SELECT format('%%I.%%I', s.nspname, t.typname), t.typowner
      FROM pg_type AS t JOIN pg_namespace AS s ON s.oid = t.typnamespace WHERE t.typtype = 'd' AND t.oid >= 16384
      UNION ALL SELECT format('%%I.%%I', s.nspname, c.relname), c.relowner
      FROM pg_class AS c JOIN pg_namespace AS s ON s.oid = c.relnamespace WHERE c.relkind = 'v' AND c.oid >= 16384) AS code (name, owner)
    WHERE NOT pg_has_role(code.owner, coalesce(n.nspowner, current_user::regrole::oid), {as_another})),
  'strange_tables', (
    WITH RECURSIVE owned (relation, owner) AS (
      SELECT c.oid, o.owner FROM pg_class AS c LEFT JOIN pg_foreign_table AS t ON t.ftrelid = c.oid
      LEFT JOIN pg_foreign_server AS f ON f.oid = t.ftserver LEFT JOIN pg_foreign_data_wrapper AS w ON w.oid = f.srvfdw
      CROSS JOIN unnest(ARRAY[c.relowner, f.srvowner, w.fdwowner]) AS o (owner)
      WHERE c.relkind IN ('r', 'p', 'f', 'm') AND c.oid >= 16384 AND o.owner IS NOT NULL
    ), above (relation, owner) AS (
      SELECT o.relation, o.owner FROM owned AS o
      WHERE o.owner IN (SELECT r.oid FROM pg_roles AS r WHERE NOT pg_has_role(r.oid, coalesce(n.nspowner, current_user::regrole::oid), {as_another}))
      UNION SELECT over.relation, a.owner FROM above AS a CROSS JOIN LATERAL (
        SELECT i.inhparent FROM pg_inherits AS i WHERE i.inhrelid = a.relation
        UNION ALL SELECT v.oid FROM pg_depend AS d JOIN pg_rewrite AS q ON q.oid = d.objid JOIN pg_class AS v ON v.oid = q.ev_class
        WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = a.relation AND v.relkind = 'v') AS over (relation))
    SELECT json_object_agg(strange.name, strange.owners) FROM (
      SELECT format('%%I.%%I', s.nspname, c.relname) AS name, array_agg(DISTINCT pg_get_userbyid(a.owner)) AS owners
      FROM above AS a JOIN pg_class AS c ON c.oid = a.relation JOIN pg_namespace AS s ON s.oid = c.relnamespace GROUP BY 1) AS strange),
  'grants', (SELECT json_agg(json_build_array(CASE e.grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(e.grantee) END, e.privilege_type, ''))
             FROM aclexplode(n.nspacl) AS e WHERE e.grantee <> n.nspowner),
  'roles', (SELECT json_object_agg(r.rolname, r.oid::text) FROM pg_roles AS r),
  'server', (SELECT c.system_identifier::text FROM pg_control_system() AS c),
  'extensions', (SELECT json_agg(e.extname) FROM pg_extension AS e),
  'becomes', coalesce(pg_has_role(n.nspowner, CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END), true),
  'cron', (SELECT json_build_object(
      'home', (SELECT s.setting FROM pg_settings AS s WHERE s.name = 'cron.database_name'),
      'zone', coalesce((SELECT s.setting FROM pg_settings AS s WHERE s.name = 'cron.timezone'), 'GMT'),
      'here', EXISTS (SELECT FROM pg_extension AS e WHERE e.extname = 'pg_cron'),
      'granted', coalesce(has_schema_privilege(r.oid, to_regnamespace('cron')::oid, 'USAGE'), false),
      'login', r.rolcanlogin)
    FROM pg_roles AS r WHERE r.oid = coalesce(n.nspowner, current_user::regrole::oid))
)
FROM (SELECT) AS one LEFT JOIN pg_namespace AS n ON n.nspname = %(stored)s
