WITH named AS (
  SELECT activity_incoming_data_id, geog, activity_id AS id, activity_type AS type, activity_subtype AS subtype, created_timestamp AS created,
    biogeoclimatic_zones AS bec, regional_invasive_species_organization_areas AS riso, invasive_plant_management_areas AS ipma, ownership AS own,
    regional_districts AS "regionalDist", flnro_districts AS "flnroDist", moti_districts AS "motiDist", elevation AS elev,
    well_proximity AS "wellProx", species_positive, species_negative, species_treated,
    activity_payload -> 'form_data' -> 'activity_data' -> 'jurisdictions' AS jurisdiction,
    activity_payload -> 'form_data' -> 'activity_data' -> 'reported_area' AS reported_area, activity_payload -> 'short_id' AS short_id
  FROM invasivesbc.activity_incoming_data
)
SELECT jsonb_build_object('type', 'Feature') || jsonb_build_object('geometry', st_asgeojson(geog)::jsonb)
  || jsonb_build_object('properties', to_jsonb(named) - 'activity_incoming_data_id' - 'geog') AS geojson
FROM named WHERE activity_incoming_data_id IN (SELECT incoming_data_id FROM invasivesbc.activity_current)
