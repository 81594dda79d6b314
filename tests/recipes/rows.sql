-- Rows of the shop: `:scale` times 40 customers. Ties, gaps, customers without orders, products that nobody bought, months without anything.
INSERT INTO customers SELECT n, 'customer ' || n, (ARRAY['DE', 'FR', 'MX', 'CA', 'BR'])[1 + n % 5], DATE '2025-01-05' + (n * 37) % 420 FROM generate_series(1, 40 * :scale) AS n;
INSERT INTO products SELECT n, 'product ' || n, 'category ' || n % 6 FROM generate_series(1, 30 * :scale) AS n;
INSERT INTO orders
SELECT n, 1 + (n * 7) % (34 * :scale), at, at::date, (ARRAY['paid', 'paid', 'open', 'cancelled'])[1 + n % 4], 10 + (n * 13) % 90
FROM generate_series(1, 300 * :scale) AS n, LATERAL (SELECT TIMESTAMP '2025-02-03 08:00' + ((n * 29) % 410) * INTERVAL '1 day' + (n % 3) * INTERVAL '5 hours' AS at) AS t;
INSERT INTO order_items
SELECT o, line, 1 + (o * 3 + line * 5) % (27 * :scale), 1 + (o + line) % 3, 5 + (o * line) % 20
FROM generate_series(1, 300 * :scale) AS o, generate_series(1, 2) AS line;
INSERT INTO visits SELECT n, 1 + (n * 11) % (38 * :scale), TIMESTAMP '2025-01-01' + n % 500 * INTERVAL '19 hours' FROM generate_series(1, 200 * :scale) AS n;
INSERT INTO tags SELECT n, 'tag ' || n FROM generate_series(1, 5) AS n;
INSERT INTO product_tags SELECT p, t FROM generate_series(1, 30 * :scale) AS p, generate_series(1, 5) AS t WHERE (p + t) % 3 = 0 AND t < 5;
INSERT INTO balances SELECT d::date, 100 + date_part('doy', d) * 3 FROM generate_series(DATE '2025-12-01', DATE '2026-05-30', INTERVAL '9 days') AS d WHERE date_part('month', d) NOT IN (1, 3);
INSERT INTO plan_prices VALUES ('basic', '2025-01-01', '2025-07-01', 9), ('basic', '2025-07-01', '2027-01-01', 11), ('pro', '2025-03-01', '2027-01-01', 29);
INSERT INTO subscriptions SELECT n, (ARRAY['basic', 'pro', 'none'])[1 + n % 3], DATE '2025-01-10' + (n * 17) % 400 FROM generate_series(1, 60 * :scale) AS n;
