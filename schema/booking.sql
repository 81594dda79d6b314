-- The booking platform that the demo, the tests and the benchmarks run on: what the views of this project read.
--
-- Plain SQL for an empty database, through any client, as a superuser. Two things are as on hosted platforms, and on
-- purpose: whatever is created in `public` is granted to everybody by default, and who is asking comes from a setting
-- (`request.jwt.claim.sub`, see auth.uid()).

-- ---------- roles: they belong to the cluster, so they may be there already ----------

DO $$
DECLARE
  wanted text;
BEGIN
  FOREACH wanted IN ARRAY ARRAY['anon', 'authenticated', 'service_role'] LOOP
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = wanted) THEN
      EXECUTE format('CREATE ROLE %I NOLOGIN NOINHERIT %s', wanted,
                     CASE wanted WHEN 'service_role' THEN 'BYPASSRLS' ELSE '' END);
    END IF;
  END LOOP;
END $$;

CREATE SCHEMA auth;
GRANT USAGE ON SCHEMA public, auth TO anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON FUNCTIONS TO anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON SEQUENCES TO anon, authenticated, service_role;

-- ---------- who there is ----------

CREATE TABLE organizations (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name text NOT NULL,
  rating numeric(3,2),
  status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'active', 'suspended')),
  verification_status text NOT NULL DEFAULT 'pending' CHECK (verification_status IN ('pending', 'verified', 'rejected')),
  address jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE users (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  full_name text NOT NULL,
  email text NOT NULL UNIQUE,
  role text NOT NULL DEFAULT 'customer' CHECK (role IN ('customer', 'org_user', 'super_admin')),
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE organization_users (
  organization_id uuid NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
  user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  role text NOT NULL CHECK (role IN ('admin', 'manager', 'staff')),
  PRIMARY KEY (organization_id, user_id)
);
CREATE INDEX ON organization_users (user_id);

-- ---------- what is offered ----------

CREATE TABLE services (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  organization_id uuid NOT NULL REFERENCES organizations (id),
  name text NOT NULL,
  service_type text NOT NULL,
  base_price numeric(12,2) NOT NULL,
  is_available boolean NOT NULL DEFAULT true
);
CREATE INDEX ON services (organization_id);

CREATE TABLE locations (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  organization_id uuid NOT NULL REFERENCES organizations (id),
  name text NOT NULL,
  location_type text NOT NULL,
  address jsonb NOT NULL DEFAULT '{}',
  is_active boolean NOT NULL DEFAULT true
);
CREATE INDEX ON locations (organization_id);

CREATE TABLE pricing_plans (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  organization_id uuid NOT NULL REFERENCES organizations (id),
  name text NOT NULL,
  base_price numeric(12,2) NOT NULL,
  is_active boolean NOT NULL DEFAULT true
);
CREATE INDEX ON pricing_plans (organization_id);

-- location_id NULL: at home, anywhere; service_id NULL: any service (the room is free)
CREATE TABLE availabilities (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  organization_id uuid NOT NULL REFERENCES organizations (id),
  location_id uuid REFERENCES locations (id),
  service_id uuid REFERENCES services (id),
  date date NOT NULL,
  start_time time NOT NULL,
  end_time time NOT NULL,
  is_available boolean NOT NULL DEFAULT true
);
CREATE INDEX ON availabilities (location_id, date);
CREATE INDEX ON availabilities (organization_id, date);
CREATE INDEX ON availabilities (date);

-- ---------- what happens ----------

-- Partitioned by month. A primary key must hold the partition key, so `id` alone is not unique as far as PostgreSQL
-- knows, and nothing can have a foreign key to it.
CREATE TABLE reservations (
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  organization_id uuid NOT NULL REFERENCES organizations (id),
  user_id uuid NOT NULL REFERENCES users (id),
  location_id uuid REFERENCES locations (id),
  status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'confirmed', 'completed', 'cancelled')),
  scheduled_date date NOT NULL,
  total_amount numeric(12,2) NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (id, created_at)
) PARTITION BY RANGE (created_at);
CREATE INDEX ON reservations (organization_id, created_at);
CREATE INDEX ON reservations (user_id);
CREATE INDEX ON reservations (location_id, scheduled_date);

CREATE TABLE reservation_services (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  reservation_id uuid NOT NULL,
  service_id uuid NOT NULL REFERENCES services (id),
  quantity integer NOT NULL DEFAULT 1,
  unit_price numeric(12,2) NOT NULL,
  total_price numeric(12,2) NOT NULL
);
CREATE INDEX ON reservation_services (reservation_id);
CREATE INDEX ON reservation_services (service_id);

CREATE TABLE payments (
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  reservation_id uuid NOT NULL,
  amount numeric(12,2) NOT NULL,
  status text NOT NULL CHECK (status IN ('pending', 'completed', 'failed', 'refunded')),
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (id, created_at)
) PARTITION BY RANGE (created_at);
CREATE INDEX ON payments (reservation_id);
CREATE INDEX ON payments (created_at);

CREATE TABLE reviews (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  reservation_id uuid,
  organization_id uuid NOT NULL REFERENCES organizations (id),
  user_id uuid NOT NULL REFERENCES users (id),
  rating integer NOT NULL CHECK (rating BETWEEN 1 AND 5),
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON reviews (reservation_id);
CREATE INDEX ON reviews (organization_id);
CREATE INDEX ON reviews (user_id);

-- ---------- months: partitions of reservations and payments ----------

CREATE TABLE partition_management (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  table_name text NOT NULL,
  partition_name text NOT NULL UNIQUE,
  start_date date NOT NULL,
  end_date date NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

-- Makes what is missing of the months from `first` to `last`. Bounds are UTC midnights, whatever the session's zone. A
-- partition is read through its parent only: row security of the parent does not hold for whoever reads it directly.
CREATE FUNCTION ensure_month_partitions(first date, last date) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  parent text;
  month date;
  partition text;
BEGIN
  FOREACH parent IN ARRAY ARRAY['reservations', 'payments'] LOOP
    FOR month IN SELECT generate_series(date_trunc('month', first::timestamp), last, interval '1 month')::date LOOP
      partition := format('%s_y%sm%s', parent, to_char(month, 'YYYY'), to_char(month, 'MM'));
      CONTINUE WHEN to_regclass(format('public.%I', partition)) IS NOT NULL;
      EXECUTE format('CREATE TABLE public.%I PARTITION OF public.%I FOR VALUES FROM (%L) TO (%L)', partition, parent,
                     month || ' 00:00:00+00', (month + interval '1 month')::date || ' 00:00:00+00');
      EXECUTE format('REVOKE ALL ON public.%I FROM PUBLIC, anon, authenticated', partition);
      INSERT INTO public.partition_management (table_name, partition_name, start_date, end_date)
      VALUES (parent, partition, month, (month + interval '1 month')::date);
    END LOOP;
  END LOOP;
END $$;
REVOKE ALL ON FUNCTION ensure_month_partitions(date, date) FROM PUBLIC, anon, authenticated;

CREATE FUNCTION drop_old_partitions(years integer) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  old text;
BEGIN
  FOR old IN DELETE FROM public.partition_management
             WHERE end_date <= CURRENT_DATE - make_interval(years => years) RETURNING partition_name LOOP
    EXECUTE format('DROP TABLE IF EXISTS public.%I', old);
  END LOOP;
END $$;
REVOKE ALL ON FUNCTION drop_old_partitions(integer) FROM PUBLIC, anon, authenticated;

-- The last 25 months, this one and the next, so that the first day of a month is like any other.
DO $$
DECLARE
  today date := (now() AT TIME ZONE 'UTC')::date;
BEGIN
  PERFORM public.ensure_month_partitions((today - interval '25 months')::date, (today + interval '1 month')::date);
END $$;

-- ---------- who is asking ----------

CREATE FUNCTION auth.uid() RETURNS uuid
LANGUAGE sql STABLE AS $$
  SELECT nullif(current_setting('request.jwt.claim.sub', true), '')::uuid
$$;

CREATE FUNCTION auth_user_role() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
  SELECT role FROM public.users WHERE id = auth.uid()
$$;

CREATE FUNCTION get_user_organization_ids() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
  SELECT organization_id FROM public.organization_users WHERE user_id = auth.uid()
$$;

-- ---------- who may read what (no policy allows writing: that is the application's own business) ----------

ALTER TABLE organizations ENABLE ROW LEVEL SECURITY;
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
ALTER TABLE organization_users ENABLE ROW LEVEL SECURITY;
ALTER TABLE services ENABLE ROW LEVEL SECURITY;
ALTER TABLE locations ENABLE ROW LEVEL SECURITY;
ALTER TABLE pricing_plans ENABLE ROW LEVEL SECURITY;
ALTER TABLE availabilities ENABLE ROW LEVEL SECURITY;
ALTER TABLE reservations ENABLE ROW LEVEL SECURITY;
ALTER TABLE reservation_services ENABLE ROW LEVEL SECURITY;
ALTER TABLE payments ENABLE ROW LEVEL SECURITY;
ALTER TABLE reviews ENABLE ROW LEVEL SECURITY;
ALTER TABLE partition_management ENABLE ROW LEVEL SECURITY;

CREATE POLICY "Verified ones and own ones" ON organizations FOR SELECT
  USING ((status = 'active' AND verification_status = 'verified') OR id IN (SELECT get_user_organization_ids()));
CREATE POLICY "Own row, all for super admins" ON users FOR SELECT
  USING (id = (SELECT auth.uid()) OR (SELECT auth_user_role()) = 'super_admin');
CREATE POLICY "Own memberships" ON organization_users FOR SELECT
  USING (user_id = (SELECT auth.uid()));
CREATE POLICY "Everybody" ON services FOR SELECT USING (true);
CREATE POLICY "Everybody" ON locations FOR SELECT USING (true);
CREATE POLICY "Everybody" ON pricing_plans FOR SELECT USING (true);
CREATE POLICY "Everybody" ON availabilities FOR SELECT USING (true);
CREATE POLICY "Everybody" ON reviews FOR SELECT USING (true);
CREATE POLICY "Own ones and those of own organizations" ON reservations FOR SELECT
  USING (user_id = (SELECT auth.uid()) OR organization_id IN (SELECT get_user_organization_ids()));
CREATE POLICY "Super admins" ON reservation_services FOR SELECT USING ((SELECT auth_user_role()) = 'super_admin');
CREATE POLICY "Super admins" ON payments FOR SELECT USING ((SELECT auth_user_role()) = 'super_admin');
