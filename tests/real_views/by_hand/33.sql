WITH months AS (
  SELECT o."CollectiveId" AS id, date_trunc('month', o."createdAt") AS month, count(*) AS orders,
    round(1.0 * count(*) FILTER (WHERE o.status = 'ERROR') / count(*), 5)::float8 AS errors,
    round(1.0 * count(*) FILTER (WHERE o.status IN ('PAID', 'ACTIVE')) / count(*), 5)::float8 AS paid
  FROM "Orders" o, "Collectives" c
  WHERE c.id = o."CollectiveId" AND c."isActive" AND c."deletedAt" IS NULL AND o."deletedAt" IS NULL AND o."createdAt" > now() - INTERVAL '1 year'
  GROUP BY 1, 2
), up_to AS (
  SELECT m.id, count(*) AS n, avg(e.errors ORDER BY e.month DESC) AS errors, avg(e.paid ORDER BY e.month DESC) AS paid, sum(e.orders) AS orders
  FROM months m, months e WHERE e.id = m.id AND e.month >= m.month GROUP BY m.id, m.month
)
SELECT c.id AS "CollectiveId",
  m1.errors AS "errorRate1M", m3.errors AS "errorRate3M", m12.errors AS "errorRate12M",
  m3.paid AS "successRate1M", m3.paid AS "successRate3M", m12.paid AS "successRate12M",
  m1.orders AS "numOrders1M", m3.orders AS "numOrders3M", m12.orders AS "numOrders12M"
FROM (SELECT DISTINCT id FROM months) AS c
JOIN up_to m1 ON m1.id = c.id AND m1.n = 1
LEFT JOIN up_to m3 ON m3.id = c.id AND m3.n = 3
LEFT JOIN up_to m12 ON m12.id = c.id AND m12.n = 12
