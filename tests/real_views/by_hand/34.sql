WITH overall AS (SELECT sum(amount) / count(*) AS mean FROM (SELECT coalesce(amount, 0) AS amount FROM impressions) AS i HAVING count(*) > 0)
SELECT b.id, b.title, i.n AS impressions, i.approval, i.average, i.total, coalesce(i.n * (SELECT mean FROM overall), 0) AS expected_amount
FROM broadcasts b, LATERAL (
  SELECT count(*) AS n, avg(response) AS approval, avg(amount) AS average, coalesce(sum(amount), 0) AS total
  FROM impressions WHERE broadcast_id = b.id
) AS i
