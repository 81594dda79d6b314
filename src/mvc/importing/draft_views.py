"""The views that files of SQL define, while their statements are read one after the other: the last definition of a name counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from mvc.importing.found import FoundIndex, FoundView, Kind, Lost, Place
from mvc.importing.renamed_outputs import renamed
from mvc.quoting import identifier
from mvc.spec.base import Setting
from mvc.sql.outputs import query_names
from mvc.sql.parser import GrammarError
from mvc.sql.relations import relations

Named = tuple[str | None, str]  # schema, if it was written, and name


@dataclass
class DraftView:
    """A view under construction. `names` are those of its first outputs, where the statement lists them; a reader None is PUBLIC."""

    schema: str
    name: str
    kind: Kind
    sql: str
    names: tuple[str, ...] = ()
    description: str = ""
    descriptions: dict[str, str] = field(default_factory=dict)
    indexes: list[FoundIndex] = field(default_factory=list)
    readers: set[str | None] = field(default_factory=set)
    parameters: dict[str, Setting] = field(default_factory=dict)
    owner: str = ""
    lost: list[Lost] = field(default_factory=list)


@dataclass
class DraftViews:
    """All views so far, by place, along a search path that statements may set. What nobody can read is in `lost`, with its place in the files."""

    path: tuple[str, ...]
    views: dict[Place, DraftView] = field(default_factory=dict)
    functions: dict[str, tuple[str, str]] = field(default_factory=dict)  # name → body, language
    jobs: dict[str, tuple[str, str]] = field(default_factory=dict)  # name → line, command
    lost: list[Lost] = field(default_factory=list)

    def home(self, named: Named) -> Place:
        """Where something new of this name is."""
        schema, name = named
        return schema or (self.path[0] if self.path else "public"), name

    def find(self, named: Named) -> DraftView | None:
        """The view that is meant, if it is one of these."""
        schema, name = named
        return next(
            (found for item in ((schema,) if schema else self.path) if (found := self.views.get((item, name)))), None
        )

    def with_index(self, named: Named) -> tuple[DraftView, FoundIndex] | None:
        """The view that has an index of this name, and the index."""
        schema, name = named
        places = ((view, index) for view in self.views.values() for index in view.indexes)
        return next(
            ((view, index) for view, index in places if index.name == name and schema in (None, view.schema)), None
        )

    def add(self, view: DraftView) -> None:
        """A view that is defined here; it takes the place of another one."""
        self.views.pop((view.schema, view.name), None)
        self.views[view.schema, view.name] = view

    def move(self, view: DraftView, place: Place) -> None:
        """Another name or schema."""
        del self.views[view.schema, view.name]
        view.schema, view.name = place
        self.add(view)

    def drop(self, named: Named, *, cascades: bool) -> None:
        """A view goes and, with CASCADE, all that read it."""
        view = self.find(named)
        if view is None:
            return
        del self.views[view.schema, view.name]
        for other in list(self.views.values()) if cascades else ():
            if (view.schema, view.name) in _reads(other, self.path):
                self.drop((other.schema, other.name), cascades=True)

    def finished(self) -> tuple[FoundView, ...]:
        """The views as they are in the end."""
        return tuple(_finished(view, self) for view in self.views.values())


def _reads(view: DraftView, path: tuple[str, ...]) -> set[Place]:
    try:
        found = relations(view.sql) or frozenset()
    except (GrammarError, RecursionError):
        return set()
    return {(schema, item.name) for item in found for schema in ((item.schema,) if item.schema else path)}


def _finished(view: DraftView, all_: DraftViews) -> FoundView:
    return FoundView(
        view.schema,
        view.name,
        view.kind,
        renamed(view.sql, view.names),
        columns=view.names,
        description=view.description,
        descriptions=dict(view.descriptions),
        indexes=tuple(view.indexes),
        readers=tuple(sorted(view.readers, key=lambda role: (role is None, role or ""))),
        parameters=dict(view.parameters),
        owner=view.owner,
        upstream=tuple(sorted(_reads(view, all_.path) & all_.views.keys())),
        lost=tuple(view.lost),
        authored=True,
    )


def rename_column(view: DraftView, before: str, after: str) -> bool:
    """Another name for an output; False where it cannot be told which one that is."""
    names = query_names(view.sql) or ()
    outputs = (*view.names, *names[len(view.names) :])
    if before not in outputs or None in outputs[: outputs.index(before)]:
        return False
    place = outputs.index(before)
    view.names = (*(str(name) for name in outputs[:place]), after, *view.names[place + 1 :])
    view.indexes = [_with_column(index, before, after) for index in view.indexes]
    if before in view.descriptions:
        view.descriptions[after] = view.descriptions.pop(before)
    return True


def _with_column(index: FoundIndex, before: str, after: str) -> FoundIndex:
    keys = (
        replace(key, column=after, expression=identifier(after)) if key.column == before else key for key in index.keys
    )
    include = tuple(after if name == before else name for name in index.include)
    return replace(index, keys=tuple(keys), include=include)


def granted(view: DraftView, roles: Iterable[str | None], *, given: bool) -> None:
    """SELECT is given to roles, or taken from them."""
    if given:
        view.readers |= set(roles)
    else:
        view.readers -= set(roles)


def within(schemas: Iterable[str], all_: DraftViews) -> Iterator[DraftView]:
    """The views of some schemas."""
    wanted = set(schemas)
    yield from (view for view in all_.views.values() if view.schema in wanted)
