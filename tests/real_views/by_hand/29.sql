SELECT
  a.address, a.nonce, a.general_balance, a.escrow_balance_active, a.escrow_balance_debonding, a.first_activity,
  d.balance AS delegations_balance, b.balance AS debonding_delegations_balance, a.general_balance + d.balance + b.balance AS total_balance,
  (SELECT height FROM chain.blocks ORDER BY height DESC LIMIT 1) AS computed_height
FROM chain.accounts a,
  LATERAL (
    SELECT coalesce(round(sum(d.shares * t.escrow_balance_active / nullif(t.escrow_total_shares_active, 0))), 0) AS balance
    FROM chain.delegations d, chain.accounts t WHERE d.delegator = a.address AND t.address = d.delegatee
  ) AS d,
  LATERAL (
    SELECT coalesce(round(sum(d.shares * t.escrow_balance_debonding / nullif(t.escrow_total_shares_debonding, 0))), 0) AS balance
    FROM chain.debonding_delegations d, chain.accounts t WHERE d.delegator = a.address AND t.address = d.delegatee
  ) AS b
