WITH confirmed AS (
  SELECT c.id, c.user_id, y.value FROM contributions c, payments y
  WHERE y.contribution_id = c.id AND y.state IN ('paid', 'pending_refund', 'refunded')
)
SELECT
  (SELECT count(id) FROM users) AS total_users,
  (SELECT count(*) FROM contributions c WHERE c.id IN (SELECT id FROM confirmed)) AS total_contributions,
  (SELECT count(*) FROM users u WHERE u.id IN (SELECT user_id FROM confirmed)) AS total_contributors,
  (SELECT coalesce(sum(value), 0) FROM confirmed) AS total_contributed,
  (SELECT count(*) FROM projects WHERE NOT (state = 'draft' OR state = 'rejected')) AS total_projects,
  (SELECT count(*) FROM projects WHERE state = 'successful') AS total_projects_success,
  (SELECT count(*) FROM projects WHERE state = 'online') AS total_projects_online
