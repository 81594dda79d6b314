SELECT full_name, total_reservations, completed_reservations, total_spent, avg_order_value, first_reservation_date,
       last_reservation_date, organizations_used, avg_rating_given, reviews_given
FROM mv_customer_lifetime_value
WHERE customer_id = %(customer)s::uuid

-- The same on the base tables.
SELECT u.full_name, r.reservations, r.completed, r.spent, r.average, r.first, r.last, r.organizations, v.rating, v.reviews
FROM users AS u
CROSS JOIN LATERAL (
  SELECT count(*) AS reservations,
         count(*) FILTER (WHERE status = 'completed') AS completed,
         sum(total_amount) FILTER (WHERE status IN ('confirmed', 'completed')) AS spent,
         avg(total_amount) FILTER (WHERE status IN ('confirmed', 'completed')) AS average,
         min(created_at) AS first,
         max(created_at) AS last,
         count(DISTINCT organization_id) AS organizations
  FROM reservations
  WHERE user_id = u.id) AS r
CROSS JOIN LATERAL (
  SELECT avg(rating) AS rating, count(*) AS reviews
  FROM reviews
  WHERE user_id = u.id) AS v
WHERE u.id = %(customer)s::uuid AND u.role = 'customer'
