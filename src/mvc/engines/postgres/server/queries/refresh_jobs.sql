-- The jobs of pg_cron for this database, as far as whoever asks may see them.
SELECT coalesce(j.jobname, 'job ' || j.jobid), j.schedule, j.command, j.active, j.jobid, j.username
FROM cron.job AS j WHERE j.database = pg_catalog.current_database() ORDER BY j.jobid
