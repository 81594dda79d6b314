WITH firsts AS (SELECT customer_id, date_trunc('month', min(placed_at))::date AS cohort FROM orders GROUP BY customer_id),
months AS (
  SELECT f.cohort, date_trunc('month', o.placed_at)::date AS month, count(DISTINCT o.customer_id) AS customers, sum(o.total) AS revenue
  FROM orders AS o JOIN firsts AS f USING (customer_id)
  GROUP BY 1, 2
)
SELECT m.cohort, m.month, m.customers, m.revenue, (m.customers::numeric / s.customers)::numeric(5, 4) AS retention, s.customers AS size
FROM months AS m
JOIN months AS s ON s.cohort = m.cohort AND s.month = s.cohort
