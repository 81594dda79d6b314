-- A slot without a location or a service belongs to the group of those without.
WITH slot AS MATERIALIZED (
  SELECT * FROM availabilities a WHERE a.date BETWEEN CURRENT_DATE AND CURRENT_DATE + 13
),
g AS (
  SELECT DISTINCT organization_id, location_id, service_id, date FROM slot
)
SELECT
  g.organization_id,
  g.location_id,
  g.service_id,
  g.date,
  (SELECT count(*) FROM availabilities a
   WHERE a.organization_id = g.organization_id AND a.date = g.date
     AND a.location_id IS NOT DISTINCT FROM g.location_id
     AND a.service_id IS NOT DISTINCT FROM g.service_id
     AND a.is_available) AS available_slots,
  (SELECT a.start_time FROM availabilities a
   WHERE a.organization_id = g.organization_id AND a.date = g.date
     AND a.location_id IS NOT DISTINCT FROM g.location_id
     AND a.service_id IS NOT DISTINCT FROM g.service_id
     AND a.is_available
   ORDER BY a.start_time LIMIT 1) AS earliest_available_time,
  (SELECT a.end_time FROM availabilities a
   WHERE a.organization_id = g.organization_id AND a.date = g.date
     AND a.location_id IS NOT DISTINCT FROM g.location_id
     AND a.service_id IS NOT DISTINCT FROM g.service_id
     AND a.is_available
   ORDER BY a.end_time DESC LIMIT 1) AS latest_available_time,
  (SELECT count(*) FROM availabilities a
   WHERE a.organization_id = g.organization_id AND a.date = g.date
     AND a.location_id IS NOT DISTINCT FROM g.location_id
     AND a.service_id IS NOT DISTINCT FROM g.service_id
     AND NOT a.is_available) AS booked_slots,
  (SELECT count(*) FROM availabilities a
   WHERE a.organization_id = g.organization_id AND a.date = g.date
     AND a.location_id IS NOT DISTINCT FROM g.location_id
     AND a.service_id IS NOT DISTINCT FROM g.service_id) AS total_slots
FROM g
