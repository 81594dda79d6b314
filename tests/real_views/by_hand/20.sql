SELECT id, (SELECT subtier_code FROM subtier_agency t WHERE t.subtier_agency_id = a.subtier_agency_id) AS subtier_code
FROM agency a WHERE subtier_agency_id IS NOT NULL
