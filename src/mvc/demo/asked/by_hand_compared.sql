-- The hand-written query beside the view: what is true of the organisation that it puts first, how many rows are too
-- high and by how much, and how many of its top 20 belong there.
WITH compared AS MATERIALIZED (
  SELECT v.organization_id, v.name, v.total_services AS services, v.total_locations AS locations,
         v.total_revenue_last_90_days AS revenue, h.total_revenue_last_90_days AS claimed,
         row_number() OVER (ORDER BY v.total_revenue_last_90_days DESC NULLS LAST, organization_id) AS place,
         row_number() OVER (ORDER BY h.total_revenue_last_90_days DESC NULLS LAST, organization_id) AS claimed_place
  FROM {stored} AS v
  JOIN ({by_hand}) AS h USING (organization_id)
), summary AS (
  SELECT count(*) FILTER (WHERE claimed > revenue * 1.1) AS inflated,
         count(*) AS organizations,
         percentile_cont(0.5) WITHIN GROUP (ORDER BY (claimed / revenue)::float8) FILTER (WHERE revenue > 0) AS median,
         count(*) FILTER (WHERE place <= 20 AND claimed_place <= 20) AS shared
  FROM compared
)
SELECT name, services, locations, coalesce(revenue, 0), coalesce(claimed, 0), place, inflated, organizations, coalesce(median, 1), shared
FROM compared, summary
WHERE claimed_place = 1
