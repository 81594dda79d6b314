CREATE TABLE verse (id text PRIMARY KEY, book_id int NOT NULL);
CREATE TABLE word (id text PRIMARY KEY, verse_id text NOT NULL);
CREATE TABLE language (id uuid PRIMARY KEY, code text NOT NULL UNIQUE);
CREATE TABLE phrase (id int PRIMARY KEY, language_id uuid NOT NULL, deleted_at timestamptz);
CREATE TABLE phrase_word (phrase_id int, word_id text, PRIMARY KEY (phrase_id, word_id));
CREATE TABLE gloss (phrase_id int PRIMARY KEY, gloss text);
