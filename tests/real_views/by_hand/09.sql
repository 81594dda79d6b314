WITH newest AS (SELECT current_at AS day FROM frontend_importlog WHERE category = 'prescribing' ORDER BY current_at DESC LIMIT 1),
even AS (
  SELECT vpid FROM (
    SELECT p.vpid, t.price_pence / p.qtyval AS price FROM dmd_vmpp p, frontend_tariffprice t, newest
    WHERE t.vmpp_id = p.vppid AND t.date = newest.day
  ) AS prices GROUP BY vpid HAVING min(price) = max(price)
), costs AS (
  SELECT v.vpid, v.nm, v.bnf_code, newest.day AS date, CASE WHEN x.quantity > 0 THEN x.net_cost / x.quantity ELSE 0 END AS cost
  FROM dmd_vmp v, frontend_prescription x, newest
  WHERE x.presentation_code = v.bnf_code AND x.processing_date = newest.day AND v.vpid IN (SELECT vpid FROM even)
), placed AS (
  SELECT *, row_number() OVER (PARTITION BY vpid ORDER BY cost) AS place, count(cost) OVER (PARTITION BY vpid) AS n FROM costs
)
SELECT vpid, nm, bnf_code, date, max(cost) FILTER (WHERE place = (n + 1) / 2) AS median_ppu FROM placed GROUP BY 1, 2, 3, 4
