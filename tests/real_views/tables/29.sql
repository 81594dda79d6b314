CREATE SCHEMA chain;
CREATE DOMAIN uint_numeric AS numeric(1000,0) CHECK (VALUE >= 0);
CREATE DOMAIN uint63 AS bigint CHECK (VALUE >= 0);
CREATE DOMAIN oasis_addr AS text;
CREATE TABLE chain.accounts (
  address oasis_addr PRIMARY KEY, general_balance uint_numeric, nonce uint63 NOT NULL,
  escrow_balance_active numeric(1000,0) NOT NULL, escrow_total_shares_active numeric(1000,0) NOT NULL,
  escrow_balance_debonding numeric(1000,0) NOT NULL, escrow_total_shares_debonding numeric(1000,0) NOT NULL, first_activity timestamptz
);
CREATE TABLE chain.blocks (height uint63 PRIMARY KEY);
CREATE TABLE chain.delegations (delegatee oasis_addr, delegator oasis_addr, shares uint_numeric NOT NULL, PRIMARY KEY (delegatee, delegator));
CREATE TABLE chain.debonding_delegations (delegatee oasis_addr NOT NULL, delegator oasis_addr NOT NULL, shares uint_numeric NOT NULL);
