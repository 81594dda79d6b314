SELECT p.category, sum(i.quantity) AS sold, (sum(i.quantity * i.unit_price) / sum(i.quantity))::numeric(12, 2) AS price
FROM products AS p LEFT JOIN order_items AS i ON i.product_id = p.id
GROUP BY p.category
