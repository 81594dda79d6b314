"""What has been read of the DDL so far. Statements change it one after the other; `mvc.catalog.freeze` ends it.

This is the one mutable thing of the catalog. It knows nothing of SQL.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from mvc.catalog.cursor import Name
from mvc.catalog.foreign_types import GivenType
from mvc.catalog.tokens import Token
from mvc.catalog.type_names import TypeName
from mvc.catalog.types import (
    Column,
    CompositeType,
    DomainType,
    EnumType,
    Function,
    PartitionMethod,
    RangeType,
    RelationKind,
)
from mvc.diagnostics import Diagnostic, Label, Span, did_you_mean, warning
from mvc.quoting import qualified

TEMPORARY: Final = "pg_temp"
UserType = EnumType | DomainType | CompositeType | RangeType


@dataclass
class DraftKey:
    """A key under the name of its constraint or index, by which later statements speak of it."""

    name: str
    columns: list[str]
    primary: bool = False


@dataclass
class DraftReference:
    """A foreign key as written. Its target is looked up at the end, since dumps and folders come in any order."""

    name: str
    columns: list[str]
    target: Name
    target_columns: list[str]
    path: tuple[str, ...]
    place: Span
    valid: bool = True
    found: DraftRelation | None = None


@dataclass(eq=False)
class DraftRelation:
    """A relation under construction. `children` are its partitions and the tables that inherit from it."""

    schema: str
    name: str
    kind: RelationKind
    place: Span
    columns: dict[str, Column] = field(default_factory=dict)
    keys: list[DraftKey] = field(default_factory=list)
    references: list[DraftReference] = field(default_factory=list)
    partition_by: list[str] = field(default_factory=list)
    partition_method: PartitionMethod = ""
    row_security: bool = False
    children: list[DraftRelation] = field(default_factory=list)
    indexes: list[DraftKey] = field(default_factory=list)

    @property
    def title(self) -> str:
        return qualified(self.schema, self.name)

    def family(self, *, only: bool = False) -> Iterator[DraftRelation]:
        """The relation and, unless `only`, all below it."""
        yield self
        for child in [] if only else self.children:
            yield from child.family()


class Missing(Exception):
    """A statement speaks of a relation that is not there (yet)."""

    def __init__(self, name: Name) -> None:
        super().__init__(name.name)
        self.name = name


@dataclass(frozen=True)
class SourceText:
    """One file, for the places of findings and the texts of bodies."""

    path: str
    text: str

    @cached_property
    def _starts(self) -> list[int]:
        starts = [0]
        while (newline := self.text.find("\n", starts[-1])) >= 0:
            starts.append(newline + 1)
        return starts

    def span(self, start: int, end: int) -> Span:
        return Span(self.path, *self._place(start), *self._place(max(start, end)))

    def _place(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1


class Draft:
    """All relations, types and functions read so far, the file in hand, and the findings."""

    def __init__(self, search_path: tuple[str, ...], storage_schema: str = "") -> None:
        self.search_path = search_path
        self.storage_schema = storage_schema
        self.path = search_path
        self.source = SourceText("", "")
        self.relations: dict[tuple[str, str], DraftRelation] = {}
        self.types: dict[tuple[str, str], UserType] = {}
        self.functions: dict[tuple[str, str, tuple[str, ...]], Function] = {}
        self.extensions: set[str] = set()
        self.operators: set[str] = set()
        self.folding: set[tuple[str, str]] = set()  # collations that call different texts equal
        self.domain_collations: dict[tuple[str, str], str] = {}
        self.unread: set[str] = set()  # names of relations whose definition could not be read
        self.given: list[GivenType] = []  # the types of columns, to be looked up at the end
        self.findings: list[Diagnostic] = []

    def span(self, item: Name | Token | DraftRelation) -> Span:
        return item.place if isinstance(item, DraftRelation) else self.source.span(item.start, item.end)

    def warn(self, code: str, item: Name | Token, title: str, help: str = "") -> None:
        self.findings.append(warning(code, self.span(item), title, help=help))

    def home(self, name: Name) -> tuple[str, str]:
        """Where `CREATE … name` puts a thing."""
        return name.schema or next(iter(self.path or self.search_path), "public"), name.name

    def lookup(self, name: Name, path: tuple[str, ...] | None = None) -> DraftRelation | None:
        """The relation that a name means, looked up along the search path of the file (or `path`)."""
        schemas = (name.schema,) if name.schema else (TEMPORARY, *(self.path if path is None else path))
        return next((found for item in schemas if (found := self.relations.get((item, name.name)))), None)

    def find(self, name: Name) -> DraftRelation:
        """The relation that a name means. Raises Missing."""
        if found := self.lookup(name):
            return found
        raise Missing(name)

    def add(self, relation: DraftRelation) -> None:
        """Takes a new relation in, unless another one has its name: then the first one stays and a finding says so."""
        earlier = self.relations.setdefault((relation.schema, relation.name), relation)
        if earlier is not relation:
            self.twice(relation.title, relation.place, earlier.place)

    def twice(self, title: str, place: Span, earlier: Span | None = None) -> None:
        related = [Label(earlier, "first defined here")] if earlier else []
        self.findings.append(
            warning("MV023", place, f"{title} is defined twice", help="the first definition is used", related=related)
        )

    def has_column(self, relation: DraftRelation, column: Token) -> bool:
        """Whether the column is there; if not, a finding says so."""
        if column.text in relation.columns:
            return True
        title = f"column `{column.text}` does not exist in `{relation.title}`"
        self.warn("MV022", column, title, did_you_mean(column.text, relation.columns, "columns"))
        return False

    def rename(self, relation: DraftRelation, schema: str, name: str) -> None:
        del self.relations[relation.schema, relation.name]
        relation.schema, relation.name = schema, name
        self.relations[schema, name] = relation

    def drop(self, relation: DraftRelation) -> None:
        """Drops a relation with its partitions."""
        for item in relation.family():
            self.relations.pop((item.schema, item.name), None)
        for other in self.relations.values():
            if relation in other.children:
                other.children.remove(relation)

    def resolve(self, written: TypeName) -> tuple[str, str] | None:
        """The (schema, name) of a user's type or of a relation's row type; None for the server's own and unknown ones."""
        if written.own or written.schema == "pg_catalog":
            return None
        if written.schema is not None:
            return written.schema, written.name
        places = ((schema, written.name) for schema in self.path)
        return next((place for place in places if place in self.types or place in self.relations), None)

    def folds(self, name: Name) -> str:
        """The collation that a name means, where it calls different texts equal; else nothing."""
        schemas = (name.schema,) if name.schema else self.path
        place = next((found for item in schemas if (found := (item, name.name)) in self.folding), None)
        return self.visible(*place) if place else ""

    def collation_of(self, written: TypeName) -> str:
        """The same of a type's values where nothing else is said: a domain may say it."""
        place = None if written.array else self.resolve(written)
        return self.domain_collations.get(place, "") if place else ""

    def spell(self, written: TypeName, *, modifiers: bool = True) -> str:
        """The type as `format_type()` spells it for a session with the catalog's search path."""
        if written.row_of:
            relation = self.find(Name(written.schema, written.name, 0, 0))
            column = relation.columns.get(written.row_of)
            return (column.type if column else None) or "text"
        place = self.resolve(written)
        return written.spelled(self.visible(*place) if place else None, modifiers=modifiers)

    def visible(self, schema: str, name: str) -> str:
        """A type's name, with its schema where the search path would not find it."""
        for item in self.search_path:
            if item == schema:
                return qualified(name)
            if (item, name) in self.types or (item, name) in self.relations:
                break
        return qualified(schema, name)
