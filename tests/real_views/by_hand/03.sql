SELECT repo_id, count(*) AS commits_all_time
FROM (SELECT repo_id, cmt_commit_hash FROM aveloxis_data.commits GROUP BY repo_id, cmt_commit_hash) AS hashes
GROUP BY repo_id
