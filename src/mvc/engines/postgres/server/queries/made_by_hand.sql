-- All that a database has of the views of these numbers, a row of JSON for each, in the order of their making. Texts are spelled for the search path of the
-- time at which rows are fetched.
SELECT json_build_object(
    'schema', n.nspname,
    'name', c.relname,
    'kind', CASE c.relkind WHEN 'm' THEN 'materialized view' ELSE 'view' END,
    'definition', pg_catalog.pg_get_viewdef(c.oid, true),
    'owner', pg_catalog.pg_get_userbyid(c.relowner),
    'populated', c.relispopulated,
    'description', pg_catalog.obj_description(c.oid, 'pg_class'),
    'options', coalesce(c.reloptions, '{}'),
    'toast_options', coalesce((SELECT t.reloptions FROM pg_catalog.pg_class t WHERE t.oid = c.reltoastrelid), '{}'),
    'tablespace', (SELECT s.spcname FROM pg_catalog.pg_tablespace s WHERE s.oid = c.reltablespace),
    'method', (SELECT m.amname FROM pg_catalog.pg_am m WHERE m.oid = c.relam AND m.amname <> 'heap'),
    'columns', (
        SELECT json_agg(json_build_object(
            'name', a.attname,
            'description', pg_catalog.col_description(c.oid, a.attnum::int4),
            'statistics', CASE WHEN a.attstattarget >= 0 THEN a.attstattarget END,
            'storage', a.attstorage <> t.typstorage,
            'compression', a.attcompression <> '',
            'readers', (SELECT json_agg(DISTINCT CASE WHEN g.grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(g.grantee) END)
                        FROM pg_catalog.aclexplode(a.attacl) g)
        ) ORDER BY a.attnum)
        FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
    'grants', (
        SELECT coalesce(json_agg(json_build_array(
            CASE WHEN g.grantee <> 0 THEN pg_catalog.pg_get_userbyid(g.grantee) END, g.privilege_type, g.is_grantable)), '[]')
        FROM pg_catalog.aclexplode(c.relacl) g WHERE g.grantee <> c.relowner),
    'indexes', (
        SELECT coalesce(json_agg(json_build_object(
            'definition', pg_catalog.pg_get_indexdef(i.indexrelid),
            'valid', i.indisvalid,
            'clustered', i.indisclustered,
            'description', pg_catalog.obj_description(i.indexrelid, 'pg_class')
        ) ORDER BY i.indexrelid), '[]')
        FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid),
    'extensions', (
        SELECT coalesce(json_agg(DISTINCT e.extname), '[]')
        FROM pg_catalog.pg_depend d
        LEFT JOIN pg_catalog.pg_type t ON d.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass AND t.oid = d.refobjid
        JOIN pg_catalog.pg_depend m
          ON m.classid = d.refclassid AND m.deptype = 'e' AND m.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
         AND m.objid IN (d.refobjid, coalesce(t.typelem, 0::oid))
        JOIN pg_catalog.pg_extension e ON e.oid = m.refobjid
        WHERE (d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
               AND d.objid IN (SELECT r.oid FROM pg_catalog.pg_rewrite r WHERE r.ev_class = c.oid))
           OR (d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype = 'n'
               AND d.objid IN (SELECT c.oid UNION ALL SELECT i.indexrelid FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid))),
    'statistics', (SELECT coalesce(json_agg(s.stxname ORDER BY s.stxname), '[]')
                   FROM pg_catalog.pg_statistic_ext s WHERE s.stxrelid = c.oid),
    'triggers', (SELECT coalesce(json_agg(t.tgname ORDER BY t.tgname), '[]')
                 FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal),
    'rules', (SELECT coalesce(json_agg(r.rulename ORDER BY r.rulename), '[]')
              FROM pg_catalog.pg_rewrite r WHERE r.ev_class = c.oid AND r.rulename <> '_RETURN'))
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = ANY (%(numbers)s::oid[])
ORDER BY c.oid
