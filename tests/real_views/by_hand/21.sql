SELECT DISTINCT ON (awardee_or_recipient_uniqu) awardee_or_recipient_uniqu, year AS min_year
FROM historic_parent_duns ORDER BY awardee_or_recipient_uniqu, year NULLS LAST
