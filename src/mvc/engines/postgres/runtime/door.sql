-- The one door for those who refresh and are not the owner. What is done behind it locks rows and tables until the transaction ends, and
-- who may call a function may keep its transaction open for as long as he likes. So nothing is done but for a procedure of ours that
-- commits at once: such a one works with the rights of its caller, and cannot hide what it calls; but who calls it can be told.

-- The calls that led here, the innermost first, a line each.
CREATE OR REPLACE FUNCTION {schema}.call_stack()
RETURNS text LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  stack text;
BEGIN
  GET DIAGNOSTICS stack = PG_CONTEXT;
  RETURN stack;
END $$;

-- Whether `act`, which has asked for the stack, was called by an assignment of `through`, which commits then. The server words a line in
-- its own language, so the line of `act` says how it would have to be. What is called from SQL text has another line between, and only
-- with its schema is a name ours. A session that has quote_all_identifiers set when it first runs a function names it with quotes.
CREATE OR REPLACE FUNCTION {schema}.commits_next(stack text)
RETURNS boolean LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (
    SELECT coalesce(bool_and(strpos(part.line, part.name) > 0) AND count(DISTINCT regexp_replace(
      concat(left(part.line, strpos(part.line, part.name) - 1), '@', substr(part.line, strpos(part.line, part.name) + length(part.name))),
      '[0-9]+', '#', 'g')) = 1, false)
    FROM string_to_array(stack, E'\n') AS s (calls), concat('"', replace('{name}', '"', '""'), '".') AS quoted (home), LATERAL (
      SELECT c.line, CASE WHEN strpos(c.line, c.plain) > 0 THEN c.plain ELSE c.quoted END AS name FROM (VALUES
        (calls[2], '{schema}' || '.act(text,jsonb)', quoted.home || '"act"("text","jsonb")'),
        (calls[3], '{schema}' || '.through(text,jsonb,boolean,jsonb)', quoted.home || '"through"("text","jsonb",boolean,"jsonb")')
      ) AS c (line, plain, quoted)) AS part
  );
END $$;

-- Does `what` with what is `said` of it, for `through`. An error is sent to the client before the transaction ends, with all the calls
-- that led to it; a client that does not read keeps the server at that, and then not even pg_terminate_backend ends the session. So
-- what was locked is given back before an error leaves, and calls that are long to tell are not let in.
CREATE OR REPLACE FUNCTION {schema}.act(what text, said jsonb)
RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  stack text;
  answer jsonb;
  run bigint := (said ->> 'run')::bigint;
BEGIN
  stack := {schema}.call_stack();
  IF octet_length(stack) > 10000 THEN
    RAISE EXCEPTION 'the calls that lead here take % bytes to tell, more than 10000', octet_length(stack)
      USING ERRCODE = 'program_limit_exceeded', HINT = 'CALL it by a shorter statement';
  END IF;
  IF NOT {schema}.commits_next(stack) THEN
    RAISE EXCEPTION 'this is for procedures that commit at once: what it locks stays locked until then'
      USING ERRCODE = 'insufficient_privilege', HINT = format('CALL %1$s.refresh(…), %1$s.refresh_project(…) or %1$s.run_schedule(…)', '{schema}');
  END IF;
  BEGIN
    PERFORM set_config('lock_timeout', (said ->> 'lock_timeout') || 's', true) WHERE said ->> 'lock_timeout' IS NOT NULL;
    CASE what
      WHEN 'refresh' THEN
        PERFORM {schema}.expect_schedule((said ->> 'view_schema')::name, (said ->> 'view_name')::name, said ->> 'schedule');
        answer := to_jsonb({schema}.refresh_begin((said ->> 'view_schema')::name, (said ->> 'view_name')::name, said ->> 'mode', said ->> 'schedule',
                                                  (said ->> 'since')::timestamptz, (said ->> 'until')::timestamptz));
      WHEN 'step' THEN
        SELECT to_jsonb(s) INTO answer
        FROM {schema}.refresh_step((said ->> 'view_schema')::name, (said ->> 'view_name')::name, said ->> 'mode', NULL, NULL,
                                   ARRAY(SELECT jsonb_array_elements_text(said -> 'failed')::name), (said ->> 'since')::timestamptz,
                                   (said ->> 'until')::timestamptz) AS s;
      WHEN 'run' THEN answer := to_jsonb({schema}.refresh_run(run));
      WHEN 'end' THEN answer := to_jsonb({schema}.refresh_end(run));
      WHEN 'outcome' THEN answer := {schema}.outcome_of(run);
      WHEN 'abandon' THEN PERFORM {schema}.refresh_abandon(run, said ->> 'reason', said ->> 'state');
      WHEN 'begin schedule' THEN
        SELECT jsonb_agg(t) INTO answer FROM {schema}.schedule_begin(said ->> 'project', said ->> 'schedule', (said ->> 'if_due')::boolean) AS t;
      WHEN 'step of schedule' THEN
        SELECT to_jsonb(s) INTO answer FROM {schema}.schedule_step(run, (said ->> 'view_schema')::name, (said ->> 'view_name')::name) AS s;
      WHEN 'end schedule' THEN answer := to_jsonb({schema}.schedule_end(run));
      WHEN 'partition' THEN answer := to_jsonb({schema}.partition_run(said ->> 'project', said ->> 'task', (said ->> 'last')::boolean));
      WHEN 'alert' THEN answer := to_jsonb({schema}.alert_broken_promises());
    END CASE;
  EXCEPTION WHEN query_canceled OR assert_failure OR OTHERS THEN
    RAISE;
  END;
  RETURN answer;
END $$;

-- The same, committed, and in one snapshot where that is asked for. No message goes to the client before: one that does not read it would
-- hold up the end. What our functions read and print is what it is by default, whatever the caller's settings. CALL `committed` instead:
-- the name of this one is told with its schema only where the path does not have that.
CREATE OR REPLACE PROCEDURE {schema}.through(what text, said jsonb, one_snapshot boolean, INOUT answer jsonb)
LANGUAGE plpgsql AS $$
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
  answer := {schema}.act(what, said);
  COMMIT;
END $$;

-- Does it and commits it. CALL it outside of a transaction.
CREATE OR REPLACE PROCEDURE {schema}.committed(what text, said jsonb, INOUT answer jsonb)
LANGUAGE plpgsql AS $$
BEGIN
  COMMIT;
  SET LOCAL search_path = pg_catalog, pg_temp;
  CALL {schema}.through(what, said, false, answer);
END $$;
