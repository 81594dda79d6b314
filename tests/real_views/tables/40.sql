CREATE SCHEMA uk;
CREATE TABLE uk.additional_code_description_periods_oplog (
  additional_code_description_period_sid int, additional_code_sid int, additional_code_type_id varchar(1), additional_code varchar(3),
  validity_start_date timestamp, validity_end_date timestamp, oid int PRIMARY KEY, operation varchar(1), operation_date date, filename text
);
