"""Views in an order in which each comes after those that it reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mvc.analysis.names.reads import Places
from mvc.diagnostics import Diagnostic, Findings, error
from mvc.model.policy import AllOf, AnyOf, Condition, Policy
from mvc.model.view import Body, Sql, SubqueryRef, View, ViewRef


def in_order(views: Iterable[View], found: Findings, policies: Iterable[Policy] = ()) -> list[View]:
    """The views, upstream first, and where that leaves it open those first that the rules of others ask, else by name. Findings for views that
    read each other in a circle, which are left out; rules that ask each other's views in a circle are a matter of the server's.
    """
    waiting = {view.called: view for view in sorted(views, key=lambda view: view.called)}
    places = places_of(waiting.values())
    asked = _asked_by_rules(policies, places)
    ordered: list[View] = []
    done: set[str] = set()
    while waiting:
        ready = [view for view in waiting.values() if upstream_names(view, places) <= done]
        if not ready:
            found.extend(_circle(view, waiting, places) for view in _in_circles(waiting, places))
            break
        calm = [view for view in ready if not asked.get(view.called, set()) & waiting.keys() - {view.called}]
        for view in calm or ready[:1]:
            ordered.append(waiting.pop(view.called))
            done.add(view.called)
    return ordered


def _asked_by_rules(policies: Iterable[Policy], places: Places) -> dict[str, set[str]]:
    """What the views are called that the rules of a view ask, by what that one is called."""
    asked: dict[str, set[str]] = {}
    for policy in policies:
        texts = (sql.expression.source for sql in _texts(policy.condition) if sql.expression.subquery is not None)
        asked.setdefault(policy.view, set()).update(*(places.read_by(f"SELECT {text}") for text in texts))
    return asked


def _texts(condition: Condition) -> Iterator[Sql]:
    if isinstance(condition, Sql):
        yield condition
    elif isinstance(condition, AllOf | AnyOf):
        for part in condition.parts:
            yield from _texts(part)


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
