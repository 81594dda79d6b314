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
CREATE FUNCTION mvc.close_storage(refreshers name[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
DECLARE
  home oid := to_regnamespace('mvc');
  refresher name;
BEGIN
  PERFORM mvc.revoke_all('SCHEMA', quote_ident(n.nspname), n.nspowner, n.nspacl) FROM pg_namespace AS n WHERE n.oid = home;
  PERFORM mvc.revoke_all(CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, c.oid::regclass::text, c.relowner, c.relacl)
  FROM pg_class AS c WHERE c.relnamespace = home AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f');
  PERFORM mvc.revoke_all('ROUTINE', p.oid::regprocedure::text, p.proowner, p.proacl)
  FROM pg_proc AS p WHERE p.pronamespace = home;
  FOREACH refresher IN ARRAY refreshers LOOP
    EXECUTE format('GRANT USAGE ON SCHEMA %s TO %I', 'mvc', refresher);
    EXECUTE format('GRANT SELECT ON %1$s.deployed_view, %1$s.refresh_log TO %2$I', 'mvc', refresher);
    EXECUTE format('GRANT EXECUTE ON ROUTINE %1$s.refresh(name, name), %1$s.refresh_begin(name, name), %1$s.refresh_run(bigint) TO %2$I',
                   'mvc', refresher);
  END LOOP;
END $_$;
CREATE FUNCTION mvc.may_deploy(view_schema name, view_name name, stored_name name) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  deployed name := (SELECT d.stored_name FROM mvc.deployed_view AS d
                    WHERE d.view_schema = may_deploy.view_schema AND d.view_name = may_deploy.view_name);
BEGIN
  IF deployed <> stored_name THEN
    RAISE EXCEPTION 'the view %.% is deployed with another definition', quote_ident(view_schema), quote_ident(view_name)
      USING HINT = 'this version does not replace a view that readers use';
  ELSIF deployed IS NULL AND to_regclass(format('%I.%I', view_schema, view_name)) IS NOT NULL THEN
    RAISE EXCEPTION 'the relation %.% is not ours', quote_ident(view_schema), quote_ident(view_name)
      USING HINT = 'rename or drop it, or give the view another name or schema';
  END IF;
END $$;
CREATE PROCEDURE mvc.refresh(IN view_schema name, IN view_name name)
    LANGUAGE plpgsql
    AS $$
DECLARE
  run bigint := mvc.refresh_begin(view_schema, view_name);
BEGIN
  COMMIT;
  PERFORM mvc.refresh_run(run);
  COMMIT;
END $$;
CREATE FUNCTION mvc.refresh_begin(view_schema name, view_name name) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  run bigint;
BEGIN
  INSERT INTO mvc.refresh_log (view_schema, view_name)
  SELECT d.view_schema, d.view_name FROM mvc.deployed_view AS d
  WHERE d.view_schema = refresh_begin.view_schema AND d.view_name = refresh_begin.view_name AND d.kind = 'materialized'
  RETURNING id INTO run;
  IF run IS NULL THEN
    RAISE EXCEPTION 'no materialized view %.% is deployed', quote_ident(view_schema), quote_ident(view_name)
      USING ERRCODE = 'undefined_table';
  END IF;
  RETURN run;
END $$;
CREATE FUNCTION mvc.refresh_run(run bigint) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "DateStyle" TO 'ISO, MDY'
    SET "IntervalStyle" TO 'postgres'
    SET extra_float_digits TO '1'
    SET bytea_output TO 'hex'
    SET standard_conforming_strings TO 'on'
    AS $$
DECLARE
  entry mvc.refresh_log;
  deployed mvc.deployed_view;
  stored text;
  populated boolean;
  counted bigint;
  outcome text := 'completed';
  message text;
  state text;
BEGIN
  SELECT * INTO entry FROM mvc.refresh_log WHERE id = run AND status = 'started' FOR UPDATE;
  SELECT d.* INTO deployed FROM mvc.deployed_view AS d
  WHERE d.view_schema = entry.view_schema AND d.view_name = entry.view_name;
  IF deployed IS NULL THEN
    RAISE EXCEPTION 'run % has not begun, or has ended', run;
  END IF;
  stored := format('%I.%I', 'mvc', deployed.stored_name);
  IF NOT pg_try_advisory_xact_lock(hashtextextended(stored, 0)) THEN
    UPDATE mvc.refresh_log SET status = 'skipped', error = 'another refresh of this view is under way', finished_at = clock_timestamp()
    WHERE id = run;
    RETURN 'skipped';
  END IF;
  PERFORM set_config('TimeZone', deployed.timezone, true), set_config('row_security', 'off', true);
  BEGIN
    SELECT c.relispopulated INTO STRICT populated FROM pg_class AS c WHERE c.oid = stored::regclass;
    EXECUTE format('REFRESH MATERIALIZED VIEW %s %s', CASE WHEN populated THEN 'CONCURRENTLY' ELSE '' END, stored);
    EXECUTE format('ANALYZE %s', stored);
    EXECUTE format('SELECT count(*) FROM %s', stored) INTO counted;
  EXCEPTION WHEN query_canceled OR assert_failure OR OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, state = RETURNED_SQLSTATE;
    outcome := 'failed';
  END;
  UPDATE mvc.refresh_log
  SET status = outcome, concurrent = populated, rows = counted, error = message, sqlstate = state, finished_at = clock_timestamp()
  WHERE id = run;
  RETURN outcome;
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
CREATE FUNCTION mvc.set_readers(view_schema name, view_name name, readers name[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  target regclass := format('%I.%I', view_schema, view_name)::regclass;
  reader name;
BEGIN
  PERFORM mvc.revoke_all('TABLE', target::text, c.relowner, c.relacl) FROM pg_class AS c WHERE c.oid = target;
  FOREACH reader IN ARRAY readers LOOP
    EXECUTE format('GRANT SELECT ON TABLE %s TO %s', target, CASE reader WHEN 'public' THEN 'PUBLIC' ELSE quote_ident(reader) END);
  END LOOP;
END $$;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE mvc.deployed_view (
    view_schema name NOT NULL,
    view_name name NOT NULL,
    stored_name name NOT NULL,
    kind text NOT NULL,
    grain name[] NOT NULL,
    upstream name[] NOT NULL,
    timezone text NOT NULL,
    spec_path text NOT NULL,
    compiler text NOT NULL,
    deployed_at timestamp with time zone DEFAULT now() NOT NULL,
    deployed_by name DEFAULT SESSION_USER NOT NULL,
    CONSTRAINT deployed_view_kind_check CHECK ((kind = ANY (ARRAY['materialized'::text, 'plain'::text])))
);
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
CREATE MATERIALIZED VIEW mvc.per_city_5b7e455b AS
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
COMMENT ON MATERIALIZED VIEW mvc.per_city_5b7e455b IS 'Stores public.per_city, declared in views/per_city.yml';
CREATE VIEW mvc.large_9fd27037 AS
 SELECT c.city,
    sum(c.bought) AS bought
   FROM mvc.per_city_5b7e455b c
  GROUP BY c.city;
COMMENT ON VIEW mvc.large_9fd27037 IS 'Stores public.large, declared in views/large.yml';
CREATE MATERIALIZED VIEW mvc.per_customer_5f4864a5 AS
 SELECT c.id,
    c.name,
    COALESCE(o.bought, (0)::numeric) AS bought,
    o.latest
   FROM (public.customers c
     LEFT JOIN ( SELECT o_1.customer_id,
            sum(o_1.amount) AS bought,
            max(o_1.placed) AS latest
           FROM public.orders o_1
          GROUP BY o_1.customer_id) o ON ((o.customer_id = c.id)))
  WITH NO DATA;
COMMENT ON MATERIALIZED VIEW mvc.per_customer_5f4864a5 IS 'Stores public.per_customer, declared in views/per_customer.yml';
CREATE MATERIALIZED VIEW mvc.per_day_d078f602 AS
 SELECT o.placed AS day,
    sum(o.amount) AS bought,
    count(*) AS orders
   FROM public.orders o
  GROUP BY o.placed
  WITH NO DATA;
COMMENT ON MATERIALIZED VIEW mvc.per_day_d078f602 IS 'Stores public.per_day, declared in views/per_day.yml';
CREATE TABLE mvc.refresh_log (
    id bigint NOT NULL,
    view_schema name NOT NULL,
    view_name name NOT NULL,
    mode text DEFAULT 'full'::text NOT NULL,
    concurrent boolean,
    status text DEFAULT 'started'::text NOT NULL,
    rows bigint,
    error text,
    sqlstate text,
    refreshed_by name DEFAULT SESSION_USER NOT NULL,
    started_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    finished_at timestamp with time zone,
    CONSTRAINT refresh_log_mode_check CHECK ((mode = 'full'::text)),
    CONSTRAINT refresh_log_status_check CHECK ((status = ANY (ARRAY['started'::text, 'completed'::text, 'failed'::text, 'skipped'::text])))
);
ALTER TABLE mvc.refresh_log ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME mvc.refresh_log_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE VIEW public.large WITH (security_barrier='false') AS
 SELECT large.city,
    large.bought
   FROM mvc.large_9fd27037 large;
CREATE VIEW public.per_city WITH (security_barrier='false') AS
 SELECT per_city.city,
    per_city.bought,
    per_city.orders
   FROM mvc.per_city_5b7e455b per_city;
COMMENT ON VIEW public.per_city IS 'What each city bought.';
CREATE VIEW public.per_customer WITH (security_barrier='true') AS
 SELECT per_customer.id,
    per_customer.name,
    per_customer.bought,
    per_customer.latest
   FROM mvc.per_customer_5f4864a5 per_customer
  WHERE (per_customer.id < 9);
CREATE VIEW public.per_day WITH (security_barrier='false') AS
 SELECT per_day.day,
    per_day.bought,
    per_day.orders
   FROM mvc.per_day_d078f602 per_day;
INSERT INTO mvc.deployed_view VALUES
	('public', 'per_city', 'per_city_5b7e455b', 'materialized', '{city}', '{}', 'UTC', 'views/per_city.yml', '0.1.0', '2026-11-29 22:59:44.226036+00', 'postgres'),
	('public', 'per_customer', 'per_customer_5f4864a5', 'materialized', '{id}', '{}', 'UTC', 'views/per_customer.yml', '0.1.0', '2026-11-29 22:59:44.226036+00', 'postgres'),
	('public', 'per_day', 'per_day_d078f602', 'materialized', '{day}', '{}', 'UTC', 'views/per_day.yml', '0.1.0', '2026-11-29 22:59:44.226036+00', 'postgres'),
	('public', 'large', 'large_9fd27037', 'plain', '{city}', '{per_city}', 'UTC', 'views/large.yml', '0.1.0', '2026-11-29 22:59:44.226036+00', 'postgres');
INSERT INTO mvc.refresh_log OVERRIDING SYSTEM VALUE VALUES
	(1, 'public', 'per_city', 'full', false, 'completed', 3, NULL, NULL, 'postgres', '2026-11-29 22:59:46.30824+00', '2026-11-29 22:59:46.35697+00'),
	(2, 'public', 'per_customer', 'full', false, 'completed', 12, NULL, NULL, 'postgres', '2026-11-29 22:59:46.370057+00', '2026-11-29 22:59:46.381844+00'),
	(3, 'public', 'per_day', 'full', false, 'completed', 40, NULL, NULL, 'postgres', '2026-11-29 22:59:46.396016+00', '2026-11-29 22:59:46.404222+00');
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
SELECT pg_catalog.setval('mvc.refresh_log_id_seq', 3, true);
ALTER TABLE ONLY mvc.deployed_view
    ADD CONSTRAINT deployed_view_pkey PRIMARY KEY (view_schema, view_name);
ALTER TABLE ONLY mvc.refresh_log
    ADD CONSTRAINT refresh_log_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.customers
    ADD CONSTRAINT customers_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_pkey PRIMARY KEY (id);
CREATE INDEX per_city_5b7e455b_bought_idx ON mvc.per_city_5b7e455b USING btree (bought DESC NULLS LAST);
CREATE UNIQUE INDEX per_city_5b7e455b_grain ON mvc.per_city_5b7e455b USING btree (mvc_grain);
CREATE INDEX per_city_5b7e455b_lookup ON mvc.per_city_5b7e455b USING btree (city);
CREATE UNIQUE INDEX per_customer_5f4864a5_grain ON mvc.per_customer_5f4864a5 USING btree (id);
CREATE UNIQUE INDEX per_day_d078f602_grain ON mvc.per_day_d078f602 USING btree (day);
CREATE INDEX refresh_log_latest ON mvc.refresh_log USING btree (view_schema, view_name, started_at DESC);
ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES public.customers(id);
GRANT USAGE ON SCHEMA mvc TO up_refresher;
REVOKE ALL ON FUNCTION mvc.close_storage(refreshers name[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.may_deploy(view_schema name, view_name name, stored_name name) FROM PUBLIC;
REVOKE ALL ON PROCEDURE mvc.refresh(IN view_schema name, IN view_name name) FROM PUBLIC;
GRANT ALL ON PROCEDURE mvc.refresh(IN view_schema name, IN view_name name) TO up_refresher;
REVOKE ALL ON FUNCTION mvc.refresh_begin(view_schema name, view_name name) FROM PUBLIC;
GRANT ALL ON FUNCTION mvc.refresh_begin(view_schema name, view_name name) TO up_refresher;
REVOKE ALL ON FUNCTION mvc.refresh_run(run bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION mvc.refresh_run(run bigint) TO up_refresher;
REVOKE ALL ON FUNCTION mvc.require_extension(extension name, view_name name) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.revoke_all(kind text, target text, owner oid, acl aclitem[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION mvc.set_readers(view_schema name, view_name name, readers name[]) FROM PUBLIC;
GRANT SELECT ON TABLE mvc.deployed_view TO up_refresher;
GRANT SELECT ON TABLE mvc.refresh_log TO up_refresher;
GRANT SELECT ON TABLE public.large TO up_reader;
GRANT SELECT ON TABLE public.per_city TO up_reader;
GRANT SELECT ON TABLE public.per_customer TO up_reader;
REFRESH MATERIALIZED VIEW mvc.per_city_5b7e455b;
REFRESH MATERIALIZED VIEW mvc.per_customer_5f4864a5;
REFRESH MATERIALIZED VIEW mvc.per_day_d078f602;
