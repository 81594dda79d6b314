-- As the design has it.
SELECT
    a.organization_id,
    a.location_id,
    a.service_id,
    a.date,
    COUNT(DISTINCT CASE WHEN a.is_available = TRUE THEN a.id END) as available_slots,
    MIN(a.start_time) FILTER (WHERE a.is_available = TRUE) as earliest_available_time,
    MAX(a.end_time) FILTER (WHERE a.is_available = TRUE) as latest_available_time,
    COUNT(DISTINCT CASE WHEN a.is_available = FALSE THEN a.id END) as booked_slots,
    COUNT(DISTINCT a.id) as total_slots
FROM availabilities a
WHERE a.date BETWEEN CURRENT_DATE AND CURRENT_DATE + INTERVAL '14 days'
GROUP BY a.organization_id, a.location_id, a.service_id, a.date
