SELECT m::date AS month, count(c.id) AS signed_up, count(DISTINCT c.country) AS countries
FROM generate_series(DATE '2025-01-01', DATE '2026-06-30', INTERVAL '1 month') AS m
LEFT JOIN customers AS c ON c.signed_up_on >= m AND c.signed_up_on < m + INTERVAL '1 month'
GROUP BY m
