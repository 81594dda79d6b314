CREATE TABLE main_contentcollaborator (id bigint PRIMARY KEY, casebook_id bigint NOT NULL, user_id bigint NOT NULL, has_attribution boolean NOT NULL);
CREATE TABLE reporting_casebooks (casebook_id bigint PRIMARY KEY, state text, created_at timestamptz, updated_at timestamptz);
