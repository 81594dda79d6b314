CREATE TABLE ofec_candidate_history_mv (
  idx bigint PRIMARY KEY, load_date timestamp, two_year_period numeric, candidate_election_year numeric, candidate_id varchar(9), name text,
  address_state text, address_city text, address_street_1 text, address_street_2 text, address_zip text, incumbent_challenge text,
  incumbent_challenge_full text, candidate_status text, candidate_inactive boolean, office text, office_full text, state text, district text,
  district_number int, party text, party_full text, cycles numeric[], first_file_date date, last_file_date date, last_f2_date date,
  election_years numeric[], election_districts text[], active_through numeric
);
CREATE TABLE ofec_candidate_election_mv (candidate_id varchar(9), cand_election_year int, prev_election_year int, UNIQUE (candidate_id, cand_election_year));
