WITH boosts AS (
  SELECT r.round, b."projectId", b."userId", sum(l.balance * b.percentage::float8 / 100) / count(*) AS power
  FROM power_boosting_snapshot b, power_balance_snapshot l, power_snapshot s, power_round r
  WHERE s.id = b."powerSnapshotId" AND s.id = l."powerSnapshotId" AND l."userId" = b."userId" AND s.synced AND s."roundNumber" - 1 = r.round
  GROUP BY 1, 2, 3
), totals AS (
  SELECT p.id, CASE WHEN p.verified AND p."statusId" = 5 IS NOT FALSE AND p.verified THEN sum(power) ELSE 0 END AS power
  FROM project p, boosts b WHERE b."projectId" = p.id GROUP BY p.id
)
SELECT t.id AS "projectId", t.power AS "totalPower", (SELECT count(*) + 1 FROM totals o WHERE o.power > t.power) AS "powerRank", r.round + 1 AS round
FROM totals t, power_round r
