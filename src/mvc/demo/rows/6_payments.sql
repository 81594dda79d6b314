-- Payments
-- One for each reservation that was not cancelled, and a second one (the balance) for 20 %; 6 % of the attempts fail.
-- Of the cancelled reservations 30 % have one that was refunded.
INSERT INTO payments (id, reservation_id, amount, status, created_at)
SELECT pg_temp.id('pay', k * 2 + j), r.id,
       round(coalesce(amount, 250) * CASE WHEN pg_temp.chance(k, 81) >= .2 THEN 1 WHEN j = 0 THEN .3 ELSE .7 END, 2),
       CASE WHEN status_chance < .14 THEN 'refunded'
            WHEN pg_temp.chance(k * 2 + j, 82) < .06 THEN 'failed'
            WHEN pg_temp.chance(k * 2 + j, 82) < .09 THEN 'pending'
            WHEN pg_temp.chance(k * 2 + j, 82) < .12 THEN 'refunded' ELSE 'completed' END,
       least(created_at + pg_temp.chance(k * 2 + j, 83) * interval '20 days', ends_at - interval '1 second')
FROM gen_size, gen_reservation AS r LEFT JOIN gen_total ON reservation_id = r.id, generate_series(0, 1) AS j
WHERE (status_chance >= .14 OR pg_temp.chance(k, 80) < .3) AND (j = 0 OR pg_temp.chance(k, 81) < .2);
