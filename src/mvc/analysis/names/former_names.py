"""`was:` of views: each names what no view of the project is any more, and no other one was."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet

from mvc.diagnostics import Diagnostic, error
from mvc.model.project import Project
from mvc.model.view import View


def check_former_names(project: Project, names: AbstractSet[str]) -> Iterator[Diagnostic]:
    """Findings for former names that a view or a table has, or that two views had. `names` are those of all views of the project."""
    places = {(view.schema, view.name) for view in project.views}
    elsewhere = names - {
        view.called for view in project.views
    }  # of what is broken, or not here, the name is known alone
    first: dict[tuple[str, str], View] = {}
    for view in project.views:
        if view.was is None:
            continue
        span, was = view.origin.at("was").span, ".".join(view.was)
        relation = project.catalog.relation(view.was[1], view.was[0])
        if view.was in places or not elsewhere.isdisjoint((view.was[1], was)):
            title = f"`{was}` is a view of the project still"
            help_line = (
                "take `was` away where this is another view; names that change places take two deployments: give that one a name "
                "of its own first"
            )
            yield error("MV216", span, title, label="not a former name", help=help_line)
        elif view.was in first:
            title = f"`{first[view.was].name}` was `{was}` as well"
            yield error(
                "MV216", span, title, help="only one can be what that was: take `was` away from the other, which is new"
            )
        elif view.alias_until and relation is not None and relation.kind != "view":
            title = f"`{was}` is a {relation.kind} of the database already"
            yield error(
                "MV216", span, title, label="taken", help="take `alias_until` away: the former name cannot stay"
            )
        first.setdefault(view.was, view)


def called_now(name: str, views: Iterable[View]) -> str:
    """A line of help for a name that a view had; empty for any other."""
    found = next((view.called for view in views if view.was and name in (view.was[1], ".".join(view.was))), "")
    return f"it is called `{found}` now" if found else ""
