-- Preparing
-- How many, and until when. Everything else in this folder reads it from here.
CREATE TEMP TABLE gen_size AS
SELECT n AS organizations, 20 * n AS users, 200 * n AS reservations,
       5 + 3 * n AS first_customer,  -- users 0 to 4 are super admins, then come three of staff for each organization
       anchor, anchor::timestamptz AS ends_at, days
FROM (SELECT greatest(2, ceil(1000 * current_setting('booking.scale')::float8))::bigint AS n,
             current_setting('booking.anchor')::date AS anchor,
             current_setting('booking.days')::int AS days) AS asked;

-- A number in [0, 1), and an id, that depend on nothing but their arguments.
CREATE OR REPLACE FUNCTION pg_temp.chance(i bigint, salt bigint) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT (hashint8extended(i, salt) & 4503599627370495)::float8 / 4503599627370496.0
$$;
CREATE OR REPLACE FUNCTION pg_temp.id(kind text, i bigint) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT md5(kind || i)::uuid
$$;

SELECT ensure_month_partitions(anchor - days, anchor) FROM gen_size;

-- Indexes are built faster over rows that are there: those of the big tables go now and come back in the end. Nothing
-- refers to the primary keys among them.
CREATE TEMP TABLE gen_index AS
SELECT indexrelid::regclass::text AS name, replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON ') AS definition
FROM pg_index
WHERE indrelid = ANY (ARRAY['reservations', 'payments', 'reviews', 'availabilities', 'reservation_services']::regclass[])
  AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid);
CREATE TEMP TABLE gen_key AS
SELECT conrelid::regclass::text AS relation, quote_ident(conname) AS name, pg_get_constraintdef(oid) AS definition
FROM pg_constraint
WHERE contype = 'p'
  AND conrelid = ANY (ARRAY['reservations', 'payments', 'reviews', 'availabilities', 'reservation_services']::regclass[]);
DO $$
DECLARE
  statement text;
BEGIN
  FOR statement IN SELECT 'DROP INDEX ' || name FROM gen_index
                   UNION ALL SELECT 'ALTER TABLE ' || relation || ' DROP CONSTRAINT ' || name FROM gen_key LOOP
    EXECUTE statement;
  END LOOP;
END $$;
