WITH firsts AS (SELECT user_id, min(id) AS id FROM "1".contribution_details WHERE state IN ('paid', 'pending_refund', 'refunded') GROUP BY 1)
SELECT f.user_id, (SELECT count(*) FROM firsts AS e WHERE (e.id, e.user_id) <= (f.id, f.user_id)) AS number FROM firsts AS f
