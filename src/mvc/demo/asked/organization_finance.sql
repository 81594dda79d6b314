SELECT month, total_transactions, total_processed_amount, successful_amount, refunded_amount, failed_transactions,
       reservations_associated
FROM mv_financial_summary
WHERE organization_id = %(organization)s::uuid
ORDER BY month

-- The same on the base tables.
SELECT date_trunc('month', p.created_at), count(*),
       sum(p.amount) FILTER (WHERE p.status IN ('completed', 'refunded')),
       sum(p.amount) FILTER (WHERE p.status = 'completed'),
       sum(p.amount) FILTER (WHERE p.status = 'refunded'),
       count(*) FILTER (WHERE p.status = 'failed'),
       count(DISTINCT r.id)
FROM reservations AS r
JOIN payments AS p ON p.reservation_id = r.id
WHERE r.organization_id = %(organization)s::uuid AND p.created_at >= date_trunc('year', CURRENT_DATE)
GROUP BY date_trunc('month', p.created_at)
ORDER BY date_trunc('month', p.created_at)
