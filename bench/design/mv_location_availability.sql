-- As the design has it.
SELECT
    l.id as location_id,
    l.organization_id,
    l.name as location_name,
    l.location_type,
    l.address->>'city' as city,
    l.address->>'state' as state,
    COUNT(DISTINCT a.id) FILTER (WHERE a.date >= CURRENT_DATE) as upcoming_available_slots,
    COUNT(DISTINCT r.id) FILTER (WHERE r.scheduled_date >= CURRENT_DATE
        AND r.status IN ('confirmed', 'pending')) as upcoming_reservations,
    COUNT(DISTINCT r.id) FILTER (WHERE r.scheduled_date >= CURRENT_DATE - INTERVAL '30 days'
        AND r.scheduled_date < CURRENT_DATE) as past_month_reservations,
    AVG(r.total_amount) FILTER (WHERE r.status = 'completed') as avg_booking_value,
    MAX(a.date) as last_availability_update
FROM locations l
LEFT JOIN availabilities a ON a.location_id = l.id
    AND a.is_available = TRUE
    AND a.date >= CURRENT_DATE
LEFT JOIN reservations r ON r.location_id = l.id
    AND r.scheduled_date >= CURRENT_DATE - INTERVAL '30 days'
WHERE l.is_active = TRUE
GROUP BY l.id, l.organization_id, l.name, l.location_type,
         l.address->>'city', l.address->>'state'
