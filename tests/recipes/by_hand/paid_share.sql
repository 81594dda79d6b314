SELECT c.country, (coalesce(sum(o.total) FILTER (WHERE o.status = 'paid'), 0) / sum(o.total))::numeric(5, 4) AS paid_share
FROM customers AS c JOIN orders AS o ON o.customer_id = c.id
GROUP BY c.country
HAVING sum(o.total) > 100
