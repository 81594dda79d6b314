WITH local AS (
  SELECT *, recorded_at AT TIME ZONE 'UTC' AT TIME ZONE current_setting('TIMEZONE') AS at FROM blood_pressures WHERE deleted_at IS NULL
)
SELECT b.id AS bp_id, b.patient_id, p.registration_facility_id, p.assigned_facility_id, p.status AS patient_status,
  b.facility_id AS bp_facility_id, b.recorded_at AS bp_recorded_at, p.recorded_at AS patient_recorded_at, b.systolic, b.diastolic, b.deleted_at,
  (SELECT hypertension FROM medical_histories h WHERE h.patient_id = p.id) AS medical_history_hypertension,
  to_char(b.at, 'FMMM') AS month, to_char(b.at, 'Q') AS quarter, to_char(b.at, 'FMYYYY') AS year
FROM local b, patients p
WHERE p.id = b.patient_id AND p.deleted_at IS NULL AND p.diagnosed_confirmed_at IS NOT NULL
  AND NOT EXISTS (
    SELECT FROM local o
    WHERE o.patient_id = b.patient_id AND date_trunc('month', o.at) IS NOT DISTINCT FROM date_trunc('month', b.at)
      AND (o.recorded_at > b.recorded_at OR o.recorded_at IS NOT DISTINCT FROM b.recorded_at AND o.id < b.id)
  )
