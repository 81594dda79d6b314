CREATE FUNCTION public.confirmed_states() RETURNS text[] LANGUAGE sql IMMUTABLE AS $$ SELECT ARRAY['paid', 'pending_refund', 'refunded'] $$;
CREATE TABLE users (id int PRIMARY KEY);
CREATE TABLE projects (id int PRIMARY KEY, state varchar(255));
CREATE TABLE contributions (id int PRIMARY KEY, user_id int NOT NULL REFERENCES users);
CREATE TABLE payments (id int PRIMARY KEY, contribution_id int NOT NULL REFERENCES contributions, state text NOT NULL, value numeric NOT NULL);
