"""What the rows of a real view need beyond their types: values that it asks for by name, orders in which no two rows may be equal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

MOSTLY_NULL: Final = ("NULL", "NULL", "NULL", "NULL", "CURRENT_DATE - 3")
_FEW_IDS: Final = [f"'00000000-0000-0000-0000-{number:012}'" for number in (1, 2, 3)]
_FEW: Final = ("'1'", "'2'", "'3'", "'4'", "'5'")
_OPLOG = "additional_code_description_periods_oplog"

# (number of the view, table, column) → SQL of the values to choose from
ASKED_FOR: Final[Mapping[tuple[str, str, str], Sequence[str]]] = {
    ("06", "activity_incoming_data", "activity_payload"): (
        '\'{"short_id": "x", "form_data": {"activity_data": {"jurisdictions": [{"a": 1}], "reported_area": 1.50}}}\'',
        '\'{"form_data": {"activity_data": null}}\'',
    ),
    ("09", "dmd_vmp", "bnf_code"): ("'a'", "'b'", "'c'"),
    ("09", "dmd_vmpp", "qtyval"): ("1", "2"),
    ("09", "frontend_importlog", "category"): ("'prescribing'", "'other'"),
    ("09", "frontend_importlog", "current_at"): ("CURRENT_DATE", "CURRENT_DATE - 30"),
    ("09", "frontend_prescription", "presentation_code"): ("'a'", "'b'", "'c'"),
    ("09", "frontend_prescription", "processing_date"): ("CURRENT_DATE", "CURRENT_DATE - 30"),
    ("09", "frontend_tariffprice", "date"): ("CURRENT_DATE", "CURRENT_DATE - 30"),
    ("09", "frontend_tariffprice", "price_pence"): ("10", "10", "20"),
    ("10", "mac_history", "max_data"): ("CURRENT_DATE", "CURRENT_DATE - 1"),
    ("10", "mac_log", "data"): ("CURRENT_DATE", "CURRENT_DATE - 1"),
    ("11", "contribution_details", "state"): ("'paid'", "'refunded'", "'pending'"),
    ("12", "payments", "state"): ("'paid'", "'refunded'", "'pending'"),
    ("12", "projects", "state"): ("'draft'", "'successful'", "'online'", "'failed'"),
    ("13", "lookup_table_row", "data"): (
        '\'{"Model": "m", "Manufacturer": "a", "is_otc": "Y"}\'',
        '\'{"Component": null, "Scale": 1.50, "Model": {"x": []}}\'',
        "'[]'",
    ),
    ("13", "lookup_table_version", "table_name"): ("'LIVD-SARS-CoV-2'", "'livd-sars-cov-2'", "'livd-sars'"),
    ("18", "ofec_candidate_history_mv", "candidate_id"): ("'a'", "'b'", "'c'"),
    ("18", "ofec_candidate_election_mv", "candidate_id"): ("'a'", "'b'", "'c'"),
    ("22", "donation", "recurringDonationId"): ("NULL", "NULL", "7"),
    ("22", "donation", "status"): ("'verified'", "'verified'", "'failed'"),
    ("22", "recurring_donation", "status"): ("'active'", "'ended'", "'pending'"),
    ("23", "power_balance_snapshot", "powerSnapshotId"): ("1", "2", "3", "4", "5", "6"),
    ("23", "power_balance_snapshot", "userId"): ("1", "2", "3", "4"),
    ("23", "power_boosting_snapshot", "percentage"): ("25", "50", "75", "100"),
    ("23", "power_boosting_snapshot", "powerSnapshotId"): ("1", "2", "3", "4", "5", "6"),
    ("23", "power_boosting_snapshot", "userId"): ("1", "2", "3", "4"),
    ("23", "power_round", "id"): ("true",),
    ("23", "power_round", "round"): ("1",),
    ("23", "power_snapshot", "id"): ("1", "2", "3", "4", "5", "6"),
    ("23", "power_snapshot", "roundNumber"): ("2", "2", "3"),
    ("23", "power_boosting_snapshot", "projectId"): ("1", "2", "3", "4", "5"),
    ("23", "project", "id"): ("1", "2", "3", "4", "5"),
    ("23", "project", "statusId"): ("5", "5", "5", "4"),
    ("25", "verse", "book_id"): ("1", "39", "40", "66"),
    ("29", "accounts", "general_balance"): ("0", "5", "10"),
    ("33", "Orders", "status"): ("'ERROR'", "'PAID'", "'ACTIVE'", "'NEW'"),
    ("33", "Collectives", "id"): ("1", "2", "3", "4"),
    ("33", "Collectives", "isActive"): ("true", "true", "true", "false"),
    ("35", "task_run", "finish_time"): [
        f"to_char(CURRENT_DATE - {days}, 'YYYY-MM-DD') || 'T10:0{days}:00.5'" for days in (0, 1, 3, 5, 6, 8, 9)
    ],
    ("25", "phrase", "deleted_at"): MOSTLY_NULL,
    ("33", "Collectives", "deletedAt"): ("NULL",),
    ("33", "Orders", "deletedAt"): MOSTLY_NULL,
    ("36", "blood_pressures", "deleted_at"): MOSTLY_NULL,
    ("36", "patients", "deleted_at"): MOSTLY_NULL,
    ("37", "blood_pressures", "deleted_at"): MOSTLY_NULL,
    ("37", "patients", "deleted_at"): MOSTLY_NULL,
    ("36", "facilities", "id"): _FEW_IDS,
    ("36", "patients", "id"): _FEW_IDS,
    ("36", "medical_histories", "patient_id"): _FEW_IDS,
    ("36", "blood_pressures", "facility_id"): _FEW_IDS,
    ("36", "blood_pressures", "patient_id"): _FEW_IDS,
    ("37", "patients", "id"): _FEW_IDS,
    ("37", "blood_pressures", "patient_id"): _FEW_IDS,
    ("36", "medical_histories", "hypertension"): ("'yes'", "'yes'", "'no'"),
    ("39", "reach", "fk_reach_point_from"): _FEW,
    ("39", "reach", "fk_reach_point_to"): _FEW,
    ("39", "reach_point", "fk_wastewater_networkelement"): _FEW,
    ("40", _OPLOG, "additional_code_description_period_sid"): ("1", "2", "3"),
    ("40", _OPLOG, "additional_code_sid"): ("1", "2"),
    ("40", _OPLOG, "additional_code_type_id"): ("'A'", "'B'"),
    ("40", _OPLOG, "operation"): ("'C'", "'U'", "'D'"),
}
# The statement of these views orders rows by this column alone: of two equal ones it shows either, so there are none.
WITHOUT_TIES: Final[frozenset[tuple[str, str, str]]] = frozenset(
    [
        ("01", "time_series", "timestamp"),
        ("11", "contribution_details", "id"),
        ("18", "ofec_candidate_history_mv", "two_year_period"),
        ("37", "medical_histories", "patient_id"),
        *(
            ("39", table, column)
            for table, column in (
                ("channel_function_hierarchic", "code"),
                ("channel_function_hierarchic", "tww_symbology_order"),
                ("wastewater_structure", "obj_id"),
                ("channel", "obj_id"),
                ("channel", "function_hierarchic"),
                ("wastewater_networkelement", "obj_id"),
                ("wastewater_networkelement", "fk_wastewater_structure"),
                ("wastewater_node", "obj_id"),
                ("reach_point", "obj_id"),
                ("reach", "obj_id"),
                ("agxx_wastewater_structure", "fk_wastewater_structure"),
            )
        ),
    ]
)
# Run after the tables are filled.
SETTLED: Final[Mapping[str, Sequence[str]]] = {
    "06": (
        """
        DELETE FROM invasivesbc.activity_current;
        INSERT INTO invasivesbc.activity_current
        SELECT max(activity_incoming_data_id) FROM invasivesbc.activity_incoming_data GROUP BY activity_id
        """,
    ),
    "25": (
        "INSERT INTO verse VALUES ('old', 1), ('new', 50)",
        "INSERT INTO word VALUES ('old', 'old'), ('new', 'new')",
    ),
}
