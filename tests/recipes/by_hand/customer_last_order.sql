SELECT c.id AS customer_id, c.name AS customer, o.id AS last_order, o.status AS last_status, o.placed_at AS last_placed_at
FROM customers AS c
LEFT JOIN LATERAL (
  SELECT * FROM orders WHERE orders.customer_id = c.id ORDER BY placed_at DESC, id DESC LIMIT 1
) AS o ON true
