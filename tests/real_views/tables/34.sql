CREATE EXTENSION citext;
CREATE TABLE broadcasts (id int PRIMARY KEY, title citext);
CREATE TABLE impressions (id int PRIMARY KEY, response int NOT NULL, amount numeric, broadcast_id int NOT NULL);
