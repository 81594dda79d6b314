"""Which views are imported: the materialized ones that the patterns name, and the plain views that stand between two of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mvc.diagnostics import did_you_mean
from mvc.importing.found import FoundView, Kind, Place


@dataclass(frozen=True, slots=True)
class NamedView:
    """A view by its number in the database; `reads` are numbers of relations."""

    number: int
    schema: str
    name: str
    kind: Kind
    reads: frozenset[int]

    @property
    def place(self) -> Place:
        """Its schema and its name."""
        return self.schema, self.name


class NothingFound(Exception):
    """No materialized view is what was asked for."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def matches(place: Place, pattern: str) -> bool:
    """Whether a view is meant by `schema.name` or `name`, where `*` stands for any letters. Names may be in double quotes."""
    name = pattern.replace('"', "")
    written = ".".join(place) if "." in name else place[1]
    return re.fullmatch(".*".join(map(re.escape, name.split("*"))), written, re.DOTALL) is not None


def chosen(views: Iterable[NamedView], patterns: Iterable[str] = ()) -> tuple[int, ...]:
    """The numbers of the views to import. Raises NothingFound where there are none, or a pattern names none."""
    known = {view.number: view for view in views}
    stored = [view for view in known.values() if view.kind == "materialized view"]
    if not stored:
        raise NothingFound("there is no materialized view", "is it another database, or are there other files?")
    wanted = tuple(patterns)
    for pattern in wanted:
        _check(pattern, stored, known.values())
    asked = {view.number for view in stored if not wanted or any(matches(view.place, item) for item in wanted)}
    between = _between(known, asked)
    return tuple(number for number in known if number in asked | between)


def chosen_written(views: tuple[FoundView, ...], patterns: Iterable[str] = ()) -> tuple[FoundView, ...]:
    """The same of views that files define. Raises NothingFound."""
    numbers = {view.place: number for number, view in enumerate(views)}
    named = [
        NamedView(number, *view.place, view.kind, frozenset(numbers[place] for place in view.upstream))
        for number, view in enumerate(views)
    ]
    return tuple(views[number] for number in chosen(named, patterns))


def _check(pattern: str, stored: Iterable[NamedView], views: Iterable[NamedView]) -> None:
    places = [view.place for view in stored]
    if any(matches(place, pattern) for place in places):
        return
    if any(matches(view.place, pattern) for view in views):
        hint = "a plain view is imported where it stands between materialized ones"
        raise NothingFound(f"`{pattern}` is a plain view, and no materialized one", hint)
    near = did_you_mean(pattern, [".".join(place) for place in places], "materialized views")
    raise NothingFound(f"no materialized view matches `{pattern}`", near)


def _between(known: Mapping[int, NamedView], asked: set[int]) -> set[int]:
    """The plain views that read one of those asked for, and are read by another one."""
    plain = {number for number, view in known.items() if view.kind == "view"}
    below = _reached(asked, {number: set(view.reads) for number, view in known.items()}, plain)
    readers: dict[int, set[int]] = {}
    for view in known.values():
        for number in view.reads:
            readers.setdefault(number, set()).add(view.number)
    return below & _reached(asked, readers, plain)


def _reached(start: set[int], edges: Mapping[int, set[int]], plain: set[int]) -> set[int]:
    """The plain views to which edges lead from `start` by way of plain views alone."""
    found: set[int] = set()
    front = start
    while front:
        front = {other for number in front for other in edges.get(number, ())} & plain - found
        found |= front
    return found
