WITH told AS (
  SELECT r.fk_reach_point_from, r.fk_reach_point_to, h.tww_symbology_order AS place, c.function_hierarchic AS ch_function_hierarchic,
    (SELECT m.ag96_fk_measure FROM tww_od.agxx_wastewater_structure m WHERE m.fk_wastewater_structure = w.obj_id) AS ag96_fk_measure,
    w.year_of_construction, w.structure_condition, w.financing, w.status, w.status_survey_year, w.renovation_necessity, w.fk_owner, w.fk_operator
  FROM tww_od.reach r
  LEFT JOIN tww_od.wastewater_networkelement e USING (obj_id)
  LEFT JOIN tww_od.channel c ON c.obj_id = e.fk_wastewater_structure
  LEFT JOIN tww_od.wastewater_structure w ON w.obj_id = e.fk_wastewater_structure
  LEFT JOIN tww_vl.channel_function_hierarchic h ON h.code = c.function_hierarchic
)
SELECT n.obj_id, w.fk_main_cover, w.accessibility,
  coalesce(w.year_of_construction, b.f_year_of_construction, b.t_year_of_construction, u.year_of_construction) AS year_of_construction,
  coalesce(w.structure_condition, b.f_structure_condition, b.t_structure_condition, u.structure_condition) AS structure_condition,
  coalesce(w.financing, b.f_financing, b.t_financing, u.financing) AS financing,
  coalesce(w.status, b.f_status, b.t_status, u.status) AS status,
  coalesce(w.status_survey_year, b.f_status_survey_year, b.t_status_survey_year, u.status_survey_year) AS status_survey_year,
  coalesce(w.renovation_necessity, b.f_renovation_necessity, b.t_renovation_necessity, u.renovation_necessity) AS renovation_necessity,
  coalesce(w.fk_owner, b.f_fk_owner, b.t_fk_owner, u.fk_owner) AS fk_owner,
  coalesce(w.fk_operator, b.f_fk_operator, b.t_fk_operator, u.fk_operator) AS fk_operator,
  coalesce(b.f_ch_function_hierarchic, b.t_ch_function_hierarchic, u.ch_function_hierarchic) AS ch_function_hierarchic,
  coalesce(
    (SELECT m.ag96_fk_measure FROM tww_od.agxx_wastewater_structure m WHERE m.fk_wastewater_structure = w.obj_id),
    b.f_ag96_fk_measure, b.t_ag96_fk_measure, u.ag96_fk_measure
  ) AS ag96_fk_measure
FROM tww_od.wastewater_node n
LEFT JOIN tww_od.wastewater_networkelement e USING (obj_id)
LEFT JOIN tww_od.wastewater_structure w ON w.obj_id = e.fk_wastewater_structure
LEFT JOIN tww_od.agxx_unconnected_node_bwrel u ON u.obj_id = n.obj_id
LEFT JOIN LATERAL (
  SELECT f.year_of_construction AS f_year_of_construction, t.year_of_construction AS t_year_of_construction, f.structure_condition AS f_structure_condition, t.structure_condition AS t_structure_condition, f.financing AS f_financing, t.financing AS t_financing, f.status AS f_status, t.status AS t_status, f.status_survey_year AS f_status_survey_year, t.status_survey_year AS t_status_survey_year, f.renovation_necessity AS f_renovation_necessity, t.renovation_necessity AS t_renovation_necessity, f.fk_owner AS f_fk_owner, t.fk_owner AS t_fk_owner, f.fk_operator AS f_fk_operator, t.fk_operator AS t_fk_operator, f.ch_function_hierarchic AS f_ch_function_hierarchic, t.ch_function_hierarchic AS t_ch_function_hierarchic, f.ag96_fk_measure AS f_ag96_fk_measure, t.ag96_fk_measure AS t_ag96_fk_measure
  FROM tww_od.reach_point p
  LEFT JOIN told f ON f.fk_reach_point_from = p.obj_id
  LEFT JOIN told t ON t.fk_reach_point_to = p.obj_id
  WHERE p.fk_wastewater_networkelement = n.obj_id
  ORDER BY f.place, t.place LIMIT 1
) AS b ON true
