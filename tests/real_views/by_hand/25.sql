WITH glossed AS (
  SELECT p.language_id, count(*) FILTER (WHERE v.book_id >= 40) AS nt, count(*) FILTER (WHERE v.book_id < 40) AS ot
  FROM phrase p, phrase_word x, word w, verse v
  WHERE x.phrase_id = p.id AND w.id = x.word_id AND v.id = w.verse_id AND p.deleted_at IS NULL
    AND EXISTS (SELECT FROM gloss g WHERE g.phrase_id = p.id)
  GROUP BY 1
), words AS (
  SELECT sum((v.book_id >= 40)::int)::float8 AS nt, sum((v.book_id < 40)::int)::float8 AS ot FROM word w, verse v WHERE v.id = w.verse_id
)
SELECT l.code, coalesce(g.nt, 0) / words.nt AS nt_progress, coalesce(g.ot, 0) / words.ot AS ot_progress
FROM language l LEFT JOIN glossed g ON g.language_id = l.id, words
