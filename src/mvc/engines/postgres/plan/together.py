"""Which views are switched together: a statement that reads two of them sees both as they were, or both as they are then.

Readers of each wait until the last one is in place.
"""

from __future__ import annotations

from typing import Final

from mvc.compiled.view import CompiledView
from mvc.engines.postgres.plan.context import PlanContext

MOST_TOGETHER: Final = 12  # exposures in one switch: each costs some milliseconds while readers of all of them wait
MADE_ANEW: Final = 2  # one that is dropped and created costs as much as so many others


def together(views: list[CompiledView], site: PlanContext) -> list[list[CompiledView]]:
    """The views by switch, upstream first: those that read each other in one, and others with them as long as that is an instant.

    So are those that show no rows since base tables change: the rules of one may ask what another one does not have.
    """
    groups: list[list[CompiledView]] = []
    for view in views:  # upstream first, so what a view reads is in a group already
        closed = site.is_closed(view)
        joined = [
            group
            for group in groups
            if any(_belong(view, other, site) or (closed and site.is_closed(other)) for other in group)
        ]
        groups = [group for group in groups if group not in joined]
        groups.append([*(other for group in joined for other in group), view])
    packed: list[list[CompiledView]] = []
    for group in groups:
        if packed and _cost(packed[-1], site) + _cost(group, site) <= MOST_TOGETHER:
            packed[-1] += group
        else:
            packed.append(list(group))
    return packed


def _belong(view: CompiledView, other: CompiledView, site: PlanContext) -> bool:
    """Whether one reads the other, or takes the name of what reads what the other takes the name of."""
    names = (view.schema, view.name), (other.schema, other.name)
    read = names[0] in site.readers_of_taken(names[1]) or names[1] in site.readers_of_taken(names[0])
    return other.called in view.upstream or read


def _cost(group: list[CompiledView], site: PlanContext) -> int:
    """For how long readers wait that it is switched, in exposures that are replaced in place."""
    return sum(MADE_ANEW if site.made_anew(view) or site.in_the_way(view) else 1 for view in group)
