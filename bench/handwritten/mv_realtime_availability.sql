-- What is not available is what remains.
SELECT organization_id, location_id, service_id, date, available_slots, earliest_available_time, latest_available_time,
 total_slots - available_slots AS booked_slots, total_slots FROM (SELECT organization_id, location_id, service_id, date, count(*) FILTER (WHERE is_available) AS available_slots,
 min(start_time) FILTER (WHERE is_available) AS earliest_available_time, max(end_time) FILTER (WHERE is_available) AS latest_available_time,
 count(*) AS total_slots
FROM availabilities WHERE date >= CURRENT_DATE AND date < CURRENT_DATE + 14
GROUP BY service_id, location_id, organization_id, date) AS x
