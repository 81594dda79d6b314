SELECT c.id AS customer_id, CASE c.country WHEN 'DE' THEN 'Germany' WHEN 'FR' THEN 'France' WHEN 'MX' THEN 'Mexico' ELSE c.country END AS country,
  o.orders, o.ids[1:3] AS last_three
FROM customers AS c
JOIN (SELECT customer_id, count(*) AS orders, array_agg(id ORDER BY placed_at DESC, id) AS ids, max(placed_at) AS last FROM orders GROUP BY customer_id) AS o
  ON o.customer_id = c.id
WHERE o.last < '2026-03-01'
