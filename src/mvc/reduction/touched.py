"""Which views a difference between two outlines touches, by the files that differ.

A view's own text touches what is stored of it, and with it every view that reads it. So does a schedule that refreshes views
in part, since that decides what stores them. Policies and other schedules touch only the views that they name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from mvc.compiled.view import PARTIAL
from mvc.reduction.mentions import MentionedNames, content, values, words
from mvc.reduction.outline import Outline
from mvc.reduction.part import Unclear

_PARTIAL: Final = re.compile(rf"{'|'.join(PARTIAL)}|\\\\")  # an escape may hide anything

Items = list[tuple[str, dict[str, Any]]]


def changed_views(one: Outline, other: Outline) -> set[str]:
    """The views whose file is another one, or reads otherwise, or stands on one side only."""
    return {name for name in one.views.keys() | other.views.keys() if one.views.get(name) != other.views.get(name)}


def measuring_views(one: Outline, other: Outline) -> set[str]:
    """The views that show a measure which is not the same on both sides, or one that is computed from such a one. Raises Unclear."""
    before, after = dict(_measures(one)), dict(_measures(other))
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    waiting = True
    while waiting:
        names = MentionedNames(changed)
        more = {name for side in (before, after) for name, text in side.items() if names.among(words(text))} - changed
        changed |= more
        waiting = bool(more)
    shown = MentionedNames(changed)
    return {
        view for side in (one, other) for view, file in side.views.items() if changed and shown.among(side.words(*file))
    }


def ruled_views(one: Outline, other: Outline) -> set[str]:
    """The views of which a policy differs, or a predicate that a policy uses, or the order of policies. Raises Unclear."""
    before, after = _differing(one.policies, other.policies), _differing(other.policies, one.policies)
    rules = _by_view(_items(before, "policies")), _by_view(_items(after, "policies"))
    touched = {view for view in rules[0].keys() | rules[1].keys() if rules[0].get(view) != rules[1].get(view)}
    terms = dict(_predicates(before)), dict(_predicates(after))
    changed = MentionedNames(
        name for name in terms[0].keys() | terms[1].keys() if terms[0].get(name) != terms[1].get(name)
    )
    return touched | _using(changed, one) | _using(changed, other)


def scheduled_views(one: Outline, other: Outline) -> set[str]:
    """The views that a schedule names which is not the same on both sides. Raises Unclear."""
    before = _items(_differing(one.schedules, other.schedules), "schedules")
    after = _items(_differing(other.schedules, one.schedules), "schedules")
    known = {repr(item) for _, item in before} & {repr(item) for _, item in after}
    selectors = [name for _, item in (*before, *after) if repr(item) not in known for name in _named(item, "refresh")]
    return {view for selector in selectors for side in (one, other) for view in _selected(selector, side)}


def restored_views(one: Outline, other: Outline, changed: set[str]) -> set[str]:
    """The views of which another kind of relation may be the storage, with `changed` views on the way to them (`+name`).
    Raises Unclear.
    """
    reached = [dict(_reached_in_part(side)) for side in (one, other)]
    selectors = reached[0].keys() | reached[1].keys()
    views = {selector: reached[0].get(selector, set()) | reached[1].get(selector, set()) for selector in selectors}
    both = reached[0].keys() & reached[1].keys()
    return {
        view
        for selector in selectors
        if selector not in both or not views[selector].isdisjoint(changed)
        for view in views[selector]
    }


def _reached_in_part(side: Outline) -> Iterator[tuple[tuple[str, str], set[str]]]:
    """Schedule and selector → the views that it may have refreshed in part."""
    files = {path: text for path, text in side.schedules.items() if _PARTIAL.search(text)}
    for _, item in _items(files, "schedules"):
        for selector in _named(item, "refresh") if item.get("mode") in PARTIAL else ():
            views = _selected(selector, side)
            yield (repr(item), selector), side.upstream(views) if selector[:1] == "+" else views


def carried_views(side: Outline) -> set[str]:
    """The views that some schedule refreshes after all that they read (`+name`). Raises Unclear."""
    files = {path: text for path, text in side.schedules.items() if "+" in text or "\\" in text}
    selectors = [name for _, item in _items(files, "schedules") for name in _named(item, "refresh")]
    carrying = [selector for selector in selectors if selector[:1] == "+" and selector != "+all"]
    return {view for selector in carrying for view in _selected(selector, side)}


def _differing(files: Mapping[str, str], others: Mapping[str, str]) -> dict[str, str]:
    return {path: text for path, text in files.items() if others.get(path) != text}


def _items(files: Mapping[str, str], key: str) -> Items:
    """The mappings that the files list under a key, each with its path."""
    found: Items = []
    for path, text in files.items():
        items = _under(key, path, text) or ()
        if not isinstance(items, tuple) or not all(isinstance(item, dict) for item in items):
            raise Unclear(path)
        found += [(path, item) for item in items]
    return found


def _under(key: str, path: str, text: str) -> Any:
    """What stands under a key of a file; None where nothing does."""
    data = content(path, text)
    if not isinstance(data, dict | None):
        raise Unclear(path)
    return data and data.get(key)


def _named(item: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """The names under a key that takes one or several."""
    given = item.get(key)
    names = given if isinstance(given, tuple) else (given,)
    if not all(isinstance(name, str) for name in names):
        raise Unclear(key)
    return names


def _by_view(items: Items) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for path, item in items:
        for view in _named(item, "view"):
            found.setdefault(view, []).append((path, repr(item)))
    return found


def _measures(side: Outline) -> Iterator[tuple[str, str]]:
    for path, text in side.measures.items():
        named = _under("measures", path, text) or {}
        if not isinstance(named, dict):
            raise Unclear(path)
        yield from ((name, repr(value)) for name, value in named.items())


def _predicates(files: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for path, text in files.items():
        named = _under("predicates", path, text) or {}
        if not isinstance(named, dict):
            raise Unclear(path)
        yield from ((name, repr(value)) for name, value in named.items())


def _using(predicates: MentionedNames, side: Outline) -> set[str]:
    """The views of policies that mention one of the predicates."""
    files = {path: text for path, text in side.policies.items() if predicates.among(side.words(path, text))}
    items = (item for _, item in _items(files, "policies") if predicates.among(words(values(item))))
    return {view for item in items for view in _named(item, "view")}


def _selected(selector: str, side: Outline) -> set[str]:
    """The views that a selector may name; a tag stands in the file of a view that has it."""
    value = selector.removeprefix("+")
    if value == "all":
        return set(side.views)
    if not value.startswith("tag:"):
        return {value} & side.views.keys()
    parts = words(value.removeprefix("tag:"))
    return {name for name, (path, text) in side.views.items() if parts <= side.words(path, text)}
