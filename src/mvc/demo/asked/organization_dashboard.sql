SELECT name, rating, total_reservations_last_90_days, completed_reservations_last_90_days,
       confirmed_reservations_last_90_days, total_revenue_last_90_days, unique_customers_last_90_days, avg_ticket_size,
       total_services, total_locations
FROM mv_organization_dashboard
WHERE organization_id = %(organization)s::uuid

-- The same on the base tables.
SELECT o.name, o.rating, r.reservations, r.completed, r.confirmed, r.revenue, r.customers, r.ticket,
       (SELECT count(*) FROM services AS s WHERE s.organization_id = o.id AND s.is_available),
       (SELECT count(*) FROM locations AS l WHERE l.organization_id = o.id AND l.is_active)
FROM organizations AS o
CROSS JOIN LATERAL (
  SELECT count(*) AS reservations,
         count(*) FILTER (WHERE status = 'completed') AS completed,
         count(*) FILTER (WHERE status = 'confirmed') AS confirmed,
         sum(total_amount) FILTER (WHERE status IN ('confirmed', 'completed')) AS revenue,
         count(DISTINCT user_id) AS customers,
         avg(total_amount) FILTER (WHERE status IN ('confirmed', 'completed')) AS ticket
  FROM reservations
  WHERE organization_id = o.id AND created_at >= CURRENT_DATE - 89 AND created_at < CURRENT_DATE + 1) AS r
WHERE o.id = %(organization)s::uuid AND o.status = 'active'
