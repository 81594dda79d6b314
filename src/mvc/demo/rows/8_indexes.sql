-- Indexes
DO $$
DECLARE
  statement text;
BEGIN
  FOR statement IN SELECT 'ALTER TABLE ' || relation || ' ADD CONSTRAINT ' || name || ' ' || definition FROM gen_key
                   UNION ALL SELECT definition FROM gen_index LOOP
    EXECUTE statement;
  END LOOP;
END $$;

DROP TABLE gen_size, gen_organization, gen_reservation, gen_total, gen_index, gen_key;
DROP FUNCTION pg_temp.chance(bigint, bigint), pg_temp.id(text, bigint);
