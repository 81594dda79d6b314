-- As the design has it.
SELECT
    o.id as organization_id,
    o.name,
    o.rating,
    COUNT(DISTINCT r.id) as total_reservations_last_90_days,
    COUNT(DISTINCT r.id) FILTER (WHERE r.status = 'completed') as completed_reservations_last_90_days,
    COUNT(DISTINCT r.id) FILTER (WHERE r.status = 'confirmed') as confirmed_reservations_last_90_days,
    SUM(r.total_amount) FILTER (WHERE r.status IN ('confirmed', 'completed')) as total_revenue_last_90_days,
    COUNT(DISTINCT r.user_id) as unique_customers_last_90_days,
    AVG(r.total_amount) FILTER (WHERE r.status IN ('confirmed', 'completed')) as avg_ticket_size,
    COUNT(DISTINCT s.id) as total_services,
    COUNT(DISTINCT l.id) as total_locations
FROM organizations o
LEFT JOIN reservations r ON r.organization_id = o.id
    AND r.created_at >= CURRENT_DATE - INTERVAL '90 days'
LEFT JOIN services s ON s.organization_id = o.id AND s.is_available = TRUE
LEFT JOIN locations l ON l.organization_id = o.id AND l.is_active = TRUE
WHERE o.status = 'active'
GROUP BY o.id, o.name, o.rating
