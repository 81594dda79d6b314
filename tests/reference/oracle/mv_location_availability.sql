SELECT
  l.id AS location_id,
  l.organization_id,
  l.name AS location_name,
  l.location_type,
  l.address->>'city' AS city,
  l.address->>'state' AS state,
  (SELECT count(*) FROM availabilities a
   WHERE a.location_id = l.id
     AND a.is_available
     AND a.date + a.end_time > LOCALTIMESTAMP) AS upcoming_available_slots,
  (SELECT count(*) FROM reservations r
   WHERE r.location_id = l.id
     AND r.scheduled_date >= CURRENT_DATE
     AND r.status IN ('confirmed', 'pending')) AS upcoming_reservations,
  (SELECT count(*) FROM reservations r
   WHERE r.location_id = l.id
     AND r.scheduled_date BETWEEN CURRENT_DATE - 30 AND CURRENT_DATE - 1) AS past_month_reservations,
  -- Completed reservations of the last 30 days, and later ones: the source's window bounds every aggregate of it.
  (SELECT avg(r.total_amount) FROM reservations r
   WHERE r.location_id = l.id
     AND r.scheduled_date >= CURRENT_DATE - 30
     AND r.status = 'completed') AS avg_booking_value,
  (SELECT max(a.date) FROM availabilities a
   WHERE a.location_id = l.id
     AND a.is_available
     AND a.date + a.end_time > LOCALTIMESTAMP) AS last_availability_update
FROM locations l
WHERE l.is_active
