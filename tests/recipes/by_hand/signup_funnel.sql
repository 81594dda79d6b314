SELECT
  date_trunc('month', c.signed_up_on)::date AS month,
  count(*) AS signed_up,
  count(*) FILTER (WHERE EXISTS (SELECT FROM visits AS v WHERE v.customer_id = c.id)) AS visited,
  count(*) FILTER (WHERE EXISTS (SELECT FROM orders AS o WHERE o.customer_id = c.id)) AS ordered,
  count(*) FILTER (WHERE EXISTS (SELECT FROM orders AS o WHERE o.customer_id = c.id AND o.status = 'paid')) AS paid,
  (count(*) FILTER (WHERE EXISTS (SELECT FROM orders AS o WHERE o.customer_id = c.id AND o.status = 'paid'))::numeric / count(*))::numeric(5, 4)
    AS conversion
FROM customers AS c
GROUP BY 1
