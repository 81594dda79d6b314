CREATE TABLE subtier_agency (subtier_agency_id int PRIMARY KEY, subtier_code text NOT NULL);
CREATE TABLE agency (id int PRIMARY KEY, subtier_agency_id int REFERENCES subtier_agency);
