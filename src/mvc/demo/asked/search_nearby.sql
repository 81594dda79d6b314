SELECT organization_name, city, starting_price, avg_review_score
FROM mv_search_index
WHERE ST_DWithin(coordinates, ST_SetSRID(ST_MakePoint(-97, 37), 4326)::geography, 300000)
  AND service_types_offered @> ARRAY['cremation']
ORDER BY starting_price, organization_id
LIMIT 20

-- The same on the base tables.
SELECT o.name, o.address->>'city', p.price,
       (SELECT avg(rating) FROM reviews WHERE organization_id = o.id)
FROM organizations AS o
CROSS JOIN LATERAL (
  SELECT min(base_price) AS price FROM pricing_plans WHERE organization_id = o.id AND is_active) AS p
WHERE o.status = 'active' AND o.verification_status = 'verified'
  AND CASE WHEN jsonb_typeof(o.address->'coordinates'->'lng') = 'number'
           THEN ST_DWithin(ST_SetSRID(ST_MakePoint((o.address->'coordinates'->>'lng')::float,
                                                   (o.address->'coordinates'->>'lat')::float), 4326)::geography,
                           ST_SetSRID(ST_MakePoint(-97, 37), 4326)::geography, 300000) END
  AND EXISTS (SELECT FROM services AS s
              WHERE s.organization_id = o.id AND s.is_available AND s.service_type = 'cremation')
ORDER BY p.price, o.id
LIMIT 20
