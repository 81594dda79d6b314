"""How parts of a stored view are refreshed, as the statements that do it."""

from __future__ import annotations

from mvc.analysis.refresh.change_paths import Trace
from mvc.analysis.refresh.modes import Period
from mvc.analysis.refresh.undetermined import undetermined
from mvc.analysis.resolved import DeclaredQuery, ResolvedView
from mvc.compiled.refresh import Increment, Window
from mvc.engines.postgres.deploy.naming import companion_name
from mvc.engines.postgres.query.restricted_query import groups_query, many_groups_query
from mvc.engines.postgres.query.windows import window_query
from mvc.engines.postgres.refresh.changed_groups import causes_query, keys_query, moved_query, watched
from mvc.engines.postgres.refresh.merge import Merges


def increment_of(view: ResolvedView, trace: Trace, storage: tuple[str, str]) -> Increment:
    """How the groups that changed are refreshed."""
    if not isinstance(view.query, DeclaredQuery):
        raise TypeError(view.query)
    chance = undetermined(view.query)
    dirty = (storage[0], companion_name(storage[1], "dirty"))
    return Increment(
        watched=watched(trace),
        causes=causes_query(view, trace, storage),
        moved=moved_query(view, trace, storage),
        groups=groups_query(view, view.query, dirty),
        many=many_groups_query(view, view.query, dirty),
        keys=keys_query(view, trace),
        merge=Merges(view, storage).groups(),
        merge_many=Merges(view, storage).many_groups(),
        unordered=chance.unordered,
        undetermined=chance.other,
    )


def window_of(view: ResolvedView, period: Period, storage: tuple[str, str]) -> Window:
    """How the rows of a period are refreshed."""
    text = window_query(view, period)
    merge = Merges(view, storage).window(period.column, period.type, text)
    return Window(period.column, period.unit, period.seconds, merge, inline=bool(text))
