-- How many functions of the runtime the stored schema has otherwise, or not at all.
SELECT count(*) FROM unnest(%(bodies)s::text[]) AS b (digest) WHERE NOT EXISTS (
  SELECT FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
  WHERE n.nspname = %(stored)s AND concat_ws(' ', p.proname, md5(p.prosrc)) = b.digest)
