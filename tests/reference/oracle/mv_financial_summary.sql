-- `entry`: this year's payments, each with its month and its organisation (NULL where the reservation is gone).
WITH entry AS MATERIALIZED (
  SELECT
    p.id, p.reservation_id, p.amount, p.status,
    date_trunc('month', p.created_at) AS month,
    (SELECT r.organization_id FROM reservations r WHERE r.id = p.reservation_id) AS organization_id
  FROM payments p
  WHERE EXTRACT(year FROM p.created_at) >= EXTRACT(year FROM CURRENT_DATE)
),
g AS (
  SELECT DISTINCT month, organization_id FROM entry
)
SELECT
  g.month,
  g.organization_id,
  (SELECT o.name FROM organizations o WHERE o.id = g.organization_id) AS organization_name,
  (SELECT count(*) FROM entry e
   WHERE e.month = g.month AND e.organization_id IS NOT DISTINCT FROM g.organization_id) AS total_transactions,
  (SELECT sum(e.amount) FROM entry e
   WHERE e.month = g.month AND e.organization_id IS NOT DISTINCT FROM g.organization_id
     AND e.status IN ('completed', 'refunded')) AS total_processed_amount,
  (SELECT sum(e.amount) FROM entry e
   WHERE e.month = g.month AND e.organization_id IS NOT DISTINCT FROM g.organization_id
     AND e.status = 'completed') AS successful_amount,
  (SELECT sum(e.amount) FROM entry e
   WHERE e.month = g.month AND e.organization_id IS NOT DISTINCT FROM g.organization_id
     AND e.status = 'refunded') AS refunded_amount,
  (SELECT count(*) FROM entry e
   WHERE e.month = g.month AND e.organization_id IS NOT DISTINCT FROM g.organization_id
     AND e.status = 'failed') AS failed_transactions,
  (SELECT avg(e.amount) FROM entry e
   WHERE e.month = g.month AND e.organization_id IS NOT DISTINCT FROM g.organization_id
     AND e.status IN ('completed', 'refunded')) AS avg_transaction_value,
  (SELECT count(*) FROM reservations r
   WHERE EXISTS (SELECT FROM entry e
                 WHERE e.month = g.month AND e.organization_id IS NOT DISTINCT FROM g.organization_id
                   AND e.reservation_id = r.id)) AS reservations_associated
FROM g
