"""What a database has of a project, compared with the project as it is now."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

from mvc.comparison.difference import Difference
from mvc.compiled.project import Compiled
from mvc.engines.postgres.plan.catalog_findings import CatalogFinding
from mvc.engines.postgres.plan.drift import find_drift
from mvc.engines.postgres.plan.drift_kinds import Drift
from mvc.engines.postgres.plan.make_plan import deployed_project, difference_of
from mvc.engines.postgres.plan.outside import OutsideReader, outside_of
from mvc.engines.postgres.plan.rebuilds import Rebuild, rebuilds_of
from mvc.engines.postgres.plan.takeover_words import Takeover, takeovers
from mvc.engines.postgres.server.apply import findings_of
from mvc.engines.postgres.server.errors import server_errors
from mvc.engines.postgres.server.read_state import read_state


@dataclass(frozen=True, slots=True)
class DatabaseDifference(Difference):
    """A difference from what is `deployed`. `drift` is what is not as the last deployment left it, `outside` what reads the views and is not
    of the project, `rebuilds` what is to be built anew, `catalog` where the database is not as the project's catalog says, `taken_over` what was made by hand and bears the name of a view.
    """

    deployed: Compiled
    drift: tuple[Drift, ...]
    outside: tuple[OutsideReader, ...]
    rebuilds: tuple[Rebuild, ...]
    catalog: tuple[CatalogFinding, ...]
    taken_over: tuple[Takeover, ...] = ()


@server_errors()
def diff_deployed(connection: psycopg.Connection, compiled: Compiled) -> DatabaseDifference:
    """What is deployed of the project against the project. Takes no lock above ACCESS SHARE and writes nothing. Raises ServerError."""
    names = [(view.schema, view.name) for view in compiled.views]
    state = read_state(connection, compiled, names, believed=compiled.believed)
    difference = difference_of(state, compiled)
    return DatabaseDifference(
        difference.views,
        difference.project,
        deployed=deployed_project(state, compiled),
        drift=find_drift(state, compiled.project),
        outside=outside_of(state, difference),
        rebuilds=rebuilds_of(state, difference),
        catalog=findings_of(state, compiled),
        taken_over=tuple(takeovers(compiled.views, state, compiled.stored)),
    )
