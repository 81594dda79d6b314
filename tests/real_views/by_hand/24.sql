SELECT w.id AS word_id, v.book_id FROM verse v LEFT JOIN word w ON w.verse_id = v.id WHERE w.id IS NOT NULL
