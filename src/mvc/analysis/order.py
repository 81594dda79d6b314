"""Views in an order in which each comes after those that it reads."""

from __future__ import annotations

from collections.abc import Iterable

from mvc.analysis.names.reads import Places
from mvc.diagnostics import Diagnostic, Findings, error
from mvc.model.view import Body, SubqueryRef, View, ViewRef


def in_order(views: Iterable[View], found: Findings) -> list[View]:
    """The views, upstream first, else by name. Findings for views that read each other in a circle, which are left out."""
    waiting = {view.called: view for view in sorted(views, key=lambda view: view.called)}
    places = places_of(waiting.values())
    ordered: list[View] = []
    done: set[str] = set()
    while waiting:
        ready = [view for view in waiting.values() if upstream_names(view, places) <= done]
        if not ready:
            found.extend(_circle(view, waiting, places) for view in _in_circles(waiting, places))
            break
        for view in ready:
            ordered.append(waiting.pop(view.called))
            done.add(view.called)
    return ordered


def places_of(views: Iterable[View]) -> Places:
    """Where the views are."""
    return Places({view.called: (view.schema, view.name) for view in views})


def upstream_names(view: View, places: Places) -> set[str]:
    """What those of the views at `places` are called that `view` reads."""
    if isinstance(view.body, Body):
        return places.read_by(view.body.sql) - {view.called}
    relations = [source.relation for source in view.body.sources]
    found = {relation.name for relation in relations if isinstance(relation, ViewRef)} & places.names
    for relation in relations:
        if isinstance(relation, SubqueryRef):
            found |= places.read_by(relation.sql) - {view.called}
    return found


def _in_circles(waiting: dict[str, View], places: Places) -> list[View]:
    """The views that reach themselves; the others only wait for those."""
    return [view for view in waiting.values() if view.called in _reached(view, waiting, places)]


def _reached(view: View, waiting: dict[str, View], places: Places) -> set[str]:
    reached: set[str] = set()
    front = upstream_names(view, places)
    while front:
        reached |= front
        front = {name for item in front if item in waiting for name in upstream_names(waiting[item], places)} - reached
    return reached


def _circle(view: View, waiting: dict[str, View], places: Places) -> Diagnostic:
    reads = ", ".join(f"`{name}`" for name in sorted(upstream_names(view, places) & waiting.keys()))
    title = f"`{view.called}` reads itself, through {reads}"
    return error("MV206", view.origin.at("view").span, title, help="move what both need into a view of its own")
