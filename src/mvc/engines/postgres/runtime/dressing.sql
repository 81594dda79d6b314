-- The views that read a relation, directly or not, in an order in which they can be created.
CREATE OR REPLACE FUNCTION {schema}.dependents(target oid)
RETURNS TABLE (view oid, level int) LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET jit = off SET plan_cache_mode = force_generic_plan SET work_mem = '64kB' AS $$
BEGIN
  RETURN QUERY
  WITH RECURSIVE reading (view, level) AS (
    SELECT DISTINCT r.ev_class, 1 FROM pg_depend AS d JOIN pg_rewrite AS r ON r.oid = d.objid
    WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = target AND r.ev_class <> target
    UNION
    SELECT r.ev_class, reading.level + 1 FROM reading
    JOIN pg_depend AS d ON d.refobjid = reading.view AND d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass
    JOIN pg_rewrite AS r ON r.oid = d.objid AND r.ev_class <> reading.view
  )
  SELECT reading.view, max(reading.level) FROM reading GROUP BY reading.view ORDER BY 2, 1;
END $$;

-- Refuses to have the text of a relation's rules, triggers, defaults and policies parsed anew where that alone runs a stranger's code: a
-- constant of an array, row or range is made at once, by the checks of the domains in it. Nothing locks a type: until the text is parsed,
-- its owner may give a row a column of a domain, or its name to another type, and the owner of a schema may put another one in its place. So
-- whatever is not of a trusted role is refused, but for a plain value of an enum, whose text no array, row or range could begin with.
CREATE OR REPLACE FUNCTION {schema}.expect_inert(relation oid)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET work_mem = '64kB' AS $$
DECLARE
  trusted constant name[] := {schema}.roles_of_projects();
  found record;
BEGIN
  WITH RECURSIVE tree (text) AS (
    SELECT concat(r.ev_qual, r.ev_action) FROM pg_rewrite AS r WHERE r.ev_class = relation
    UNION ALL SELECT t.tgqual::text FROM pg_trigger AS t WHERE t.tgrelid = relation
    UNION ALL SELECT f.adbin::text FROM pg_attrdef AS f WHERE f.adrelid = relation
    UNION ALL SELECT concat(p.polqual, p.polwithcheck) FROM pg_policy AS p WHERE p.polrelid = relation
  ), part (type, whole) AS (
    SELECT constant.m[1]::oid, true FROM tree CROSS JOIN regexp_matches(tree.text, '[{]CONST :consttype ([0-9]+)', 'g') AS constant (m)
    UNION SELECT next.type, false FROM part AS p JOIN pg_type AS t ON t.oid = p.type CROSS JOIN LATERAL (
      SELECT t.typelem UNION ALL SELECT t.typbasetype
      UNION ALL SELECT a.atttypid FROM pg_attribute AS a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
      UNION ALL SELECT r.rngsubtype FROM pg_range AS r WHERE t.oid IN (r.rngtypid, r.rngmultitypid)) AS next (type) WHERE next.type >= 16384
  )
  SELECT format_type(t.oid, NULL) AS type, pg_get_userbyid(who.owner) AS owner INTO found
  FROM part AS p JOIN pg_type AS t ON t.oid = p.type AND t.oid >= 16384 JOIN pg_namespace AS home ON home.oid = t.typnamespace
  JOIN pg_namespace AS n ON n.nspname = '{name}' CROSS JOIN LATERAL (VALUES (t.typowner), (CASE
    WHEN home.nspowner <> 'pg_database_owner'::regrole THEN home.nspowner
    ELSE (SELECT d.datdba FROM pg_database AS d WHERE d.datname = current_database()) END)) AS who (owner)
  WHERE NOT {schema}.can_act_as(who.owner, n.nspowner) AND pg_get_userbyid(who.owner) <> ALL (trusted)
    AND NOT (p.whole AND t.typtype = 'e' AND NOT EXISTS (SELECT FROM pg_enum AS e WHERE e.enumtypid = t.oid AND e.enumlabel ~ '^\s*[{(\[]'))
  ORDER BY t.typtype <> 'd', 1 LIMIT 1;
  IF found.type IS NOT NULL THEN
    RAISE EXCEPTION 'to make % anew would have constants become values of the type %, by code of the role %', relation::regclass, found.type, quote_ident(found.owner)
      USING ERRCODE = 'dependent_objects_still_exist', HINT = format(
        'if that role is trusted, name it in mvc.yml: trusted_roles: [%I]; else drop the view, and let its owner create it again afterwards', found.owner);
  END IF;
END $$;

-- The roles that a project which is deployed here trusts: code of theirs runs for the owner anyway. Earlier runtimes know none.
CREATE OR REPLACE FUNCTION {schema}.roles_of_projects()
RETURNS name[] LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  found name[];
BEGIN
  IF to_regclass(format('%I.deployment', '{name}')) IS NOT NULL THEN
    EXECUTE format('SELECT ARRAY(SELECT DISTINCT jsonb_array_elements_text(latest.target -> ''trusted_roles'') FROM ('
                   'SELECT DISTINCT ON (d.project) d.target FROM %I.deployment AS d ORDER BY d.project, d.id DESC) AS latest)::name[]', '{name}') INTO found;
  END IF;
  RETURN coalesce(found, ARRAY[]::name[]);
END $$;

-- What creates a view as it is.
CREATE OR REPLACE FUNCTION {schema}.creation_of(view oid)
RETURNS text LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT format('CREATE VIEW %s (%s)%s AS %s', c.oid::regclass,
                (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0),
                ' WITH (' || array_to_string(c.reloptions, ', ') || ')',
                pg_get_viewdef(c.oid))
  FROM pg_class AS c WHERE c.oid = view
$$;

-- Owner, grants, comments, defaults, rules and triggers of a view, as statements; of `columns` only, where they are given.
CREATE OR REPLACE FUNCTION {schema}.dressing_of(view oid, columns name[])
RETURNS text LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (SELECT string_agg(part.sql, E';\n' ORDER BY part.step) FROM {schema}.dressing_parts(view, columns) AS part);
END $$;

-- The same one by one, in the order of their steps; grants with whom they are to.
CREATE OR REPLACE FUNCTION {schema}.dressing_parts(view oid, columns name[])
RETURNS TABLE (step int, sql text, grantee name) LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET jit = off SET plan_cache_mode = force_generic_plan AS $$
BEGIN
  RETURN QUERY
    SELECT 1, format('ALTER VIEW %s OWNER TO %I', c.oid::regclass, pg_get_userbyid(c.relowner)), NULL::name
    FROM pg_class AS c WHERE c.oid = view AND c.relowner <> (SELECT r.oid FROM pg_roles AS r WHERE r.rolname = current_user)
    UNION ALL
    SELECT 2, format('GRANT %s ON TABLE %s TO %s%s', e.privilege_type, c.oid::regclass,
                     CASE e.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(e.grantee)) END,
                     CASE WHEN e.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END),
      CASE e.grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(e.grantee) END
    FROM pg_class AS c, aclexplode(c.relacl) AS e WHERE c.oid = view AND e.grantee <> c.relowner
    UNION ALL
    SELECT 2, format('GRANT %s (%I) ON TABLE %s TO %s%s', e.privilege_type, a.attname, view::regclass,
                     CASE e.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(e.grantee)) END,
                     CASE WHEN e.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END),
      CASE e.grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(e.grantee) END
    FROM pg_attribute AS a, aclexplode(a.attacl) AS e
    WHERE a.attrelid = view AND a.attnum > 0 AND (columns IS NULL OR a.attname = ANY (columns))
    UNION ALL
    SELECT 3, format('COMMENT ON VIEW %s IS %L', view::regclass, d.description), NULL
    FROM pg_description AS d WHERE d.classoid = 'pg_class'::regclass AND d.objoid = view AND d.objsubid = 0
    UNION ALL
    SELECT 3, format('COMMENT ON COLUMN %s.%I IS %L', view::regclass, a.attname, d.description), NULL
    FROM pg_description AS d JOIN pg_attribute AS a ON a.attrelid = view AND a.attnum = d.objsubid
    WHERE d.classoid = 'pg_class'::regclass AND d.objoid = view AND (columns IS NULL OR a.attname = ANY (columns))
    UNION ALL
    SELECT 4, format('ALTER VIEW %s ALTER COLUMN %I SET DEFAULT %s', view::regclass, a.attname, pg_get_expr(f.adbin, f.adrelid)), NULL
    FROM pg_attrdef AS f JOIN pg_attribute AS a ON a.attrelid = f.adrelid AND a.attnum = f.adnum
    WHERE f.adrelid = view AND (columns IS NULL OR a.attname = ANY (columns))
    UNION ALL
    SELECT 5, rtrim(pg_get_ruledef(r.oid), ';'), NULL FROM pg_rewrite AS r WHERE r.ev_class = view AND r.rulename <> '_RETURN'
    UNION ALL
    SELECT 6, pg_get_triggerdef(t.oid), NULL FROM pg_trigger AS t WHERE t.tgrelid = view AND NOT t.tgisinternal
    UNION ALL
    SELECT 7, format('COMMENT ON RULE %I ON %s IS %L', r.rulename, view::regclass, d.description), NULL
    FROM pg_rewrite AS r JOIN pg_description AS d ON d.classoid = 'pg_rewrite'::regclass AND d.objoid = r.oid
    WHERE r.ev_class = view AND r.rulename <> '_RETURN'
    UNION ALL
    SELECT 7, format('COMMENT ON TRIGGER %I ON %s IS %L', t.tgname, view::regclass, d.description), NULL
    FROM pg_trigger AS t JOIN pg_description AS d ON d.classoid = 'pg_trigger'::regclass AND d.objoid = t.oid
    WHERE t.tgrelid = view AND NOT t.tgisinternal;
END $$;

-- Puts the dressing of a view on a new one, instead of the grants that default privileges gave it.
CREATE OR REPLACE FUNCTION {schema}.dress(named text, dressing text)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  message text;
BEGIN
  PERFORM {schema}.revoke_all('TABLE', named, c.relowner, c.relacl) FROM pg_class AS c WHERE c.oid = named::regclass;
  IF dressing IS NOT NULL THEN
    EXECUTE dressing;
  END IF;
EXCEPTION WHEN undefined_column OR undefined_function OR datatype_mismatch OR insufficient_privilege THEN
  GET STACKED DIAGNOSTICS message = MESSAGE_TEXT;
  RAISE EXCEPTION 'a grant, rule or trigger on % does not fit its new columns: %', named, message
    USING ERRCODE = 'dependent_objects_still_exist', HINT = 'change or drop it first';
END $$;
