CREATE EXTENSION postgis;
CREATE SCHEMA invasivesbc;
CREATE TABLE invasivesbc.activity_incoming_data (
  activity_incoming_data_id int PRIMARY KEY, activity_id uuid, activity_type varchar(200), activity_subtype varchar(200),
  created_timestamp timestamp NOT NULL, geog geography(Geometry, 4326), activity_payload jsonb, biogeoclimatic_zones varchar(30),
  regional_invasive_species_organization_areas varchar(100), invasive_plant_management_areas varchar(100), ownership varchar(100),
  regional_districts varchar(100), flnro_districts varchar(100), moti_districts varchar(100), elevation int, well_proximity int,
  species_positive jsonb, species_negative jsonb, species_treated jsonb
);
-- Views of the project. The first has the newest row of each activity, so a row is there once, and no activity twice.
CREATE TABLE invasivesbc.activity_current (incoming_data_id int PRIMARY KEY);
CREATE TABLE invasivesbc.current_positive_observations (activity_incoming_data_id int, invasive_plant varchar);
CREATE TABLE invasivesbc.current_negative_observations (activity_incoming_data_id int, invasive_plant varchar);
