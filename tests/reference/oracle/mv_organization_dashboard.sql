-- The 90 days that end with today: 89 days ago, 00:00, up to (not including) tomorrow, 00:00.
SELECT
  o.id AS organization_id,
  o.name,
  o.rating,
  (SELECT count(*) FROM reservations r
   WHERE r.organization_id = o.id
     AND r.created_at::date BETWEEN CURRENT_DATE - 89 AND CURRENT_DATE) AS total_reservations_last_90_days,
  (SELECT count(*) FROM reservations r
   WHERE r.organization_id = o.id
     AND r.created_at::date BETWEEN CURRENT_DATE - 89 AND CURRENT_DATE
     AND r.status = 'completed') AS completed_reservations_last_90_days,
  (SELECT count(*) FROM reservations r
   WHERE r.organization_id = o.id
     AND r.created_at::date BETWEEN CURRENT_DATE - 89 AND CURRENT_DATE
     AND r.status = 'confirmed') AS confirmed_reservations_last_90_days,
  (SELECT sum(r.total_amount) FROM reservations r
   WHERE r.organization_id = o.id
     AND r.created_at::date BETWEEN CURRENT_DATE - 89 AND CURRENT_DATE
     AND r.status IN ('confirmed', 'completed')) AS total_revenue_last_90_days,
  (SELECT count(*) FROM users u
   WHERE EXISTS (SELECT FROM reservations r
                 WHERE r.user_id = u.id
                   AND r.organization_id = o.id
                   AND r.created_at::date BETWEEN CURRENT_DATE - 89 AND CURRENT_DATE))
    AS unique_customers_last_90_days,
  (SELECT avg(r.total_amount) FROM reservations r
   WHERE r.organization_id = o.id
     AND r.created_at::date BETWEEN CURRENT_DATE - 89 AND CURRENT_DATE
     AND r.status IN ('confirmed', 'completed')) AS avg_ticket_size,
  (SELECT count(*) FROM services s WHERE s.organization_id = o.id AND s.is_available) AS total_services,
  (SELECT count(*) FROM locations l WHERE l.organization_id = o.id AND l.is_active) AS total_locations
FROM organizations o
WHERE o.status = 'active'
