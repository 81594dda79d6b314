"""How a stored view is refreshed, put in the place of how it was: an older compiler may have written other statements for the same meaning,
and its rows need not be built anew. That is done together with an upgrade of the runtime: another spelling of an author's changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from mvc.compiled.view import CompiledView
from mvc.engines.postgres.deploy.proofs import prove_code_sql, prove_sources_sql
from mvc.engines.postgres.deploy.statements import register_sql
from mvc.engines.postgres.plan.context import PlanContext
from mvc.engines.postgres.plan.steps import Lock, Step
from mvc.engines.postgres.refresh.companions import Companion, companions
from mvc.engines.postgres.runtime import runtime_version
from mvc.quoting import qualified

REFRESH_WAITS = "a refresh waits, readers do not"


def is_refreshed_otherwise(view: CompiledView, site: PlanContext) -> bool:
    """Whether another runtime's statements refresh it; what they give is the same, where the storage is."""
    before = site.before(view)
    return before is not None and site.state.runtime != runtime_version() and _statements(before) != _statements(view)


def _statements(view: CompiledView) -> object:
    return view.merge, view.increment, view.window, view.probes, view.modes


def renewal_steps(view: CompiledView, site: PlanContext) -> Iterator[Step]:
    """What is beside the table is made anew; that the next refresh is a whole one, the ledger sees to."""
    before, beside = site.before(view), companions(view)
    if before and beside and site.is_live(view) and site.storage(view) and is_refreshed_otherwise(view, site):
        former = [part for part in companions(before) if (view.storage[0], part.name) in site.state.relations]
        statements = (
            *(
                _drop(part, view) for part in reversed(former)
            ),  # the query as well: its columns may come in another order
            prove_sources_sql(site.target, view, site.agreed(view)),
            *(part.create for part in beside),
            register_sql(site.target, view),
            prove_code_sql(site.target, view, site.agreed(view)),
        )
        lock = Lock("ACCESS EXCLUSIVE", (view.storage[0], beside[0].name), brief=True, note=REFRESH_WAITS)
        yield Step("renew", view.called, "it is refreshed by other statements", statements, lock)


def _drop(part: Companion, view: CompiledView) -> str:
    return f"DROP {'TABLE' if part.relkind == 'r' else 'VIEW'} {qualified(view.storage[0], part.name)}"
