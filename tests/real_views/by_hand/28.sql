SELECT r.* FROM reporting_casebooks r,
  LATERAL (SELECT count(*) AS n, bool_or(c.has_attribution) AS named FROM main_contentcollaborator c WHERE c.casebook_id = r.casebook_id) AS c
WHERE c.n >= 2 AND c.named
