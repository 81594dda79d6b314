-- Users and memberships
INSERT INTO users (id, full_name, email, role, created_at)
SELECT pg_temp.id('user', i), 'User ' || i, 'user' || i || '@example.org',
       CASE WHEN i < 5 THEN 'super_admin' WHEN i < first_customer THEN 'org_user' ELSE 'customer' END,
       ends_at - make_interval(days => days + 70)
FROM gen_size, generate_series(0, users - 1) AS i;

INSERT INTO organization_users (organization_id, user_id, role)
SELECT id, pg_temp.id('user', 5 + 3 * i + j), (ARRAY['admin', 'manager', 'staff'])[1 + j]
FROM gen_organization, generate_series(0, 2) AS j;
