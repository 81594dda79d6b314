-- `booked`: the line items that count, those of a reservation made within the 30 days that end with today.
-- The reservation's id stands for the reservation (`one: true`): no id occurs in two partitions.
WITH booked AS MATERIALIZED (
  SELECT rs.*
  FROM reservation_services rs
  WHERE EXISTS (SELECT FROM reservations r
                WHERE r.id = rs.reservation_id
                  AND r.created_at::date BETWEEN CURRENT_DATE - 29 AND CURRENT_DATE)
)
SELECT
  s.id AS service_id,
  s.organization_id,
  s.name AS service_name,
  s.service_type,
  (SELECT count(*) FROM reservations r
   WHERE EXISTS (SELECT FROM booked b WHERE b.service_id = s.id AND b.reservation_id = r.id))
    AS times_booked_last_30_days,
  (SELECT count(*) FROM reservations r
   WHERE r.status = 'completed'
     AND EXISTS (SELECT FROM booked b WHERE b.service_id = s.id AND b.reservation_id = r.id))
    AS completed_bookings,
  (SELECT avg(b.unit_price) FROM booked b WHERE b.service_id = s.id) AS avg_price,
  (SELECT sum(b.total_price) FROM booked b
   WHERE b.service_id = s.id
     AND (SELECT r.status FROM reservations r WHERE r.id = b.reservation_id) IN ('confirmed', 'completed'))
    AS total_revenue_last_30_days,
  (SELECT count(*) FROM users u
   WHERE EXISTS (SELECT FROM booked b
                 WHERE b.service_id = s.id
                   AND (SELECT r.user_id FROM reservations r WHERE r.id = b.reservation_id) = u.id))
    AS unique_customers,
  (SELECT avg(rev.rating) FROM reviews rev
   WHERE EXISTS (SELECT FROM booked b WHERE b.service_id = s.id AND b.reservation_id = rev.reservation_id))
    AS avg_rating
FROM services s
