CREATE TABLE task_run (id int PRIMARY KEY, user_id int, finish_time text);
