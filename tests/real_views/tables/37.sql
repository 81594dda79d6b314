CREATE TABLE patients (
  id uuid PRIMARY KEY, status varchar, registration_facility_id uuid, deleted_at timestamp, recorded_at timestamp, assigned_facility_id uuid,
  diagnosed_confirmed_at timestamp
);
CREATE TABLE medical_histories (id uuid PRIMARY KEY, patient_id uuid NOT NULL, hypertension text);
CREATE TABLE blood_pressures (
  id uuid PRIMARY KEY, systolic int NOT NULL, diastolic int NOT NULL, patient_id uuid NOT NULL, facility_id uuid NOT NULL,
  deleted_at timestamp, recorded_at timestamp
);
