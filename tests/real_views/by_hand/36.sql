WITH days AS (
  SELECT DISTINCT b.facility_id, b.patient_id, (b.recorded_at AT TIME ZONE 'UTC' AT TIME ZONE current_setting('TIMEZONE'))::date AS on_day
  FROM blood_pressures b
  WHERE b.deleted_at IS NULL
    AND b.patient_id IN (SELECT id FROM patients WHERE deleted_at IS NULL AND diagnosed_confirmed_at IS NOT NULL)
    AND b.patient_id IN (SELECT patient_id FROM medical_histories WHERE hypertension = 'yes')
)
SELECT f.id AS facility_id, f.deleted_at AT TIME ZONE 'UTC' AT TIME ZONE current_setting('TIMEZONE') AS deleted_at, count(*) AS bp_count,
  extract(doy FROM on_day)::int::text AS day, extract(month FROM on_day)::int::text AS month,
  extract(quarter FROM on_day)::int::text AS quarter, extract(year FROM on_day)::int::text AS year
FROM days d, facilities f WHERE f.id = d.facility_id
GROUP BY f.id, f.deleted_at, on_day
