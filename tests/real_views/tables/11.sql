CREATE SCHEMA "1";
CREATE FUNCTION public.confirmed_states() RETURNS text[] LANGUAGE sql IMMUTABLE AS $$ SELECT ARRAY['paid', 'pending_refund', 'refunded'] $$;
CREATE TABLE "1".contribution_details (id int NOT NULL, user_id int NOT NULL, state text NOT NULL);
