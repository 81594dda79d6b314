SELECT m::date AS month,
  (SELECT b.amount FROM balances AS b WHERE b.noted_on >= m AND b.noted_on < m + INTERVAL '1 month' ORDER BY b.noted_on DESC LIMIT 1) AS noted,
  (SELECT b.amount FROM balances AS b WHERE b.noted_on >= DATE '2026-01-01' AND b.noted_on < m + INTERVAL '1 month' ORDER BY b.noted_on DESC LIMIT 1) AS balance
FROM generate_series(DATE '2026-01-01', DATE '2026-06-30', INTERVAL '1 month') AS m
