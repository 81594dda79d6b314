SELECT DISTINCT p.repo_id, (SELECT count(*) FROM aveloxis_data.pull_requests o WHERE o.repo_id = p.repo_id) AS pull_requests_all_time
FROM aveloxis_data.pull_requests p
