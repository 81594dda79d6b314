SELECT full_name, total_spent, total_reservations, reviews_given
FROM mv_customer_lifetime_value
ORDER BY total_spent DESC NULLS LAST, customer_id
LIMIT 20

-- The same on the base tables.
-- Only the twenty need their reviews counted.
SELECT top.full_name, top.spent, top.reservations, (SELECT count(*) FROM reviews WHERE user_id = top.id)
FROM (
  SELECT u.id, u.full_name, r.spent, coalesce(r.reservations, 0) AS reservations
  FROM users AS u
  LEFT JOIN (
    SELECT user_id,
           sum(total_amount) FILTER (WHERE status IN ('confirmed', 'completed')) AS spent,
           count(*) AS reservations
    FROM reservations
    GROUP BY user_id) AS r ON r.user_id = u.id
  WHERE u.role = 'customer'
  ORDER BY r.spent DESC NULLS LAST, u.id
  LIMIT 20) AS top
ORDER BY top.spent DESC NULLS LAST, top.id
