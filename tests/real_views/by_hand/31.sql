WITH networks AS (
  SELECT probe_cc, probe_asn, min(measurement_start_day) AS first, sum(measurement_count) AS measured FROM counters GROUP BY 1, 2
)
SELECT probe_cc, min(first) AS first_bucket_date, count(*) AS network_count, sum(measured)::bigint AS measurement_count FROM networks GROUP BY 1
