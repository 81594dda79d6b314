"""What the views of an earlier state are called, in the words of a later one: a view may be told by its schema as well since another one came."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mvc.compiled.project import Compiled


def called_alike(before: Compiled, after: Compiled) -> Compiled:
    """The project as it was, with its views called as they are called in `after`, and apart from what is called so there."""
    apart = {(view.schema, view.name): view.apart for view in after.views}
    taken = {view.name for view in after.views}
    views = [
        replace(view, apart=apart.get((view.schema, view.name), view.apart or view.name in taken))
        for view in before.views
    ]
    now = {old.called: view.called for old, view in zip(before.views, views, strict=True)}
    if all(old == new for old, new in now.items()):
        return before

    def named(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(now.get(name, name) for name in names)

    return replace(
        before,
        views=tuple(replace(view, upstream=named(view.upstream)) for view in views),
        schedules=tuple(replace(item, views=named(item.views)) for item in before.schedules),
        operations=replace(
            before.operations,
            names=tuple(replace(item, view=now.get(item.view, item.view)) for item in before.operations.names),
        ),
    )
