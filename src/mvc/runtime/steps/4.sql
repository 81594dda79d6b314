-- Which generation is installed, and whose compiler did it.
ALTER TABLE IF EXISTS {schema}.installation ADD COLUMN IF NOT EXISTS generation integer, ADD COLUMN IF NOT EXISTS compiler text;
