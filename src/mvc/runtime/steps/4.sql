-- installation gets columns for the generation and the version.
ALTER TABLE IF EXISTS {schema}.installation ADD COLUMN IF NOT EXISTS generation integer, ADD COLUMN IF NOT EXISTS compiler text;
