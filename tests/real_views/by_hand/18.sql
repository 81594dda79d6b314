SELECT e.cand_election_year, c.*
FROM ofec_candidate_election_mv e, ofec_candidate_history_mv c
WHERE c.candidate_id = e.candidate_id
  AND c.two_year_period = (
    SELECT max(n.two_year_period) FROM ofec_candidate_history_mv n
    WHERE n.candidate_id = e.candidate_id AND n.two_year_period > e.prev_election_year AND n.two_year_period <= e.cand_election_year
  )
