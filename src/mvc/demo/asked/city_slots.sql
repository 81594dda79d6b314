SELECT city, count(*), sum(upcoming_available_slots), sum(upcoming_reservations)
FROM mv_location_availability
GROUP BY city
ORDER BY sum(upcoming_available_slots) DESC, city
LIMIT 10

-- The same on the base tables.
SELECT l.address->>'city', count(*), coalesce(sum(a.slots), 0), coalesce(sum(r.reservations), 0)
FROM locations AS l
LEFT JOIN (
  SELECT location_id, count(*) AS slots
  FROM availabilities
  WHERE is_available AND date >= CURRENT_DATE AND date + end_time > LOCALTIMESTAMP
  GROUP BY location_id) AS a ON a.location_id = l.id
LEFT JOIN (
  SELECT location_id, count(*) AS reservations
  FROM reservations
  WHERE scheduled_date >= CURRENT_DATE AND status IN ('confirmed', 'pending')
  GROUP BY location_id) AS r ON r.location_id = l.id
WHERE l.is_active
GROUP BY l.address->>'city'
ORDER BY coalesce(sum(a.slots), 0) DESC, l.address->>'city'
LIMIT 10
