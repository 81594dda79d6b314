CREATE TYPE origin AS ENUM ('spotter', 'sonde', 'hui', 'sheet_data', 'gfs', 'noaa');
CREATE TYPE measured AS ENUM ('dhw', 'satellite_temperature', 'wind_speed');
CREATE TABLE sources (id int PRIMARY KEY, type origin NOT NULL, site_id int, survey_point_id int);
CREATE TABLE time_series (
  id int PRIMARY KEY, "timestamp" timestamp NOT NULL, value float8 NOT NULL, metric measured NOT NULL, source_id int
);
