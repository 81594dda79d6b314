WITH sold AS (SELECT product_id, sum(quantity * unit_price) AS revenue FROM order_items GROUP BY product_id)
SELECT t.id AS tag_id, t.name AS tag, count(*) AS products, sum(s.revenue) AS revenue
FROM product_tags AS pt
JOIN tags AS t ON t.id = pt.tag_id
LEFT JOIN sold AS s USING (product_id)
GROUP BY t.id
