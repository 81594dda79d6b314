CREATE SCHEMA tww_od;
CREATE SCHEMA tww_vl;
CREATE TABLE tww_vl.channel_function_hierarchic (code int PRIMARY KEY, tww_symbology_order int);
CREATE TABLE tww_od.wastewater_structure (
  obj_id varchar(16) PRIMARY KEY, year_of_construction smallint, structure_condition int, financing int, status int, status_survey_year smallint,
  renovation_necessity int, fk_owner varchar(16), fk_operator varchar(16), fk_main_cover varchar(16), accessibility int
);
CREATE TABLE tww_od.channel (obj_id varchar(16) PRIMARY KEY, function_hierarchic int);
CREATE TABLE tww_od.wastewater_networkelement (obj_id varchar(16) PRIMARY KEY, fk_wastewater_structure varchar(16));
CREATE TABLE tww_od.wastewater_node (obj_id varchar(16) PRIMARY KEY);
CREATE TABLE tww_od.reach_point (obj_id varchar(16) PRIMARY KEY, fk_wastewater_networkelement varchar(16));
CREATE TABLE tww_od.reach (obj_id varchar(16) PRIMARY KEY, fk_reach_point_from varchar(16), fk_reach_point_to varchar(16));
CREATE TABLE tww_od.agxx_wastewater_structure (uuid uuid PRIMARY KEY, fk_wastewater_structure varchar(16), ag96_fk_measure varchar(16));
CREATE TABLE tww_od.agxx_unconnected_node_bwrel (
  obj_id varchar(16) PRIMARY KEY, year_of_construction smallint, structure_condition int, financing int, status int, status_survey_year smallint,
  renovation_necessity int, fk_owner varchar(16), fk_operator varchar(16), ch_function_hierarchic int, ag96_fk_measure varchar(16)
);
