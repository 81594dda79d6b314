CREATE SCHEMA aveloxis_data;
CREATE TABLE aveloxis_data.pull_requests (pull_request_id bigint PRIMARY KEY, repo_id bigint NOT NULL);
