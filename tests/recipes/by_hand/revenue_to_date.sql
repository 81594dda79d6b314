WITH months AS (
  SELECT c.country, date_trunc('month', o.placed_at)::date AS month, sum(o.total) AS revenue
  FROM orders AS o JOIN customers AS c ON c.id = o.customer_id
  WHERE o.status = 'paid'
  GROUP BY 1, 2
)
SELECT m.country, m.month, m.revenue,
  sum(m.revenue) OVER (PARTITION BY m.country, date_part('year', m.month) ORDER BY m.month) AS to_date,
  b.revenue AS year_before
FROM months AS m
LEFT JOIN months AS b ON b.country = m.country AND b.month = (m.month - INTERVAL '1 year')::date
