SELECT s.plan, date_trunc('month', s.started_on)::date AS month, count(*) AS subscriptions, sum(p.price) AS income
FROM subscriptions AS s
LEFT JOIN plan_prices AS p ON p.plan = s.plan AND s.started_on >= p.valid_from AND s.started_on < p.valid_to
GROUP BY 1, 2
