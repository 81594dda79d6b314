-- installation gets columns for the generation and the version, stored_relation one for what was proven of it.
ALTER TABLE IF EXISTS {schema}.installation ADD COLUMN IF NOT EXISTS generation integer, ADD COLUMN IF NOT EXISTS compiler text;
ALTER TABLE IF EXISTS {schema}.stored_relation ADD COLUMN IF NOT EXISTS proven jsonb;
