-- The jobs of pg_cron for this database that run, as far as whoever asks may see them.
SELECT coalesce(json_agg(json_build_array(j.jobid, coalesce(j.jobname, ''), j.command, j.username) ORDER BY j.jobid), '[]')
FROM cron.job AS j WHERE j.database = current_database() AND j.active
