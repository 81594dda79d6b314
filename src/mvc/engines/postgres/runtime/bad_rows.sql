-- The row whose value made a refresh fail with `message`, in words; NULL where none is found. Each expression that may fail is
-- tried on halves of its table, of which the one that fails is halved again: about two readings of the table in all. Partitions
-- are read by themselves here, so their own policies would count, which are functions of whoever owns them: such a table is not
-- searched.
CREATE OR REPLACE FUNCTION {schema}.bad_row(definition jsonb, message text)
RETURNS text LANGUAGE plpgsql SET row_security = off AS $$
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
      {schema}.with_descendants(to_regclass(format('%I.%I', p ->> 'schema', p ->> 'table'))) AS r
    WHERE (SELECT c.relkind FROM pg_class AS c WHERE c.oid = r) = 'r'
  LOOP
    first := 0;
    after := pg_relation_size(relation) / current_setting('block_size')::bigint;
    CONTINUE WHEN NOT {schema}.fails(relation, probe, first, after, message);
    WHILE after - first > 1 LOOP
      middle := (first + after) / 2;
      IF {schema}.fails(relation, probe, first, middle, message) THEN
        after := middle;
      ELSE
        first := middle;
      END IF;
    END LOOP;
    found := {schema}.failing_row(relation, probe, first, message);
    IF found IS NOT NULL THEN
      RETURN found;
    END IF;
  END LOOP;
  RETURN NULL;
END $$;

-- Whether an expression fails with `message` for a row on some pages of a table.
CREATE OR REPLACE FUNCTION {schema}.fails(relation regclass, probe jsonb, first bigint, after bigint, message text)
RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE {schema}.probing(relation, probe, format('%1$I.ctid >= ''(%2$s,0)'' AND %1$I.ctid < ''(%3$s,0)''', probe ->> 'alias', first, after));
  RETURN false;
EXCEPTION WHEN OTHERS THEN
  RETURN SQLERRM = message;
END $$;

-- Evaluates the expression for some rows of a table. What the conditions leave out is not evaluated.
CREATE OR REPLACE FUNCTION {schema}.probing(relation regclass, probe jsonb, rows text)
RETURNS text LANGUAGE sql STABLE AS $$
  SELECT format('SELECT count((%s)::text)%s FROM ONLY %s AS %I WHERE %s', probe ->> 'expression',
                ' FILTER (WHERE ' || (SELECT string_agg('(' || w || ')', ' AND ') FROM jsonb_array_elements_text(probe -> 'where') AS w) || ')',
                relation, probe ->> 'alias', rows)
$$;

-- The first row of a page for which the expression fails, by its key.
CREATE OR REPLACE FUNCTION {schema}.failing_row(relation regclass, probe jsonb, page bigint, message text)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  place tid;
  named text := coalesce((SELECT string_agg(format('%L || %I', k || ' = ', k), ' || '', '' || ') FROM jsonb_array_elements_text(probe -> 'key') AS k),
                         '''ctid = '' || ctid');
  said text;
BEGIN
  FOR place IN EXECUTE format('SELECT ctid FROM ONLY %s WHERE ctid >= ''(%s,0)'' AND ctid < ''(%s,0)''', relation, page, page + 1) LOOP
    BEGIN
      EXECUTE {schema}.probing(relation, probe, format('%I.ctid = %L', probe ->> 'alias', place));
    EXCEPTION WHEN OTHERS THEN
      IF SQLERRM = message THEN
        EXECUTE format('SELECT %s FROM ONLY %s WHERE ctid = %L', named, relation, place) INTO said;
        RETURN format('%s with %s: %s', relation, said, probe ->> 'expression');
      END IF;
    END;
  END LOOP;
  RETURN NULL;
END $$;
