-- Who and what the questions are about: the open organisation that is booked most, its admin, its most frequent customer
-- and a super admin.
SELECT o.id::text, o.name, m.user_id::text AS admin, c.user_id::text AS customer, s.id::text AS super_admin
FROM (
  SELECT id, name
  FROM organizations
  ORDER BY status = 'active' DESC, verification_status = 'verified' DESC,
           (SELECT count(*) FROM reservations AS r WHERE r.organization_id = organizations.id) DESC, id
  LIMIT 1) AS o
CROSS JOIN LATERAL (
  SELECT user_id FROM organization_users WHERE organization_id = o.id AND role = 'admin' ORDER BY user_id LIMIT 1) AS m
CROSS JOIN LATERAL (
  SELECT user_id FROM reservations WHERE organization_id = o.id GROUP BY user_id ORDER BY count(*) DESC, user_id LIMIT 1) AS c
CROSS JOIN (SELECT id FROM users WHERE role = 'super_admin' ORDER BY id LIMIT 1) AS s
