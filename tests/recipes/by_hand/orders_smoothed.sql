WITH days AS (
  SELECT d::date AS day, count(o.id) AS orders
  FROM generate_series(DATE '2026-01-01', DATE '2026-03-31', INTERVAL '1 day') AS d
  LEFT JOIN orders AS o ON o.placed_on = d::date
  GROUP BY 1
)
SELECT day, orders, (avg(orders) OVER (ORDER BY day ROWS 6 PRECEDING))::numeric(12, 3) AS average FROM days
