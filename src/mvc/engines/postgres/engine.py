"""What PostgreSQL can do with a project's views."""

from __future__ import annotations

from typing import Final

from mvc.engines.engine import Engine, FoundBy, Mode

DIALECT: Final = "postgres"  # what `dialect:` in mvc.yml calls it, and sqlglot

_CODE: Final = "changed in SQL that a function puts together while it runs, in a library (C), or in the files of a dictionary or of time zones"

POSTGRES: Final = Engine(
    name=DIALECT,
    title="PostgreSQL",
    versions=(15, 18),
    modes=(
        Mode("full"),
        Mode(
            "incremental",
            (
                "written with session_replication_role = replica to a table that the deploying role neither owns nor acts for the owner of",
                "written by a subscription to such a table that came and went between two refreshes",
                "written by replication that is not PostgreSQL's own, row by row and without triggers",
                "written by hand to the logs or rows in the stored schema, or done to PostgreSQL's catalogs",
                "meant by a word for the moment in a text that is cast to a date or time ('today'), when time passes",
                "done while triggers were off, or by attaching a partition, in the instant between a refresh's beginning and its snapshot, until the next refresh",
                "left without the row that they refer to, by a foreign key over columns of types that are not PostgreSQL's own (citext, domains), or of two collations",
                _CODE,
            ),
            FoundBy("compares a sample of groups and mends what is wrong", "verified", "30 3 * * *", "verify"),
        ),
        Mode(
            "window",
            ("changed in rows before the window, or in rows without a date (NULL)", _CODE),
            FoundBy("computes everything", "whole", "30 3 * * 0"),
        ),
        Mode("verify"),
    ),
    row_rules=True,
    unique=True,
    ordered=True,
    switch="at once",
    schedules=("pg_cron", "mvc run", "files for systemd, cron, Kubernetes, GitHub Actions, Airflow"),
    exact=True,
    zones=True,
    functions=("PostgreSQL's own", "those of the catalog", "those of extensions that a view requires"),
)
