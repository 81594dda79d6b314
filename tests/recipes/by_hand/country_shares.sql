WITH countries AS (
  SELECT c.country, coalesce(sum(o.total), 0) AS revenue FROM customers AS c LEFT JOIN orders AS o ON o.customer_id = c.id GROUP BY 1
)
SELECT country, revenue, (revenue / nullif((SELECT sum(revenue) FROM countries), 0))::numeric(7, 6) AS share, rank() OVER (ORDER BY revenue DESC) AS place
FROM countries
