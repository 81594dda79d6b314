"""Views in an order in which each comes after those that it reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mvc.analysis.reads import views_read
from mvc.diagnostics import Diagnostic, error
from mvc.model.view import Body, SubqueryRef, View, ViewRef


def in_order(views: Iterable[View], found: list[Diagnostic]) -> list[View]:
    """The views, upstream first, else by name. Findings for views that read each other in a circle, which are left out."""
    waiting = {view.name: view for view in sorted(views, key=lambda view: view.name)}
    names = schemas_of(waiting.values())
    ordered: list[View] = []
    done: set[str] = set()
    while waiting:
        ready = [view for view in waiting.values() if upstream_names(view, names) <= done]
        if not ready:
            found.extend(_circle(view, waiting, names) for view in _in_circles(waiting, names))
            break
        for view in ready:
            ordered.append(waiting.pop(view.name))
            done.add(view.name)
    return ordered


def schemas_of(views: Iterable[View]) -> Mapping[str, str]:
    """The schema of each view by the view's name."""
    return {view.name: view.schema for view in views}


def upstream_names(view: View, names: Mapping[str, str]) -> set[str]:
    """Those of the views (name → schema, empty where that is not known) that `view` reads."""
    if isinstance(view.body, Body):
        return views_read(view.body.sql, names) - {view.name}
    relations = [source.relation for source in view.body.sources]
    found = {relation.name for relation in relations if isinstance(relation, ViewRef)} & names.keys()
    for relation in relations:
        if isinstance(relation, SubqueryRef):
            found |= views_read(relation.sql, names) - {view.name}
    return found


def _in_circles(waiting: dict[str, View], names: Mapping[str, str]) -> list[View]:
    """The views that reach themselves; the others only wait for those."""
    return [view for view in waiting.values() if view.name in _reached(view, waiting, names)]


def _reached(view: View, waiting: dict[str, View], names: Mapping[str, str]) -> set[str]:
    reached: set[str] = set()
    front = upstream_names(view, names)
    while front:
        reached |= front
        front = {name for item in front if item in waiting for name in upstream_names(waiting[item], names)} - reached
    return reached


def _circle(view: View, waiting: dict[str, View], names: Mapping[str, str]) -> Diagnostic:
    reads = ", ".join(f"`{name}`" for name in sorted(upstream_names(view, names) & waiting.keys()))
    title = f"`{view.name}` reads itself, through {reads}"
    return error("MV206", view.origin.at("view").span, title, help="move what both need into a view of its own")
