SELECT day, count(user_id) AS n_users
FROM (SELECT DISTINCT left(finish_time, 10)::date AS day, user_id FROM task_run) AS seen
WHERE day > now() - INTERVAL '1 week'
GROUP BY day
