WITH placed AS (
  SELECT t.id, t.metric, t."timestamp", t.value, s.type AS source, s.site_id, s.survey_point_id,
    rank() OVER (PARTITION BY t.metric, s.type, s.site_id, s.survey_point_id ORDER BY t."timestamp" DESC, t.id DESC) AS place
  FROM sources s, time_series t
  WHERE t.source_id = s.id
    AND age(CURRENT_DATE, t."timestamp"::date) IS NOT NULL
    AND t."timestamp" >= CASE
      WHEN s.type IN ('sonde', 'hui', 'sheet_data') THEN CURRENT_DATE - INTERVAL '2 years' ELSE CURRENT_DATE - INTERVAL '7 days'
    END
)
SELECT id, metric, "timestamp", value, source, site_id, survey_point_id FROM placed WHERE place = 1
