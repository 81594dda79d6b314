-- As the design has it.
SELECT
    DATE_TRUNC('month', p.created_at) as month,
    o.id as organization_id,
    o.name as organization_name,
    COUNT(DISTINCT p.id) as total_transactions,
    SUM(p.amount) as total_processed_amount,
    SUM(p.amount) FILTER (WHERE p.status = 'completed') as successful_amount,
    SUM(p.amount) FILTER (WHERE p.status = 'refunded') as refunded_amount,
    COUNT(DISTINCT p.id) FILTER (WHERE p.status = 'failed') as failed_transactions,
    AVG(p.amount) as avg_transaction_value,
    COUNT(DISTINCT r.id) as reservations_associated
FROM payments p
JOIN reservations r ON r.id = p.reservation_id
JOIN organizations o ON o.id = r.organization_id
WHERE p.created_at >= DATE_TRUNC('year', CURRENT_DATE)
GROUP BY DATE_TRUNC('month', p.created_at), o.id, o.name
