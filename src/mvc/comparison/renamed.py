"""Views that were renamed (`was:`): which of `before` is which of `after`, and the former in the names of the latter.

A view is the same one where it says what it was called, or where what is deployed says that it was called so: the way back. Where also what
stored it is the same but for names, its rows mean the same, and what stores them goes on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mvc.comparison.columns import former_columns
from mvc.compiled.view import AccessRule, CompiledAccess, CompiledColumn, CompiledIndex, CompiledView, RowsOf
from mvc.quoting import identifier, is_plain

if TYPE_CHECKING:
    from mvc.compiled.project import Compiled

Identity = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Pair:
    """A view that is the same on both sides and has other names: of its own, of its columns or of what stores it."""

    before: CompiledView
    after: CompiledView
    may_go_along: bool = True

    @property
    def was(self) -> Identity:
        """What it was called."""
        return self.before.schema, self.before.name

    @property
    def now(self) -> Identity:
        """What it is called."""
        return self.after.schema, self.after.name

    @property
    def columns(self) -> Mapping[str, str]:
        """Columns with another name, then → now."""
        found = former_columns(self.before, self.after)
        there = {column.name for column in self.before.columns}
        return {then: now for then, now in found.items() if then in there and now not in there}

    @property
    def indexes(self) -> Mapping[str, CompiledIndex]:
        """The indexes of what stores it that are the same but for names: what each was called, and what it is."""
        waiting = list(self.after.indexes)
        found: dict[str, CompiledIndex] = {}
        for index in self.before.indexes:
            said = replace(index, definition=_with_columns(index.definition, self.columns))
            same = next((item for item in waiting if replace(item, name=index.name) == said), None)
            if same:
                waiting.remove(same)
                found[index.name] = same
        return found

    @property
    def goes_along(self) -> bool:
        """Whether what stores it holds the same rows and only has other names."""
        before, after = self.before, self.after
        same_kind = (before.kind, before.stored_as, before.storage[0]) == (
            after.kind,
            after.stored_as,
            after.storage[0],
        )
        possible = self.may_go_along and same_kind and before.storage != after.storage
        if not possible or not (_is(after, before) or _is(before, after)):
            return False
        names = [column.name for column in before.columns]
        return not before.exposure.arms or [self.columns.get(name, name) for name in sorted(names)] == sorted(
            self.columns.get(name, name) for name in names
        )  # an arm lists its columns by name, and is replaced where it is


def _with_columns(definition: str, columns: Mapping[str, str], of: str = ".") -> str:
    """What an index or a condition is made of, with the names that columns have now. A plain name stands alone, any other within quotes; what
    comes after a character of `of` is not meant.
    """
    for then, now in columns.items():
        found = rf"(?<![\w${of}\"']){then}(?![\w$\"'(])" if is_plain(then) else re.escape(identifier(then))
        definition = re.sub(found, identifier(now).replace("\\", r"\\"), definition)
    return definition


def _is(later: CompiledView, earlier: CompiledView) -> bool:
    return later.former is not None and later.former.stored == earlier.storage[1]


def pairs_of(before: Iterable[CompiledView], after: Iterable[CompiledView]) -> list[Pair]:
    """The views of both sides of which something has another name, in the order of `after`."""
    old = {(view.schema, view.name): view for view in before if view.alias is None}
    new = {(view.schema, view.name): view for view in after if view.alias is None}
    called = {view.former.place: key for key, view in old.items() if view.former and key not in new}
    found: list[Pair] = []
    for key, view in new.items():
        place = next(
            (item for item in _places(key, view, called) if item in old and (item == key or item not in new)), None
        )
        if place is not None and (place != key or Pair(old[key], view).goes_along):
            found.append(Pair(old[place], view))
    return found


def _places(key: Identity, view: CompiledView, called: Mapping[Identity, Identity]) -> Iterator[Identity]:
    yield key
    if view.former:
        yield view.former.place
    if key in called:
        yield called[key]


def followed(before: Compiled, pairs: Iterable[Pair]) -> Compiled:
    """The project as it was, in the names that its views have now."""
    chosen = {pair.was: pair for pair in pairs}
    if not chosen:
        return before
    names = FormerNames(tuple(chosen.values()))
    taken = {pair.now for pair in chosen.values()} - chosen.keys()
    views = [
        names.view(view, chosen.get((view.schema, view.name)))
        for view in before.views
        if view.alias is None or (view.schema, view.name) not in taken
    ]
    schedules = tuple(replace(item, views=names.named(item.views)) for item in before.schedules)
    own = tuple(replace(item, view=names.named((item.view,))[0]) for item in before.operations.names)
    operations = replace(before.operations, names=own)
    return replace(before, views=tuple(views), schedules=schedules, operations=operations)


@dataclass(frozen=True, slots=True)
class FormerNames:
    """What is called otherwise: views and their columns."""

    pairs: tuple[Pair, ...]

    def named(self, views: Iterable[str]) -> tuple[str, ...]:
        """Views by their names of now."""
        now = {pair.before.called: pair.after.called for pair in self.pairs}
        return tuple(now.get(name, name) for name in views)

    def view(self, view: CompiledView, pair: Pair | None) -> CompiledView:
        """A definition in the names of now; where what stores it goes along, it says what the other says of its rows."""
        schema, name = pair.now if pair else (view.schema, view.name)
        access = self._access(view.access, pair.columns if pair and pair.goes_along else {})
        apart = pair.after.apart if pair else view.apart
        called = replace(view, schema=schema, name=name, apart=apart, access=access, upstream=self.named(view.upstream))
        if pair and pair.goes_along:
            return _saying(called, pair)
        return replace(
            called,
            columns=tuple(self._column(column) for column in view.columns),
            sources=tuple(
                replace(item, relation=self._relation(item.relation), meaning=self._text(item.meaning))
                for item in view.sources
            ),
            filters=tuple(map(self._text, view.filters)),
            picked=view.picked.written(self._text),
            body=self._text(view.body),
            reads=tuple(map(self._read, view.reads)),
            rows=self._rows(view.rows),
        )

    def _access(self, access: CompiledAccess, columns: Mapping[str, str]) -> CompiledAccess:
        return replace(
            access,
            rules=tuple(self._rule(rule, columns) for rule in access.rules),
            restrictions=tuple(
                replace(item, rules=tuple(self._rule(rule, columns) for rule in item.rules))
                for item in access.restrictions
            ),
            columns=tuple(sorted(columns.get(name, name) for name in access.columns)),
        )

    def _rule(self, rule: AccessRule, columns: Mapping[str, str]) -> AccessRule:
        conditions = (_of_own_columns(self._text(item), columns) for item in rule.conditions)
        return replace(rule, conditions=tuple(sorted(conditions)))

    def _column(self, column: CompiledColumn) -> CompiledColumn:
        lineage = tuple(sorted(map(self._read, column.lineage)))
        return replace(column, lineage=lineage, meaning=self._text(column.meaning), rows=self._rows(column.rows))

    def _rows(self, rows: RowsOf) -> RowsOf:
        return RowsOf(tuple(sorted(map(self._relation, rows.relations))), tuple(sorted(map(self._read, rows.columns))))

    def _relation(self, described: str) -> str:
        return next((".".join(pair.now) for pair in self.pairs if described == ".".join(pair.was)), described)

    def _read(self, described: str) -> str:
        """A `schema.view.column`."""
        for pair in self.pairs:
            prefix = f"{'.'.join(pair.was)}."
            if described.startswith(prefix):
                column = described.removeprefix(prefix)
                return f"{'.'.join(pair.now)}.{pair.columns.get(column, column)}"
        return described

    def _text(self, meaning: str) -> str:
        """A text for people in which a view stands before the names of its columns."""
        for pair in self.pairs:
            was, now = pair.was[1], pair.now[1]
            for then, column in pair.columns.items():
                meaning = re.sub(
                    rf"(?<![\w$.]){re.escape(was)}\.{re.escape(then)}(?![\w$])", f"{now}.{column}", meaning
                )
            meaning = re.sub(rf"(?<![\w$.]){re.escape(was)}(?=[.\[])", now, meaning)
        return meaning


def _of_own_columns(condition: str, columns: Mapping[str, str]) -> str:
    """A condition on columns of the view, in their names of now. Where it reads another relation, a name may be of that: it stays undecided."""
    if re.search(r"\bfrom\b", condition, re.IGNORECASE):
        return condition
    parts = re.split(r"('(?:[^']|'')*')", condition)
    return "".join(part if number % 2 else _with_columns(part, columns, of="") for number, part in enumerate(parts))


def _saying(called: CompiledView, pair: Pair) -> CompiledView:
    """What is known to mean the same: it only has its own names of columns and descriptions."""
    after, now = pair.after, pair.columns
    said = {column.name: column for column in after.columns}
    columns = tuple(
        replace(said[now.get(column.name, column.name)], name=column.name, description=column.description)
        for column in called.columns
    )
    return replace(
        called,
        columns=columns,
        storage=after.storage,
        indexes=tuple(pair.indexes.get(index.name, index) for index in called.indexes),
        sources=after.sources,
        filters=after.filters,
        picked=after.picked,
        body=after.body,
        upstream=after.upstream,
        reads=after.reads,
        rows=after.rows,
    )
