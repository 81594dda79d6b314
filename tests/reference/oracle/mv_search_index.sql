SELECT
  o.id AS organization_id,
  o.name AS organization_name,
  o.rating,
  o.address->>'city' AS city,
  o.address->>'state' AS state,
  o.address->>'zip_code' AS zip_code,
  -- Longitudes within ±179.99…, latitudes within ±89.99…, written as plain decimals; anything else is no point.
  (SELECT ST_SetSRID(ST_MakePoint(c.lng::float, c.lat::float), 4326)::geography
   FROM (SELECT o.address #>> '{coordinates,lng}' AS lng, o.address #>> '{coordinates,lat}' AS lat OFFSET 0) c
   WHERE CASE WHEN c.lng ~ '^-?[0-9]{1,3}([.][0-9]+)?$' AND c.lat ~ '^-?[0-9]{1,2}([.][0-9]+)?$'
              THEN abs(c.lng::numeric) < 180 AND abs(c.lat::numeric) < 90
                   AND c.lng !~ '^-?0[0-9]{2}' END) AS coordinates,
  (SELECT array_agg(t.service_type ORDER BY t.service_type)
   FROM (SELECT s.service_type FROM services s
         WHERE s.organization_id = o.id AND s.is_available GROUP BY s.service_type) t) AS service_types_offered,
  (SELECT array_agg(t.location_type ORDER BY t.location_type)
   FROM (SELECT l.location_type FROM locations l
         WHERE l.organization_id = o.id AND l.is_active GROUP BY l.location_type) t) AS location_types,
  (SELECT min(pp.base_price) FROM pricing_plans pp
   WHERE pp.organization_id = o.id AND pp.is_active) AS starting_price,
  (SELECT count(*) FROM services s WHERE s.organization_id = o.id AND s.is_available) AS total_services,
  (SELECT count(*) FROM locations l WHERE l.organization_id = o.id AND l.is_active) AS total_locations,
  (SELECT avg(rev.rating) FROM reviews rev WHERE rev.organization_id = o.id) AS avg_review_score,
  (SELECT count(*) FROM reviews rev WHERE rev.organization_id = o.id) AS total_reviews
FROM organizations o
WHERE o.status = 'active' AND o.verification_status = 'verified'
