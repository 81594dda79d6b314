-- Reviews
-- 62 % of the completed reservations have one, 3 % of these a second one, and 2 % of all name no reservation.
INSERT INTO reviews (id, reservation_id, organization_id, user_id, rating, created_at)
SELECT pg_temp.id('rev', k * 2 + j), CASE WHEN pg_temp.chance(k, 72) < .98 THEN r.id END, o.id,
       pg_temp.id('user', customer), 1 + floor(5 * pg_temp.chance(k * 2 + j, 71) ^ 0.5)::int,
       least(scheduled_date::timestamptz + interval '5 days', ends_at - interval '1 second')
FROM gen_size, gen_reservation AS r JOIN gen_organization AS o ON o.i = r.organization, generate_series(0, 1) AS j
WHERE status_chance >= .14 AND status_chance < .96 AND scheduled_date < anchor
  AND pg_temp.chance(k, 70) < .62 AND (j = 0 OR pg_temp.chance(k, 73) < .03);
