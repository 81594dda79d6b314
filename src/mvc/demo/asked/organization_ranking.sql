SELECT name, total_revenue_last_90_days, total_reservations_last_90_days, unique_customers_last_90_days
FROM mv_organization_dashboard
ORDER BY total_revenue_last_90_days DESC NULLS LAST, organization_id
LIMIT 20

-- The same on the base tables.
SELECT o.name, r.revenue, coalesce(r.reservations, 0), coalesce(r.customers, 0)
FROM organizations AS o
LEFT JOIN (
  SELECT organization_id,
         sum(total_amount) FILTER (WHERE status IN ('confirmed', 'completed')) AS revenue,
         count(*) AS reservations,
         count(DISTINCT user_id) AS customers
  FROM reservations
  WHERE created_at >= CURRENT_DATE - 89 AND created_at < CURRENT_DATE + 1
  GROUP BY organization_id) AS r ON r.organization_id = o.id
WHERE o.status = 'active'
ORDER BY r.revenue DESC NULLS LAST, o.id
LIMIT 20
