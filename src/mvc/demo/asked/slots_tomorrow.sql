SELECT location_id, service_id, available_slots, earliest_available_time, latest_available_time
FROM mv_realtime_availability
WHERE organization_id = %(organization)s::uuid AND date = CURRENT_DATE + 1 AND available_slots > 0
ORDER BY earliest_available_time, location_id, service_id

-- The same on the base tables.
SELECT a.location_id, a.service_id, count(*), min(a.start_time), max(a.end_time)
FROM availabilities AS a
WHERE a.organization_id = %(organization)s::uuid AND a.date = CURRENT_DATE + 1 AND a.is_available
  AND EXISTS (SELECT FROM organizations AS o
              WHERE o.id = a.organization_id AND o.status = 'active' AND o.verification_status = 'verified')
GROUP BY a.location_id, a.service_id
ORDER BY min(a.start_time), a.location_id, a.service_id
