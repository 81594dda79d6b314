-- What bears one of these names and was not deployed: whose it is, what reads it, what of it a view cannot take over, which functions refresh it.
WITH asked AS (
  SELECT n.nspname AS schema, c.relname AS name, c.oid, c.reltype, c.relkind, c.relowner, c.relrowsecurity, c.reloftype
  FROM unnest(%(schemas)s::text[], %(names)s::text[]) AS e (schema, name) JOIN pg_namespace AS n ON n.nspname = e.schema
  JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = e.name
), ruled AS (
  SELECT DISTINCT a.oid AS target, r.rulename, c.oid, c.relkind, c.relowner, c.relname, h.nspname
  FROM asked AS a JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = a.oid
  JOIN pg_rewrite AS r ON r.oid = d.objid JOIN pg_class AS c ON c.oid = r.ev_class JOIN pg_namespace AS h ON h.oid = c.relnamespace
  WHERE c.oid <> a.oid
), code AS (
  SELECT DISTINCT a.oid AS target, p.oid, p.proowner, pg_has_role(%(role)s::name, p.proowner, 'USAGE')
    AND (pg_has_role(p.proowner, %(role)s::name, {as_another}) OR pg_get_userbyid(p.proowner) = ANY (%(trusted_roles)s::name[])) AS fits
  FROM asked AS a JOIN pg_depend AS d ON d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = a.oid
  JOIN pg_proc AS p ON p.oid = d.objid AND p.prosqlbody IS NOT NULL
), unfit AS (
  SELECT r.target, format('the view %%I.%%I, which belongs to the role %%I', r.nspname, r.relname, pg_get_userbyid(r.relowner)) AS what
  FROM ruled AS r WHERE r.rulename = '_RETURN' AND r.relkind = 'v' AND NOT pg_has_role(%(role)s::name, r.relowner, 'USAGE')
  UNION ALL SELECT r.target, format('the rule %%I of %%I.%%I, which belongs to the role %%I', r.rulename, r.nspname, r.relname, pg_get_userbyid(r.relowner))
  FROM ruled AS r WHERE r.rulename <> '_RETURN' AND NOT pg_has_role(%(role)s::name, r.relowner, 'USAGE')
  UNION ALL SELECT r.target, format('the view %%I.%%I, in whose schema the role %%I may not create anything', r.nspname, r.relname, %(role)s)
  FROM ruled AS r WHERE r.rulename = '_RETURN' AND r.relkind = 'v' AND NOT has_schema_privilege(%(role)s::name, r.nspname::text, 'CREATE')
  UNION ALL SELECT c.target, format('the function %%s, in whose schema the role %%I may not create anything', c.oid::regprocedure, %(role)s)
  FROM code AS c JOIN pg_proc AS p ON p.oid = c.oid WHERE NOT has_schema_privilege(%(role)s::name, p.pronamespace, 'CREATE')
  UNION ALL SELECT c.target, format('the function %%s, which belongs to the role %%I', c.oid::regprocedure, pg_get_userbyid(c.proowner)) FROM code AS c WHERE NOT c.fits
  UNION ALL SELECT a.oid, pg_describe_object(d.classid, d.objid, d.objsubid)
  FROM asked AS a JOIN pg_depend AS d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = a.oid AND d.deptype IN ('n', 'e', 'x')
  WHERE d.classid <> 'pg_rewrite'::regclass AND NOT (d.classid = 'pg_proc'::regclass AND d.objid IN (SELECT c.oid FROM code AS c))
    AND NOT (d.classid = 'pg_constraint'::regclass AND d.objid IN (SELECT k.oid FROM pg_constraint AS k WHERE k.conrelid = a.oid))
    AND NOT (d.classid = 'pg_policy'::regclass AND d.objid IN (SELECT p.oid FROM pg_policy AS p WHERE p.polrelid = a.oid))
    AND NOT (d.classid = 'pg_attrdef'::regclass AND d.objid IN (SELECT f.oid FROM pg_attrdef AS f WHERE f.adrelid = a.oid))
  UNION ALL SELECT a.oid, pg_describe_object(d.classid, d.objid, d.objsubid)
  FROM asked AS a JOIN pg_type AS t ON t.oid = a.reltype
  JOIN pg_depend AS d ON d.refclassid = 'pg_type'::regclass AND d.refobjid IN (t.oid, t.typarray) AND d.deptype = 'n' WHERE d.classid <> 'pg_rewrite'::regclass
), bound AS (
  SELECT a.oid AS target, CASE a.relkind WHEN 'p' THEN 'it is partitioned' WHEN 'f' THEN 'it is a foreign table' ELSE 'it is no table or view' END AS what
  FROM asked AS a WHERE a.relkind NOT IN ('r', 'm', 'v')
  UNION ALL SELECT a.oid, format('its trigger %%I', t.tgname) FROM asked AS a JOIN pg_trigger AS t ON t.tgrelid = a.oid AND NOT t.tgisinternal WHERE a.relkind = 'r'
  UNION ALL SELECT a.oid, format('its rule %%I', r.rulename) FROM asked AS a JOIN pg_rewrite AS r ON r.ev_class = a.oid AND r.rulename <> '_RETURN' WHERE a.relkind = 'r'
  UNION ALL SELECT a.oid, format('its foreign key %%I to %%s', k.conname, k.confrelid::regclass) FROM asked AS a JOIN pg_constraint AS k ON k.conrelid = a.oid AND k.contype = 'f'
  UNION ALL SELECT a.oid, format('it inherits from %%s', i.inhparent::regclass) FROM asked AS a JOIN pg_inherits AS i ON i.inhrelid = a.oid WHERE a.relkind = 'r'
  UNION ALL SELECT a.oid, format('%%s inherits from it', i.inhrelid::regclass) FROM asked AS a JOIN pg_inherits AS i ON i.inhparent = a.oid WHERE a.relkind = 'r'
  UNION ALL SELECT a.oid, format('the publication %%I has it', p.pubname) FROM asked AS a JOIN pg_publication_rel AS r ON r.prrelid = a.oid JOIN pg_publication AS p ON p.oid = r.prpubid
  UNION ALL SELECT a.oid, format('it is of the extension %%I', x.extname) FROM asked AS a
  JOIN pg_depend AS d ON d.classid = 'pg_class'::regclass AND d.objid = a.oid AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' JOIN pg_extension AS x ON x.oid = d.refobjid
)
SELECT coalesce(json_agg(json_build_object(
  'schema', a.schema, 'name', a.name,
  'acts', pg_has_role(%(role)s::name, a.relowner, 'USAGE'),
  'trusted', pg_has_role(a.relowner, %(role)s::name, {as_another}) OR pg_get_userbyid(a.relowner) = ANY (%(trusted_roles)s::name[]),
  'secured', a.relrowsecurity,
  'readers', (SELECT json_agg(json_build_array(r.nspname, r.relname) ORDER BY r.nspname, r.relname) FROM ruled AS r WHERE r.target = a.oid AND r.relkind = 'm'),
  'views', (SELECT json_agg(json_build_array(r.nspname, r.relname) ORDER BY r.nspname, r.relname) FROM ruled AS r WHERE r.target = a.oid AND r.relkind = 'v'),
  'repointed', (SELECT json_agg(f.what ORDER BY f.what) FROM (
    SELECT format('%%I.%%I', r.nspname, r.relname) FROM ruled AS r WHERE r.target = a.oid AND r.relkind <> 'm' AND pg_has_role(%(role)s::name, r.relowner, 'USAGE')
    UNION SELECT c.oid::regprocedure::text FROM code AS c WHERE c.target = a.oid AND c.fits) AS f (what)),
  'unfit', (SELECT json_agg(DISTINCT u.what) FROM unfit AS u WHERE u.target = a.oid),
  'bound', (SELECT json_agg(DISTINCT b.what) FROM bound AS b WHERE b.target = a.oid),
  'refreshers', (SELECT json_agg(p.oid::regprocedure::text ORDER BY p.oid::regprocedure::text) FROM pg_proc AS p
    WHERE p.oid >= 16384 AND a.relkind = 'm' AND strpos(p.prosrc, a.name) > 0 AND p.prosrc ~* (
      'refresh\s+materialized\s+view\s+(concurrently\s+)?(\w+\.|"[^"]+"\.)?"?' || regexp_replace(a.name, '([^\w])', '\\\1', 'g') || '"?(?!\w)'))
)), '[]') FROM asked AS a
