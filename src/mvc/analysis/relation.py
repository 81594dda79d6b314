"""What a source reads, whatever it is: a base table, another view of the project, a subquery. Columns, keys, a name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from mvc.analysis.row_lineage import Origin, RowLineage
from mvc.catalog.types import Column, ForeignKey, Relation, RelationKind
from mvc.expression import Expression


@dataclass(frozen=True, slots=True)
class Arm:
    """One of several relations that are read as one, by the name that the spec calls it."""

    name: str
    relation: SourceRelation


@dataclass(frozen=True, slots=True)
class SourceRelation:
    """Something with rows. `reference` is its (schema, name) in SQL; a subquery has `sql` instead.

    `keys` are sets of columns of which no two rows share non-null values. `primary` is the real primary key, whose other
    columns PostgreSQL knows to be functionally dependent. `open` says that columns other than `columns` may exist.
    `views` are the views of the project that it reads. `kind` is what the catalog calls it, None for what is not in there.
    `lineage` and `within` say of a subquery what its columns and its rows follow from, `written` is its author's text.
    `indexes` are the columns that each index begins with, keys' ones among them: for how a query is written, never for what it means.
    What has no name in SQL goes by a `label`. Rows that are `constant` come from the spec: time may add some, those of which `until` holds, and
    `unwatched` says why what time does cannot be followed. `arms` are several relations that are read as one, `lacking` says which columns
    these do not all have, and why. `inferred` gives the types of computed columns by their names, without a modifier: good enough for findings, and for nothing else.
    """

    described: str
    columns: Mapping[str, Column]
    keys: tuple[tuple[str, ...], ...]
    primary: tuple[str, ...] | None = None
    reference: tuple[str, str] | None = None
    sql: str | None = None
    foreign_keys: tuple[ForeignKey, ...] = ()
    open: bool = False
    views: tuple[str, ...] = ()
    kind: RelationKind | None = None
    lineage: Mapping[str, frozenset[Origin]] | None = None
    within: RowLineage | None = None
    written: str = ""
    inferred: Callable[[str], str | None] | None = field(default=None, compare=False, repr=False)
    indexes: tuple[tuple[str, ...], ...] = field(default=(), compare=False)
    label: str = ""
    constant: bool = False
    until: Expression | None = None
    unwatched: str = ""
    arms: tuple[Arm, ...] = ()
    lacking: Mapping[str, str] = field(default_factory=dict)

    def type_of(self, column: str) -> str | None:
        """The type of a column for what PostgreSQL would refuse: as it is known, else as it follows from its expression."""
        known = self.columns[column].type
        return known if known or self.inferred is None else self.inferred(column)

    def origins(self, column: str) -> frozenset[Origin]:
        """What values of a column follow from: itself, but for a subquery's."""
        found = self.lineage.get(column) if self.lineage is not None else None
        return frozenset({(self.described, column)}) if found is None else found

    @property
    def rows(self) -> RowLineage:
        """What its rows follow from."""
        return RowLineage(frozenset({self.described})) if self.within is None else self.within

    def not_null(self, names: Iterable[str]) -> bool:
        """Whether all these columns are known and never NULL."""
        return all((column := self.columns.get(name)) is not None and not column.nullable for name in names)


def unknown(alias: str) -> SourceRelation:
    """A source of which nothing is known: it may have any column."""
    return SourceRelation(described=alias, columns={}, keys=(), open=True)


def of_relation(relation: Relation) -> SourceRelation:
    """A base table or view of the database."""
    primary = next((key.columns for key in relation.keys if key.primary), None)
    return SourceRelation(
        described=f"{relation.schema}.{relation.name}",
        columns={column.name: column for column in relation.columns},
        keys=tuple(sorted({key.columns for key in relation.keys}, key=lambda key: (len(key), key != primary, key))),
        primary=primary,
        reference=(relation.schema, relation.name),
        foreign_keys=relation.foreign_keys,
        kind=relation.kind,
        indexes=(*(key.columns for key in relation.keys), *relation.indexes),
    )


class Upstream(dict[str, SourceRelation]):
    """The project's views that can be read so far, by what they are called; and the names that `several` of its views have, with what these are
    called.
    """

    several: Mapping[str, tuple[str, ...]] = {}
