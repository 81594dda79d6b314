CREATE TABLE verse (id text PRIMARY KEY, book_id int NOT NULL);
CREATE TABLE word (id text PRIMARY KEY, verse_id text NOT NULL);
