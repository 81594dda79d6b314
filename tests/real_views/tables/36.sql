CREATE TABLE facilities (id uuid PRIMARY KEY, deleted_at timestamp);
CREATE TABLE patients (id uuid PRIMARY KEY, deleted_at timestamp, diagnosed_confirmed_at timestamp);
CREATE TABLE medical_histories (id uuid PRIMARY KEY, patient_id uuid NOT NULL, hypertension text);
CREATE TABLE blood_pressures (id uuid PRIMARY KEY, patient_id uuid NOT NULL, facility_id uuid NOT NULL, deleted_at timestamp, recorded_at timestamp);
