-- A day at the platform, after the views were filled: each statement moves some rows from one group to another, into a
-- window or out of it, or makes a group appear or vanish.
UPDATE organizations SET status = 'suspended' WHERE name LIKE 'Org 1%';
UPDATE organizations SET status = 'active', verification_status = 'verified' WHERE name IN ('Suspended', 'Unverified');
UPDATE organizations SET name = name || ' & Sons', rating = 5, address = address || '{"city": "Moved"}' WHERE name LIKE 'Org 2%';

UPDATE reservations SET status = 'cancelled' WHERE left(id::text, 1) = 'a';
UPDATE reservations SET created_at = created_at - interval '35 days' WHERE left(id::text, 1) = 'b' AND created_at > now() - interval '60 days';
UPDATE reservations SET created_at = now() WHERE left(id::text, 2) = 'c0';
UPDATE reservations SET user_id = '20000000-0000-0000-0000-000000000004' WHERE left(id::text, 2) = 'd0';
UPDATE reservations SET organization_id = '10000000-0000-0000-0000-000000000002' WHERE left(id::text, 2) = 'd1';
UPDATE reservations SET location_id = NULL, total_amount = total_amount + 0.01 WHERE left(id::text, 2) = 'd2';
DELETE FROM reservations WHERE left(id::text, 2) = 'e0';

UPDATE reservation_services SET total_price = total_price + 1 WHERE left(id::text, 1) = '1';
UPDATE reservation_services SET service_id = '30000000-0000-0000-0000-000000000004' WHERE left(id::text, 2) = '20';
DELETE FROM reservation_services WHERE left(id::text, 2) = '21';

UPDATE reviews SET rating = 6 - rating WHERE left(id::text, 1) = '1';
UPDATE reviews SET reservation_id = NULL WHERE left(id::text, 2) = '20';
DELETE FROM reviews WHERE left(id::text, 2) = '21';

UPDATE payments SET status = 'refunded' WHERE left(id::text, 1) = '1' AND status = 'completed';
UPDATE payments SET created_at = created_at - interval '31 days' WHERE left(id::text, 1) = '2' AND created_at > now() - interval '60 days';
DELETE FROM payments WHERE left(id::text, 2) = '30';

UPDATE availabilities SET is_available = NOT is_available WHERE left(id::text, 1) = '1';
UPDATE availabilities SET date = date + 7 WHERE left(id::text, 1) = '2';
UPDATE availabilities SET location_id = NULL WHERE left(id::text, 2) = '30';
UPDATE availabilities SET service_id = NULL WHERE left(id::text, 2) = '31';
DELETE FROM availabilities WHERE left(id::text, 1) = '4' AND is_available;
DELETE FROM availabilities WHERE organization_id = (SELECT id FROM organizations WHERE name = 'Org 3');

UPDATE services SET is_available = NOT is_available WHERE left(id::text, 1) = '1';
UPDATE services SET name = 'Renamed', service_type = 'other' WHERE left(id::text, 1) = '2';
UPDATE locations SET is_active = NOT is_active WHERE left(id::text, 1) = '1';
UPDATE locations SET location_type = 'garden' WHERE left(id::text, 1) = '2';
UPDATE pricing_plans SET is_active = NOT is_active, base_price = base_price / 2 WHERE left(id::text, 1) IN ('1', '2');
UPDATE users SET role = 'customer' WHERE full_name = 'Staff who books';
UPDATE users SET role = 'org_user' WHERE full_name = 'Nothing';
