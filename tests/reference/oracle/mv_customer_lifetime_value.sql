SELECT
  u.id AS customer_id,
  u.full_name,
  u.email,
  (SELECT count(*) FROM reservations r WHERE r.user_id = u.id) AS total_reservations,
  (SELECT count(*) FROM reservations r
   WHERE r.user_id = u.id AND r.status = 'completed') AS completed_reservations,
  (SELECT sum(r.total_amount) FROM reservations r
   WHERE r.user_id = u.id AND r.status IN ('confirmed', 'completed')) AS total_spent,
  (SELECT avg(r.total_amount) FROM reservations r
   WHERE r.user_id = u.id AND r.status IN ('confirmed', 'completed')) AS avg_order_value,
  (SELECT r.created_at FROM reservations r
   WHERE r.user_id = u.id ORDER BY r.created_at LIMIT 1) AS first_reservation_date,
  (SELECT r.created_at FROM reservations r
   WHERE r.user_id = u.id ORDER BY r.created_at DESC LIMIT 1) AS last_reservation_date,
  (SELECT count(*) FROM organizations o
   WHERE EXISTS (SELECT FROM reservations r WHERE r.user_id = u.id AND r.organization_id = o.id))
    AS organizations_used,
  (SELECT avg(rev.rating) FROM reviews rev WHERE rev.user_id = u.id) AS avg_rating_given,
  (SELECT count(*) FROM reviews rev WHERE rev.user_id = u.id) AS reviews_given
FROM users u
WHERE u.role = 'customer'
