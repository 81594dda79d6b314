SELECT service_name, service_type, times_booked_last_30_days, completed_bookings, total_revenue_last_30_days,
       unique_customers, avg_rating
FROM mv_service_performance
WHERE organization_id = %(organization)s::uuid
ORDER BY times_booked_last_30_days DESC, service_id

-- The same on the base tables.
WITH line AS (
  SELECT rs.service_id, rs.reservation_id, rs.total_price, r.status, r.user_id
  FROM services AS s
  JOIN reservation_services AS rs ON rs.service_id = s.id
  JOIN reservations AS r ON r.id = rs.reservation_id
  WHERE s.organization_id = %(organization)s::uuid
    AND r.created_at >= CURRENT_DATE - 29 AND r.created_at < CURRENT_DATE + 1
), booked AS (
  SELECT service_id,
         count(DISTINCT reservation_id) AS bookings,
         count(DISTINCT reservation_id) FILTER (WHERE status = 'completed') AS completed,
         sum(total_price) FILTER (WHERE status IN ('confirmed', 'completed')) AS revenue,
         count(DISTINCT user_id) AS customers
  FROM line
  GROUP BY service_id
), reviewed AS (
  SELECT b.service_id, avg(rev.rating) AS rating
  FROM (SELECT DISTINCT service_id, reservation_id FROM line) AS b
  JOIN reviews AS rev ON rev.reservation_id = b.reservation_id
  GROUP BY b.service_id
)
SELECT s.name, s.service_type, coalesce(b.bookings, 0), coalesce(b.completed, 0), b.revenue, coalesce(b.customers, 0),
       v.rating
FROM services AS s
LEFT JOIN booked AS b ON b.service_id = s.id
LEFT JOIN reviewed AS v ON v.service_id = s.id
WHERE s.organization_id = %(organization)s::uuid
ORDER BY coalesce(b.bookings, 0) DESC, s.id
