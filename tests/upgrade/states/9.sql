SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
CREATE SCHEMA mvc;
CREATE SCHEMA rep;
CREATE FUNCTION mvc.act(what text, said jsonb) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
DECLARE
  stack text;
  answer jsonb;
  run bigint := (said ->> 'run')::bigint;
BEGIN
  stack := mvc.call_stack();
  IF octet_length(stack) > 10000 THEN
    RAISE EXCEPTION 'the calls that lead here take % bytes to tell, more than 10000', octet_length(stack)
      USING ERRCODE = 'program_limit_exceeded', HINT = 'CALL it by a shorter statement';
  END IF;
  IF NOT mvc.commits_next(stack) THEN
    RAISE EXCEPTION 'this is for procedures that commit at once: what it locks stays locked until then'
      USING ERRCODE = 'insufficient_privilege', HINT = format('CALL %1$s.refresh(…), %1$s.refresh_project(…) or %1$s.run_schedule(…)', 'mvc');
  END IF;
  BEGIN
    PERFORM set_config('lock_timeout', (said ->> 'lock_timeout') || 's', true) WHERE said ->> 'lock_timeout' IS NOT NULL;
    CASE what
      WHEN 'refresh' THEN
        PERFORM mvc.expect_schedule((said ->> 'view_schema')::name, (said ->> 'view_name')::name, said ->> 'schedule');
        answer := to_jsonb(mvc.refresh_begin((said ->> 'view_schema')::name, (said ->> 'view_name')::name, said ->> 'mode', said ->> 'schedule',
                                                  (said ->> 'since')::timestamptz, (said ->> 'until')::timestamptz));
      WHEN 'step' THEN
        SELECT to_jsonb(s) INTO answer
        FROM mvc.refresh_step((said ->> 'view_schema')::name, (said ->> 'view_name')::name, said ->> 'mode', NULL, NULL,
                                   ARRAY(SELECT jsonb_array_elements_text(said -> 'failed')::name), (said ->> 'since')::timestamptz,
                                   (said ->> 'until')::timestamptz) AS s;
      WHEN 'run' THEN answer := to_jsonb(mvc.refresh_run(run));
      WHEN 'end' THEN answer := to_jsonb(mvc.refresh_end(run));
      WHEN 'outcome' THEN answer := mvc.outcome_of(run);
      WHEN 'abandon' THEN PERFORM mvc.refresh_abandon(run, said ->> 'reason', said ->> 'state');
      WHEN 'begin schedule' THEN
        SELECT jsonb_agg(t) INTO answer FROM mvc.schedule_begin(said ->> 'project', said ->> 'schedule', (said ->> 'if_due')::boolean) AS t;
      WHEN 'step of schedule' THEN
        SELECT to_jsonb(s) INTO answer FROM mvc.schedule_step(run, (said ->> 'view_schema')::name, (said ->> 'view_name')::name) AS s;
      WHEN 'end schedule' THEN answer := to_jsonb(mvc.schedule_end(run));
      WHEN 'partition' THEN answer := to_jsonb(mvc.partition_run(said ->> 'project', said ->> 'task', (said ->> 'last')::boolean));
      WHEN 'alert' THEN answer := to_jsonb(mvc.alert_broken_promises());
    END CASE;
  EXCEPTION WHEN query_canceled OR assert_failure OR OTHERS THEN
    RAISE;
  END;
  RETURN answer;
END $_$;
CREATE FUNCTION mvc.added_to(relation regclass) RETURNS TABLE(place integer, change text)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
  SELECT 1, format(CASE WHEN child.relispartition THEN 'ALTER TABLE %2$s DETACH PARTITION %1$s' ELSE 'ALTER TABLE %1$s NO INHERIT %2$s' END, child.oid::regclass, parent.oid::regclass)
  FROM pg_inherits AS i JOIN pg_class AS child ON child.oid = i.inhrelid JOIN pg_class AS parent ON parent.oid = i.inhparent
  WHERE relation IN (i.inhrelid, i.inhparent) AND parent.relkind NOT IN ('i', 'I')
    AND NOT (child.relname = mvc.kept_of(parent.relname) AND child.relnamespace = parent.relnamespace AND child.relnamespace = to_regnamespace('mvc'))
  UNION ALL SELECT 2, format('ALTER TABLE %s DROP CONSTRAINT %I', k.conrelid::regclass, k.conname) FROM pg_constraint AS k
  WHERE k.coninhcount = 0 AND k.conparentid = 0 AND (k.conrelid = relation AND k.contype IN ('c', 'f') OR k.confrelid = relation)
  UNION ALL SELECT 2, format('DROP STATISTICS %s.%I', x.stxnamespace::regnamespace, x.stxname) FROM pg_statistic_ext AS x WHERE x.stxrelid = relation
  UNION ALL SELECT 2, format('ALTER TABLE %s NOT OF', relation) FROM pg_class AS c WHERE c.oid = relation AND c.reloftype <> 0
  UNION ALL SELECT 2, format('ALTER TABLE %s SET LOGGED', relation) FROM pg_class AS c WHERE c.oid = relation AND c.relpersistence = 'u'
    AND NOT EXISTS (SELECT FROM mvc.stored_relation AS s CROSS JOIN jsonb_each_text(s.companions) AS b WHERE b.value = c.relname)  -- which is by design
  UNION ALL SELECT 2, format('DROP RULE %I ON %s', r.rulename, relation) FROM pg_rewrite AS r WHERE r.ev_class = relation AND r.rulename <> '_RETURN'
  UNION ALL SELECT 2, format('DROP TRIGGER %I ON %s', t.tgname, relation) FROM pg_trigger AS t WHERE t.tgrelid = relation AND NOT t.tgisinternal
  UNION ALL SELECT 2, format('DROP POLICY %I ON %s', p.polname, relation) FROM pg_policy AS p WHERE p.polrelid = relation
  UNION ALL SELECT 2, format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY', relation)
  FROM pg_class AS c WHERE c.oid = relation AND (c.relrowsecurity OR c.relforcerowsecurity)
  UNION ALL SELECT 2, format('ALTER TABLE %s ' || CASE a.attgenerated WHEN '' THEN 'ALTER COLUMN %I DROP DEFAULT' ELSE 'DROP COLUMN %I' END, relation, a.attname)
  FROM pg_attrdef AS f JOIN pg_attribute AS a ON a.attrelid = f.adrelid AND a.attnum = f.adnum WHERE f.adrelid = relation AND (a.attgenerated = '' OR a.attinhcount = 0)
  UNION ALL SELECT 2, format('ALTER PUBLICATION %I DROP TABLE ONLY %s', p.pubname, relation) FROM pg_publication_rel AS r JOIN pg_publication AS p ON p.oid = r.prpubid WHERE r.prrelid = relation
  UNION ALL SELECT 2, format('ALTER EXTENSION %I DROP %s %s', e.extname, mvc.kind_word(c.relkind), relation) FROM pg_depend AS d JOIN pg_extension AS e ON e.oid = d.refobjid
  JOIN pg_class AS c ON c.oid = d.objid WHERE d.classid = 'pg_class'::regclass AND d.objid = relation AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
$_$;
CREATE PROCEDURE mvc.alert()
    LANGUAGE plpgsql
    AS $$
DECLARE
  told pg_catalog.jsonb;
BEGIN
  CALL mvc.committed('alert', NULL, told);
END $$;
CREATE FUNCTION mvc.alert_broken_promises() RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  broken record;
  told integer := mvc.alert_long_logs();
BEGIN
  DELETE FROM mvc.told_promise AS t WHERE NOT EXISTS (
    SELECT FROM mvc.promises AS p
    WHERE (p.view_schema, p.view_name, p.schedule) = (t.view_schema, t.view_name, t.schedule) AND p.broken)
    AND NOT EXISTS (SELECT FROM mvc.problems AS p WHERE (p.view_schema, p.view_name, '') = (t.view_schema, t.view_name, t.schedule));
  FOR broken IN
    SELECT p.* FROM mvc.promises AS p JOIN mvc.current_target AS t ON t.project = p.project
    WHERE p.broken AND t.target #>> '{operations,notify}' <> ''
  LOOP
    INSERT INTO mvc.told_promise (view_schema, view_name, schedule)
    VALUES (broken.view_schema, broken.view_name, broken.schedule) ON CONFLICT DO NOTHING;
    IF FOUND THEN
      PERFORM mvc.tell(broken.project, jsonb_build_object('event', 'promise broken', 'schema', broken.view_schema, 'view', broken.view_name,
        'schedule', broken.schedule, 'promised_seconds', broken.promised_seconds, 'age_seconds', broken.age_seconds));
      told := told + 1;
    END IF;
  END LOOP;
  FOR broken IN
    SELECT p.* FROM mvc.problems AS p JOIN mvc.current_target AS t ON t.project = p.project WHERE t.target #>> '{operations,notify}' <> ''
  LOOP
    INSERT INTO mvc.told_promise (view_schema, view_name, schedule) VALUES (broken.view_schema, broken.view_name, '') ON CONFLICT DO NOTHING;
    IF FOUND THEN
      PERFORM mvc.tell(broken.project, jsonb_build_object('event', 'view broken', 'schema', broken.view_schema, 'view', broken.view_name,
        'problem', broken.problem));
      told := told + 1;
    END IF;
  END LOOP;
  RETURN told;
END $$;
CREATE FUNCTION mvc.alert_long_logs() RETURNS integer
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  found record;
  told integer := 0;
BEGIN
  FOR found IN
    SELECT l.*, w.told_at FROM mvc.change_logs AS l JOIN mvc.watched_table AS w ON w.log = l.log
    WHERE w.told_at IS NOT NULL OR l.bytes > l.allowed_bytes / 2
  LOOP
    IF (found.told_at IS NULL) = (found.bytes > found.allowed_bytes / 2) THEN
      UPDATE mvc.watched_table AS w SET told_at = CASE WHEN found.told_at IS NULL THEN clock_timestamp() END WHERE w.log = found.log;
    END IF;
    IF found.told_at IS NULL THEN
      PERFORM mvc.tell(found.project, jsonb_build_object('event', 'change log long', 'schema', found.table_schema, 'table', found.table_name,
        'bytes', found.bytes, 'allowed_bytes', found.allowed_bytes, 'view', found.view_name));
      told := told + 1;
    END IF;
    IF found.bytes > found.allowed_bytes THEN
      PERFORM mvc.purge_changes(ARRAY[found.log]);
    END IF;
  END LOOP;
  RETURN told;
END $$;
CREATE FUNCTION mvc.ancestors(base regclass) RETURNS TABLE(relation regclass, topmost boolean)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET work_mem TO '64kB'
    AS $$
  WITH RECURSIVE family (relation) AS (
    SELECT base::oid UNION SELECT i.inhrelid FROM family AS f JOIN pg_inherits AS i ON i.inhparent = f.relation
  ), above (relation, distance) AS (
    SELECT i.inhparent, 1 FROM pg_inherits AS i WHERE i.inhrelid IN (SELECT f.relation FROM family AS f)
    UNION SELECT i.inhparent, a.distance + 1 FROM above AS a JOIN pg_inherits AS i ON i.inhrelid = a.relation
  )
  SELECT a.relation::regclass, NOT EXISTS (SELECT FROM pg_inherits AS i WHERE i.inhrelid = a.relation)
  FROM above AS a WHERE a.relation NOT IN (SELECT f.relation FROM family AS f) GROUP BY a.relation ORDER BY max(a.distance) DESC, a.relation
$$;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE mvc.stored_relation (
    stored_name name NOT NULL,
    view_schema name NOT NULL,
    view_name name NOT NULL,
    project text NOT NULL,
    companions jsonb DEFAULT '{}'::jsonb NOT NULL,
    query_name name GENERATED ALWAYS AS (((companions ->> 'query'::text))::name) STORED,
    printed text,
    built_at timestamp with time zone DEFAULT now() NOT NULL,
    filled_at timestamp with time zone,
    filled_by xid8,
    watches name[] DEFAULT '{}'::name[] NOT NULL,
    cursor pg_snapshot,
    as_of timestamp with time zone,
    server text,
    missed text,
    hold pg_snapshot,
    held_at timestamp with time zone,
    fill_seconds double precision,
    rows bigint,
    proven jsonb,
    windowed_at timestamp with time zone,
    made_with jsonb
);
CREATE FUNCTION mvc.are_many(stored mvc.stored_relation, groups bigint) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $$
  SELECT groups > greatest(100, 0.1 * (stored).rows)
$$;
CREATE FUNCTION mvc.as_array(listed jsonb) RETURNS text[]
    LANGUAGE plpgsql IMMUTABLE
    AS $$
BEGIN
  RETURN CASE WHEN listed IS NULL THEN '{}' ELSE ARRAY(SELECT pg_catalog.jsonb_array_elements_text(listed)) END;
END $$;
CREATE FUNCTION mvc.as_known(value anyelement, known anyelement) RETURNS anyelement
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT value $$;
CREATE FUNCTION mvc.as_recorded(relations oid[]) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  touched constant oid[] := relations || ARRAY(
    SELECT r.ev_class FROM pg_depend AS d JOIN pg_rewrite AS r ON r.oid = d.objid
    WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = ANY (relations));
  named constant name[] := ARRAY(SELECT c.relname FROM pg_class AS c WHERE c.relnamespace = to_regnamespace('mvc') AND c.oid = ANY (touched));
BEGIN
  RETURN jsonb_build_object(
    'stored', ARRAY(
      SELECT to_regclass(format('%I.%I', 'mvc', s.stored_name))::oid FROM mvc.stored_relation AS s
      WHERE (s.stored_name = ANY (named) OR EXISTS (SELECT FROM jsonb_each_text(s.companions) AS b WHERE b.value = ANY (named)))
        AND s.printed = mvc.printed(format('%I.%I', 'mvc', s.stored_name))),
    'views', (
      SELECT coalesce(jsonb_agg(jsonb_build_object('view', to_regclass(format('%I.%I', d.view_schema, d.view_name))::oid, 'part', part.name)), '[]')
      FROM mvc.deployed_view AS d CROSS JOIN LATERAL mvc.objects_of(d.definition) AS now (objects)
      CROSS JOIN unnest(ARRAY['exposure', 'arms', 'indexes']) AS part (name)
      WHERE (to_regclass(format('%I.%I', d.view_schema, d.view_name))::oid = ANY (touched) OR d.stored_name = ANY (named))
        AND d.recorded -> part.name = now.objects -> part.name));
END $$;
CREATE FUNCTION mvc.bad_row(definition jsonb, message text) RETURNS text
    LANGUAGE plpgsql
    SET row_security TO 'off'
    AS $$
DECLARE
  probe jsonb;
  relation regclass;
  first bigint;
  after bigint;
  middle bigint;
  found text;
BEGIN
  FOR probe, relation IN
    SELECT p, r FROM jsonb_array_elements(definition -> 'probes') AS p,
      mvc.with_descendants(to_regclass(format('%I.%I', p ->> 'schema', p ->> 'table'))) AS r
    WHERE (SELECT c.relkind FROM pg_class AS c WHERE c.oid = r) = 'r'
  LOOP
    first := 0;
    after := pg_relation_size(relation) / current_setting('block_size')::bigint;
    CONTINUE WHEN NOT mvc.fails(relation, probe, first, after, message);
    WHILE after - first > 1 LOOP
      middle := (first + after) / 2;
      IF mvc.fails(relation, probe, first, middle, message) THEN
        after := middle;
      ELSE
        first := middle;
      END IF;
    END LOOP;
    found := mvc.failing_row(relation, probe, first, message);
    IF found IS NOT NULL THEN
      RETURN found;
    END IF;
  END LOOP;
  RETURN NULL;
END $$;
CREATE FUNCTION mvc.begin_deployment(action text, target jsonb) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  opened bigint;
  unknown text := (SELECT string_agg(quote_ident(t.name), ', ' ORDER BY t.name) FROM jsonb_array_elements_text(target -> 'trusted_roles') AS t (name)
                   WHERE NOT EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = t.name));
BEGIN
  IF unknown IS NOT NULL THEN
    RAISE EXCEPTION 'the server has no role %, which mvc.yml trusts: whoever makes one of that name would be trusted', unknown
      USING ERRCODE = 'undefined_object', HINT = 'create it, or take it out of trusted_roles';
  END IF;
  LOCK TABLE mvc.deployment IN SHARE ROW EXCLUSIVE MODE;
  INSERT INTO mvc.deployment (project, action, target, compiler)
  VALUES (target ->> 'project', begin_deployment.action, target, target ->> 'compiler') RETURNING id INTO opened;
  PERFORM mvc.follow_schedules(target);
  PERFORM mvc.make_leaders(target ->> 'project', ARRAY(SELECT jsonb_array_elements_text(target -> 'refresh_roles'))::name[]);
  RETURN opened;
END $$;
CREATE FUNCTION mvc.bring(stored mvc.stored_relation, mode text, since timestamp with time zone, until timestamp with time zone, other_code text, OUT taken text, OUT changed bigint, OUT growth bigint, OUT groups bigint, OUT detail text) RETURNS record
    LANGUAGE plpgsql
    AS $$
DECLARE
  definition jsonb := (SELECT d.definition FROM mvc.deployed_view AS d WHERE d.stored_name = stored.stored_name);
  wrong bigint;
  more bigint;
BEGIN
  taken := CASE WHEN other_code IS NULL THEN mode ELSE 'full' END;
  detail := other_code;
  IF taken IN ('incremental', 'verify') THEN
    detail := mvc.whole_because(stored, definition);
    IF detail IS NULL THEN
      groups := mvc.put_aside(stored, mvc.moved(stored));
      detail := mvc.too_many(stored, groups);
    END IF;
    IF detail IS NOT NULL THEN
      taken := 'full';
    END IF;
  END IF;
  IF taken = 'full' THEN
    groups := NULL;
    SELECT m.changed, m.growth INTO changed, growth FROM mvc.merge(definition -> 'merge') AS m;
  ELSIF taken = 'window' AND coalesce((definition #>> '{window,inline}')::boolean, true) AND NOT mvc.is_bare(stored) THEN
    taken := 'full';
    detail := 'a window of it would be computed by text that calls more than PostgreSQL''s own functions, or holds values of others'' types';
    SELECT m.changed, m.growth INTO changed, growth FROM mvc.merge(definition -> 'merge') AS m;
  ELSIF taken = 'window' THEN
    SELECT m.changed, m.growth INTO changed, growth FROM mvc.merge(definition #> '{window,merge}', since, until) AS m;
  ELSIF groups = 0 THEN
    changed := 0;
    growth := 0;
  ELSE
    SELECT m.changed, m.growth INTO changed, growth FROM mvc.merge_groups(stored, definition, groups) AS m;
  END IF;
  IF taken = 'verify' THEN
    SELECT v.written, v.growth, v.detail INTO wrong, more, detail FROM mvc.verify(stored, definition) AS v;
    changed := changed + wrong;
    growth := growth + more;
  END IF;
END $$;
CREATE FUNCTION mvc.bring_views_back(own name[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  kept record;
BEGIN
  FOR kept IN
    SELECT v ->> 'name' AS name, v ->> 'creation' AS creation, v ->> 'dressing' AS dressing
    FROM jsonb_array_elements(current_setting('mvc.views_aside')::jsonb) WITH ORDINALITY AS a (v, place)
    WHERE v ->> 'name' <> ALL (SELECT format('%I.%I', 'mvc', o) FROM unnest(own) AS o) ORDER BY place
  LOOP
    BEGIN
      EXECUTE kept.creation;
    EXCEPTION WHEN OTHERS THEN
      RAISE EXCEPTION 'the view % does not fit the runtime as it is now: %', kept.name, SQLERRM
        USING ERRCODE = 'dependent_objects_still_exist', HINT = 'change or drop it first';
    END;
    PERFORM mvc.dress(kept.name, kept.dressing);
  END LOOP;
END $$;
CREATE FUNCTION mvc.call_stack() RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  stack text;
BEGIN
  GET DIAGNOSTICS stack = PG_CONTEXT;
  RETURN stack;
END $$;
CREATE FUNCTION mvc.called(view_schema name, view_name name, recorded jsonb) RETURNS name
    LANGUAGE sql IMMUTABLE
    AS $$
  SELECT CASE WHEN recorded OPERATOR(pg_catalog.?) 'apart'::pg_catalog.text
    THEN (view_schema::pg_catalog.text OPERATOR(pg_catalog.||) '.'::pg_catalog.text OPERATOR(pg_catalog.||) view_name::pg_catalog.text)::pg_catalog.name
    ELSE view_name END
$$;
CREATE FUNCTION mvc.calls_in(body text) RETURNS SETOF name
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
  SELECT DISTINCT CASE WHEN m[1] LIKE '"%' THEN replace(substr(m[1], 2, length(m[1]) - 2), '""', '"') ELSE lower(m[1]) END::name
  FROM regexp_matches(body, '([^\W\d][\w$]*|"(?:[^"]|"")+")\s*\(', 'g') AS m
$_$;
CREATE FUNCTION mvc.can_act_as(role oid, another oid) RETURNS boolean
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  RETURN pg_has_role(role, another, CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'USAGE, SET, MEMBER WITH ADMIN OPTION' ELSE 'MEMBER' END);
END $$;
CREATE FUNCTION mvc.carry_indexes(from_stored name, to_stored name, names name[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  made text;
BEGIN
  FOR made IN
    SELECT format('CREATE %sINDEX %I ON %I.%I %s', CASE WHEN x.indisunique THEN 'UNIQUE ' ELSE '' END,
                  mvc.copied_name(i.relname, from_stored, to_stored), 'mvc', to_stored, mvc.index_body(i.oid))
    FROM pg_index AS x JOIN pg_class AS i ON i.oid = x.indexrelid
    WHERE x.indrelid = to_regclass(format('%I.%I', 'mvc', from_stored)) AND i.relname = ANY (names) AND x.indisvalid
      AND NOT EXISTS (SELECT FROM pg_index AS other WHERE other.indrelid = to_regclass(format('%I.%I', 'mvc', to_stored))
                      AND other.indisunique = x.indisunique AND mvc.index_body(other.indexrelid) = mvc.index_body(i.oid))
  LOOP
    BEGIN
      EXECUTE made;
    EXCEPTION WHEN OTHERS THEN
      RAISE WARNING 'an index that was added by hand does not fit the new definition: %', SQLERRM USING DETAIL = made;
    END;
  END LOOP;
END $$;
CREATE FUNCTION mvc.changed_behind(stored mvc.stored_relation) RETURNS boolean
    LANGUAGE plpgsql STABLE
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
BEGIN
  RETURN (
    WITH RECURSIVE base AS (
      SELECT to_regclass(format('%I.%I', w.table_schema, w.table_name)) AS relation FROM mvc.watched_table AS w WHERE w.log = ANY ((stored).watches)
      UNION SELECT c.oid::regclass FROM pg_class AS c
      WHERE c.oid = ANY (CASE WHEN (stored).watches = '{}' THEN mvc.tables_read(stored) END) AND c.relnamespace <> to_regnamespace('mvc')
    ), family (relation) AS (
      SELECT b.relation::oid FROM base AS b UNION SELECT i.inhrelid FROM family AS f JOIN pg_inherits AS i ON i.inhparent = f.relation
    ), known AS (
      SELECT c.oid, c.relfilenode FROM family AS f JOIN pg_class AS c ON c.oid = f.relation
    )
    SELECT EXISTS (SELECT FROM known AS k WHERE nullif(k.relfilenode, 0) IS DISTINCT FROM pg_relation_filenode(k.oid))
      OR EXISTS (SELECT FROM base AS b CROSS JOIN pg_partition_tree(b.relation) AS now WHERE now.relid::oid NOT IN (SELECT k.oid FROM known AS k)));
END $$;
CREATE FUNCTION mvc.changed_wholly(stored mvc.stored_relation) RETURNS text
    LANGUAGE plpgsql STABLE
    AS $$
BEGIN
  RETURN (
    SELECT format('%I.%I: %s', w.table_schema, w.table_name, u.why) FROM (
      SELECT k.log, k.at, k.why FROM mvc.unknown_change AS k WHERE k.log = ANY (stored.watches)
        AND CASE WHEN k.earlier THEN k.at >= pg_snapshot_xmin(stored.cursor) ELSE NOT pg_visible_in_snapshot(k.at, stored.cursor) END
      UNION ALL
      SELECT l.log, NULL, mvc.lost_words() FROM mvc.watched_table AS l
      WHERE l.log = ANY (stored.watches) AND l.lost_changes <> mvc.lost_changes()
    ) AS u JOIN mvc.watched_table AS w ON w.log = u.log
    ORDER BY u.log, u.at LIMIT 1
  );
END $$;
CREATE FUNCTION mvc.changes_customers_746dedf2() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    #variable_conflict use_column
    DECLARE
      logged bigint;
      calls text;
    BEGIN
      IF TG_OP OPERATOR(pg_catalog.=) 'INSERT' AND TG_LEVEL OPERATOR(pg_catalog.=) 'STATEMENT' THEN
        INSERT INTO mvc.changes_customers_746dedf2 (mvc_at, id) SELECT pg_catalog.pg_current_xact_id(), mvc.as_known(id, (NULL::mvc.changes_customers_746dedf2).id) FROM new_rows;
      ELSIF TG_OP OPERATOR(pg_catalog.=) 'UPDATE' AND TG_LEVEL OPERATOR(pg_catalog.=) 'STATEMENT' THEN
        INSERT INTO mvc.changes_customers_746dedf2 (mvc_at, id) SELECT pg_catalog.pg_current_xact_id(), mvc.as_known(id, (NULL::mvc.changes_customers_746dedf2).id) FROM new_rows;
        GET DIAGNOSTICS logged = ROW_COUNT;
        IF logged OPERATOR(pg_catalog.<=) 100 OR false THEN
          INSERT INTO mvc.changes_customers_746dedf2 (mvc_at, id) SELECT pg_catalog.pg_current_xact_id(), mvc.as_known(id, (NULL::mvc.changes_customers_746dedf2).id) FROM old_rows;
        ELSE
          INSERT INTO mvc.changes_customers_746dedf2 (mvc_at, id) SELECT pg_catalog.pg_current_xact_id(), mvc.as_known(id, (NULL::mvc.changes_customers_746dedf2).id) FROM (SELECT id FROM old_rows EXCEPT SELECT id FROM new_rows) AS former;
        END IF;
      ELSIF TG_OP OPERATOR(pg_catalog.=) 'DELETE' AND TG_LEVEL OPERATOR(pg_catalog.=) 'STATEMENT' THEN
        INSERT INTO mvc.changes_customers_746dedf2 (mvc_at, id) SELECT pg_catalog.pg_current_xact_id(), mvc.as_known(id, (NULL::mvc.changes_customers_746dedf2).id) FROM old_rows;
      ELSIF TG_OP OPERATOR(pg_catalog.=) 'TRUNCATE' THEN
        INSERT INTO mvc.unknown_change (log, at, why, earlier) VALUES ('changes_customers_746dedf2', pg_catalog.pg_current_xact_id(), 'it was truncated', false);
      ELSIF TG_OP OPERATOR(pg_catalog.=) 'INSERT' THEN
        INSERT INTO mvc.changes_customers_746dedf2 (mvc_at, id) SELECT pg_catalog.pg_current_xact_id(), mvc.as_known(id, (NULL::mvc.changes_customers_746dedf2).id) FROM (VALUES (NEW.id)) AS replicated (id);
      ELSIF TG_OP OPERATOR(pg_catalog.=) 'DELETE' THEN
        INSERT INTO mvc.changes_customers_746dedf2 (mvc_at, id) SELECT pg_catalog.pg_current_xact_id(), mvc.as_known(id, (NULL::mvc.changes_customers_746dedf2).id) FROM (VALUES (OLD.id)) AS replicated (id);
      ELSE
        INSERT INTO mvc.changes_customers_746dedf2 (mvc_at, id) SELECT pg_catalog.pg_current_xact_id(), mvc.as_known(id, (NULL::mvc.changes_customers_746dedf2).id) FROM (VALUES (OLD.id), (NEW.id)) AS moved (id);
        IF TG_WHEN OPERATOR(pg_catalog.=) 'BEFORE' THEN
          GET DIAGNOSTICS calls = PG_CONTEXT;
          IF pg_catalog.strpos(calls, E'\n') OPERATOR(pg_catalog.<>) 0
             OR pg_catalog.current_query() OPERATOR(pg_catalog.~*) '^\s*update\M(?!.*\mmerge\M)' IS NOT TRUE THEN
            PERFORM FROM mvc.unknown_change AS u WHERE u.log OPERATOR(pg_catalog.=) 'changes_customers_746dedf2' AND u.at OPERATOR(pg_catalog.=) pg_catalog.pg_current_xact_id();
            IF NOT FOUND AND (false OR mvc.changes_moved(TG_RELID, TG_NAME)) THEN
              INSERT INTO mvc.unknown_change (log, at, why, earlier)
              VALUES ('changes_customers_746dedf2', pg_catalog.pg_current_xact_id(), 'a row may have been moved to another partition by MERGE, which tells nobody its computed columns, nor what triggers make of it', false);
            END IF;
          END IF;
        END IF;
      END IF;
      RETURN NEW;
    EXCEPTION WHEN OTHERS THEN
      BEGIN
        INSERT INTO mvc.unknown_change (log, at, why, earlier) VALUES ('changes_customers_746dedf2', pg_catalog.pg_current_xact_id(), pg_catalog.concat('a change could not be logged: ', SQLERRM), false);
      EXCEPTION WHEN OTHERS THEN
        RAISE WARNING 'a change could not be logged for mvc, and not that either: %', SQLERRM;
        BEGIN
          PERFORM pg_catalog.nextval('mvc.lost_change'::pg_catalog.regclass);
        EXCEPTION WHEN undefined_table OR invalid_schema_name OR insufficient_privilege OR wrong_object_type THEN  -- which a refresh sees
          RAISE WARNING 'nor could it be counted for mvc: %', SQLERRM;
        END;
      END;
      RETURN NEW;
    END $$;
CREATE FUNCTION mvc.changes_moved(partition regclass, told name) RETURNS boolean
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
BEGIN
  RETURN EXISTS (
    SELECT FROM pg_partition_tree(coalesce(pg_partition_root(partition), partition)) AS p JOIN pg_trigger AS t ON t.tgrelid = p.relid
    WHERE t.tgtype & 3 = 3 AND (t.tgtype & 4 <> 0 OR t.tgtype & 16 <> 0 AND t.tgname > told) AND t.tgenabled <> 'D'  -- BEFORE, FOR EACH ROW
      AND t.tgfoid NOT IN (SELECT f.oid FROM pg_proc AS f WHERE f.pronamespace = 'mvc'::regnamespace));
END $$;
CREATE FUNCTION mvc.changes_orders_86a1f739() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    #variable_conflict use_column
    DECLARE
      logged bigint;
      calls text;
    BEGIN
      IF TG_OP OPERATOR(pg_catalog.=) 'INSERT' AND TG_LEVEL OPERATOR(pg_catalog.=) 'STATEMENT' THEN
        INSERT INTO mvc.changes_orders_86a1f739 (mvc_at, customer_id) SELECT pg_catalog.pg_current_xact_id(), mvc.as_known(customer_id, (NULL::mvc.changes_orders_86a1f739).customer_id) FROM new_rows;
      ELSIF TG_OP OPERATOR(pg_catalog.=) 'UPDATE' AND TG_LEVEL OPERATOR(pg_catalog.=) 'STATEMENT' THEN
        INSERT INTO mvc.changes_orders_86a1f739 (mvc_at, customer_id) SELECT pg_catalog.pg_current_xact_id(), mvc.as_known(customer_id, (NULL::mvc.changes_orders_86a1f739).customer_id) FROM new_rows;
        GET DIAGNOSTICS logged = ROW_COUNT;
        IF logged OPERATOR(pg_catalog.<=) 100 OR false THEN
          INSERT INTO mvc.changes_orders_86a1f739 (mvc_at, customer_id) SELECT pg_catalog.pg_current_xact_id(), mvc.as_known(customer_id, (NULL::mvc.changes_orders_86a1f739).customer_id) FROM old_rows;
        ELSE
          INSERT INTO mvc.changes_orders_86a1f739 (mvc_at, customer_id) SELECT pg_catalog.pg_current_xact_id(), mvc.as_known(customer_id, (NULL::mvc.changes_orders_86a1f739).customer_id) FROM (SELECT customer_id FROM old_rows EXCEPT SELECT customer_id FROM new_rows) AS former;
        END IF;
      ELSIF TG_OP OPERATOR(pg_catalog.=) 'DELETE' AND TG_LEVEL OPERATOR(pg_catalog.=) 'STATEMENT' THEN
        INSERT INTO mvc.changes_orders_86a1f739 (mvc_at, customer_id) SELECT pg_catalog.pg_current_xact_id(), mvc.as_known(customer_id, (NULL::mvc.changes_orders_86a1f739).customer_id) FROM old_rows;
      ELSIF TG_OP OPERATOR(pg_catalog.=) 'TRUNCATE' THEN
        INSERT INTO mvc.unknown_change (log, at, why, earlier) VALUES ('changes_orders_86a1f739', pg_catalog.pg_current_xact_id(), 'it was truncated', false);
      ELSIF TG_OP OPERATOR(pg_catalog.=) 'INSERT' THEN
        INSERT INTO mvc.changes_orders_86a1f739 (mvc_at, customer_id) SELECT pg_catalog.pg_current_xact_id(), mvc.as_known(customer_id, (NULL::mvc.changes_orders_86a1f739).customer_id) FROM (VALUES (NEW.customer_id)) AS replicated (customer_id);
      ELSIF TG_OP OPERATOR(pg_catalog.=) 'DELETE' THEN
        INSERT INTO mvc.changes_orders_86a1f739 (mvc_at, customer_id) SELECT pg_catalog.pg_current_xact_id(), mvc.as_known(customer_id, (NULL::mvc.changes_orders_86a1f739).customer_id) FROM (VALUES (OLD.customer_id)) AS replicated (customer_id);
      ELSE
        INSERT INTO mvc.changes_orders_86a1f739 (mvc_at, customer_id) SELECT pg_catalog.pg_current_xact_id(), mvc.as_known(customer_id, (NULL::mvc.changes_orders_86a1f739).customer_id) FROM (VALUES (OLD.customer_id), (NEW.customer_id)) AS moved (customer_id);
        IF TG_WHEN OPERATOR(pg_catalog.=) 'BEFORE' THEN
          GET DIAGNOSTICS calls = PG_CONTEXT;
          IF pg_catalog.strpos(calls, E'\n') OPERATOR(pg_catalog.<>) 0
             OR pg_catalog.current_query() OPERATOR(pg_catalog.~*) '^\s*update\M(?!.*\mmerge\M)' IS NOT TRUE THEN
            PERFORM FROM mvc.unknown_change AS u WHERE u.log OPERATOR(pg_catalog.=) 'changes_orders_86a1f739' AND u.at OPERATOR(pg_catalog.=) pg_catalog.pg_current_xact_id();
            IF NOT FOUND AND (false OR mvc.changes_moved(TG_RELID, TG_NAME)) THEN
              INSERT INTO mvc.unknown_change (log, at, why, earlier)
              VALUES ('changes_orders_86a1f739', pg_catalog.pg_current_xact_id(), 'a row may have been moved to another partition by MERGE, which tells nobody its computed columns, nor what triggers make of it', false);
            END IF;
          END IF;
        END IF;
      END IF;
      RETURN NEW;
    EXCEPTION WHEN OTHERS THEN
      BEGIN
        INSERT INTO mvc.unknown_change (log, at, why, earlier) VALUES ('changes_orders_86a1f739', pg_catalog.pg_current_xact_id(), pg_catalog.concat('a change could not be logged: ', SQLERRM), false);
      EXCEPTION WHEN OTHERS THEN
        RAISE WARNING 'a change could not be logged for mvc, and not that either: %', SQLERRM;
        BEGIN
          PERFORM pg_catalog.nextval('mvc.lost_change'::pg_catalog.regclass);
        EXCEPTION WHEN undefined_table OR invalid_schema_name OR insufficient_privilege OR wrong_object_type THEN  -- which a refresh sees
          RAISE WARNING 'nor could it be counted for mvc: %', SQLERRM;
        END;
      END;
      RETURN NEW;
    END $$;
CREATE TABLE mvc.deployed_view (
    view_schema name NOT NULL,
    view_name name NOT NULL,
    project text NOT NULL,
    stored_name name NOT NULL,
    kind text NOT NULL,
    timezone text NOT NULL,
    definition jsonb NOT NULL,
    recorded jsonb NOT NULL,
    deployment bigint NOT NULL,
    CONSTRAINT deployed_view_kind_check CHECK ((kind = ANY (ARRAY['materialized'::text, 'plain'::text])))
);
CREATE FUNCTION mvc.check_mode(deployed mvc.deployed_view, mode text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  IF mode NOT IN ('full', 'incremental', 'window', 'verify') THEN
    RAISE EXCEPTION 'there is no mode %', quote_literal(mode) USING HINT = 'full, incremental, window or verify';
  ELSIF mode = 'window' AND jsonb_typeof(deployed.definition -> 'window') <> 'object'
     OR mode IN ('incremental', 'verify') AND jsonb_typeof(deployed.definition -> 'increment') <> 'object' THEN
    RAISE EXCEPTION 'the view %.% was not deployed for refreshes of the mode %', quote_ident(deployed.view_schema),
      quote_ident(deployed.view_name), mode
      USING HINT = 'give it a schedule of that mode and apply: only then is it stored as a table, and are changes logged';
  END IF;
END $$;
CREATE FUNCTION mvc.clear_way(targets jsonb) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  plan constant jsonb := mvc.release_plan(targets);
BEGIN
  IF plan -> 'views' <> '[]' THEN
    RAISE EXCEPTION 'the view %.% stands in the way, and is not released', quote_ident(plan #>> '{views,0,schema}'), quote_ident(plan #>> '{views,0,name}')
      USING ERRCODE = 'dependent_objects_still_exist', HINT = 'mvc around releases what stands in the way of a migration';
  END IF;
  PERFORM mvc.drop_relations(ARRAY(SELECT jsonb_array_elements_text(plan -> 'drops'))::name[]);
END $$;
CREATE FUNCTION mvc.close_storage(refreshers name[], project text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
DECLARE
  home oid := to_regnamespace('mvc');
  places jsonb;
  refresher name;
BEGIN
  PERFORM mvc.make_leaders(close_storage.project, refreshers);
  places := mvc.known_places();  -- and next the schema is changed, which keeps others from that
  PERFORM mvc.revoke_all('SCHEMA', quote_ident(n.nspname), n.nspowner, n.nspacl) FROM pg_namespace AS n WHERE n.oid = home;
  PERFORM mvc.revoke_all('SEQUENCE', c.oid::regclass::text, c.relowner, c.relacl)
  FROM pg_class AS c WHERE c.relnamespace = home AND c.relkind = 'S';
  PERFORM mvc.seal(c.relname) FROM pg_class AS c WHERE c.relnamespace = home AND c.relkind IN ('r', 'p', 'v', 'm', 'f');
  IF EXISTS (SELECT FROM pg_proc AS p WHERE p.pronamespace = home AND p.proacl IS NULL) THEN  -- new ones, which everybody may call by default
    EXECUTE format('REVOKE ALL ON ALL ROUTINES IN SCHEMA %s FROM PUBLIC', 'mvc');
  END IF;
  PERFORM mvc.revoke_all('ROUTINE', p.oid::regprocedure::text, p.proowner, p.proacl)
  FROM pg_proc AS p WHERE p.pronamespace = home AND EXISTS (SELECT FROM aclexplode(p.proacl) AS entry WHERE entry.grantee <> p.proowner);
  FOREACH refresher IN ARRAY refreshers || ARRAY(
    SELECT role.name FROM (
      SELECT DISTINCT ON (d.project) d.project, d.target FROM mvc.deployment AS d ORDER BY d.project, d.id DESC
    ) AS latest, jsonb_array_elements_text(latest.target -> 'refresh_roles') AS role (name)
    WHERE latest.project <> close_storage.project AND EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = role.name)
  ) LOOP
    EXECUTE format('GRANT USAGE ON SCHEMA %s TO %I', 'mvc', refresher);
    EXECUTE format('GRANT SELECT ON %1$s.deployed_view, %1$s.deployment, %1$s.installation, %1$s.partition_log, %1$s.refresh_log, %1$s.replaced_view,'
                   ' %1$s.stored_relation TO %2$I', 'mvc', refresher);
    EXECUTE format('GRANT EXECUTE ON ROUTINE %1$s.refresh(name, name, text, text, timestamptz, timestamptz), %1$s.refresh_work(bigint, double precision, text), %1$s.say_outcome(bigint, text),'
                   ' %1$s.committed(text, jsonb, jsonb), %1$s.through(text, jsonb, boolean, jsonb), %1$s.act(text, jsonb), %1$s.lead(text), %1$s.maintain_partitions(text), %1$s.partition_work(text, text[]),'
                   ' %1$s.partition_tasks(text), %1$s.partition_log_end(), %1$s.shrunk_views(bigint) TO %2$I', 'mvc', refresher);
    EXECUTE format('GRANT SELECT ON %1$s.schedules, %1$s.schedule_run, %1$s.promises TO %2$I', 'mvc', refresher);
    EXECUTE format('GRANT EXECUTE ON ROUTINE %1$s.run_schedule(text, text, boolean), %1$s.due(text), %1$s.seconds_to_next(text), %1$s.stop_overdue(text)'
                   ' TO %2$I', 'mvc', refresher);
  END LOOP;
  PERFORM mvc.keep_places(places);
END $_$;
CREATE FUNCTION mvc.closed_by(direct oid[]) RETURNS oid[]
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  shown constant jsonb := (
    SELECT coalesce(jsonb_object_agg(part.oid::text, exposure.oid::text), '{}')
    FROM mvc.deployed_view AS d CROSS JOIN LATERAL (SELECT to_regclass(format('%I.%I', d.view_schema, d.view_name))::oid) AS exposure (oid)
    CROSS JOIN LATERAL unnest(mvc.shown_by(d)) AS part (oid) WHERE exposure.oid IS NOT NULL);
  first constant oid[] := ARRAY(SELECT e.value::oid FROM jsonb_each_text(shown) AS e WHERE e.key::oid = ANY (direct)
    UNION SELECT c.oid FROM mvc.released_view AS r JOIN pg_class AS c ON c.oid = to_regclass(format('%I.%I', r.view_schema, r.view_name)) WHERE r.released ? 'shown');
  asked jsonb;
BEGIN
  IF first = '{}' THEN
    RETURN first;
  END IF;
  asked := (SELECT jsonb_object_agg(e.key, to_jsonb(ARRAY(SELECT mvc.read_by_functions(e.key::oid)))) FROM jsonb_each_text(shown) AS e);
  RETURN ARRAY(
    WITH RECURSIVE reading (view, level) AS (
      SELECT unnest(first), 0
      UNION SELECT next.view, r.level + 1 FROM reading AS r CROSS JOIN LATERAL (
        SELECT mvc.readers_of(r.view) UNION ALL SELECT a.key::oid FROM jsonb_each(asked) AS a WHERE a.value @> to_jsonb(r.view)
      ) AS next (view) JOIN pg_class AS c ON c.oid = next.view AND c.relkind = 'v' WHERE r.level < 100
    ) SELECT e.value::oid FROM reading AS r JOIN jsonb_each_text(shown) AS e ON e.key::oid = r.view GROUP BY e.value ORDER BY max(r.level) DESC, e.value);
END $$;
CREATE FUNCTION mvc.code_asked(stored mvc.stored_relation) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET work_mem TO '64kB'
    AS $$
DECLARE
  queries constant regclass[] := mvc.queries_of(stored);
  read constant oid[] := mvc.read_by(queries);
  queries_text constant text := (SELECT string_agg(pg_get_viewdef(c.oid), ' ') FROM pg_class AS c
                                 WHERE c.relkind IN ('v', 'm') AND (c.oid = ANY (queries::oid[]) OR c.oid = ANY (read) AND c.relkind = 'v'));
BEGIN
  RETURN (
    WITH RECURSIVE used (class, object) AS (
      SELECT 'pg_rewrite'::regclass::oid, r.oid FROM pg_rewrite AS r JOIN pg_class AS c ON c.oid = r.ev_class
      WHERE r.rulename = '_RETURN' AND (c.oid = ANY (queries::oid[]) OR c.oid = ANY (read) AND c.relkind = 'v')
      UNION ALL SELECT 'pg_class'::regclass, i.indexrelid FROM pg_index AS i
      WHERE i.indrelid = ANY (queries::oid[]) AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL)
      UNION SELECT next.class, next.object FROM used AS u CROSS JOIN LATERAL (
        SELECT d.refclassid, d.refobjid FROM pg_depend AS d
        WHERE d.classid = u.class AND d.objid = u.object AND d.refclassid IN ('pg_proc'::regclass, 'pg_operator'::regclass, 'pg_type'::regclass,
          'pg_collation'::regclass, 'pg_ts_config'::regclass, 'pg_ts_dict'::regclass)
        UNION ALL SELECT named.class, named.object FROM pg_rewrite AS r CROSS JOIN LATERAL (
            SELECT 'pg_type'::regclass::oid, t FROM mvc.made_types_in(r.ev_action::text) AS t
            UNION ALL SELECT 'pg_collation'::regclass, m[1]::oid FROM regexp_matches(r.ev_action::text, 'collid (\d+)', 'g') AS m
            WHERE m[1] NOT IN ('0', '100', '950', '951')) AS named (class, object)
          WHERE u.class = 'pg_rewrite'::regclass AND r.oid = u.object
        UNION ALL SELECT 'pg_type'::regclass, part FROM mvc.parts_of_type(u.object) AS part WHERE u.class = 'pg_type'::regclass
        UNION ALL SELECT 'pg_proc'::regclass, f.oid FROM pg_range AS r CROSS JOIN unnest(ARRAY[r.rngsubdiff::oid, r.rngcanonical::oid]) AS f (oid)
          WHERE u.class = 'pg_type'::regclass AND r.rngtypid = u.object AND f.oid <> 0
        UNION ALL SELECT named.class, named.object FROM pg_proc AS p CROSS JOIN LATERAL mvc.named_in(concat_ws(' ', p.prosrc, p.proconfig)) AS named
          WHERE u.class = 'pg_proc'::regclass AND p.oid = u.object AND p.prosqlbody IS NULL AND octet_length(p.prosrc) <= 1000000
            AND p.prolang NOT IN (SELECT l.oid FROM pg_language AS l WHERE l.lanname IN ('c', 'internal'))
      ) AS next (class, object)
    ), texts (body) AS (
      SELECT concat_ws(' ', p.prosrc, p.proconfig) FROM used AS u JOIN pg_proc AS p ON p.oid = u.object AND p.prosqlbody IS NULL JOIN pg_language AS l ON l.oid = p.prolang
      WHERE u.class = 'pg_proc'::regclass AND l.lanname NOT IN ('c', 'internal') AND octet_length(p.prosrc) <= 1000000
    ), listed (list, items) AS (
      SELECT u.class::regclass::text, jsonb_agg(DISTINCT u.object::text) FROM used AS u WHERE u.class NOT IN ('pg_rewrite'::regclass, 'pg_class'::regclass, 'pg_operator'::regclass)
      GROUP BY u.class
      UNION ALL SELECT 'views', jsonb_agg(DISTINCT r.ev_class::text) FROM used AS u JOIN pg_rewrite AS r ON r.oid = u.object
      WHERE u.class = 'pg_rewrite'::regclass AND r.ev_class <> ALL (queries::oid[])
      UNION ALL SELECT 'pg_extension', jsonb_agg(DISTINCT d.refobjid::text) FROM used AS u
      JOIN pg_depend AS d ON d.classid = u.class AND d.objid = u.object AND d.deptype = 'e' AND d.refclassid = 'pg_extension'::regclass
      UNION ALL SELECT 'generated', jsonb_agg(DISTINCT a.attrelid::text) FROM pg_attribute AS a
      JOIN pg_class AS c ON c.oid = a.attrelid
      WHERE a.attrelid = ANY (read) AND a.attgenerated <> '' AND NOT a.attisdropped AND c.relnamespace <> to_regnamespace('mvc')
      UNION ALL SELECT 'names', jsonb_agg(DISTINCT n) FROM texts AS t CROSS JOIN mvc.calls_in(t.body) AS n
      UNION ALL SELECT 'schemas', jsonb_agg(DISTINCT n.nspname) FROM texts AS t CROSS JOIN mvc.schemas_in(t.body) AS s JOIN pg_namespace AS n ON n.oid = s
      UNION ALL SELECT 'operators', jsonb_agg(DISTINCT n) FROM texts AS t CROSS JOIN mvc.operators_in(t.body) AS n
      UNION ALL SELECT 'settings', jsonb_agg(DISTINCT n) FROM (SELECT t.body FROM texts AS t UNION ALL SELECT queries_text
        UNION ALL SELECT 'money' WHERE EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = ANY (read) AND a.atttypid IN ('money'::regtype, 'money[]'::regtype))) AS t (body)
      CROSS JOIN mvc.settings_in(t.body) AS n
    )
    SELECT coalesce(jsonb_object_agg(l.list, l.items) FILTER (WHERE l.items IS NOT NULL), '{}') FROM listed AS l
  );
END $$;
CREATE FUNCTION mvc.code_changed(made_with jsonb, seen jsonb) RETURNS text
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  RETURN (
    SELECT CASE
      WHEN seen IS NULL THEN NULL
      WHEN made_with IS NULL THEN CASE WHEN seen -> 'asked' <> '{}' THEN 'it is not known with which functions, types and settings it was computed' END
      ELSE (SELECT string_agg(k.name, ', ' ORDER BY k.name) || ' changed since it was computed as a whole'
            FROM (SELECT jsonb_object_keys(made_with -> 'found') UNION SELECT jsonb_object_keys(seen -> 'found')) AS k (name)
            WHERE made_with -> 'found' -> k.name IS DISTINCT FROM seen -> 'found' -> k.name)
      END
  );
END $$;
CREATE FUNCTION mvc.code_now(asked jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET quote_all_identifiers TO 'off'
    AS $$
DECLARE
  version constant text := (SELECT pg_database_collation_actual_version(d.oid) FROM pg_database AS d WHERE d.datname = current_database());
  found jsonb := CASE WHEN version IS NULL THEN '{}' ELSE jsonb_build_object('the default collation', version) END;
  routines oid[] := mvc.as_array(asked -> 'pg_proc')::oid[];
  called constant name[] := mvc.as_array(asked -> 'names')::name[];
  used constant oid[] := mvc.as_array(asked -> 'pg_type')::oid[];
  operators constant name[] := mvc.as_array(asked -> 'operators')::name[];
  schemas constant oid[] := CASE WHEN called <> '{}' OR operators <> '{}' THEN ARRAY(
    SELECT n.oid FROM pg_namespace AS n WHERE n.nspname = ANY (mvc.as_array(asked -> 'schemas')::name[])) END;
BEGIN
  IF called <> '{}' THEN
    routines := routines || ARRAY(SELECT p.oid FROM pg_proc AS p WHERE p.proname = ANY (called) AND p.pronamespace = ANY (schemas));
  END IF;
  IF routines <> '{}' THEN
    found := found || coalesce((
      SELECT jsonb_object_agg(CASE p.prokind WHEN 'a' THEN 'the aggregate ' ELSE 'the function ' END || p.oid::regprocedure, md5(
        concat_ws(' ', CASE WHEN octet_length(p.prosrc) <= 1000000 THEN p.prosrc ELSE p.xmin::text END, p.probin, pg_get_function_sqlbody(p.oid), p.proconfig, p.provolatile, p.proisstrict, p.prorettype::regtype, l.lanname,
          a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggfinalextra, a.aggkind, a.aggsortop, a.agginitval, a.aggtranstype::regtype)))
      FROM pg_proc AS p JOIN pg_language AS l ON l.oid = p.prolang LEFT JOIN pg_aggregate AS a ON a.aggfnoid = p.oid WHERE p.oid = ANY (routines)), '{}');
  END IF;
  IF operators <> '{}' THEN
    found := found || coalesce((
      SELECT jsonb_object_agg('an operator ' || o.name, md5(o.content)) FROM (
        SELECT o.oprname, string_agg(concat_ws(' ', o.oprleft::regtype, o.oprright::regtype, o.oprcode), ', '
          ORDER BY o.oprleft::regtype::text, o.oprright::regtype::text, o.oprcode::text)
        FROM pg_operator AS o WHERE o.oprname = ANY (operators) AND o.oprnamespace = ANY (schemas) GROUP BY o.oprname) AS o (name, content)), '{}');
  END IF;
  IF used <> '{}' THEN
    found := found || coalesce((
      SELECT jsonb_object_agg('the type ' || t.oid::regtype, md5(concat_ws(' ', t.typtype, t.typbasetype::regtype, t.typtypmod, t.typdefault, t.typnotnull,
        (SELECT string_agg(pg_get_constraintdef(k.oid), ' ' ORDER BY k.conname) FROM pg_constraint AS k WHERE k.contypid = t.oid),
        (SELECT string_agg(e.enumlabel, ' ' ORDER BY e.enumsortorder) FROM pg_enum AS e WHERE e.enumtypid = t.oid),
        (SELECT string_agg(concat(a.attname, ' ', a.atttypid::regtype), ' ' ORDER BY a.attnum) FROM pg_attribute AS a
         WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped))))
      FROM pg_type AS t WHERE t.oid = ANY (used)), '{}');
  END IF;
  IF used <> '{}' OR called <> '{}' THEN
    found := found || coalesce((
      SELECT jsonb_build_object('a cast', md5(string_agg(concat_ws(' ', c.castsource::regtype, c.casttarget::regtype, c.castfunc::regproc, c.castcontext,
        c.castmethod), ', ' ORDER BY c.castsource::regtype::text, c.casttarget::regtype::text)))
      FROM pg_cast AS c WHERE c.oid >= 16384 HAVING count(*) > 0), '{}');
  END IF;
  RETURN found || mvc.less_often_now(asked);
END $$;
CREATE FUNCTION mvc.code_of(relations regclass[]) RETURNS TABLE(class oid, object oid, owner oid, kind "char")
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET work_mem TO '64kB'
    AS $$
BEGIN
  RETURN QUERY
  WITH RECURSIVE used (class, object) AS (
    SELECT 'pg_class'::regclass::oid, r::oid FROM unnest(relations) AS r
    UNION SELECT next.class, next.object FROM used AS u CROSS JOIN LATERAL (
      SELECT d.refclassid, d.refobjid FROM (
        SELECT 'pg_rewrite'::regclass::oid, r.oid FROM pg_rewrite AS r JOIN pg_class AS c ON c.oid = r.ev_class
        WHERE u.class = 'pg_class'::regclass AND r.ev_class = u.object AND c.relkind IN ('v', 'm')
        UNION ALL SELECT 'pg_class'::regclass, i.indexrelid FROM pg_index AS i
        WHERE u.class = 'pg_class'::regclass AND i.indrelid = u.object AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL)
        UNION ALL SELECT 'pg_constraint'::regclass, k.oid FROM pg_constraint AS k
        WHERE u.class = 'pg_class'::regclass AND k.conrelid = u.object AND k.contype = 'c'
        UNION ALL SELECT 'pg_constraint'::regclass, k.oid FROM pg_constraint AS k WHERE u.class = 'pg_type'::regclass AND k.contypid = u.object
        UNION ALL SELECT 'pg_statistic_ext'::regclass, x.oid FROM pg_statistic_ext AS x WHERE u.class = 'pg_class'::regclass AND x.stxrelid = u.object
        UNION ALL SELECT 'pg_class'::regclass, p.partrelid FROM pg_partitioned_table AS p WHERE u.class = 'pg_class'::regclass AND p.partrelid = u.object
        UNION ALL SELECT u.class, u.object WHERE u.class = 'pg_operator'::regclass
          OR u.class = 'pg_proc'::regclass AND EXISTS (SELECT FROM pg_aggregate AS a WHERE a.aggfnoid = u.object)
      ) AS e (class, object) CROSS JOIN LATERAL (
        SELECT d.* FROM pg_depend AS d WHERE d.classid = e.class AND d.objid = e.object OFFSET 0) AS d  -- by the index, not read as a whole
      WHERE d.refclassid IN ('pg_proc'::regclass, 'pg_operator'::regclass, 'pg_collation'::regclass, 'pg_opclass'::regclass,
                             'pg_opfamily'::regclass, 'pg_ts_config'::regclass, 'pg_ts_dict'::regclass)
        OR e.class = 'pg_rewrite'::regclass AND d.refclassid IN ('pg_class'::regclass, 'pg_type'::regclass) AND d.deptype = 'n'
      UNION ALL SELECT 'pg_class'::regclass, i.inhrelid FROM pg_inherits AS i WHERE u.class = 'pg_class'::regclass AND i.inhparent = u.object
      UNION ALL SELECT 'pg_proc'::regclass, f.oid FROM pg_range AS r CROSS JOIN unnest(ARRAY[r.rngsubdiff::oid, r.rngcanonical::oid]) AS f (oid)
      WHERE u.class = 'pg_type'::regclass AND r.rngtypid = u.object AND f.oid <> 0
      UNION ALL SELECT 'pg_type'::regclass, part FROM mvc.parts_of_type(u.object) AS part WHERE u.class = 'pg_type'::regclass
      UNION ALL SELECT 'pg_type'::regclass, CASE WHEN c.relkind = 'f' THEN t.oid ELSE coalesce(nullif(t.typbasetype, 0), t.oid) END
      FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
      CROSS JOIN LATERAL (SELECT t.* FROM pg_type AS t WHERE t.oid = a.atttypid OFFSET 0) AS t  -- not all types that there are
      WHERE u.class = 'pg_class'::regclass AND c.oid = u.object AND a.attnum > 0 AND NOT a.attisdropped AND a.atttypid >= 16384
        AND (c.relkind = 'f' OR t.typtype IN ('r', 'm', 'd'))
    ) AS next (class, object)
    WHERE u.class <> 'pg_class'::regclass OR u.object = ANY (relations::oid[])
       OR NOT EXISTS (SELECT FROM pg_class AS ours WHERE ours.oid = u.object AND ours.relnamespace = to_regnamespace('mvc'))
  )
  SELECT u.class, u.object, CASE u.class  -- each is looked up by itself: a join would read all functions that there are
      WHEN 'pg_class'::regclass THEN (SELECT c.relowner FROM pg_class AS c WHERE c.oid = u.object)
      WHEN 'pg_proc'::regclass THEN (SELECT p.proowner FROM pg_proc AS p WHERE p.oid = u.object)
      WHEN 'pg_operator'::regclass THEN (SELECT o.oprowner FROM pg_operator AS o WHERE o.oid = u.object)
      WHEN 'pg_type'::regclass THEN (SELECT t.typowner FROM pg_type AS t WHERE t.oid = u.object)
      WHEN 'pg_collation'::regclass THEN (SELECT l.collowner FROM pg_collation AS l WHERE l.oid = u.object)
      WHEN 'pg_opclass'::regclass THEN (SELECT k.opcowner FROM pg_opclass AS k WHERE k.oid = u.object)
      WHEN 'pg_opfamily'::regclass THEN (SELECT f.opfowner FROM pg_opfamily AS f WHERE f.oid = u.object)
      WHEN 'pg_ts_config'::regclass THEN (SELECT g.cfgowner FROM pg_ts_config AS g WHERE g.oid = u.object)
      WHEN 'pg_ts_dict'::regclass THEN (SELECT y.dictowner FROM pg_ts_dict AS y WHERE y.oid = u.object)
    END, CASE u.class
      WHEN 'pg_class'::regclass THEN (SELECT c.relkind FROM pg_class AS c WHERE c.oid = u.object)
      WHEN 'pg_type'::regclass THEN (SELECT t.typtype FROM pg_type AS t WHERE t.oid = u.object)
    END
  FROM used AS u
  WHERE NOT (u.class = 'pg_class'::regclass AND u.object = ANY (relations::oid[]));
END $$;
CREATE FUNCTION mvc.code_seen(stored mvc.stored_relation) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  asked jsonb;
BEGIN
  IF stored.made_with ? 'unsteady' AND mvc.code_now(stored.made_with -> 'asked') = stored.made_with -> 'found' THEN
    RETURN NULL;
  END IF;
  asked := mvc.code_asked(stored);
  RETURN jsonb_build_object('asked', asked, 'found', mvc.code_now(asked), 'unsteady', mvc.unsteady(stored));
END $$;
CREATE FUNCTION mvc.collation_of(stored_column pg_attribute) RETURNS text
    LANGUAGE sql STABLE
    AS $$
  SELECT coalesce((
    SELECT format(' COLLATE %I.%I', n.nspname, c.collname) FROM pg_collation AS c JOIN pg_namespace AS n ON n.oid = c.collnamespace
    WHERE c.oid = (stored_column).attcollation), '')
$$;
CREATE FUNCTION mvc.columns_differ(log name) RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT regexp_replace(w.triggers ->> base::oid::text, '^(/[^ ]*|[A-Z]+) ?', '')
    <> regexp_replace(mvc.triggers_of(base, w.log, w.columns) ->> base::oid::text, '^/[^ ]* ?', '')
  FROM mvc.watched_table AS w, to_regclass(format('%I.%I', w.table_schema, w.table_name)) AS base WHERE w.log = columns_differ.log
$$;
CREATE FUNCTION mvc.commits_next(stack text) RETURNS boolean
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  RETURN (
    SELECT coalesce(bool_and(strpos(part.line, part.name) > 0) AND count(DISTINCT regexp_replace(
      concat(left(part.line, strpos(part.line, part.name) - 1), '@', substr(part.line, strpos(part.line, part.name) + length(part.name))),
      '[0-9]+', '#', 'g')) = 1, false)
    FROM string_to_array(stack, E'\n') AS s (calls), concat('"', replace('mvc', '"', '""'), '".') AS quoted (home), LATERAL (
      SELECT c.line, CASE WHEN strpos(c.line, c.plain) > 0 THEN c.plain ELSE c.quoted END AS name FROM (VALUES
        (calls[2], 'mvc' || '.act(text,jsonb)', quoted.home || '"act"("text","jsonb")'),
        (calls[3], 'mvc' || '.through(text,jsonb,boolean,jsonb)', quoted.home || '"through"("text","jsonb",boolean,"jsonb")')
      ) AS c (line, plain, quoted)) AS part
  );
END $$;
CREATE PROCEDURE mvc.committed(IN what text, IN said jsonb, INOUT answer jsonb)
    LANGUAGE plpgsql
    AS $$
BEGIN
  COMMIT;
  SET LOCAL search_path = pg_catalog, pg_temp;
  CALL mvc.through(what, said, false, answer);
END $$;
CREATE FUNCTION mvc.comparison(stored mvc.stored_relation, definition jsonb, source text) RETURNS text
    LANGUAGE sql STABLE
    AS $_$
  WITH compared AS (
    SELECT a.attname, coalesce(definition #> '{increment,undetermined}' ? a.attname::text, false) AS undetermined,
      mvc.equality(a, coalesce(definition #> '{increment,unordered}' ? a.attname::text, false)) AS equality
    FROM pg_attribute AS a
    WHERE a.attrelid = format('%I.%I', 'mvc', stored.stored_name)::regclass AND a.attnum > 0 AND NOT a.attisdropped
      AND a.attname NOT IN (SELECT k.attname FROM pg_attribute AS k WHERE k.attrelid = format('%I.%I', 'mvc', stored.companions ->> 'dirty')::regclass)
  )
  SELECT format($query$
    SELECT count(*) FILTER (WHERE NOT d.same) AS wrong, count(*) FILTER (WHERE d.same AND NOT d.all_same) AS undetermined,
      array_remove(ARRAY[%4$s]::text[], NULL) AS columns
    FROM (
      SELECT s.r AS is_, w.r AS should, s.there AND w.there AND %1$s AS same, %2$s AS all_same
      FROM (SELECT true AS there, d.key, t AS r FROM %5$I.%6$I AS t
            JOIN (SELECT ROW(%3$s)::record AS key FROM %5$I.%7$I) AS d ON d.key = ROW(%9$s)::record) AS s
      FULL JOIN (SELECT true AS there, ROW(%3$s)::record AS key, t AS r FROM %5$I.%8$I AS t) AS w ON s.key = w.key
    ) AS rows CROSS JOIN LATERAL (SELECT rows.same IS TRUE AS same, rows.all_same IS TRUE AS all_same) AS d$query$,
    coalesce((SELECT string_agg(format(c.equality, 's.r', 'w.r'), ' AND ') FROM compared AS c WHERE NOT c.undetermined), 'true'),
    coalesce((SELECT string_agg(format(c.equality, 's.r', 'w.r'), ' AND ') FROM compared AS c WHERE c.undetermined), 'true'),
    (SELECT string_agg(format('%I%s', a.attname, mvc.collation_of(a)), ', ' ORDER BY k.attnum) FROM pg_attribute AS k
     JOIN pg_attribute AS a ON a.attrelid = format('%I.%I', 'mvc', stored.stored_name)::regclass AND a.attname = k.attname
     WHERE k.attrelid = format('%I.%I', 'mvc', stored.companions ->> 'dirty')::regclass AND k.attnum > 0),
    (SELECT string_agg(format('CASE WHEN bool_or(d.same AND NOT %s) THEN %L END', format(c.equality, 'rows.is_', 'rows.should'), c.attname), ', ')
     FROM compared AS c WHERE c.undetermined),
    'mvc', stored.stored_name, stored.companions ->> 'dirty', stored.companions ->> source,
    (SELECT string_agg(format('t.%I', k.attname), ', ' ORDER BY k.attnum) FROM pg_attribute AS k
     WHERE k.attrelid = format('%I.%I', 'mvc', stored.companions ->> 'dirty')::regclass AND k.attnum > 0))
$_$;
CREATE FUNCTION mvc.continue_deployment(opened bigint) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  LOCK TABLE mvc.deployment IN SHARE ROW EXCLUSIVE MODE;
  IF opened IS DISTINCT FROM (SELECT max(id) FROM mvc.deployment) THEN
    RAISE EXCEPTION 'something else was deployed in the meantime' USING HINT = 'make the plan again';
  END IF;
END $$;
CREATE FUNCTION mvc.copied_name(index name, from_stored name, to_stored name) RETURNS text
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT CASE WHEN octet_length(plain) <= 54 THEN plain ELSE left(plain, 11) || '_' || md5(plain) END || '_' || right(to_stored, 8)
  FROM (SELECT CASE WHEN right(index, 9) = '_' || right(from_stored, 8) THEN left(index, -9) ELSE index::text END) AS first (plain)
$$;
CREATE FUNCTION mvc.copy_identity(parent oid, made oid) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  identity "char" := (SELECT c.relreplident FROM pg_class AS c WHERE c.oid = parent);
  used name := (SELECT own.relname FROM pg_index AS x JOIN pg_inherits AS i ON i.inhparent = x.indexrelid
                JOIN pg_index AS y ON y.indexrelid = i.inhrelid AND y.indrelid = made JOIN pg_class AS own ON own.oid = y.indexrelid
                WHERE x.indrelid = parent AND x.indisreplident);
BEGIN
  IF identity IN ('f', 'n') THEN
    EXECUTE format('ALTER TABLE %s REPLICA IDENTITY %s', made::regclass, CASE identity WHEN 'f' THEN 'FULL' ELSE 'NOTHING' END);
  ELSIF identity = 'i' AND used IS NOT NULL THEN
    EXECUTE format('ALTER TABLE %s REPLICA IDENTITY USING INDEX %I', made::regclass, used);
  END IF;
END $$;
CREATE FUNCTION mvc.copy_rows(stored_name name) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET row_security TO 'off'
    AS $$
DECLARE
  source regclass := format('%I.%I', 'mvc', stored_name)::regclass;
  copy name := mvc.name_beside(stored_name, 'copy');
  made_as text := format('%I.%I', 'mvc', copy);
  made text;
BEGIN
  EXECUTE format('DROP MATERIALIZED VIEW IF EXISTS %s', made_as);  -- a release that was broken off left it
  PERFORM set_config('TimeZone', d.timezone, true) FROM mvc.deployed_view AS d WHERE d.stored_name = copy_rows.stored_name;
  made := (
    SELECT format('CREATE MATERIALIZED VIEW %s AS SELECT %s FROM %I.rows_of(%L) AS c (%s) WITH NO DATA', made_as,
      string_agg(concat('c.', quote_ident(a.attname), CASE WHEN a.attcollation <> t.typcollation THEN format(' COLLATE %I.%I AS %I', n.nspname, l.collname, a.attname) END), ', ' ORDER BY a.attnum),
      'mvc', stored_name, string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attnum))
    FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid LEFT JOIN pg_collation AS l ON l.oid = a.attcollation LEFT JOIN pg_namespace AS n ON n.oid = l.collnamespace
    WHERE a.attrelid = source AND a.attnum > 0 AND NOT a.attisdropped);
  EXECUTE made;
  PERFORM mvc.seal(copy);
  EXECUTE format('REFRESH MATERIALIZED VIEW %s', made_as);
  FOR made IN
    SELECT format('CREATE %sINDEX %I ON %s %s', CASE WHEN x.indisunique THEN 'UNIQUE ' ELSE '' END, 'copy_' || md5(i.relname), made_as, mvc.index_body(i.oid))
    FROM pg_index AS x JOIN pg_class AS i ON i.oid = x.indexrelid WHERE x.indrelid = source AND x.indisvalid
  LOOP
    EXECUTE made;
  END LOOP;
  EXECUTE format('ANALYZE %s', made_as);
  INSERT INTO mvc.stored_relation (stored_name, view_schema, view_name, project, filled_at, rows)
  SELECT copy, d.view_schema, d.view_name, d.project, s.filled_at, s.rows
  FROM mvc.deployed_view AS d LEFT JOIN mvc.stored_relation AS s ON s.stored_name = d.stored_name WHERE d.stored_name = copy_rows.stored_name
  ON CONFLICT DO NOTHING;
  INSERT INTO mvc.frozen_relation (stored_name) VALUES (copy) ON CONFLICT DO NOTHING;
END $$;
CREATE FUNCTION mvc.create_index(stored_name name, statement text, count integer, roles name[] DEFAULT '{}'::name[], allowed text[] DEFAULT '{}'::text[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
  expressions text[] := mvc.index_expressions(stored_name, count, roles, allowed);
BEGIN
  EXECUTE pg_catalog.format(statement, VARIADIC expressions);
  PERFORM mvc.expect_trusted_index(stored_name, roles, allowed);
  PERFORM mvc.note_code(stored_name);
END $$;
CREATE FUNCTION mvc.create_partition(table_schema name, table_name name, named name, lower text, upper text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET default_tablespace TO ''
    AS $$
DECLARE
  parent regclass := format('%I.%I', table_schema, table_name)::regclass;
  made oid;
BEGIN
  IF to_regclass(format('%I.%I', table_schema, named)) IS NOT NULL THEN
    RAISE EXCEPTION 'there is a relation % already, which is no partition of this period', named
      USING ERRCODE = 'duplicate_table', HINT = 'rename or attach it';
  END IF;
  made := mvc.partition_table(parent, named);
  EXECUTE format('ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)', parent, made::regclass, lower, upper);
  PERFORM mvc.copy_identity(parent, made), mvc.watch_partition(made::regclass), mvc.drop_guards(table_schema, table_name);
END $$;
CREATE FUNCTION mvc.creation_of(view oid) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT format('CREATE VIEW %s (%s)%s AS %s', c.oid::regclass,
                (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0),
                ' WITH (' || array_to_string(c.reloptions, ', ') || ')',
                pg_get_viewdef(c.oid))
  FROM pg_class AS c WHERE c.oid = view
$$;
CREATE FUNCTION mvc.dependents(target oid) RETURNS TABLE(view oid, level integer)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET work_mem TO '64kB'
    AS $$
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
CREATE FUNCTION mvc.deployed_since(project text) RETURNS timestamp with time zone
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT coalesce(max(d.applied_at), clock_timestamp()) FROM mvc.deployment AS d WHERE d.project = deployed_since.project
$$;
CREATE FUNCTION mvc.directly_in_the_way(targets jsonb) RETURNS SETOF oid
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  WITH wanted AS (
    SELECT t.relation, t.attribute, c.relname, c.relkind, c.relnamespace = to_regnamespace('mvc') AS stored,
      c.relkind = 'v' AND EXISTS (SELECT FROM mvc.deployed_view AS d WHERE to_regclass(format('%I.%I', d.view_schema, d.view_name)) = c.oid) AS shown
    FROM mvc.targets_of(targets) AS t JOIN pg_class AS c ON c.oid = t.relation
  )
  SELECT mvc.readers_of(w.relation, w.attribute) FROM wanted AS w WHERE NOT w.stored AND NOT w.shown
  UNION SELECT CASE WHEN s.frozen_at IS NULL OR w.relkind <> 'm' THEN w.relation ELSE to_regclass(format('%I.%I', 'mvc', mvc.name_beside(w.relname, 'former'))) END
  FROM wanted AS w LEFT JOIN mvc.frozen_relation AS s ON w.stored AND s.stored_name = w.relname WHERE w.stored OR w.shown
$$;
CREATE FUNCTION mvc.dress(named text, dressing text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  message text;
BEGIN
  PERFORM mvc.revoke_all('TABLE', named, c.relowner, c.relacl) FROM pg_class AS c WHERE c.oid = named::regclass;
  IF dressing IS NOT NULL THEN
    EXECUTE dressing;
  END IF;
EXCEPTION WHEN undefined_column OR undefined_function OR datatype_mismatch OR insufficient_privilege THEN
  GET STACKED DIAGNOSTICS message = MESSAGE_TEXT;
  RAISE EXCEPTION 'a grant, rule or trigger on % does not fit its new columns: %', named, message
    USING ERRCODE = 'dependent_objects_still_exist', HINT = 'change or drop it first';
END $$;
CREATE FUNCTION mvc.dressing_of(view oid, columns name[]) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
BEGIN
  RETURN (
    SELECT string_agg(part.sql, E';\n' ORDER BY part.step) FROM (
      SELECT 1 AS step, format('ALTER VIEW %s OWNER TO %I', c.oid::regclass, pg_get_userbyid(c.relowner)) AS sql
      FROM pg_class AS c WHERE c.oid = view AND c.relowner <> (SELECT r.oid FROM pg_roles AS r WHERE r.rolname = current_user)
      UNION ALL
      SELECT 2, format('GRANT %s ON TABLE %s TO %s%s', e.privilege_type, c.oid::regclass,
                       CASE e.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(e.grantee)) END,
                       CASE WHEN e.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
      FROM pg_class AS c, aclexplode(c.relacl) AS e WHERE c.oid = view AND e.grantee <> c.relowner
      UNION ALL
      SELECT 2, format('GRANT %s (%I) ON TABLE %s TO %s%s', e.privilege_type, a.attname, view::regclass,
                       CASE e.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(e.grantee)) END,
                       CASE WHEN e.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
      FROM pg_attribute AS a, aclexplode(a.attacl) AS e
      WHERE a.attrelid = view AND a.attnum > 0 AND (columns IS NULL OR a.attname = ANY (columns))
      UNION ALL
      SELECT 3, format('COMMENT ON VIEW %s IS %L', view::regclass, d.description)
      FROM pg_description AS d WHERE d.classoid = 'pg_class'::regclass AND d.objoid = view AND d.objsubid = 0
      UNION ALL
      SELECT 3, format('COMMENT ON COLUMN %s.%I IS %L', view::regclass, a.attname, d.description)
      FROM pg_description AS d JOIN pg_attribute AS a ON a.attrelid = view AND a.attnum = d.objsubid
      WHERE d.classoid = 'pg_class'::regclass AND d.objoid = view AND (columns IS NULL OR a.attname = ANY (columns))
      UNION ALL
      SELECT 4, format('ALTER VIEW %s ALTER COLUMN %I SET DEFAULT %s', view::regclass, a.attname, pg_get_expr(f.adbin, f.adrelid))
      FROM pg_attrdef AS f JOIN pg_attribute AS a ON a.attrelid = f.adrelid AND a.attnum = f.adnum
      WHERE f.adrelid = view AND (columns IS NULL OR a.attname = ANY (columns))
      UNION ALL
      SELECT 5, rtrim(pg_get_ruledef(r.oid), ';') FROM pg_rewrite AS r WHERE r.ev_class = view AND r.rulename <> '_RETURN'
      UNION ALL
      SELECT 6, pg_get_triggerdef(t.oid) FROM pg_trigger AS t WHERE t.tgrelid = view AND NOT t.tgisinternal
      UNION ALL
      SELECT 7, format('COMMENT ON RULE %I ON %s IS %L', r.rulename, view::regclass, d.description)
      FROM pg_rewrite AS r JOIN pg_description AS d ON d.classoid = 'pg_rewrite'::regclass AND d.objoid = r.oid
      WHERE r.ev_class = view AND r.rulename <> '_RETURN'
      UNION ALL
      SELECT 7, format('COMMENT ON TRIGGER %I ON %s IS %L', t.tgname, view::regclass, d.description)
      FROM pg_trigger AS t JOIN pg_description AS d ON d.classoid = 'pg_trigger'::regclass AND d.objoid = t.oid
      WHERE t.tgrelid = view AND NOT t.tgisinternal
    ) AS part
  );
END $$;
CREATE FUNCTION mvc.drop_guards(table_schema name, table_name name) RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  left_over record;
BEGIN
  FOR left_over IN
    SELECT k.conrelid::regclass AS fallback, k.conname AS guard FROM pg_partitioned_table AS p JOIN pg_constraint AS k ON k.conrelid = p.partdefid
    WHERE p.partrelid = to_regclass(format('%I.%I', table_schema, table_name)) AND k.conname LIKE 'mvc\_guard\_%'
  LOOP
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', left_over.fallback, left_over.guard);
  END LOOP;
  RETURN NULL;
EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
  RETURN format('the CHECK %I of %s could not be taken away yet', left_over.guard, left_over.fallback);
END $$;
CREATE FUNCTION mvc.drop_relations(names name[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  waiting oid[] := ARRAY(SELECT c.oid FROM pg_class AS c WHERE c.relnamespace = to_regnamespace('mvc') AND c.relname = ANY (names));
  ready oid[];
  change text;
BEGIN
  WHILE waiting <> '{}' LOOP
    ready := ARRAY(SELECT w FROM unnest(waiting) AS w WHERE NOT EXISTS (SELECT FROM mvc.readers_of(w) AS r (oid) WHERE r.oid = ANY (waiting)));
    FOR change IN
      SELECT format('DROP %s %s', CASE c.relkind WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END, c.oid::regclass)
      FROM pg_class AS c WHERE c.oid = ANY (ready)
    LOOP
      EXECUTE change;
    END LOOP;
    waiting := ARRAY(SELECT unnest(waiting) EXCEPT SELECT unnest(ready));
  END LOOP;
  DELETE FROM mvc.stored_relation AS s WHERE s.stored_name = ANY (names) AND NOT EXISTS (SELECT FROM mvc.deployed_view AS d WHERE d.stored_name = s.stored_name);
  DELETE FROM mvc.frozen_relation AS f WHERE f.stored_name = ANY (names) AND NOT EXISTS (SELECT FROM mvc.deployed_view AS d WHERE d.stored_name = f.stored_name);
  DELETE FROM mvc.turn AS t WHERE t.work = ANY (ARRAY(SELECT 'refresh ' || n FROM unnest(names) AS n))
    AND NOT EXISTS (SELECT FROM mvc.deployed_view AS d WHERE t.work = 'refresh ' || d.stored_name);
END $$;
CREATE FUNCTION mvc.drop_unneeded() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  unneeded name;
  together name[];
BEGIN
  FOR unneeded IN
    SELECT s.stored_name FROM mvc.frozen_relation AS s
    WHERE NOT EXISTS (SELECT FROM mvc.deployed_view AS d WHERE d.stored_name = s.stored_name)
    UNION ALL SELECT mvc.idle_leftovers()
  LOOP
    together := mvc.with_leftover_readers(ARRAY[unneeded] || ARRAY(
      SELECT beside.name::name FROM mvc.stored_relation AS s CROSS JOIN jsonb_each_text(s.companions) AS beside (purpose, name) WHERE s.stored_name = unneeded));
    BEGIN
      PERFORM mvc.drop_relations(coalesce(together, CASE WHEN to_regclass(format('%I.%I', 'mvc', unneeded)) IS NULL THEN ARRAY[unneeded] END));
    EXCEPTION WHEN lock_not_available OR dependent_objects_still_exist THEN
      RAISE NOTICE '% is kept: %', unneeded, SQLERRM;
    END;
  END LOOP;
  PERFORM mvc.drop_unused_logs();
END $$;
CREATE FUNCTION mvc.drop_unused_logs() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
DECLARE
  unused name;
BEGIN
  FOR unused IN
    SELECT c.relname FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = 1 AND a.attname = 'mvc_at'
    WHERE c.relnamespace = to_regnamespace('mvc') AND c.relkind = 'r' AND c.relname LIKE 'changes\_%'
      AND NOT EXISTS (SELECT FROM mvc.watched_table AS w WHERE w.log = c.relname)
  LOOP
    BEGIN
      EXECUTE format('DROP TABLE IF EXISTS %1$I.%2$I, %1$I.%3$I', 'mvc', unused, mvc.kept_of(unused));
    EXCEPTION WHEN dependent_objects_still_exist THEN
      NULL;
    END;
  END LOOP;
END $_$;
CREATE FUNCTION mvc.due(project text) RETURNS SETOF text
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT d.schedule FROM mvc.due_now(due.project, NULL) AS d
$$;
CREATE FUNCTION mvc.due_now(project text, named text) RETURNS TABLE(schedule text, tick timestamp with time zone, views name[])
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
BEGIN
  RETURN QUERY
  WITH planned AS MATERIALIZED (
    SELECT s.schedule, s.views, s.times, s.timezone, s.mode, row_number() OVER () AS place FROM mvc.schedules AS s
    WHERE s.project = due_now.project AND s.enabled AND (named IS NULL OR s.schedule = named)
  ), ticked AS MATERIALIZED (
    SELECT p.place, l.*, mvc.latest_tick(p.times, p.timezone, coalesce(l.seen, d.since), clock_timestamp()) AS latest
    FROM planned AS p CROSS JOIN (SELECT mvc.deployed_since(due_now.project) AS since) AS d LEFT JOIN LATERAL (
      SELECT r.seen, r.tick, r.started_at, r.finished_at, r.resumed, r.pid FROM mvc.schedule_run AS r
      WHERE r.project = due_now.project AND r.schedule = p.schedule AND r.run_by IN ('', session_user) ORDER BY r.run_by DESC LIMIT 1) AS l ON true
    WHERE p.times IS NOT NULL
  ), found AS (
    SELECT t.place, coalesce(t.latest, t.tick, t.started_at) AS tick, CASE p.mode WHEN 'partitions' THEN '{partitions}' ELSE p.views END AS views
    FROM ticked AS t JOIN planned AS p ON p.place = t.place
    WHERE t.latest IS NOT NULL OR t.started_at IS NOT NULL AND t.finished_at IS NULL AND NOT t.resumed AND NOT EXISTS (
      SELECT FROM pg_stat_activity AS a WHERE a.pid = t.pid AND coalesce(a.backend_start <= t.started_at, true))
    UNION ALL
    SELECT p.place, NULL, array_agg(o.called ORDER BY array_position(p.views, o.called))
    FROM mvc.promises AS o JOIN planned AS p ON p.schedule = o.schedule AND p.times IS NULL
    WHERE o.project = due_now.project AND coalesce(o.age_seconds >= o.refresh_at_seconds, true) AND NOT EXISTS (
      SELECT FROM mvc.refresh_log AS g WHERE g.view_schema = o.view_schema AND g.view_name = o.view_name
        AND g.started_at > clock_timestamp() - make_interval(secs => o.promised_seconds / 10.0) AND g.refreshed_by = session_user)
    GROUP BY p.place
  )
  SELECT p.schedule, f.tick, f.views FROM found AS f JOIN planned AS p ON p.place = f.place WHERE cardinality(f.views) > 0 ORDER BY f.place;
END $$;
CREATE FUNCTION mvc.due_views(project text, schedule text, OUT tick timestamp with time zone, OUT views name[]) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  SELECT d.tick, d.views INTO tick, views FROM mvc.due_now(due_views.project, due_views.schedule) AS d;
  views := coalesce(views, '{}');
END $$;
CREATE FUNCTION mvc.equal_is_same(base regclass, columns name[]) RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT coalesce(bool_and(coalesce(c.collisdeterministic, true) AND (
    t.typtype = 'e' OR t.oid IN ('boolean'::regtype, '"char"'::regtype, 'name'::regtype, 'smallint'::regtype, 'integer'::regtype, 'bigint'::regtype, 'oid'::regtype,
      'uuid'::regtype, 'date'::regtype, 'time'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype, 'text'::regtype, 'varchar'::regtype, 'bytea'::regtype)
    OR t.oid IN ('numeric'::regtype, 'bpchar'::regtype) AND a.atttypmod >= 0)), true)  -- all of one scale or length
  FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid LEFT JOIN pg_collation AS c ON c.oid = a.attcollation
  WHERE a.attrelid = base AND a.attname = ANY (columns)
$$;
CREATE FUNCTION mvc.equality(stored_column pg_attribute, unordered boolean) RETURNS text
    LANGUAGE plpgsql STABLE
    AS $_$
DECLARE
  type constant oid := stored_column.atttypid;
  one constant text := format('((%%1$s).%s%s)', replace(quote_ident(stored_column.attname), '%', '%%'), replace(mvc.collation_of(stored_column), '%', '%%'));
  other constant text := replace(one, '%1$s', '%2$s');
  comparable constant boolean := mvc.is_comparable(type);
  item constant text := CASE WHEN comparable THEN 'e' ELSE 'e::text' END;
  pattern constant text := CASE
    WHEN unordered AND EXISTS (SELECT FROM pg_type AS t WHERE t.oid = type AND t.typcategory = 'A')
    THEN format('ROW(%1$s IS NULL, ARRAY(SELECT %3$s FROM unnest(%1$s) AS e ORDER BY 1))::record OPERATOR(pg_catalog.=)'
                ' ROW(%2$s IS NULL, ARRAY(SELECT %3$s FROM unnest(%2$s) AS e ORDER BY 1))::record', '{1}', '{2}', item)
    WHEN type IN ('json'::regtype, 'json[]'::regtype)
    THEN 'CASE WHEN {1}::text IS NOT DISTINCT FROM {2}::text THEN true ELSE ROW({1}::' || replace(type::regtype::text, 'json', 'jsonb') || ')::record OPERATOR(pg_catalog.=) ROW({2}::'
      || replace(type::regtype::text, 'json', 'jsonb') || ')::record END'
    WHEN type IN ('real'::regtype, 'double precision'::regtype)
    THEN '({1} IS NOT DISTINCT FROM {2} OR coalesce(greatest(abs({1}), abs({2})) < ''infinity'' AND abs({1}::numeric - {2}::numeric) <= '
      || CASE type WHEN 'real'::regtype THEN '1e-4' ELSE '1e-9' END || ' * greatest(abs({1}::numeric), abs({2}::numeric)), false))'
    WHEN comparable THEN 'ROW({1})::record OPERATOR(pg_catalog.=) ROW({2})::record'
    ELSE 'ROW({1})::record OPERATOR(pg_catalog.*=) ROW({2})::record' END;
BEGIN
  RETURN replace(replace(pattern, '{1}', one), '{2}', other);
END $_$;
CREATE FUNCTION mvc.expect(view_schema name, view_name name, stored_name name, may_be_new boolean, stated jsonb DEFAULT NULL::jsonb) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  deployed mvc.deployed_view;
BEGIN
  SELECT d.* INTO deployed FROM mvc.deployed_view AS d
  WHERE d.view_schema = expect.view_schema AND d.view_name = expect.view_name;
  IF deployed.stored_name IS NULL AND NOT may_be_new THEN
    RAISE EXCEPTION 'the view %.% is not deployed here', quote_ident(view_schema), quote_ident(view_name)
      USING HINT = 'this was made for another state of the database: compare again with mvc diff --database';
  ELSIF deployed.stored_name IS NULL AND to_regclass(format('%I.%I', view_schema, view_name)) IS NOT NULL THEN
    RAISE EXCEPTION 'the relation %.% is not ours', quote_ident(view_schema), quote_ident(view_name)
      USING HINT = 'rename or drop it, or give the view another name or schema';
  ELSIF deployed.stored_name IS DISTINCT FROM expect.stored_name AND deployed.stored_name IS NOT NULL
     OR EXISTS (SELECT FROM jsonb_each(stated) AS s WHERE (
          (deployed.definition -> s.key) @> s.value AND s.value @> (deployed.definition -> s.key)) IS NOT TRUE) THEN
    RAISE EXCEPTION 'the view %.% is deployed with another definition', quote_ident(view_schema), quote_ident(view_name)
      USING HINT = 'mvc apply replaces it without taking readers down; mvc diff --format sql writes that as a migration';
  END IF;
END $$;
CREATE FUNCTION mvc.expect_inert(relation oid) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET work_mem TO '64kB'
    AS $$
DECLARE
  trusted constant name[] := mvc.roles_of_projects();
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
  JOIN pg_namespace AS n ON n.nspname = 'mvc' CROSS JOIN LATERAL (VALUES (t.typowner), (CASE
    WHEN home.nspowner <> 'pg_database_owner'::regrole THEN home.nspowner
    ELSE (SELECT d.datdba FROM pg_database AS d WHERE d.datname = current_database()) END)) AS who (owner)
  WHERE NOT mvc.can_act_as(who.owner, n.nspowner) AND pg_get_userbyid(who.owner) <> ALL (trusted)
    AND NOT (p.whole AND t.typtype = 'e' AND NOT EXISTS (SELECT FROM pg_enum AS e WHERE e.enumtypid = t.oid AND e.enumlabel ~ '^\s*[{(\[]'))
  ORDER BY t.typtype <> 'd', 1 LIMIT 1;
  IF found.type IS NOT NULL THEN
    RAISE EXCEPTION 'to make % anew would have constants become values of the type %, by code of the role %', relation::regclass, found.type, quote_ident(found.owner)
      USING ERRCODE = 'dependent_objects_still_exist', HINT = format(
        'if that role is trusted, name it in mvc.yml: trusted_roles: [%I]; else drop the view, and let its owner create it again afterwards', found.owner);
  END IF;
END $$;
CREATE FUNCTION mvc.expect_kept_names(named text, called text[], path name[], types oid[], roles name[], allowed text[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
DECLARE
  found record;
BEGIN
  SELECT format_type(t.oid, NULL) AS type, pg_get_userbyid(t.typowner) AS owner INTO found FROM pg_type AS t
  WHERE t.oid = ANY (types) AND t.oid >= 16384 AND NOT mvc.is_trusted(t.typowner, roles) AND mvc.is_named('pg_type'::regclass, t.oid, allowed) IS NOT TRUE LIMIT 1;
  IF found.type IS NOT NULL THEN
    RAISE EXCEPTION '% would have constants become values of the type % of the role %, who can give its name to another type', named, found.type, quote_ident(found.owner)
      USING ERRCODE = 'wrong_object_type', HINT = format(
        'if that role is trusted, name it in mvc.yml: trusted_roles: [%s]; else write an array as ARRAY[…], and a row as ROW(…)', array_to_string(roles || found.owner, ', '));
  END IF;
  SELECT n.nspname AS home, a.role = 0 AS is_anybody, pg_get_userbyid(a.role) AS role INTO found FROM pg_namespace AS n CROSS JOIN LATERAL (
    SELECT n.nspowner UNION ALL SELECT e.grantee FROM aclexplode(n.nspacl) AS e WHERE e.privilege_type = 'CREATE') AS may (create_there)
  CROSS JOIN LATERAL (SELECT CASE WHEN may.create_there <> 'pg_database_owner'::regrole THEN may.create_there
    ELSE (SELECT d.datdba FROM pg_database AS d WHERE d.datname = current_database()) END) AS a (role)
  WHERE (n.nspname = ANY (path) OR n.nspname = ANY (called)) AND n.nspname <> 'pg_catalog' AND (a.role = 0 OR NOT mvc.is_trusted(a.role, roles))
  ORDER BY a.role <> 0, n.nspname, 3 LIMIT 1;
  IF found.home IS NOT NULL THEN
    RAISE EXCEPTION '% has constants that are read as what a function or operator takes, and % may create one in the schema %', named,
      CASE WHEN found.is_anybody THEN 'anybody' ELSE 'the role ' || quote_ident(found.role) END, quote_ident(found.home)
      USING ERRCODE = 'wrong_object_type', HINT = format('say what such constants are: ''{a,b}''::text[], or ARRAY[''a'', ''b'']; or REVOKE CREATE ON SCHEMA %I FROM %s', found.home,
        CASE WHEN found.is_anybody THEN 'PUBLIC' ELSE format('%I; or, if that role is trusted, name it in mvc.yml: trusted_roles: [%s]', found.role,
          array_to_string(roles || found.role, ', ')) END);
  END IF;
END $$;
CREATE FUNCTION mvc.expect_name(kind text, name_schema name, named name, arguments text, project text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  mark text := format('made by mvc for the project %s (mvc ', project);
  home oid := to_regnamespace(quote_ident(name_schema));
BEGIN
  IF EXISTS (SELECT FROM pg_class AS c WHERE kind = 'view' AND c.relnamespace = home AND c.relname = named
               AND (c.relkind <> 'v' OR strpos(coalesce(obj_description(c.oid, 'pg_class'), ''), mark) = 0)
             UNION ALL
             SELECT FROM pg_proc AS p WHERE kind = 'function' AND p.pronamespace = home AND p.proname = named
               AND oidvectortypes(p.proargtypes) = arguments AND strpos(coalesce(obj_description(p.oid, 'pg_proc'), ''), mark) = 0) THEN
    RAISE EXCEPTION 'not ours, and in the way: the % %.%', kind, quote_ident(name_schema), quote_ident(named)
      USING HINT = 'rename or drop it, or give another name in mvc.yml: names';
  END IF;
END $$;
CREATE FUNCTION mvc.expect_ours_alone(relations oid[]) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  found record;
BEGIN
  FOR found IN
    SELECT c.oid::regclass AS relation, pg_get_userbyid(c.relowner) AS owner FROM pg_class AS c
    WHERE c.oid = ANY (relations) AND NOT mvc.is_trusted(c.relowner, mvc.roles_of_projects())
  LOOP
    RAISE EXCEPTION '% belongs to the role %', found.relation, quote_ident(found.owner) USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'mvc apply takes it back';
  END LOOP;
  FOR found IN
    SELECT 'rule' AS kind, r.rulename AS name, r.ev_class::regclass AS relation FROM pg_rewrite AS r JOIN pg_class AS c ON c.oid = r.ev_class AND c.relkind = 'r'
    WHERE r.ev_class = ANY (relations)
    UNION ALL SELECT 'trigger', t.tgname, t.tgrelid FROM pg_trigger AS t WHERE t.tgrelid = ANY (relations) AND t.tgtype & 3 = 3  -- BEFORE, FOR EACH ROW
  LOOP
    RAISE EXCEPTION 'the % % is on %, and may do something else with what a refresh writes', found.kind, quote_ident(found.name), found.relation
      USING ERRCODE = 'object_not_in_prerequisite_state', HINT = format('DROP %s %I ON %s', upper(found.kind), found.name, found.relation);
  END LOOP;
END $$;
CREATE FUNCTION mvc.expect_same_roles(roles name[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  another name := (SELECT min(r.rolname::text) FROM pg_roles AS r WHERE r.rolname = ANY (roles) AND mvc.is_another_role(r.oid));
BEGIN
  IF another IS NOT NULL THEN
    RAISE EXCEPTION 'the role %, which mvc.yml trusts, is another one than was trusted here before by that name', quote_ident(another)
      USING ERRCODE = 'wrong_object_type', HINT = format('take it out of trusted_roles; or, if it is meant: SELECT %I.trust_anew(%L)', 'mvc', another);
  END IF;
  PERFORM mvc.remember_roles(roles);
END $$;
CREATE FUNCTION mvc.expect_schedule(view_schema name, view_name name, schedule text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  deployed mvc.deployed_view;
BEGIN
  SELECT d.* INTO deployed FROM mvc.deployed_view AS d
  WHERE d.view_schema = expect_schedule.view_schema AND d.view_name = expect_schedule.view_name;
  IF schedule IS NOT NULL AND NOT mvc.can_act_as(quote_ident(session_user)::regrole, quote_ident(current_user)::regrole) AND NOT EXISTS (
    SELECT FROM mvc.schedules AS s WHERE s.project = deployed.project AND s.schedule = expect_schedule.schedule
      AND mvc.called(deployed.view_schema, deployed.view_name, deployed.recorded) = ANY (s.views)
    UNION ALL SELECT FROM mvc.partitionings(deployed.project) WHERE expect_schedule.schedule = 'partitions'
  ) THEN
    RAISE EXCEPTION 'no schedule % refreshes %.%', quote_literal(schedule), quote_ident(view_schema), quote_ident(view_name)
      USING ERRCODE = 'undefined_object', HINT = 'leave it out: the log then says that somebody asked by hand';
  END IF;
END $$;
CREATE FUNCTION mvc.expect_settings(target jsonb) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  deployed jsonb := (SELECT d.target FROM mvc.deployment AS d WHERE d.project = expect_settings.target ->> 'project' ORDER BY d.id DESC LIMIT 1);
BEGIN
  IF '{"trusted_roles": []}'::jsonb || deployed - 'compiler' IS DISTINCT FROM expect_settings.target - 'compiler' THEN  -- older ones lack it
    RAISE EXCEPTION 'the settings or schedules of the project % are deployed otherwise', expect_settings.target ->> 'project'
      USING HINT = 'this was made for another state of the database: compare again with mvc diff --database';
  END IF;
END $$;
CREATE FUNCTION mvc.expect_sources(stored mvc.stored_relation) RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
DECLARE
  known constant jsonb := CASE WHEN stored.proven ->> 'place' = mvc.this_database() THEN stored.proven END;
  roles constant name[] := ARRAY(SELECT jsonb_array_elements_text(known -> 'roles'))::name[];
  owners text[];
  renamed record;
BEGIN
  IF current_setting('server_version_num')::int < 160000 THEN
    PERFORM mvc.keep_table(t) FROM unnest(CASE WHEN known IS NULL THEN mvc.tables_of(stored) ELSE mvc.oids(known -> 'tables') END) AS t;
  END IF;
  owners := CASE WHEN known IS NOT NULL THEN mvc.owners_now(mvc.oids(known -> 'read'), mvc.oids(known -> 'code')) END;
  IF to_jsonb(owners) <> known -> 'owners' THEN
    RAISE EXCEPTION '%.% reads or calls what has another kind or owner since it was deployed: %', quote_ident(stored.view_schema), quote_ident(stored.view_name), (
      SELECT string_agg(DISTINCT coalesce((pg_identify_object(part[1]::regclass, part[2]::oid, 0)).identity, part[1] || ' ' || part[2]), ', ')
      FROM jsonb_array_elements_text(known -> 'owners') AS was (line) CROSS JOIN string_to_array(was.line, ' ') AS part WHERE was.line <> ALL (owners))
      USING ERRCODE = 'wrong_object_type', HINT = 'if that is meant, mvc apply proves it anew';
  END IF;
  IF known ? 'accepted' AND mvc.may_be_strange(mvc.oids(known -> 'read'), roles) THEN
    PERFORM mvc.expect_trusted_owners(format('%I.%I', stored.view_schema, stored.view_name), mvc.oids(known -> 'read'), roles, '{}',
      mvc.oids(known -> 'accepted'));
  END IF;
  IF known -> 'strange' <> '[]' THEN
    PERFORM mvc.expect_trusted(mvc.oids(known -> 'strange')::regclass[], format('%I.%I', stored.view_schema, stored.view_name), roles,
      ARRAY(SELECT jsonb_array_elements_text(known -> 'allowed')));
  END IF;
  SELECT * INTO renamed FROM mvc.renamed_sources(stored) LIMIT 1;
  IF renamed.replaced THEN
    RAISE EXCEPTION '%.% was built from what is called % now, and % is another one: mvc apply builds it from that one',
      quote_ident(stored.view_schema), quote_ident(stored.view_name), renamed.now, renamed.named
      USING ERRCODE = 'wrong_object_type', HINT = 'or give back the names';
  END IF;
  RETURN CASE WHEN renamed.named IS NOT NULL THEN format('%s is called %s now', renamed.named, renamed.now) END;
END $$;
CREATE FUNCTION mvc.expect_trusted(relations regclass[], named text, roles name[], allowed text[]) RETURNS oid[]
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
DECLARE
  found record;
  code oid[];
  queries oid[] := ARRAY(SELECT c.oid FROM pg_class AS c WHERE c.oid = ANY (ARRAY(SELECT unnest(mvc.read_by(relations)))) AND c.relkind = 'v') || relations::oid[];
BEGIN
  PERFORM mvc.expect_trusted_owners(named, mvc.read_at_once(relations), roles, allowed);
  WITH used AS MATERIALIZED (
    SELECT c.class, c.object, c.owner FROM mvc.code_of(relations) AS c
    WHERE c.owner IS NOT NULL AND (c.class <> 'pg_class'::regclass OR c.kind = 'v') AND (c.class <> 'pg_type'::regclass OR c.kind = 'd')
  ), strange AS MATERIALIZED (
    SELECT d.owner FROM (SELECT DISTINCT u.owner FROM used AS u) AS d WHERE NOT mvc.is_trusted(d.owner, roles)
  ), refused AS (
    SELECT o.type, o.identity, o.schema, pg_get_userbyid(u.owner) AS owner
    FROM strange AS s JOIN used AS u ON u.owner = s.owner CROSS JOIN pg_identify_object(u.class, u.object, 0) AS o
    WHERE mvc.is_named(u.class, u.object, allowed) IS NOT TRUE ORDER BY u.class = 'pg_operator'::regclass DESC, o.identity LIMIT 1
  )
  SELECT r.*, ARRAY(SELECT u.object FROM used AS u WHERE u.class IN ('pg_proc'::regclass, 'pg_operator'::regclass, 'pg_type'::regclass)) AS code
  INTO found FROM (SELECT) AS once LEFT JOIN refused AS r ON true;
  code := found.code;
  IF found.identity IS NOT NULL THEN
    RAISE EXCEPTION '% would run the % % of the role %', named, found.type, found.identity, quote_ident(found.owner)
      USING ERRCODE = 'wrong_object_type', HINT = format(
        'if it is not meant: REVOKE CREATE ON SCHEMA %I FROM PUBLIC; DROP %s %s. If it is, name its owner in mvc.yml: trusted_roles: [%I]; or describe it in the'
        ' catalog and mvc apply --allow foreign-code', found.schema, upper(found.type), found.identity, found.owner);
  END IF;
  SELECT late.called, format_type(late.type, NULL) AS type, pg_get_userbyid(t.typowner) AS owner INTO found
  FROM pg_rewrite AS r CROSS JOIN mvc.late_lookups(r.ev_action::text, roles) AS late JOIN pg_type AS t ON t.oid = late.type
  WHERE r.ev_class = ANY (queries) AND r.rulename = '_RETURN' LIMIT 1;
  IF found.type IS NOT NULL THEN
    RAISE EXCEPTION '% looks for a cast of the type % each time that it runs %, and the role % can make one', named, found.type, found.called,
      quote_ident(found.owner) USING ERRCODE = 'wrong_object_type', HINT = format(
        'cast the value itself: (…)::text, and put a row together of its columns: json_build_object(…); or name the owner of the type in mvc.yml: trusted_roles: [%I]', found.owner);
  END IF;
  RETURN code;
END $$;
CREATE FUNCTION mvc.expect_trusted_calls(named text, called text[], path name[], roles name[], allowed text[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET work_mem TO '64kB'
    AS $$
DECLARE
  found record;
BEGIN
  WITH RECURSIVE place AS (
    SELECT n.oid FROM pg_namespace AS n WHERE (n.nspname = ANY (path) OR n.nspname = ANY (called)) AND n.nspname <> 'pg_catalog'
  ), part (class, object, type) AS (
    SELECT 'pg_proc'::regclass::oid, p.oid, t.type FROM pg_proc AS p CROSS JOIN unnest(p.proargtypes::oid[] || p.prorettype || p.proallargtypes) AS t (type)
    WHERE p.proname = ANY (called) AND p.pronamespace IN (SELECT l.oid FROM place AS l) AND t.type >= 16384
      AND mvc.is_named('pg_proc'::regclass, p.oid, allowed) IS NOT TRUE
    UNION SELECT 'pg_operator'::regclass, o.oid, t.type FROM pg_operator AS o CROSS JOIN unnest(ARRAY[o.oprleft, o.oprright, o.oprresult]) AS t (type)
    WHERE o.oprnamespace IN (SELECT l.oid FROM place AS l) AND t.type >= 16384
    UNION SELECT p.class, p.object, next.type FROM part AS p CROSS JOIN LATERAL mvc.parts_of_type(p.type) AS next (type)
  )
  SELECT o.type, o.identity, o.schema, format_type(t.oid, NULL) AS takes, pg_get_userbyid(t.typowner) AS owner INTO found
  FROM part AS p CROSS JOIN LATERAL (SELECT t.* FROM pg_type AS t WHERE t.oid = p.type AND t.typtype IN ('d', 'c', 'r', 'm') OFFSET 0) AS t
  CROSS JOIN pg_identify_object(p.class, p.object, 0) AS o
  WHERE NOT mvc.is_trusted(t.typowner, roles) AND mvc.is_named('pg_type'::regclass, t.oid, allowed) IS NOT TRUE ORDER BY o.identity LIMIT 1;
  IF found.identity IS NOT NULL THEN
    RAISE EXCEPTION '% would perhaps have constants become values of the type % of the role %, by code of that role: the % % is called as it says',
      named, found.takes, quote_ident(found.owner), found.type, found.identity USING ERRCODE = 'wrong_object_type', HINT = format(
        'if it is not meant: REVOKE CREATE ON SCHEMA %I FROM PUBLIC; DROP %s %s. If that role is trusted, name it in mvc.yml: trusted_roles: [%s]',
        found.schema, upper(found.type), found.identity, array_to_string(roles || found.owner, ', '));
  END IF;
END $$;
CREATE FUNCTION mvc.expect_trusted_index(stored_name name, roles name[], allowed text[]) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT mvc.expect_trusted(ARRAY[format('%I.%I', 'mvc', stored_name)::regclass], format('an index of %I', stored_name), roles, allowed)
$$;
CREATE FUNCTION mvc.expect_trusted_owners(named text, relations oid[], roles name[], allowed text[] DEFAULT '{}'::text[], accepted oid[] DEFAULT '{}'::oid[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
DECLARE
  found record;
BEGIN
  WITH strange AS MATERIALIZED (
    SELECT s.* FROM mvc.strange_owners(relations, roles) AS s
    WHERE s.owner <> ALL (accepted) AND mvc.is_named('pg_class'::regclass, s.named, allowed) IS NOT TRUE
      AND mvc.is_named('pg_class'::regclass, s.relation, allowed) IS NOT TRUE
  )
  SELECT o.type, o.identity, pg_get_userbyid(s.owner) AS owner, s.owner <> c.relowner AS through_server, (
    SELECT string_agg(quote_ident(r.role), ', ' ORDER BY r.place, r.role)
    FROM (SELECT 0, t FROM unnest(roles) AS t UNION SELECT 1, pg_get_userbyid(a.owner) FROM strange AS a) AS r (place, role)) AS owners
  INTO found FROM strange AS s JOIN pg_class AS c ON c.oid = s.relation CROSS JOIN pg_identify_object('pg_class'::regclass, s.relation, 0) AS o
  ORDER BY o.identity, s.owner <> c.relowner LIMIT 1;
  IF found.identity IS NOT NULL THEN
    RAISE EXCEPTION '% reads the % %, and the role %, who owns %, can have code run as whoever reads it', named, found.type, found.identity,
      quote_ident(found.owner), CASE WHEN found.through_server THEN 'the server that it comes from' ELSE 'it' END
      USING ERRCODE = 'wrong_object_type', HINT = format(
        'if that role is trusted, name it in mvc.yml: trusted_roles: [%s]; else let one that is trusted own it, or agree to it: mvc apply --allow foreign-code', found.owners);
  END IF;
END $$;
CREATE FUNCTION mvc.expect_trusted_sources(named text, relations oid[], types oid[], roles name[], allowed text[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET work_mem TO '64kB'
    AS $$
DECLARE
  found record;
BEGIN
  PERFORM mvc.expect_trusted_owners(named, relations, roles, allowed);
  WITH RECURSIVE part (type) AS (
    SELECT t.type FROM unnest(types) AS t (type) WHERE t.type >= 16384
    UNION SELECT a.atttypid FROM pg_attribute AS a WHERE a.attrelid = ANY (relations) AND a.attnum > 0 AND NOT a.attisdropped AND a.atttypid >= 16384
    UNION SELECT next.type FROM part AS p CROSS JOIN LATERAL mvc.parts_of_type(p.type) AS next (type)
  )
  SELECT o.identity, o.schema, pg_get_userbyid(t.typowner) AS owner INTO found
  FROM part AS p CROSS JOIN LATERAL (SELECT t.* FROM pg_type AS t WHERE t.oid = p.type AND t.typtype IN ('d', 'c', 'r', 'm') OFFSET 0) AS t  -- not all that there are
  CROSS JOIN pg_identify_object('pg_type'::regclass, t.oid, 0) AS o
  WHERE NOT mvc.is_trusted(t.typowner, roles) AND mvc.is_named('pg_type'::regclass, t.oid, allowed) IS NOT TRUE
    AND t.typrelid <> ALL (relations) ORDER BY o.identity LIMIT 1;
  IF found.identity IS NOT NULL THEN
    RAISE EXCEPTION '% would have constants become values of the type % of the role %, by code of that role', named, found.identity, quote_ident(found.owner)
      USING ERRCODE = 'wrong_object_type', HINT = format(
        'if that role is trusted, name it in mvc.yml: trusted_roles: [%s]; else have the columns of a type that nobody else owns', array_to_string(roles || found.owner, ', '));
  END IF;
END $$;
CREATE FUNCTION mvc.expect_trusted_table(project text, relation regclass) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  roles name[] := ARRAY(SELECT jsonb_array_elements_text(t.target -> 'trusted_roles') FROM mvc.current_target AS t WHERE t.project = expect_trusted_table.project);
  allowed text[] := ARRAY(SELECT DISTINCT jsonb_array_elements_text(s.proven -> 'allowed') FROM mvc.stored_relation AS s
                          WHERE s.project = expect_trusted_table.project);
  found record;
BEGIN
  IF EXISTS (SELECT FROM mvc.with_descendants(relation) AS d JOIN pg_class AS c ON c.oid = d WHERE NOT mvc.is_trusted(c.relowner, roles)) THEN
    EXECUTE format('LOCK TABLE %s IN SHARE UPDATE EXCLUSIVE MODE', relation);
  END IF;
  PERFORM mvc.expect_trusted(ARRAY[relation], relation::text, roles, allowed), mvc.expect_inert(relation);
  SELECT c.oid::regclass AS named, pg_get_userbyid(o.owner) AS owner INTO found FROM pg_partitioned_table AS p JOIN pg_class AS c ON c.oid = p.partdefid
  CROSS JOIN LATERAL mvc.strange_owners(ARRAY[c.oid], roles) AS o
  WHERE p.partrelid = expect_trusted_table.relation AND c.relkind = 'f' AND o.relation = c.oid LIMIT 1;
  IF found.named IS NOT NULL THEN
    RAISE EXCEPTION 'the DEFAULT partition % is a foreign table, and the role %, who owns it or its server, can have code run as whoever reads it', found.named,
      quote_ident(found.owner) USING ERRCODE = 'wrong_object_type', HINT = 'if that role is trusted, name it in mvc.yml: trusted_roles';
  END IF;
END $$;
CREATE FUNCTION mvc.expect_whole_path(named text, path text, roles name[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $_$
DECLARE
  found record;
BEGIN
  SELECT l.lacking, a.role = 0 AS is_anybody, pg_get_userbyid(a.role) AS role INTO found FROM (
    SELECT coalesce(replace(p.part[1], '""', '"'), p.part[2]) FROM regexp_matches(path, '"((?:[^"]|"")*)"|([^",\s]+)', 'g') AS p (part)) AS l (lacking)
  JOIN pg_database AS d ON d.datname = current_database()
  CROSS JOIN LATERAL (SELECT d.datdba UNION SELECT e.grantee FROM aclexplode(d.datacl) AS e WHERE e.privilege_type = 'CREATE') AS a (role)
  WHERE l.lacking NOT IN ('', '$user', 'pg_temp') AND to_regnamespace(quote_ident(l.lacking)) IS NULL AND (a.role = 0 OR NOT mvc.is_trusted(a.role, roles))
  ORDER BY a.role <> 0, 1, 3 LIMIT 1;
  IF found.lacking IS NOT NULL THEN
    RAISE EXCEPTION '% has constants that are read as what a function or operator takes, and % may create the schema % of the search path, which is not there', named,
      CASE WHEN found.is_anybody THEN 'anybody' ELSE 'the role ' || quote_ident(found.role) END, quote_ident(found.lacking)
      USING ERRCODE = 'wrong_object_type', HINT = format('CREATE SCHEMA %I, or take it out of search_path in mvc.yml', found.lacking);
  END IF;
END $_$;
CREATE FUNCTION mvc.expose(view_schema name, view_name name, columns name[], barrier boolean, query text, renamed name[] DEFAULT '{}'::name[], anew boolean DEFAULT false) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  exposed text := format('%I.%I', view_schema, view_name);
  target oid := to_regclass(exposed);
  options text := 'security_barrier = ' || CASE WHEN barrier THEN 'true' ELSE 'false' END;
BEGIN
  IF target IS NULL THEN
    PERFORM mvc.run_as_project(format('CREATE VIEW %s WITH (%s) AS %s', exposed, options, query));
    PERFORM mvc.revoke_all('TABLE', exposed, c.relowner, c.relacl) FROM pg_class AS c WHERE c.oid = exposed::regclass;
    PERFORM mvc.refuse_writes(exposed::regclass);
    RETURN;
  END IF;
  FOR pair IN 1 .. coalesce(array_length(renamed, 1), 0) BY 2 LOOP
    IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = target AND attname = renamed[pair])
       AND NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = target AND attname = renamed[pair + 1]) THEN
      EXECUTE format('ALTER VIEW %s RENAME COLUMN %I TO %I', exposed, renamed[pair], renamed[pair + 1]);
    END IF;
  END LOOP;
  IF anew OR EXISTS (SELECT FROM pg_attribute WHERE attrelid = target AND attnum > 0 AND attname <> ALL (columns)) THEN
    PERFORM mvc.recreate(target, columns, options, query), mvc.refuse_writes(exposed::regclass);
    RETURN;
  END IF;
  BEGIN
    PERFORM mvc.run_as_project(
      format('CREATE OR REPLACE VIEW %s WITH (%s) AS %s', exposed, options, mvc.in_order(target, columns, query)));
  EXCEPTION WHEN invalid_table_definition THEN  -- a column of another type
    PERFORM mvc.recreate(target, columns, options, query);
  END;
  PERFORM mvc.refuse_writes(exposed::regclass);
END $$;
CREATE FUNCTION mvc.failing_row(relation regclass, probe jsonb, page bigint, message text) RETURNS text
    LANGUAGE plpgsql
    AS $$
DECLARE
  place tid;
  named text := coalesce((SELECT string_agg(format('%L || %I', k || ' = ', k), ' || '', '' || ') FROM jsonb_array_elements_text(probe -> 'key') AS k),
                         '''ctid = '' || ctid');
  said text;
BEGIN
  FOR place IN EXECUTE format('SELECT ctid FROM ONLY %s WHERE ctid >= ''(%s,0)'' AND ctid < ''(%s,0)''', relation, page, page + 1) LOOP
    BEGIN
      EXECUTE mvc.probing(relation, probe, format('%I.ctid = %L', probe ->> 'alias', place));
    EXCEPTION WHEN OTHERS THEN
      IF SQLERRM = message THEN
        EXECUTE format('SELECT %s FROM ONLY %s WHERE ctid = %L', named, relation, place) INTO said;
        RETURN format('%s with %s: %s', relation, said, probe ->> 'expression');
      END IF;
    END;
  END LOOP;
  RETURN NULL;
END $$;
CREATE FUNCTION mvc.fails(relation regclass, probe jsonb, first bigint, after bigint, message text) RETURNS boolean
    LANGUAGE plpgsql
    AS $_$
BEGIN
  EXECUTE mvc.probing(relation, probe, format('%1$I.ctid >= ''(%2$s,0)'' AND %1$I.ctid < ''(%3$s,0)''', probe ->> 'alias', first, after));
  RETURN false;
EXCEPTION WHEN OTHERS THEN
  RETURN SQLERRM = message;
END $_$;
CREATE FUNCTION mvc.feeding(project text, called name) RETURNS SETOF name
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  WITH RECURSIVE upstream (name) AS (
    SELECT u::name FROM mvc.deployed_view AS d, jsonb_array_elements_text(d.definition -> 'upstream') AS u
    WHERE d.project = feeding.project AND mvc.called(d.view_schema, d.view_name, d.recorded) = feeding.called
    UNION
    SELECT u::name FROM upstream JOIN mvc.deployed_view AS d ON d.project = feeding.project AND mvc.called(d.view_schema, d.view_name, d.recorded) = upstream.name,
      jsonb_array_elements_text(d.definition -> 'upstream') AS u
  )
  SELECT name FROM upstream
$$;
CREATE FUNCTION mvc.fill(stored_name name, timezone text, mode text DEFAULT 'first'::text, since timestamp with time zone DEFAULT NULL::timestamp with time zone, until timestamp with time zone DEFAULT NULL::timestamp with time zone, unheard text DEFAULT NULL::text, OUT taken text, OUT changed bigint, OUT groups bigint, OUT detail text) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "DateStyle" TO 'ISO, MDY'
    SET "IntervalStyle" TO 'postgres'
    SET extra_float_digits TO '1'
    SET bytea_output TO 'hex'
    SET standard_conforming_strings TO 'on'
    AS $_$
DECLARE
  began timestamptz := CASE current_setting('transaction_isolation') WHEN 'read committed' THEN clock_timestamp() ELSE now() END;
  seen pg_snapshot := pg_current_snapshot();
  stored mvc.stored_relation;
  code jsonb;
  other_code text;
  emptied text;
  known boolean;
  counted bigint;
  renamed text;
BEGIN
  PERFORM set_config('TimeZone', timezone, true), set_config('row_security', 'off', true);
  SELECT * INTO STRICT stored FROM mvc.stored_relation AS s WHERE s.stored_name = fill.stored_name FOR UPDATE;
  renamed := mvc.expect_sources(stored);
  IF mode = 'first' OR unheard = '' THEN
    unheard := mvc.unwatched(stored.watches);
  END IF;
  IF mode <> 'first' AND unheard IS NOT NULL THEN
    stored.cursor := NULL;
    stored.missed := unheard;
  END IF;
  code := mvc.code_seen(stored);
  other_code := CASE WHEN mode <> 'first' AND stored.filled_at IS NOT NULL THEN mvc.code_changed(stored.made_with, code) END;
  known := stored.made_with IS NOT NULL;
  stored.made_with := coalesce(code, stored.made_with);
  IF stored.companions = '{}' THEN
    taken := mvc.fill_materialized(stored.stored_name, mode);
    detail := other_code;
  ELSIF mode = 'first' THEN
    taken := mode;
    EXECUTE format('TRUNCATE %I.%I', 'mvc', stored.stored_name);
    EXECUTE format('INSERT INTO %1$I.%2$I TABLE %1$I.%3$I', 'mvc', stored.stored_name, stored.query_name);
    GET DIAGNOSTICS changed = ROW_COUNT;
    counted := changed;
  ELSE
    IF stored.rows > 0 AND pg_relation_size(format('%I.%I', 'mvc', stored.stored_name)::regclass) = 0 THEN  -- who owns it can do that
      emptied := 'its rows were gone, as after a TRUNCATE, or a crash while it was unlogged';
    END IF;
    SELECT f.taken, f.changed, f.growth + CASE WHEN emptied IS NULL THEN stored.rows ELSE 0 END, f.groups, f.detail INTO taken, changed, counted, groups, detail
    FROM mvc.bring(stored, mode, since, until, coalesce(emptied, other_code)) AS f;
  END IF;
  IF mode <> 'first' AND mvc.changed_behind(stored) THEN
    RAISE EXCEPTION 'a table was emptied or rewritten, or its partitions changed, behind the snapshot' USING ERRCODE = 'serialization_failure';
  END IF;
  IF other_code IS NOT NULL AND known THEN
    PERFORM mvc.renew_expressions(stored.stored_name);
  END IF;
  IF counted IS NULL THEN
    EXECUTE format('SELECT count(*) FROM %I.%I', 'mvc', stored.stored_name) INTO counted;
  END IF;
  UPDATE mvc.stored_relation AS s
  SET rows = counted, filled_at = CASE WHEN taken IN ('window', 'verify') THEN s.filled_at ELSE began END,
      windowed_at = CASE WHEN taken = 'window' AND mvc.is_whole_window(s.stored_name, since, until) THEN began ELSE s.windowed_at END,
      fill_seconds = CASE WHEN taken IN ('first', 'full') THEN extract(epoch FROM clock_timestamp() - began) ELSE s.fill_seconds END,
      made_with = stored.made_with,
      filled_by = CASE WHEN mode = 'first' OR s.filled_by IS NULL THEN pg_current_xact_id() ELSE s.filled_by END
  WHERE s.stored_name = stored.stored_name;
  IF taken <> 'window' AND stored.watches <> '{}' THEN
    PERFORM mvc.follow(stored, seen, taken, unheard);
  END IF;
  detail := nullif(concat_ws('; ', detail, renamed), '');
  IF taken = 'first' OR changed IS NULL OR changed > 0.1 * counted THEN
    EXECUTE format('ANALYZE %I.%I', 'mvc', stored.stored_name);
  END IF;
END $_$;
CREATE FUNCTION mvc.fill_materialized(stored_name name, mode text) RETURNS text
    LANGUAGE plpgsql
    AS $$
DECLARE
  populated boolean;
BEGIN
  SELECT c.relispopulated INTO STRICT populated FROM pg_class AS c WHERE c.oid = format('%I.%I', 'mvc', stored_name)::regclass;
  EXECUTE format('REFRESH MATERIALIZED VIEW %s %I.%I', CASE WHEN mode <> 'first' AND populated THEN 'CONCURRENTLY' ELSE '' END,
                 'mvc', stored_name);
  RETURN CASE mode WHEN 'first' THEN mode ELSE 'full' END;
END $$;
CREATE FUNCTION mvc.fit_log(base regclass, log name, columns name[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
DECLARE
  place constant regclass := format('%I.%I', 'mvc', log);
  ruled constant boolean := mvc.is_ruled(log) OR mvc.is_ruled(mvc.kept_of(log));
  changes text[] := ARRAY(SELECT f.change FROM mvc.fitting_of(base, log, columns) AS f);
  views regclass[] := ARRAY[]::regclass[];
  names name[];
  texts text[];
BEGIN
  IF changes = '{}' AND NOT ruled THEN
    RETURN;
  END IF;
  IF EXISTS (SELECT FROM mvc.fitting_of(base, log, columns) AS f WHERE f.anew) THEN
    UPDATE mvc.stored_relation AS s SET cursor = NULL, missed = 'the log of changes was begun anew' WHERE fit_log.log = ANY (s.watches);
    EXECUTE format('TRUNCATE %s', place);
  END IF;
  IF ruled OR EXISTS (SELECT FROM mvc.fitting_of(base, log, columns) AS f CROSS JOIN mvc.readers_of(place, f.attribute) WHERE f.attribute IS NOT NULL) THEN
    views := ARRAY(SELECT d.view::regclass FROM mvc.dependents(place) AS d ORDER BY d.level, d.view);
  END IF;
  names := ARRAY(SELECT c.relname FROM unnest(views) WITH ORDINALITY AS v (oid, number) JOIN pg_class AS c ON c.oid = v.oid ORDER BY v.number);
  texts := mvc.replacements_of(views::oid[]);
  FOR number IN REVERSE cardinality(texts) .. 1 LOOP
    EXECUTE format('DROP VIEW %s', views[number]);
  END LOOP;
  IF ruled THEN
    EXECUTE format('DROP TABLE IF EXISTS %1$I.%2$I, %1$I.%3$I', 'mvc', mvc.kept_of(log), log);
    EXECUTE format('CREATE TABLE %I.%I (mvc_at xid8 NOT NULL DEFAULT pg_current_xact_id())', 'mvc', log);
    PERFORM mvc.renumber_proofs(log, place, format('%I.%I', 'mvc', log)::regclass);
    changes := ARRAY(SELECT f.change FROM mvc.fitting_of(base, log, columns) AS f);
  END IF;
  IF changes <> '{}' THEN
    EXECUTE format('ALTER TABLE %I.%I %s', 'mvc', log, array_to_string(changes, ', '));
  END IF;
  FOR number IN 1 .. cardinality(texts) LOOP
    EXECUTE texts[number];
    PERFORM mvc.seal(names[number]);
  END LOOP;
END $_$;
CREATE FUNCTION mvc.fitting_of(base regclass, log name, columns name[]) RETURNS TABLE(attribute smallint, anew boolean, change text)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  RETURN QUERY
  SELECT l.attnum, CASE WHEN l.attnum IS NULL THEN t.typtype = 'd' ELSE (a.atttypid, a.atttypmod) IS DISTINCT FROM (l.atttypid, l.atttypmod) END,
    format(CASE WHEN l.attnum IS NULL THEN 'ADD COLUMN %I %s%s' ELSE 'ALTER COLUMN %I TYPE %s%s' END, a.attname, format_type(a.atttypid, a.atttypmod), mvc.collation_of(a))
  FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid
  LEFT JOIN pg_attribute AS l ON l.attrelid = to_regclass(format('%I.%I', 'mvc', log)) AND l.attname = a.attname AND l.attnum > 0
  WHERE a.attrelid = base AND a.attname = ANY (columns) AND a.attnum > 0
    AND (l.attnum IS NULL OR (a.atttypid, a.atttypmod, a.attcollation) IS DISTINCT FROM (l.atttypid, l.atttypmod, l.attcollation));
END $$;
CREATE FUNCTION mvc.follow(stored mvc.stored_relation, seen pg_snapshot, taken text, unheard text) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
  kept constant boolean := stored.cursor IS NOT NULL OR coalesce(stored.held_at > clock_timestamp() - interval '23 hours', false);
BEGIN
  UPDATE mvc.stored_relation AS s
  SET cursor = CASE WHEN kept AND (taken IN ('incremental', 'verify') OR unheard IS NULL) THEN seen END, as_of = now(),
      server = mvc.this_server(), hold = NULL, missed = CASE WHEN NOT kept THEN 'its changes were not kept for as long as it took to compute it, a day' END
  WHERE s.stored_name = stored.stored_name;
END $$;
CREATE FUNCTION mvc.follow_schedules(target jsonb) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  DELETE FROM mvc.schedule_run AS r WHERE r.project = target ->> 'project'
    AND NOT EXISTS (SELECT FROM jsonb_array_elements(target -> 'schedules') AS s WHERE s ->> 'name' = r.schedule);
  INSERT INTO mvc.schedule_run (project, schedule)
  SELECT target ->> 'project', s ->> 'name' FROM jsonb_array_elements(target -> 'schedules') AS s
  ON CONFLICT DO NOTHING
$$;
CREATE FUNCTION mvc.foreign_part(base regclass) RETURNS regclass
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET work_mem TO '64kB'
    AS $$
BEGIN
  RETURN (
    WITH RECURSIVE family (relation) AS (
      SELECT base::oid UNION SELECT i.inhrelid FROM family AS f JOIN pg_inherits AS i ON i.inhparent = f.relation
    )
    SELECT min(f.relation)::regclass FROM family AS f JOIN pg_class AS c ON c.oid = f.relation WHERE c.relkind = 'f');
END $$;
CREATE FUNCTION mvc.forget(view_schema name, view_name name) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  INSERT INTO mvc.replaced_view (deployment, view_schema, view_name, definition)
  SELECT (SELECT max(id) FROM mvc.deployment), d.view_schema, d.view_name, d.definition
  FROM mvc.deployed_view AS d WHERE d.view_schema = forget.view_schema AND d.view_name = forget.view_name
  ON CONFLICT DO NOTHING;
  DELETE FROM mvc.deployed_view AS d WHERE d.view_schema = forget.view_schema AND d.view_name = forget.view_name;
  DELETE FROM mvc.released_view AS r WHERE r.view_schema = forget.view_schema AND r.view_name = forget.view_name;
  SELECT mvc.stop_following(view_schema, view_name, NULL)
$$;
CREATE FUNCTION mvc."freeze"(stored_names name[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  relation regclass;
  index name;
BEGIN
  FOR relation, index IN
    SELECT i.indrelid::regclass, min(x.relname::text)::name FROM pg_index AS i JOIN pg_class AS x ON x.oid = i.indexrelid
    WHERE i.indrelid IN (SELECT format('%I.%I', 'mvc', n)::regclass FROM unnest(stored_names) AS n)
      AND i.indisvalid AND i.indisunique AND i.indexprs IS NULL AND i.indpred IS NULL GROUP BY i.indrelid
  LOOP
    EXECUTE format('CLUSTER %s USING %I', relation, index);
    EXECUTE format('ALTER TABLE %s SET WITHOUT CLUSTER', relation);
  END LOOP;
END $$;
CREATE FUNCTION mvc.generation() RETURNS integer
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  written integer;
BEGIN
  IF EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = to_regclass(format('%I.installation', 'mvc')) AND a.attname = 'generation') THEN
    EXECUTE format('SELECT max(i.generation) FROM %I.installation AS i', 'mvc') INTO written;
  END IF;
  RETURN coalesce(written, CASE
    WHEN to_regclass(format('%I.watched_table', 'mvc')) IS NOT NULL THEN 3
    WHEN to_regclass(format('%I.deployment', 'mvc')) IS NOT NULL THEN 2
    WHEN to_regclass(format('%I.deployed_view', 'mvc')) IS NOT NULL THEN 1 END);
END $$;
CREATE FUNCTION mvc.give_up_reader(log name) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
DECLARE
  full_log record;
  behind boolean;
BEGIN
  IF pg_relation_size(format('%I.%I', 'mvc', log)::regclass)
     + coalesce(pg_relation_size(to_regclass(format('%I.%I', 'mvc', mvc.kept_of(log)))), 0) < 100000 THEN  -- what costs less to ask than the view
    RETURN;
  END IF;
  SELECT l.* INTO full_log FROM mvc.change_logs AS l WHERE l.log = give_up_reader.log AND l.bytes > l.allowed_bytes AND l.stored_name IS NOT NULL;
  IF full_log.log IS NULL THEN
    RETURN;
  END IF;
  EXECUTE format('SELECT EXISTS (SELECT FROM %I.%I AS l WHERE l.mvc_at >= pg_snapshot_xmin(s.cursor) AND NOT pg_visible_in_snapshot(l.mvc_at, s.cursor))'
                 ' FROM %I.stored_relation AS s WHERE s.stored_name = $1', 'mvc', log, 'mvc') INTO behind USING full_log.stored_name;
  UPDATE mvc.stored_relation AS s SET cursor = NULL, hold = NULL, missed = format(
    'the log of changes of %I.%I had grown to %s, which is more than %s, before they were read', full_log.table_schema, full_log.table_name,
    pg_size_pretty(full_log.bytes), pg_size_pretty(full_log.allowed_bytes))
  FROM (SELECT c.stored_name FROM mvc.stored_relation AS c WHERE c.stored_name = full_log.stored_name AND behind FOR UPDATE SKIP LOCKED) AS idle
  WHERE s.stored_name = idle.stored_name;
END $_$;
CREATE FUNCTION mvc.grants_of(parent oid, made regclass) RETURNS TABLE(statement text)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT format('GRANT %s%s ON TABLE %s TO %s%s', e.privilege_type, held.columns, made,
                CASE e.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(e.grantee)) END,
                CASE WHEN e.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
  FROM pg_class AS c, LATERAL (
    SELECT '' AS columns, c.relacl AS acl
    UNION ALL
    SELECT format(' (%I)', a.attname), a.attacl FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attacl IS NOT NULL AND NOT a.attisdropped
  ) AS held, aclexplode(held.acl) AS e
  WHERE c.oid = parent AND e.grantee <> c.relowner
$$;
CREATE FUNCTION mvc.guard_default(table_schema name, table_name name, lower text, upper text) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
DECLARE
  fallback record;
  guard name := 'mvc_guard_' || left(md5(lower || upper), 12);
  valid boolean;
  found boolean;
BEGIN
  SELECT c.oid::regclass AS named, c.oid AS number, a.attname AS key, pg_relation_size(c.oid) > 8388608 AS large INTO fallback
  FROM pg_partitioned_table AS p JOIN pg_class AS c ON c.oid = p.partdefid
  JOIN pg_attribute AS a ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[0]
  WHERE p.partrelid = format('%I.%I', table_schema, table_name)::regclass;
  IF fallback.number IS NULL THEN
    RETURN false;
  END IF;
  SELECT k.convalidated INTO valid FROM pg_constraint AS k WHERE k.conrelid = fallback.number AND k.conname = guard;
  IF valid THEN
    RETURN false;
  ELSIF NOT valid THEN
    EXECUTE format('ALTER TABLE %s VALIDATE CONSTRAINT %I', fallback.named, guard);
    RETURN true;
  END IF;
  PERFORM set_config('row_security', 'off', true);
  EXECUTE format('SELECT EXISTS (SELECT FROM %s AS d WHERE d.%I >= %L AND d.%2$I < %4$L)', fallback.named, fallback.key, lower, upper) INTO found;
  IF found THEN
    RAISE EXCEPTION 'the DEFAULT partition % holds rows from % to %; %', fallback.named, lower, upper,
      mvc.moving_words(format('%I.%I', table_schema, table_name)::regclass, fallback.named, fallback.key, lower, upper) USING ERRCODE = 'check_violation';
  ELSIF fallback.large THEN
    PERFORM mvc.drop_guards(table_schema, table_name);
    EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I CHECK (NOT (%I IS NOT NULL AND %3$I >= %4$L AND %3$I < %5$L)) NOT VALID',
                   fallback.named, guard, fallback.key, lower, upper);
  END IF;
  RETURN fallback.large;
END $_$;
CREATE FUNCTION mvc.has_head(routine oid, declared jsonb) RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT p.prokind::text = declared ->> 'kind' AND p.proretset = (declared ->> 'set')::boolean
    AND coalesce(p.prorettype = to_regtype(declared ->> 'returns'), declared ->> 'returns' IS NULL)
    AND p.pronargdefaults <= (declared ->> 'defaults')::integer
    AND ARRAY(
      SELECT concat_ws(' ', coalesce(p.proargmodes[a.place]::text, 'i'), p.proargnames[a.place], a.type)
      FROM unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) WITH ORDINALITY AS a (type, place) ORDER BY a.place
    ) = ARRAY(
      SELECT concat_ws(' ', a.part ->> 0, a.part ->> 1, to_regtype(a.part ->> 2)::oid)
      FROM jsonb_array_elements(declared -> 'arguments') WITH ORDINALITY AS a (part, place) ORDER BY a.place)
  FROM pg_proc AS p WHERE p.oid = routine
$$;
CREATE FUNCTION mvc.has_standbys() RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT EXISTS (SELECT FROM pg_replication_slots AS s WHERE s.slot_type = 'physical') OR EXISTS (
    SELECT FROM pg_stat_replication AS r
    WHERE NOT EXISTS (SELECT FROM pg_replication_slots AS s WHERE s.slot_type = 'logical' AND s.active_pid = r.pid))
$$;
CREATE FUNCTION mvc.hear_replicated(base regclass, log name) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET lock_timeout TO '60ms'
    AS $$
BEGIN
  PERFORM mvc.log_replicated(d, log) FROM mvc.with_descendants(base) AS d JOIN pg_class AS c ON c.oid = d AND c.relkind = 'r' AND pg_has_role(c.relowner, 'USAGE')
  WHERE NOT EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = d AND t.tgfoid = to_regproc(format('%I.%I', 'mvc', log)) AND t.tgtype & 3 = 1);  -- AFTER, FOR EACH ROW
  RETURN true;
EXCEPTION WHEN lock_not_available OR deadlock_detected OR insufficient_privilege THEN
  RETURN false;
END $$;
CREATE FUNCTION mvc.heard_alike(noted jsonb, triggers jsonb) RETURNS boolean
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  IF noted - 'mark' = triggers THEN
    RETURN true;
  END IF;
  RETURN coalesce(noted - ARRAY['mark', 'files'] = triggers - 'files' AND noted ->> 'mark' <> '-' AND noted ->> 'mark' = mvc.unlogged_file(), false);
END $$;
CREATE FUNCTION mvc.hold_changes(stored_name name) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  UPDATE mvc.stored_relation AS s SET hold = pg_current_snapshot(), held_at = now() WHERE s.stored_name = hold_changes.stored_name
$$;
CREATE FUNCTION mvc.holds_foreign(type oid, roles name[]) RETURNS boolean
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET work_mem TO '64kB'
    AS $$
BEGIN
  RETURN EXISTS (
    WITH RECURSIVE part (type) AS (
      SELECT holds_foreign.type UNION SELECT next.type FROM part AS p CROSS JOIN LATERAL mvc.parts_of_type(p.type) AS next (type)
    )
    SELECT FROM part AS p JOIN pg_type AS t ON t.oid = p.type WHERE NOT mvc.is_trusted(t.typowner, roles));
END $$;
CREATE FUNCTION mvc.identify_rows(stored_name name) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET lock_timeout TO '200ms'
    AS $$
DECLARE
  published regclass;
  found_any boolean := false;
BEGIN
  FOR published IN
    SELECT c.oid FROM mvc.stored_relation AS s CROSS JOIN LATERAL (
      SELECT s.stored_name AS name UNION SELECT 'unknown_change' UNION SELECT l.log FROM unnest(s.watches) AS l (log)
      UNION SELECT mvc.kept_of(l.log) FROM unnest(s.watches) AS l (log)) AS written
    JOIN pg_class AS c ON c.relname = written.name AND c.relnamespace = to_regnamespace('mvc') AND c.relkind = 'r' AND c.relreplident = 'd'
    WHERE s.stored_name = identify_rows.stored_name AND EXISTS (
      SELECT FROM pg_publication_tables AS p WHERE p.schemaname = 'mvc' AND p.tablename = c.relname)
  LOOP
    EXECUTE format('ALTER TABLE %s REPLICA IDENTITY FULL', published);
    found_any := true;
  END LOOP;
  RETURN found_any;
EXCEPTION WHEN lock_not_available THEN
  RETURN false;
END $$;
CREATE FUNCTION mvc.idle_leftovers() RETURNS SETOF name
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  WITH made AS MATERIALIZED (
    SELECT m.relation, m.live, m.view_schema, m.view_name FROM mvc.made_relations() AS m
    UNION ALL SELECT to_regclass(format('%I.%I', d.view_schema, d.view_name)), true, d.view_schema, d.view_name FROM mvc.deployed_view AS d
  ), reads AS MATERIALIZED (
    SELECT m.relation, m.live, d.refobjid, d.refobjsubid FROM made AS m JOIN pg_rewrite AS r ON r.ev_class = m.relation
    JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> m.relation
    JOIN pg_class AS c ON c.oid = d.refobjid AND c.relnamespace <> to_regnamespace('mvc')
    WHERE NOT EXISTS (SELECT FROM made AS other WHERE other.relation = d.refobjid)
  )
  SELECT DISTINCT coalesce(s.stored_name, c.relname) FROM reads AS r JOIN pg_class AS c ON c.oid = r.relation
  LEFT JOIN mvc.stored_relation AS s ON EXISTS (SELECT FROM jsonb_each_text(s.companions) AS beside (purpose, name) WHERE beside.name = c.relname)
  WHERE NOT r.live AND NOT EXISTS (
    SELECT FROM reads AS used WHERE used.live AND used.refobjid = r.refobjid AND (used.refobjsubid = r.refobjsubid OR r.refobjsubid = 0))
$$;
CREATE FUNCTION mvc.in_order(target oid, columns name[], query text) RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  ordered name[] := ARRAY(
    SELECT c.name FROM unnest(columns) WITH ORDINALITY AS c (name, place)
    LEFT JOIN pg_attribute AS a ON a.attrelid = target AND a.attname = c.name AND a.attnum > 0
    ORDER BY a.attnum NULLS LAST, c.place);
BEGIN
  IF ordered = columns THEN
    RETURN in_order.query;
  END IF;
  RETURN format('SELECT %s FROM (%s) AS exposed', (SELECT string_agg(format('exposed.%I', n.name), ', ' ORDER BY n.place)
                FROM unnest(ordered) WITH ORDINALITY AS n (name, place)), query);
END $$;
CREATE FUNCTION mvc.index_body(index oid) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT substr(pg_get_indexdef(x.indexrelid), length(format('CREATE %sINDEX %I ON %I.%I ', CASE WHEN x.indisunique THEN 'UNIQUE ' ELSE '' END,
                i.relname, n.nspname, c.relname)) + 1)
  FROM pg_index AS x JOIN pg_class AS i ON i.oid = x.indexrelid
  JOIN pg_class AS c ON c.oid = x.indrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE x.indexrelid = index
$$;
CREATE FUNCTION mvc.index_expressions(stored_name name, count integer, roles name[], allowed text[]) RETURNS text[]
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
DECLARE
  views regclass[] := ARRAY(SELECT format('%I.%I', 'mvc', 'index_expression_' || n)::regclass FROM generate_series(1, count) AS n ORDER BY n);
  printed text[];
BEGIN
  PERFORM mvc.expect_trusted(views, format('an index of %I', stored_name), roles, allowed);
  printed := ARRAY(
    SELECT regexp_replace(pg_get_viewdef(v), '^\s*SELECT\s+(.*) AS value\s+FROM .*$', '\1') FROM unnest(views) WITH ORDINALITY AS u (v, n) ORDER BY n);
  FOR n IN 1 .. count LOOP
    EXECUTE format('DROP VIEW %s', views[n]);
  END LOOP;
  RETURN printed;
END $_$;
CREATE FUNCTION mvc.instant(midnight timestamp without time zone, kind text, timezone text) RETURNS timestamp without time zone
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT CASE WHEN kind <> 'timestamptz' THEN midnight
    WHEN (later.instant - interval '1 hour') AT TIME ZONE timezone = midnight THEN (later.instant - interval '1 hour') AT TIME ZONE 'UTC'
    ELSE later.instant AT TIME ZONE 'UTC' END
  FROM (SELECT midnight AT TIME ZONE timezone) AS later (instant)
$$;
CREATE FUNCTION mvc.is_another_role(role oid) RETURNS boolean
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  RETURN EXISTS (SELECT FROM mvc.trusted_role AS t WHERE t.name = pg_get_userbyid(role) AND t.number <> role AND t.server = mvc.this_server());
END $$;
CREATE FUNCTION mvc.is_bare(stored mvc.stored_relation) RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT (stored).proven IS NULL OR ((stored).proven ->> 'bare')::boolean AND (stored).proven ->> 'place' = mvc.this_database()
$$;
CREATE FUNCTION mvc.is_comparable(type oid) RETURNS boolean
    LANGUAGE plpgsql STABLE
    AS $_$
BEGIN
  EXECUTE format('SELECT ROW(NULL::%1$s)::record OPERATOR(pg_catalog.<) ROW(NULL::%1$s)::record', format_type(type, NULL));
  RETURN true;
EXCEPTION WHEN undefined_function THEN
  RETURN false;
END $_$;
CREATE FUNCTION mvc.is_day_among(months integer[], days integer[], weekdays integer[], either_day boolean, day date) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $$
  SELECT extract(month FROM day)::integer = ANY (months) AND CASE WHEN either_day
    THEN extract(day FROM day)::integer = ANY (days) OR extract(dow FROM day)::integer = ANY (weekdays)
    ELSE extract(day FROM day)::integer = ANY (days) AND extract(dow FROM day)::integer = ANY (weekdays) END
$$;
CREATE FUNCTION mvc.is_day_of(times jsonb, day date) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
  SELECT mvc.is_day_among(mvc.numbers(times, 'months'), mvc.numbers(times, 'days'), mvc.numbers(times, 'weekdays'),
                               (times ->> 'either_day')::boolean, day)
$$;
CREATE FUNCTION mvc.is_locked(locker xid) RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT locker <> '0'::xid AND coalesce(pg_xact_status(CASE
    WHEN ahead < 2147483648 THEN next + ahead WHEN next + ahead >= 4294967296 THEN next + ahead - 4294967296 END::text::xid8) = 'in progress', false)
  FROM (SELECT n.next, (locker::text::bigint - n.next % 4294967296 + 4294967296) % 4294967296
        FROM (SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint) AS n (next)) AS distance (next, ahead)
$$;
CREATE FUNCTION mvc.is_lost(locker xid, worker integer, began timestamp with time zone) RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT NOT mvc.is_locked(locker) AND (
    NOT EXISTS (SELECT FROM pg_stat_activity AS a WHERE a.pid = worker AND coalesce(a.backend_start <= began, true))
    OR began < clock_timestamp() - interval '1 minute'
       AND NOT EXISTS (SELECT FROM pg_stat_activity AS a WHERE a.pid = worker AND a.state <> 'idle' AND a.query_start <= began))
$$;
CREATE FUNCTION mvc.is_named(class oid, object oid, names text[]) RETURNS boolean
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  RETURN (
    SELECT CASE class
      WHEN 'pg_proc'::regclass THEN (SELECT format('%I.%I(%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)) FROM pg_proc AS p
                                     JOIN pg_namespace AS n ON n.oid = p.pronamespace WHERE p.oid = object)
      WHEN 'pg_type'::regclass THEN (SELECT format('%I.%I', n.nspname, t.typname) FROM pg_type AS t JOIN pg_namespace AS n ON n.oid = t.typnamespace WHERE t.oid = object)
      WHEN 'pg_class'::regclass THEN (SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = object)
      END = ANY (names)
  );
END $$;
CREATE FUNCTION mvc.is_of_others(namespace oid) RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT namespace NOT IN ('pg_catalog'::regnamespace, to_regnamespace('mvc'))
$$;
CREATE FUNCTION mvc.is_ruled(relation name) RETURNS boolean
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  RETURN EXISTS (SELECT FROM pg_class AS c WHERE c.relnamespace = to_regnamespace('mvc') AND c.relname = relation AND (c.relhasrules OR c.relhastriggers));
END $$;
CREATE FUNCTION mvc.is_trusted(owner oid, roles name[] DEFAULT '{}'::name[]) RETURNS boolean
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  RETURN (SELECT mvc.can_act_as(owner, n.nspowner) OR pg_get_userbyid(owner) = ANY (roles) AND NOT mvc.is_another_role(owner) FROM pg_namespace AS n WHERE n.nspname = 'mvc');
END $$;
CREATE FUNCTION mvc.is_view(named name, query text) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  there regclass := to_regclass(format('%I.%I', 'mvc', named));
  same boolean;
BEGIN
  IF there IS NULL THEN
    RETURN false;
  END IF;
  EXECUTE format('CREATE VIEW %I.mvc_wanted AS %s', 'mvc', query);
  SELECT pg_get_viewdef(there) = pg_get_viewdef(w.oid) INTO same FROM pg_class AS w WHERE w.oid = to_regclass(format('%I.mvc_wanted', 'mvc'));
  EXECUTE format('DROP VIEW %I.mvc_wanted', 'mvc');
  RETURN coalesce(same, false);
EXCEPTION WHEN undefined_column OR undefined_function OR undefined_table OR datatype_mismatch OR ambiguous_function THEN
  RETURN false;
END $$;
CREATE FUNCTION mvc.is_whole_window(stored_name name, since timestamp with time zone, until timestamp with time zone) RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT since <= mvc.window_start(d, NULL) AND coalesce(until >= clock_timestamp(), true)
  FROM mvc.deployed_view AS d WHERE d.stored_name = is_whole_window.stored_name
$$;
CREATE FUNCTION mvc.keep_changes(project text, view_schema name, view_name name, stored_name name, watches name[]) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  INSERT INTO mvc.stored_relation AS s (stored_name, view_schema, view_name, project, watches, hold, held_at)
  VALUES (keep_changes.stored_name, keep_changes.view_schema, keep_changes.view_name, keep_changes.project, keep_changes.watches,
          pg_current_snapshot(), now())
  ON CONFLICT ON CONSTRAINT stored_relation_pkey
  DO UPDATE SET watches = excluded.watches, cursor = NULL, hold = excluded.hold, held_at = excluded.held_at
$$;
CREATE FUNCTION mvc.keep_earlier_run(project text, schedule text) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  DELETE FROM mvc.earlier_run AS e WHERE e.run_by = session_user AND NOT EXISTS (
    SELECT FROM pg_stat_activity AS a WHERE a.pid = (e.state ->> 'pid')::integer AND coalesce(a.backend_start <= (e.state ->> 'started_at')::timestamptz, true));
  INSERT INTO mvc.earlier_run (run, run_by, state)
  SELECT r.run, r.run_by, to_jsonb(r) FROM mvc.schedule_run AS r
  WHERE r.project = keep_earlier_run.project AND r.schedule = keep_earlier_run.schedule AND r.run_by = session_user
    AND r.run IS NOT NULL AND r.started_at IS NOT NULL AND r.finished_at IS NULL AND r.pid <> pg_backend_pid()
    AND EXISTS (SELECT FROM pg_stat_activity AS a WHERE a.pid = r.pid AND coalesce(a.backend_start <= r.started_at, true))
  ON CONFLICT DO NOTHING
$$;
CREATE FUNCTION mvc.keep_places(known jsonb) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  UPDATE mvc.watched_table AS w SET triggers = w.triggers || jsonb_build_object('place', mvc.place_of(w.log))
  WHERE w.triggers -> 'place' = known -> w.log AND w.triggers ->> 'place' <> mvc.place_of(w.log) AND NOT EXISTS (
    SELECT FROM string_to_table(mvc.place_of(w.log), ' ') WITH ORDINALITY AS now (writer, number)
    FULL JOIN string_to_table(known ->> w.log::text, ' ') WITH ORDINALITY AS former (writer, number) USING (number)
    WHERE now.writer IS DISTINCT FROM former.writer AND mvc.is_locked(now.writer::xid) IS NOT TRUE)
$$;
CREATE FUNCTION mvc.keep_sources(relations oid[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET row_security TO 'on'
    AS $$
DECLARE
  source regclass;
BEGIN
  FOR source IN SELECT DISTINCT c.oid::regclass FROM pg_class AS c WHERE c.oid = ANY (relations) AND c.relkind IN ('r', 'p', 'v', 'm', 'f') LOOP
    BEGIN
      EXECUTE format('PREPARE mvc_source AS SELECT FROM ONLY %s', source);
      DEALLOCATE mvc_source;
    EXCEPTION WHEN insufficient_privilege OR undefined_table OR invalid_schema_name THEN
      NULL;
    END;
  END LOOP;
END $$;
CREATE FUNCTION mvc.keep_table(relation oid) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  EXECUTE format('LOCK TABLE ONLY %s IN ACCESS SHARE MODE', relation::regclass);
  IF (SELECT o.type FROM pg_identify_object('pg_class'::regclass, relation, 0) AS o) <> 'table' THEN
    RAISE EXCEPTION '% is no table any more', relation::regclass USING ERRCODE = 'wrong_object_type';
  END IF;
END $$;
CREATE FUNCTION mvc.keep_unread(log name) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
DECLARE
  place regclass := format('%I.%I', 'mvc', log);
  listed text;
  first tid;
BEGIN
  IF pg_relation_size(place) <= 262144 OR to_regclass(format('%I.%I', 'mvc', mvc.kept_of(log))) IS NULL OR NOT EXISTS (
    SELECT FROM mvc.stored_relation AS s
    WHERE keep_unread.log = ANY (s.watches) AND CASE WHEN s.cursor IS NULL THEN s.held_at ELSE s.as_of END < now() - interval '5 minutes'
  ) THEN
    RETURN;
  END IF;
  listed := (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute AS a
             WHERE a.attrelid = place AND a.attnum > 0 AND NOT a.attisdropped);
  EXECUTE format('SELECT ctid FROM ONLY %s LIMIT 1', place) INTO first;
  EXECUTE format('WITH unread AS (DELETE FROM ONLY %1$I.%2$I WHERE ctid >= $1 AND ctid < $2 AND mvc_at < pg_snapshot_xmin(pg_current_snapshot()) RETURNING %4$s)'
                 ' INSERT INTO %1$I.%3$I (%4$s) SELECT %4$s FROM unread', 'mvc', log, mvc.kept_of(log), listed)
  USING first, format('(%s,0)', (first::text::point)[0]::bigint + 512)::tid;
END $_$;
CREATE FUNCTION mvc.kept_of(log name) RETURNS name
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  RETURN ('kept_' || regexp_replace(log, '^changes_', ''));
END $$;
CREATE FUNCTION mvc.key_columns(stored mvc.stored_relation) RETURNS text
    LANGUAGE plpgsql STABLE
    AS $$
BEGIN
  RETURN (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute AS a
          WHERE a.attrelid = format('%I.%I', 'mvc', stored.companions ->> 'dirty')::regclass AND a.attnum > 0);
END $$;
CREATE FUNCTION mvc.kind_word(relkind "char") RETURNS text
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT CASE relkind WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'v' THEN 'VIEW' WHEN 'i' THEN 'INDEX' ELSE 'TABLE' END
$$;
CREATE FUNCTION mvc.known_places() RETURNS jsonb
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT coalesce(jsonb_object_agg(w.log, w.triggers -> 'place'), '{}') FROM mvc.watched_table AS w WHERE w.triggers ->> 'place' = mvc.place_of(w.log)
$$;
CREATE FUNCTION mvc.last_use(view_schema name, view_name name, stat jsonb) RETURNS timestamp with time zone
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT max(scan.at) FROM (VALUES ((stat ->> 'last_seq_scan')::timestamptz), ((stat ->> 'last_idx_scan')::timestamptz)) AS scan (at)
  WHERE NOT EXISTS (
    SELECT FROM mvc.deployed_view AS reader CROSS JOIN LATERAL (
      SELECT coalesce(r.finished_at, now()) AS until FROM mvc.refresh_log AS r
      WHERE r.view_schema = reader.view_schema AND r.view_name = reader.view_name AND r.started_at <= scan.at
      ORDER BY r.started_at DESC LIMIT 1) AS run
    WHERE run.until >= scan.at AND (
      reader.view_schema = last_use.view_schema AND reader.view_name = last_use.view_name OR EXISTS (
        SELECT FROM mvc.deployed_view AS d WHERE d.view_schema = last_use.view_schema AND d.view_name = last_use.view_name
          AND d.project = reader.project AND reader.definition -> 'upstream' ? mvc.called(d.view_schema, d.view_name, d.recorded)::text)))
  AND NOT EXISTS (SELECT FROM mvc.stored_relation AS s
                  WHERE scan.at BETWEEN s.filled_at AND s.filled_at + make_interval(secs => s.fill_seconds + 1))
$$;
CREATE FUNCTION mvc.late_lookups(tree text, roles name[]) RETURNS TABLE(called text, type oid)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
DECLARE
  foreign_types oid[] := ARRAY(
    SELECT t.type FROM unnest(ARRAY(SELECT m.type FROM mvc.made_types_in(tree) AS m (type))) AS t (type)
    WHERE mvc.holds_foreign(t.type, roles));
BEGIN
  IF foreign_types = '{}' THEN
    RETURN;
  END IF;
  RETURN QUERY
  WITH broken AS (
    SELECT m[1] AS piece, n, CASE right(m[1], 1) WHEN '{' THEN 1 ELSE -1 END AS step
    FROM regexp_matches(tree, '((?:[^{}\\]|\\.)*[{}])', 'g') WITH ORDINALITY AS found (m, n)
  ), pieces AS MATERIALIZED (
    SELECT p.piece, p.n, sum(p.step) OVER (ORDER BY p.n) - p.step AS inside, sum(p.step) OVER (ORDER BY p.n) AS after FROM broken AS p
  ), late AS (
    SELECT p.*, call.m[1] AS kind, coalesce(o.oprcode::oid, (call.m[2])::oid) AS routine FROM pieces AS p
    CROSS JOIN LATERAL regexp_match(p.piece, '^(FUNCEXPR :funcid|AGGREF :aggfnoid|WINDOWFUNC :winfnoid|OPEXPR :opno|JSONCONSTRUCTOREXPR :type) (\d+)') AS call (m)
    LEFT JOIN pg_operator AS o ON call.m[1] = 'OPEXPR :opno' AND o.oid = (call.m[2])::oid
    WHERE call.m[1] LIKE 'JSON%' OR EXISTS (
      SELECT FROM pg_proc AS r WHERE r.oid = coalesce(o.oprcode::oid, (call.m[2])::oid) AND mvc.looks_up_casts(r))
  ), given AS (
    SELECT l.kind, l.routine, string_agg(p.piece, '' ORDER BY p.n) AS whole,
      CASE WHEN l.kind LIKE 'AGGREF%' THEN l.piece ELSE string_agg(p.piece, '' ORDER BY p.n) FILTER (WHERE p.inside = l.inside + 1) END AS values
    FROM late AS l JOIN pieces AS p ON p.n >= l.n AND p.n <= (SELECT min(e.n) FROM pieces AS e WHERE e.n >= l.n AND e.after < l.inside)
    GROUP BY l.n, l.kind, l.routine, l.piece
  )
  SELECT CASE WHEN g.kind LIKE 'JSON%' THEN 'a constructor of JSON' ELSE g.routine::regprocedure::text END, t.oid
  FROM given AS g CROSS JOIN unnest(foreign_types) AS t (oid)
  WHERE t.oid IN (SELECT mvc.types_in(CASE WHEN g.kind LIKE 'JSON%' OR g.values LIKE '%SUBLINK%' THEN g.whole ELSE g.values END))
     OR 2249 IN (SELECT mvc.types_in(g.values));
END $$;
CREATE FUNCTION mvc.latest_moment(times jsonb, zone text, seen timestamp with time zone, until timestamp with time zone) RETURNS timestamp with time zone
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
  wall timestamp := until AT TIME ZONE zone;
  day date := wall::date;
  first date := (seen AT TIME ZONE zone)::date - 1;
  hour integer;
  found integer;
  latest timestamptz;
BEGIN
  WHILE day >= first LOOP
    IF mvc.is_day_of(times, day) THEN
      FOR hour IN SELECT h::integer FROM jsonb_array_elements_text(times -> 'hours') AS h ORDER BY 1 DESC LOOP
        CONTINUE WHEN day + make_time(hour, 0, 0) > wall + interval '3 hours';  -- no clocks are changed by more
        EXIT WHEN hour < found - 2;  -- clocks that were set back show an earlier hour later
        latest := greatest(latest, (
          SELECT max(at) FROM jsonb_array_elements_text(times -> 'minutes') AS m,
            mvc.moments(day + make_time(hour, m::integer, 0), zone, (times ->> 'fixed')::boolean) AS at
          WHERE at <= until));
        found := CASE WHEN latest IS NULL THEN found ELSE coalesce(found, hour) END;
      END LOOP;
      IF latest IS NOT NULL THEN
        RETURN CASE WHEN latest > seen THEN latest END;
      END IF;
    END IF;
    day := day - 1;
  END LOOP;
  RETURN NULL;
END $$;
CREATE FUNCTION mvc.latest_shown(times jsonb, wall timestamp without time zone, first date) RETURNS timestamp without time zone
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
  hours integer[] := mvc.numbers(times, 'hours');
  minutes integer[] := mvc.numbers(times, 'minutes');
  months integer[] := mvc.numbers(times, 'months');
  days integer[] := mvc.numbers(times, 'days');
  weekdays integer[] := mvc.numbers(times, 'weekdays');
  either_day boolean := (times ->> 'either_day')::boolean;
  now_hour integer := extract(hour FROM wall)::integer;
  hour integer := hours[width_bucket(now_hour, hours)];
  minute integer := minutes[CASE WHEN hour = now_hour THEN width_bucket(extract(minute FROM wall)::integer, minutes) ELSE cardinality(minutes) END];
  day date := wall::date;
BEGIN
  IF minute IS NULL THEN
    hour := hours[width_bucket(now_hour - 1, hours)];
    minute := minutes[cardinality(minutes)];
  END IF;
  IF hour IS NULL OR NOT mvc.is_day_among(months, days, weekdays, either_day, day) THEN
    hour := hours[cardinality(hours)];
    minute := minutes[cardinality(minutes)];
    LOOP
      day := day - 1;
      IF day < first THEN
        RETURN NULL;
      END IF;
      EXIT WHEN mvc.is_day_among(months, days, weekdays, either_day, day);
    END LOOP;
  END IF;
  RETURN day + make_time(hour, minute, 0);
END $$;
CREATE FUNCTION mvc.latest_tick(times jsonb, zone text, seen timestamp with time zone, until timestamp with time zone) RETURNS timestamp with time zone
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
  wall timestamp := until AT TIME ZONE zone;
  shown timestamp;
  latest timestamptz;
BEGIN
  IF (until - interval '3 hours') AT TIME ZONE zone = wall - interval '3 hours' THEN
    shown := mvc.latest_shown(times, wall, (seen AT TIME ZONE zone)::date - 1);
    latest := shown AT TIME ZONE zone;
    IF shown IS NULL OR (latest - interval '3 hours') AT TIME ZONE zone = shown - interval '3 hours'
                    AND (latest + interval '3 hours') AT TIME ZONE zone = shown + interval '3 hours' THEN
      RETURN CASE WHEN latest > seen THEN latest END;
    END IF;
  END IF;
  RETURN mvc.latest_moment(times, zone, seen, until);
END $$;
CREATE FUNCTION mvc.lead(project text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  place regclass := (
    SELECT to_regclass(format('%I.%I', 'mvc', l.relation)) FROM mvc.leaders AS l
    WHERE l.project = lead.project AND pg_has_role(session_user, to_regrole(quote_ident(l.role))::oid, 'MEMBER')
    ORDER BY l.role <> session_user, l.role <> current_user, l.role LIMIT 1);
BEGIN
  IF place IS NOT NULL THEN
    EXECUTE format('LOCK TABLE %s IN EXCLUSIVE MODE NOWAIT', place);
  END IF;
  RETURN true;
EXCEPTION WHEN lock_not_available THEN
  RETURN false;
END $$;
CREATE FUNCTION mvc."leading"(project text, role name) RETURNS name
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT 'leading_' || left(md5(concat(project, E'\n', role)), 12)
$$;
CREATE FUNCTION mvc.less_often_now(asked jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
  found jsonb := '{}'::jsonb;
BEGIN
  IF asked ? 'pg_collation' THEN
    found := found || coalesce((SELECT jsonb_object_agg('the collation ' || c.oid::regcollation, md5(pg_collation_actual_version(c.oid)))
      FROM pg_collation AS c WHERE c.oid = ANY (mvc.as_array(asked -> 'pg_collation')::oid[])), '{}');
  END IF;
  IF asked ? 'pg_ts_config' THEN
    found := found || coalesce((SELECT jsonb_object_agg('the text search configuration ' || c.oid::regconfig, md5(concat_ws(' ', c.cfgparser, (
        SELECT string_agg(concat_ws(' ', m.maptokentype, m.mapseqno, m.mapdict::regdictionary), ', ' ORDER BY m.maptokentype, m.mapseqno)
        FROM pg_ts_config_map AS m WHERE m.mapcfg = c.oid))))
      FROM pg_ts_config AS c WHERE c.oid = ANY (mvc.as_array(asked -> 'pg_ts_config')::oid[])), '{}');
  END IF;
  IF asked ? 'pg_ts_dict' THEN
    found := found || coalesce((SELECT jsonb_object_agg('the text search dictionary ' || d.oid::regdictionary, md5(concat_ws(' ', d.dicttemplate, d.dictinitoption)))
      FROM pg_ts_dict AS d WHERE d.oid = ANY (mvc.as_array(asked -> 'pg_ts_dict')::oid[])), '{}');
  END IF;
  IF asked ? 'pg_extension' THEN
    found := found || coalesce((SELECT jsonb_object_agg('the extension ' || e.extname, e.extversion)
      FROM pg_extension AS e WHERE e.oid = ANY (mvc.as_array(asked -> 'pg_extension')::oid[])), '{}');
  END IF;
  IF asked ? 'views' THEN
    found := found || coalesce((SELECT jsonb_object_agg('the view ' || c.oid::regclass, md5(pg_get_viewdef(c.oid)))
      FROM pg_class AS c WHERE c.oid = ANY (mvc.as_array(asked -> 'views')::oid[]) AND c.relkind = 'v'), '{}');
  END IF;
  IF asked ? 'generated' THEN
    found := found || coalesce((SELECT jsonb_object_agg(format('the generated column %s.%I', a.attrelid::regclass, a.attname), md5(pg_get_expr(d.adbin, d.adrelid)))
      FROM pg_attribute AS a JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
      WHERE a.attrelid = ANY (mvc.as_array(asked -> 'generated')::oid[]) AND a.attgenerated <> ''), '{}');
  END IF;
  IF asked ? 'settings' THEN
    found := found || coalesce((SELECT jsonb_object_agg('the setting ' || s, current_setting(s, true))
      FROM unnest(mvc.as_array(asked -> 'settings')) AS s), '{}');
  END IF;
  RETURN found;
END $$;
CREATE FUNCTION mvc.listening(base regclass, log name, columns name[], OUT triggers jsonb, OUT unheard text) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET work_mem TO '64kB'
    AS $$
DECLARE
  written oid := to_regproc(format('%I.%I', 'mvc', log));
  below oid[];
  above oid[];
BEGIN
  below := ARRAY(
    WITH RECURSIVE below (relation) AS (
      SELECT base::oid UNION SELECT i.inhrelid FROM below AS b JOIN pg_inherits AS i ON i.inhparent = b.relation
    ) SELECT b.relation FROM below AS b);
  IF EXISTS (SELECT FROM pg_inherits AS i WHERE i.inhrelid = ANY (below) AND i.inhparent <> ALL (below)) THEN
    above := ARRAY(SELECT a.relation::oid FROM mvc.ancestors(base) AS a);
  END IF;
  WITH kin AS (
    SELECT c.oid, c.relkind, c.relfilenode, k.inside, t.stand, t.rows_told, t.to_enable, EXISTS (SELECT FROM pg_subscription_rel AS s WHERE s.srrelid = c.oid) AS subscribed,
      CASE c.relpersistence WHEN 'u' THEN mvc.unlogged_file() END AS file,
      (SELECT string_agg(concat('<', i.inhparent, ':', i.xmin), '' ORDER BY i.inhparent) FROM pg_inherits AS i WHERE i.inhrelid = c.oid) AS belongs
    FROM (SELECT unnest(below) AS relation, true AS inside UNION ALL SELECT unnest(above), false) AS k
    JOIN pg_class AS c ON c.oid = k.relation CROSS JOIN LATERAL (
      SELECT string_agg(concat(t.tgenabled, t.xmin), ',' ORDER BY t.tgname) AS stand,
        bool_or(t.tgtype & 3 = 1 AND t.tgenabled IN ('A', 'R')) AS rows_told,  -- AFTER, FOR EACH ROW
        bool_or(t.tgenabled = 'O') AND pg_has_role((SELECT n.nspowner FROM pg_namespace AS n WHERE n.nspname = 'mvc'), c.relowner, 'USAGE') AS to_enable
      FROM pg_trigger AS t WHERE t.tgrelid = c.oid AND t.tgfoid = written) AS t
  )
  SELECT jsonb_object_agg(k.oid::text, concat_ws(' ', concat(
      '/', k.stand, '/', a.computed, '/', CASE WHEN k.subscribed THEN 's' END, k.file, CASE WHEN k.to_enable THEN 'e' END, k.belongs), a.logged))
      FILTER (WHERE k.relkind IN ('r', 'p')) || jsonb_build_object('function', (SELECT p.xmin::text FROM pg_proc AS p WHERE p.oid = written),
        'files', jsonb_object_agg(k.oid::text, k.relfilenode) FILTER (WHERE k.relkind = 'r'), 'place', mvc.place_of(log)),
    CASE WHEN bool_or(k.relkind = 'f') THEN format('%s is a foreign table', min(k.oid) FILTER (WHERE k.relkind = 'f')::regclass)
         WHEN bool_or(k.subscribed) AND NOT bool_and(coalesce(k.rows_told, false)) FILTER (WHERE k.inside AND k.relkind = 'r')
         THEN 'logical replication writes to it, which only triggers for each row are told of that its owner has enabled for replicas' END
  INTO triggers, unheard
  FROM kin AS k CROSS JOIN LATERAL (
    SELECT string_agg(format('%s:%s', a.attnum, a.atttypid), ' ' ORDER BY a.attname) FILTER (WHERE a.attname = ANY (columns)) AS logged,
      string_agg((SELECT d.oid::text FROM pg_attrdef AS d WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum), ',' ORDER BY a.attname)
        FILTER (WHERE a.attgenerated <> '') AS computed
    FROM pg_attribute AS a WHERE a.attrelid = k.oid AND a.attnum > 0 AND (a.attname = ANY (columns) OR a.attgenerated <> '')) AS a;
END $$;
CREATE FUNCTION mvc.lock_views(own name[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  found record;
BEGIN
  FOR found IN
    SELECT c.oid::regclass AS view, pg_get_userbyid(c.relowner) AS owner FROM (
      SELECT c.oid AS view, 0 AS level FROM pg_class AS c WHERE c.relnamespace = to_regnamespace('mvc') AND c.relname = ANY (own)
      UNION ALL SELECT d.view, d.level FROM pg_class AS c CROSS JOIN LATERAL mvc.dependents(c.oid) AS d
      WHERE c.relnamespace = to_regnamespace('mvc') AND c.relname = ANY (own)) AS l
    JOIN pg_class AS c ON c.oid = l.view
    WHERE c.relkind = 'v' AND pg_has_role(c.relowner, 'USAGE')
    GROUP BY c.oid ORDER BY max(l.level) DESC, c.oid DESC
  LOOP
    EXECUTE format('ALTER VIEW %s OWNER TO %I', found.view, found.owner);  -- changes nothing, and locks the view alone: LOCK TABLE would go on to the catalogs
  END LOOP;
END $$;
CREATE FUNCTION mvc.log_changes_below(relation regclass, log name) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  PERFORM mvc.log_changes_of(relation, log), mvc.log_replicated(relation, log);
  PERFORM mvc.log_changes_below(i.inhrelid::regclass, log)
  FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid WHERE i.inhparent = relation AND c.relkind IN ('r', 'p');
END $$;
CREATE FUNCTION mvc.log_changes_of(relation regclass, log name) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  ours boolean := (SELECT pg_has_role(c.relowner, 'USAGE') FROM pg_class AS c WHERE c.oid = relation);
  event record;
BEGIN
  IF NOT has_table_privilege(relation, 'TRIGGER') THEN
    RAISE EXCEPTION 'no right to put triggers on %', relation USING ERRCODE = 'insufficient_privilege';
  END IF;
  FOR event IN
    SELECT e.name, e.referencing FROM (VALUES
      ('insert', 'REFERENCING NEW TABLE AS new_rows'), ('update', 'REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows'),
      ('delete', 'REFERENCING OLD TABLE AS old_rows'), ('truncate', '')
    ) AS e (name, referencing)
  LOOP
    EXECUTE format('CREATE OR REPLACE TRIGGER %I AFTER %s ON %s %s FOR EACH STATEMENT EXECUTE FUNCTION %I.%I()',
                   mvc.log_trigger(event.name, log), event.name, relation, event.referencing, 'mvc', log);
    IF ours THEN
      EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', relation, mvc.log_trigger(event.name, log));
    END IF;
  END LOOP;
END $$;
CREATE FUNCTION mvc.log_fits(base regclass, log name, columns name[]) RETURNS boolean
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  RETURN NOT EXISTS (
    SELECT FROM pg_attribute AS a JOIN pg_attribute AS l ON l.attrelid = to_regclass(format('%I.%I', 'mvc', log)) AND l.attname = a.attname
    WHERE a.attrelid = base AND a.attname = ANY (columns) AND a.attnum > 0
      AND (a.atttypid, a.atttypmod, a.attcollation) IS DISTINCT FROM (l.atttypid, l.atttypmod, l.attcollation));
END $$;
CREATE FUNCTION mvc.log_has_columns(log name, parts name[]) RETURNS boolean
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  RETURN (
    SELECT NOT EXISTS (
      SELECT FROM mvc.watched_table AS w CROSS JOIN unnest(w.columns || 'mvc_at'::name) AS logged (name) CROSS JOIN unnest(parts) AS part (name)
      WHERE w.log = log_has_columns.log AND NOT EXISTS (
        SELECT FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = logged.name
        WHERE c.relnamespace = to_regnamespace('mvc') AND c.relname = part.name AND c.relkind = 'r'))
  );
END $$;
CREATE FUNCTION mvc.log_is_ours(log name) RETURNS boolean
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  RETURN (
    SELECT NOT EXISTS (SELECT FROM pg_class AS c WHERE c.relnamespace = n.oid AND c.relname IN (log, mvc.kept_of(log), 'unknown_change', 'lost_change')
        AND (c.relowner <> n.nspowner OR c.relpersistence = 'u' OR c.relhasrules OR c.relhastriggers))
      AND NOT EXISTS (SELECT FROM pg_proc AS p WHERE p.oid = to_regproc(format('%I.%I', n.nspname, log)) AND p.proowner <> n.nspowner)
    FROM pg_namespace AS n WHERE n.nspname = 'mvc'
  );
END $$;
CREATE FUNCTION mvc.log_moves_of(base regclass, log name) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
DECLARE
  within regclass := coalesce((
    SELECT a.relation FROM mvc.ancestors(base) AS a JOIN pg_class AS c ON c.oid = a.relation WHERE a.topmost AND c.relkind = 'p'), base);
  moves text := (
    SELECT CASE WHEN bool_or(key.attnum = 0) THEN 'OLD.* OPERATOR(pg_catalog.*<>) NEW.*'  -- an expression: any column may be in it
                ELSE string_agg(DISTINCT format('OLD.%1$I IS DISTINCT FROM NEW.%1$I', a.attname), ' OR ') END
    FROM mvc.with_descendants(within) AS relation JOIN pg_partitioned_table AS p ON p.partrelid = relation
    CROSS JOIN unnest(p.partattrs::int2[]) AS key (attnum) LEFT JOIN pg_attribute AS a ON a.attrelid = relation AND a.attnum = key.attnum);
  named text := '~' || mvc.log_trigger(CASE WHEN within = base THEN 'move' ELSE 'move_within' END, log);
BEGIN
  IF moves IS NULL THEN
    RETURN;
  END IF;
  EXECUTE format('CREATE OR REPLACE TRIGGER %I BEFORE UPDATE ON %s FOR EACH ROW WHEN (%s) EXECUTE FUNCTION %I.%I()', named, within, moves, 'mvc', log);
  IF (SELECT pg_has_role(c.relowner, 'USAGE') FROM pg_class AS c WHERE c.oid = within) THEN
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', within, named);
  END IF;
END $_$;
CREATE FUNCTION mvc.log_replicated(relation regclass, log name) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  named text := mvc.log_trigger('row', log);
BEGIN
  IF EXISTS (SELECT FROM pg_class AS c WHERE c.oid = relation AND c.relkind = 'r' AND pg_has_role(c.relowner, 'USAGE')) THEN
    EXECUTE format('CREATE OR REPLACE TRIGGER %I AFTER INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW'
                   ' WHEN (pg_catalog.current_query() IS NULL) EXECUTE FUNCTION %I.%I()', named, relation, 'mvc', log);
    EXECUTE format('ALTER TABLE %s ENABLE REPLICA TRIGGER %I', relation, named);
  END IF;
END $$;
CREATE FUNCTION mvc.log_trigger(event text, log name) RETURNS text
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT format('mvc_log_%s_%s', event, left(md5('mvc' || '.' || log), 8))
$$;
CREATE FUNCTION mvc.looks_up_casts(routine pg_proc) RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
  SELECT routine.pronamespace = 'pg_catalog'::regnamespace AND (routine.proname ~ '^(to_jsonb?|(array|row)_to_json|jsonb?_(agg|object_agg|build_).*)$'
    OR EXISTS (SELECT FROM pg_language AS l WHERE l.oid = routine.prolang AND l.lanname = 'sql')
       AND EXISTS (SELECT FROM unnest(routine.proargtypes::oid[]) AS a (type) JOIN pg_type AS t ON t.oid = a.type WHERE t.typtype = 'p'))
$_$;
CREATE FUNCTION mvc.lost_changes() RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  RETURN coalesce(pg_sequence_last_value(('mvc' || '.lost_change')::regclass), 0);
END $$;
CREATE FUNCTION mvc.lost_words() RETURNS text
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT 'changes of watched tables could neither be logged nor noted, as where a disk is full'
$$;
CREATE FUNCTION mvc.made_relations() RETURNS TABLE(relation oid, part text, live boolean, view_schema name, view_name name)
    LANGUAGE sql STABLE ROWS 50
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT DISTINCT ON (c.oid) c.oid, m.part, m.live, m.view_schema, m.view_name FROM (
    SELECT d.stored_name AS name, 'storage' AS part, true AS live, d.view_schema, d.view_name FROM mvc.deployed_view AS d
    UNION ALL SELECT (arm ->> 'name')::name, 'arm', true, d.view_schema, d.view_name
    FROM mvc.deployed_view AS d CROSS JOIN jsonb_array_elements(d.definition #> '{exposure,arms}') AS arm
    UNION ALL SELECT (arm ->> 'name')::name, 'arm', false, r.view_schema, r.view_name
    FROM mvc.replaced_view AS r CROSS JOIN jsonb_array_elements(r.definition #> '{exposure,arms}') AS arm
    UNION ALL SELECT s.stored_name, 'storage', false, s.view_schema, s.view_name FROM mvc.stored_relation AS s
    UNION ALL SELECT arm.relname, 'arm', false, s.view_schema, s.view_name  -- by a name that begins as that of what it reads, and may be cut
    FROM (SELECT s.*, mvc.readers_of(to_regclass(format('%I.%I', 'mvc', s.stored_name))) AS reader FROM mvc.stored_relation AS s OFFSET 0) AS s
    JOIN pg_class AS arm ON arm.oid = s.reader AND arm.relnamespace = to_regnamespace('mvc') AND arm.relkind = 'v'
    WHERE left(arm.relname, least(length(s.stored_name), 40)) = left(s.stored_name, 40)
    UNION ALL SELECT beside.name::name, 'companion', s.stored_name IN (SELECT d.stored_name FROM mvc.deployed_view AS d), s.view_schema, s.view_name
    FROM mvc.stored_relation AS s CROSS JOIN jsonb_each_text(s.companions) AS beside (purpose, name)
  ) AS m JOIN pg_class AS c ON c.relname = m.name AND c.relnamespace = to_regnamespace('mvc') ORDER BY c.oid, m.live DESC
$$;
CREATE FUNCTION mvc.made_types_in(tree text) RETURNS SETOF oid
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  RETURN QUERY
  SELECT DISTINCT listed.type::oid FROM regexp_matches(tree, ':\w*type(?:id|s)? (?:\(o )?([\d ]*\d{5}[\d ]*)', 'g') AS found (m)
  CROSS JOIN regexp_split_to_table(trim(m[1]), ' +') AS listed (type) WHERE listed.type::oid >= 16384;
END $$;
CREATE PROCEDURE mvc.maintain_partitions(IN project text)
    LANGUAGE plpgsql
    AS $$
DECLARE
  failed pg_catalog.text[];
BEGIN
  CALL mvc.partition_work(project, failed);
  IF failed IS NOT NULL THEN
    RAISE EXCEPTION 'failed: %', pg_catalog.array_to_string(failed, '; ') USING HINT = 'mvc' || '.partition_log says why';
  END IF;
END $$;
CREATE FUNCTION mvc.maintain_partitions_together(project text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  began bigint := mvc.partition_log_end();
  item record;
BEGIN
  FOR item IN SELECT t.task FROM mvc.partition_tasks(project) AS t LOOP
    IF mvc.partition_run(project, item.task, true) = 'failed' THEN
      RAISE WARNING 'failed: %', item.task USING HINT = 'mvc' || '.partition_log says why';
    END IF;
  END LOOP;
  FOR item IN SELECT s.view_schema, s.view_name FROM mvc.shrunk_views(began) AS s LOOP
    PERFORM mvc.run_or_warn(mvc.refresh_begin(item.view_schema, item.view_name, 'full', 'partitions'));
  END LOOP;
END $$;
CREATE FUNCTION mvc.make_change_log(base regclass, log name, columns name[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  EXECUTE format('CREATE TABLE IF NOT EXISTS %I.%I (mvc_at xid8 NOT NULL DEFAULT pg_current_xact_id())', 'mvc', log);
  IF NOT EXISTS (SELECT FROM pg_attribute AS l WHERE l.attrelid = format('%I.%I', 'mvc', log)::regclass AND l.attname = 'mvc_at') THEN
    EXECUTE format('ALTER TABLE %I.%I ADD COLUMN mvc_at xid8 NOT NULL DEFAULT pg_current_xact_id()', 'mvc', log);
  END IF;
  PERFORM mvc.fit_log(base, log, columns);
  PERFORM mvc.make_kept(log);
  PERFORM mvc.seal(log), mvc.seal(mvc.kept_of(log));
  PERFORM mvc.write_log_function(base, log, columns);
END $$;
CREATE FUNCTION mvc.make_kept(log name) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
DECLARE
  kept name := mvc.kept_of(log);
BEGIN
  IF to_regclass(format('%I.%I', 'mvc', kept)) IS NULL THEN
    EXECUTE format('CREATE TABLE %1$I.%2$I () INHERITS (%1$I.%3$I)', 'mvc', kept, log);
    EXECUTE format('CREATE INDEX ON %I.%I (mvc_at)', 'mvc', kept);
  END IF;
END $_$;
CREATE FUNCTION mvc.make_leaders(project text, refreshers name[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
DECLARE
  wanted name[] := ARRAY(
    SELECT mvc.leading(make_leaders.project, r.role) FROM unnest(
      refreshers || (SELECT pg_get_userbyid(n.nspowner) FROM pg_namespace AS n WHERE n.nspname = 'mvc')) AS r (role));
  relation name;
BEGIN
  FOREACH relation IN ARRAY wanted LOOP
    IF to_regclass(format('%I.%I', 'mvc', relation)) IS NULL THEN
      EXECUTE format('CREATE TABLE %I.%I ()', 'mvc', relation);
      PERFORM mvc.seal(relation);
    END IF;
  END LOOP;
  FOR relation IN
    SELECT c.relname FROM pg_class AS c WHERE c.relnamespace = to_regnamespace('mvc') AND c.relkind = 'r' AND c.relname ~ '^leading_[0-9a-f]{12}$'
      AND c.relname <> ALL (wanted) AND c.relname NOT IN (SELECT l.relation FROM mvc.leaders AS l WHERE l.project <> make_leaders.project)
  LOOP
    BEGIN
      EXECUTE format('LOCK TABLE %I.%I IN ACCESS EXCLUSIVE MODE NOWAIT', 'mvc', relation);
      EXECUTE format('DROP TABLE %I.%I', 'mvc', relation);
    EXCEPTION WHEN lock_not_available THEN  -- a worker of that role goes on; it goes with the next deployment
      NULL;
    END;
  END LOOP;
END $_$;
CREATE FUNCTION mvc.make_way(generation integer, declared jsonb, retired name[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  former regprocedure;
  there text;
BEGIN
  IF mvc.generation() > make_way.generation THEN
    RAISE EXCEPTION 'this database was deployed by a newer mvc: its runtime is of generation %, this is %',
      mvc.generation(), make_way.generation USING HINT = 'upgrade this mvc; nothing was changed';
  END IF;
  PERFORM set_config('mvc.views_aside', '[]', true);
  PERFORM mvc.views_aside(ARRAY(
    SELECT c.oid FROM pg_class AS c WHERE c.relnamespace = to_regnamespace('mvc') AND c.relkind = 'v' AND c.relname = ANY (retired)));
  FOREACH former IN ARRAY ARRAY(
    SELECT p.oid::regprocedure FROM pg_proc AS p WHERE p.pronamespace = to_regnamespace('mvc')
      AND (p.proname = ANY (retired) OR EXISTS (SELECT FROM jsonb_array_elements(declared) AS d WHERE d ->> 'name' = p.proname))
      AND NOT EXISTS (SELECT FROM jsonb_array_elements(declared) AS d WHERE d ->> 'name' = p.proname AND mvc.has_head(p.oid, d)))
  LOOP
    PERFORM mvc.views_aside(ARRAY(
      SELECT DISTINCT r.ev_class FROM pg_depend AS d JOIN pg_rewrite AS r ON r.oid = d.objid
      WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_proc'::regclass AND d.refobjid = former));
    FOR there IN
      SELECT format('DROP TRIGGER %I ON %s', t.tgname, t.tgrelid::regclass) FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid
      WHERE t.tgfoid = former AND t.tgparentid = 0 AND c.relnamespace = to_regnamespace('mvc')
    LOOP
      EXECUTE there;
    END LOOP;
    BEGIN
      EXECUTE format('DROP ROUTINE %s', former);
    EXCEPTION WHEN dependent_objects_still_exist THEN
      GET STACKED DIAGNOSTICS there = PG_EXCEPTION_DETAIL;
      RAISE EXCEPTION 'the upgrade has to make % anew, which something outside depends on', former
        USING ERRCODE = 'dependent_objects_still_exist', HINT = 'drop it, and create it again after the upgrade: ' || there;
    END;
  END LOOP;
END $$;
CREATE FUNCTION mvc.mark_unlogged() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  IF mvc.unlogged_file() = '-' THEN
    TRUNCATE mvc.unlogged_since;
    INSERT INTO mvc.unlogged_since DEFAULT VALUES;
  END IF;
END $$;
CREATE FUNCTION mvc.may_be_strange(relations oid[], roles name[]) RETURNS boolean
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET work_mem TO '64kB'
    AS $$
DECLARE
  owner oid;
BEGIN
  FOR owner IN
    WITH RECURSIVE above (relation) AS (
      SELECT r FROM unnest(relations) AS r UNION SELECT p.inhparent FROM above AS a CROSS JOIN LATERAL (
        SELECT i.inhparent FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid AND c.relispartition WHERE i.inhrelid = a.relation OFFSET 0) AS p
    ), family (relation) AS (
      SELECT r FROM unnest(relations) AS r UNION SELECT b.inhrelid FROM family AS f CROSS JOIN LATERAL (
        SELECT i.inhrelid FROM pg_inherits AS i WHERE i.inhparent = f.relation OFFSET 0) AS b
    )
    SELECT DISTINCT CASE WHEN c.relkind <> 'f' THEN c.relowner END FROM (SELECT f.relation FROM family AS f UNION ALL SELECT a.relation FROM above AS a) AS k
    CROSS JOIN LATERAL (SELECT o.relowner, o.relkind FROM pg_class AS o WHERE o.oid = k.relation OFFSET 0) AS c WHERE c.relkind <> 'v'
  LOOP
    IF owner IS NULL OR NOT mvc.is_trusted(owner, roles) THEN  -- a foreign table has owners besides its own
      RETURN true;
    END IF;
  END LOOP;
  RETURN false;
END $$;
CREATE FUNCTION mvc.may_freeze(stored_names name[]) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  CLUSTER mvc.oldest_snapshot USING oldest_snapshot_pkey;
  RETURN (SELECT age(c.relfrozenxid) FROM pg_class AS c WHERE c.oid = to_regclass('mvc.oldest_snapshot'))
    < (SELECT min(age(s.filled_by::xid)) FROM mvc.stored_relation AS s WHERE s.stored_name = ANY (stored_names));
END $$;
CREATE FUNCTION mvc.may_search(stored_name name) RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT s.proven IS NULL OR mvc.is_bare(s) AND s.proven -> 'strange' = '[]'
  FROM mvc.stored_relation AS s WHERE s.stored_name = may_search.stored_name
$$;
CREATE FUNCTION mvc.meant_by(names text[]) RETURNS oid[]
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
  found pg_catalog.oid[] := mvc.relations_called(names);
  parts pg_catalog.text[];
  named pg_catalog.text;
BEGIN
  FOREACH named IN ARRAY names LOOP
    parts := pg_catalog.parse_ident(named);
    found := pg_catalog.array_append(found, pg_catalog.to_regclass(pg_catalog.quote_ident(parts[pg_catalog.cardinality(parts)]))::pg_catalog.oid);
  END LOOP;
  RETURN pg_catalog.array_remove(found, NULL);
END $$;
CREATE FUNCTION mvc.mend_tables(declared jsonb) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  lost record;
  former name;
BEGIN
  FOR lost IN
    SELECT c.oid::regclass AS relation, d.value -> 'key' AS key, column_of.place, column_of.value ->> 0 AS name, column_of.value ->> 1 AS declared
    FROM jsonb_array_elements(declared) AS d
    JOIN pg_class AS c ON c.relnamespace = to_regnamespace('mvc') AND c.relname = d.value ->> 'name' AND c.relkind = 'r'
    CROSS JOIN jsonb_array_elements(d.value -> 'columns') WITH ORDINALITY AS column_of (value, place)
    WHERE NOT EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attname = column_of.value ->> 0 AND NOT a.attisdropped)
    UNION ALL
    SELECT c.oid::regclass, d.value -> 'key', NULL, NULL, NULL FROM jsonb_array_elements(declared) AS d
    JOIN pg_class AS c ON c.relnamespace = to_regnamespace('mvc') AND c.relname = d.value ->> 'name' AND c.relkind = 'r'
    WHERE d.value -> 'key' <> '[]' AND NOT EXISTS (
      SELECT FROM pg_constraint AS k WHERE k.conrelid = c.oid AND k.contype = 'p' AND d.value -> 'key' = (
        SELECT jsonb_agg(a.attname ORDER BY n.place) FROM unnest(k.conkey) WITH ORDINALITY AS n (number, place)
        JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = n.number))
    ORDER BY 1, 3 NULLS LAST
  LOOP
    IF lost.name IS NULL THEN
      FOR former IN SELECT k.conname FROM pg_constraint AS k WHERE k.conrelid = lost.relation AND k.contype = 'p' LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', lost.relation, former);
      END LOOP;
      EXECUTE format('ALTER TABLE %s ADD PRIMARY KEY (%s)', lost.relation, (
        SELECT string_agg(quote_ident(k.name), ', ' ORDER BY k.place) FROM jsonb_array_elements_text(lost.key) WITH ORDINALITY AS k (name, place)));
      CONTINUE;
    END IF;
    IF lost.declared LIKE '%NOT NULL%' AND lost.declared NOT LIKE '%DEFAULT%' THEN
      EXECUTE format('DELETE FROM %s', lost.relation);
    END IF;
    EXECUTE format('ALTER TABLE %s ADD COLUMN %I %s', lost.relation, lost.name, lost.declared);
  END LOOP;
END $$;
CREATE FUNCTION mvc.merge(statements jsonb, since timestamp with time zone DEFAULT NULL::timestamp with time zone, until timestamp with time zone DEFAULT NULL::timestamp with time zone, OUT changed bigint, OUT growth bigint) RETURNS record
    LANGUAGE plpgsql
    AS $$
BEGIN
  EXECUTE statements ->> 'in_place' INTO STRICT changed, growth USING since, until;
EXCEPTION WHEN unique_violation OR cardinality_violation THEN  -- the latter is said of a key that comes twice, without naming it
  EXECUTE statements ->> 'anew' INTO STRICT changed, growth USING since, until;
END $$;
CREATE FUNCTION mvc.merge_groups(stored mvc.stored_relation, definition jsonb, groups bigint, OUT changed bigint, OUT growth bigint) RETURNS record
    LANGUAGE plpgsql
    AS $$
DECLARE
  many boolean := mvc.are_many(stored, groups);
BEGIN
  IF many THEN
    EXECUTE format('ANALYZE %I.%I', 'mvc', stored.companions ->> 'dirty');
  END IF;
  SELECT m.changed, m.growth INTO changed, growth
  FROM mvc.merge(definition #> CASE WHEN many THEN '{increment,merge_many}' ELSE '{increment,merge}' END::text[]) AS m;
END $$;
CREATE FUNCTION mvc.missing_partitions(target oid, table_name name, unit text, ahead integer, kind text, timezone text) RETURNS TABLE(named name, lower timestamp without time zone, upper timestamp without time zone, note text)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
  WITH covered AS (
    SELECT coalesce(range_agg(r.range), '{}'::tsmultirange) AS ranges
    FROM pg_inherits AS i, mvc.partition_range(i.inhrelid) AS r (range) WHERE i.inhparent = target AND r.range IS NOT NULL
  ), period AS (
    SELECT s.starts, tsrange(mvc.instant(s.starts, kind, timezone),
      mvc.instant(s.starts + mvc.period_length(unit), kind, timezone)) AS range
    FROM mvc.period_starts(unit, ahead, timezone) AS s (starts)
  ), gap AS (
    SELECT p.starts, p.range AS whole, g.range,
      CASE WHEN lower(g.range) = lower(p.range) THEN p.starts WHEN kind <> 'timestamptz' THEN lower(g.range)
           ELSE lower(g.range) AT TIME ZONE 'UTC' AT TIME ZONE timezone END AS begins
    FROM period AS p, covered AS c, unnest(tsmultirange(p.range) - c.ranges) AS g (range)
  )
  SELECT mvc.partition_name(table_name, unit, g.starts, g.begins), lower(g.range), upper(g.range),
    CASE WHEN g.range <> g.whole THEN 'other partitions cover the rest of this ' || unit END
  FROM gap AS g
$$;
CREATE FUNCTION mvc.moments(shown timestamp without time zone, zone text, fixed boolean) RETURNS SETOF timestamp with time zone
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  found timestamptz[] := ARRAY(
    SELECT m.at FROM (SELECT (shown AT TIME ZONE zone) + make_interval(mins => n) AS at FROM generate_series(-180, 180, 30) AS n) AS m
    WHERE m.at AT TIME ZONE zone = shown ORDER BY m.at);
BEGIN
  IF NOT fixed THEN
    RETURN QUERY SELECT unnest(found);
  ELSIF cardinality(found) > 0 THEN
    RETURN NEXT found[1];
  ELSE
    RETURN QUERY SELECT s.later AT TIME ZONE zone FROM (SELECT shown + make_interval(mins => n) AS later FROM generate_series(1, 180) AS n) AS s
    WHERE (s.later AT TIME ZONE zone) AT TIME ZONE zone = s.later ORDER BY s.later LIMIT 1;
  END IF;
END $$;
CREATE FUNCTION mvc.move_stored(former name, definition jsonb, companions jsonb, as_recorded boolean) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  now_called name := definition #>> '{storage,1}';
BEGIN
  UPDATE mvc.stored_relation AS s SET stored_name = now_called, companions = move_stored.companions WHERE s.stored_name = former;
  INSERT INTO mvc.turn (work) VALUES ('refresh ' || now_called) ON CONFLICT DO NOTHING;
  UPDATE mvc.frozen_relation AS f SET stored_name = now_called WHERE f.stored_name = former;
  UPDATE mvc.released_view AS r SET released = jsonb_build_object('definition', d.definition) || r.released
  FROM mvc.deployed_view AS d WHERE d.stored_name = former AND d.view_schema = r.view_schema AND d.view_name = r.view_name;
  UPDATE mvc.deployed_view AS d SET stored_name = now_called, definition = move_stored.definition,
    recorded = CASE WHEN as_recorded THEN mvc.objects_of(move_stored.definition) ELSE d.recorded END
  WHERE d.stored_name = former AND d.view_schema = move_stored.definition ->> 'schema' AND d.view_name = move_stored.definition ->> 'name';
END $$;
CREATE FUNCTION mvc.moved(stored mvc.stored_relation) RETURNS text
    LANGUAGE plpgsql
    AS $_$
DECLARE
  unseen text := (
    SELECT string_agg(format('CASE WHEN EXISTS (SELECT FROM ONLY %1$I.%2$I AS l WHERE NOT pg_visible_in_snapshot(l.mvc_at, $1))'
                             ' OR (SELECT k.mvc_at FROM %1$I.%3$I AS k ORDER BY k.mvc_at DESC LIMIT 1) >= pg_snapshot_xmin($1) THEN %2$L END',
                             'mvc', w.log, mvc.kept_of(w.log)), ', ')
    FROM unnest(stored.watches) AS w (log));
  causes text[];
BEGIN
  -- The view of the causes looks for the cursor of the table that it was made for: where that one was renamed by hand, it would find none, and no change.
  IF EXISTS (
    SELECT FROM pg_rewrite AS w JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass
    JOIN pg_class AS c ON c.oid = d.refobjid AND c.relkind = 'r' AND c.relnamespace = to_regnamespace('mvc')
    WHERE w.ev_class = to_regclass(format('%I.%I', 'mvc', stored.companions ->> 'causes'))
      AND c.relname NOT IN ('stored_relation', stored.stored_name) AND c.relname <> ALL (stored.watches)
  ) THEN
    RAISE EXCEPTION 'relation "%.%" does not exist', 'mvc', stored.stored_name USING ERRCODE = 'undefined_table';
  END IF;
  EXECUTE format('SELECT ARRAY[%s]::text[]', unseen) INTO causes USING stored.cursor;
  causes := array_remove(causes, NULL) || ARRAY['time'] || CASE WHEN stored.as_of::date <> current_date THEN ARRAY['date'] END;
  RETURN format('SELECT DISTINCT %s FROM %I.%I WHERE mvc_cause = ANY (%L)', mvc.key_columns(stored), 'mvc',
                stored.companions ->> 'causes', causes);
END $_$;
CREATE FUNCTION mvc.moving_words(parent regclass, fallback regclass, key name, lower text, upper text) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
DECLARE
  columns constant text := (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute AS a
                            WHERE a.attrelid = parent AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '');
  those constant text := format('FROM %s WHERE %I >= %L AND %2$I < %4$L', fallback, key, lower, upper);
BEGIN
  RETURN format('move them: ALTER TABLE %s DETACH PARTITION %s; then mvc partitions; then BEGIN; '
                'INSERT INTO %1$s (%3$s) OVERRIDING SYSTEM VALUE SELECT %3$s %4$s; DELETE %4$s; ALTER TABLE %1$s ATTACH PARTITION %2$s DEFAULT; COMMIT;',
                parent, fallback, columns, those);
END $_$;
CREATE FUNCTION mvc.name_beside(stored_name name, word text) RETURNS name
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT CASE WHEN octet_length(stored_name) + length(word) < 63 THEN concat(stored_name, '_', word) ELSE concat(word, '_', md5(stored_name)) END::name
$$;
CREATE FUNCTION mvc.name_printed(kind text, name_schema name, named name, arguments text) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT CASE kind WHEN 'view' THEN mvc.printed(format('%I.%I', name_schema, named)) ELSE (
    SELECT 'f ' || md5(concat_ws(' ', p.prosrc, p.prosecdef, p.proconfig, pg_get_function_arguments(p.oid), pg_get_function_result(p.oid)))
    FROM pg_proc AS p WHERE p.pronamespace = to_regnamespace(quote_ident(name_schema)) AND p.proname = named AND oidvectortypes(p.proargtypes) = arguments) END
$$;
CREATE FUNCTION mvc.named_in(body text) RETURNS TABLE(class oid, object oid)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
DECLARE
  calls constant name[] := ARRAY(SELECT mvc.calls_in(body));
  words constant name[] := ARRAY(SELECT mvc.words_in(body));
  operators constant name[] := ARRAY(SELECT mvc.operators_in(body));
  schemas constant oid[] := ARRAY(SELECT mvc.schemas_in(body));
BEGIN
  RETURN QUERY
  SELECT 'pg_proc'::regclass::oid, p.oid FROM pg_proc AS p WHERE p.proname = ANY (calls) AND p.pronamespace = ANY (schemas)
  UNION ALL SELECT 'pg_operator'::regclass, o.oid FROM pg_operator AS o WHERE o.oprname = ANY (operators) AND o.oprnamespace = ANY (schemas)
  UNION ALL SELECT 'pg_type'::regclass, t.oid FROM pg_type AS t WHERE t.typname = ANY (words) AND t.typnamespace = ANY (schemas) AND t.typtype IN ('d', 'e', 'r', 'm')
  UNION ALL SELECT 'pg_rewrite'::regclass, r.oid FROM pg_class AS c JOIN pg_rewrite AS r ON r.ev_class = c.oid AND r.rulename = '_RETURN'
  WHERE c.relname = ANY (words) AND c.relnamespace = ANY (schemas) AND c.relkind = 'v';
END $$;
CREATE FUNCTION mvc.names_meant(stored mvc.stored_relation, queries regclass[]) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  RETURN (
    WITH now AS (
      SELECT n.key, n.value FROM jsonb_each_text(mvc.names_read(queries)) AS n
    ), was AS (
      SELECT w.key, w.value FROM jsonb_each_text((stored).proven -> 'names') AS w
    ), other AS (
      SELECT n.key, row_number() OVER (ORDER BY n.value) AS place FROM now AS n WHERE n.value NOT IN (SELECT w.value FROM was AS w)
    ), lost AS (
      SELECT w.value, row_number() OVER (ORDER BY w.value) AS place FROM was AS w WHERE w.value NOT IN (SELECT n.value FROM now AS n)
    )
    SELECT coalesce(jsonb_object_agg(n.key, coalesce(
      CASE WHEN (stored).proven ->> 'place' = mvc.this_database() THEN (SELECT w.value FROM was AS w WHERE w.key = n.key)
           ELSE (SELECT l.value FROM other AS o JOIN lost AS l USING (place) WHERE o.key = n.key) END, n.value)), '{}') FROM now AS n
  );
END $$;
CREATE FUNCTION mvc.names_read(queries regclass[]) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  RETURN (
    SELECT coalesce(jsonb_object_agg(c.oid::text, format('%I.%I', n.nspname, c.relname)), '{}') FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname <> 'mvc' AND c.oid IN (
      SELECT d.refobjid FROM pg_rewrite AS w JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass
      WHERE w.ev_class = ANY (queries))
  );
END $$;
CREATE FUNCTION mvc.note_code(stored_name name) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  UPDATE mvc.stored_relation AS s
  SET made_with = s.made_with || jsonb_build_object('asked', a.asked, 'found', mvc.code_now(a.asked) || (s.made_with -> 'found'))
  FROM (SELECT mvc.code_asked(t) FROM mvc.stored_relation AS t WHERE t.stored_name = note_code.stored_name) AS a (asked)
  WHERE s.stored_name = note_code.stored_name AND s.made_with IS NOT NULL
$$;
CREATE FUNCTION mvc.note_lost_changes() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET lock_timeout TO '200ms'
    AS $$
DECLARE
  lost bigint;
BEGIN
  IF pg_current_xact_id_if_assigned() IS NOT NULL THEN
    RETURN;
  END IF;
  lost := mvc.lost_changes();
  WITH behind AS (
    UPDATE mvc.watched_table AS w SET lost_changes = lost WHERE w.lost_changes <> lost RETURNING w.log
  )
  INSERT INTO mvc.unknown_change (log, at, why, earlier) SELECT b.log, pg_current_xact_id(), mvc.lost_words(), true FROM behind AS b;
EXCEPTION WHEN lock_not_available OR undefined_table THEN  -- the refresh itself then says what is missing
  RETURN;
END $$;
CREATE FUNCTION mvc.note_replaced(view_schema name, view_name name, definition jsonb) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  INSERT INTO mvc.replaced_view (deployment, view_schema, view_name, definition)
  SELECT max(d.id), note_replaced.view_schema, note_replaced.view_name, note_replaced.definition FROM mvc.deployment AS d
  ON CONFLICT ON CONSTRAINT replaced_view_pkey DO UPDATE SET definition = excluded.definition
$$;
CREATE FUNCTION mvc.numbers(times jsonb, field text) RETURNS integer[]
    LANGUAGE sql STABLE
    AS $$ SELECT ('{' || btrim(times ->> field, '[]') || '}')::integer[] $$;
CREATE FUNCTION mvc.objects_of(definition jsonb) RETURNS jsonb
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO, MDY'
    SET "IntervalStyle" TO 'postgres'
    SET extra_float_digits TO '1'
    SET bytea_output TO 'hex'
    SET quote_all_identifiers TO 'off'
    AS $$
  SELECT mvc.roles_of(definition) || CASE WHEN (definition ->> 'apart')::boolean THEN '{"apart": true}'::jsonb ELSE '{}' END || jsonb_build_object(
    'exposure', mvc.printed(format('%I.%I', definition ->> 'schema', definition ->> 'name')),
    'arms', (SELECT coalesce(jsonb_object_agg(arm ->> 'name', mvc.printed(format('%I.%I', 'mvc', arm ->> 'name'))), '{}')
             FROM jsonb_array_elements(definition #> '{exposure,arms}') AS arm),
    'indexes', (SELECT coalesce(jsonb_object_agg(i.relname, pg_get_indexdef(i.oid)), '{}')
                FROM pg_index AS x JOIN pg_class AS i ON i.oid = x.indexrelid
                WHERE x.indrelid = to_regclass(format('%I.%I', 'mvc', definition #>> '{storage,1}'))))
$$;
CREATE FUNCTION mvc.obstacle(target oid, views oid[], columns name[]) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
BEGIN
  RETURN (
    SELECT string_agg(DISTINCT found.what, ', ') FROM (
      SELECT pg_describe_object('pg_class'::regclass, c.oid, 0) AS what FROM pg_class AS c WHERE c.oid = ANY (views) AND c.relkind <> 'v'
      UNION ALL
      SELECT pg_describe_object(d.classid, d.objid, 0)
      FROM pg_depend AS d
      WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = ANY (target || views) AND d.deptype IN ('n', 'e', 'x')
        AND d.classid NOT IN ('pg_rewrite'::regclass, 'pg_trigger'::regclass, 'pg_attrdef'::regclass)
        AND NOT (d.classid = 'pg_class'::regclass AND d.objid = ANY (views))
      UNION ALL
      SELECT pg_describe_object('pg_type'::regclass, t.oid, 0) || ' in ' || pg_describe_object(d.classid, d.objid, d.objsubid)
      FROM pg_class AS c JOIN pg_type AS t ON t.oid = c.reltype OR t.typelem = c.reltype AND t.typcategory = 'A'
      JOIN pg_depend AS d ON d.refclassid = 'pg_type'::regclass AND d.refobjid = t.oid AND d.deptype = 'n'
      WHERE c.oid = ANY (target || views) AND NOT (d.classid = 'pg_rewrite'::regclass
        AND (SELECT r.ev_class FROM pg_rewrite AS r WHERE r.oid = d.objid) = ANY (views))
      UNION ALL
      SELECT format('the view %s, which belongs to %I,', c.oid::regclass, pg_get_userbyid(c.relowner))
      FROM pg_class AS c WHERE c.oid = ANY (views) AND NOT pg_has_role(c.relowner, 'USAGE')
      UNION ALL
      SELECT 'extension membership of ' || v::regclass::text FROM unnest(target || views) AS v
      WHERE EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = v AND deptype IN ('e', 'x'))
      UNION ALL
      SELECT DISTINCT format('column %s of %s, which the view %s reads,', a.attname, target::regclass, r.ev_class::regclass)
      FROM pg_depend AS d JOIN pg_rewrite AS r ON r.oid = d.objid AND d.classid = 'pg_rewrite'::regclass
      JOIN pg_attribute AS a ON a.attrelid = target AND a.attnum = d.refobjsubid
      WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = target AND d.refobjsubid > 0 AND r.ev_class <> target
        AND a.attname <> ALL (columns)
    ) AS found
  );
END $$;
CREATE FUNCTION mvc.oids(listed jsonb) RETURNS oid[]
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  RETURN (SELECT ARRAY(SELECT value::oid FROM jsonb_array_elements_text(listed)));
END $$;
CREATE FUNCTION mvc.old_partitions(target oid, unit text, keep interval, kind text, timezone text) RETURNS TABLE(named name, lower timestamp without time zone, upper timestamp without time zone, note text)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT c.relname, lower(r.range), upper(r.range), CASE WHEN n.oid <> p.relnamespace THEN format('in the schema %I', n.nspname) END
  FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
  JOIN pg_class AS p ON p.oid = i.inhparent, mvc.partition_range(c.oid) AS r (range)
  WHERE i.inhparent = target AND isfinite(lower(r.range))
    AND upper(r.range) <= mvc.instant((SELECT min(s) FROM mvc.period_starts(unit, 0, timezone) AS s) - keep, kind, timezone)
$$;
CREATE FUNCTION mvc.open_monitoring(refreshers name[], monitors name[], project text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
DECLARE
  places jsonb := mvc.known_places();
  guest record;
BEGIN
  FOR guest IN
    SELECT named.role, bool_or(named.refreshes) AS refreshes FROM (
      SELECT unnest(refreshers), true UNION ALL SELECT unnest(monitors), false
      UNION ALL SELECT r.role, r.list = 'refresh_roles'
      FROM mvc.current_target AS t
      CROSS JOIN LATERAL (VALUES ('refresh_roles', t.target -> 'refresh_roles'), ('monitor_roles', t.target #> '{operations,monitor_roles}')) AS l (list, roles)
      CROSS JOIN LATERAL (SELECT l.list, e.value::name AS role FROM jsonb_array_elements_text(l.roles) AS e) AS r
      WHERE t.project <> open_monitoring.project AND EXISTS (SELECT FROM pg_roles AS known WHERE known.rolname = r.role)
    ) AS named (role, refreshes) GROUP BY named.role
  LOOP
    EXECUTE format('GRANT USAGE ON SCHEMA %s TO %I', 'mvc', guest.role);
    EXECUTE format('GRANT SELECT ON %1$s.current_target, %1$s.view_status, %1$s.refreshes, %1$s.promises, %1$s.problems, %1$s.change_logs, %1$s.deployed_view, %1$s.deployment,'
                   ' %1$s.installation, %1$s.replaced_view, %1$s.stored_relation, %1$s.watched_table TO %2$I', 'mvc', guest.role);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %1$s.usage(integer), %1$s.queued_groups(name, name), %1$s.sizes_at_once(oid), %1$s.is_lost(xid, integer, timestamptz),'
                   ' %1$s.is_locked(xid) TO %2$I', 'mvc', guest.role);
    IF guest.refreshes THEN
      EXECUTE format('GRANT EXECUTE ON ROUTINE %1$s.alert(), %1$s.refresh_project(text), %1$s.refresh_order(text)'
                     ' TO %2$I', 'mvc', guest.role);
    END IF;
  END LOOP;
  PERFORM mvc.keep_places(places);
END $_$;
CREATE FUNCTION mvc.open_name(kind text, name_schema name, named name, arguments text, users name[], described text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  target text := CASE kind WHEN 'view' THEN format('%I.%I', name_schema, named) ELSE format('%I.%I(%s)', name_schema, named, arguments) END;
  described_fully text := format('%s %s)', described, mvc.name_printed(kind, name_schema, named, arguments));
  role name;
BEGIN
  IF kind = 'view' THEN
    PERFORM mvc.revoke_all('TABLE', target, c.relowner, (
      SELECT array_agg(given.entry) FROM (SELECT unnest(c.relacl) UNION ALL
        SELECT unnest(a.attacl) FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attacl IS NOT NULL) AS given (entry)))
    FROM pg_class AS c WHERE c.oid = target::regclass;
    EXECUTE format('COMMENT ON VIEW %I.%I IS %L', name_schema, named, described_fully);
  ELSE
    PERFORM mvc.revoke_all('FUNCTION', target, p.proowner, p.proacl) FROM pg_proc AS p WHERE p.oid = target::regprocedure;
    EXECUTE format('COMMENT ON FUNCTION %s IS %L', target::regprocedure, described_fully);
  END IF;
  FOREACH role IN ARRAY users LOOP
    IF kind = 'view' THEN
      EXECUTE format('GRANT SELECT ON %I.%I TO %I', name_schema, named, role);
    ELSE
      EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', target::regprocedure, role);
    END IF;
  END LOOP;
END $$;
CREATE FUNCTION mvc.operators_in(body text) RETURNS SETOF name
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT DISTINCT m[1]::name FROM regexp_matches(body, '[-+*/<>=~!@#%^&|`?]+', 'g') AS m
$$;
CREATE FUNCTION mvc.outcome_of(run bigint) RETURNS jsonb
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT jsonb_build_object('view', format('%I.%I', l.view_schema, l.view_name), 'error', l.error, 'sqlstate', l.sqlstate, 'hint', CASE
    WHEN l.sqlstate = '57014' AND current_setting('statement_timeout') <> '0'
    THEN format('the session has statement_timeout = %s: SET statement_timeout = 0 before the CALL, or ALTER ROLE %I SET statement_timeout = 0',
                current_setting('statement_timeout'), l.refreshed_by) END)
  FROM mvc.refresh_log AS l WHERE l.id = outcome_of.run AND l.refreshed_by = session_user
$$;
CREATE FUNCTION mvc.outdated(stored mvc.stored_relation) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  now constant jsonb := mvc.code_now(((stored).made_with -> 'asked') - 'settings');
  then_ constant jsonb := (SELECT coalesce(jsonb_object_agg(f.key, f.value), '{}') FROM jsonb_each((stored).made_with -> 'found') AS f WHERE f.key NOT LIKE 'the setting %');
BEGIN
  RETURN CASE WHEN (stored).made_with IS NOT NULL AND now <> then_ THEN
    mvc.code_changed(jsonb_build_object('found', then_), jsonb_build_object('found', now)) END;
END $$;
CREATE FUNCTION mvc.own_again(relation regclass) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  roles constant name[] := mvc.roles_of_projects();
  owner constant oid := (SELECT n.nspowner FROM pg_namespace AS n WHERE n.nspname = 'mvc');
  there pg_class := (SELECT c FROM pg_class AS c WHERE c.oid = relation);
  allowed text[];
  change text;
BEGIN
  EXECUTE format('ALTER %s %s OWNER TO %I', mvc.kind_word(there.relkind), relation, pg_get_userbyid(there.relowner));  -- changes nothing, and locks it
  there := (SELECT c FROM pg_class AS c WHERE c.oid = relation);
  EXECUTE format('ALTER %s %s OWNER TO %I', mvc.kind_word(there.relkind), relation, pg_get_userbyid(owner));
  IF mvc.is_trusted(there.relowner, roles) THEN
    RETURN;
  END IF;
  LOOP  -- one by one: some of it goes with other of it, and some is its own only then
    change := (SELECT a.change FROM mvc.added_to(relation) AS a ORDER BY a.place LIMIT 1);
    EXIT WHEN change IS NULL;
    EXECUTE change;
  END LOOP;
  PERFORM mvc.revoke_all('TABLE', relation::text, owner, (
    SELECT array_agg(entry) FROM (SELECT unnest(c.relacl) UNION ALL
      SELECT unnest(a.attacl) FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attacl IS NOT NULL) AS given (entry)))
  FROM pg_class AS c WHERE c.oid = relation;
  allowed := ARRAY(SELECT DISTINCT jsonb_array_elements_text(s.proven -> 'allowed') FROM mvc.stored_relation AS s);
  IF there.relkind <> 'v' THEN  -- a view is about to be replaced by what is proven then
    PERFORM mvc.expect_trusted_sources(relation::text, ARRAY[relation::oid], '{}', roles, allowed), mvc.expect_trusted(ARRAY[relation], relation::text, roles, allowed);
  END IF;
END $$;
CREATE FUNCTION mvc.own_log(log name) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  anothers regclass;
  change text;
BEGIN
  FOR anothers IN
    SELECT c.oid::regclass FROM pg_namespace AS n
    JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname IN (own_log.log, mvc.kept_of(own_log.log)) AND c.relowner <> n.nspowner
    WHERE n.nspname = 'mvc' ORDER BY c.relname = own_log.log  -- what inherits from the log first
  LOOP
    PERFORM mvc.take_back(anothers);
  END LOOP;
  FOR change IN
    SELECT format(d.change, c.oid::regclass, pg_get_userbyid(n.nspowner)) FROM pg_namespace AS n
    JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = 'lost_change' AND c.relowner <> n.nspowner
    CROSS JOIN (VALUES ('ALTER SEQUENCE %s OWNER TO %I'), ('ALTER SEQUENCE %s AS bigint INCREMENT 1 NO MINVALUE NO MAXVALUE CACHE 1 NO CYCLE')) AS d (change)
    WHERE n.nspname = 'mvc'
    UNION ALL
    SELECT format('ALTER %s %s SET LOGGED', CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, c.oid::regclass) FROM pg_class AS c
    WHERE c.relnamespace = to_regnamespace('mvc') AND c.relname IN (own_log.log, mvc.kept_of(own_log.log), 'unknown_change', 'lost_change') AND c.relpersistence = 'u'
    UNION ALL
    SELECT format('ALTER TABLE %s ALTER COLUMN %I SET DEFAULT %s', a.attrelid::regclass, a.attname, CASE a.attname WHEN 'earlier' THEN 'false' ELSE 'pg_current_xact_id()' END)
    FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND NOT a.atthasdef AND NOT a.attisdropped
    WHERE c.relnamespace = to_regnamespace('mvc')
      AND (c.relname = own_log.log AND a.attname = 'mvc_at' OR c.relname = 'unknown_change' AND a.attname IN ('at', 'earlier'))
    UNION ALL
    SELECT format('ALTER FUNCTION %s OWNER TO %I', p.oid::regprocedure, pg_get_userbyid(n.nspowner)) FROM pg_namespace AS n
    JOIN pg_proc AS p ON p.oid = to_regproc(format('%I.%I', n.nspname, own_log.log)) AND p.proowner <> n.nspowner
    WHERE n.nspname = 'mvc'
  LOOP
    EXECUTE change;
  END LOOP;
END $$;
CREATE FUNCTION mvc.own_unknown_changes() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  PERFORM mvc.take_back(c.oid::regclass) FROM pg_namespace AS n
  JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = 'unknown_change' AND c.relowner <> n.nspowner WHERE n.nspname = 'mvc';
  IF mvc.is_ruled('unknown_change') OR to_regclass('mvc' || '.unknown_change') IS NULL THEN
    DROP TABLE IF EXISTS mvc.unknown_change;
    CREATE TABLE mvc.unknown_change (
      log name NOT NULL, at xid8 NOT NULL DEFAULT pg_current_xact_id(), why text NOT NULL, earlier boolean NOT NULL DEFAULT false);
    PERFORM mvc.seal('unknown_change');
  END IF;
END $$;
CREATE FUNCTION mvc.owners_now(relations oid[], code oid[]) RETURNS text[]
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  RETURN ARRAY(
    SELECT concat_ws(' ', 'pg_class', c.oid, c.relowner, c.relkind) FROM pg_class AS c WHERE c.oid = ANY (relations)
    UNION ALL SELECT concat_ws(' ', 'pg_proc', p.oid, p.proowner) FROM pg_proc AS p WHERE p.oid = ANY (code)
    UNION ALL SELECT concat_ws(' ', 'pg_operator', o.oid, o.oprowner) FROM pg_operator AS o WHERE o.oid = ANY (code)
    UNION ALL SELECT concat_ws(' ', 'pg_type', t.oid, t.typowner) FROM pg_type AS t WHERE t.oid = ANY (code)
    ORDER BY 1);
END $$;
CREATE FUNCTION mvc.owners_of(relations oid[]) RETURNS TABLE(named oid, relation oid, owner oid)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET work_mem TO '64kB'
    AS $$
BEGIN
  RETURN QUERY
  WITH RECURSIVE family (named, relation, above) AS (
    SELECT r, r, false FROM unnest(relations) AS r
    UNION SELECT f.named, kin.oid, kin.above FROM family AS f CROSS JOIN LATERAL (
      SELECT i.inhrelid, false FROM pg_inherits AS i WHERE i.inhparent = f.relation AND NOT f.above
      UNION ALL SELECT i.inhparent, true FROM pg_inherits AS i JOIN pg_class AS p ON p.oid = i.inhrelid AND p.relispartition WHERE i.inhrelid = f.relation
      UNION ALL SELECT d.refobjid, false FROM pg_class AS v JOIN pg_rewrite AS w ON w.ev_class = v.oid
      JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass
      WHERE v.oid = f.relation AND v.relkind = 'v' AND v.relnamespace IS DISTINCT FROM to_regnamespace('mvc')) AS kin (oid, above)
  )
  SELECT DISTINCT f.named, f.relation, o.owner FROM family AS f JOIN pg_class AS c ON c.oid = f.relation AND c.relkind IN ('r', 'p', 'f', 'm')
  LEFT JOIN pg_foreign_table AS t ON t.ftrelid = c.oid LEFT JOIN pg_foreign_server AS s ON s.oid = t.ftserver
  LEFT JOIN pg_foreign_data_wrapper AS w ON w.oid = s.srvfdw
  CROSS JOIN unnest(ARRAY[c.relowner, s.srvowner, w.fdwowner]) AS o (owner) WHERE o.owner IS NOT NULL;
END $$;
CREATE FUNCTION mvc.partition_bound(said text) RETURNS timestamp without time zone
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO, MDY'
    AS $$
  SELECT CASE WHEN said LIKE '''%' THEN trim(said, '''')::timestamptz AT TIME ZONE 'UTC' END
$$;
CREATE FUNCTION mvc.partition_log_end() RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT coalesce(max(l.id), 0) FROM mvc.partition_log AS l
$$;
CREATE FUNCTION mvc.partition_name(table_name name, unit text, starts timestamp without time zone, begins timestamp without time zone) RETURNS name
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT (CASE WHEN octet_length(table_name::text || ending.text) <= 62 THEN table_name::text
    ELSE (SELECT left(table_name::text, n) FROM generate_series(length(table_name::text), 1, -1) AS n
          WHERE octet_length(left(table_name::text, n) || ending.text) <= 55 LIMIT 1) || '_' || left(md5(table_name::text), 6)
    END || ending.text)::name
  FROM (SELECT to_char(starts, CASE unit WHEN 'day' THEN '"_"FMYYYY"_"MM"_"DD' WHEN 'week' THEN '"_"FMIYYY"_w"IW' WHEN 'month' THEN '"_"FMYYYY"_"MM'
                                       WHEN 'quarter' THEN '"_"FMYYYY"_q"Q' ELSE '"_"FMYYYY' END)
               || CASE WHEN begins <> starts THEN to_char(begins, '"_from_"FMYYYY"_"MM"_"DD') ELSE '' END
               || CASE WHEN begins <> date_trunc('day', begins) THEN to_char(begins, '"_"HH24MI') ELSE '' END) AS ending (text)
$$;
CREATE FUNCTION mvc.partition_obstacle(target oid, column_name name, kind text) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT CASE
    WHEN c.oid IS NULL THEN 'there is no such table'
    WHEN c.relkind <> 'p' THEN 'it is not partitioned'
    WHEN c.relispartition THEN 'it is itself a partition'
    WHEN p.partstrat <> 'r' OR p.partnatts <> 1 OR p.partattrs[0] <> coalesce(a.attnum, -1) THEN format('it is not partitioned by ranges of %I', column_name)
    WHEN a.atttypid <> kind::regtype THEN format('%I is %s, no %s', column_name, format_type(a.atttypid, a.atttypmod), kind)
    WHEN EXISTS (SELECT FROM pg_inherits AS i JOIN pg_class AS child ON child.oid = i.inhrelid WHERE i.inhparent = c.oid AND child.relkind = 'p')
      THEN 'its partitions are partitioned themselves, and only one level is looked after'
  END
  FROM (SELECT) AS one LEFT JOIN pg_class AS c ON c.oid = target
  LEFT JOIN pg_partitioned_table AS p ON p.partrelid = c.oid
  LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = column_name AND NOT a.attisdropped
$$;
CREATE FUNCTION mvc.partition_range(partition oid) RETURNS tsrange
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO, MDY'
    SET standard_conforming_strings TO 'on'
    AS $_$
DECLARE
  said text[] := (SELECT regexp_match(pg_get_expr(c.relpartbound, c.oid), '^FOR VALUES FROM \((.*)\) TO \((.*)\)$')
                  FROM pg_class AS c WHERE c.oid = partition);
BEGIN
  IF said IS NULL THEN
    RETURN NULL;
  END IF;
  RETURN tsrange(mvc.partition_bound(said[1]), mvc.partition_bound(said[2]), '[)');
END $_$;
CREATE FUNCTION mvc.partition_readers(tables oid[]) RETURNS TABLE(place integer, view_schema name, view_name name)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET work_mem TO '64kB'
    AS $$
  WITH RECURSIVE reading (relation) AS (
    SELECT unnest(tables)
    UNION
    SELECT w.ev_class FROM reading AS r JOIN pg_depend AS d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = r.relation
    JOIN pg_rewrite AS w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid
  ), named AS (
    SELECT n.nspname AS home, c.relname AS name FROM reading AS r JOIN pg_class AS c ON c.oid = r.relation JOIN pg_namespace AS n ON n.oid = c.relnamespace
  ), touched (view_schema, view_name, project, called, place) AS (
    SELECT d.view_schema, d.view_name, d.project, mvc.called(d.view_schema, d.view_name, d.recorded), 1 FROM mvc.deployed_view AS d WHERE EXISTS (
      SELECT FROM named AS n WHERE n.home = 'mvc' AND n.name = d.stored_name
        OR EXISTS (SELECT FROM jsonb_array_elements_text(d.definition -> 'reads') AS r (text) WHERE starts_with(r.text, n.home || '.' || n.name || '.')))
    UNION
    SELECT d.view_schema, d.view_name, d.project, mvc.called(d.view_schema, d.view_name, d.recorded), t.place + 1 FROM touched AS t
    JOIN mvc.deployed_view AS d ON d.project = t.project AND d.definition -> 'upstream' ? t.called::text
    WHERE t.place < 1000
  )
  SELECT max(t.place)::integer, t.view_schema, t.view_name FROM touched AS t
  JOIN mvc.deployed_view AS d USING (view_schema, view_name) WHERE d.kind = 'materialized'
  GROUP BY t.view_schema, t.view_name ORDER BY 1, 2, 3
$$;
CREATE FUNCTION mvc.partition_run(project text, task text, last boolean DEFAULT true) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO, MDY'
    SET lock_timeout TO '80ms'
    AS $$
DECLARE
  due record;
  message text;
  state text;
  remark text;
BEGIN
  IF NOT mvc.take_turn('partitions') THEN
    RETURN 'busy';
  END IF;
  SELECT t.* INTO due FROM mvc.partition_tasks(partition_run.project) AS t WHERE t.task = partition_run.task;
  IF due.task IS NULL THEN
    RETURN 'gone';
  END IF;
  BEGIN
    IF due.action = 'fail' THEN
      RAISE EXCEPTION '%', due.note USING ERRCODE = 'wrong_object_type';
    ELSIF due.action = 'create' THEN
      PERFORM mvc.expect_trusted_table(partition_run.project, format('%I.%I', due.table_schema, due.table_name)::regclass);
      IF mvc.guard_default(due.table_schema, due.table_name, due.lower, due.upper) THEN
        RETURN 'again';
      END IF;
      PERFORM mvc.create_partition(due.table_schema, due.table_name, due.partition_name, due.lower, due.upper);
    ELSE
      remark := mvc.retire_partition(due.table_schema, due.table_name, due.lower, due.upper, due.action = 'drop');
    END IF;
    INSERT INTO mvc.partition_log (project, table_schema, table_name, action, partition_name, lower, upper, note)
    VALUES (partition_run.project, due.table_schema, due.table_name,
            CASE due.action WHEN 'create' THEN 'created' WHEN 'drop' THEN 'dropped' ELSE 'detached' END,
            due.partition_name, due.lower, due.upper, nullif(concat_ws('; ', due.note, remark), ''));
    RETURN 'done';
  EXCEPTION WHEN OTHERS THEN  -- but for a cancel, which ends the whole run
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, state = RETURNED_SQLSTATE;
  END;
  IF state IN ('55P03', '40P01') AND NOT last THEN
    RETURN 'busy';
  END IF;
  IF due.action = 'create' THEN
    remark := mvc.drop_guards(due.table_schema, due.table_name);
  END IF;
  INSERT INTO mvc.partition_log (project, table_schema, table_name, action, partition_name, lower, upper, note, error, sqlstate)
  VALUES (partition_run.project, due.table_schema, due.table_name, 'failed', due.partition_name, due.lower, due.upper,
          nullif(concat_ws('; ', due.note, remark), ''),
          CASE state WHEN '55P03' THEN 'somebody kept a lock on the table for too long: ' || message ELSE message END, state);
  RETURN 'failed';
END $$;
CREATE FUNCTION mvc.partition_table(parent regclass, named name) RETURNS oid
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  whole pg_class := (SELECT c FROM pg_class AS c WHERE c.oid = parent);
  home name := (SELECT n.nspname FROM pg_namespace AS n WHERE n.oid = whole.relnamespace);
  place text := format('%I.%I', 'mvc', whole.relname);
  made regclass;
BEGIN
  IF to_regclass(place) IS NOT NULL THEN
    place := format('%I.%I', home, named);
  END IF;
  EXECUTE format('CREATE TABLE %s (LIKE %s INCLUDING CONSTRAINTS INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING STORAGE INCLUDING COMPRESSION'
                 ') %s', place, parent, mvc.storage_of(parent));
  made := place::regclass;
  PERFORM mvc.run_each(ARRAY(SELECT p.statement FROM mvc.policies_of(parent, made) AS p));
  IF to_regclass(format('%I.%I', home, named)) IS DISTINCT FROM made THEN
    EXECUTE format('ALTER TABLE %s RENAME TO %I', made, named);
    EXECUTE format('ALTER TABLE %s SET SCHEMA %I', made, home);
  END IF;
  IF whole.relowner <> (SELECT c.relowner FROM pg_class AS c WHERE c.oid = made) THEN
    EXECUTE format('ALTER TABLE %s OWNER TO %I', made, pg_get_userbyid(whole.relowner));
  END IF;
  PERFORM mvc.revoke_all('TABLE', made::text, c.relowner, c.relacl) FROM pg_class AS c WHERE c.oid = made;
  PERFORM mvc.run_each(ARRAY(SELECT g.statement FROM mvc.grants_of(parent, made) AS g));
  RETURN made;
END $$;
CREATE FUNCTION mvc.partition_tasks(project text) RETURNS TABLE(task text, action text, table_schema name, table_name name, partition_name name, lower text, upper text, note text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO, MDY'
    AS $$
DECLARE
  item record;
  target oid;
  obstacle text;
BEGIN
  IF NOT EXISTS (SELECT FROM mvc.deployment AS d WHERE d.project = partition_tasks.project) THEN
    RAISE EXCEPTION 'no project % is deployed here', quote_literal(project) USING ERRCODE = 'undefined_object';
  END IF;
  FOR item IN SELECT * FROM mvc.partitionings(partition_tasks.project) AS p ORDER BY p.place LOOP
    target := to_regclass(format('%I.%I', item.table_schema, item.table_name));
    obstacle := mvc.partition_obstacle(target, item.column_name, item.kind);
    IF obstacle IS NOT NULL THEN
      RETURN QUERY SELECT format('fail %I.%I', item.table_schema, item.table_name), 'fail'::text, item.table_schema, item.table_name,
        NULL::name, NULL::text, NULL::text, obstacle;
      CONTINUE;
    END IF;
    RETURN QUERY
      SELECT format('%s %I.%I %I', due.action, item.table_schema, item.table_name, due.named), due.action, item.table_schema, item.table_name,
        due.named, mvc.spelled_bound(due.lower, item.kind), mvc.spelled_bound(due.upper, item.kind), due.note
      FROM (
        SELECT 1 AS step, 'create' AS action, m.named, m.lower, m.upper, m.note
        FROM mvc.missing_partitions(target, item.table_name, item.unit, item.ahead, item.kind, item.timezone) AS m
        UNION ALL
        SELECT 2, item.retire, o.named, o.lower, o.upper, o.note
        FROM mvc.old_partitions(target, item.unit, item.keep, item.kind, item.timezone) AS o
      ) AS due ORDER BY due.step, due.lower;
  END LOOP;
END $$;
CREATE PROCEDURE mvc.partition_work(IN project text, INOUT failed text[])
    LANGUAGE plpgsql
    AS $$
DECLARE
  began bigint;
  tasks pg_catalog.text[];
  task pg_catalog.text;
  outcome pg_catalog.jsonb;
  reader pg_catalog.record;
  run pg_catalog.jsonb;
  ended pg_catalog.text;
BEGIN
  COMMIT;
  SET LOCAL search_path = pg_catalog, pg_temp;
  began := mvc.partition_log_end();
  tasks := (SELECT pg_catalog.array_agg(t.task) FROM mvc.partition_tasks(project) AS t);
  FOREACH task IN ARRAY coalesce(tasks, ARRAY[]::text[]) LOOP
    FOR attempt IN 1 .. 40 LOOP
      CALL mvc.committed('partition', jsonb_build_object('project', project, 'task', task, 'last', attempt = 40), outcome);
      SET LOCAL search_path = pg_catalog, pg_temp;
      EXIT WHEN outcome NOT IN ('"again"', '"busy"');
      PERFORM pg_catalog.pg_sleep(CASE outcome WHEN '"busy"' THEN 0.25 ELSE 0 END);
    END LOOP;
    IF outcome = '"failed"' THEN
      failed := failed || task;
    END IF;
  END LOOP;
  FOR reader IN SELECT s.view_schema, s.view_name FROM mvc.shrunk_views(began) AS s LOOP
    CALL mvc.committed('refresh', jsonb_build_object(
      'view_schema', reader.view_schema, 'view_name', reader.view_name, 'mode', 'full', 'schedule', 'partitions'), run);
    CALL mvc.refresh_work(run::bigint, NULL, ended);
    SET LOCAL search_path = pg_catalog, pg_temp;
    IF ended = 'failed' THEN
      failed := failed || format('the refresh of %I.%I', reader.view_schema, reader.view_name);
    END IF;
  END LOOP;
END $$;
CREATE FUNCTION mvc.partitionings(project text) RETURNS TABLE(place bigint, table_schema name, table_name name, column_name name, kind text, unit text, ahead integer, keep interval, retire text, timezone text)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT p.place, p.item ->> 'table_schema', p.item ->> 'table', p.item ->> 'column', p.item ->> 'kind', p.item ->> 'by',
         (p.item ->> 'ahead')::integer, (p.item ->> 'keep')::interval, p.item ->> 'retire', p.item ->> 'timezone'
  FROM (SELECT d.target FROM mvc.deployment AS d WHERE d.project = partitionings.project ORDER BY d.id DESC LIMIT 1) AS latest,
       jsonb_array_elements(latest.target -> 'partitions') WITH ORDINALITY AS p (item, place)
$$;
CREATE FUNCTION mvc.parts_meant(stored mvc.stored_relation, queries regclass[]) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  RETURN (
    SELECT coalesce(jsonb_object_agg(n.key, coalesce(
      CASE WHEN (stored).proven ->> 'place' = mvc.this_database() THEN (stored).proven -> 'parts' -> n.key END, n.value)), '{}')
    FROM jsonb_each(mvc.parts_read(queries)) AS n
  );
END $$;
CREATE FUNCTION mvc.parts_of_type(type oid) RETURNS SETOF oid
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  RETURN QUERY
  SELECT part.oid FROM pg_type AS t CROSS JOIN LATERAL (
    SELECT t.typelem WHERE t.typcategory = 'A' UNION ALL SELECT t.typbasetype UNION ALL
    SELECT a.atttypid FROM pg_attribute AS a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL SELECT r.rngtypid FROM pg_range AS r WHERE r.rngmultitypid = t.oid
    UNION ALL SELECT r.rngsubtype FROM pg_range AS r WHERE r.rngtypid = t.oid) AS part (oid)
  WHERE t.oid = parts_of_type.type AND part.oid >= 16384;
END $$;
CREATE FUNCTION mvc.parts_read(queries regclass[]) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  RETURN (
    WITH used AS (
      SELECT DISTINCT d.refclassid AS class, d.refobjid AS object, d.refobjsubid AS place FROM pg_rewrite AS w
      JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid IN (
        'pg_class'::regclass, 'pg_proc'::regclass, 'pg_type'::regclass, 'pg_collation'::regclass, 'pg_ts_config'::regclass)
      WHERE w.ev_class = ANY (queries) AND d.refobjid >= 16384
    )
    SELECT coalesce(jsonb_object_agg(p.key, p.name), '{}') FROM (
      SELECT concat(a.attrelid, ' ', a.attnum), a.attname::text FROM used AS u JOIN pg_class AS c ON c.oid = u.object AND c.relnamespace <> to_regnamespace('mvc')
      JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = u.place WHERE u.class = 'pg_class'::regclass AND u.place > 0
      UNION ALL SELECT f.oid::text, format('%I.%I', n.nspname, f.proname) FROM used AS u
      JOIN pg_proc AS f ON f.oid = u.object AND f.pronamespace <> to_regnamespace('mvc') JOIN pg_namespace AS n ON n.oid = f.pronamespace
      WHERE u.class = 'pg_proc'::regclass
      UNION ALL SELECT 'type:' || t.oid, t.oid::regtype::text FROM used AS u
      JOIN pg_type AS t ON t.oid = u.object AND t.typtype IN ('d', 'e', 'c', 'r') JOIN pg_namespace AS n ON n.oid = t.typnamespace AND n.oid <> to_regnamespace('mvc')
      WHERE u.class = 'pg_type'::regclass
      UNION ALL SELECT 'labels:' || e.enumtypid, jsonb_object_agg(e.oid::text, e.enumlabel)::text FROM used AS u
      JOIN pg_enum AS e ON e.enumtypid = u.object WHERE u.class = 'pg_type'::regclass GROUP BY e.enumtypid
      UNION ALL SELECT 'collation:' || c.oid, c.oid::regcollation::text FROM used AS u
      JOIN pg_collation AS c ON c.oid = u.object JOIN pg_namespace AS n ON n.oid = c.collnamespace WHERE u.class = 'pg_collation'::regclass
      UNION ALL SELECT 'config:' || c.oid, format('%I.%I', n.nspname, c.cfgname) FROM used AS u
      JOIN pg_ts_config AS c ON c.oid = u.object JOIN pg_namespace AS n ON n.oid = c.cfgnamespace WHERE u.class = 'pg_ts_config'::regclass
    ) AS p (key, name)
  );
END $$;
CREATE FUNCTION mvc.period_length(unit text) RETURNS interval
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT CASE unit WHEN 'quarter' THEN interval '3 months' ELSE ('1 ' || unit)::interval END
$$;
CREATE FUNCTION mvc.period_starts(unit text, ahead integer, timezone text, at timestamp with time zone DEFAULT now()) RETURNS SETOF timestamp without time zone
    LANGUAGE sql STABLE ROWS 12
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT date_trunc(unit, at AT TIME ZONE timezone) + n * mvc.period_length(unit) FROM generate_series(0, ahead) AS n
$$;
CREATE FUNCTION mvc.place_of(log name) RETURNS text
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
  written constant name[] := ARRAY[log, mvc.kept_of(log), 'unknown_change', 'lost_change'];
BEGIN
  RETURN (
    SELECT concat_ws(' ', n.xmin, (
      SELECT string_agg(c.xmin::text, ' ' ORDER BY c.relname) FROM pg_class AS c
      WHERE c.relnamespace = n.oid AND c.relname = ANY (written)))
    FROM pg_namespace AS n WHERE n.nspname = 'mvc');
END $$;
CREATE FUNCTION mvc.policies_of(parent oid, made regclass) RETURNS TABLE(statement text)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', made) FROM pg_class AS c WHERE c.oid = parent AND c.relrowsecurity
  UNION ALL
  SELECT format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', made) FROM pg_class AS c WHERE c.oid = parent AND c.relforcerowsecurity
  UNION ALL
  SELECT format('CREATE POLICY %I ON %s AS %s FOR %s TO %s', p.polname, made,
                CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
                CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
                (SELECT string_agg(CASE role WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(role)) END, ', ') FROM unnest(p.polroles) AS role))
         || coalesce(' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')', '')
         || coalesce(' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')', '')
  FROM pg_policy AS p WHERE p.polrelid = parent
$$;
CREATE FUNCTION mvc.possible_mode(definition jsonb, mode text) RETURNS text
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT CASE WHEN jsonb_typeof(definition -> CASE mode WHEN 'window' THEN 'window' WHEN 'incremental' THEN 'increment' WHEN 'verify' THEN 'increment' END)
    = 'object' THEN mode ELSE 'full' END
$$;
CREATE FUNCTION mvc.printed(named text) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO, MDY'
    SET "IntervalStyle" TO 'postgres'
    SET extra_float_digits TO '1'
    SET bytea_output TO 'hex'
    SET quote_all_identifiers TO 'off'
    AS $$
BEGIN
  RETURN (
    SELECT current_setting('server_version_num')::int / 10000 || ' ' || md5(CASE c.relkind WHEN 'r' THEN (
      SELECT string_agg(concat(pg_get_viewdef(part.oid), ' ', (
        SELECT string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attnum)
        FROM pg_attribute AS a WHERE a.attrelid = part.oid AND a.attnum > 0 AND NOT a.attisdropped)), '; ' ORDER BY part.purpose)
      FROM (SELECT '' AS purpose, c.oid UNION ALL
        SELECT b.key, q.oid FROM jsonb_each_text(s.companions) AS b JOIN pg_class AS q ON q.relnamespace = c.relnamespace AND q.relname = b.value) AS part)
      ELSE pg_get_viewdef(c.oid) END)
    FROM pg_class AS c LEFT JOIN mvc.stored_relation AS s ON c.relnamespace = to_regnamespace('mvc') AND s.stored_name = c.relname
    WHERE c.oid = to_regclass(named)
  );
END $$;
CREATE FUNCTION mvc.probing(relation regclass, probe jsonb, rows text) RETURNS text
    LANGUAGE sql STABLE
    AS $$
  SELECT format('SELECT count((%s)::text)%s FROM ONLY %s AS %I WHERE %s', probe ->> 'expression',
                ' FILTER (WHERE ' || (SELECT string_agg('(' || w || ')', ' AND ') FROM jsonb_array_elements_text(probe -> 'where') AS w) || ')',
                relation, probe ->> 'alias', rows)
$$;
CREATE FUNCTION mvc.prove(stored_name name, never_null name[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  broken name;
  found boolean;
BEGIN
  FOREACH broken IN ARRAY never_null LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM %I.%I AS stored WHERE stored.%I IS NULL)', 'mvc', stored_name, broken) INTO found;
    IF found THEN
      RAISE EXCEPTION 'the column % of the grain holds NULL', quote_ident(broken)
        USING HINT = 'the catalog calls it NOT NULL: pull it again with mvc catalog pull';
    END IF;
  END LOOP;
  EXECUTE format('ANALYZE %I.%I', 'mvc', stored_name);
END $$;
CREATE FUNCTION mvc.prove_calls(named text, called text[], roles name[] DEFAULT '{}'::name[], allowed text[] DEFAULT '{}'::text[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
  PERFORM mvc.expect_trusted_calls(named, called, pg_catalog.current_schemas(false), roles, allowed);
  PERFORM mvc.expect_whole_path(named, pg_catalog.current_setting('search_path'), roles);
  PERFORM mvc.expect_kept_names(named, called, pg_catalog.current_schemas(false), mvc.types_meant_by(ARRAY(
    SELECT pg_catalog.jsonb_array_elements_text(pg_catalog.current_setting('mvc.looked')::pg_catalog.jsonb OPERATOR(pg_catalog.->) 'types'))), roles, allowed);
  PERFORM pg_catalog.set_config('mvc.called', pg_catalog.to_jsonb(called)::pg_catalog.text, true);
END $$;
CREATE FUNCTION mvc.prove_code(stored_name name, roles name[] DEFAULT '{}'::name[], allowed text[] DEFAULT '{}'::text[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
DECLARE
  stored mvc.stored_relation;
  queries regclass[];
  read oid[];
  code oid[];
BEGIN
  PERFORM mvc.expect_same_roles(roles);
  SELECT * INTO STRICT stored FROM mvc.stored_relation AS s WHERE s.stored_name = prove_code.stored_name;
  queries := mvc.queries_of(stored);
  code := mvc.expect_trusted(queries, format('%I.%I', stored.view_schema, stored.view_name), roles, allowed);
  read := mvc.read_by(queries);
  UPDATE mvc.stored_relation AS s SET proven = jsonb_build_object(
    'place', mvc.this_database(), 'roles', roles, 'allowed', allowed, 'read', read, 'code', code,
    'names', mvc.names_meant(stored, queries), 'parts', mvc.parts_meant(stored, queries),
    'tables', ARRAY(SELECT c.oid FROM pg_class AS c WHERE c.oid = ANY (read) AND c.relkind IN ('r', 'p')), 'owners', mvc.owners_now(read, code),
    'accepted', ARRAY(SELECT DISTINCT s.owner FROM mvc.strange_owners(read, roles) AS s),
    'strange', ARRAY(SELECT DISTINCT s.named FROM mvc.strange_owners(read, roles) AS s JOIN pg_class AS c ON c.oid = s.named AND c.relkind <> 'v'),
    'bare', code = '{}' AND NOT EXISTS (
      SELECT FROM pg_rewrite AS r CROSS JOIN mvc.made_types_in(r.ev_action::text) AS t (type)
      WHERE r.ev_class = ANY (queries) AND mvc.holds_foreign(t.type, roles)))
  WHERE s.stored_name = stored.stored_name;
END $$;
CREATE FUNCTION mvc.prove_exposure(view_schema name, view_name name, arms name[], roles name[] DEFAULT '{}'::name[], allowed text[] DEFAULT '{}'::text[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  PERFORM mvc.expect_same_roles(roles);
  PERFORM mvc.expect_trusted(format('%I.%I', view_schema, view_name)::regclass || ARRAY(
    SELECT format('%I.%I', 'mvc', arm)::regclass FROM unnest(arms) AS arm), format('%I.%I', view_schema, view_name), roles, allowed);
END $$;
CREATE FUNCTION mvc.prove_sources(named text, sources text[], types text[] DEFAULT '{}'::text[], roles name[] DEFAULT '{}'::name[], allowed text[] DEFAULT '{}'::text[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
  PERFORM mvc.keep_sources(mvc.meant_by(sources));
  PERFORM mvc.expect_trusted_sources(named, mvc.meant_by(sources), mvc.types_meant_by(sources OPERATOR(pg_catalog.||) types), roles, allowed);
  PERFORM pg_catalog.set_config('mvc.looked', pg_catalog.jsonb_build_object(
    'named', named, 'sources', sources, 'types', types, 'roles', roles, 'allowed', allowed)::pg_catalog.text, true), pg_catalog.set_config('mvc.called', '', true);
END $$;
CREATE FUNCTION mvc.proven_for(stored_name name) RETURNS jsonb
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT s.proven -> 'roles' FROM mvc.stored_relation AS s
  WHERE s.stored_name = proven_for.stored_name AND s.proven ->> 'place' = mvc.this_database()
    AND to_jsonb(mvc.owners_now(mvc.oids(s.proven -> 'read'), mvc.oids(s.proven -> 'code'))) = s.proven -> 'owners'
    AND s.proven ? 'accepted' AND NOT EXISTS (
      SELECT FROM mvc.strange_owners(mvc.oids(s.proven -> 'read'), ARRAY(SELECT jsonb_array_elements_text(s.proven -> 'roles'))::name[]) AS o
      WHERE o.owner <> ALL (mvc.oids(s.proven -> 'accepted')))
$$;
CREATE FUNCTION mvc.purge_changes(logs name[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
DECLARE
  purged name;
  seen xid8;
BEGIN
  FOREACH purged IN ARRAY logs LOOP
    CONTINUE WHEN NOT mvc.take_turn('purge ' || purged);
    PERFORM mvc.give_up_reader(purged);
    seen := mvc.seen_by_all(purged);
    EXECUTE format('DELETE FROM ONLY %I.%I WHERE mvc_at < $1 OR mvc_at >= pg_snapshot_xmax(pg_current_snapshot())', 'mvc', purged) USING seen;
    PERFORM mvc.purge_kept(mvc.kept_of(purged), seen);
    DELETE FROM mvc.unknown_change AS u WHERE u.log = purged AND (u.at < seen OR u.at >= pg_snapshot_xmax(pg_current_snapshot()));
    PERFORM mvc.keep_unread(purged);
  END LOOP;
END $_$;
CREATE FUNCTION mvc.purge_kept(kept name, seen xid8) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
DECLARE
  least xid8;
  most xid8;
BEGIN
  IF to_regclass(format('%I.%I', 'mvc', kept)) IS NULL THEN  -- an upgrade leaves alone what belongs to a table that is gone
    RETURN;
  END IF;
  EXECUTE format('SELECT k.mvc_at FROM %I.%I AS k ORDER BY k.mvc_at LIMIT 1', 'mvc', kept) INTO least;
  EXECUTE format('SELECT k.mvc_at FROM %I.%I AS k ORDER BY k.mvc_at DESC LIMIT 1', 'mvc', kept) INTO most;
  IF least < seen THEN
    EXECUTE format('DELETE FROM %I.%I WHERE mvc_at < $1', 'mvc', kept) USING seen;
  END IF;
  IF most >= pg_snapshot_xmax(pg_current_snapshot()) THEN
    EXECUTE format('DELETE FROM %I.%I WHERE mvc_at >= pg_snapshot_xmax(pg_current_snapshot())', 'mvc', kept);
  END IF;
END $_$;
CREATE FUNCTION mvc.put_aside(stored mvc.stored_relation, query text) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
DECLARE
  dirty regclass := format('%I.%I', 'mvc', stored.companions ->> 'dirty')::regclass;
  counted bigint;
BEGIN
  BEGIN
    IF pg_relation_size(dirty) > 100000 THEN
      EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE NOWAIT', dirty);
      EXECUTE format('TRUNCATE %s', dirty);
    END IF;
  EXCEPTION WHEN lock_not_available THEN  -- pg_dump holds on to every table for as long as it runs
    NULL;
  END;
  EXECUTE format('DELETE FROM %s', dirty);
  EXECUTE format('INSERT INTO %s %s', dirty, query);
  GET DIAGNOSTICS counted = ROW_COUNT;
  RETURN counted;
END $$;
CREATE FUNCTION mvc.queries_of(stored mvc.stored_relation) RETURNS regclass[]
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  RETURN (
    SELECT array_agg(c.oid::regclass ORDER BY c.oid) FROM pg_class AS c WHERE c.relnamespace = to_regnamespace('mvc') AND c.relkind IN ('r', 'v', 'm')
      AND (c.relname = (stored).stored_name OR c.relname IN (SELECT b.value FROM jsonb_each_text((stored).companions) AS b))
  );
END $$;
CREATE FUNCTION mvc.queued_groups(view_schema name, view_name name) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET lock_timeout TO '50ms'
    SET "TimeZone" TO 'UTC'
    SET row_security TO 'off'
    AS $$
DECLARE
  moved name;
  stored mvc.stored_relation;
  zone text;
  queued bigint;
BEGIN
  SELECT s.companions ->> 'moved', d.timezone INTO moved, zone
  FROM mvc.deployed_view AS d JOIN mvc.stored_relation AS s ON s.stored_name = d.stored_name
  WHERE d.view_schema = queued_groups.view_schema AND d.view_name = queued_groups.view_name;
  IF moved IS NOT NULL THEN
    SELECT s.* INTO stored FROM mvc.stored_relation AS s WHERE s.companions ->> 'moved' = moved;
    PERFORM set_config('TimeZone', zone, true), mvc.expect_sources(stored);
    EXECUTE format('SELECT count(*) FROM (SELECT FROM %I.%I LIMIT 100000) AS waiting', 'mvc', moved) INTO queued;
  END IF;
  RAISE EXCEPTION USING ERRCODE = 'MV000';  -- gives the locks back, which a commit alone would not
EXCEPTION WHEN SQLSTATE 'MV000' THEN
  RETURN queued;
WHEN OTHERS THEN
  RETURN NULL;
END $$;
CREATE FUNCTION mvc.read_at_once(queries regclass[]) RETURNS oid[]
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
BEGIN
  RETURN (
    SELECT ARRAY(SELECT DISTINCT d.refobjid FROM pg_rewrite AS w
      JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass
      WHERE w.ev_class = ANY (queries::oid[]) AND d.refobjid <> ALL (queries::oid[]))
  );
END $$;
CREATE FUNCTION mvc.read_by(queries regclass[]) RETURNS oid[]
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET work_mem TO '64kB'
    AS $$
BEGIN
  RETURN (
    WITH RECURSIVE read (relation) AS (
      SELECT q::oid FROM unnest(queries) AS q
      UNION SELECT d.refobjid FROM read AS r JOIN pg_rewrite AS w ON w.ev_class = r.relation
      JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass
      JOIN pg_class AS c ON c.oid = r.relation WHERE c.relkind = 'v' OR c.oid = ANY (queries::oid[])
    )
    SELECT coalesce(array_agg(r.relation ORDER BY r.relation), '{}') FROM read AS r WHERE r.relation <> ALL (queries::oid[])
  );
END $$;
CREATE FUNCTION mvc.read_by_functions(view oid) RETURNS SETOF oid
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
BEGIN
  RETURN QUERY
  WITH RECURSIVE called (code) AS (
    SELECT d.refobjid FROM pg_rewrite AS r JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
    WHERE r.ev_class = read_by_functions.view AND d.refclassid = 'pg_proc'::regclass AND d.refobjid >= 16384
    UNION SELECT next.code FROM called AS c JOIN pg_proc AS p ON p.oid = c.code CROSS JOIN LATERAL (
      SELECT d.refobjid FROM pg_depend AS d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.refclassid = 'pg_proc'::regclass AND d.refobjid >= 16384
      UNION ALL SELECT q.oid FROM pg_proc AS q WHERE q.oid >= 16384 AND p.prosqlbody IS NULL AND q.proname IN (SELECT mvc.calls_in(p.prosrc))
    ) AS next (code)
  )
  SELECT c.oid FROM called AS f JOIN pg_proc AS p ON p.oid = f.code AND p.prosqlbody IS NULL
  JOIN pg_class AS c ON c.relkind = 'v' AND c.oid >= 16384 AND c.relname IN (SELECT mvc.words_in(p.prosrc))
  UNION SELECT d.refobjid FROM called AS f JOIN pg_depend AS d ON d.classid = 'pg_proc'::regclass AND d.objid = f.code AND d.refclassid = 'pg_class'::regclass;
END $$;
CREATE FUNCTION mvc.readers_of(relation oid, attribute smallint DEFAULT NULL::smallint) RETURNS SETOF oid
    LANGUAGE sql STABLE ROWS 2
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT DISTINCT r.ev_class FROM pg_depend AS d JOIN pg_rewrite AS r ON r.oid = d.objid
  WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = relation AND r.ev_class <> relation
    AND (attribute IS NULL OR d.refobjsubid = attribute)
$$;
CREATE FUNCTION mvc.reads_of_views(source regclass) RETURNS jsonb
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  WITH bare AS (
    SELECT DISTINCT ON (d.view_name) d.view_schema, d.view_name FROM mvc.deployed_view AS d
    ORDER BY d.view_name, d.view_schema <> 'public', d.view_schema
  ), statements AS MATERIALIZED (
    SELECT row_number() OVER () AS number, s.* FROM mvc.statements_in(source) AS s
    WHERE EXISTS (SELECT FROM mvc.deployed_view AS d WHERE strpos(lower(s.statement), lower(replace(d.view_name, '"', '""'))) > 0)
  ), reading AS (
    SELECT DISTINCT s.number, d.view_schema, d.view_name
    FROM statements AS s CROSS JOIN LATERAL mvc.relations_read(s.statement) AS r
    JOIN mvc.deployed_view AS d ON d.view_name = r.relation_name
      AND (r.relation_schema = d.view_schema
           OR r.relation_schema IS NULL AND (d.view_schema, d.view_name) IN (SELECT b.view_schema, b.view_name FROM bare AS b))
  )
  SELECT coalesce(jsonb_agg(to_jsonb(counted)), '[]') FROM (
    SELECT g.view_schema, g.view_name, sum(s.calls) AS calls, sum(s.milliseconds) AS milliseconds, sum(s.rows) AS rows,
      sum(s.read_milliseconds) AS read_milliseconds, min(s.since) AS since
    FROM reading AS g JOIN statements AS s USING (number) GROUP BY g.view_schema, g.view_name) AS counted
$$;
CREATE FUNCTION mvc.record(timezone text, definition jsonb) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  home name := definition ->> 'schema';
  named name := definition ->> 'name';
  before jsonb := (
    SELECT coalesce(r.released -> 'definition', d.definition) FROM mvc.deployed_view AS d
    LEFT JOIN mvc.released_view AS r ON r.view_schema = d.view_schema AND r.view_name = d.view_name WHERE d.view_schema = home AND d.view_name = named);
  latest mvc.deployment;
BEGIN
  SELECT * INTO STRICT latest FROM mvc.deployment ORDER BY id DESC LIMIT 1;
  IF before IS DISTINCT FROM record.definition THEN
    INSERT INTO mvc.replaced_view (deployment, view_schema, view_name, definition)
    VALUES (latest.id, home, named, before) ON CONFLICT DO NOTHING;
  END IF;
  INSERT INTO mvc.deployed_view AS d
    (view_schema, view_name, project, stored_name, kind, timezone, definition, recorded, deployment)
  VALUES (home, named, latest.project, record.definition #>> '{storage,1}', record.definition ->> 'kind', record.timezone,
          record.definition, mvc.objects_of(record.definition), latest.id)
  ON CONFLICT ON CONSTRAINT deployed_view_pkey DO UPDATE
  SET project = excluded.project, stored_name = excluded.stored_name, kind = excluded.kind, timezone = excluded.timezone,
      definition = excluded.definition, recorded = excluded.recorded, deployment = excluded.deployment;
  DELETE FROM mvc.released_view AS r WHERE r.view_schema = home AND r.view_name = named;
  IF before #>> '{storage,1}' = record.definition #>> '{storage,1}' AND jsonb_typeof(record.definition -> 'increment') = 'object'
     AND before -> 'increment' IS DISTINCT FROM record.definition -> 'increment' THEN
    UPDATE mvc.stored_relation AS s SET cursor = NULL, missed = 'it is refreshed by other statements than before'
    WHERE s.stored_name = record.definition #>> '{storage,1}';
  END IF;
  PERFORM mvc.stop_following(home, named, record.definition #>> '{storage,1}');
END $$;
CREATE FUNCTION mvc.record_anew(recorded_so jsonb) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  UPDATE mvc.stored_relation AS s SET printed = mvc.printed(format('%I.%I', 'mvc', s.stored_name))
  WHERE to_regclass(format('%I.%I', 'mvc', s.stored_name))::oid = ANY (mvc.oids(recorded_so -> 'stored'));
  UPDATE mvc.deployed_view AS d SET recorded = d.recorded || kept.parts
  FROM (SELECT (item ->> 'view')::oid AS view, array_agg(item ->> 'part') AS names FROM jsonb_array_elements(recorded_so -> 'views') AS item GROUP BY 1) AS k
  CROSS JOIN LATERAL (
    SELECT jsonb_object_agg(o.key, o.value) AS parts FROM mvc.deployed_view AS v
    CROSS JOIN jsonb_each(mvc.objects_of(v.definition)) AS o
    WHERE to_regclass(format('%I.%I', v.view_schema, v.view_name))::oid = k.view AND o.key = ANY (k.names)) AS kept
  WHERE to_regclass(format('%I.%I', d.view_schema, d.view_name))::oid = k.view;
$$;
CREATE FUNCTION mvc.recreate(target oid, columns name[], options text, query text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  exposed text := target::regclass::text;
  views oid[] := ARRAY(SELECT d.view FROM mvc.dependents(target) AS d ORDER BY d.level, d.view);
  names text[] := ARRAY(SELECT v::regclass::text FROM unnest(views) WITH ORDINALITY AS u (v, place) ORDER BY place);
  remade text[] := ARRAY(SELECT mvc.creation_of(v) FROM unnest(views) WITH ORDINALITY AS u (v, place) ORDER BY place);
  dressing text[] := ARRAY(
    SELECT mvc.dressing_of(v, CASE v WHEN target THEN columns END)
    FROM unnest(target || views) WITH ORDINALITY AS u (v, place) ORDER BY place);
  obstacle text := mvc.obstacle(target, views, columns);
  message text;
BEGIN
  IF obstacle IS NOT NULL THEN
    RAISE EXCEPTION 'a column of % goes or changes its type, and % cannot be made again after that', exposed, obstacle
      USING ERRCODE = 'dependent_objects_still_exist', HINT = 'change or drop it first';
  END IF;
  FOR place IN 1 .. coalesce(array_length(names, 1), 0) LOOP
    EXECUTE format('ALTER VIEW %s RESET (mvc)', names[place]);  -- nothing bears that name: it locks the view, which stays what is looked at
    PERFORM mvc.expect_inert(views[place]);
  END LOOP;
  IF remade IS DISTINCT FROM ARRAY(SELECT mvc.creation_of(v) FROM unnest(views) WITH ORDINALITY AS u (v, place) ORDER BY place) THEN
    RAISE EXCEPTION 'a view that reads % was changed just now', exposed USING ERRCODE = 'serialization_failure', HINT = 'try again';
  END IF;
  FOR place IN REVERSE coalesce(array_length(names, 1), 0) .. 1 LOOP
    EXECUTE format('DROP VIEW %s', names[place]);
  END LOOP;
  EXECUTE format('DROP VIEW %s', exposed);
  PERFORM mvc.run_as_project(format('CREATE VIEW %s WITH (%s) AS %s', exposed, options, query));
  PERFORM mvc.dress(exposed, dressing[1]);
  FOR place IN 1 .. coalesce(array_length(names, 1), 0) LOOP
    BEGIN
      EXECUTE remade[place];
    EXCEPTION WHEN OTHERS THEN
      GET STACKED DIAGNOSTICS message = MESSAGE_TEXT;
      RAISE EXCEPTION 'the view % reads %, and does not fit its new columns: %', names[place], exposed, message
        USING ERRCODE = 'dependent_objects_still_exist', HINT = 'change or drop it first';
    END;
    PERFORM mvc.dress(names[place], dressing[place + 1]);
  END LOOP;
END $$;
CREATE PROCEDURE mvc.refresh(IN view_schema name, IN view_name name, IN mode text DEFAULT NULL::text, IN schedule text DEFAULT NULL::text, IN since timestamp with time zone DEFAULT NULL::timestamp with time zone, IN until timestamp with time zone DEFAULT NULL::timestamp with time zone)
    LANGUAGE plpgsql
    AS $$
DECLARE
  run pg_catalog.jsonb;
  outcome pg_catalog.text;
BEGIN
  CALL mvc.committed('refresh', pg_catalog.jsonb_build_object(
    'view_schema', view_schema, 'view_name', view_name, 'mode', mode, 'schedule', schedule, 'since', since, 'until', until), run);
  CALL mvc.refresh_work(run::bigint, NULL, outcome);
  CALL mvc.say_outcome(run::bigint, outcome);
END $$;
CREATE FUNCTION mvc.refresh_abandon(run bigint, reason text, state text) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  UPDATE mvc.refresh_log SET status = 'failed', error = reason, sqlstate = state, finished_at = clock_timestamp()
  WHERE id = run AND status = 'started' AND refreshed_by = session_user
$$;
CREATE FUNCTION mvc.refresh_begin(view_schema name, view_name name, mode text DEFAULT NULL::text, schedule text DEFAULT NULL::text, since timestamp with time zone DEFAULT NULL::timestamp with time zone, until timestamp with time zone DEFAULT NULL::timestamp with time zone) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  deployed mvc.deployed_view;
  asked text;
  unheard text;
  run bigint;
BEGIN
  PERFORM mvc.note_lost_changes();
  SELECT * INTO deployed FROM mvc.deployed_view AS d
  WHERE d.view_schema = refresh_begin.view_schema AND d.view_name = refresh_begin.view_name AND d.kind = 'materialized';
  IF deployed.view_name IS NULL THEN
    RAISE EXCEPTION 'no materialized view %.% is deployed', quote_ident(view_schema), quote_ident(view_name)
      USING ERRCODE = 'undefined_table';
  END IF;
  asked := coalesce(refresh_begin.mode, mvc.usual_mode(deployed.definition));
  PERFORM mvc.check_mode(deployed, asked);
  UPDATE mvc.refresh_log AS lost SET status = 'lost',
    error = 'the session that did it is gone, or was cut off before its end', finished_at = clock_timestamp()
  FROM (SELECT l.id FROM mvc.refresh_log AS l
        WHERE l.view_schema = deployed.view_schema AND l.view_name = deployed.view_name AND l.status = 'started'
          AND mvc.is_lost(l.xmax, l.pid, l.started_at)
        FOR UPDATE SKIP LOCKED) AS found
  WHERE lost.id = found.id;
  unheard := mvc.watch_again(deployed.stored_name);
  INSERT INTO mvc.refresh_log (view_schema, view_name, mode, schedule, window_start, window_end, detail)
  VALUES (deployed.view_schema, deployed.view_name, asked, refresh_begin.schedule,
          CASE asked WHEN 'window' THEN mvc.window_start(deployed, refresh_begin.since) END,
          CASE asked WHEN 'window' THEN refresh_begin.until END, unheard)
  RETURNING id INTO run;
  RETURN run;
END $$;
CREATE FUNCTION mvc.refresh_end(run bigint) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  entry mvc.refresh_log;
  log name;
BEGIN
  UPDATE mvc.refresh_log AS l SET status = 'failed', error = 'other refreshes of this view, or a TRUNCATE or a change of partitions, came between, time and again',
    finished_at = clock_timestamp()
  WHERE l.id = run AND l.status = 'started' AND l.refreshed_by = session_user;
  SELECT * INTO entry FROM mvc.refresh_log AS l WHERE l.id = run;
  FOR log IN
    SELECT unnest(s.watches) FROM mvc.stored_relation AS s JOIN mvc.deployed_view AS d ON d.stored_name = s.stored_name
    WHERE d.view_schema = entry.view_schema AND d.view_name = entry.view_name
  LOOP
    BEGIN
      PERFORM mvc.purge_changes(ARRAY[log]);
    EXCEPTION
      WHEN undefined_table OR undefined_column THEN  -- somebody dropped it: there is nothing to tidy up, and the next refresh says so
        NULL;
      WHEN object_not_in_prerequisite_state THEN  -- somebody publishes it: the next refresh tidies up
        PERFORM mvc.identify_rows(s.stored_name) FROM mvc.stored_relation AS s WHERE log = ANY (s.watches);
    END;
  END LOOP;
  RETURN entry.status;
END $$;
CREATE FUNCTION mvc.refresh_named(project text, named text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  parts text[];
  places jsonb[];
BEGIN
  BEGIN
    parts := parse_ident(named);
  EXCEPTION WHEN invalid_parameter_value THEN
    parts := '{}';
  END;
  SELECT array_agg(jsonb_build_array(f.view_schema, f.view_name, f.called) ORDER BY f.view_schema) INTO places FROM (
    SELECT d.view_schema, d.view_name, c.called, rank() OVER (ORDER BY r.place) FROM mvc.deployed_view AS d CROSS JOIN LATERAL (SELECT mvc.called(d.view_schema, d.view_name, d.recorded)) AS c (called) CROSS JOIN LATERAL (SELECT CASE
      WHEN c.called = named THEN 1 WHEN named IN (d.view_name::text, d.view_schema || '.' || d.view_name) THEN 2
      WHEN d.view_name = parts[cardinality(parts)] AND (cardinality(parts) = 1 OR cardinality(parts) = 2 AND d.view_schema = parts[1]) THEN 3
      END) AS r (place)
    WHERE d.project = refresh_named.project AND d.kind = 'materialized' AND r.place IS NOT NULL) AS f WHERE f.rank = 1;
  IF places IS NULL THEN
    RAISE EXCEPTION 'no materialized view % is deployed', named USING ERRCODE = 'undefined_table',
      HINT = (SELECT 'there are: ' || string_agg(mvc.called(d.view_schema, d.view_name, d.recorded), ', ' ORDER BY d.view_name) FROM mvc.deployed_view AS d
              WHERE d.project = refresh_named.project AND d.kind = 'materialized');
  ELSIF cardinality(places) > 1 THEN
    RAISE EXCEPTION '% is the name of % views', named, cardinality(places) USING ERRCODE = 'ambiguous_alias',
      HINT = (SELECT 'one of: ' || string_agg(p ->> 2, ', ') FROM unnest(places) AS p);
  END IF;
  PERFORM mvc.run_or_warn(mvc.refresh_begin((places[1] ->> 0)::name, (places[1] ->> 1)::name));
END $$;
CREATE FUNCTION mvc.refresh_order(project text) RETURNS TABLE(view_schema name, view_name name, called name, upstream name[])
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  WITH RECURSIVE own AS (
    SELECT d.view_schema, d.view_name, mvc.called(d.view_schema, d.view_name, d.recorded) AS called, d.kind,
      ARRAY(SELECT u.name::name FROM jsonb_array_elements_text(d.definition -> 'upstream') AS u (name)) AS upstream
    FROM mvc.deployed_view AS d WHERE d.project = refresh_order.project
  ), reads AS (
    SELECT o.called, NULL::name AS other, 0 AS depth FROM own AS o
    UNION SELECT r.called, u.name, r.depth + 1
    FROM reads AS r JOIN own AS o ON o.called = coalesce(r.other, r.called) CROSS JOIN unnest(o.upstream) AS u (name)
  )
  SELECT o.view_schema, o.view_name, o.called, array_agg(DISTINCT r.other) FILTER (WHERE r.other IS NOT NULL)
  FROM own AS o JOIN reads AS r USING (called) WHERE o.kind = 'materialized'
  GROUP BY o.view_schema, o.view_name, o.called ORDER BY max(r.depth), o.view_name, o.view_schema
$$;
CREATE PROCEDURE mvc.refresh_project(IN project text)
    LANGUAGE plpgsql
    AS $$
DECLARE
  item pg_catalog.record;
  step pg_catalog.jsonb;
  outcome pg_catalog.text;
  said pg_catalog.jsonb;
  failed pg_catalog.name[];
  reasons pg_catalog.text[];
BEGIN
  COMMIT;
  SET LOCAL search_path = pg_catalog, pg_temp;
  failed := '{}';
  FOR item IN SELECT * FROM mvc.refresh_order(project) LOOP
    CALL mvc.committed('step', jsonb_build_object('view_schema', item.view_schema, 'view_name', item.view_name, 'failed', failed), step);
    SET LOCAL search_path = pg_catalog, pg_temp;
    IF step ->> 'run' IS NOT NULL AND step ->> 'reason' IS NULL THEN
      CALL mvc.refresh_work((step ->> 'run')::bigint, NULL, outcome);
      SET LOCAL search_path = pg_catalog, pg_temp;
      IF outcome = 'skipped' THEN
        CALL mvc.say_outcome((step ->> 'run')::bigint, outcome);
        SET LOCAL search_path = pg_catalog, pg_temp;
      ELSIF outcome IS DISTINCT FROM 'completed' THEN
        failed := failed || item.called::name;
        CALL mvc.committed('outcome', step, said);
        SET LOCAL search_path = pg_catalog, pg_temp;
        reasons := reasons || format('%s (%s)', said ->> 'view', left(said ->> 'error', 500));
      END IF;
    END IF;
  END LOOP;
  IF cardinality(failed) > 0 THEN
    RAISE EXCEPTION 'refreshing failed: %', array_to_string(reasons, ', ') USING HINT = 'what reads these was skipped; the log has more: ' || 'mvc' || '.refreshes';
  END IF;
END $$;
CREATE FUNCTION mvc.refresh_run(run bigint) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  entry mvc.refresh_log;
  deployed mvc.deployed_view;
  ended mvc.refresh_log;
  given_up boolean;
  ruled oid[];  -- what is written to and has, or had, rules or triggers, or another owner
BEGIN
  SELECT * INTO entry FROM mvc.refresh_log WHERE id = run AND status = 'started' AND refreshed_by = session_user FOR UPDATE;
  SELECT d.* INTO deployed FROM mvc.deployed_view AS d
  WHERE d.view_schema = entry.view_schema AND d.view_name = entry.view_name;
  IF deployed IS NULL THEN
    RAISE EXCEPTION 'run % has not begun, or has ended', run;
  END IF;
  ended := entry;
  ended.status := 'completed';
  ended.detail := NULL;
  IF NOT mvc.take_turn('refresh ' || deployed.stored_name) THEN
    ended.status := 'skipped';
    ended.error := 'another refresh of this view is under way';
  ELSIF EXISTS (SELECT FROM mvc.frozen_relation AS f WHERE f.stored_name = deployed.stored_name) THEN
    ended.status := 'skipped';
    ended.error := 'it was released for a change of its base tables: mvc apply builds it anew';
  ELSE
    SELECT bool_and(c.relispopulated AND (s.filled_at IS NOT NULL OR s.companions = '{}')), bool_or(s.watches <> '{}' AND s.cursor IS NULL AND s.hold IS NULL),
      array_agg(c.oid) FILTER (WHERE c.relkind = 'r' AND (c.relhasrules OR c.relhastriggers OR pg_get_userbyid(c.relowner) <> current_user))
    INTO ended.concurrent, given_up, ruled
    FROM mvc.stored_relation AS s JOIN pg_class AS c ON c.relname IN (s.stored_name, s.companions ->> 'dirty') AND c.relnamespace = to_regnamespace('mvc')
    WHERE s.stored_name = deployed.stored_name;
    BEGIN
      IF ruled IS NOT NULL THEN
        PERFORM mvc.expect_ours_alone(ruled);
      END IF;
      IF given_up THEN
        PERFORM mvc.hold_changes(deployed.stored_name);
        RETURN 'again';
      END IF;
      SELECT f.taken, f.changed, f.groups, f.detail INTO ended.mode, ended.changed, ended.groups, ended.detail
      FROM mvc.fill(deployed.stored_name, deployed.timezone, entry.mode, entry.window_start, entry.window_end, entry.detail) AS f;
      SELECT s.rows INTO ended.rows FROM mvc.stored_relation AS s WHERE s.stored_name = deployed.stored_name;
    EXCEPTION
      WHEN serialization_failure THEN
        UPDATE mvc.refresh_log AS l SET detail = '' WHERE l.id = run;  -- what was found when it began is of another moment
        RETURN 'again';
      WHEN query_canceled OR assert_failure OR OTHERS THEN
        IF SQLSTATE = '55000' AND mvc.identify_rows(deployed.stored_name) THEN
          RETURN 'again';
        END IF;
        ended.status := 'failed';
        GET STACKED DIAGNOSTICS ended.error = MESSAGE_TEXT, ended.sqlstate = RETURNED_SQLSTATE;
        ended.error := ended.error || coalesce((
          SELECT format(' (%s)', p.problem) FROM mvc.problems AS p
          WHERE p.view_schema = deployed.view_schema AND p.view_name = deployed.view_name), '');
        IF ended.sqlstate LIKE '22%' AND mvc.may_search(deployed.stored_name) THEN  -- a value is wrong, and some row holds it
          ended.detail := 'in ' || mvc.bad_row(deployed.definition, ended.error);
        END IF;
    END;
  END IF;
  UPDATE mvc.refresh_log AS l
  SET status = ended.status, mode = ended.mode, concurrent = ended.concurrent, rows = ended.rows, changed = ended.changed, groups = ended.groups, detail = ended.detail,
      error = ended.error, sqlstate = ended.sqlstate, finished_at = clock_timestamp()
  WHERE l.id = run;
  RETURN ended.status;
END $$;
CREATE FUNCTION mvc.refresh_step(view_schema name, view_name name, mode text, schedule text, since timestamp with time zone, failed name[], lower timestamp with time zone DEFAULT NULL::timestamp with time zone, upper timestamp with time zone DEFAULT NULL::timestamp with time zone, OUT run bigint, OUT reason text) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  deployed mvc.deployed_view;
  broken name;
BEGIN
  SELECT d.* INTO deployed FROM mvc.deployed_view AS d
  WHERE d.view_schema = refresh_step.view_schema AND d.view_name = refresh_step.view_name AND d.kind = 'materialized';
  IF deployed IS NULL THEN
    reason := 'not deployed here';
    RETURN;
  END IF;
  SELECT f.name INTO broken FROM mvc.feeding(deployed.project, mvc.called(deployed.view_schema, deployed.view_name, deployed.recorded)) AS f (name) WHERE f.name = ANY (failed) LIMIT 1;
  IF broken IS NOT NULL THEN
    reason := format('reads %s, which failed', broken);
  ELSIF EXISTS (SELECT FROM mvc.refresh_log AS l
                WHERE l.view_schema = deployed.view_schema AND l.view_name = deployed.view_name AND l.status = 'completed'
                  AND l.started_at >= since AND l.mode <> 'verify'
                  AND (refresh_step.mode IS NULL OR l.mode IN ('full', refresh_step.mode))
                  AND (l.mode <> 'window' OR l.window_start <= mvc.window_start(deployed, lower)
                                         AND coalesce(l.window_end >= coalesce(upper, clock_timestamp()), true))) THEN
    reason := 'it is fresh already: it was refreshed since this schedule was due';
  END IF;
  run := mvc.refresh_begin(deployed.view_schema, deployed.view_name, refresh_step.mode, refresh_step.schedule, lower, upper);
  UPDATE mvc.refresh_log SET status = 'skipped', error = reason, finished_at = clock_timestamp() WHERE id = run AND reason IS NOT NULL;
END $$;
CREATE FUNCTION mvc.refresh_together(project text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  item record;
  step record;
  failed name[] := ARRAY[]::name[];
BEGIN
  FOR item IN SELECT * FROM mvc.refresh_order(project) LOOP
    SELECT * INTO step FROM mvc.refresh_step(item.view_schema, item.view_name, NULL, NULL, NULL, failed);
    IF step.run IS NOT NULL AND step.reason IS NULL AND mvc.run_or_warn(step.run) = 'failed' THEN
      failed := failed || item.called::name;
    END IF;
  END LOOP;
END $$;
CREATE PROCEDURE mvc.refresh_work(IN run bigint, IN lock_timeout_seconds double precision, INOUT outcome text)
    LANGUAGE plpgsql
    AS $$
DECLARE
  said pg_catalog.jsonb := pg_catalog.jsonb_build_object('run', run, 'lock_timeout', lock_timeout_seconds);
  answer pg_catalog.jsonb;
BEGIN
  FOR attempt IN 1 .. 4 LOOP
    COMMIT;
    SET LOCAL search_path = pg_catalog, pg_temp;
    CALL mvc.through('run', said, true, answer);
    SET LOCAL search_path = pg_catalog, pg_temp;
    EXIT WHEN answer <> '"again"';
  END LOOP;
  CALL mvc.committed('end', said, answer);
  SET LOCAL search_path = pg_catalog, pg_temp;
  outcome := answer #>> '{}';
  COMMIT;
END $$;
CREATE FUNCTION mvc.refuse_all_writes() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  PERFORM mvc.refuse_writes(c.oid::regclass) FROM mvc.deployed_view AS d
  JOIN pg_class AS c ON c.oid = to_regclass(format('%I.%I', d.view_schema, d.view_name)) AND c.relkind = 'v' AND pg_has_role(c.relowner, 'USAGE')
  WHERE d.kind = 'materialized';
END $$;
CREATE FUNCTION mvc.refuse_older() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  RAISE EXCEPTION 'this database was deployed by a newer mvc than this one' USING HINT = 'upgrade this mvc; nothing was changed';
END $$;
CREATE FUNCTION mvc.refuse_writes(view regclass) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  IF pg_relation_is_updatable(view, false) <> 0 AND EXISTS (
    WITH RECURSIVE below (relation) AS (
      SELECT view::oid UNION SELECT c.oid FROM below AS b JOIN pg_rewrite AS w ON w.ev_class = b.relation
      JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass
      JOIN pg_class AS c ON c.oid = d.refobjid AND c.relnamespace = to_regnamespace('mvc')
    ) SELECT FROM below AS b JOIN pg_class AS c ON c.oid = b.relation AND c.relkind = 'r'
  ) AND NOT EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = view AND t.tgfoid = to_regprocedure('mvc' || '.written_to()')) THEN
    EXECUTE format('CREATE TRIGGER %I INSTEAD OF INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION %I.written_to()', '~mvc_refuses', view, 'mvc');
  END IF;
END $$;
CREATE FUNCTION mvc.register(project text, view_schema name, view_name name, stored_name name, companions jsonb DEFAULT '{}'::jsonb, watches name[] DEFAULT '{}'::name[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  PERFORM mvc.seal(stored_name);
  PERFORM mvc.seal(beside.name::name) FROM jsonb_each_text(companions) AS beside (purpose, name);
  INSERT INTO mvc.stored_relation AS s (stored_name, view_schema, view_name, project, companions, watches)
  VALUES (register.stored_name, register.view_schema, register.view_name, register.project, register.companions, register.watches)
  ON CONFLICT ON CONSTRAINT stored_relation_pkey DO UPDATE SET companions = excluded.companions, watches = excluded.watches;
  INSERT INTO mvc.turn (work) VALUES ('refresh ' || register.stored_name) ON CONFLICT DO NOTHING;
  UPDATE mvc.stored_relation AS s SET printed = mvc.printed(format('%I.%I', 'mvc', s.stored_name))
  WHERE s.stored_name = register.stored_name;
END $$;
CREATE FUNCTION mvc.relations_called(names text[]) RETURNS oid[]
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  RETURN (
    SELECT ARRAY(SELECT c.oid FROM unnest(names) AS called (name) CROSS JOIN parse_ident(called.name) AS parts
      JOIN pg_namespace AS n ON n.nspname = parts[1] JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = parts[2])
  );
END $$;
CREATE FUNCTION mvc.relations_read(statement text) RETURNS TABLE(relation_schema text, relation_name text)
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET standard_conforming_strings TO 'on'
    AS $_$
DECLARE
  -- comments (one level of nesting), constants, quoted and bare words, parameters, any other sign
  lexer constant text := '--[^\n]*|/\*(?:[^*/]|\*(?!/)|/(?!\*)|/\*(?:[^*]|\*(?!/))*\*/)*\*/|[eE]''(?:[^''\\]|\\.|'''')*''|(?:[uU]&|[bBxXnN])?''(?:[^'']|'''')*'''
    '|(?:[uU]&)?"(?:[^"]|"")*"|\$[0-9]+|(?:[A-Za-z_]|[^\x01-\x7f])(?:[\w$]|[^\x01-\x7f])*|[^\s]';
  tokens text[] := ARRAY(SELECT t.found[1] FROM regexp_matches(statement, '(' || lexer || ')', 'g') WITH ORDINALITY AS t (found, place)
                         WHERE t.found[1] !~ '^(--|/\*)' ORDER BY t.place);
  words text[] := ARRAY(SELECT CASE WHEN t.token ~ '^"' THEN replace(substr(t.token, 2, length(t.token) - 2), '""', '"')
                                    WHEN t.token ~ '^([A-Za-z_]|[^\x01-\x7f])' AND t.token !~ '''$' THEN lower(t.token) END
                        FROM unnest(tokens) WITH ORDINALITY AS t (token, place) ORDER BY t.place);
  own_names text[] := ARRAY[]::text[];  -- of WITH
  frames text[] := ARRAY['other'];  -- one per open parenthesis: `from` where a relation's name comes next, `list` behind one, else `other`
  token text;
  word text;
  last text;
  depth integer := 1;
  place integer := 0;
BEGIN
  IF lower(tokens[1]) IS NULL OR tokens[1] <> '(' AND lower(tokens[1]) NOT IN ('select', 'with', 'table', 'values', 'insert', 'update', 'delete', 'merge') THEN
    RETURN;
  END IF;
  FOR place IN 1 .. cardinality(tokens) LOOP
    IF lower(tokens[place + 1]) = 'as' AND words[place] IS NOT NULL AND (
         tokens[place + 2] = '(' OR lower(tokens[place + 2]) = 'materialized'
         OR lower(tokens[place + 2]) = 'not' AND lower(tokens[place + 3]) = 'materialized') THEN
      own_names := own_names || words[place];
    END IF;
  END LOOP;
  place := 0;
  WHILE place < cardinality(tokens) LOOP
    place := place + 1;
    token := lower(tokens[place]);
    word := words[place];
    last := lower(tokens[place - 1]);
    IF token = '(' THEN
      depth := depth + 1;
      -- a parenthesis behind FROM may hold joined relations; one behind a name is a function's
      frames[depth] := CASE WHEN lower(tokens[place + 1]) IN ('select', 'with', 'values', 'table') THEN 'query'
                            WHEN frames[depth - 1] = 'from' THEN 'from' ELSE 'call' END;
      IF frames[depth - 1] = 'from' THEN
        frames[depth - 1] := 'list';
      END IF;
    ELSIF token = ')' THEN
      depth := greatest(depth - 1, 1);
    ELSIF token = 'join' OR token = 'table' AND coalesce(last, '(') = '(' OR token = 'from' AND frames[depth] <> 'call' AND last IS DISTINCT FROM 'distinct' THEN
      frames[depth] := 'from';
    ELSIF token = 'using' AND lower(tokens[1]) IN ('delete', 'merge') AND tokens[place + 1] <> '(' THEN
      frames[depth] := 'from';
    ELSIF token = ',' THEN
      frames[depth] := CASE frames[depth] WHEN 'list' THEN 'from' ELSE frames[depth] END;
    ELSIF token IN ('only', 'lateral') AND frames[depth] = 'from' THEN
      CONTINUE;
    ELSIF frames[depth] = 'from' AND word IS NOT NULL THEN
      frames[depth] := 'list';
      IF tokens[place + 1] = '.' AND words[place + 2] IS NOT NULL THEN
        place := place + 2;
        IF tokens[place + 1] = '.' AND words[place + 2] IS NOT NULL THEN  -- database.schema.name
          place := place + 2;
        END IF;
        IF tokens[place + 1] IS DISTINCT FROM '(' THEN
          relation_schema := words[place - 2];
          relation_name := words[place];
          RETURN NEXT;
        END IF;
      ELSIF tokens[place + 1] IS DISTINCT FROM '(' AND word <> ALL (own_names) THEN
        relation_schema := NULL;
        relation_name := word;
        RETURN NEXT;
      END IF;
    ELSIF token IN ('select', 'where', 'group', 'order', 'having', 'limit', 'offset', 'fetch', 'window', 'set', 'union', 'intersect', 'except',
                    'returning', 'values', 'for') THEN
      frames[depth] := CASE frames[depth] WHEN 'call' THEN 'call' ELSE 'query' END;
    END IF;
  END LOOP;
END $_$;
CREATE FUNCTION mvc.release(base regclass, columns name[] DEFAULT '{}'::name[]) RETURNS SETOF text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  owner name := (SELECT pg_get_userbyid(n.nspowner) FROM pg_namespace AS n WHERE n.nspname = 'mvc');
  before text := current_setting('role');
  targets jsonb;
  plan jsonb;
  view jsonb;
BEGIN
  IF EXISTS (SELECT FROM unnest(columns) AS c WHERE NOT EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = base AND a.attname = c AND a.attnum > 0 AND NOT a.attisdropped)) THEN
    RAISE EXCEPTION 'the table % has no column %', base, (
      SELECT quote_ident(c) FROM unnest(columns) AS c WHERE NOT EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = base AND a.attname = c AND a.attnum > 0 AND NOT a.attisdropped) LIMIT 1)
      USING ERRCODE = 'undefined_column';
  END IF;
  targets := (SELECT jsonb_agg(jsonb_build_object('schema', n.nspname, 'name', c.relname, 'column', wanted.name))
              FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
              CROSS JOIN unnest(CASE WHEN columns = '{}' THEN ARRAY[NULL::name] ELSE columns END) AS wanted (name) WHERE c.oid = base);
  IF current_user <> owner THEN
    PERFORM set_config('role', owner, true);
  END IF;
  LOCK TABLE mvc.deploying IN EXCLUSIVE MODE NOWAIT;
  plan := mvc.release_plan(targets);
  FOR view IN SELECT v FROM jsonb_array_elements(plan -> 'views') AS v WHERE (v ->> 'copied')::boolean LOOP
    PERFORM mvc.copy_rows((view ->> 'stored')::name);
  END LOOP;
  PERFORM mvc.release_patiently((SELECT jsonb_agg(v) FROM jsonb_array_elements(plan -> 'views') AS v WHERE (v ->> 'closed')::boolean));
  FOR view IN SELECT jsonb_array_elements(plan -> 'views') LOOP
    IF NOT (view ->> 'closed')::boolean THEN
      PERFORM mvc.release_patiently(jsonb_build_array(view));
    END IF;
    RETURN NEXT format('%I.%I', view ->> 'schema', view ->> 'name');
  END LOOP;
  PERFORM mvc.clear_way(targets);
  PERFORM set_config('role', before, true);
END $$;
CREATE FUNCTION mvc.release_patiently(views jsonb) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET lock_timeout TO '60ms'
    AS $$
DECLARE
  patience timestamptz := clock_timestamp() + interval '1 minute';
BEGIN
  LOOP
    BEGIN
      PERFORM mvc.release_view((v ->> 'schema')::name, (v ->> 'name')::name, (v ->> 'copied')::boolean, (v ->> 'kept')::boolean, (v ->> 'closed')::boolean)
      FROM jsonb_array_elements(views) AS v;
      RETURN;
    EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
      IF clock_timestamp() > patience THEN
        RAISE;
      END IF;
    END;
    PERFORM pg_sleep(0.05 + random() * 0.1);
  END LOOP;
END $$;
CREATE FUNCTION mvc.release_plan(targets jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  direct constant oid[] := ARRAY(SELECT mvc.directly_in_the_way(targets));
  closed constant oid[] := mvc.closed_by(direct);
  going oid[];
  views jsonb;
  gone oid[];
BEGIN
  going := ARRAY(
    WITH RECURSIVE made AS MATERIALIZED (SELECT * FROM mvc.made_relations()), going (relation) AS (
      SELECT m.relation FROM made AS m JOIN pg_class AS c ON c.oid = m.relation WHERE m.relation = ANY (direct) AND c.relkind IN ('v', 'm')
      UNION SELECT m.relation FROM going AS g CROSS JOIN mvc.readers_of(g.relation) AS r (relation) JOIN made AS m ON m.relation = r.relation
      WHERE NOT (m.part = 'arm' AND m.live)
    ) SELECT g.relation FROM going AS g);
  views := (
    SELECT coalesce(jsonb_agg(to_jsonb(v) - 'place' ORDER BY v.place, v.schema, v.name), '[]') FROM (
      SELECT d.view_schema AS schema, d.view_name AS name, min(mvc.called(d.view_schema, d.view_name, d.recorded)) AS called, d.project, d.stored_name AS stored,
        bool_or(m.part = 'storage' AND m.relation = ANY (going)) AS copied,
        bool_or(m.part = 'companion' AND m.relation = ANY (going) AND s.frozen_at IS NULL) AS kept,
        to_regclass(format('%I.%I', d.view_schema, d.view_name)) = ANY (closed) AND (r.released ->> 'shown') IS NULL AS closed,
        array_position(closed, to_regclass(format('%I.%I', d.view_schema, d.view_name))::oid) AS place
      FROM mvc.deployed_view AS d LEFT JOIN mvc.frozen_relation AS s ON s.stored_name = d.stored_name
      LEFT JOIN mvc.released_view AS r ON r.view_schema = d.view_schema AND r.view_name = d.view_name
      LEFT JOIN mvc.made_relations() AS m ON m.live AND m.view_schema = d.view_schema AND m.view_name = d.view_name
      GROUP BY d.view_schema, d.view_name, d.project, d.stored_name, r.released, d.definition
    ) AS v WHERE v.copied OR v.kept OR v.closed);
  gone := going || ARRAY(
    SELECT m.relation FROM mvc.made_relations() AS m JOIN mvc.deployed_view AS d ON d.view_schema = m.view_schema AND d.view_name = m.view_name
    LEFT JOIN mvc.frozen_relation AS s ON s.stored_name = d.stored_name
    LEFT JOIN mvc.released_view AS r ON r.view_schema = d.view_schema AND r.view_name = d.view_name
    WHERE m.live AND (m.part = 'companion' AND (m.relation = ANY (going) OR s.frozen_at IS NOT NULL OR EXISTS (
        SELECT FROM mvc.made_relations() AS other WHERE other.part = 'companion' AND other.relation = ANY (going)
          AND other.view_schema = m.view_schema AND other.view_name = m.view_name))
      OR m.part = 'arm' AND (m.relation = ANY (direct) OR (r.released ->> 'shown') IS NOT NULL)));
  RETURN jsonb_build_object('views', views, 'drops', (
      SELECT coalesce(jsonb_agg(DISTINCT c.relname), '[]') FROM pg_class AS c WHERE c.oid = ANY (gone)),
    'leftovers', (SELECT coalesce(jsonb_agg(DISTINCT c.relname), '[]') FROM pg_class AS c JOIN mvc.made_relations() AS m ON m.relation = c.oid
      WHERE c.oid = ANY (going) AND NOT m.live),
    'outside', (SELECT coalesce(jsonb_agg(DISTINCT pg_describe_object('pg_class'::regclass, o.relation, 0)), '[]') FROM (
      SELECT unnest(direct) UNION SELECT mvc.readers_of(g) FROM unnest(gone) AS g) AS o (relation)
      WHERE o.relation <> ALL (gone) AND NOT EXISTS (SELECT FROM mvc.made_relations() AS m WHERE m.relation = o.relation)
        AND NOT EXISTS (SELECT FROM mvc.deployed_view AS d WHERE to_regclass(format('%I.%I', d.view_schema, d.view_name)) = o.relation)));
END $$;
CREATE FUNCTION mvc.release_view(view_schema name, view_name name, copied boolean, kept boolean, closed boolean) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  deployed mvc.deployed_view;
  shown oid[];
  texts text[] := ARRAY[]::text[];
BEGIN
  SELECT d.* INTO STRICT deployed FROM mvc.deployed_view AS d
  WHERE d.view_schema = release_view.view_schema AND d.view_name = release_view.view_name FOR UPDATE;
  IF deployed.kind = 'materialized' AND NOT mvc.take_turn('refresh ' || deployed.stored_name) THEN
    RAISE EXCEPTION 'the view %.% is being refreshed', quote_ident(view_schema), quote_ident(view_name) USING ERRCODE = 'lock_not_available';
  END IF;
  shown := mvc.shown_by(deployed);
  IF closed THEN
    texts := mvc.replacements_of(shown[array_length(shown, 1):]);
    PERFORM mvc.show_nothing(shown[array_length(shown, 1)]);
  ELSIF copied THEN
    texts := mvc.replacements_of(shown);
  END IF;
  IF copied THEN
    PERFORM mvc.take_place(deployed.stored_name);
    FOR place IN 1 .. CASE WHEN closed THEN 0 ELSE coalesce(array_length(texts, 1), 0) END LOOP
      EXECUTE texts[place];
    END LOOP;
  END IF;
  UPDATE mvc.stored_relation AS s SET stored_name = s.stored_name WHERE s.stored_name = deployed.stored_name;  -- a refresh in an older snapshot begins again
  INSERT INTO mvc.frozen_relation (stored_name) SELECT deployed.stored_name WHERE copied OR kept ON CONFLICT DO NOTHING;
  INSERT INTO mvc.released_view AS r (view_schema, view_name, released) VALUES (deployed.view_schema, deployed.view_name, jsonb_strip_nulls(jsonb_build_object(
    'at', now(), 'by', session_user, 'shown', CASE WHEN closed THEN texts[1] END)))
  ON CONFLICT ON CONSTRAINT released_view_pkey DO UPDATE SET released = r.released || excluded.released;
END $$;
CREATE FUNCTION mvc.remember_roles(roles name[]) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  INSERT INTO mvc.trusted_role AS t (name, number, server)
  SELECT r.rolname, r.oid, mvc.this_server() FROM pg_roles AS r WHERE r.rolname = ANY (remember_roles.roles)
  ON CONFLICT ON CONSTRAINT trusted_role_pkey DO UPDATE SET number = excluded.number, server = excluded.server WHERE t.server <> excluded.server
$$;
CREATE FUNCTION mvc.rename_history(from_schema name, from_name name, to_schema name, to_name name) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  UPDATE mvc.refresh_log AS l SET view_schema = to_schema, view_name = to_name WHERE l.view_schema = from_schema AND l.view_name = from_name;
  DELETE FROM mvc.told_promise AS t WHERE t.view_schema = to_schema AND t.view_name = to_name;
  UPDATE mvc.told_promise AS t SET view_schema = to_schema, view_name = to_name WHERE t.view_schema = from_schema AND t.view_name = from_name;
  DELETE FROM mvc.replaced_view AS r USING mvc.replaced_view AS f WHERE r.view_schema = to_schema AND r.view_name = to_name
    AND f.view_schema = from_schema AND f.view_name = from_name AND f.deployment = r.deployment;
  UPDATE mvc.replaced_view AS r SET view_schema = to_schema, view_name = to_name WHERE r.view_schema = from_schema AND r.view_name = from_name;
$$;
CREATE FUNCTION mvc.rename_stored(names jsonb, columns jsonb, stored jsonb, definitions jsonb) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  recorded_so jsonb;
  item record;
BEGIN
  FOR item IN SELECT s.key AS relation FROM jsonb_each(stored) AS s ORDER BY 1 LOOP
    IF NOT mvc.take_turn('refresh ' || item.relation) THEN
      RAISE EXCEPTION '%.% is being refreshed', 'mvc', quote_ident(item.relation) USING ERRCODE = 'lock_not_available';
    END IF;
  END LOOP;
  recorded_so := mvc.as_recorded(ARRAY(
    SELECT c.oid FROM pg_class AS c WHERE c.relnamespace = to_regnamespace('mvc') AND c.relkind IN ('r', 'v', 'm') AND names ? c.relname));
  FOR item IN
    SELECT format('ALTER %s %s RENAME COLUMN %I TO %I', mvc.kind_word(c.relkind), c.oid::regclass, a.attname, p.value) AS statement
    FROM jsonb_each(columns) AS r JOIN pg_class AS c ON c.relnamespace = to_regnamespace('mvc') AND c.relname = r.key
    CROSS JOIN jsonb_each_text(r.value) AS p JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND a.attname = p.key
    ORDER BY c.relname, a.attnum
  LOOP
    EXECUTE item.statement;
  END LOOP;
  FOR item IN
    SELECT format('ALTER %s %s RENAME TO %I', mvc.kind_word(c.relkind), c.oid::regclass, n.value) AS statement
    FROM jsonb_each_text(names) AS n JOIN pg_class AS c ON c.relnamespace = to_regnamespace('mvc') AND c.relname = n.key ORDER BY c.relname
  LOOP
    EXECUTE item.statement;
  END LOOP;
  UPDATE mvc.stored_relation AS s SET stored_name = (names ->> s.stored_name)::name, companions = moved.value
  FROM jsonb_each(stored) AS moved WHERE s.stored_name = moved.key;
  INSERT INTO mvc.turn (work) SELECT 'refresh ' || (names ->> moved.key) FROM jsonb_each(stored) AS moved ON CONFLICT DO NOTHING;
  UPDATE mvc.deployed_view AS d SET definition = now.definition, stored_name = now.definition #>> '{storage,1}'
  FROM jsonb_array_elements(definitions) AS now (definition)
  WHERE d.view_schema = now.definition ->> 'schema' AND d.view_name = now.definition ->> 'name';
  PERFORM mvc.record_anew(recorded_so);
END $$;
CREATE FUNCTION mvc.rename_view(from_schema name, from_name name, to_schema name, to_name name) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  target constant oid := to_regclass(format('%I.%I', from_schema, from_name));
  recorded_so constant jsonb := mvc.as_recorded(ARRAY[target]);
BEGIN
  IF target IS NOT NULL AND from_schema <> to_schema THEN
    EXECUTE format('ALTER VIEW %I.%I SET SCHEMA %I', from_schema, from_name, to_schema);
  END IF;
  IF target IS NOT NULL AND from_name <> to_name THEN
    EXECUTE format('ALTER VIEW %I.%I RENAME TO %I', to_schema, from_name, to_name);
  END IF;
  UPDATE mvc.deployed_view AS d SET view_schema = to_schema, view_name = to_name,
    definition = d.definition || jsonb_build_object('schema', to_schema, 'name', to_name)
  WHERE d.view_schema = from_schema AND d.view_name = from_name;
  UPDATE mvc.stored_relation AS s SET view_schema = to_schema, view_name = to_name WHERE s.view_schema = from_schema AND s.view_name = from_name;
  PERFORM mvc.record_anew(recorded_so);
END $$;
CREATE FUNCTION mvc.renamed_sources(stored mvc.stored_relation) RETURNS TABLE(named text, now text, replaced boolean)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  meant jsonb := stored.proven -> 'names';
BEGIN
  IF stored.proven ->> 'place' <> mvc.this_database() THEN
    meant := mvc.names_meant(stored, mvc.queries_of(stored));
  END IF;
  RETURN QUERY
  SELECT n.value, n.key::oid::regclass::text, to_regclass(n.value) IS NOT NULL FROM jsonb_each_text(meant) AS n
  WHERE to_regclass(n.value)::oid IS DISTINCT FROM n.key::oid
  UNION ALL SELECT p.named, p.now, true FROM mvc.swapped_parts(stored.proven) AS p ORDER BY 3 DESC, 1;
END $$;
CREATE FUNCTION mvc.renaming_of(relation regclass, becomes name) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT format('ALTER %s %s RENAME TO %I', CASE c.relkind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'VIEW' END, relation, becomes) FROM pg_class AS c WHERE c.oid = relation
$$;
CREATE FUNCTION mvc.renew_change_logs() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  watched mvc.watched_table;
  base regclass;
  intact boolean;
BEGIN
  PERFORM mvc.own_unknown_changes();
  FOR watched IN SELECT * FROM mvc.watched_table LOOP
    base := to_regclass(format('%I.%I', watched.table_schema, watched.table_name));
    IF base IS NOT NULL AND to_regproc(format('%I.%I', 'mvc', watched.log)) IS NOT NULL AND mvc.log_is_ours(watched.log)
       AND mvc.log_has_columns(watched.log, ARRAY[watched.log]) THEN
      intact := (watched.triggers = '{"intact": true}' OR mvc.heard_alike(watched.triggers, mvc.triggers_of(base, watched.log, watched.columns))) AND NOT EXISTS (
        SELECT FROM mvc.ancestors(base) AS a  -- generation 5 did not look for those of children
        WHERE NOT EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = a.relation AND t.tgfoid = to_regproc(format('%I.%I', 'mvc', watched.log)))
      ) AND mvc.hear_replicated(base, watched.log);
      IF mvc.log_fits(base, watched.log, watched.columns) THEN
        PERFORM mvc.make_change_log(base, watched.log, watched.columns);
      ELSE  -- to change it is for the next refresh, which locks the table before the log
        PERFORM mvc.write_log_function(base, watched.log, watched.columns);
      END IF;
      PERFORM mvc.mark_unlogged();
      UPDATE mvc.watched_table AS w SET triggers = mvc.triggers_noted(base, w.log, w.columns) WHERE w.log = watched.log AND intact;
    END IF;
  END LOOP;
END $$;
CREATE FUNCTION mvc.renew_expressions(stored_name name) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET lock_timeout TO '60ms'
    AS $$
DECLARE
  index regclass;
BEGIN
  FOR index IN
    SELECT i.indexrelid FROM pg_index AS i WHERE i.indrelid = to_regclass(format('%I.%I', 'mvc', stored_name)) AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL)
  LOOP
    EXECUTE format('REINDEX INDEX %s', index);
  END LOOP;
END $$;
CREATE FUNCTION mvc.renew_view(named name, query text) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT set_config('mvc.views_wanted', (
    coalesce(nullif(current_setting('mvc.views_wanted', true), '')::jsonb, '[]') || jsonb_build_object('name', named, 'query', query))::text, true)
$$;
CREATE FUNCTION mvc.renew_views() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  wanted jsonb := current_setting('mvc.views_wanted')::jsonb;
  other jsonb := (SELECT jsonb_agg(w.v ORDER BY w.place) FROM jsonb_array_elements(wanted) WITH ORDINALITY AS w (v, place)
                  WHERE NOT mvc.is_view((w.v ->> 'name')::name, w.v ->> 'query'));
  renewed record;
BEGIN
  PERFORM set_config('mvc.views_wanted', '', true);
  FOR renewed IN
    SELECT w.v AS view, format('CREATE OR REPLACE VIEW %I.%I AS %s', 'mvc', w.v ->> 'name', w.v ->> 'query') AS creation
    FROM jsonb_array_elements(wanted) WITH ORDINALITY AS w (v, place) ORDER BY place
  LOOP
    CONTINUE WHEN to_regclass(format('%I.%I', 'mvc', renewed.view ->> 'name')) IS NOT NULL AND NOT coalesce(other @> jsonb_build_array(renewed.view), false);
    BEGIN
      EXECUTE renewed.creation;
    EXCEPTION WHEN invalid_table_definition THEN
      PERFORM mvc.views_aside(ARRAY[to_regclass(format('%I.%I', 'mvc', renewed.view ->> 'name'))::oid]);
      EXECUTE renewed.creation;
    END;
  END LOOP;
END $$;
CREATE FUNCTION mvc.renumber_proofs(log name, former oid, present oid) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  UPDATE mvc.stored_relation AS s SET proven = s.proven || jsonb_build_object(
    'read', array_replace(mvc.oids(s.proven -> 'read'), former, present), 'tables', array_replace(mvc.oids(s.proven -> 'tables'), former, present),
    'owners', ARRAY(
      SELECT regexp_replace(o.line, format('^pg_class %s ', former), format('pg_class %s ', present)) FROM jsonb_array_elements_text(s.proven -> 'owners') AS o (line) ORDER BY 1))
  WHERE renumber_proofs.log = ANY (s.watches) AND s.proven IS NOT NULL
$$;
CREATE FUNCTION mvc.replacements_of(views oid[]) RETURNS text[]
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  texts text[] := ARRAY[]::text[];
BEGIN
  FOR place IN 1 .. coalesce(array_length(views, 1), 0) LOOP
    EXECUTE format('ALTER VIEW %s RESET (mvc)', views[place]::regclass);  -- nothing bears that name
    PERFORM mvc.expect_inert(views[place]);
    texts := texts || regexp_replace(mvc.creation_of(views[place]), '^CREATE VIEW', 'CREATE OR REPLACE VIEW');
  END LOOP;
  RETURN texts;
END $$;
CREATE FUNCTION mvc.require_extension(extension name, view_name name) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = extension) THEN
    RAISE EXCEPTION 'the view % needs the extension %, which this database does not have', view_name, extension
      USING HINT = format('CREATE EXTENSION %I; or compile without this view', extension);
  END IF;
END $$;
CREATE FUNCTION mvc.retire_partition(table_schema name, table_name name, lower text, upper text, gone boolean) RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO, MDY'
    AS $$
DECLARE
  parent regclass := format('%I.%I', table_schema, table_name)::regclass;
  partition regclass;
  pending boolean;
  referrers text := (SELECT string_agg(DISTINCT k.conrelid::regclass::text, ', ') FROM pg_constraint AS k
                     WHERE k.contype = 'f' AND k.confrelid = parent AND k.conparentid = 0);
  readers text := (SELECT string_agg(format('%I.%I', r.view_schema, r.view_name), ', ' ORDER BY r.place)
                   FROM mvc.partition_readers(ARRAY[parent]::oid[]) AS r);
BEGIN
  SELECT i.inhrelid, i.inhdetachpending INTO STRICT partition, pending FROM pg_inherits AS i
  WHERE i.inhparent = parent
    AND mvc.partition_range(i.inhrelid) = tsrange(mvc.partition_bound(quote_literal(lower)), mvc.partition_bound(quote_literal(upper)));
  IF referrers IS NOT NULL THEN
    RAISE EXCEPTION 'foreign keys of % refer to it: detaching would check them all while readers wait', referrers
      USING ERRCODE = 'dependent_objects_still_exist', HINT = format('at a quiet time: ALTER TABLE %s DETACH PARTITION %s', parent, partition);
  END IF;
  EXECUTE format('ALTER TABLE %s DETACH PARTITION %s%s', parent, partition, CASE WHEN pending THEN ' FINALIZE' ELSE '' END);
  IF gone THEN
    EXECUTE format('DROP TABLE %s', partition);
  END IF;
  RETURN 'its rows go with the next refresh of ' || readers;
END $$;
CREATE FUNCTION mvc.revoke_all(kind text, target text, owner oid, acl aclitem[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  class "char" := CASE kind WHEN 'TABLE' THEN 'r' WHEN 'SEQUENCE' THEN 's' WHEN 'SCHEMA' THEN 'n' ELSE 'f' END;
  holder oid;
BEGIN
  FOR holder IN
    SELECT DISTINCT entry.grantee FROM aclexplode(coalesce(acl, acldefault(class, owner))) AS entry WHERE entry.grantee <> owner
  LOOP
    EXECUTE format('REVOKE ALL ON %s %s FROM %s CASCADE', kind, target,
                   CASE holder WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(holder)) END);
  END LOOP;
END $$;
CREATE FUNCTION mvc.role_now(role name, recorded jsonb) RETURNS name
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT CASE role WHEN 'public' THEN role ELSE coalesce(
    (SELECT r.rolname FROM pg_roles AS r
     WHERE r.oid = (recorded #>> ARRAY['roles', role::text])::oid AND recorded ->> 'server' = mvc.this_server()),
    (SELECT r.rolname FROM pg_roles AS r WHERE r.rolname = role)) END
$$;
CREATE FUNCTION mvc.role_sql(role name) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT CASE role WHEN 'public' THEN 'PUBLIC' ELSE quote_ident(role) END
$$;
CREATE FUNCTION mvc.roles_of(definition jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
BEGIN
  RETURN (
    SELECT jsonb_build_object('server', mvc.this_server(), 'roles', coalesce(jsonb_object_agg(r.rolname, r.oid::text), '{}'))
    FROM pg_roles AS r WHERE r.rolname IN (
      SELECT reader FROM jsonb_array_elements_text(definition #> '{access,readers}') AS reader
      UNION SELECT named #>> '{}' FROM jsonb_path_query(definition, '$.access.restrictions[*].roles[*]') AS named)
  );
END $_$;
CREATE FUNCTION mvc.roles_of_projects() RETURNS name[]
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  found name[];
BEGIN
  IF to_regclass(format('%I.deployment', 'mvc')) IS NOT NULL THEN
    EXECUTE format('SELECT ARRAY(SELECT DISTINCT jsonb_array_elements_text(latest.target -> ''trusted_roles'') FROM ('
                   'SELECT DISTINCT ON (d.project) d.target FROM %I.deployment AS d ORDER BY d.project, d.id DESC) AS latest)::name[]', 'mvc') INTO found;
  END IF;
  RETURN coalesce(found, ARRAY[]::name[]);
END $$;
CREATE FUNCTION mvc.rows_of(stored_name name) RETURNS SETOF record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  RETURN QUERY EXECUTE format('TABLE %I.%I', 'mvc', stored_name);
END $$;
CREATE FUNCTION mvc.run_as_project(statement text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  looked jsonb := nullif(current_setting('mvc.looked', true), '')::jsonb;
  named text := looked ->> 'named';
  sources text[] := mvc.as_array(looked -> 'sources');
  types text[] := mvc.as_array(looked -> 'types');
  called jsonb := nullif(current_setting('mvc.called', true), '')::jsonb;
  roles name[] := mvc.as_array(looked -> 'roles')::name[];
  allowed text[] := mvc.as_array(looked -> 'allowed');
BEGIN
  PERFORM set_config('search_path', (
    SELECT string_agg(quote_ident(p.name), ', ' ORDER BY p.place) || ', pg_temp'
    FROM jsonb_array_elements_text((SELECT d.target -> 'search_path' FROM mvc.deployment AS d ORDER BY d.id DESC LIMIT 1))
         WITH ORDINALITY AS p (name, place)), true);
  IF looked IS NOT NULL THEN
    PERFORM mvc.prove_sources(named, sources, types, roles, allowed);
  END IF;
  IF called IS NOT NULL THEN
    PERFORM mvc.prove_calls(named, mvc.as_array(called), roles, allowed);
  END IF;
  EXECUTE statement;
END $$;
CREATE FUNCTION mvc.run_each(statements text[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  statement text;
BEGIN
  FOREACH statement IN ARRAY statements LOOP
    EXECUTE statement;
  END LOOP;
END $$;
CREATE FUNCTION mvc.run_or_warn(run bigint) RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  entry mvc.refresh_log;
BEGIN
  PERFORM mvc.refresh_run(run);
  PERFORM mvc.refresh_end(run);
  SELECT * INTO entry FROM mvc.refresh_log AS r WHERE r.id = run;
  IF entry.status = 'failed' THEN
    RAISE WARNING 'the refresh of %.% failed: %', quote_ident(entry.view_schema), quote_ident(entry.view_name), entry.error;
  END IF;
  RETURN entry.status;
END $$;
CREATE PROCEDURE mvc.run_schedule(IN project text, IN schedule text, IN if_due boolean DEFAULT false)
    LANGUAGE plpgsql
    AS $$
DECLARE
  waiting pg_catalog.jsonb;
  task pg_catalog.jsonb;
  step pg_catalog.jsonb;
  outcome pg_catalog.text;
  run pg_catalog.jsonb;
  failed pg_catalog.text[];
  again integer := 0;
BEGIN
  CALL mvc.committed('begin schedule', pg_catalog.jsonb_build_object('project', project, 'schedule', schedule, 'if_due', if_due), waiting);
  SET LOCAL search_path = pg_catalog, pg_temp;
  run := waiting #> '{0,run}';
  IF waiting #>> '{0,mode}' = 'partitions' THEN
    CALL mvc.partition_work(project, failed);
    CALL mvc.committed('end schedule', pg_catalog.jsonb_build_object('run', run), step);
    SET LOCAL search_path = pg_catalog, pg_temp;
    IF failed IS NOT NULL THEN
      RAISE EXCEPTION 'failed: %', array_to_string(failed, '; ') USING HINT = 'mvc' || '.partition_log says why';
    END IF;
    RETURN;
  END IF;
  WHILE jsonb_array_length(waiting) > 0 LOOP
    task := waiting -> 0;
    waiting := waiting - 0;
    CALL mvc.committed('step of schedule', task, step);
    SET LOCAL search_path = pg_catalog, pg_temp;
    IF step ->> 'run' IS NOT NULL AND step ->> 'reason' IS NULL THEN
      CALL mvc.refresh_work((step ->> 'run')::bigint, (task ->> 'lock_timeout_seconds')::double precision, outcome);
      SET LOCAL search_path = pg_catalog, pg_temp;
      IF outcome = 'skipped' AND (task ->> 'insists')::boolean AND again < 5 THEN
        again := again + 1;
        waiting := waiting || task;
        PERFORM pg_catalog.pg_sleep(2 ^ again) WHERE jsonb_array_length(waiting) = 1;
      END IF;
    END IF;
  END LOOP;
  IF waiting IS NOT NULL THEN
    CALL mvc.committed('end schedule', jsonb_build_object('run', run), step);
    SET LOCAL search_path = pg_catalog, pg_temp;
  END IF;
  IF jsonb_array_length(step) > 0 THEN
    RAISE EXCEPTION 'refreshing failed: %', (SELECT string_agg(name, ', ') FROM jsonb_array_elements_text(step) AS name)
      USING HINT = 'the log has the reasons';
  END IF;
END $$;
CREATE TABLE mvc.schedule_run (
    project text NOT NULL,
    schedule text NOT NULL,
    seen timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    tick timestamp with time zone,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    failed name[],
    pid integer,
    resumed boolean DEFAULT false NOT NULL,
    run_by name DEFAULT ''::name NOT NULL,
    run bigint,
    views name[]
);
CREATE FUNCTION mvc.run_under_way(number bigint) RETURNS SETOF mvc.schedule_run
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT r.* FROM mvc.schedule_run AS r WHERE r.run = number AND r.run_by = session_user AND r.finished_at IS NULL
  UNION ALL SELECT s.* FROM mvc.earlier_run AS e CROSS JOIN jsonb_populate_record(NULL::mvc.schedule_run, e.state) AS s
  WHERE e.run = number AND e.run_by = session_user
$$;
CREATE PROCEDURE mvc.say_outcome(IN run bigint, IN outcome text)
    LANGUAGE plpgsql
    AS $_$
DECLARE
  said pg_catalog.jsonb;
BEGIN
  SET LOCAL search_path = pg_catalog, pg_temp;
  IF outcome IS NOT DISTINCT FROM 'completed' THEN
    RETURN;
  END IF;
  CALL mvc.committed('outcome', jsonb_build_object('run', run), said);
  SET LOCAL search_path = pg_catalog, pg_temp;
  IF outcome = 'skipped' THEN
    RAISE NOTICE 'the refresh of % was skipped: %', said ->> 'view', said ->> 'error';
  ELSE
    RAISE EXCEPTION 'the refresh of % failed: %', said ->> 'view', left(coalesce(said ->> 'error', outcome), 4000)
      USING ERRCODE = CASE WHEN said ->> 'sqlstate' ~ '^[0-9A-Z]{5}$' THEN said ->> 'sqlstate' ELSE 'P0001' END,
        HINT = coalesce(said ->> 'hint', format('row %s of %s.refreshes has more', run, 'mvc'));
  END IF;
END $_$;
CREATE FUNCTION mvc.schedule_begin(project text, schedule text, if_due boolean) RETURNS TABLE(view_schema name, view_name name, called name, mode text, timeout_seconds integer, lock_timeout_seconds integer, since timestamp with time zone, insists boolean, run bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  planned mvc.schedules;
  chosen name[];
  ticked timestamptz;
  number bigint;
BEGIN
  SELECT s.* INTO planned FROM mvc.schedules AS s WHERE s.project = schedule_begin.project AND s.schedule = schedule_begin.schedule;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no schedule % of the project % is deployed', quote_ident(schedule), quote_ident(project)
      USING ERRCODE = 'undefined_object', HINT = 'deploy it: mvc apply';
  END IF;
  INSERT INTO mvc.schedule_run AS r (project, schedule, run_by, seen)
  VALUES (schedule_begin.project, schedule_begin.schedule, session_user, coalesce((
    SELECT b.seen FROM mvc.schedule_run AS b
    WHERE b.project = schedule_begin.project AND b.schedule = schedule_begin.schedule AND b.run_by = ''), mvc.deployed_since(schedule_begin.project)))
  ON CONFLICT ON CONSTRAINT schedule_run_pkey DO UPDATE SET seen = r.seen;  -- which locks it
  chosen := planned.views;
  IF if_due THEN
    SELECT found.tick, found.views INTO ticked, chosen FROM mvc.due_views(schedule_begin.project, schedule_begin.schedule) AS found;
  END IF;
  IF cardinality(chosen) = 0 AND (if_due OR planned.mode IS DISTINCT FROM 'partitions') THEN
    RETURN;
  END IF;
  number := nextval('mvc' || '.schedule_run_number');
  PERFORM mvc.keep_earlier_run(schedule_begin.project, schedule_begin.schedule);
  UPDATE mvc.schedule_run AS r
  SET run = number, views = CASE WHEN planned.mode IS DISTINCT FROM 'partitions' THEN chosen END, seen = clock_timestamp(), tick = ticked, resumed = coalesce(ticked <= r.seen, false),
      started_at = clock_timestamp(), finished_at = NULL, failed = NULL, pid = pg_backend_pid()
  WHERE r.project = schedule_begin.project AND r.schedule = schedule_begin.schedule AND r.run_by = session_user;
  IF planned.mode = 'partitions' THEN
    RETURN QUERY SELECT ''::name, 'partitions'::name, 'partitions'::name, planned.mode, NULL::integer, NULL::integer, ticked, false, number;
    RETURN;
  END IF;
  RETURN QUERY SELECT d.view_schema, d.view_name, mvc.called(d.view_schema, d.view_name, d.recorded), mvc.possible_mode(d.definition, planned.mode), planned.timeout_seconds,
    planned.lock_timeout_seconds, ticked, planned.mode = 'full' AND jsonb_typeof(d.definition -> 'merge') = 'object', number
  FROM unnest(chosen) WITH ORDINALITY AS v (name, place)
  JOIN mvc.deployed_view AS d ON d.project = schedule_begin.project AND mvc.called(d.view_schema, d.view_name, d.recorded) = v.name AND d.kind = 'materialized'
  ORDER BY v.place;
END $$;
CREATE FUNCTION mvc.schedule_end(number bigint) RETURNS name[]
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  WITH run AS (
    SELECT CASE WHEN r.views IS NOT NULL THEN mvc.undone(r, ARRAY['started', 'failed', 'lost', NULL])
      WHEN EXISTS (SELECT FROM mvc.partition_tasks(r.project)) THEN '{partitions}' ELSE '{}' END AS failed
    FROM mvc.run_under_way(number) AS r
  ), earlier AS (
    DELETE FROM mvc.earlier_run AS e WHERE e.run = number AND e.run_by = session_user
  ), latest AS (
    UPDATE mvc.schedule_run AS r SET finished_at = clock_timestamp(), failed = run.failed FROM run
    WHERE r.run = number AND r.run_by = session_user AND r.finished_at IS NULL
  )
  SELECT run.failed FROM run
$$;
CREATE FUNCTION mvc.schedule_step(number bigint, view_schema name, view_name name, OUT run bigint, OUT reason text) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  under_way mvc.schedule_run;
  asked text;
BEGIN
  SELECT r.* INTO under_way FROM mvc.run_under_way(number) AS r WHERE EXISTS (
    SELECT FROM mvc.deployed_view AS d
    WHERE d.view_schema = schedule_step.view_schema AND d.view_name = schedule_step.view_name AND mvc.called(d.view_schema, d.view_name, d.recorded) = ANY (r.views));
  IF under_way IS NULL THEN
    RAISE EXCEPTION 'run % of a schedule has not begun, or has ended, or is not of %', number, quote_ident(view_name);
  END IF;
  SELECT mvc.possible_mode(d.definition, s.mode) INTO asked FROM mvc.schedules AS s
  JOIN mvc.deployed_view AS d ON d.view_schema = schedule_step.view_schema AND d.view_name = schedule_step.view_name
  WHERE s.project = under_way.project AND s.schedule = under_way.schedule;
  SELECT s.run, s.reason INTO run, reason
  FROM mvc.refresh_step(schedule_step.view_schema, schedule_step.view_name, asked, under_way.schedule, under_way.tick,
                             mvc.undone(under_way, ARRAY['failed', 'lost'])) AS s;
  UPDATE mvc.refresh_log AS l SET schedule_run = number WHERE l.id = schedule_step.run;
END $$;
CREATE FUNCTION mvc.schemas_in(body text) RETURNS SETOF oid
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
  SELECT n.oid FROM pg_namespace AS n
  WHERE mvc.is_of_others(n.oid) AND (n.nspname = ANY (ARRAY(SELECT mvc.words_in(body))) OR strpos(body, '$user') > 0)
$_$;
CREATE FUNCTION mvc.seal(stored_name name) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  PERFORM mvc.revoke_all('TABLE', c.oid::regclass::text, c.relowner, (
    SELECT array_agg(entry) FROM (SELECT unnest(c.relacl) UNION ALL
      SELECT unnest(a.attacl) FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attacl IS NOT NULL) AS given (entry)))
  FROM pg_class AS c WHERE c.relnamespace = to_regnamespace('mvc') AND c.relname = seal.stored_name;
END $$;
CREATE FUNCTION mvc.seconds_to_next(project text) RETURNS double precision
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT least(60 - extract(second FROM clock_timestamp()), min(greatest(
    p.refresh_at_seconds - coalesce(p.age_seconds, p.promised_seconds),
    p.promised_seconds / 10.0 - extract(epoch FROM clock_timestamp() - tried.at))))
  FROM mvc.promises AS p CROSS JOIN LATERAL (
    SELECT max(l.started_at) FROM mvc.refresh_log AS l
    WHERE l.view_schema = p.view_schema AND l.view_name = p.view_name AND l.refreshed_by = session_user) AS tried (at)
  WHERE p.project = seconds_to_next.project
$$;
CREATE FUNCTION mvc.seen_by_all(log name) RETURNS xid8
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  RETURN coalesce((
    SELECT pg_snapshot_xmin(coalesce(s.cursor, s.hold)) AS oldest FROM mvc.stored_relation AS s
    WHERE seen_by_all.log = ANY (s.watches) AND (s.cursor IS NOT NULL OR s.held_at > now() - interval '1 day') ORDER BY oldest LIMIT 1
  ), pg_snapshot_xmin(pg_current_snapshot()));
END $$;
CREATE FUNCTION mvc.set_readers(view_schema name, view_name name, readers name[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  target regclass := format('%I.%I', view_schema, view_name)::regclass;
  reader name;
BEGIN
  FOR reader IN
    SELECT former.name FROM mvc.deployed_view AS d, jsonb_array_elements_text(d.definition #> '{access,readers}') AS before (name),
      mvc.role_now(before.name::name, d.recorded) AS former (name)
    WHERE d.view_schema = set_readers.view_schema AND d.view_name = set_readers.view_name AND former.name <> ALL (readers)
  LOOP
    EXECUTE format('REVOKE SELECT ON TABLE %s FROM %s CASCADE', target, mvc.role_sql(reader));
  END LOOP;
  FOREACH reader IN ARRAY readers LOOP
    EXECUTE format('GRANT SELECT ON TABLE %s TO %s', target, mvc.role_sql(reader));
  END LOOP;
END $$;
CREATE FUNCTION mvc.settings_in(body text) RETURNS SETOF text
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT lower(m[1]) FROM regexp_matches(body, 'current_setting\s*\(\s*''([^'']+)''', 'gi') AS m
  UNION SELECT known.setting FROM (VALUES
    ('default_text_search_config', 'to_tsvector|to_tsquery|ts_headline|@@|get_current_ts_config'), ('lc_monetary', 'money'), ('lc_time', 'to_char'), ('lc_numeric', 'to_char|to_number'),
    ('xmloption', 'xml'), ('xmlbinary', 'xml')
  ) AS known (setting, pattern) WHERE body ~* known.pattern
$$;
CREATE FUNCTION mvc.show_nothing(view oid) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  change text;
BEGIN
  change := (
    SELECT format('CREATE OR REPLACE VIEW %s%s AS SELECT %s WHERE false', c.oid::regclass, ' WITH (' || array_to_string(c.reloptions, ', ') || ')', string_agg(
      concat('NULL::', format_type(a.atttypid, a.atttypmod), CASE WHEN a.attcollation <> t.typcollation THEN format(' COLLATE %I.%I', n.nspname, l.collname) END, ' AS ', quote_ident(a.attname)),
      ', ' ORDER BY a.attnum))
    FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped JOIN pg_type AS t ON t.oid = a.atttypid
    LEFT JOIN pg_collation AS l ON l.oid = a.attcollation LEFT JOIN pg_namespace AS n ON n.oid = l.collnamespace
    WHERE c.oid = view GROUP BY c.oid, c.reloptions);
  EXECUTE change;
END $$;
CREATE FUNCTION mvc.shown_by(deployed mvc.deployed_view) RETURNS oid[]
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT array_remove(ARRAY(
    SELECT to_regclass(format('%I.%I', 'mvc', arm ->> 'name'))::oid FROM jsonb_array_elements(deployed.definition #> '{exposure,arms}') AS arm
  ) || to_regclass(format('%I.%I', deployed.view_schema, deployed.view_name))::oid, NULL)
$$;
CREATE FUNCTION mvc.shrunk_views(since bigint) RETURNS TABLE(place integer, view_schema name, view_name name)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT r.* FROM mvc.partition_readers(ARRAY(
    SELECT DISTINCT to_regclass(format('%I.%I', l.table_schema, l.table_name))::oid FROM mvc.partition_log AS l
    WHERE l.id > since AND l.action IN ('detached', 'dropped'))) AS r ORDER BY r.place, r.view_schema, r.view_name
$$;
CREATE FUNCTION mvc.sizes_at_once(relation oid, OUT table_bytes bigint, OUT index_bytes bigint, OUT toast_bytes bigint, OUT total_bytes bigint) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  SELECT s.* INTO table_bytes, index_bytes, toast_bytes, total_bytes FROM mvc.sizes_of(relation) AS s;
EXCEPTION WHEN lock_not_available THEN
  RETURN;
END $$;
CREATE FUNCTION mvc.sizes_of(relation oid, OUT table_bytes bigint, OUT index_bytes bigint, OUT toast_bytes bigint, OUT total_bytes bigint) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET lock_timeout TO '50ms'
    AS $$
DECLARE
  toast oid := (SELECT nullif(c.reltoastrelid, 0) FROM pg_class AS c WHERE c.oid = relation);
  whole bigint := pg_total_relation_size(relation::regclass);
  indexes bigint := pg_indexes_size(relation::regclass);
  aside bigint := coalesce(pg_total_relation_size(toast::regclass), 0);
BEGIN
  total_bytes := whole;
  index_bytes := indexes;
  toast_bytes := aside;
  table_bytes := whole - indexes - aside;
END $$;
CREATE FUNCTION mvc.spelled_bound(bound timestamp without time zone, kind text) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "DateStyle" TO 'ISO, MDY'
    AS $$
  SELECT CASE kind WHEN 'date' THEN bound::date::text WHEN 'timestamptz' THEN bound::text || '+00' ELSE bound::text END
$$;
CREATE FUNCTION mvc.statements_in(source regclass) RETURNS TABLE(statement text, calls bigint, milliseconds double precision, rows bigint, read_milliseconds double precision, since timestamp with time zone)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  columns name[] := ARRAY(SELECT a.attname FROM pg_attribute AS a WHERE a.attrelid = source AND a.attnum > 0 AND NOT a.attisdropped);
BEGIN
  RETURN QUERY EXECUTE format(
    'SELECT s.query, s.calls, s.%I::double precision, s.rows, s.%I::double precision, %s FROM %s AS s'
    ' WHERE s.dbid = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())',
    CASE WHEN 'total_exec_time' = ANY (columns) THEN 'total_exec_time' ELSE 'total_time' END,
    CASE WHEN 'shared_blk_read_time' = ANY (columns) THEN 'shared_blk_read_time' ELSE 'blk_read_time' END,
    CASE WHEN 'stats_since' = ANY (columns) THEN 's.stats_since' ELSE 'NULL::timestamptz' END,
    source);
END $$;
CREATE FUNCTION mvc.statements_since(home name) RETURNS timestamp with time zone
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  found timestamptz;
BEGIN
  EXECUTE format('SELECT i.stats_reset FROM %I.pg_stat_statements_info AS i', home) INTO found;
  RETURN found;
END $$;
CREATE FUNCTION mvc.stop_following(view_schema name, view_name name, but_for name) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  UPDATE mvc.stored_relation AS s SET cursor = NULL
  WHERE s.view_schema = stop_following.view_schema AND s.view_name = stop_following.view_name AND s.cursor IS NOT NULL
    AND s.stored_name IS DISTINCT FROM but_for
$$;
CREATE FUNCTION mvc.stop_overdue(project text) RETURNS integer
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT count(pg_cancel_backend(a.pid))::integer
  FROM mvc.refresh_log AS l JOIN mvc.deployed_view AS d ON d.view_schema = l.view_schema AND d.view_name = l.view_name
  JOIN mvc.schedules AS s ON s.project = d.project AND s.schedule = l.schedule
  JOIN pg_stat_activity AS a ON a.pid = l.pid AND a.backend_start <= l.started_at AND a.usename = current_user
    AND mvc.is_locked(l.xmax)  -- else the session is at something else by now
    AND EXISTS (SELECT FROM pg_locks AS k WHERE k.pid = a.pid AND k.locktype = 'relation' AND k.relation = 'mvc.refresh_log'::regclass AND k.mode = 'RowShareLock')
  WHERE d.project = stop_overdue.project AND l.status = 'started'
    AND l.started_at + make_interval(secs => s.timeout_seconds) < clock_timestamp()
$$;
CREATE FUNCTION mvc.storage_of(parent oid) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT concat_ws(' ',
    (SELECT format('USING %I', m.amname) FROM pg_am AS m WHERE m.oid = coalesce(nullif(c.relam, 0), sibling.relam)),
    'WITH (' || (SELECT string_agg(format('%I = %L', option_name, option_value), ', ') FROM pg_options_to_table(sibling.reloptions)) || ')',
    (SELECT format('TABLESPACE %I', t.spcname) FROM pg_tablespace AS t WHERE t.oid = c.reltablespace))
  FROM pg_class AS c LEFT JOIN LATERAL (
    SELECT s.relam, s.reloptions FROM pg_inherits AS i JOIN pg_class AS s ON s.oid = i.inhrelid
    WHERE i.inhparent = c.oid AND s.relkind = 'r' AND pg_get_expr(s.relpartbound, s.oid) <> 'DEFAULT'
    ORDER BY upper(mvc.partition_range(s.oid)) DESC NULLS LAST LIMIT 1
  ) AS sibling ON true WHERE c.oid = parent
$$;
CREATE FUNCTION mvc.strange_owners(relations oid[], roles name[]) RETURNS TABLE(named oid, relation oid, owner oid)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
BEGIN
  RETURN QUERY
  WITH found AS MATERIALIZED (SELECT o.* FROM mvc.owners_of(relations) AS o),
  strange AS MATERIALIZED (SELECT d.owner FROM (SELECT DISTINCT f.owner FROM found AS f) AS d WHERE NOT mvc.is_trusted(d.owner, roles))
  SELECT DISTINCT f.named, f.relation, f.owner FROM found AS f JOIN strange AS s ON s.owner = f.owner;
END $$;
CREATE FUNCTION mvc.swapped_column(relation oid, place smallint, meant name, OUT named text, OUT now text) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  called name := (SELECT a.attname FROM pg_attribute AS a WHERE a.attrelid = relation AND a.attnum = place);
BEGIN
  IF called <> meant AND EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = relation AND a.attname = meant) THEN
    named := format('%s.%I', relation::regclass, meant);
    now := format('%s.%I', relation::regclass, called);
  END IF;
END $$;
CREATE FUNCTION mvc.swapped_function(routine oid, meant text, OUT named text, OUT now text) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  called text := (SELECT format('%I.%I', n.nspname, p.proname) FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace WHERE p.oid = routine);
  parts text[] := parse_ident(meant);
BEGIN
  IF called <> meant AND EXISTS (
    SELECT FROM pg_proc AS other WHERE other.proname = parts[2]::name AND other.pronamespace = to_regnamespace(quote_ident(parts[1]))
      AND other.proargtypes = (SELECT p.proargtypes FROM pg_proc AS p WHERE p.oid = routine)
  ) THEN
    named := format('%s(%s)', meant, pg_get_function_identity_arguments(routine));
    now := routine::regprocedure::text;
  END IF;
END $$;
CREATE FUNCTION mvc.swapped_label(enum oid, meant jsonb, OUT named text, OUT now text) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  SELECT format('%L::%s', m.value, enum::regtype), format('%L::%s', e.enumlabel, enum::regtype) INTO named, now
  FROM jsonb_each_text(meant) AS m JOIN pg_enum AS e ON e.oid = m.key::oid
  WHERE e.enumlabel <> m.value AND EXISTS (SELECT FROM pg_enum AS other WHERE other.enumtypid = enum AND other.enumlabel = m.value) ORDER BY e.enumsortorder LIMIT 1;
END $$;
CREATE FUNCTION mvc.swapped_name(kind text, object oid, meant text, OUT named text, OUT now text) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  called text := CASE kind WHEN 'type' THEN object::regtype::text WHEN 'collation' THEN object::regcollation::text ELSE object::regconfig::text END;
  parts text[];
  other oid;
BEGIN
  IF called = meant THEN
    RETURN;
  END IF;
  parts := parse_ident(meant);
  other := CASE kind WHEN 'type' THEN to_regtype(meant) WHEN 'collation' THEN to_regcollation(meant)
           ELSE (SELECT c.oid FROM pg_ts_config AS c WHERE c.cfgname = parts[2]::name AND c.cfgnamespace = to_regnamespace(quote_ident(parts[1]))) END;
  IF other <> object THEN
    named := meant;
    now := called;
  END IF;
END $$;
CREATE FUNCTION mvc.swapped_parts(proven jsonb) RETURNS TABLE(named text, now text)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
DECLARE
  part record;
BEGIN
  IF proven ->> 'place' IS DISTINCT FROM mvc.this_database() THEN
    RETURN;
  END IF;
  FOR part IN SELECT p.key, p.value FROM jsonb_each_text(proven -> 'parts') AS p LOOP
    IF part.key LIKE 'labels:%' THEN
      RETURN QUERY SELECT s.named, s.now FROM mvc.swapped_label(split_part(part.key, ':', 2)::oid, part.value::jsonb) AS s WHERE s.named IS NOT NULL;
    ELSIF part.key LIKE '%:%' THEN
      RETURN QUERY SELECT s.named, s.now FROM mvc.swapped_name(split_part(part.key, ':', 1), split_part(part.key, ':', 2)::oid, part.value) AS s WHERE s.named IS NOT NULL;
    ELSIF part.key LIKE '% %' THEN
      RETURN QUERY SELECT s.named, s.now FROM mvc.swapped_column(split_part(part.key, ' ', 1)::oid, split_part(part.key, ' ', 2)::int2, part.value) AS s WHERE s.named IS NOT NULL;
    ELSE
      RETURN QUERY SELECT s.named, s.now FROM mvc.swapped_function(part.key::oid, part.value) AS s WHERE s.named IS NOT NULL;
    END IF;
  END LOOP;
END $$;
CREATE FUNCTION mvc.tables_of(stored mvc.stored_relation) RETURNS oid[]
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT ARRAY(SELECT c.oid FROM pg_class AS c WHERE c.oid = ANY (ARRAY(SELECT unnest(mvc.read_by(mvc.queries_of(stored)))))
               AND (c.relkind IN ('r', 'p') OR c.relkind = 'v' AND (stored).watches <> '{}' AND (stored).proven IS NULL))
$$;
CREATE FUNCTION mvc.tables_read(stored mvc.stored_relation) RETURNS oid[]
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  RETURN CASE WHEN stored.proven ->> 'place' = mvc.this_database() THEN mvc.oids(stored.proven -> 'tables') ELSE mvc.tables_of(stored) END;
END $$;
CREATE FUNCTION mvc.take_back(relation regclass) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  PERFORM mvc.own_again(relation);
  EXECUTE format('CREATE RULE taken_back AS ON INSERT TO %s DO INSTEAD NOTHING', relation);
  EXECUTE format('DROP RULE taken_back ON %s', relation);
END $$;
CREATE FUNCTION mvc.take_back(view_schema name, view_name name) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  deployed mvc.deployed_view;
  released jsonb;
  copy name;
  former regclass;
  change text;
  texts text[] := ARRAY[]::text[];
BEGIN
  SELECT d.* INTO STRICT deployed FROM mvc.deployed_view AS d
  WHERE d.view_schema = take_back.view_schema AND d.view_name = take_back.view_name FOR UPDATE;
  released := (SELECT r.released FROM mvc.released_view AS r WHERE r.view_schema = take_back.view_schema AND r.view_name = take_back.view_name);
  copy := mvc.name_beside(deployed.stored_name, 'copy');
  former := to_regclass(format('%I.%I', 'mvc', mvc.name_beside(deployed.stored_name, 'former')));
  IF released ? 'shown' THEN
    texts := ARRAY[released ->> 'shown'];
  ELSIF former IS NOT NULL THEN
    texts := mvc.replacements_of(mvc.shown_by(deployed));
  END IF;
  IF former IS NOT NULL THEN
    EXECUTE format('ALTER MATERIALIZED VIEW %I.%I RENAME TO %I', 'mvc', deployed.stored_name, copy);
    change := mvc.renaming_of(former, deployed.stored_name);
    EXECUTE change;
  END IF;
  FOR place IN 1 .. coalesce(array_length(texts, 1), 0) LOOP
    EXECUTE texts[place];
  END LOOP;
  IF former IS NOT NULL THEN
    EXECUTE format('DROP MATERIALIZED VIEW %I.%I', 'mvc', copy);
    DELETE FROM mvc.stored_relation AS s WHERE s.stored_name = mvc.name_beside(deployed.stored_name, 'former');
  END IF;
  DELETE FROM mvc.frozen_relation AS f WHERE f.stored_name IN (deployed.stored_name, mvc.name_beside(deployed.stored_name, 'former'));
  DELETE FROM mvc.released_view AS r WHERE r.view_schema = take_back.view_schema AND r.view_name = take_back.view_name;
END $$;
CREATE FUNCTION mvc.take_place(stored_name name) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  copy name := mvc.name_beside(stored_name, 'copy');
  former name := mvc.name_beside(stored_name, 'former');
  change text := mvc.renaming_of(format('%I.%I', 'mvc', stored_name)::regclass, former);
BEGIN
  EXECUTE change;
  EXECUTE format('ALTER MATERIALIZED VIEW %I.%I RENAME TO %I', 'mvc', copy, stored_name);
  DELETE FROM mvc.stored_relation AS s WHERE s.stored_name = copy;
  DELETE FROM mvc.frozen_relation AS f WHERE f.stored_name = copy;
  INSERT INTO mvc.frozen_relation (stored_name) VALUES (former) ON CONFLICT DO NOTHING;
  INSERT INTO mvc.stored_relation (stored_name, view_schema, view_name, project, built_at, filled_at, rows)
  SELECT former, s.view_schema, s.view_name, s.project, s.built_at, s.filled_at, s.rows FROM mvc.stored_relation AS s WHERE s.stored_name = take_place.stored_name
  ON CONFLICT DO NOTHING;
END $$;
CREATE FUNCTION mvc.take_turn(work text) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  PERFORM FROM mvc.turn AS t WHERE t.work = take_turn.work FOR UPDATE SKIP LOCKED;
  IF FOUND THEN
    RETURN true;
  END IF;
  INSERT INTO mvc.turn (work) VALUES (take_turn.work) ON CONFLICT DO NOTHING;
  RETURN FOUND;
END $$;
CREATE FUNCTION mvc.targets_of(targets jsonb) RETURNS TABLE(relation oid, attribute smallint)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  WITH RECURSIVE named AS (
    SELECT c.oid, t."column" FROM jsonb_to_recordset(targets) AS t (schema name, name name, "column" name)
    JOIN pg_namespace AS n ON n.nspname = t.schema JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = t.name
  ), family AS (
    SELECT n.oid, n."column" FROM named AS n UNION SELECT i.inhrelid, f."column" FROM family AS f JOIN pg_inherits AS i ON i.inhparent = f.oid
  )
  SELECT f.oid, a.attnum FROM family AS f LEFT JOIN pg_attribute AS a ON a.attrelid = f.oid AND a.attname = f."column" AND a.attnum > 0 AND NOT a.attisdropped
  WHERE f."column" IS NULL OR a.attnum IS NOT NULL
$$;
CREATE FUNCTION mvc.tell(project text, message jsonb) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT pg_notify(t.target #>> '{operations,notify}', (jsonb_build_object('project', t.project) || message)::text)
  FROM mvc.current_target AS t WHERE t.project = tell.project AND t.target #>> '{operations,notify}' <> ''
$$;
CREATE FUNCTION mvc.tell_of_failure() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  PERFORM mvc.tell(d.project, jsonb_build_object('event', 'refresh failed', 'schema', NEW.view_schema, 'view', NEW.view_name,
    'run', NEW.id, 'mode', NEW.mode, 'schedule', NEW.schedule, 'status', NEW.status, 'sqlstate', NEW.sqlstate, 'at', NEW.finished_at))
  FROM mvc.deployed_view AS d WHERE d.view_schema = NEW.view_schema AND d.view_name = NEW.view_name;
  RETURN NULL;
END $$;
CREATE FUNCTION mvc.this_database() RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  RETURN (SELECT concat(mvc.this_server(), ' ', d.oid) FROM pg_database AS d WHERE d.datname = current_database());
END $$;
CREATE FUNCTION mvc.this_server() RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  RETURN (SELECT c.system_identifier::text FROM pg_control_system() AS c);
END $$;
CREATE PROCEDURE mvc.through(IN what text, IN said jsonb, IN one_snapshot boolean, INOUT answer jsonb)
    LANGUAGE plpgsql
    AS $$
BEGIN
  IF one_snapshot THEN
    COMMIT;
    SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ WRITE;  -- nothing may be asked before: it would take the snapshot
  ELSE
    COMMIT;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE;
  END IF;
  SET LOCAL client_min_messages = 'error';
  SET LOCAL standard_conforming_strings = on;
  SET LOCAL quote_all_identifiers = off;
  answer := mvc.act(what, said);
  COMMIT;
END $$;
CREATE FUNCTION mvc.too_many(stored mvc.stored_relation, groups bigint) RETURNS text
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
  found text := format('%s of %s groups may have changed', groups, stored.rows);
  whole double precision;
  partial double precision;
BEGIN
  IF groups <= 20 THEN
    RETURN NULL;
  ELSIF groups > 0.8 * stored.rows THEN
    RETURN found || ': computing all costs less';
  END IF;
  WITH runs AS MATERIALIZED (
    SELECT l.mode, l.groups, extract(epoch FROM l.finished_at - l.started_at) AS seconds FROM mvc.refresh_log AS l
    WHERE l.view_schema = stored.view_schema AND l.view_name = stored.view_name AND l.status = 'completed'
      AND l.started_at > stored.built_at AND l.mode IN ('full', 'incremental')
    ORDER BY l.started_at DESC LIMIT 20
  ), least (seconds) AS (
    SELECT min(r.seconds) FROM runs AS r WHERE r.mode = 'incremental'
  )
  SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY r.seconds) FILTER (WHERE r.mode = 'full'),
    l.seconds + too_many.groups * percentile_cont(0.5) WITHIN GROUP (ORDER BY (r.seconds - l.seconds) / r.groups)
      FILTER (WHERE r.mode = 'incremental' AND r.groups >= 20 AND 3 * r.groups >= too_many.groups)
  INTO whole, partial FROM runs AS r, least AS l GROUP BY l.seconds;
  IF whole IS NULL OR partial IS NULL THEN
    RETURN CASE WHEN groups > 0.3 * stored.rows THEN found || ': above 30 % (assumed) computing all costs less' END;
  END IF;
  RETURN CASE WHEN partial > whole THEN format('%s: to compute them would take %s s, and all of them %s s', found,
                                               round(partial::numeric, 2), round(whole::numeric, 2)) END;
END $$;
CREATE FUNCTION mvc.triggers_noted(base regclass, log name, columns name[]) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  RETURN mvc.triggers_of(base, log, columns) || jsonb_build_object('mark', mvc.unlogged_file());
END $$;
CREATE FUNCTION mvc.triggers_of(base regclass, log name, columns name[]) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  RETURN (SELECT l.triggers FROM mvc.listening(base, log, columns) AS l);
END $$;
CREATE FUNCTION mvc.trim_log(project text) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  oldest timestamptz := (SELECT now() - make_interval(secs => (t.target #>> '{operations,log_seconds}')::double precision)
                         FROM mvc.current_target AS t WHERE t.project = trim_log.project);
  trimmed bigint;
BEGIN
  DELETE FROM mvc.refresh_log AS r WHERE r.started_at < oldest
    AND NOT EXISTS (SELECT FROM mvc.deployed_view AS d
                    WHERE d.view_schema = r.view_schema AND d.view_name = r.view_name AND d.project <> trim_log.project)
    AND (r.status NOT IN ('completed', 'failed') OR EXISTS (
      SELECT FROM mvc.refresh_log AS later WHERE later.view_schema = r.view_schema AND later.view_name = r.view_name
        AND later.status = r.status AND later.id > r.id));
  GET DIAGNOSTICS trimmed = ROW_COUNT;
  RETURN trimmed;
END $$;
CREATE FUNCTION mvc.trim_now_and_then() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  PERFORM mvc.trim_log(d.project) FROM mvc.deployed_view AS d
  WHERE d.view_schema = NEW.view_schema AND d.view_name = NEW.view_name;
  RETURN NULL;
END $$;
CREATE FUNCTION mvc.trust_anew(role name) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  DELETE FROM mvc.trusted_role AS t WHERE t.name = trust_anew.role
$$;
CREATE FUNCTION mvc.types_in(tree text) RETURNS SETOF oid
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  RETURN QUERY
  SELECT DISTINCT listed.type::oid FROM regexp_matches(tree, ':\w*type(?:id|s)? (?:\(o )?([\d ]+)', 'g') AS found (m)
  CROSS JOIN regexp_split_to_table(trim(m[1]), ' +') AS listed (type);
END $$;
CREATE FUNCTION mvc.types_meant_by(names text[]) RETURNS oid[]
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
  found pg_catalog.oid[];
  named pg_catalog.text;
BEGIN
  FOREACH named IN ARRAY names LOOP
    BEGIN
      found := pg_catalog.array_append(found, pg_catalog.to_regtype(named)::pg_catalog.oid);
    EXCEPTION WHEN insufficient_privilege THEN
      NULL;
    END;
  END LOOP;
  RETURN pg_catalog.array_remove(found, NULL);
END $$;
CREATE FUNCTION mvc.undone(under_way mvc.schedule_run, states text[]) RETURNS name[]
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT coalesce(array_agg(mvc.called(d.view_schema, d.view_name, d.recorded) ORDER BY v.place), '{}') FROM unnest(under_way.views) WITH ORDINALITY AS v (name, place)
  JOIN mvc.deployed_view AS d ON d.project = under_way.project AND mvc.called(d.view_schema, d.view_name, d.recorded) = v.name AND d.kind = 'materialized'
  LEFT JOIN LATERAL (
    SELECT l.status FROM mvc.refresh_log AS l
    WHERE l.view_schema = d.view_schema AND l.view_name = d.view_name AND l.started_at >= under_way.started_at AND l.schedule_run = under_way.run
    ORDER BY l.started_at DESC, l.id DESC LIMIT 1) AS latest ON true
  WHERE latest.status = ANY (states) OR latest.status IS NULL AND array_position(states, NULL) IS NOT NULL
$$;
CREATE FUNCTION mvc.unfrozen(stored_names name[]) RETURNS name[]
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT ARRAY(
    SELECT s.stored_name FROM mvc.stored_relation AS s JOIN pg_class AS c ON c.relnamespace = to_regnamespace('mvc') AND c.relname = s.stored_name
    WHERE s.stored_name = ANY (stored_names) AND c.relkind = 'r' AND age(c.relfrozenxid) >= age(s.filled_by::xid) ORDER BY s.stored_name)
$$;
CREATE FUNCTION mvc.unlogged_file() RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  mark regclass := to_regclass(format('%I.unlogged_since', 'mvc'));
BEGIN
  RETURN CASE WHEN pg_relation_size(mark) > 0 THEN pg_relation_filenode(mark)::text ELSE '-' END;
END $$;
CREATE FUNCTION mvc.unnoticed(log name, problem text) RETURNS text
    LANGUAGE plpgsql STABLE
    AS $$
BEGIN
  RETURN format('changes of %s may have gone unnoticed: %s', coalesce(
    (SELECT format('%I.%I', w.table_schema, w.table_name) FROM mvc.watched_table AS w WHERE w.log = unnoticed.log), log), problem);
END $$;
CREATE FUNCTION mvc.unsteady(stored mvc.stored_relation) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET work_mem TO '64kB'
    AS $$
  WITH RECURSIVE used (class, object) AS (
    SELECT 'pg_rewrite'::regclass::oid, r.oid FROM pg_rewrite AS r WHERE r.ev_class = ANY (mvc.queries_of(stored)::oid[])
    UNION SELECT d.refclassid, d.refobjid FROM used AS u JOIN pg_depend AS d ON d.classid = u.class AND d.objid = u.object
    WHERE d.refclassid IN ('pg_proc'::regclass, 'pg_operator'::regclass) AND NOT EXISTS (
      SELECT FROM pg_proc AS p WHERE u.class = 'pg_proc'::regclass AND p.oid = u.object AND p.prokind <> 'a')
  )
  SELECT 'the function ' || min(p.oid::regprocedure::text) FROM used AS u JOIN pg_proc AS p ON u.class = 'pg_proc'::regclass AND p.oid = u.object
  WHERE p.provolatile <> 'i' AND p.oid >= 16384
$$;
CREATE FUNCTION mvc.unwatch(log name) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  IF EXISTS (SELECT FROM mvc.deployed_view AS d
             WHERE d.definition #> '{increment,watched}' @> jsonb_build_array(jsonb_build_object('log', unwatch.log))) THEN
    RETURN;
  END IF;
  UPDATE mvc.stored_relation AS s SET cursor = NULL, hold = NULL WHERE unwatch.log = ANY (s.watches);
  EXECUTE format('DROP FUNCTION IF EXISTS %I.%I() CASCADE', 'mvc', log);
  DELETE FROM mvc.unknown_change AS u WHERE u.log = unwatch.log;
  DELETE FROM mvc.watched_table AS w WHERE w.log = unwatch.log;
  EXECUTE format('TRUNCATE %I.%I', 'mvc', log);
  PERFORM mvc.drop_unused_logs();
END $$;
CREATE FUNCTION mvc.unwatched(watches name[]) RETURNS text
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
  watched name;
  problem text;
BEGIN
  FOREACH watched IN ARRAY watches LOOP
    problem := (SELECT coalesce(w.broken, w.unheard) FROM mvc.watch_state(watched) AS w);
    IF problem IS NOT NULL THEN
      RETURN mvc.unnoticed(watched, problem);
    END IF;
  END LOOP;
  RETURN NULL;
END $$;
CREATE FUNCTION mvc.usage(days_back integer DEFAULT 7) RETURNS TABLE(view_schema name, view_name name, project text, calls bigint, mean_milliseconds double precision, total_milliseconds double precision, read_milliseconds double precision, returned_rows bigint, calls_per_day double precision, counted_since timestamp with time zone, within_days_back boolean, sequential_scans bigint, index_scans bigint, last_scan timestamp with time zone, hint text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  home name := (SELECT n.nspname FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements');
  reset timestamptz;
  read jsonb := '[]'::jsonb;
  said text;
BEGIN
  IF days_back IS NULL OR days_back < 1 THEN
    RAISE EXCEPTION 'days_back must be 1 or more, not %', coalesce(days_back::text, 'NULL') USING ERRCODE = 'invalid_parameter_value';
  ELSIF home IS NULL THEN
    said := 'statements are not counted: this database lacks the extension pg_stat_statements (shared_preload_libraries, then CREATE EXTENSION)';
  ELSE
    BEGIN
      reset := mvc.statements_since(home);
      read := mvc.reads_of_views(format('%I.pg_stat_statements', home)::regclass);
      IF NOT pg_has_role('pg_read_all_stats', 'USAGE') THEN
        said := format('only statements of %s are counted, whose views these are: GRANT pg_read_all_stats TO %I', current_user, current_user);
      END IF;
    EXCEPTION WHEN object_not_in_prerequisite_state OR insufficient_privilege OR undefined_table OR undefined_column THEN
      said := 'statements are not counted: ' || SQLERRM;
      reset := NULL;
    END;
  END IF;
  RETURN QUERY SELECT d.view_schema, d.view_name, d.project, CASE WHEN reset IS NOT NULL THEN coalesce(r.calls, 0) END,
    r.milliseconds / nullif(r.calls, 0), r.milliseconds, r.read_milliseconds, r.rows,
    CASE WHEN reset IS NOT NULL THEN coalesce(r.calls, 0) / greatest(extract(epoch FROM now() - counted.since) / 86400, 1.0 / 24)::double precision END,
    counted.since, counted.since >= now() - make_interval(days => days_back),
    stat.seq_scan, stat.idx_scan, mvc.last_use(d.view_schema, d.view_name, to_jsonb(stat)), said
  FROM mvc.deployed_view AS d
  LEFT JOIN pg_class AS c ON c.relnamespace = to_regnamespace('mvc') AND c.relname = d.stored_name
  LEFT JOIN pg_stat_all_tables AS stat ON stat.relid = c.oid
  LEFT JOIN jsonb_to_recordset(read) AS r (view_schema name, view_name name, calls bigint, milliseconds double precision, rows bigint,
                                           read_milliseconds double precision, since timestamptz)
    ON r.view_schema = d.view_schema AND r.view_name = d.view_name
  CROSS JOIN LATERAL (SELECT greatest(reset, r.since)) AS counted (since)
  ORDER BY d.view_schema, d.view_name;
END $$;
CREATE FUNCTION mvc.usual_mode(definition jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT CASE WHEN jsonb_typeof(definition -> 'increment') = 'object' THEN 'incremental'
              WHEN jsonb_typeof(definition -> 'window') = 'object' THEN 'window' ELSE 'full' END
$$;
CREATE FUNCTION mvc.verify(stored mvc.stored_relation, definition jsonb, OUT written bigint, OUT growth bigint, OUT detail text) RETURNS record
    LANGUAGE plpgsql
    AS $_$
DECLARE
  sample constant int := 500;
  named text := mvc.key_columns(stored);
  compared bigint := mvc.put_aside(stored, format(
    '(SELECT %1$s FROM %2$I.%3$I ORDER BY random() LIMIT %5$s) UNION (SELECT %1$s FROM %2$I.%4$I ORDER BY random() LIMIT %5$s)',
    named, 'mvc', stored.stored_name, stored.companions ->> 'keys', sample));
  wrong bigint;
  undetermined bigint;
  columns text[];
  mended bigint;
  more bigint;
BEGIN
  EXECUTE mvc.comparison(stored, definition, CASE WHEN mvc.are_many(stored, compared) THEN 'many' ELSE 'groups' END)
  INTO wrong, undetermined, columns;
  detail := format('%s groups compared: all as the query gives them', compared);
  IF wrong + undetermined = 0 THEN
    written := 0;
    growth := 0;
    RETURN;
  END IF;
  SELECT m.changed, m.growth INTO written, growth FROM mvc.merge_groups(stored, definition, compared) AS m;
  IF wrong = 0 THEN
    detail := format('%s, but that %s of them had other values in %s, which is not deterministic: the rows do not say which values these are. They were written anew',
                     detail, undetermined, array_to_string(columns, ', '));
    RETURN;
  END IF;
  SELECT m.changed, m.growth INTO mended, more FROM mvc.merge(definition -> 'merge') AS m;
  detail := format('%s of %s groups compared were not as the query gives them: changes had gone unnoticed. All rows were brought up to date,'
                   ' %s more of them were wrong', wrong, compared, mended);
  written := written + mended;
  growth := growth + more;
END $_$;
CREATE FUNCTION mvc.views_aside(roots oid[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  gone record;
  said text;
BEGIN
  FOR gone IN
    SELECT c.oid::regclass AS named, c.relkind, pg_get_userbyid(c.relowner) AS owner, pg_has_role(c.relowner, 'USAGE') AS ours
    FROM (SELECT root AS view, 0 AS level FROM unnest(roots) AS root
          UNION ALL SELECT d.view, d.level FROM unnest(roots) AS root, mvc.dependents(root) AS d) AS found
    JOIN pg_class AS c ON c.oid = found.view
    GROUP BY c.oid ORDER BY max(found.level) DESC, c.oid DESC
  LOOP
    IF gone.relkind <> 'v' OR NOT gone.ours THEN
      RAISE EXCEPTION 'the upgrade has to make views anew that % reads, which is %', gone.named,
        CASE WHEN gone.ours THEN 'no plain view' ELSE format('the role %I''s', gone.owner) END
        USING ERRCODE = 'dependent_objects_still_exist', HINT = 'drop it, and create it again after the upgrade';
    END IF;
    EXECUTE format('ALTER VIEW %s RESET (mvc)', gone.named);  -- nothing bears that name: it locks the view
    PERFORM mvc.expect_inert(gone.named);
    PERFORM set_config('mvc.views_aside', (jsonb_build_array(jsonb_build_object(
      'name', gone.named, 'creation', mvc.creation_of(gone.named), 'dressing', mvc.dressing_of(gone.named, NULL)
    )) || current_setting('mvc.views_aside')::jsonb)::text, true);
    BEGIN
      EXECUTE format('DROP VIEW %s', gone.named);
    EXCEPTION WHEN dependent_objects_still_exist THEN
      GET STACKED DIAGNOSTICS said = PG_EXCEPTION_DETAIL;
      RAISE EXCEPTION 'the upgrade has to make the view % anew, which more than views depend on', gone.named
        USING ERRCODE = 'dependent_objects_still_exist', HINT = 'drop what depends on it, and create it again after the upgrade: ' || said;
    END;
  END LOOP;
END $$;
CREATE FUNCTION mvc.watch(table_schema name, table_name name, log name, columns name[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  base regclass := to_regclass(format('%I.%I', table_schema, table_name));
  wanted name[] := ARRAY(
    SELECT DISTINCT c FROM unnest(columns || (SELECT w.columns FROM mvc.watched_table AS w WHERE w.log = watch.log)) AS c ORDER BY c);
  written_to boolean := to_regproc(format('%I.%I', 'mvc', log)) IS NOT NULL;
BEGIN
  IF base IS NULL THEN
    RAISE EXCEPTION 'the table %.%, whose changes are to be logged, is gone', quote_ident(table_schema), quote_ident(table_name)
      USING ERRCODE = 'undefined_table', HINT = 'create it again, or take what reads it out of the project';
  END IF;
  IF mvc.foreign_part(base) IS NOT NULL THEN
    RAISE EXCEPTION 'changes of %.% cannot be logged: % is a foreign table', quote_ident(table_schema), quote_ident(table_name),
      mvc.foreign_part(base) USING ERRCODE = 'wrong_object_type', HINT = 'refresh what reads it as a whole: leave out the mode of its schedules';
  END IF;
  IF EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = base AND a.attname = ANY (wanted) AND a.attgenerated = 'v') THEN
    RAISE EXCEPTION 'changes of %.% cannot be logged: triggers are not told the values of a virtual column', quote_ident(table_schema), quote_ident(table_name)
      USING ERRCODE = 'feature_not_supported', HINT = 'make it a stored one, or refresh what reads it as a whole: leave out the mode of its schedules';
  END IF;
  IF mvc.watch_problem(log) IS NULL AND wanted = (SELECT w.columns FROM mvc.watched_table AS w WHERE w.log = watch.log) THEN
    RETURN;
  END IF;
  UPDATE mvc.stored_relation AS s SET cursor = NULL, missed = format('changes of %I.%I may have gone unnoticed: %s', table_schema, table_name, found.problem)
  FROM mvc.watch_problem(watch.log) AS found (problem) WHERE watch.log = ANY (s.watches) AND found.problem IS NOT NULL;
  PERFORM mvc.own_log(log);
  IF NOT written_to THEN
    PERFORM mvc.make_change_log(base, log, wanted);
  END IF;
  PERFORM mvc.log_changes_of(a.relation, log) FROM mvc.ancestors(base) AS a;
  PERFORM mvc.log_changes_below(base, log);
  PERFORM mvc.log_moves_of(base, log);
  IF written_to THEN
    PERFORM mvc.make_change_log(base, log, wanted);
    PERFORM mvc.own_log(log);
  END IF;
  PERFORM mvc.own_unknown_changes();
  PERFORM mvc.mark_unlogged();
  INSERT INTO mvc.watched_table AS w (log, table_schema, table_name, columns, triggers, lost_changes)
  VALUES (watch.log, watch.table_schema, watch.table_name, wanted, mvc.triggers_noted(base, watch.log, wanted), mvc.lost_changes())
  ON CONFLICT ON CONSTRAINT watched_table_pkey DO UPDATE SET columns = excluded.columns, triggers = excluded.triggers;
END $$;
CREATE FUNCTION mvc.watch_again(stored_name name) RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET lock_timeout TO '200ms'
    AS $$
DECLARE
  watched record;
  state record;
  unheard text;
BEGIN
  FOR watched IN
    SELECT l.log, w.table_schema, w.table_name, w.columns
    FROM mvc.stored_relation AS s CROSS JOIN unnest(s.watches) AS l (log) LEFT JOIN mvc.watched_table AS w ON w.log = l.log
    WHERE s.stored_name = watch_again.stored_name
  LOOP
    SELECT * INTO state FROM mvc.watch_state(watched.log);
    IF state.broken IS NOT NULL AND mvc.columns_differ(watched.log) IS NOT TRUE AND watched.table_name IS NOT NULL THEN
      BEGIN
        PERFORM mvc.watch(watched.table_schema, watched.table_name, watched.log, watched.columns);
        SELECT * INTO state FROM mvc.watch_state(watched.log);
      EXCEPTION WHEN OTHERS THEN
        RAISE WARNING 'the changes of %.% are not logged: %', quote_ident(watched.table_schema), quote_ident(watched.table_name), SQLERRM;
      END;
    END IF;
    IF unheard IS NULL AND coalesce(state.broken, state.unheard) IS NOT NULL THEN
      unheard := mvc.unnoticed(watched.log, coalesce(state.broken, state.unheard));
    END IF;
  END LOOP;
  UPDATE mvc.stored_relation AS held SET hold = pg_current_snapshot(), held_at = now()
  FROM (SELECT FROM mvc.stored_relation AS s WHERE s.stored_name = watch_again.stored_name AND s.watches <> '{}' AND s.cursor IS NULL
        FOR UPDATE SKIP LOCKED) AS idle  -- a refresh that is under way has said so itself
  WHERE held.stored_name = watch_again.stored_name;
  RETURN unheard;
END $$;
CREATE FUNCTION mvc.watch_partition(partition regclass) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  watched mvc.watched_table;
  base regclass;
BEGIN
  FOR watched IN SELECT * FROM mvc.watched_table LOOP
    base := to_regclass(format('%I.%I', watched.table_schema, watched.table_name));
    IF partition IN (SELECT d FROM mvc.with_descendants(base) AS d)
       AND mvc.heard_alike(watched.triggers, (mvc.triggers_of(base, watched.log, watched.columns) - partition::oid::text) #- ARRAY['files', partition::oid::text]) THEN
      PERFORM mvc.log_changes_of(partition, watched.log), mvc.log_replicated(partition, watched.log);
      UPDATE mvc.watched_table AS w SET triggers = mvc.triggers_noted(base, w.log, w.columns) WHERE w.log = watched.log;
    END IF;
  END LOOP;
END $$;
CREATE FUNCTION mvc.watch_problem(log name) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  RETURN (SELECT w.broken FROM mvc.watch_state(watch_problem.log) AS w);
END $$;
CREATE FUNCTION mvc.watch_state(log name, OUT broken text, OUT unheard text) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  watched mvc.watched_table;
  base regclass;
  triggers jsonb;
BEGIN
  SELECT * INTO watched FROM mvc.watched_table AS w WHERE w.log = watch_state.log;
  IF watched.log IS NULL THEN
    broken := 'its changes are not logged yet';
    RETURN;
  END IF;
  base := to_regclass(format('%I.%I', watched.table_schema, watched.table_name));
  IF base IS NOT NULL THEN
    SELECT l.triggers, l.unheard INTO triggers, unheard FROM mvc.listening(base, watched.log, watched.columns) AS l;
  END IF;
  broken := CASE
    WHEN base IS NULL THEN 'it is gone'
    WHEN NOT mvc.heard_alike(watched.triggers, triggers)
    THEN 'its triggers, columns, partitions or children are not those that were watched, or were not all the while'
    WHEN NOT mvc.log_has_columns(watched.log, ARRAY[watched.log, mvc.kept_of(watched.log)]) THEN 'its log is not whole any more'
    WHEN NOT mvc.log_fits(base, watched.log, watched.columns) THEN 'its log has columns of other types or collations than it has itself'
    WHEN NOT mvc.log_is_ours(watched.log) THEN 'its log, or what writes to it, belongs to another role, has or had rules or triggers, or would be emptied by a crash' END;
END $$;
CREATE FUNCTION mvc.whole_because(stored mvc.stored_relation, definition jsonb) RETURNS text
    LANGUAGE sql STABLE
    AS $$
  SELECT CASE
    WHEN definition -> 'increment' IS NULL OR jsonb_typeof(definition -> 'increment') = 'null'
    THEN 'it was not deployed for incremental refreshes'
    WHEN current_setting('transaction_isolation') = 'read committed'
    THEN 'within a transaction that is not REPEATABLE READ'
    WHEN stored.filled_at IS NULL THEN 'it holds no data yet'
    WHEN stored.cursor IS NULL THEN coalesce(stored.missed, 'what changed since the last refresh is not known')
    WHEN stored.server IS DISTINCT FROM mvc.this_server() THEN 'the last refresh was on another server'
    WHEN stored.made_with ->> 'unsteady' IS NOT NULL
    THEN (stored.made_with ->> 'unsteady') || ' is not IMMUTABLE: what it gives may have changed with more than the rows'
    ELSE mvc.changed_wholly(stored)
  END
$$;
CREATE FUNCTION mvc.window_start(deployed mvc.deployed_view, since timestamp with time zone) RETURNS timestamp with time zone
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT CASE w ->> 'unit' WHEN '' THEN back ELSE date_trunc(w ->> 'unit', back, deployed.timezone) END
  FROM (SELECT deployed.definition -> 'window',
               coalesce(window_start.since, least(now(), (
                 SELECT greatest(s.filled_at, s.windowed_at) FROM mvc.stored_relation AS s WHERE s.stored_name = deployed.stored_name
               )) - make_interval(secs => (deployed.definition #>> '{window,seconds}')::int))) AS b (w, back)
$$;
CREATE FUNCTION mvc.with_descendants(base regclass) RETURNS SETOF regclass
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET work_mem TO '64kB'
    AS $$
  WITH RECURSIVE family (relation) AS (
    SELECT base UNION SELECT i.inhrelid::regclass FROM family AS f JOIN pg_inherits AS i ON i.inhparent = f.relation
  )
  SELECT f.relation FROM family AS f JOIN pg_class AS c ON c.oid = f.relation WHERE c.relkind IN ('r', 'p')
$$;
CREATE FUNCTION mvc.with_leftover_readers(names name[]) RETURNS name[]
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  WITH RECURSIVE made AS MATERIALIZED (SELECT * FROM mvc.made_relations()), found (relation) AS (
    SELECT c.oid FROM pg_class AS c WHERE c.relnamespace = to_regnamespace('mvc') AND c.relname = ANY (names)
    UNION SELECT r.relation FROM found AS f CROSS JOIN mvc.readers_of(f.relation) AS r (relation)
  )
  SELECT CASE WHEN bool_and(m.live IS FALSE) THEN array_agg(c.relname) END
  FROM found AS f JOIN pg_class AS c ON c.oid = f.relation LEFT JOIN made AS m ON m.relation = f.relation
$$;
CREATE FUNCTION mvc.words_in(body text) RETURNS SETOF name
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
  SELECT DISTINCT word::name FROM regexp_matches(body, '[^\W\d][\w$]*|"(?:[^"]|"")+"', 'g') AS m
  CROSS JOIN LATERAL (SELECT CASE WHEN m[1] LIKE '"%' THEN replace(substr(m[1], 2, length(m[1]) - 2), '""', '"') ELSE lower(m[1]) END
    UNION ALL SELECT lower(w[1]) FROM regexp_matches(m[1], '[^\W\d][\w$]*', 'g') AS w WHERE m[1] LIKE '"%') AS found (word)  -- a string of another language
$_$;
CREATE FUNCTION mvc.write_log_function(base regclass, log name, columns name[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
DECLARE
  listed text := (SELECT string_agg(quote_ident(c), ', ' ORDER BY c) FROM unnest(columns) AS c);
  was text := (SELECT string_agg(format('OLD.%I', c), ', ' ORDER BY c) FROM unnest(columns) AS c);
  becomes text := (SELECT string_agg(format('NEW.%I', c), ', ' ORDER BY c) FROM unnest(columns) AS c);
  as_known text := (
    SELECT string_agg(format('%1$I.as_known(%3$I, (NULL::%1$I.%2$I).%3$I)', 'mvc', log, c), ', ' ORDER BY c) FROM unnest(columns) AS c);
BEGIN
  EXECUTE format($body$
    CREATE OR REPLACE FUNCTION %1$I.%2$I() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $function$
    #variable_conflict use_column
    DECLARE
      logged bigint;
      calls text;
    BEGIN
      IF TG_OP OPERATOR(pg_catalog.=) 'INSERT' AND TG_LEVEL OPERATOR(pg_catalog.=) 'STATEMENT' THEN
        INSERT INTO %1$I.%2$I (mvc_at, %3$s) SELECT %10$s, %4$s FROM new_rows;
      ELSIF TG_OP OPERATOR(pg_catalog.=) 'UPDATE' AND TG_LEVEL OPERATOR(pg_catalog.=) 'STATEMENT' THEN
        INSERT INTO %1$I.%2$I (mvc_at, %3$s) SELECT %10$s, %4$s FROM new_rows;
        GET DIAGNOSTICS logged = ROW_COUNT;
        IF logged OPERATOR(pg_catalog.<=) 100 OR %8$s THEN
          INSERT INTO %1$I.%2$I (mvc_at, %3$s) SELECT %10$s, %4$s FROM old_rows;
        ELSE
          INSERT INTO %1$I.%2$I (mvc_at, %3$s) SELECT %10$s, %4$s FROM (SELECT %3$s FROM old_rows EXCEPT SELECT %3$s FROM new_rows) AS former;
        END IF;
      ELSIF TG_OP OPERATOR(pg_catalog.=) 'DELETE' AND TG_LEVEL OPERATOR(pg_catalog.=) 'STATEMENT' THEN
        INSERT INTO %1$I.%2$I (mvc_at, %3$s) SELECT %10$s, %4$s FROM old_rows;
      ELSIF TG_OP OPERATOR(pg_catalog.=) 'TRUNCATE' THEN
        INSERT INTO %1$I.unknown_change (log, at, why, earlier) VALUES (%2$L, %10$s, 'it was truncated', false);
      ELSIF TG_OP OPERATOR(pg_catalog.=) 'INSERT' THEN
        INSERT INTO %1$I.%2$I (mvc_at, %3$s) SELECT %10$s, %4$s FROM (VALUES (%6$s)) AS replicated (%3$s);
      ELSIF TG_OP OPERATOR(pg_catalog.=) 'DELETE' THEN
        INSERT INTO %1$I.%2$I (mvc_at, %3$s) SELECT %10$s, %4$s FROM (VALUES (%5$s)) AS replicated (%3$s);
      ELSE
        INSERT INTO %1$I.%2$I (mvc_at, %3$s) SELECT %10$s, %4$s FROM (VALUES (%5$s), (%6$s)) AS moved (%3$s);
        IF TG_WHEN OPERATOR(pg_catalog.=) 'BEFORE' THEN
          GET DIAGNOSTICS calls = PG_CONTEXT;
          IF pg_catalog.strpos(calls, E'\n') OPERATOR(pg_catalog.<>) 0
             OR pg_catalog.current_query() OPERATOR(pg_catalog.~*) '^\s*update\M(?!.*\mmerge\M)' IS NOT TRUE THEN
            PERFORM FROM %1$I.unknown_change AS u WHERE u.log OPERATOR(pg_catalog.=) %2$L AND u.at OPERATOR(pg_catalog.=) %10$s;
            IF NOT FOUND AND (%9$s OR %1$I.changes_moved(TG_RELID, TG_NAME)) THEN
              INSERT INTO %1$I.unknown_change (log, at, why, earlier)
              VALUES (%2$L, %10$s, 'a row may have been moved to another partition by MERGE, which tells nobody its computed columns, nor what triggers make of it', false);
            END IF;
          END IF;
        END IF;
      END IF;
      RETURN NEW;
    EXCEPTION WHEN OTHERS THEN
      BEGIN
        INSERT INTO %1$I.unknown_change (log, at, why, earlier) VALUES (%2$L, %10$s, pg_catalog.concat('a change could not be logged: ', SQLERRM), false);
      EXCEPTION WHEN OTHERS THEN
        RAISE WARNING 'a change could not be logged for %1$I, and not that either: %%', SQLERRM;
        BEGIN
          PERFORM pg_catalog.nextval(%7$L::pg_catalog.regclass);
        EXCEPTION WHEN undefined_table OR invalid_schema_name OR insufficient_privilege OR wrong_object_type THEN  -- which a refresh sees
          RAISE WARNING 'nor could it be counted for %1$I: %%', SQLERRM;
        END;
      END;
      RETURN NEW;
    END $function$
  $body$, 'mvc', log, listed, as_known, was, becomes, 'mvc' || '.lost_change', CASE WHEN mvc.equal_is_same(base, columns) THEN 'false' ELSE 'true' END,
    EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = base AND a.attname = ANY (columns) AND a.attgenerated <> '')::text, 'pg_catalog.pg_current_xact_id()');
  PERFORM mvc.revoke_all('ROUTINE', p.oid::regprocedure::text, p.proowner, p.proacl)
  FROM pg_proc AS p WHERE p.oid = format('%I.%I', 'mvc', log)::regproc;
END $_$;
CREATE FUNCTION mvc.written_to() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = TG_RELID AND t.tgfoid <> to_regprocedure('mvc' || '.written_to()') AND t.tgtype & 64 <> 0
                   AND t.tgtype & CASE TG_OP WHEN 'INSERT' THEN 4 WHEN 'DELETE' THEN 8 ELSE 16 END <> 0) THEN  -- INSTEAD OF
    RAISE EXCEPTION 'the view %.% holds what its query gives: it cannot be written to', quote_ident(TG_TABLE_SCHEMA), quote_ident(TG_TABLE_NAME)
      USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'write to the tables that it reads; the next refresh brings it up to date';
  END IF;
  RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE FUNCTION public.refresh_everything() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$ BEGIN PERFORM mvc.refresh_together('shop'); END $$;
COMMENT ON FUNCTION public.refresh_everything() IS 'Refreshes every view, upstream first; made by mvc for the project shop (mvc 52f799483382 f 0ff5eed4d3b451fffb1625cd5b4aca20)';
CREATE FUNCTION public.refresh_just(view_name text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$ BEGIN PERFORM mvc.refresh_named('shop', $1); END $_$;
COMMENT ON FUNCTION public.refresh_just(view_name text) IS 'Refreshes the view of that name; made by mvc for the project shop (mvc 6bdd634b736b f 78f5f31c8fe0cad013cea50d9ff17a44)';
CREATE FUNCTION public.use_of_views(days_back integer DEFAULT 7) RETURNS TABLE(view_name text, estimated_queries_per_day bigint, avg_query_time_ms double precision, last_used timestamp with time zone)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$ BEGIN RETURN QUERY SELECT u.view_name::text, round(u.calls_per_day)::bigint, u.mean_milliseconds, u.last_scan
  FROM mvc.usage($1) AS u WHERE u.project = 'shop'
  ORDER BY u.calls DESC NULLS LAST, u.view_name; END $_$;
COMMENT ON FUNCTION public.use_of_views(days_back integer) IS 'How much each view is used; made by mvc for the project shop (mvc 2136161c3475 f 64fba3cb9b9cddb33098d04d88ed55ef)';
CREATE TABLE mvc.deployment (
    id bigint NOT NULL,
    project text NOT NULL,
    action text NOT NULL,
    target jsonb NOT NULL,
    compiler text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL,
    applied_by name DEFAULT SESSION_USER NOT NULL,
    undone_by bigint,
    CONSTRAINT deployment_action_check CHECK ((action = ANY (ARRAY['apply'::text, 'rollback'::text])))
);
CREATE VIEW mvc.current_target AS
 SELECT DISTINCT ON (d.project) d.project,
    d.target
   FROM mvc.deployment d
  ORDER BY d.project, d.id DESC;
CREATE TABLE mvc.watched_table (
    log name NOT NULL,
    table_schema name NOT NULL,
    table_name name NOT NULL,
    columns name[] NOT NULL,
    triggers jsonb NOT NULL,
    lost_changes bigint DEFAULT 0 NOT NULL,
    told_at timestamp with time zone
);
CREATE VIEW mvc.change_logs AS
 SELECT w.table_schema,
    w.table_name,
    w.log,
    size.bytes,
    COALESCE(allowed.bytes, (1073741824)::bigint) AS allowed_bytes,
    last.project,
    last.view_schema,
    last.view_name,
    last.as_of AS read_until,
    last.stored_name
   FROM (((mvc.watched_table w
     CROSS JOIN LATERAL ( SELECT (sum(((z.table_bytes)::double precision * COALESCE(((t.n_live_tup)::double precision / (NULLIF((t.n_live_tup + t.n_dead_tup), 0))::double precision), (1)::double precision))))::bigint AS sum
           FROM ((pg_class c
             LEFT JOIN pg_stat_all_tables t ON ((t.relid = c.oid)))
             CROSS JOIN LATERAL mvc.sizes_at_once(c.oid) z(table_bytes, index_bytes, toast_bytes, total_bytes))
          WHERE ((c.relnamespace = (to_regnamespace('mvc'::text))::oid) AND (c.relname = ANY (ARRAY[w.log, (('kept_'::text || regexp_replace((w.log)::text, '^changes_'::text, ''::text)))::name])))) size(bytes))
     CROSS JOIN LATERAL ( SELECT max(((g.target #>> '{operations,change_bytes}'::text[]))::bigint) AS max
           FROM mvc.current_target g
          WHERE (g.project IN ( SELECT o.project
                   FROM mvc.stored_relation o
                  WHERE (w.log = ANY (o.watches))))) allowed(bytes))
     LEFT JOIN LATERAL ( SELECT s.project,
            s.view_schema,
            s.view_name,
            s.as_of,
            s.stored_name
           FROM mvc.stored_relation s
          WHERE ((w.log = ANY (s.watches)) AND (s.cursor IS NOT NULL))
          ORDER BY (pg_snapshot_xmin(s.cursor)), s.stored_name
         LIMIT 1) last ON (true));
CREATE TABLE mvc.changes_customers_746dedf2 (
    mvc_at xid8 DEFAULT pg_current_xact_id() NOT NULL,
    id integer
);
CREATE TABLE mvc.changes_orders_86a1f739 (
    mvc_at xid8 DEFAULT pg_current_xact_id() NOT NULL,
    customer_id integer
);
CREATE TABLE mvc.deploying (
);
ALTER TABLE mvc.deployment ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME mvc.deployment_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE mvc.earlier_run (
    run bigint NOT NULL,
    run_by name NOT NULL,
    state jsonb NOT NULL
);
CREATE TABLE mvc.frozen_relation (
    stored_name name NOT NULL,
    frozen_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE mvc.installation (
    runtime text NOT NULL,
    functions text NOT NULL,
    generation integer,
    compiler text
);
CREATE TABLE mvc.kept_customers_746dedf2 (
)
INHERITS (mvc.changes_customers_746dedf2);
CREATE TABLE mvc.kept_orders_86a1f739 (
)
INHERITS (mvc.changes_orders_86a1f739);
CREATE TABLE public.customers (
    id integer NOT NULL,
    name text NOT NULL,
    city text
);
CREATE TABLE public.orders (
    id integer NOT NULL,
    customer_id integer NOT NULL,
    amount numeric NOT NULL,
    placed date NOT NULL
);
CREATE MATERIALIZED VIEW mvc.per_city_bb9baa00 AS
 SELECT rows_of_view.city,
    rows_of_view.bought,
    rows_of_view.orders,
    ARRAY[rows_of_view.city] AS mvc_grain
   FROM ( SELECT c.city,
            COALESCE(o.bought, (0)::numeric) AS bought,
            COALESCE(o.orders, (0)::bigint) AS orders
           FROM (( SELECT c_1.city
                   FROM public.customers c_1
                  GROUP BY c_1.city) c
             LEFT JOIN ( SELECT c_1.city,
                    sum(o_1.amount) AS bought,
                    count(*) AS orders
                   FROM (public.customers c_1
                     JOIN public.orders o_1 ON ((o_1.customer_id = c_1.id)))
                  GROUP BY c_1.city) o ON ((ARRAY[o.city] = ARRAY[c.city])))) rows_of_view
  WITH NO DATA;
COMMENT ON MATERIALIZED VIEW mvc.per_city_bb9baa00 IS 'Stores public.per_city, declared in views/per_city.yml';
CREATE VIEW mvc.large_ccd1f6da AS
 SELECT c.city,
    sum(c.bought) AS bought
   FROM mvc.per_city_bb9baa00 c
  GROUP BY c.city;
COMMENT ON VIEW mvc.large_ccd1f6da IS 'Stores public.large, declared in views/large.yml';
CREATE VIEW mvc.leaders AS
 SELECT t.project,
    r.role,
    mvc."leading"(t.project, r.role) AS relation
   FROM (mvc.current_target t
     CROSS JOIN LATERAL ( SELECT (jsonb_array_elements_text((t.target -> 'refresh_roles'::text)))::name AS jsonb_array_elements_text
        UNION
         SELECT pg_get_userbyid(n.nspowner) AS pg_get_userbyid
           FROM pg_namespace n
          WHERE (n.nspname = 'mvc'::name)) r(role));
CREATE TABLE mvc.leading_bb757b84c279 (
);
CREATE TABLE mvc.leading_e5d5bc7380d2 (
);
CREATE SEQUENCE mvc.lost_change
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
CREATE TABLE mvc.oldest_snapshot (
    id integer NOT NULL
);
CREATE TABLE mvc.partition_log (
    id bigint NOT NULL,
    project text NOT NULL,
    table_schema name NOT NULL,
    table_name name NOT NULL,
    action text NOT NULL,
    partition_name name,
    lower text,
    upper text,
    note text,
    error text,
    sqlstate text,
    done_by name DEFAULT SESSION_USER NOT NULL,
    done_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT partition_log_action_check CHECK ((action = ANY (ARRAY['created'::text, 'detached'::text, 'dropped'::text, 'failed'::text])))
);
ALTER TABLE mvc.partition_log ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME mvc.partition_log_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE mvc.per_customer_2ea85af5 (
    id integer,
    name text,
    bought numeric,
    latest date
);
COMMENT ON TABLE mvc.per_customer_2ea85af5 IS 'Stores public.per_customer, declared in views/per_customer.yml';
CREATE VIEW mvc.per_customer_2ea85af5_causes AS
 WITH last_refresh AS (
         SELECT s.cursor,
            s.as_of
           FROM mvc.stored_relation s
          WHERE (s.stored_name = ( SELECT c.relname
                   FROM pg_class c
                  WHERE (c.oid = ('mvc.per_customer_2ea85af5'::regclass)::oid)))
        ), changes_customers_746dedf2 AS (
         SELECT log.id
           FROM mvc.changes_customers_746dedf2 log
          WHERE ((log.mvc_at >= pg_snapshot_xmin(( SELECT last_refresh.cursor
                   FROM last_refresh))) AND (NOT pg_visible_in_snapshot(log.mvc_at, ( SELECT last_refresh.cursor
                   FROM last_refresh))))
        ), changes_orders_86a1f739 AS (
         SELECT log.customer_id
           FROM mvc.changes_orders_86a1f739 log
          WHERE ((log.mvc_at >= pg_snapshot_xmin(( SELECT last_refresh.cursor
                   FROM last_refresh))) AND (NOT pg_visible_in_snapshot(log.mvc_at, ( SELECT last_refresh.cursor
                   FROM last_refresh))))
        )
 SELECT rows_of_view.mvc_cause,
    rows_of_view.id
   FROM ( SELECT 'changes_customers_746dedf2'::text AS text,
            c.id
           FROM ( SELECT row_.id
                   FROM changes_customers_746dedf2 row_) c
        UNION ALL
         SELECT 'changes_orders_86a1f739'::text AS text,
            o.customer_id
           FROM ( SELECT row_.customer_id
                   FROM changes_orders_86a1f739 row_) o
          WHERE (o.customer_id IS NOT NULL)) rows_of_view(mvc_cause, id);
CREATE UNLOGGED TABLE mvc.per_customer_2ea85af5_dirty (
    id integer
);
CREATE VIEW mvc.per_customer_2ea85af5_groups AS
 SELECT c.id,
    c.name,
    COALESCE(o.bought, (0)::numeric) AS bought,
    o.latest
   FROM (public.customers c
     LEFT JOIN ( SELECT o_1.customer_id,
            sum(o_1.amount) AS bought,
            max(o_1.placed) AS latest
           FROM public.orders o_1
          WHERE (o_1.customer_id = ANY (ARRAY( SELECT wanted.id
                   FROM mvc.per_customer_2ea85af5_dirty wanted)))
          GROUP BY o_1.customer_id) o ON ((o.customer_id = c.id)))
  WHERE (c.id = ANY (ARRAY( SELECT wanted.id
           FROM mvc.per_customer_2ea85af5_dirty wanted)));
CREATE VIEW mvc.per_customer_2ea85af5_keys AS
 SELECT rows_of_view.id
   FROM ( SELECT DISTINCT c.id
           FROM public.customers c) rows_of_view(id);
CREATE VIEW mvc.per_customer_2ea85af5_many AS
 SELECT c.id,
    c.name,
    COALESCE(o.bought, (0)::numeric) AS bought,
    o.latest
   FROM (public.customers c
     LEFT JOIN ( SELECT o_1.customer_id,
            sum(o_1.amount) AS bought,
            max(o_1.placed) AS latest
           FROM public.orders o_1
          WHERE (o_1.customer_id IN ( SELECT wanted.id
                   FROM mvc.per_customer_2ea85af5_dirty wanted))
          GROUP BY o_1.customer_id) o ON ((o.customer_id = c.id)))
  WHERE (c.id IN ( SELECT wanted.id
           FROM mvc.per_customer_2ea85af5_dirty wanted));
CREATE VIEW mvc.per_customer_2ea85af5_moved AS
 SELECT DISTINCT per_customer_2ea85af5_causes.id
   FROM mvc.per_customer_2ea85af5_causes;
CREATE VIEW mvc.per_customer_2ea85af5_query AS
 SELECT c.id,
    c.name,
    COALESCE(o.bought, (0)::numeric) AS bought,
    o.latest
   FROM (public.customers c
     LEFT JOIN ( SELECT o_1.customer_id,
            sum(o_1.amount) AS bought,
            max(o_1.placed) AS latest
           FROM public.orders o_1
          GROUP BY o_1.customer_id) o ON ((o.customer_id = c.id)));
CREATE TABLE mvc.per_day_552e12f0 (
    day date,
    bought numeric,
    orders bigint
);
COMMENT ON TABLE mvc.per_day_552e12f0 IS 'Stores public.per_day, declared in views/per_day.yml';
CREATE VIEW mvc.per_day_552e12f0_query AS
 SELECT o.placed AS day,
    sum(o.amount) AS bought,
    count(*) AS orders
   FROM public.orders o
  GROUP BY o.placed;
CREATE TABLE mvc.released_view (
    view_schema name NOT NULL,
    view_name name NOT NULL,
    released jsonb NOT NULL
);
CREATE VIEW mvc.problems AS
 SELECT d.project,
    d.view_schema,
    d.view_name,
        CASE
            WHEN (r.released IS NULL) THEN format('%s is gone: mvc apply puts it back'::text, gone.what)
            WHEN (r.released ? 'shown'::text) THEN 'it was released for a change of base tables that its rules read, and shows no rows: mvc apply puts it back'::text
            ELSE 'it was released for a change of its base tables, and shows the last rows: mvc apply builds it anew'::text
        END AS problem
   FROM (((mvc.deployed_view d
     LEFT JOIN mvc.stored_relation s ON ((s.stored_name = d.stored_name)))
     LEFT JOIN mvc.released_view r ON (((r.view_schema = d.view_schema) AND (r.view_name = d.view_name))))
     CROSS JOIN LATERAL ( SELECT
                CASE
                    WHEN (NOT (EXISTS ( SELECT
                       FROM (pg_class c
                         JOIN pg_namespace n ON ((n.oid = c.relnamespace)))
                      WHERE ((n.nspname = d.view_schema) AND (c.relname = d.view_name) AND (c.relkind = 'v'::"char"))))) THEN format('the view %I.%I, which readers use,'::text, d.view_schema, d.view_name)
                    WHEN (NOT (EXISTS ( SELECT
                       FROM (pg_class c
                         JOIN pg_namespace n ON ((n.oid = c.relnamespace)))
                      WHERE ((n.nspname = 'mvc'::name) AND (c.relname = d.stored_name))))) THEN format('%I.%I, which stores it,'::text, 'mvc', d.stored_name)
                    WHEN ((d.kind = 'materialized'::text) AND (s.stored_name IS NULL)) THEN format('its row of %I.stored_relation'::text, 'mvc')
                    ELSE COALESCE(( SELECT format('%I.%I, which its refreshes read,'::text, 'mvc', beside.name) AS format
                       FROM jsonb_each_text(s.companions) beside(purpose, name)
                      WHERE (NOT (EXISTS ( SELECT
                               FROM (pg_class c
                                 JOIN pg_namespace n ON ((n.oid = c.relnamespace)))
                              WHERE ((n.nspname = 'mvc'::name) AND (c.relname = beside.name)))))
                      ORDER BY beside.name
                     LIMIT 1), ( SELECT
                            CASE
                                WHEN (w.log IS NULL) THEN format('the row %s of %I.watched_table'::text, watched.log, 'mvc')
                                ELSE format('%I.%I, the log of changes of %I.%I,'::text, 'mvc', part.name, w.table_schema, w.table_name)
                            END AS format
                       FROM ((unnest(s.watches) watched(log)
                         LEFT JOIN mvc.watched_table w ON ((w.log = watched.log)))
                         CROSS JOIN LATERAL unnest(ARRAY[watched.log, (regexp_replace((watched.log)::text, '^changes_'::text, 'kept_'::text))::name]) part(name))
                      WHERE ((w.log IS NULL) OR (NOT (EXISTS ( SELECT
                               FROM (pg_class c
                                 JOIN pg_namespace n ON ((n.oid = c.relnamespace)))
                              WHERE ((n.nspname = 'mvc'::name) AND (c.relname = part.name))))))
                      ORDER BY part.name
                     LIMIT 1))
                END AS "coalesce") gone(what))
  WHERE ((gone.what IS NOT NULL) OR (r.released IS NOT NULL));
CREATE TABLE mvc.refresh_log (
    id bigint NOT NULL,
    view_schema name NOT NULL,
    view_name name NOT NULL,
    mode text DEFAULT 'full'::text NOT NULL,
    schedule text,
    concurrent boolean,
    status text DEFAULT 'started'::text NOT NULL,
    rows bigint,
    changed bigint,
    groups bigint,
    window_start timestamp with time zone,
    window_end timestamp with time zone,
    detail text,
    error text,
    sqlstate text,
    refreshed_by name DEFAULT SESSION_USER NOT NULL,
    pid integer DEFAULT pg_backend_pid() NOT NULL,
    started_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    finished_at timestamp with time zone,
    schedule_run bigint,
    CONSTRAINT refresh_log_mode_check CHECK ((mode = ANY (ARRAY['full'::text, 'incremental'::text, 'window'::text, 'verify'::text]))),
    CONSTRAINT refresh_log_status_check CHECK ((status = ANY (ARRAY['started'::text, 'completed'::text, 'failed'::text, 'skipped'::text, 'lost'::text])))
);
CREATE VIEW mvc.schedules AS
 SELECT latest.project,
    s.name AS schedule,
    s.views,
    s.cron,
    s.times,
    s.within_seconds,
    s.timezone,
    s.mode,
    s.timeout_seconds,
    s.lock_timeout_seconds,
    s.enabled
   FROM mvc.current_target latest,
    LATERAL jsonb_to_recordset((latest.target -> 'schedules'::text)) s(name text, views name[], cron text, times jsonb, within_seconds integer, timezone text, mode text, timeout_seconds integer, lock_timeout_seconds integer, enabled boolean);
CREATE VIEW mvc.promises AS
 SELECT s.project,
    s.schedule,
    d.view_schema,
    d.view_name,
    s.within_seconds AS promised_seconds,
    aged.seconds AS age_seconds,
    COALESCE((aged.seconds > (s.within_seconds)::double precision), true) AS broken,
    (GREATEST(((s.within_seconds)::numeric / 10.0), LEAST(((s.within_seconds)::numeric / 2.0), ((s.within_seconds)::numeric - ((2)::numeric * taken.seconds)))))::double precision AS refresh_at_seconds,
    v.name AS called
   FROM ((((((mvc.schedules s
     CROSS JOIN LATERAL unnest(s.views) v(name))
     JOIN mvc.deployed_view d ON (((d.project = s.project) AND (d.kind = 'materialized'::text) AND (
        CASE
            WHEN (d.recorded ? 'apart'::text) THEN ((((d.view_schema)::text || '.'::text) || (d.view_name)::text))::name
            ELSE d.view_name
        END = v.name))))
     LEFT JOIN mvc.stored_relation r ON ((r.stored_name = d.stored_name)))
     CROSS JOIN LATERAL ( SELECT COALESCE(((s.mode = 'window'::text) AND (jsonb_typeof((d.definition -> 'window'::text)) = 'object'::text)), false) AS "coalesce") asked(windowed))
     CROSS JOIN LATERAL ( SELECT (EXTRACT(epoch FROM (clock_timestamp() -
                CASE
                    WHEN asked.windowed THEN GREATEST(r.filled_at, r.windowed_at)
                    ELSE r.filled_at
                END)))::double precision AS "extract") aged(seconds))
     CROSS JOIN LATERAL ( SELECT COALESCE(max(EXTRACT(epoch FROM (l.finished_at - l.started_at))), (0)::numeric) AS "coalesce"
           FROM ( SELECT g.started_at,
                    g.finished_at
                   FROM mvc.refresh_log g
                  WHERE ((g.view_schema = d.view_schema) AND (g.view_name = d.view_name) AND (g.status = 'completed'::text) AND (g.mode <> 'verify'::text) AND ((g.mode = 'window'::text) = asked.windowed))
                  ORDER BY g.started_at DESC
                 LIMIT 10) l) taken(seconds))
  WHERE (s.enabled AND (s.within_seconds IS NOT NULL));
ALTER TABLE mvc.refresh_log ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME mvc.refresh_log_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE VIEW mvc.refreshes AS
 SELECT r.id,
    r.view_schema,
    r.view_name,
    r.mode,
    r.schedule,
    now.status,
    r.concurrent,
    r.rows,
    r.changed,
    r.groups,
    r.window_start,
    r.window_end,
    r.detail,
    r.error,
    r.sqlstate,
    r.refreshed_by,
    r.pid,
    r.started_at,
    r.finished_at,
    (EXTRACT(epoch FROM (
        CASE now.status
            WHEN 'started'::text THEN GREATEST(now(), r.started_at)
            ELSE r.finished_at
        END - r.started_at)))::double precision AS seconds
   FROM mvc.refresh_log r,
    LATERAL ( SELECT
                CASE
                    WHEN ((r.status = 'started'::text) AND mvc.is_lost(r.xmax, r.pid, r.started_at)) THEN 'lost'::text
                    ELSE r.status
                END AS status) now(status);
CREATE TABLE mvc.replaced_view (
    deployment bigint NOT NULL,
    view_schema name NOT NULL,
    view_name name NOT NULL,
    definition jsonb
);
CREATE SEQUENCE mvc.schedule_run_number
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
CREATE TABLE mvc.told_promise (
    view_schema name NOT NULL,
    view_name name NOT NULL,
    schedule text NOT NULL,
    told_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);
CREATE TABLE mvc.trusted_role (
    name name NOT NULL,
    number oid NOT NULL,
    server text NOT NULL
);
CREATE TABLE mvc.turn (
    work text NOT NULL
);
CREATE TABLE mvc.unknown_change (
    log name NOT NULL,
    at xid8 DEFAULT pg_current_xact_id() NOT NULL,
    why text NOT NULL,
    earlier boolean DEFAULT false NOT NULL
);
CREATE UNLOGGED TABLE mvc.unlogged_since (
    at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE VIEW mvc.view_status AS
 SELECT d.view_schema,
    d.view_name,
    d.project,
    d.kind,
        CASE c.relkind
            WHEN 'm'::"char" THEN 'materialized view'::text
            WHEN 'r'::"char" THEN 'table'::text
            WHEN 'v'::"char" THEN 'view'::text
            ELSE NULL::text
        END AS storage,
    d.stored_name,
    s.rows,
    size.table_bytes,
    size.index_bytes,
    size.toast_bytes,
    size.total_bytes,
    COALESCE(c.relispopulated, false) AS populated,
    fresh.at AS data_as_of,
    (EXTRACT(epoch FROM (clock_timestamp() - fresh.at)))::double precision AS age_seconds,
    latest.status AS last_status,
    latest.started_at AS last_started_at,
    latest.seconds AS last_seconds,
    completed.finished_at AS last_success_at,
    completed.seconds AS last_success_seconds,
    failed.error AS last_error,
    failed.sqlstate AS last_sqlstate,
    COALESCE(failed.finished_at, failed.started_at) AS last_error_at,
    today.completed AS completed_today,
    today.failed AS failed_today,
    today.skipped AS skipped_today,
    today.lost AS lost_today,
    running.since AS running_since,
    ( SELECT count(*) AS count
           FROM mvc.promises p
          WHERE ((p.view_schema = d.view_schema) AND (p.view_name = d.view_name) AND p.broken)) AS broken_promises,
    stat.n_dead_tup AS dead_rows,
    ((stat.n_dead_tup)::double precision / (NULLIF((stat.n_live_tup + stat.n_dead_tup), 0))::double precision) AS dead_share,
    mvc.queued_groups(d.view_schema, d.view_name) AS queued_groups,
    ( SELECT p.problem
           FROM mvc.problems p
          WHERE ((p.view_schema = d.view_schema) AND (p.view_name = d.view_name))) AS problem
   FROM ((((((((((mvc.deployed_view d
     LEFT JOIN mvc.stored_relation s ON ((s.stored_name = d.stored_name)))
     LEFT JOIN pg_class c ON (((c.relnamespace = (to_regnamespace('mvc'::text))::oid) AND (c.relname = d.stored_name))))
     LEFT JOIN pg_stat_all_tables stat ON ((stat.relid = c.oid)))
     CROSS JOIN LATERAL ( SELECT
                CASE
                    WHEN ((jsonb_typeof((d.definition -> 'window'::text)) = 'object'::text) AND (jsonb_typeof((d.definition -> 'increment'::text)) IS DISTINCT FROM 'object'::text)) THEN GREATEST(s.filled_at, s.windowed_at)
                    ELSE s.filled_at
                END AS filled_at) fresh(at))
     LEFT JOIN LATERAL mvc.sizes_at_once(
        CASE d.kind
            WHEN 'materialized'::text THEN c.oid
            ELSE NULL::oid
        END) size(table_bytes, index_bytes, toast_bytes, total_bytes) ON (true))
     LEFT JOIN LATERAL ( SELECT r.status,
            r.started_at,
            r.seconds
           FROM mvc.refreshes r
          WHERE ((r.view_schema = d.view_schema) AND (r.view_name = d.view_name) AND (r.status = ANY (ARRAY['completed'::text, 'failed'::text, 'lost'::text])))
          ORDER BY r.started_at DESC
         LIMIT 1) latest ON (true))
     LEFT JOIN LATERAL ( SELECT r.finished_at,
            r.seconds
           FROM mvc.refreshes r
          WHERE ((r.view_schema = d.view_schema) AND (r.view_name = d.view_name) AND (r.status = 'completed'::text))
          ORDER BY r.started_at DESC
         LIMIT 1) completed ON (true))
     LEFT JOIN LATERAL ( SELECT r.error,
            r.sqlstate,
            r.finished_at,
            r.started_at
           FROM mvc.refresh_log r
          WHERE ((r.view_schema = d.view_schema) AND (r.view_name = d.view_name) AND (r.status = ANY (ARRAY['failed'::text, 'lost'::text])))
          ORDER BY r.started_at DESC
         LIMIT 1) failed ON (true))
     CROSS JOIN LATERAL ( SELECT count(*) FILTER (WHERE (r.status = 'completed'::text)) AS completed,
            count(*) FILTER (WHERE (r.status = 'failed'::text)) AS failed,
            count(*) FILTER (WHERE (r.status = 'skipped'::text)) AS skipped,
            count(*) FILTER (WHERE (r.status = 'lost'::text)) AS lost
           FROM mvc.refreshes r
          WHERE ((r.view_schema = d.view_schema) AND (r.view_name = d.view_name) AND (r.started_at >= (date_trunc('day'::text, (now() AT TIME ZONE d.timezone)) AT TIME ZONE d.timezone)))) today)
     CROSS JOIN LATERAL ( SELECT min(r.started_at) AS since
           FROM (mvc.refresh_log open
             JOIN mvc.refreshes r ON (((r.id = open.id) AND (r.status = 'started'::text))))
          WHERE ((open.view_schema = d.view_schema) AND (open.view_name = d.view_name) AND (open.status = 'started'::text))) running);
CREATE VIEW public.how_views_are AS
 SELECT s.view_schema AS schemaname,
    s.view_name AS matviewname,
    pg_size_pretty(s.total_bytes) AS total_size,
    pg_size_pretty(s.table_bytes) AS relation_size,
    pg_size_pretty(s.index_bytes) AS index_size,
    s.last_success_at AS last_refresh,
    s.completed_today AS refreshes_today
   FROM mvc.view_status s
  WHERE ((s.project = 'shop'::text) AND (s.kind = 'materialized'::text))
  ORDER BY s.total_bytes DESC NULLS LAST;
COMMENT ON VIEW public.how_views_are IS 'Sizes and freshness of the views; made by mvc for the project shop (mvc 488af14461a6 15 009bec2918045d607563032ece40f8c7)';
CREATE VIEW public.large WITH (security_barrier='false') AS
 SELECT large.city,
    large.bought
   FROM mvc.large_ccd1f6da large;
CREATE VIEW public.per_city WITH (security_barrier='false') AS
 SELECT per_city.city,
    per_city.bought,
    per_city.orders
   FROM mvc.per_city_bb9baa00 per_city;
COMMENT ON VIEW public.per_city IS 'What each city bought.';
CREATE VIEW public.per_customer WITH (security_barrier='true') AS
 SELECT per_customer.id,
    per_customer.name,
    per_customer.bought,
    per_customer.latest
   FROM mvc.per_customer_2ea85af5 per_customer
  WHERE (per_customer.id < 9);
CREATE VIEW public.per_day WITH (security_barrier='false') AS
 SELECT per_day.day,
    per_day.bought,
    per_day.orders
   FROM mvc.per_day_552e12f0 per_day;
CREATE VIEW public.what_ran AS
 SELECT (lpad(to_hex(r.id), 32, '0'::text))::uuid AS id,
    (r.view_name)::character varying(100) AS view_name,
    (
        CASE
            WHEN ((r.mode = 'full'::text) AND (r.schedule IS NOT NULL)) THEN 'scheduled'::text
            ELSE r.mode
        END)::character varying(50) AS refresh_type,
    (round(LEAST((r.seconds * (1000)::double precision), (2147483647)::double precision)))::integer AS duration_ms,
    (LEAST(COALESCE(r.changed, r.rows), (2147483647)::bigint))::integer AS rows_affected,
    (r.status)::character varying(50) AS status,
    r.error AS error_message,
    r.started_at AS created_at
   FROM (mvc.refreshes r
     JOIN mvc.deployed_view d ON (((d.view_schema = r.view_schema) AND (d.view_name = r.view_name))))
  WHERE (d.project = 'shop'::text);
COMMENT ON VIEW public.what_ran IS 'The log of refreshes; made by mvc for the project shop (mvc 11aca5ee7496 15 c22b4d16051deb58ed47e725c30a17a6)';
CREATE VIEW rep.board AS
 SELECT s.view_name,
    s.rows,
    s.last_status
   FROM mvc.view_status s;
COMMENT ON VIEW rep.board IS 'for the boss';
CREATE VIEW rep.runs WITH (security_barrier='true') AS
 SELECT r.view_name,
    count(*) AS runs
   FROM mvc.refreshes r
  GROUP BY r.view_name;
CREATE VIEW rep.late AS
 SELECT b.view_name,
    r.runs
   FROM (rep.board b
     JOIN rep.runs r USING (view_name));
ALTER TABLE ONLY mvc.kept_customers_746dedf2 ALTER COLUMN mvc_at SET DEFAULT pg_current_xact_id();
ALTER TABLE ONLY mvc.kept_orders_86a1f739 ALTER COLUMN mvc_at SET DEFAULT pg_current_xact_id();
INSERT INTO mvc.deployed_view VALUES
	('public', 'per_customer', 'shop', 'per_customer_2ea85af5', 'materialized', 'UTC', '{"body": "", "kind": "materialized", "name": "per_customer", "path": "views/per_customer.yml", "rows": {"columns": ["public.customers.id"], "relations": ["public.customers"]}, "tags": [], "alias": null, "apart": false, "grain": ["id"], "merge": {"anew": "WITH wanted AS MATERIALIZED (\n  TABLE mvc.per_customer_2ea85af5_query\n), gone AS (\n  DELETE FROM mvc.per_customer_2ea85af5 AS stored\n  WHERE NOT EXISTS (SELECT FROM wanted WHERE wanted.id OPERATOR(pg_catalog.=) stored.id AND ROW(stored.id, stored.name, stored.bought, stored.latest)::record OPERATOR(pg_catalog.*=) ROW(wanted.id, wanted.name, wanted.bought, wanted.latest)::record)\n  RETURNING id\n), put AS (\n  INSERT INTO mvc.per_customer_2ea85af5 (id, name, bought, latest)\n  SELECT id, name, bought, latest FROM wanted\n  WHERE (SELECT count(*) FROM gone) >= 0 AND NOT EXISTS (SELECT FROM mvc.per_customer_2ea85af5 AS stored WHERE wanted.id OPERATOR(pg_catalog.=) stored.id AND ROW(stored.id, stored.name, stored.bought, stored.latest)::record OPERATOR(pg_catalog.*=) ROW(wanted.id, wanted.name, wanted.bought, wanted.latest)::record)\n  RETURNING id\n)\nSELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM put) - (SELECT count(*) FROM gone AS stored JOIN put AS wanted ON wanted.id OPERATOR(pg_catalog.=) stored.id),\n  (SELECT count(*) FROM put) - (SELECT count(*) FROM gone)", "in_place": "WITH wanted AS MATERIALIZED (\n  TABLE mvc.per_customer_2ea85af5_query\n), gone AS (\n  DELETE FROM mvc.per_customer_2ea85af5 AS stored\n  WHERE NOT EXISTS (SELECT FROM wanted WHERE wanted.id OPERATOR(pg_catalog.=) stored.id)\n  RETURNING 1\n), other AS MATERIALIZED (\n  SELECT wanted.id, wanted.name, wanted.bought, wanted.latest, stored.ctid IS NULL AS mvc_added\n  FROM wanted LEFT JOIN mvc.per_customer_2ea85af5 AS stored ON wanted.id OPERATOR(pg_catalog.=) stored.id\n  WHERE stored.ctid IS NULL OR ROW(stored.id, stored.name, stored.bought, stored.latest)::record OPERATOR(pg_catalog.*<>) ROW(wanted.id, wanted.name, wanted.bought, wanted.latest)::record\n), put AS (\n  INSERT INTO mvc.per_customer_2ea85af5 AS stored (id, name, bought, latest)\n  SELECT id, name, bought, latest FROM other\n  ON CONFLICT (id) DO UPDATE SET id = excluded.id, name = excluded.name, bought = excluded.bought, latest = excluded.latest\n)\nSELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM other),\n  (SELECT count(*) FROM other WHERE mvc_added) - (SELECT count(*) FROM gone)"}, "named": ["public.customers", "public.orders"], "query": "SELECT\n  c.id,\n  c.name,\n  COALESCE(o.bought, 0) AS bought,\n  o.latest\nFROM public.customers AS c\nLEFT JOIN (\n  SELECT\n    o.customer_id,\n    SUM(o.amount) AS bought,\n    MAX(o.placed) AS latest\n  FROM public.orders AS o\n  GROUP BY\n    1\n) AS o\n  ON o.customer_id = c.id", "reads": ["public.customers.id", "public.customers.name", "public.orders.amount", "public.orders.customer_id", "public.orders.placed"], "access": {"rules": [{"roles": [], "conditions": ["id < 9"]}], "columns": ["id"], "readers": ["up_reader"], "restrictions": []}, "claims": [], "former": null, "period": "", "probes": [], "proven": true, "schema": "public", "window": null, "columns": [{"name": "id", "rows": {"columns": [], "relations": []}, "type": "integer", "lineage": ["public.customers.id"], "meaning": "customers.id", "nullable": false, "description": null}, {"name": "name", "rows": {"columns": [], "relations": []}, "type": "text", "lineage": ["public.customers.name"], "meaning": "customers.name", "nullable": false, "description": null}, {"name": "bought", "rows": {"columns": ["public.customers.id", "public.orders.customer_id"], "relations": ["public.customers", "public.orders"]}, "type": "numeric", "lineage": ["public.orders.amount"], "meaning": "sum(orders.amount) else 0", "nullable": false, "description": null}, {"name": "latest", "rows": {"columns": ["public.customers.id", "public.orders.customer_id"], "relations": ["public.customers", "public.orders"]}, "type": "date", "lineage": ["public.orders.placed"], "meaning": "max(orders.placed)", "nullable": true, "description": null}], "filters": [], "indexes": [{"name": "per_customer_2ea85af5_grain", "origin": "grain", "unique": true, "definition": "(id)"}], "options": [], "sources": [{"alias": "c", "meaning": "", "relation": "public.customers"}, {"alias": "o", "meaning": "on orders.customer_id = customers.id", "relation": "public.orders"}], "storage": ["mvc", "per_customer_2ea85af5"], "exposure": {"arms": [], "form": 1, "query": "SELECT\n  id,\n  name,\n  bought,\n  latest\nFROM mvc.per_customer_2ea85af5 AS per_customer\nWHERE id < 9", "barrier": true}, "requires": [], "upstream": [], "increment": {"keys": "SELECT rows_of_view.id\nFROM (\nSELECT DISTINCT c.id\nFROM public.customers AS c\n) AS rows_of_view(id)", "many": "SELECT\n  c.id,\n  c.name,\n  COALESCE(o.bought, 0) AS bought,\n  o.latest\nFROM public.customers AS c\nLEFT JOIN (\n  SELECT\n    o.customer_id,\n    SUM(o.amount) AS bought,\n    MAX(o.placed) AS latest\n  FROM public.orders AS o\n  WHERE\n    o.customer_id IN (SELECT wanted.id FROM mvc.per_customer_2ea85af5_dirty AS wanted)\n  GROUP BY\n    1\n) AS o\n  ON o.customer_id = c.id\nWHERE\n  c.id IN (SELECT wanted.id FROM mvc.per_customer_2ea85af5_dirty AS wanted)", "merge": {"anew": "WITH wanted AS MATERIALIZED (\n  TABLE mvc.per_customer_2ea85af5_groups\n), gone AS (\n  DELETE FROM mvc.per_customer_2ea85af5 AS stored\n  WHERE EXISTS (SELECT FROM mvc.per_customer_2ea85af5_dirty AS wanted WHERE wanted.id OPERATOR(pg_catalog.=) stored.id) AND NOT EXISTS (SELECT FROM wanted WHERE wanted.id OPERATOR(pg_catalog.=) stored.id AND ROW(stored.id, stored.name, stored.bought, stored.latest)::record OPERATOR(pg_catalog.*=) ROW(wanted.id, wanted.name, wanted.bought, wanted.latest)::record)\n  RETURNING id\n), put AS (\n  INSERT INTO mvc.per_customer_2ea85af5 (id, name, bought, latest)\n  SELECT id, name, bought, latest FROM wanted\n  WHERE (SELECT count(*) FROM gone) >= 0 AND NOT EXISTS (SELECT FROM mvc.per_customer_2ea85af5 AS stored WHERE wanted.id OPERATOR(pg_catalog.=) stored.id AND ROW(stored.id, stored.name, stored.bought, stored.latest)::record OPERATOR(pg_catalog.*=) ROW(wanted.id, wanted.name, wanted.bought, wanted.latest)::record)\n  RETURNING id\n)\nSELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM put) - (SELECT count(*) FROM gone AS stored JOIN put AS wanted ON wanted.id OPERATOR(pg_catalog.=) stored.id),\n  (SELECT count(*) FROM put) - (SELECT count(*) FROM gone)", "in_place": "WITH wanted AS MATERIALIZED (\n  TABLE mvc.per_customer_2ea85af5_groups\n), gone AS (\n  DELETE FROM mvc.per_customer_2ea85af5 AS stored\n  WHERE EXISTS (SELECT FROM mvc.per_customer_2ea85af5_dirty AS wanted WHERE wanted.id OPERATOR(pg_catalog.=) stored.id) AND NOT EXISTS (SELECT FROM wanted WHERE wanted.id OPERATOR(pg_catalog.=) stored.id)\n  RETURNING 1\n), other AS MATERIALIZED (\n  SELECT wanted.id, wanted.name, wanted.bought, wanted.latest, stored.ctid IS NULL AS mvc_added\n  FROM wanted LEFT JOIN mvc.per_customer_2ea85af5 AS stored ON wanted.id OPERATOR(pg_catalog.=) stored.id\n  WHERE stored.ctid IS NULL OR ROW(stored.id, stored.name, stored.bought, stored.latest)::record OPERATOR(pg_catalog.*<>) ROW(wanted.id, wanted.name, wanted.bought, wanted.latest)::record\n), put AS (\n  INSERT INTO mvc.per_customer_2ea85af5 AS stored (id, name, bought, latest)\n  SELECT id, name, bought, latest FROM other\n  ON CONFLICT (id) DO UPDATE SET id = excluded.id, name = excluded.name, bought = excluded.bought, latest = excluded.latest\n)\nSELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM other),\n  (SELECT count(*) FROM other WHERE mvc_added) - (SELECT count(*) FROM gone)"}, "moved": "SELECT DISTINCT id\nFROM mvc.per_customer_2ea85af5_causes", "causes": "WITH last_refresh AS (\n  SELECT s.cursor, s.as_of FROM mvc.stored_relation AS s WHERE s.stored_name = (SELECT c.relname FROM pg_catalog.pg_class AS c WHERE c.oid = ''mvc.per_customer_2ea85af5''::pg_catalog.regclass)\n), changes_customers_746dedf2 AS (\n  SELECT log.id FROM mvc.changes_customers_746dedf2 AS log\n  WHERE log.mvc_at >= pg_catalog.pg_snapshot_xmin((SELECT last_refresh.cursor FROM last_refresh)) AND NOT pg_catalog.pg_visible_in_snapshot(log.mvc_at, (SELECT last_refresh.cursor FROM last_refresh))\n), changes_orders_86a1f739 AS (\n  SELECT log.customer_id FROM mvc.changes_orders_86a1f739 AS log\n  WHERE log.mvc_at >= pg_catalog.pg_snapshot_xmin((SELECT last_refresh.cursor FROM last_refresh)) AND NOT pg_catalog.pg_visible_in_snapshot(log.mvc_at, (SELECT last_refresh.cursor FROM last_refresh))\n)\nSELECT rows_of_view.mvc_cause, rows_of_view.id\nFROM (\nSELECT ''changes_customers_746dedf2''::text, c.id\nFROM (SELECT row_.id FROM changes_customers_746dedf2 AS row_) AS c\nUNION ALL\nSELECT ''changes_orders_86a1f739''::text, o.customer_id\nFROM (SELECT row_.customer_id FROM changes_orders_86a1f739 AS row_) AS o\nWHERE o.customer_id IS NOT NULL\n) AS rows_of_view(mvc_cause, id)", "groups": "SELECT\n  c.id,\n  c.name,\n  COALESCE(o.bought, 0) AS bought,\n  o.latest\nFROM public.customers AS c\nLEFT JOIN (\n  SELECT\n    o.customer_id,\n    SUM(o.amount) AS bought,\n    MAX(o.placed) AS latest\n  FROM public.orders AS o\n  WHERE\n    o.customer_id = ANY (ARRAY(SELECT wanted.id FROM mvc.per_customer_2ea85af5_dirty AS wanted))\n  GROUP BY\n    1\n) AS o\n  ON o.customer_id = c.id\nWHERE\n  c.id = ANY (ARRAY(SELECT wanted.id FROM mvc.per_customer_2ea85af5_dirty AS wanted))", "watched": [{"log": "changes_customers_746dedf2", "table": "customers", "schema": "public", "columns": ["id"]}, {"log": "changes_orders_86a1f739", "table": "orders", "schema": "public", "columns": ["customer_id"]}], "unordered": [], "merge_many": {"anew": "WITH wanted AS MATERIALIZED (\n  TABLE mvc.per_customer_2ea85af5_many\n), gone AS (\n  DELETE FROM mvc.per_customer_2ea85af5 AS stored\n  WHERE EXISTS (SELECT FROM mvc.per_customer_2ea85af5_dirty AS wanted WHERE wanted.id OPERATOR(pg_catalog.=) stored.id) AND NOT EXISTS (SELECT FROM wanted WHERE wanted.id OPERATOR(pg_catalog.=) stored.id AND ROW(stored.id, stored.name, stored.bought, stored.latest)::record OPERATOR(pg_catalog.*=) ROW(wanted.id, wanted.name, wanted.bought, wanted.latest)::record)\n  RETURNING id\n), put AS (\n  INSERT INTO mvc.per_customer_2ea85af5 (id, name, bought, latest)\n  SELECT id, name, bought, latest FROM wanted\n  WHERE (SELECT count(*) FROM gone) >= 0 AND NOT EXISTS (SELECT FROM mvc.per_customer_2ea85af5 AS stored WHERE wanted.id OPERATOR(pg_catalog.=) stored.id AND ROW(stored.id, stored.name, stored.bought, stored.latest)::record OPERATOR(pg_catalog.*=) ROW(wanted.id, wanted.name, wanted.bought, wanted.latest)::record)\n  RETURNING id\n)\nSELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM put) - (SELECT count(*) FROM gone AS stored JOIN put AS wanted ON wanted.id OPERATOR(pg_catalog.=) stored.id),\n  (SELECT count(*) FROM put) - (SELECT count(*) FROM gone)", "in_place": "WITH wanted AS MATERIALIZED (\n  TABLE mvc.per_customer_2ea85af5_many\n), gone AS (\n  DELETE FROM mvc.per_customer_2ea85af5 AS stored\n  WHERE EXISTS (SELECT FROM mvc.per_customer_2ea85af5_dirty AS wanted WHERE wanted.id OPERATOR(pg_catalog.=) stored.id) AND NOT EXISTS (SELECT FROM wanted WHERE wanted.id OPERATOR(pg_catalog.=) stored.id)\n  RETURNING 1\n), other AS MATERIALIZED (\n  SELECT wanted.id, wanted.name, wanted.bought, wanted.latest, stored.ctid IS NULL AS mvc_added\n  FROM wanted LEFT JOIN mvc.per_customer_2ea85af5 AS stored ON wanted.id OPERATOR(pg_catalog.=) stored.id\n  WHERE stored.ctid IS NULL OR ROW(stored.id, stored.name, stored.bought, stored.latest)::record OPERATOR(pg_catalog.*<>) ROW(wanted.id, wanted.name, wanted.bought, wanted.latest)::record\n), put AS (\n  INSERT INTO mvc.per_customer_2ea85af5 AS stored (id, name, bought, latest)\n  SELECT id, name, bought, latest FROM other\n  ON CONFLICT (id) DO UPDATE SET id = excluded.id, name = excluded.name, bought = excluded.bought, latest = excluded.latest\n)\nSELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM other),\n  (SELECT count(*) FROM other WHERE mvc_added) - (SELECT count(*) FROM gone)"}, "undetermined": []}, "stored_as": "table", "description": null, "stored_query": "SELECT\n  c.id,\n  c.name,\n  COALESCE(o.bought, 0) AS bought,\n  o.latest\nFROM public.customers AS c\nLEFT JOIN (\n  SELECT\n    o.customer_id,\n    SUM(o.amount) AS bought,\n    MAX(o.placed) AS latest\n  FROM public.orders AS o\n  GROUP BY\n    1\n) AS o\n  ON o.customer_id = c.id", "whole_because": []}', '{"arms": {}, "roles": {"up_reader": "16384"}, "server": "1", "indexes": {"per_customer_2ea85af5_grain": "CREATE UNIQUE INDEX per_customer_2ea85af5_grain ON mvc.per_customer_2ea85af5 USING btree (id)"}, "exposure": "15 ad3405f61e51e9d801fd79da3122ce1b"}', 1),
	('public', 'per_day', 'shop', 'per_day_552e12f0', 'materialized', 'UTC', '{"body": "", "kind": "materialized", "name": "per_day", "path": "views/per_day.yml", "rows": {"columns": ["public.orders.placed"], "relations": ["public.orders"]}, "tags": [], "alias": null, "apart": false, "grain": ["day"], "merge": {"anew": "WITH wanted AS MATERIALIZED (\n  TABLE mvc.per_day_552e12f0_query\n), gone AS (\n  DELETE FROM mvc.per_day_552e12f0 AS stored\n  WHERE NOT EXISTS (SELECT FROM wanted WHERE wanted.day OPERATOR(pg_catalog.=) stored.day AND ROW(stored.day, stored.bought, stored.orders)::record OPERATOR(pg_catalog.*=) ROW(wanted.day, wanted.bought, wanted.orders)::record)\n  RETURNING day\n), put AS (\n  INSERT INTO mvc.per_day_552e12f0 (day, bought, orders)\n  SELECT day, bought, orders FROM wanted\n  WHERE (SELECT count(*) FROM gone) >= 0 AND NOT EXISTS (SELECT FROM mvc.per_day_552e12f0 AS stored WHERE wanted.day OPERATOR(pg_catalog.=) stored.day AND ROW(stored.day, stored.bought, stored.orders)::record OPERATOR(pg_catalog.*=) ROW(wanted.day, wanted.bought, wanted.orders)::record)\n  RETURNING day\n)\nSELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM put) - (SELECT count(*) FROM gone AS stored JOIN put AS wanted ON wanted.day OPERATOR(pg_catalog.=) stored.day),\n  (SELECT count(*) FROM put) - (SELECT count(*) FROM gone)", "in_place": "WITH wanted AS MATERIALIZED (\n  TABLE mvc.per_day_552e12f0_query\n), gone AS (\n  DELETE FROM mvc.per_day_552e12f0 AS stored\n  WHERE NOT EXISTS (SELECT FROM wanted WHERE wanted.day OPERATOR(pg_catalog.=) stored.day)\n  RETURNING 1\n), other AS MATERIALIZED (\n  SELECT wanted.day, wanted.bought, wanted.orders, stored.ctid IS NULL AS mvc_added\n  FROM wanted LEFT JOIN mvc.per_day_552e12f0 AS stored ON wanted.day OPERATOR(pg_catalog.=) stored.day\n  WHERE stored.ctid IS NULL OR ROW(stored.day, stored.bought, stored.orders)::record OPERATOR(pg_catalog.*<>) ROW(wanted.day, wanted.bought, wanted.orders)::record\n), put AS (\n  INSERT INTO mvc.per_day_552e12f0 AS stored (day, bought, orders)\n  SELECT day, bought, orders FROM other\n  ON CONFLICT (day) DO UPDATE SET day = excluded.day, bought = excluded.bought, orders = excluded.orders\n)\nSELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM other),\n  (SELECT count(*) FROM other WHERE mvc_added) - (SELECT count(*) FROM gone)"}, "named": ["public.orders"], "query": "SELECT\n  o.placed AS day,\n  SUM(o.amount) AS bought,\n  COUNT(*) AS orders\nFROM public.orders AS o\nGROUP BY\n  1", "reads": ["public.orders.amount", "public.orders.placed"], "access": {"rules": [], "columns": [], "readers": [], "restrictions": []}, "claims": [], "former": null, "period": "day", "probes": [], "proven": true, "schema": "public", "window": {"unit": "day", "merge": {"anew": "WITH wanted AS MATERIALIZED (\n  SELECT * FROM mvc.per_day_552e12f0_query AS whole WHERE whole.day >= COALESCE($1::date, ''-infinity'') AND ($2 IS NULL OR whole.day < $2::date)\n), gone AS (\n  DELETE FROM mvc.per_day_552e12f0 AS stored\n  WHERE stored.day >= COALESCE($1::date, ''-infinity'') AND ($2 IS NULL OR stored.day < $2::date) AND NOT EXISTS (SELECT FROM wanted WHERE wanted.day OPERATOR(pg_catalog.=) stored.day AND ROW(stored.day, stored.bought, stored.orders)::record OPERATOR(pg_catalog.*=) ROW(wanted.day, wanted.bought, wanted.orders)::record)\n  RETURNING day\n), put AS (\n  INSERT INTO mvc.per_day_552e12f0 (day, bought, orders)\n  SELECT day, bought, orders FROM wanted\n  WHERE (SELECT count(*) FROM gone) >= 0 AND NOT EXISTS (SELECT FROM mvc.per_day_552e12f0 AS stored WHERE wanted.day OPERATOR(pg_catalog.=) stored.day AND ROW(stored.day, stored.bought, stored.orders)::record OPERATOR(pg_catalog.*=) ROW(wanted.day, wanted.bought, wanted.orders)::record)\n  RETURNING day\n)\nSELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM put) - (SELECT count(*) FROM gone AS stored JOIN put AS wanted ON wanted.day OPERATOR(pg_catalog.=) stored.day),\n  (SELECT count(*) FROM put) - (SELECT count(*) FROM gone)", "in_place": "WITH wanted AS MATERIALIZED (\n  SELECT * FROM mvc.per_day_552e12f0_query AS whole WHERE whole.day >= COALESCE($1::date, ''-infinity'') AND ($2 IS NULL OR whole.day < $2::date)\n), gone AS (\n  DELETE FROM mvc.per_day_552e12f0 AS stored\n  WHERE stored.day >= COALESCE($1::date, ''-infinity'') AND ($2 IS NULL OR stored.day < $2::date) AND NOT EXISTS (SELECT FROM wanted WHERE wanted.day OPERATOR(pg_catalog.=) stored.day)\n  RETURNING 1\n), other AS MATERIALIZED (\n  SELECT wanted.day, wanted.bought, wanted.orders, stored.ctid IS NULL AS mvc_added\n  FROM wanted LEFT JOIN mvc.per_day_552e12f0 AS stored ON wanted.day OPERATOR(pg_catalog.=) stored.day\n  WHERE stored.ctid IS NULL OR ROW(stored.day, stored.bought, stored.orders)::record OPERATOR(pg_catalog.*<>) ROW(wanted.day, wanted.bought, wanted.orders)::record\n), put AS (\n  INSERT INTO mvc.per_day_552e12f0 AS stored (day, bought, orders)\n  SELECT day, bought, orders FROM other\n  ON CONFLICT (day) DO UPDATE SET day = excluded.day, bought = excluded.bought, orders = excluded.orders\n)\nSELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM other),\n  (SELECT count(*) FROM other WHERE mvc_added) - (SELECT count(*) FROM gone)"}, "column": "day", "inline": false, "seconds": 2592000}, "columns": [{"name": "day", "rows": {"columns": [], "relations": []}, "type": "date", "lineage": ["public.orders.placed"], "meaning": "orders.placed", "nullable": false, "description": null}, {"name": "bought", "rows": {"columns": ["public.orders.placed"], "relations": ["public.orders"]}, "type": "numeric", "lineage": ["public.orders.amount"], "meaning": "sum(orders.amount)", "nullable": true, "description": null}, {"name": "orders", "rows": {"columns": ["public.orders.placed"], "relations": ["public.orders"]}, "type": "bigint", "lineage": [], "meaning": "count(orders.*)", "nullable": false, "description": null}], "filters": [], "indexes": [{"name": "per_day_552e12f0_grain", "origin": "grain", "unique": true, "definition": "(day)"}], "options": [], "sources": [{"alias": "o", "meaning": "", "relation": "public.orders"}], "storage": ["mvc", "per_day_552e12f0"], "exposure": {"arms": [], "form": 1, "query": "SELECT\n  day,\n  bought,\n  orders\nFROM mvc.per_day_552e12f0 AS per_day", "barrier": false}, "requires": [], "upstream": [], "increment": null, "stored_as": "table", "description": null, "stored_query": "SELECT\n  o.placed AS day,\n  SUM(o.amount) AS bought,\n  COUNT(*) AS orders\nFROM public.orders AS o\nGROUP BY\n  1", "whole_because": []}', '{"arms": {}, "roles": {}, "server": "1", "indexes": {"per_day_552e12f0_grain": "CREATE UNIQUE INDEX per_day_552e12f0_grain ON mvc.per_day_552e12f0 USING btree (day)"}, "exposure": "15 70e9584c679909a55cc5134af84b88a6"}', 1),
	('public', 'per_city', 'shop', 'per_city_bb9baa00', 'materialized', 'UTC', '{"body": "", "kind": "materialized", "name": "per_city", "path": "views/per_city.yml", "rows": {"columns": ["public.customers.city"], "relations": ["public.customers"]}, "tags": [], "alias": null, "apart": false, "grain": ["city"], "merge": null, "named": ["public.customers", "public.orders"], "query": "SELECT\n  c.city,\n  COALESCE(o.bought, 0) AS bought,\n  COALESCE(o.orders, 0) AS orders\nFROM (\n  SELECT\n    c.city\n  FROM public.customers AS c\n  GROUP BY\n    1\n) AS c\nLEFT JOIN (\n  SELECT\n    c.city,\n    SUM(o.amount) AS bought,\n    COUNT(*) AS orders\n  FROM public.customers AS c\n  JOIN public.orders AS o\n    ON o.customer_id = c.id\n  GROUP BY\n    1\n) AS o\n  ON ARRAY[o.city] = ARRAY[c.city]", "reads": ["public.customers.city", "public.customers.id", "public.orders.amount", "public.orders.customer_id"], "access": {"rules": [{"roles": [], "conditions": []}], "columns": [], "readers": ["up_reader"], "restrictions": []}, "claims": [], "former": null, "period": "", "probes": [], "proven": true, "schema": "public", "window": null, "columns": [{"name": "city", "rows": {"columns": [], "relations": []}, "type": "text", "lineage": ["public.customers.city"], "meaning": "customers.city", "nullable": true, "description": null}, {"name": "bought", "rows": {"columns": ["public.customers.city", "public.customers.id", "public.orders.customer_id"], "relations": ["public.customers", "public.orders"]}, "type": "numeric", "lineage": ["public.orders.amount"], "meaning": "sum(orders.amount) else 0", "nullable": false, "description": null}, {"name": "orders", "rows": {"columns": ["public.customers.city", "public.customers.id", "public.orders.customer_id"], "relations": ["public.customers", "public.orders"]}, "type": "bigint", "lineage": [], "meaning": "count(orders.*)", "nullable": false, "description": null}], "filters": [], "indexes": [{"name": "per_city_bb9baa00_grain", "origin": "grain", "unique": true, "definition": "(mvc_grain)"}, {"name": "per_city_bb9baa00_lookup", "origin": "lookup", "unique": false, "definition": "(city)"}, {"name": "per_city_bb9baa00_bought_8df63f8f", "origin": "spec", "unique": false, "definition": "(bought DESC NULLS LAST)"}], "options": [], "sources": [{"alias": "c", "meaning": "", "relation": "public.customers"}, {"alias": "o", "meaning": "on orders.customer_id = customers.id", "relation": "public.orders"}], "storage": ["mvc", "per_city_bb9baa00"], "exposure": {"arms": [], "form": 1, "query": "SELECT\n  city,\n  bought,\n  orders\nFROM mvc.per_city_bb9baa00 AS per_city", "barrier": false}, "requires": [], "upstream": [], "increment": null, "stored_as": "materialized view", "description": "What each city bought.", "stored_query": "SELECT\n  rows_of_view.city,\n  rows_of_view.bought,\n  rows_of_view.orders,\n  ARRAY[rows_of_view.city] AS mvc_grain\nFROM (\n  SELECT\n    c.city,\n    COALESCE(o.bought, 0) AS bought,\n    COALESCE(o.orders, 0) AS orders\n  FROM (\n    SELECT\n      c.city\n    FROM public.customers AS c\n    GROUP BY\n      1\n  ) AS c\n  LEFT JOIN (\n    SELECT\n      c.city,\n      SUM(o.amount) AS bought,\n      COUNT(*) AS orders\n    FROM public.customers AS c\n    JOIN public.orders AS o\n      ON o.customer_id = c.id\n    GROUP BY\n      1\n  ) AS o\n    ON ARRAY[o.city] = ARRAY[c.city]\n) AS rows_of_view", "whole_because": []}', '{"arms": {}, "roles": {"up_reader": "16384"}, "server": "1", "indexes": {"per_city_bb9baa00_grain": "CREATE UNIQUE INDEX per_city_bb9baa00_grain ON mvc.per_city_bb9baa00 USING btree (mvc_grain)", "per_city_bb9baa00_lookup": "CREATE INDEX per_city_bb9baa00_lookup ON mvc.per_city_bb9baa00 USING btree (city)", "per_city_bb9baa00_bought_8df63f8f": "CREATE INDEX per_city_bb9baa00_bought_8df63f8f ON mvc.per_city_bb9baa00 USING btree (bought DESC NULLS LAST)"}, "exposure": "15 9ad24636d817a7e62147e676ad1c3a17"}', 1),
	('public', 'large', 'shop', 'large_ccd1f6da', 'plain', 'UTC', '{"body": "", "kind": "plain", "name": "large", "path": "views/large.yml", "rows": {"columns": ["public.per_city.city"], "relations": ["public.per_city"]}, "tags": [], "alias": null, "apart": false, "grain": ["city"], "merge": null, "named": [], "query": "SELECT\n  c.city,\n  SUM(c.bought) AS bought\nFROM mvc.per_city_bb9baa00 AS c\nGROUP BY\n  1", "reads": ["public.per_city.bought", "public.per_city.city"], "access": {"rules": [{"roles": [], "conditions": []}], "columns": [], "readers": ["up_reader"], "restrictions": []}, "claims": [], "former": null, "period": "", "probes": [], "proven": true, "schema": "public", "window": null, "columns": [{"name": "city", "rows": {"columns": [], "relations": []}, "type": "text", "lineage": ["public.per_city.city"], "meaning": "per_city.city", "nullable": true, "description": null}, {"name": "bought", "rows": {"columns": ["public.per_city.city"], "relations": ["public.per_city"]}, "type": "numeric", "lineage": ["public.per_city.bought"], "meaning": "sum(per_city.bought)", "nullable": true, "description": null}], "filters": [], "indexes": [], "options": [], "sources": [{"alias": "c", "meaning": "", "relation": "public.per_city"}], "storage": ["mvc", "large_ccd1f6da"], "exposure": {"arms": [], "form": 1, "query": "SELECT\n  city,\n  bought\nFROM mvc.large_ccd1f6da AS large", "barrier": false}, "requires": [], "upstream": ["per_city"], "increment": null, "stored_as": "view", "description": null, "stored_query": "SELECT\n  c.city,\n  SUM(c.bought) AS bought\nFROM mvc.per_city_bb9baa00 AS c\nGROUP BY\n  1", "whole_because": ["it is a plain view, which stores nothing"]}', '{"arms": {}, "roles": {"up_reader": "16384"}, "server": "1", "indexes": {}, "exposure": "15 92c6e3a22a30372c8bf61e0e55820e10"}', 1);
INSERT INTO mvc.deployment OVERRIDING SYSTEM VALUE VALUES
	(1, 'shop', 'apply', '{"stored": "mvc", "project": "shop", "compiler": "0.1.0", "timezone": "UTC", "schedules": [{"cron": "0 3 * * *", "mode": null, "name": "nightly", "times": {"days": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31], "fixed": true, "hours": [3], "months": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], "minutes": [0], "weekdays": [0, 1, 2, 3, 4, 5, 6], "either_day": false}, "views": ["per_city", "per_customer", "per_day"], "enabled": true, "timezone": "UTC", "description": null, "window_seconds": null, "within_seconds": null, "timeout_seconds": null, "lock_timeout_seconds": null}, {"cron": "*/5 * * * *", "mode": "incremental", "name": "often", "times": {"days": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31], "fixed": false, "hours": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23], "months": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], "minutes": [0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55], "weekdays": [0, 1, 2, 3, 4, 5, 6], "either_day": false}, "views": ["per_customer"], "enabled": true, "timezone": "UTC", "description": null, "window_seconds": null, "within_seconds": null, "timeout_seconds": null, "lock_timeout_seconds": null}, {"cron": "0 * * * *", "mode": "window", "name": "days", "times": {"days": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31], "fixed": false, "hours": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23], "months": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], "minutes": [0], "weekdays": [0, 1, 2, 3, 4, 5, 6], "either_day": false}, "views": ["per_day"], "enabled": true, "timezone": "UTC", "description": null, "window_seconds": 2592000, "within_seconds": null, "timeout_seconds": null, "lock_timeout_seconds": null}, {"cron": null, "mode": null, "name": "soon", "times": null, "views": ["per_city"], "enabled": true, "timezone": "UTC", "description": null, "window_seconds": null, "within_seconds": 3600, "timeout_seconds": null, "lock_timeout_seconds": null}], "operations": {"names": [{"name": "refresh_everything", "role": "refresh_all", "view": "", "schema": "public"}, {"name": "refresh_just", "role": "refresh_one", "view": "", "schema": "public"}, {"name": "use_of_views", "role": "usage", "view": "", "schema": "public"}, {"name": "how_views_are", "role": "status", "view": "", "schema": "public"}, {"name": "what_ran", "role": "log", "view": "", "schema": "public"}], "notify": "shop_events", "log_seconds": 7776000, "change_bytes": 1073741824, "monitor_roles": ["up_monitor"]}, "partitions": [], "search_path": ["public"], "refresh_roles": ["up_refresher"], "trusted_roles": []}', '0.1.0', '2026-12-01 10:22:25.593795+00', 'postgres', NULL);
INSERT INTO mvc.installation VALUES
	('adb33ac98c40fe24', 'bab93d5f699969f719d97b3390afb7b5', 9, '0.1.0');
INSERT INTO mvc.per_customer_2ea85af5 VALUES
	(1, 'customer 1', 99.0, '2026-02-03'),
	(2, 'customer 2', 105.0, '2026-02-04'),
	(3, 'customer 3', 111.0, '2026-02-05'),
	(4, 'customer 4', 117.0, '2026-02-06'),
	(5, 'customer 5', 123.0, '2026-02-07'),
	(6, 'customer 6', 129.0, '2026-02-08'),
	(7, 'customer 7', 135.0, '2026-02-09'),
	(8, 'customer 8', 141.0, '2026-02-10'),
	(9, 'customer 9', 85.5, '2026-01-31'),
	(10, 'customer 10', 90.0, '2026-02-01'),
	(11, 'customer 11', 94.5, '2026-02-02'),
	(12, 'customer 12', 0, NULL);
INSERT INTO mvc.per_day_552e12f0 VALUES
	('2026-01-03', 3.0, 1),
	('2026-01-29', 42.0, 1),
	('2026-02-10', 60.0, 1),
	('2026-02-03', 49.5, 1),
	('2026-02-07', 55.5, 1),
	('2026-01-10', 13.5, 1),
	('2026-01-19', 27.0, 1),
	('2026-02-06', 54.0, 1),
	('2026-02-04', 51.0, 1),
	('2026-01-22', 31.5, 1),
	('2026-01-17', 24.0, 1),
	('2026-01-30', 43.5, 1),
	('2026-02-08', 57.0, 1),
	('2026-02-05', 52.5, 1),
	('2026-01-11', 15.0, 1),
	('2026-01-31', 45.0, 1),
	('2026-01-08', 10.5, 1),
	('2026-01-21', 30.0, 1),
	('2026-01-05', 6.0, 1),
	('2026-01-20', 28.5, 1),
	('2026-01-14', 19.5, 1),
	('2026-01-28', 40.5, 1),
	('2026-01-15', 21.0, 1),
	('2026-01-07', 9.0, 1),
	('2026-02-02', 48.0, 1),
	('2026-01-23', 33.0, 1),
	('2026-01-02', 1.5, 1),
	('2026-01-18', 25.5, 1),
	('2026-01-04', 4.5, 1),
	('2026-01-24', 34.5, 1),
	('2026-01-09', 12.0, 1),
	('2026-01-16', 22.5, 1),
	('2026-01-06', 7.5, 1),
	('2026-01-25', 36.0, 1),
	('2026-02-01', 46.5, 1),
	('2026-01-27', 39.0, 1),
	('2026-02-09', 58.5, 1),
	('2026-01-12', 16.5, 1),
	('2026-01-26', 37.5, 1),
	('2026-01-13', 18.0, 1);
INSERT INTO mvc.refresh_log OVERRIDING SYSTEM VALUE VALUES
	(1, 'public', 'per_city', 'full', NULL, true, 'completed', 3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'postgres', 7174, '2026-12-01 10:22:30.129792+00', '2026-12-01 10:22:30.222584+00', NULL),
	(2, 'public', 'per_customer', 'incremental', NULL, true, 'completed', 12, 0, 0, NULL, NULL, NULL, NULL, NULL, 'postgres', 7174, '2026-12-01 10:22:30.282715+00', '2026-12-01 10:22:30.33882+00', NULL),
	(3, 'public', 'per_day', 'window', NULL, true, 'completed', 40, 0, NULL, '2026-11-01 00:00:00+00', NULL, NULL, NULL, NULL, 'postgres', 7174, '2026-12-01 10:22:30.357283+00', '2026-12-01 10:22:30.379675+00', NULL);
INSERT INTO mvc.replaced_view VALUES
	(1, 'public', 'per_customer', NULL),
	(1, 'public', 'per_day', NULL),
	(1, 'public', 'per_city', NULL),
	(1, 'public', 'large', NULL);
INSERT INTO mvc.schedule_run VALUES
	('shop', 'nightly', '2026-12-01 10:22:25.597114+00', NULL, NULL, NULL, NULL, NULL, false, '', NULL, NULL),
	('shop', 'often', '2026-12-01 10:22:25.597312+00', NULL, NULL, NULL, NULL, NULL, false, '', NULL, NULL),
	('shop', 'days', '2026-12-01 10:22:25.597326+00', NULL, NULL, NULL, NULL, NULL, false, '', NULL, NULL),
	('shop', 'soon', '2026-12-01 10:22:25.597334+00', NULL, NULL, NULL, NULL, NULL, false, '', NULL, NULL);
INSERT INTO mvc.stored_relation VALUES
	('per_city_bb9baa00', 'public', 'per_city', 'shop', '{}', DEFAULT, '15 d12b1e91638f82d6b4c60e07cd63ab11', '2026-12-01 10:22:24.886191+00', '2026-12-01 10:22:30.145504+00', '741', '{}', NULL, NULL, NULL, NULL, NULL, NULL, 0.067699, 3, '{"bare": true, "code": [], "read": ["16388", "16395"], "names": {"16388": "public.customers", "16395": "public.orders"}, "parts": {"16388 1": "id", "16388 3": "city", "16395 2": "customer_id", "16395 3": "amount"}, "place": "1 5", "roles": [], "owners": ["pg_class 16388 10 r", "pg_class 16395 10 r"], "tables": ["16388", "16395"], "allowed": [], "strange": [], "accepted": []}', NULL, '{"asked": {}, "found": {}, "unsteady": null}'),
	('per_day_552e12f0', 'public', 'per_day', 'shop', '{"query": "per_day_552e12f0_query"}', DEFAULT, '15 03bd943751fe55544b2219b7145b760e', '2026-12-01 10:22:25.422007+00', '2026-12-01 10:22:25.473724+00', '744', '{}', NULL, NULL, NULL, NULL, NULL, NULL, 0.024939, 40, '{"bare": true, "code": [], "read": ["16395"], "names": {"16395": "public.orders"}, "parts": {"16395 3": "amount", "16395 4": "placed"}, "place": "1 5", "roles": [], "owners": ["pg_class 16395 10 r"], "tables": ["16395"], "allowed": [], "strange": [], "accepted": []}', '2026-12-01 10:22:30.366333+00', '{"asked": {}, "found": {}, "unsteady": null}'),
	('large_ccd1f6da', 'public', 'large', 'shop', '{}', DEFAULT, '15 049f8396ded56dbc91a35619252ee1af', '2026-12-01 10:22:25.518057+00', NULL, NULL, '{}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"bare": true, "code": [], "read": ["17016"], "names": {}, "parts": {}, "place": "1 5", "roles": [], "owners": ["pg_class 17016 10 m"], "tables": [], "allowed": [], "strange": [], "accepted": []}', NULL, NULL),
	('per_customer_2ea85af5', 'public', 'per_customer', 'shop', '{"keys": "per_customer_2ea85af5_keys", "many": "per_customer_2ea85af5_many", "dirty": "per_customer_2ea85af5_dirty", "moved": "per_customer_2ea85af5_moved", "query": "per_customer_2ea85af5_query", "causes": "per_customer_2ea85af5_causes", "groups": "per_customer_2ea85af5_groups"}', DEFAULT, '15 ce235c218b4b0798af81ed0b35437c23', '2026-12-01 10:22:25.215098+00', '2026-12-01 10:22:30.28952+00', '743', '{changes_customers_746dedf2,changes_orders_86a1f739}', '753:753:', '2026-12-01 10:22:30.28952+00', '1', NULL, NULL, '2026-12-01 10:22:25.215098+00', 0.039411, 12, '{"bare": true, "code": [], "read": ["16388", "16395", "16484", "16985", "17001"], "names": {"16388": "public.customers", "16395": "public.orders"}, "parts": {"16388 1": "id", "16388 2": "name", "16395 2": "customer_id", "16395 3": "amount", "16395 4": "placed"}, "place": "1 5", "roles": [], "owners": ["pg_class 16388 10 r", "pg_class 16395 10 r", "pg_class 16484 10 r", "pg_class 16985 10 r", "pg_class 17001 10 r"], "tables": ["16388", "16395", "16484", "16985", "17001"], "allowed": [], "strange": [], "accepted": []}', NULL, '{"asked": {}, "found": {}, "unsteady": null}');
INSERT INTO mvc.turn VALUES
	('partitions'),
	('refresh per_city_bb9baa00'),
	('refresh per_customer_2ea85af5'),
	('refresh per_day_552e12f0'),
	('refresh large_ccd1f6da'),
	('purge changes_customers_746dedf2'),
	('purge changes_orders_86a1f739');
INSERT INTO mvc.unlogged_since VALUES
	('2026-12-01 10:22:24.672382+00');
INSERT INTO mvc.watched_table VALUES
	('changes_customers_746dedf2', 'public', 'customers', '{id}', '{"mark": "17000", "16388": "/A739,A739,R739,A739,A739// 1:23", "files": {"16388": "16388"}, "place": "729 739 739 729 729", "function": "739"}', 0, NULL),
	('changes_orders_86a1f739', 'public', 'orders', '{customer_id}', '{"mark": "17000", "16395": "/A740,A740,R740,A740,A740// 2:23", "files": {"16395": "16395"}, "place": "729 740 740 729 729", "function": "740"}', 0, NULL);
INSERT INTO public.customers VALUES
	(1, 'customer 1', 'city 1'),
	(2, 'customer 2', 'city 2'),
	(3, 'customer 3', 'city 0'),
	(4, 'customer 4', 'city 1'),
	(5, 'customer 5', 'city 2'),
	(6, 'customer 6', 'city 0'),
	(7, 'customer 7', 'city 1'),
	(8, 'customer 8', 'city 2'),
	(9, 'customer 9', 'city 0'),
	(10, 'customer 10', 'city 1'),
	(11, 'customer 11', 'city 2'),
	(12, 'customer 12', 'city 0');
INSERT INTO public.orders VALUES
	(1, 2, 1.5, '2026-01-02'),
	(2, 3, 3.0, '2026-01-03'),
	(3, 4, 4.5, '2026-01-04'),
	(4, 5, 6.0, '2026-01-05'),
	(5, 6, 7.5, '2026-01-06'),
	(6, 7, 9.0, '2026-01-07'),
	(7, 8, 10.5, '2026-01-08'),
	(8, 9, 12.0, '2026-01-09'),
	(9, 10, 13.5, '2026-01-10'),
	(10, 11, 15.0, '2026-01-11'),
	(11, 1, 16.5, '2026-01-12'),
	(12, 2, 18.0, '2026-01-13'),
	(13, 3, 19.5, '2026-01-14'),
	(14, 4, 21.0, '2026-01-15'),
	(15, 5, 22.5, '2026-01-16'),
	(16, 6, 24.0, '2026-01-17'),
	(17, 7, 25.5, '2026-01-18'),
	(18, 8, 27.0, '2026-01-19'),
	(19, 9, 28.5, '2026-01-20'),
	(20, 10, 30.0, '2026-01-21'),
	(21, 11, 31.5, '2026-01-22'),
	(22, 1, 33.0, '2026-01-23'),
	(23, 2, 34.5, '2026-01-24'),
	(24, 3, 36.0, '2026-01-25'),
	(25, 4, 37.5, '2026-01-26'),
	(26, 5, 39.0, '2026-01-27'),
	(27, 6, 40.5, '2026-01-28'),
	(28, 7, 42.0, '2026-01-29'),
	(29, 8, 43.5, '2026-01-30'),
	(30, 9, 45.0, '2026-01-31'),
	(31, 10, 46.5, '2026-02-01'),
	(32, 11, 48.0, '2026-02-02'),
	(33, 1, 49.5, '2026-02-03'),
	(34, 2, 51.0, '2026-02-04'),
	(35, 3, 52.5, '2026-02-05'),
	(36, 4, 54.0, '2026-02-06'),
	(37, 5, 55.5, '2026-02-07'),
	(38, 6, 57.0, '2026-02-08'),
	(39, 7, 58.5, '2026-02-09'),
	(40, 8, 60.0, '2026-02-10');
SELECT pg_catalog.setval('mvc.deployment_id_seq', 1, true);
SELECT pg_catalog.setval('mvc.lost_change', 1, false);
SELECT pg_catalog.setval('mvc.partition_log_id_seq', 1, false);
SELECT pg_catalog.setval('mvc.refresh_log_id_seq', 3, true);
SELECT pg_catalog.setval('mvc.schedule_run_number', 1, false);
ALTER TABLE ONLY mvc.deployed_view
    ADD CONSTRAINT deployed_view_pkey PRIMARY KEY (view_schema, view_name);
ALTER TABLE ONLY mvc.deployment
    ADD CONSTRAINT deployment_pkey PRIMARY KEY (id);
ALTER TABLE ONLY mvc.earlier_run
    ADD CONSTRAINT earlier_run_pkey PRIMARY KEY (run);
ALTER TABLE ONLY mvc.frozen_relation
    ADD CONSTRAINT frozen_relation_pkey PRIMARY KEY (stored_name);
ALTER TABLE ONLY mvc.installation
    ADD CONSTRAINT installation_pkey PRIMARY KEY (runtime);
ALTER TABLE ONLY mvc.oldest_snapshot
    ADD CONSTRAINT oldest_snapshot_pkey PRIMARY KEY (id);
ALTER TABLE ONLY mvc.partition_log
    ADD CONSTRAINT partition_log_pkey PRIMARY KEY (id);
ALTER TABLE ONLY mvc.refresh_log
    ADD CONSTRAINT refresh_log_pkey PRIMARY KEY (id);
ALTER TABLE ONLY mvc.released_view
    ADD CONSTRAINT released_view_pkey PRIMARY KEY (view_schema, view_name);
ALTER TABLE ONLY mvc.replaced_view
    ADD CONSTRAINT replaced_view_pkey PRIMARY KEY (deployment, view_schema, view_name);
ALTER TABLE ONLY mvc.schedule_run
    ADD CONSTRAINT schedule_run_pkey PRIMARY KEY (project, schedule, run_by);
ALTER TABLE ONLY mvc.stored_relation
    ADD CONSTRAINT stored_relation_pkey PRIMARY KEY (stored_name);
ALTER TABLE ONLY mvc.told_promise
    ADD CONSTRAINT told_promise_pkey PRIMARY KEY (view_schema, view_name, schedule);
ALTER TABLE ONLY mvc.trusted_role
    ADD CONSTRAINT trusted_role_pkey PRIMARY KEY (name);
ALTER TABLE ONLY mvc.turn
    ADD CONSTRAINT turn_pkey PRIMARY KEY (work);
ALTER TABLE ONLY mvc.watched_table
    ADD CONSTRAINT watched_table_pkey PRIMARY KEY (log);
ALTER TABLE ONLY public.customers
    ADD CONSTRAINT customers_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_pkey PRIMARY KEY (id);
CREATE INDEX kept_customers_746dedf2_mvc_at_idx ON mvc.kept_customers_746dedf2 USING btree (mvc_at);
CREATE INDEX kept_orders_86a1f739_mvc_at_idx ON mvc.kept_orders_86a1f739 USING btree (mvc_at);
CREATE INDEX per_city_bb9baa00_bought_8df63f8f ON mvc.per_city_bb9baa00 USING btree (bought DESC NULLS LAST);
CREATE UNIQUE INDEX per_city_bb9baa00_grain ON mvc.per_city_bb9baa00 USING btree (mvc_grain);
CREATE INDEX per_city_bb9baa00_lookup ON mvc.per_city_bb9baa00 USING btree (city);
CREATE UNIQUE INDEX per_customer_2ea85af5_grain ON mvc.per_customer_2ea85af5 USING btree (id);
CREATE UNIQUE INDEX per_day_552e12f0_grain ON mvc.per_day_552e12f0 USING btree (day);
CREATE INDEX refresh_log_failed ON mvc.refresh_log USING btree (view_schema, view_name, started_at DESC) WHERE (status = ANY (ARRAY['failed'::text, 'lost'::text]));
CREATE INDEX refresh_log_latest ON mvc.refresh_log USING btree (view_schema, view_name, started_at DESC);
CREATE INDEX refresh_log_open ON mvc.refresh_log USING btree (view_schema, view_name) WHERE (status = 'started'::text);
CREATE TRIGGER refuse_older BEFORE INSERT ON mvc.installation FOR EACH ROW WHEN ((new.generation IS NULL)) EXECUTE FUNCTION mvc.refuse_older();
CREATE TRIGGER tell_of_failure AFTER UPDATE OF status ON mvc.refresh_log FOR EACH ROW WHEN (((new.status = ANY (ARRAY['failed'::text, 'lost'::text])) AND (old.status <> new.status))) EXECUTE FUNCTION mvc.tell_of_failure();
CREATE TRIGGER trim_now_and_then AFTER INSERT ON mvc.refresh_log FOR EACH ROW WHEN (((new.id % (100)::bigint) = 0)) EXECUTE FUNCTION mvc.trim_now_and_then();
CREATE TRIGGER mvc_log_delete_0a7fd310 AFTER DELETE ON public.orders REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION mvc.changes_orders_86a1f739();
ALTER TABLE public.orders ENABLE ALWAYS TRIGGER mvc_log_delete_0a7fd310;
CREATE TRIGGER mvc_log_delete_19bd213f AFTER DELETE ON public.customers REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION mvc.changes_customers_746dedf2();
ALTER TABLE public.customers ENABLE ALWAYS TRIGGER mvc_log_delete_19bd213f;
CREATE TRIGGER mvc_log_insert_0a7fd310 AFTER INSERT ON public.orders REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION mvc.changes_orders_86a1f739();
ALTER TABLE public.orders ENABLE ALWAYS TRIGGER mvc_log_insert_0a7fd310;
CREATE TRIGGER mvc_log_insert_19bd213f AFTER INSERT ON public.customers REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION mvc.changes_customers_746dedf2();
ALTER TABLE public.customers ENABLE ALWAYS TRIGGER mvc_log_insert_19bd213f;
CREATE TRIGGER mvc_log_row_0a7fd310 AFTER INSERT OR DELETE OR UPDATE ON public.orders FOR EACH ROW WHEN ((current_query() IS NULL)) EXECUTE FUNCTION mvc.changes_orders_86a1f739();
ALTER TABLE public.orders ENABLE REPLICA TRIGGER mvc_log_row_0a7fd310;
CREATE TRIGGER mvc_log_row_19bd213f AFTER INSERT OR DELETE OR UPDATE ON public.customers FOR EACH ROW WHEN ((current_query() IS NULL)) EXECUTE FUNCTION mvc.changes_customers_746dedf2();
ALTER TABLE public.customers ENABLE REPLICA TRIGGER mvc_log_row_19bd213f;
CREATE TRIGGER mvc_log_truncate_0a7fd310 AFTER TRUNCATE ON public.orders FOR EACH STATEMENT EXECUTE FUNCTION mvc.changes_orders_86a1f739();
ALTER TABLE public.orders ENABLE ALWAYS TRIGGER mvc_log_truncate_0a7fd310;
CREATE TRIGGER mvc_log_truncate_19bd213f AFTER TRUNCATE ON public.customers FOR EACH STATEMENT EXECUTE FUNCTION mvc.changes_customers_746dedf2();
ALTER TABLE public.customers ENABLE ALWAYS TRIGGER mvc_log_truncate_19bd213f;
CREATE TRIGGER mvc_log_update_0a7fd310 AFTER UPDATE ON public.orders REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION mvc.changes_orders_86a1f739();
ALTER TABLE public.orders ENABLE ALWAYS TRIGGER mvc_log_update_0a7fd310;
CREATE TRIGGER mvc_log_update_19bd213f AFTER UPDATE ON public.customers REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION mvc.changes_customers_746dedf2();
ALTER TABLE public.customers ENABLE ALWAYS TRIGGER mvc_log_update_19bd213f;
CREATE TRIGGER "~mvc_refuses" INSTEAD OF INSERT OR DELETE OR UPDATE ON public.per_customer FOR EACH ROW EXECUTE FUNCTION mvc.written_to();
CREATE TRIGGER "~mvc_refuses" INSTEAD OF INSERT OR DELETE OR UPDATE ON public.per_day FOR EACH ROW EXECUTE FUNCTION mvc.written_to();
ALTER TABLE ONLY mvc.deployed_view
    ADD CONSTRAINT deployed_view_deployment_fkey FOREIGN KEY (deployment) REFERENCES mvc.deployment(id);
ALTER TABLE ONLY mvc.deployment
    ADD CONSTRAINT deployment_undone_by_fkey FOREIGN KEY (undone_by) REFERENCES mvc.deployment(id);
ALTER TABLE ONLY mvc.replaced_view
    ADD CONSTRAINT replaced_view_deployment_fkey FOREIGN KEY (deployment) REFERENCES mvc.deployment(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES public.customers(id);
GRANT USAGE ON SCHEMA mvc TO up_refresher;
GRANT USAGE ON SCHEMA mvc TO up_monitor;
GRANT USAGE ON SCHEMA rep TO PUBLIC;
REVOKE ALL ON FUNCTION mvc.act(what text, said jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION mvc.act(what text, said jsonb) TO up_refresher;
REVOKE ALL ON FUNCTION mvc.added_to(relation regclass) FROM PUBLIC;
REVOKE ALL ON PROCEDURE mvc.alert() FROM PUBLIC;
GRANT ALL ON PROCEDURE mvc.alert() TO up_refresher;
REVOKE ALL ON FUNCTION mvc.alert_broken_promises() FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.alert_long_logs() FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.ancestors(base regclass) FROM PUBLIC;
GRANT SELECT ON TABLE mvc.stored_relation TO up_refresher;
GRANT SELECT ON TABLE mvc.stored_relation TO up_monitor;
REVOKE ALL ON FUNCTION mvc.are_many(stored mvc.stored_relation, groups bigint) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.as_array(listed jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.as_known(value anyelement, known anyelement) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.as_recorded(relations oid[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.bad_row(definition jsonb, message text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.begin_deployment(action text, target jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.bring(stored mvc.stored_relation, mode text, since timestamp with time zone, until timestamp with time zone, other_code text, OUT taken text, OUT changed bigint, OUT growth bigint, OUT groups bigint, OUT detail text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.bring_views_back(own name[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.call_stack() FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.called(view_schema name, view_name name, recorded jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.calls_in(body text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.can_act_as(role oid, another oid) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.carry_indexes(from_stored name, to_stored name, names name[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.changed_behind(stored mvc.stored_relation) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.changed_wholly(stored mvc.stored_relation) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.changes_customers_746dedf2() FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.changes_moved(partition regclass, told name) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.changes_orders_86a1f739() FROM PUBLIC;
GRANT SELECT ON TABLE mvc.deployed_view TO up_refresher;
GRANT SELECT ON TABLE mvc.deployed_view TO up_monitor;
REVOKE ALL ON FUNCTION mvc.check_mode(deployed mvc.deployed_view, mode text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.clear_way(targets jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.close_storage(refreshers name[], project text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.closed_by(direct oid[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.code_asked(stored mvc.stored_relation) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.code_changed(made_with jsonb, seen jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.code_now(asked jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.code_of(relations regclass[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.code_seen(stored mvc.stored_relation) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.collation_of(stored_column pg_attribute) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.columns_differ(log name) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.commits_next(stack text) FROM PUBLIC;
REVOKE ALL ON PROCEDURE mvc.committed(IN what text, IN said jsonb, INOUT answer jsonb) FROM PUBLIC;
GRANT ALL ON PROCEDURE mvc.committed(IN what text, IN said jsonb, INOUT answer jsonb) TO up_refresher;
REVOKE ALL ON FUNCTION mvc.comparison(stored mvc.stored_relation, definition jsonb, source text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.continue_deployment(opened bigint) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.copied_name(index name, from_stored name, to_stored name) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.copy_identity(parent oid, made oid) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.copy_rows(stored_name name) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.create_index(stored_name name, statement text, count integer, roles name[], allowed text[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.create_partition(table_schema name, table_name name, named name, lower text, upper text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.creation_of(view oid) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.dependents(target oid) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.deployed_since(project text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.directly_in_the_way(targets jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.dress(named text, dressing text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.dressing_of(view oid, columns name[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.drop_guards(table_schema name, table_name name) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.drop_relations(names name[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.drop_unneeded() FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.drop_unused_logs() FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.due(project text) FROM PUBLIC;
GRANT ALL ON FUNCTION mvc.due(project text) TO up_refresher;
REVOKE ALL ON FUNCTION mvc.due_now(project text, named text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.due_views(project text, schedule text, OUT tick timestamp with time zone, OUT views name[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.equal_is_same(base regclass, columns name[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.equality(stored_column pg_attribute, unordered boolean) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.expect(view_schema name, view_name name, stored_name name, may_be_new boolean, stated jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.expect_inert(relation oid) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.expect_kept_names(named text, called text[], path name[], types oid[], roles name[], allowed text[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.expect_name(kind text, name_schema name, named name, arguments text, project text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.expect_ours_alone(relations oid[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.expect_same_roles(roles name[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.expect_schedule(view_schema name, view_name name, schedule text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.expect_settings(target jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.expect_sources(stored mvc.stored_relation) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.expect_trusted(relations regclass[], named text, roles name[], allowed text[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.expect_trusted_calls(named text, called text[], path name[], roles name[], allowed text[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.expect_trusted_index(stored_name name, roles name[], allowed text[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.expect_trusted_owners(named text, relations oid[], roles name[], allowed text[], accepted oid[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.expect_trusted_sources(named text, relations oid[], types oid[], roles name[], allowed text[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.expect_trusted_table(project text, relation regclass) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.expect_whole_path(named text, path text, roles name[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.expose(view_schema name, view_name name, columns name[], barrier boolean, query text, renamed name[], anew boolean) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.failing_row(relation regclass, probe jsonb, page bigint, message text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.fails(relation regclass, probe jsonb, first bigint, after bigint, message text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.feeding(project text, called name) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.fill(stored_name name, timezone text, mode text, since timestamp with time zone, until timestamp with time zone, unheard text, OUT taken text, OUT changed bigint, OUT groups bigint, OUT detail text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.fill_materialized(stored_name name, mode text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.fit_log(base regclass, log name, columns name[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.fitting_of(base regclass, log name, columns name[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.follow(stored mvc.stored_relation, seen pg_snapshot, taken text, unheard text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.follow_schedules(target jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.foreign_part(base regclass) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.forget(view_schema name, view_name name) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc."freeze"(stored_names name[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.generation() FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.give_up_reader(log name) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.grants_of(parent oid, made regclass) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.guard_default(table_schema name, table_name name, lower text, upper text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.has_head(routine oid, declared jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.has_standbys() FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.hear_replicated(base regclass, log name) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.heard_alike(noted jsonb, triggers jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.hold_changes(stored_name name) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.holds_foreign(type oid, roles name[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.identify_rows(stored_name name) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.idle_leftovers() FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.in_order(target oid, columns name[], query text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.index_body(index oid) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.index_expressions(stored_name name, count integer, roles name[], allowed text[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.instant(midnight timestamp without time zone, kind text, timezone text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.is_another_role(role oid) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.is_bare(stored mvc.stored_relation) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.is_comparable(type oid) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.is_day_among(months integer[], days integer[], weekdays integer[], either_day boolean, day date) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.is_day_of(times jsonb, day date) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.is_locked(locker xid) FROM PUBLIC;
GRANT ALL ON FUNCTION mvc.is_locked(locker xid) TO up_monitor;
GRANT ALL ON FUNCTION mvc.is_locked(locker xid) TO up_refresher;
REVOKE ALL ON FUNCTION mvc.is_lost(locker xid, worker integer, began timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION mvc.is_lost(locker xid, worker integer, began timestamp with time zone) TO up_monitor;
GRANT ALL ON FUNCTION mvc.is_lost(locker xid, worker integer, began timestamp with time zone) TO up_refresher;
REVOKE ALL ON FUNCTION mvc.is_named(class oid, object oid, names text[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.is_of_others(namespace oid) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.is_ruled(relation name) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.is_trusted(owner oid, roles name[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.is_view(named name, query text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.is_whole_window(stored_name name, since timestamp with time zone, until timestamp with time zone) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.keep_changes(project text, view_schema name, view_name name, stored_name name, watches name[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.keep_earlier_run(project text, schedule text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.keep_places(known jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.keep_sources(relations oid[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.keep_table(relation oid) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.keep_unread(log name) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.kept_of(log name) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.key_columns(stored mvc.stored_relation) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.kind_word(relkind "char") FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.known_places() FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.last_use(view_schema name, view_name name, stat jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.late_lookups(tree text, roles name[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.latest_moment(times jsonb, zone text, seen timestamp with time zone, until timestamp with time zone) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.latest_shown(times jsonb, wall timestamp without time zone, first date) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.latest_tick(times jsonb, zone text, seen timestamp with time zone, until timestamp with time zone) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.lead(project text) FROM PUBLIC;
GRANT ALL ON FUNCTION mvc.lead(project text) TO up_refresher;
REVOKE ALL ON FUNCTION mvc."leading"(project text, role name) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.less_often_now(asked jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.listening(base regclass, log name, columns name[], OUT triggers jsonb, OUT unheard text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.lock_views(own name[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.log_changes_below(relation regclass, log name) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.log_changes_of(relation regclass, log name) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.log_fits(base regclass, log name, columns name[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.log_has_columns(log name, parts name[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.log_is_ours(log name) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.log_moves_of(base regclass, log name) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.log_replicated(relation regclass, log name) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.log_trigger(event text, log name) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.looks_up_casts(routine pg_proc) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.lost_changes() FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.lost_words() FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.made_relations() FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.made_types_in(tree text) FROM PUBLIC;
REVOKE ALL ON PROCEDURE mvc.maintain_partitions(IN project text) FROM PUBLIC;
GRANT ALL ON PROCEDURE mvc.maintain_partitions(IN project text) TO up_refresher;
REVOKE ALL ON FUNCTION mvc.maintain_partitions_together(project text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.make_change_log(base regclass, log name, columns name[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.make_kept(log name) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.make_leaders(project text, refreshers name[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.make_way(generation integer, declared jsonb, retired name[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.mark_unlogged() FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.may_be_strange(relations oid[], roles name[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.may_freeze(stored_names name[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.may_search(stored_name name) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.meant_by(names text[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.mend_tables(declared jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.merge(statements jsonb, since timestamp with time zone, until timestamp with time zone, OUT changed bigint, OUT growth bigint) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.merge_groups(stored mvc.stored_relation, definition jsonb, groups bigint, OUT changed bigint, OUT growth bigint) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.missing_partitions(target oid, table_name name, unit text, ahead integer, kind text, timezone text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.moments(shown timestamp without time zone, zone text, fixed boolean) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.move_stored(former name, definition jsonb, companions jsonb, as_recorded boolean) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.moved(stored mvc.stored_relation) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.moving_words(parent regclass, fallback regclass, key name, lower text, upper text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.name_beside(stored_name name, word text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.name_printed(kind text, name_schema name, named name, arguments text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.named_in(body text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.names_meant(stored mvc.stored_relation, queries regclass[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.names_read(queries regclass[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.note_code(stored_name name) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.note_lost_changes() FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.note_replaced(view_schema name, view_name name, definition jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.numbers(times jsonb, field text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.objects_of(definition jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.obstacle(target oid, views oid[], columns name[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.oids(listed jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.old_partitions(target oid, unit text, keep interval, kind text, timezone text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.open_monitoring(refreshers name[], monitors name[], project text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.open_name(kind text, name_schema name, named name, arguments text, users name[], described text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.operators_in(body text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.outcome_of(run bigint) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.outdated(stored mvc.stored_relation) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.own_again(relation regclass) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.own_log(log name) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.own_unknown_changes() FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.owners_now(relations oid[], code oid[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.owners_of(relations oid[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.partition_bound(said text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.partition_log_end() FROM PUBLIC;
GRANT ALL ON FUNCTION mvc.partition_log_end() TO up_refresher;
REVOKE ALL ON FUNCTION mvc.partition_name(table_name name, unit text, starts timestamp without time zone, begins timestamp without time zone) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.partition_obstacle(target oid, column_name name, kind text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.partition_range(partition oid) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.partition_readers(tables oid[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.partition_run(project text, task text, last boolean) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.partition_table(parent regclass, named name) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.partition_tasks(project text) FROM PUBLIC;
GRANT ALL ON FUNCTION mvc.partition_tasks(project text) TO up_refresher;
REVOKE ALL ON PROCEDURE mvc.partition_work(IN project text, INOUT failed text[]) FROM PUBLIC;
GRANT ALL ON PROCEDURE mvc.partition_work(IN project text, INOUT failed text[]) TO up_refresher;
REVOKE ALL ON FUNCTION mvc.partitionings(project text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.parts_meant(stored mvc.stored_relation, queries regclass[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.parts_of_type(type oid) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.parts_read(queries regclass[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.period_length(unit text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.period_starts(unit text, ahead integer, timezone text, at timestamp with time zone) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.place_of(log name) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.policies_of(parent oid, made regclass) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.possible_mode(definition jsonb, mode text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.printed(named text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.probing(relation regclass, probe jsonb, rows text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.prove(stored_name name, never_null name[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.prove_calls(named text, called text[], roles name[], allowed text[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.prove_code(stored_name name, roles name[], allowed text[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.prove_exposure(view_schema name, view_name name, arms name[], roles name[], allowed text[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.prove_sources(named text, sources text[], types text[], roles name[], allowed text[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.proven_for(stored_name name) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.purge_changes(logs name[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.purge_kept(kept name, seen xid8) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.put_aside(stored mvc.stored_relation, query text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.queries_of(stored mvc.stored_relation) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.queued_groups(view_schema name, view_name name) FROM PUBLIC;
GRANT ALL ON FUNCTION mvc.queued_groups(view_schema name, view_name name) TO up_monitor;
GRANT ALL ON FUNCTION mvc.queued_groups(view_schema name, view_name name) TO up_refresher;
REVOKE ALL ON FUNCTION mvc.read_at_once(queries regclass[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.read_by(queries regclass[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.read_by_functions(view oid) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.readers_of(relation oid, attribute smallint) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.reads_of_views(source regclass) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.record(timezone text, definition jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.record_anew(recorded_so jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.recreate(target oid, columns name[], options text, query text) FROM PUBLIC;
REVOKE ALL ON PROCEDURE mvc.refresh(IN view_schema name, IN view_name name, IN mode text, IN schedule text, IN since timestamp with time zone, IN until timestamp with time zone) FROM PUBLIC;
GRANT ALL ON PROCEDURE mvc.refresh(IN view_schema name, IN view_name name, IN mode text, IN schedule text, IN since timestamp with time zone, IN until timestamp with time zone) TO up_refresher;
REVOKE ALL ON FUNCTION mvc.refresh_abandon(run bigint, reason text, state text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.refresh_begin(view_schema name, view_name name, mode text, schedule text, since timestamp with time zone, until timestamp with time zone) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.refresh_end(run bigint) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.refresh_named(project text, named text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.refresh_order(project text) FROM PUBLIC;
GRANT ALL ON FUNCTION mvc.refresh_order(project text) TO up_refresher;
REVOKE ALL ON PROCEDURE mvc.refresh_project(IN project text) FROM PUBLIC;
GRANT ALL ON PROCEDURE mvc.refresh_project(IN project text) TO up_refresher;
REVOKE ALL ON FUNCTION mvc.refresh_run(run bigint) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.refresh_step(view_schema name, view_name name, mode text, schedule text, since timestamp with time zone, failed name[], lower timestamp with time zone, upper timestamp with time zone, OUT run bigint, OUT reason text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.refresh_together(project text) FROM PUBLIC;
REVOKE ALL ON PROCEDURE mvc.refresh_work(IN run bigint, IN lock_timeout_seconds double precision, INOUT outcome text) FROM PUBLIC;
GRANT ALL ON PROCEDURE mvc.refresh_work(IN run bigint, IN lock_timeout_seconds double precision, INOUT outcome text) TO up_refresher;
REVOKE ALL ON FUNCTION mvc.refuse_all_writes() FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.refuse_older() FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.refuse_writes(view regclass) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.register(project text, view_schema name, view_name name, stored_name name, companions jsonb, watches name[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.relations_called(names text[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.relations_read(statement text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.release(base regclass, columns name[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.release_patiently(views jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.release_plan(targets jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.release_view(view_schema name, view_name name, copied boolean, kept boolean, closed boolean) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.remember_roles(roles name[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.rename_history(from_schema name, from_name name, to_schema name, to_name name) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.rename_stored(names jsonb, columns jsonb, stored jsonb, definitions jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.rename_view(from_schema name, from_name name, to_schema name, to_name name) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.renamed_sources(stored mvc.stored_relation) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.renaming_of(relation regclass, becomes name) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.renew_change_logs() FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.renew_expressions(stored_name name) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.renew_view(named name, query text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.renew_views() FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.renumber_proofs(log name, former oid, present oid) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.replacements_of(views oid[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.require_extension(extension name, view_name name) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.retire_partition(table_schema name, table_name name, lower text, upper text, gone boolean) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.revoke_all(kind text, target text, owner oid, acl aclitem[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.role_now(role name, recorded jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.role_sql(role name) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.roles_of(definition jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.roles_of_projects() FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.rows_of(stored_name name) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.run_as_project(statement text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.run_each(statements text[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.run_or_warn(run bigint) FROM PUBLIC;
REVOKE ALL ON PROCEDURE mvc.run_schedule(IN project text, IN schedule text, IN if_due boolean) FROM PUBLIC;
GRANT ALL ON PROCEDURE mvc.run_schedule(IN project text, IN schedule text, IN if_due boolean) TO up_refresher;
GRANT SELECT ON TABLE mvc.schedule_run TO up_refresher;
REVOKE ALL ON FUNCTION mvc.run_under_way(number bigint) FROM PUBLIC;
REVOKE ALL ON PROCEDURE mvc.say_outcome(IN run bigint, IN outcome text) FROM PUBLIC;
GRANT ALL ON PROCEDURE mvc.say_outcome(IN run bigint, IN outcome text) TO up_refresher;
REVOKE ALL ON FUNCTION mvc.schedule_begin(project text, schedule text, if_due boolean) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.schedule_end(number bigint) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.schedule_step(number bigint, view_schema name, view_name name, OUT run bigint, OUT reason text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.schemas_in(body text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.seal(stored_name name) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.seconds_to_next(project text) FROM PUBLIC;
GRANT ALL ON FUNCTION mvc.seconds_to_next(project text) TO up_refresher;
REVOKE ALL ON FUNCTION mvc.seen_by_all(log name) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.set_readers(view_schema name, view_name name, readers name[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.settings_in(body text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.show_nothing(view oid) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.shown_by(deployed mvc.deployed_view) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.shrunk_views(since bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION mvc.shrunk_views(since bigint) TO up_refresher;
REVOKE ALL ON FUNCTION mvc.sizes_at_once(relation oid, OUT table_bytes bigint, OUT index_bytes bigint, OUT toast_bytes bigint, OUT total_bytes bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION mvc.sizes_at_once(relation oid, OUT table_bytes bigint, OUT index_bytes bigint, OUT toast_bytes bigint, OUT total_bytes bigint) TO up_monitor;
GRANT ALL ON FUNCTION mvc.sizes_at_once(relation oid, OUT table_bytes bigint, OUT index_bytes bigint, OUT toast_bytes bigint, OUT total_bytes bigint) TO up_refresher;
REVOKE ALL ON FUNCTION mvc.sizes_of(relation oid, OUT table_bytes bigint, OUT index_bytes bigint, OUT toast_bytes bigint, OUT total_bytes bigint) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.spelled_bound(bound timestamp without time zone, kind text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.statements_in(source regclass) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.statements_since(home name) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.stop_following(view_schema name, view_name name, but_for name) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.stop_overdue(project text) FROM PUBLIC;
GRANT ALL ON FUNCTION mvc.stop_overdue(project text) TO up_refresher;
REVOKE ALL ON FUNCTION mvc.storage_of(parent oid) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.strange_owners(relations oid[], roles name[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.swapped_column(relation oid, place smallint, meant name, OUT named text, OUT now text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.swapped_function(routine oid, meant text, OUT named text, OUT now text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.swapped_label(enum oid, meant jsonb, OUT named text, OUT now text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.swapped_name(kind text, object oid, meant text, OUT named text, OUT now text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.swapped_parts(proven jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.tables_of(stored mvc.stored_relation) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.tables_read(stored mvc.stored_relation) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.take_back(relation regclass) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.take_back(view_schema name, view_name name) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.take_place(stored_name name) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.take_turn(work text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.targets_of(targets jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.tell(project text, message jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.tell_of_failure() FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.this_database() FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.this_server() FROM PUBLIC;
REVOKE ALL ON PROCEDURE mvc.through(IN what text, IN said jsonb, IN one_snapshot boolean, INOUT answer jsonb) FROM PUBLIC;
GRANT ALL ON PROCEDURE mvc.through(IN what text, IN said jsonb, IN one_snapshot boolean, INOUT answer jsonb) TO up_refresher;
REVOKE ALL ON FUNCTION mvc.too_many(stored mvc.stored_relation, groups bigint) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.triggers_noted(base regclass, log name, columns name[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.triggers_of(base regclass, log name, columns name[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.trim_log(project text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.trim_now_and_then() FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.trust_anew(role name) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.types_in(tree text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.types_meant_by(names text[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.undone(under_way mvc.schedule_run, states text[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.unfrozen(stored_names name[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.unlogged_file() FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.unnoticed(log name, problem text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.unsteady(stored mvc.stored_relation) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.unwatch(log name) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.unwatched(watches name[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.usage(days_back integer) FROM PUBLIC;
GRANT ALL ON FUNCTION mvc.usage(days_back integer) TO up_monitor;
GRANT ALL ON FUNCTION mvc.usage(days_back integer) TO up_refresher;
REVOKE ALL ON FUNCTION mvc.usual_mode(definition jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.verify(stored mvc.stored_relation, definition jsonb, OUT written bigint, OUT growth bigint, OUT detail text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.views_aside(roots oid[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.watch(table_schema name, table_name name, log name, columns name[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.watch_again(stored_name name) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.watch_partition(partition regclass) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.watch_problem(log name) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.watch_state(log name, OUT broken text, OUT unheard text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.whole_because(stored mvc.stored_relation, definition jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.window_start(deployed mvc.deployed_view, since timestamp with time zone) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.with_descendants(base regclass) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.with_leftover_readers(names name[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.words_in(body text) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.write_log_function(base regclass, log name, columns name[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.written_to() FROM PUBLIC;
REVOKE ALL ON FUNCTION public.refresh_everything() FROM PUBLIC;
GRANT ALL ON FUNCTION public.refresh_everything() TO up_refresher;
REVOKE ALL ON FUNCTION public.refresh_just(view_name text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.refresh_just(view_name text) TO up_refresher;
REVOKE ALL ON FUNCTION public.use_of_views(days_back integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.use_of_views(days_back integer) TO up_monitor;
GRANT ALL ON FUNCTION public.use_of_views(days_back integer) TO up_refresher;
GRANT SELECT ON TABLE mvc.deployment TO up_refresher;
GRANT SELECT ON TABLE mvc.deployment TO up_monitor;
GRANT SELECT ON TABLE mvc.current_target TO up_monitor;
GRANT SELECT ON TABLE mvc.current_target TO up_refresher;
GRANT SELECT ON TABLE mvc.watched_table TO up_monitor;
GRANT SELECT ON TABLE mvc.watched_table TO up_refresher;
GRANT SELECT ON TABLE mvc.change_logs TO up_monitor;
GRANT SELECT ON TABLE mvc.change_logs TO up_refresher;
GRANT SELECT ON TABLE mvc.installation TO up_refresher;
GRANT SELECT ON TABLE mvc.installation TO up_monitor;
GRANT SELECT ON TABLE mvc.partition_log TO up_refresher;
GRANT SELECT ON TABLE mvc.problems TO up_monitor;
GRANT SELECT ON TABLE mvc.problems TO up_refresher;
GRANT SELECT ON TABLE mvc.refresh_log TO up_refresher;
GRANT SELECT ON TABLE mvc.schedules TO up_refresher;
GRANT SELECT ON TABLE mvc.promises TO up_refresher;
GRANT SELECT ON TABLE mvc.promises TO up_monitor;
GRANT SELECT ON TABLE mvc.refreshes TO up_monitor;
GRANT SELECT ON TABLE mvc.refreshes TO up_refresher;
GRANT SELECT ON TABLE mvc.replaced_view TO up_refresher;
GRANT SELECT ON TABLE mvc.replaced_view TO up_monitor;
GRANT SELECT ON TABLE mvc.view_status TO up_monitor;
GRANT SELECT ON TABLE mvc.view_status TO up_refresher;
GRANT SELECT ON TABLE public.how_views_are TO up_monitor;
GRANT SELECT ON TABLE public.how_views_are TO up_refresher;
GRANT SELECT ON TABLE public.large TO up_reader;
GRANT SELECT ON TABLE public.per_city TO up_reader;
GRANT SELECT ON TABLE public.per_customer TO up_reader;
GRANT SELECT ON TABLE public.what_ran TO up_monitor;
GRANT SELECT ON TABLE public.what_ran TO up_refresher;
GRANT SELECT ON TABLE rep.board TO up_boss;
GRANT SELECT(view_name) ON TABLE rep.runs TO up_boss WITH GRANT OPTION;
GRANT SELECT ON TABLE rep.late TO up_boss;
REFRESH MATERIALIZED VIEW mvc.per_city_bb9baa00;
