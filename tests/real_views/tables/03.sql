CREATE SCHEMA aveloxis_data;
CREATE TABLE aveloxis_data.commits (cmt_id bigint PRIMARY KEY, repo_id bigint NOT NULL, cmt_commit_hash text NOT NULL);
