CREATE TABLE lookup_table_row (lookup_table_row_id bigint PRIMARY KEY, lookup_table_version_id bigint NOT NULL, row_num int NOT NULL, data jsonb NOT NULL);
CREATE TABLE lookup_table_version (lookup_table_version_id bigint PRIMARY KEY, table_name varchar(512) NOT NULL);
