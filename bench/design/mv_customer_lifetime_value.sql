-- As the design has it.
SELECT
    u.id as customer_id,
    u.full_name,
    u.email,
    COUNT(DISTINCT r.id) as total_reservations,
    COUNT(DISTINCT r.id) FILTER (WHERE r.status = 'completed') as completed_reservations,
    SUM(r.total_amount) FILTER (WHERE r.status IN ('confirmed', 'completed')) as total_spent,
    AVG(r.total_amount) FILTER (WHERE r.status IN ('confirmed', 'completed')) as avg_order_value,
    MIN(r.created_at) as first_reservation_date,
    MAX(r.created_at) as last_reservation_date,
    COUNT(DISTINCT o.id) as organizations_used,
    AVG(rev.rating) as avg_rating_given,
    COUNT(DISTINCT rev.id) as reviews_given
FROM users u
LEFT JOIN reservations r ON r.user_id = u.id
LEFT JOIN organizations o ON o.id = r.organization_id
LEFT JOIN reviews rev ON rev.user_id = u.id
WHERE u.role = 'customer'
GROUP BY u.id, u.full_name, u.email
