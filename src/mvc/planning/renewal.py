"""How a stored view is refreshed, put in the place of how it was: by a compiler that writes other statements for the same meaning, its rows
need not be built anew.
"""

from __future__ import annotations

from collections.abc import Iterator

from mvc.artifacts import CompiledView
from mvc.planning.site import Site
from mvc.planning.steps import Lock, Step
from mvc.quoting import qualified
from mvc.sqlgen.companions import Companion, companions
from mvc.sqlgen.statements import register_sql

REFRESH_WAITS = "a refresh waits, readers do not"


def is_refreshed_otherwise(before: CompiledView, view: CompiledView) -> bool:
    """Whether the statements of refreshes differ; what they give does not, where the storage is the same."""
    return _statements(before) != _statements(view)


def _statements(view: CompiledView) -> object:
    return view.merge, view.increment, view.window, view.probes, view.modes


def renewal_steps(view: CompiledView, site: Site) -> Iterator[Step]:
    """What is beside the table is made anew; that the next refresh is a whole one, the ledger sees to."""
    before, beside = site.before(view), companions(view)
    if before and beside and site.is_live(view) and site.storage(view) and before.increment != view.increment:
        query, others = beside[0], beside[1:]
        former = [part for part in companions(before)[1:] if (view.storage[0], part.name) in site.state.relations]
        statements = (
            *(_drop(part, view) for part in reversed(former)),
            *(part.create for part in (query, *others)),
            register_sql(site.target, view),
        )
        lock = Lock("ACCESS EXCLUSIVE", (view.storage[0], query.name), brief=True, note=REFRESH_WAITS)
        yield Step("renew", view.name, "it is refreshed by other statements", statements, lock)


def _drop(part: Companion, view: CompiledView) -> str:
    return f"DROP {'TABLE' if part.relkind == 'r' else 'VIEW'} {qualified(view.storage[0], part.name)}"
