-- Rows that the generator never makes, each a way to get a number wrong. Sessions load this in UTC.
-- Identifiers: the first digit tells the table, so that a failure's key says what it is.

-- Organisations 1…: twins by name; without anything; addresses that hold no point.
INSERT INTO organizations (id, name, rating, status, verification_status, address) VALUES
  ('10000000-0000-0000-0000-000000000001', 'Twin "O''Brien" & søn', 4.5, 'active', 'verified',
   '{"city": "Århus", "state": "S1", "zip_code": "8000", "coordinates": {"lat": "56.15", "lng": "10.21"}}'),
  ('10000000-0000-0000-0000-000000000002', 'Twin "O''Brien" & søn', NULL, 'active', 'verified', '{"coordinates": null}'),
  ('10000000-0000-0000-0000-000000000003', 'Nothing at all', NULL, 'active', 'verified', '{}'),
  ('10000000-0000-0000-0000-000000000004', 'Suspended', 1, 'suspended', 'verified', '{"city": "X"}'),
  ('10000000-0000-0000-0000-000000000005', 'Unverified', 2, 'active', 'pending', '{"city": "X"}'),
  ('10000000-0000-0000-0000-000000000006', 'Words', 3, 'active', 'verified', '{"coordinates": {"lat": "north", "lng": "east"}}'),
  ('10000000-0000-0000-0000-000000000007', 'Half', 3, 'active', 'verified', '{"coordinates": {"lat": 12.5}}'),
  ('10000000-0000-0000-0000-000000000008', 'Too far', 3, 'active', 'verified', '{"coordinates": {"lat": 12.5, "lng": 180.5}}'),
  ('10000000-0000-0000-0000-000000000009', 'Too high', 3, 'active', 'verified', '{"coordinates": {"lat": 91, "lng": 1}}'),
  ('10000000-0000-0000-0000-00000000000a', 'Small', 3, 'active', 'verified', '{"coordinates": {"lat": -1e-7, "lng": -179.999}}'),
  ('10000000-0000-0000-0000-00000000000b', 'Odd', 3, 'active', 'verified', '{"coordinates": {"lat": "1.", "lng": ".5"}}'),
  ('10000000-0000-0000-0000-00000000000c', 'List', 3, 'active', 'verified', '{"coordinates": [1, 2]}'),
  ('10000000-0000-0000-0000-00000000000d', 'Zero', 0, 'active', 'verified', '{"city": "", "coordinates": {"lat": 0, "lng": 0}}');

-- Users 2…: namesakes; reviews without reservations; an organisation's user who books.
INSERT INTO users (id, full_name, email, role) VALUES
  ('20000000-0000-0000-0000-000000000001', 'Namesake', 'a@example.com', 'customer'),
  ('20000000-0000-0000-0000-000000000002', 'Namesake', 'b@example.com', 'customer'),
  ('20000000-0000-0000-0000-000000000003', 'Reviews only', 'c@example.com', 'customer'),
  ('20000000-0000-0000-0000-000000000004', 'Nothing', 'd@example.com', 'customer'),
  ('20000000-0000-0000-0000-000000000005', 'Staff who books', 'e@example.com', 'org_user');

INSERT INTO services (id, organization_id, name, service_type, base_price, is_available)
SELECT ('30000000-0000-0000-0000-00000000000' || n)::uuid, ('10000000-0000-0000-0000-00000000000' || o)::uuid, name, kind, 10, free
FROM (VALUES (1, 1, 'Same', 'burial', true), (2, 1, 'Same', 'burial', true), (3, 1, 'Off', 'flowers', false),
             (4, 2, 'Only off', 'flowers', false), (5, 4, 'Of a suspended one', 'burial', true)) v (n, o, name, kind, free);

INSERT INTO locations (id, organization_id, name, location_type, address, is_active)
SELECT ('40000000-0000-0000-0000-00000000000' || n)::uuid, ('10000000-0000-0000-0000-00000000000' || o)::uuid, 'Hall', kind, '{}', live
FROM (VALUES (1, 1, 'hall', true), (2, 1, 'hall', true), (3, 1, 'chapel', false),
             (4, 2, 'chapel', false), (5, 4, 'chapel', true)) v (n, o, kind, live);

INSERT INTO pricing_plans (organization_id, name, base_price, is_active) VALUES
  ('10000000-0000-0000-0000-000000000001', 'cheap, but off', 1, false),
  ('10000000-0000-0000-0000-000000000001', 'on', 700.10, true),
  ('10000000-0000-0000-0000-000000000001', 'on too', 900, true),
  ('10000000-0000-0000-0000-000000000002', 'all off', 5, false);

-- Reservations 5…: today, yesterday, within 90 but not 30 days, long ago; for a customer, a namesake, a member of staff.
INSERT INTO reservations (id, organization_id, user_id, location_id, status, scheduled_date, total_amount, created_at)
SELECT ('50000000-0000-0000-0000-00000000000' || n)::uuid, ('10000000-0000-0000-0000-00000000000' || o)::uuid,
  ('20000000-0000-0000-0000-00000000000' || u)::uuid, ('40000000-0000-0000-0000-00000000000' || l)::uuid,
  status, CURRENT_DATE + scheduled, amount, created
FROM (VALUES
  (1, 1, 1, 1, 'completed', -1, 100.01, now() - interval '1 day'),
  (2, 1, 1, 1, 'cancelled', 0, 200.02, CURRENT_DATE::timestamptz),
  (3, 1, 2, 2, 'confirmed', 5, 0, now()),
  (4, 1, 5, NULL, 'pending', 0, 400.08, now()),
  (5, 1, 2, 3, 'completed', 40, 0.07, now() - interval '45 days'),
  (6, 2, 1, 1, 'completed', -30, 1600, now() - interval '200 days'),
  (7, 4, 2, 5, 'confirmed', -31, 3200.33, now() - interval '2 days'),
  (8, 2, 2, 4, 'pending', 1, 9999999999.99, now() - interval '3 days')
) v (n, o, u, l, status, scheduled, amount, created);

-- Lines: one service twice in a reservation (once as another price); of a cancelled one; of one that is gone.
INSERT INTO reservation_services (reservation_id, service_id, quantity, unit_price, total_price)
SELECT ('50000000-0000-0000-0000-00000000000' || r)::uuid, ('30000000-0000-0000-0000-00000000000' || s)::uuid, q, price, q * price
FROM (VALUES (1, 1, 1, 33.33), (1, 1, 2, 44.44), (1, 2, 1, 5), (2, 1, 1, 7.77), (3, 1, 1, 0), (4, 2, 3, 1.01),
             (5, 1, 1, 1000), (6, 4, 1, 2000), (7, 5, 1, 3000), (9, 1, 1, 4000)) v (r, s, q, price);

-- Reviews: two of a reservation with a service on two lines; of a gone reservation; of none; of one out of the window.
INSERT INTO reviews (reservation_id, organization_id, user_id, rating)
SELECT ('50000000-0000-0000-0000-00000000000' || r)::uuid, ('10000000-0000-0000-0000-00000000000' || o)::uuid,
  ('20000000-0000-0000-0000-00000000000' || u)::uuid, rating
FROM (VALUES (1, 1, 1, 5), (1, 1, 3, 4), (2, 1, 1, 2), (3, 1, 2, 4), (5, 1, 2, 1), (9, 2, 3, 3), (NULL, 2, 3, 5)) v (r, o, u, rating);

-- Payments: of one reservation in two months; two in one month; of a reservation that is gone; on the edge of the year.
INSERT INTO payments (reservation_id, amount, status, created_at)
SELECT ('50000000-0000-0000-0000-00000000000' || r)::uuid, amount, status, at
FROM (VALUES
  (1, 10.01, 'completed', now()), (1, 20.02, 'failed', now()), (1, 40.04, 'refunded', now()), (2, 80.08, 'pending', now()),
  (6, 160.16, 'completed', date_trunc('year', now())), (6, 320.32, 'completed', date_trunc('month', now())),
  (6, 640.64, 'completed', date_trunc('year', now()) - interval '1 microsecond'),
  (7, 1.01, 'failed', now()), (8, 2.02, 'pending', now()),
  (9, 4.04, 'completed', now()), (9, 8.08, 'refunded', now()), (9, 16.16, 'failed', date_trunc('year', now()))
) v (r, amount, status, at);

-- Slots: bound to nothing; none free; ended as the day began, ends with the day; of an inactive location.
INSERT INTO availabilities (organization_id, location_id, service_id, date, start_time, end_time, is_available)
SELECT ('10000000-0000-0000-0000-00000000000' || o)::uuid, ('40000000-0000-0000-0000-00000000000' || l)::uuid,
  ('30000000-0000-0000-0000-00000000000' || s)::uuid, CURRENT_DATE + d, start_time::time, end_time::time, free
FROM (VALUES
  (1, NULL, NULL, 0, '00:00', '24:00', true), (1, NULL, NULL, 0, '08:00', '09:00', false),
  (1, NULL, 1, 13, '08:00', '09:00', true), (1, 1, NULL, 14, '08:00', '09:00', true),
  (1, 1, 1, 0, '00:00', '00:00', true), (1, 1, 1, 0, '10:00', '24:00', true), (1, 1, 1, 0, '10:00', '24:00', true),
  (1, 2, 2, 3, '08:00', '09:00', false), (1, 1, 1, -1, '10:00', '24:00', true), (1, 3, 1, 1, '08:00', '09:00', true),
  (1, 1, 2, 400, '08:00', '09:00', true), (1, 2, 1, 500, '08:00', '09:00', false), (4, 5, 5, 1, '08:00', '09:00', true)
) v (o, l, s, d, start_time, end_time, free);
