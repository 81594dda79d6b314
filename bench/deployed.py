"""The project of this repository on a server with data: all views refreshed in part, and beside them the same ones as a whole."""

from __future__ import annotations

from typing import Any, Final

from build import PROJECT
from measure import progress

WHOLE: Final = "whole"  # the schema of the views that are refreshed as a whole
MONTHS: Final = "payments_by_month"

_SCHEDULES: Final = f"""
schedules:
  - {{schedule: parts, refresh: all, every: "* * * * *", mode: incremental}}
  - {{schedule: latest, refresh: [{MONTHS}], every: "* * * * *", mode: window, window: 60d}}
"""
_MONTHS: Final = f"""
view: {MONTHS}
sources:
  p: {{table: payments}}
  r: {{table: reservations, on: r.id = p.reservation_id, one: true}}
dimensions:
  month: DATE_TRUNC('month', p.created_at)
  organization_id: r.organization_id
aggregates:
  transactions: {{count: p}}
  amount: {{sum: p.amount}}
  typical: {{median: p.amount}}
"""


def deploy(url: str, *, postgis: bool) -> tuple[Any, Any]:
    """The project in parts, exposed in `public`, and as a whole, exposed in `WHOLE`: both deployed and filled."""
    import psycopg

    from mvc.engines.postgres.server.apply import ApplyOptions, apply

    kept = _files()
    bare = {name: text for name, text in kept.items() if not name.startswith("policies/")}
    parts = _compiled({**kept, f"views/{MONTHS}.yml": _MONTHS, "schedules/bench.yml": _SCHEDULES})
    settings = bare["mvc.yml"].replace("project: booking", f"project: {WHOLE}")
    whole = _compiled({**bare, "mvc.yml": f"{settings}\nschemas: {{stored: mvc_{WHOLE}, exposed: {WHOLE}}}\n"})
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {WHOLE}")
        for project in (parts, whole):
            names = [view.name for view in project.views if postgis or "postgis" not in view.requires]
            progress(f"deploying {len(names)} views")
            apply(connection, project, names, options=ApplyOptions(frozenset({"rebuild", "access-loosened"})))
        connection.execute("VACUUM ANALYZE")
    return parts, whole


def _files() -> dict[str, str]:
    from mvc.workspace.folder import Folder

    return {name: text for name, text in Folder(PROJECT).items() if not name.startswith("schedules/")}


def _compiled(files: dict[str, str]) -> Any:
    from mvc.pipeline.compile import compile_files

    return compile_files(files)
