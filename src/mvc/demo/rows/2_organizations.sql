-- Organizations and what they offer
-- 92 % are active and 88 % verified. Some have no service, some no location: views must not lose these. A running
-- number spans all services, another all locations; an organization owns a stretch of each.
CREATE TEMP TABLE gen_organization AS
SELECT i, id, service_count, location_count,
       (sum(service_count) OVER so_far - service_count)::bigint AS first_service,
       (sum(location_count) OVER so_far - location_count)::bigint AS first_location
FROM gen_size,
     LATERAL (SELECT i, pg_temp.id('org', i) AS id,
                     CASE WHEN i % 100 = 11 THEN 0 ELSE 4 + i % 13 END AS service_count,
                     CASE WHEN i % 97 = 13 THEN 0 ELSE 1 + i % 5 END AS location_count
              FROM generate_series(0, organizations - 1) AS i) AS drawn
WINDOW so_far AS (ORDER BY i);
ALTER TABLE gen_organization ADD PRIMARY KEY (i);
ANALYZE gen_organization;

INSERT INTO organizations (id, name, rating, status, verification_status, address, created_at)
SELECT id, 'Organization ' || i, round((3 + 2 * pg_temp.chance(i, 1))::numeric, 2),
       CASE WHEN pg_temp.chance(i, 2) < .92 THEN 'active'
            WHEN pg_temp.chance(i, 2) < .97 THEN 'pending' ELSE 'suspended' END,
       CASE WHEN pg_temp.chance(i, 3) < .88 THEN 'verified'
            WHEN pg_temp.chance(i, 3) < .97 THEN 'pending' ELSE 'rejected' END,
       jsonb_build_object('city', 'City ' || city, 'state', 'S' || city % 10, 'zip_code', lpad((i % 100000)::text, 5, '0'))
         || CASE WHEN i % 50 = 7 THEN '{}' ELSE jsonb_build_object('coordinates', jsonb_build_object(
              'lat', 30 + 15 * pg_temp.chance(i, 5), 'lng', -120 + 45 * pg_temp.chance(i, 6))) END,
       ends_at - make_interval(days => days + 70)
FROM gen_size, gen_organization, LATERAL (SELECT floor(50 * pg_temp.chance(i, 4) ^ 1.5)::int AS city) AS place;

INSERT INTO services (id, organization_id, name, service_type, base_price, is_available)
SELECT pg_temp.id('svc', n), id, 'Service ' || n,
       (ARRAY['burial', 'cremation', 'memorial', 'transport', 'embalming', 'flowers', 'catering', 'obituary'])
         [1 + floor(8 * pg_temp.chance(n, 10))::int],
       round((100 + 4900 * pg_temp.chance(n, 11) ^ 2)::numeric, 2), pg_temp.chance(n, 12) < .9
FROM gen_organization, generate_series(first_service, first_service + service_count - 1) AS n;

INSERT INTO locations (id, organization_id, name, location_type, address, is_active)
SELECT pg_temp.id('loc', n), id, 'Location ' || n,
       (ARRAY['chapel', 'crematorium', 'cemetery', 'hall'])[1 + floor(4 * pg_temp.chance(n, 20))::int],
       jsonb_build_object('city', 'City ' || city, 'state', 'S' || city % 10), pg_temp.chance(n, 22) < .95
FROM gen_organization, generate_series(first_location, first_location + location_count - 1) AS n,
     LATERAL (SELECT floor(50 * pg_temp.chance(n, 21) ^ 1.5)::int AS city) AS place;

INSERT INTO pricing_plans (id, organization_id, name, base_price, is_active)
SELECT pg_temp.id('plan', n), id, 'Plan ' || j, round((500 + 3000 * pg_temp.chance(n, 30))::numeric, 2),
       pg_temp.chance(n, 31) < .8
FROM gen_organization, generate_series(0, i % 4) AS j, LATERAL (SELECT i * 4 + j AS n) AS numbered;
