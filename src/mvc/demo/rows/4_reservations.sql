-- Reservations and their services
-- Few organizations have most of the reservations (the share of the first x falls as 1 / sqrt(x)); so, less, with
-- customers. Most reservations are for the next three weeks, some for months ahead.
CREATE TEMP TABLE gen_reservation AS
SELECT k, pg_temp.id('res', k) AS id, organization, customer, created_at, status_chance, place_chance, service_count,
       created_at::date + lead AS scheduled_date
FROM gen_size,
     LATERAL (SELECT k,
                     floor(organizations * pg_temp.chance(k, 40) ^ 2)::bigint AS organization,
                     first_customer + floor((users - first_customer) * pg_temp.chance(k, 41) ^ 1.5)::bigint AS customer,
                     ends_at - days * pg_temp.chance(k, 42) * interval '1 day' AS created_at,
                     CASE WHEN pg_temp.chance(k, 43) < .95 THEN 2 + floor(20 * pg_temp.chance(k, 44) ^ 2)::int
                          ELSE 30 + floor(170 * pg_temp.chance(k, 44))::int END AS lead,
                     pg_temp.chance(k, 45) AS status_chance, pg_temp.chance(k, 46) AS place_chance,
                     1 + floor(3 * pg_temp.chance(k, 47) ^ 1.5)::int AS service_count
              FROM generate_series(0, reservations - 1) AS k) AS drawn
WHERE created_at < ends_at;
ANALYZE gen_reservation;

INSERT INTO reservation_services (id, reservation_id, service_id, quantity, unit_price, total_price)
SELECT pg_temp.id('line', line), reservation_id, services.id, quantity, price, price * quantity
FROM (SELECT k * 3 + j AS line, r.id AS reservation_id, 1 + (pg_temp.chance(k * 3 + j, 62) < .1)::int AS quantity,
             pg_temp.id('svc', first_service
               + (floor(o.service_count * pg_temp.chance(k, 60))::int + j) % o.service_count) AS service_id
      FROM gen_reservation AS r JOIN gen_organization AS o ON o.i = r.organization,
           generate_series(0, least(r.service_count, o.service_count)::int - 1) AS j) AS lines
JOIN services ON services.id = service_id
CROSS JOIN LATERAL (SELECT round(base_price * (0.9 + 0.2 * pg_temp.chance(line, 63))::numeric, 2) AS price) AS priced;

CREATE TEMP TABLE gen_total AS
SELECT reservation_id, sum(total_price) AS amount FROM reservation_services GROUP BY reservation_id;
ANALYZE gen_total;

INSERT INTO reservations (id, organization_id, user_id, location_id, status, scheduled_date, total_amount, created_at)
SELECT r.id, o.id, pg_temp.id('user', customer),
       CASE WHEN location_count > 0 AND place_chance < .95
            THEN pg_temp.id('loc', first_location + floor(location_count * place_chance / .95)::int) END,
       CASE WHEN status_chance < .14 THEN 'cancelled'
            WHEN scheduled_date < anchor THEN CASE WHEN status_chance < .96 THEN 'completed' ELSE 'confirmed' END
            WHEN status_chance < .70 THEN 'confirmed' ELSE 'pending' END,
       scheduled_date, coalesce(amount, 250), r.created_at
FROM gen_size, gen_reservation AS r JOIN gen_organization AS o ON o.i = r.organization
LEFT JOIN gen_total ON reservation_id = r.id;
