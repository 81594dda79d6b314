CREATE TABLE historic_parent_duns (id int PRIMARY KEY, awardee_or_recipient_uniqu text, year int);
