-- The jobs of pg_cron that are for this database, as far as whoever asks may see them: his own.
SELECT coalesce(json_agg(json_build_array(j.jobid, j.jobname, j.schedule, j.command, j.active) ORDER BY j.jobid), '[]')
FROM cron.job AS j WHERE j.database = current_database() AND j.username = current_user AND j.jobname IS NOT NULL
