SELECT o.* FROM uk.additional_code_description_periods_oplog o
WHERE o.operation <> 'D' AND (o.additional_code_description_period_sid, o.additional_code_sid, o.additional_code_type_id) IS NOT NULL
  AND NOT EXISTS (
    SELECT FROM uk.additional_code_description_periods_oplog n
    WHERE n.oid > o.oid AND n.additional_code_description_period_sid = o.additional_code_description_period_sid
      AND n.additional_code_sid = o.additional_code_sid AND n.additional_code_type_id = o.additional_code_type_id
  )
