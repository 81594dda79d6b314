-- What the catalogs say of every view, materialized view and table in the stored schema, but for the runtime's own, and
-- of the exposures; and what reads these.
WITH RECURSIVE asked AS (
  SELECT e.schema, e.name FROM unnest(%(schemas)s::text[], %(names)s::text[]) AS e (schema, name)
  {deployed}
), built (stored_name, companions, filled_at) AS (
  {tables}
), wanted AS (
  SELECT c.oid FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
  WHERE n.nspname = %(stored)s AND c.relkind IN ('m', 'v', 'r') AND c.relname <> ALL (%(own)s)
    AND NOT (c.relkind = 'r' AND c.relname ~ '^leading_[0-9a-f]{12}$')
  UNION
  SELECT c.oid FROM asked AS e
  JOIN pg_namespace AS n ON n.nspname = e.schema JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = e.name
), exposed AS (
  SELECT DISTINCT c.oid, e.schema, e.name FROM asked AS e
  JOIN pg_namespace AS n ON n.nspname = e.schema JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = e.name
), reading AS (  -- directly, with the column; then through other views
  SELECT x.schema, x.name, d.classid, d.objid, r.ev_class, a.attname
  FROM exposed AS x JOIN pg_depend AS d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = x.oid AND d.deptype = 'n'
  LEFT JOIN pg_rewrite AS r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
  LEFT JOIN pg_attribute AS a ON a.attrelid = x.oid AND a.attnum = d.refobjsubid AND a.attnum > 0
  WHERE r.ev_class IS DISTINCT FROM x.oid
  UNION
  SELECT g.schema, g.name, d.classid, d.objid, r.ev_class, NULL::name
  FROM reading AS g JOIN pg_class AS c ON c.oid = g.ev_class AND c.relkind = 'v'
  JOIN pg_depend AS d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = g.ev_class AND d.deptype = 'n'
  LEFT JOIN pg_rewrite AS r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
  WHERE r.ev_class IS DISTINCT FROM g.ev_class
), typed AS (  -- what uses the row type of such a view: `RETURNS SETOF sales`, a column of that type
  SELECT DISTINCT v.schema, v.name, d.classid, d.objid, d.objsubid
  FROM (SELECT x.schema, x.name, x.oid FROM exposed AS x UNION SELECT g.schema, g.name, g.ev_class FROM reading AS g) AS v
  JOIN pg_class AS c ON c.oid = v.oid JOIN pg_type AS t ON t.oid = c.reltype
  JOIN pg_depend AS d ON d.refclassid = 'pg_type'::regclass AND d.refobjid IN (t.oid, t.typarray) AND d.deptype = 'n'
  WHERE d.classid <> 'pg_rewrite'::regclass
), mentions AS (
  SELECT x.schema, x.name, p.oid
  -- Ours are left out before their texts are looked at, which costs most.
  FROM exposed AS x JOIN pg_proc AS p ON p.oid >= 16384 AND p.pronamespace <> coalesce(to_regnamespace(quote_ident(%(stored)s))::oid, 0) AND strpos(p.prosrc, x.name) > 0
  JOIN pg_language AS l ON l.oid = p.prolang AND l.lanname NOT IN ('internal', 'c')
  JOIN pg_namespace AS n ON n.oid = p.pronamespace AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  WHERE p.prosrc ~ ('(?<!\w)' || regexp_replace(x.name, '([^\w])', '\\\1', 'g') || '(?!\w)')
)
SELECT json_build_object(
  'relations', (SELECT coalesce(json_agg(json_build_object(
      'schema', n.nspname, 'name', c.relname, 'kind', c.relkind, 'owner', pg_get_userbyid(c.relowner),
      'options', c.reloptions || ARRAY(SELECT 'toast.' || o FROM pg_class AS t, unnest(t.reloptions) AS o WHERE t.oid = c.reltoastrelid),
      'toasted', c.reltoastrelid <> 0,
      'reads', (SELECT json_agg(DISTINCT s.relname) FROM pg_rewrite AS r
                JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
                JOIN pg_class AS s ON s.oid = d.refobjid JOIN pg_namespace AS h ON h.oid = s.relnamespace AND h.nspname = %(stored)s
                WHERE c.relkind = 'v' AND n.nspname <> h.nspname AND r.ev_class = c.oid),
      'rules', CASE WHEN c.relhasrules THEN (SELECT json_agg(r.rulename ORDER BY r.rulename) FROM pg_rewrite AS r WHERE r.ev_class = c.oid AND r.rulename <> '_RETURN') END,
      'populated', CASE c.relkind WHEN 'r' THEN b.filled_at IS NOT NULL ELSE c.relispopulated END,
      'bytes', CASE WHEN c.relkind IN ('m', 'r') THEN pg_total_relation_size(c.oid) ELSE 0 END,
      'comment', obj_description(c.oid, 'pg_class'),
      'printed', current_setting('server_version_num')::int / 10000 || ' ' || md5(CASE c.relkind WHEN 'r' THEN (
          SELECT string_agg(concat(pg_get_viewdef(part.oid), ' ', (
            SELECT string_agg(format('%%I %%s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attnum)
            FROM pg_attribute AS a WHERE a.attrelid = part.oid AND a.attnum > 0 AND NOT a.attisdropped)), '; ' ORDER BY part.purpose)
          FROM (SELECT '' AS purpose, c.oid UNION ALL
            SELECT p.key, q.oid FROM jsonb_each_text(b.companions) AS p JOIN pg_class AS q ON q.relnamespace = c.relnamespace AND q.relname = p.value) AS part)
        ELSE pg_get_viewdef(c.oid) END),
      'grants', (SELECT json_agg(json_build_array(CASE e.grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(e.grantee) END, e.privilege_type, g.attname))
                 FROM (SELECT c.relacl AS acl, '' AS attname
                       UNION ALL SELECT a.attacl, a.attname FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attacl IS NOT NULL) AS g,
                      aclexplode(g.acl) AS e WHERE e.grantee <> c.relowner),
      'columns', (SELECT json_agg(json_build_array(a.attname, format_type(a.atttypid, a.atttypmod), col_description(c.oid, a.attnum)) ORDER BY a.attnum)
                  FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
      'indexes', (SELECT json_agg(json_build_array(i.relname, pg_get_indexdef(i.oid), x.indisvalid AND x.indisready) ORDER BY i.relname)
                  FROM pg_index AS x JOIN pg_class AS i ON i.oid = x.indexrelid WHERE x.indrelid = c.oid)
    )), '[]')
    FROM wanted AS w JOIN pg_class AS c ON c.oid = w.oid JOIN pg_namespace AS n ON n.oid = c.relnamespace
    LEFT JOIN built AS b ON n.nspname = %(stored)s AND b.stored_name = c.relname),
  'routines', (SELECT coalesce(json_agg(json_build_object(
      'schema', n.nspname, 'name', p.proname, 'arguments', oidvectortypes(p.proargtypes), 'owner', pg_get_userbyid(p.proowner),
      'comment', obj_description(p.oid, 'pg_proc'),
      'printed', 'f ' || md5(concat_ws(' ', p.prosrc, p.prosecdef, p.proconfig, pg_get_function_arguments(p.oid), pg_get_function_result(p.oid))),
      'grants', (SELECT json_agg(json_build_array(CASE e.grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(e.grantee) END, e.privilege_type, ''))
                 FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS e WHERE e.grantee <> p.proowner)
    )), '[]')
    FROM (SELECT DISTINCT e.schema, e.name FROM asked AS e) AS e
    JOIN pg_namespace AS n ON n.nspname = e.schema JOIN pg_proc AS p ON p.pronamespace = n.oid AND p.proname = e.name),
  'dependents', (SELECT coalesce(json_agg(to_json(found)), '[]') FROM (
      SELECT r.schema, r.name, r.ev_class::regclass::text AS described, array_agg(DISTINCT r.attname) FILTER (WHERE r.attname IS NOT NULL) AS columns,
             CASE WHEN c.relkind = 'v' AND pg_has_role(c.relowner, 'USAGE') THEN 'view' ELSE 'fixed' END AS kind
      FROM reading AS r JOIN pg_class AS c ON c.oid = r.ev_class GROUP BY r.schema, r.name, r.ev_class, c.relkind, c.relowner
      UNION ALL
      SELECT r.schema, r.name, pg_describe_object(r.classid, r.objid, 0), array_agg(DISTINCT r.attname) FILTER (WHERE r.attname IS NOT NULL), 'fixed'
      FROM reading AS r WHERE r.ev_class IS NULL GROUP BY r.schema, r.name, r.classid, r.objid
      UNION ALL
      SELECT t.schema, t.name, pg_describe_object(t.classid, t.objid, t.objsubid), NULL, 'fixed' FROM typed AS t
      WHERE NOT EXISTS (SELECT FROM reading AS r WHERE r.ev_class IS NULL AND r.objid = t.objid AND r.schema = t.schema AND r.name = t.name)
      UNION ALL
      SELECT m.schema, m.name, 'function ' || m.oid::regprocedure::text, NULL, 'mention' FROM mentions AS m
      WHERE NOT EXISTS (SELECT FROM reading AS r WHERE r.objid = m.oid AND r.schema = m.schema AND r.name = m.name)
        AND NOT EXISTS (SELECT FROM typed AS t WHERE t.objid = m.oid AND t.schema = m.schema AND t.name = m.name)
      ORDER BY 1, 2, 3) AS found)
)
