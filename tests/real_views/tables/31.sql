CREATE TABLE counters (measurement_start_day date, probe_cc char(2) NOT NULL, probe_asn int NOT NULL, measurement_count int);
