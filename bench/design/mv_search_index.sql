-- As the design has it.
SELECT
    o.id as organization_id,
    o.name as organization_name,
    o.rating,
    o.address->>'city' as city,
    o.address->>'state' as state,
    o.address->>'zip_code' as zip_code,
    ARRAY_AGG(DISTINCT s.service_type) as service_types_offered,
    ARRAY_AGG(DISTINCT l.location_type) as location_types,
    MIN(pp.base_price) as starting_price,
    COUNT(DISTINCT s.id) as total_services,
    COUNT(DISTINCT l.id) as total_locations,
    AVG(rev.rating) as avg_review_score,
    COUNT(DISTINCT rev.id) as total_reviews,
    ST_SetSRID(ST_MakePoint(
        (o.address->'coordinates'->>'lng')::FLOAT,
        (o.address->'coordinates'->>'lat')::FLOAT
    ), 4326) as coordinates
FROM organizations o
LEFT JOIN services s ON s.organization_id = o.id AND s.is_available = TRUE
LEFT JOIN locations l ON l.organization_id = o.id AND l.is_active = TRUE
LEFT JOIN pricing_plans pp ON pp.organization_id = o.id AND pp.is_active = TRUE
LEFT JOIN reviews rev ON rev.organization_id = o.id
WHERE o.status = 'active' AND o.verification_status = 'verified'
GROUP BY o.id, o.name, o.rating, o.address->>'city',
         o.address->>'state', o.address->>'zip_code',
         o.address->'coordinates'->>'lng',
         o.address->'coordinates'->>'lat'
