SELECT product_id, category, product, revenue, place
FROM (
  SELECT p.id AS product_id, p.category, p.name AS product, s.revenue, rank() OVER (PARTITION BY p.category ORDER BY s.revenue DESC) AS place
  FROM (SELECT product_id, sum(quantity * unit_price) AS revenue FROM order_items GROUP BY product_id) AS s
  JOIN products AS p ON p.id = s.product_id
) AS ranked
WHERE place <= 3
