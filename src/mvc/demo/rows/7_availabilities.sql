-- Availabilities
-- For each location six slots of an hour on 28 days, a week of them past; 30 % are for any service, 2 % at no location,
-- 60 % are free.
INSERT INTO availabilities (id, organization_id, location_id, service_id, date, start_time, end_time, is_available)
SELECT pg_temp.id('slot', slot), id, CASE WHEN pg_temp.chance(slot, 90) < .98 THEN pg_temp.id('loc', location) END,
       CASE WHEN service_count > 0 AND pg_temp.chance(slot, 91) < .7
            THEN pg_temp.id('svc', first_service + floor(least(service_count, 3) * pg_temp.chance(slot, 92))::int) END,
       anchor + day - 7, make_time(9 + hour, 0, 0), make_time(10 + hour, 0, 0), pg_temp.chance(slot, 93) < .6
FROM gen_size, gen_organization, generate_series(first_location, first_location + location_count - 1) AS location,
     generate_series(0, 27) AS day, generate_series(0, 5) AS hour,
     LATERAL (SELECT (location * 28 + day) * 6 + hour AS slot) AS numbered;
