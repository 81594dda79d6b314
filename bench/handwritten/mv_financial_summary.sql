-- Grouped by the foreign key, the organisation's name joined to the groups: 0.91 of joining it to every payment. Slower:
-- payments summed per reservation first (1.2×, 1.5×), the first payment numbered instead of COUNT(DISTINCT) (1.4×).
SELECT f.month, o.id AS organization_id, o.name AS organization_name, f.total_transactions, f.total_processed_amount,
  f.successful_amount, f.refunded_amount, f.failed_transactions, f.avg_transaction_value, f.reservations_associated
FROM (
  SELECT date_trunc('month', p.created_at) AS month, r.organization_id,
    count(*) AS total_transactions,
    sum(p.amount) FILTER (WHERE p.status IN ('completed', 'refunded')) AS total_processed_amount,
    sum(p.amount) FILTER (WHERE p.status = 'completed') AS successful_amount,
    sum(p.amount) FILTER (WHERE p.status = 'refunded') AS refunded_amount,
    count(*) FILTER (WHERE p.status = 'failed') AS failed_transactions,
    avg(p.amount) FILTER (WHERE p.status IN ('completed', 'refunded')) AS avg_transaction_value,
    count(DISTINCT r.id) AS reservations_associated
  FROM payments p LEFT JOIN reservations r ON r.id = p.reservation_id
  WHERE p.created_at >= date_trunc('year', CURRENT_DATE)
  GROUP BY 1, 2) AS f
LEFT JOIN organizations o ON o.id = f.organization_id
