"""What a query of a body reads and yields, while its names are looked up: fields, rows, FROM items, scopes.

Only data lives here. `mvc.analysis.body.names` fills it; the checks and the lints of bodies read it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from sqlglot import exp

from mvc.analysis.relation import SourceRelation
from mvc.analysis.row_lineage import Origin
from mvc.expression.parse import folded


@dataclass(frozen=True, slots=True)
class Field:
    """A column of rows. `type` is exact or None; `star` is the offset of the `*` that brought it in from a relation. `counts` says that
    its value depends on which rows there are, and not only on those of its own row. `collation` is a catalog column's.
    """

    name: str
    type: str | None = None
    nullable: bool = True
    lineage: frozenset[Origin] = frozenset()
    star: int | None = None
    counts: bool = False
    collation: str = ""


@dataclass(frozen=True)
class RowType:
    """What a table, a CTE or a subquery yields.

    `keys` are sets of columns that no two rows share; the empty set means one row at most. `open` says that there may be
    fields that are not known. `relation` is the (schema, name) where these are the rows of a base table or of a view.
    """

    described: str
    fields: tuple[Field, ...] = ()
    keys: tuple[frozenset[str], ...] = ()
    primary: frozenset[str] | None = None
    relation: tuple[str, str] | None = None
    open: bool = False
    ordered: bool = False

    @cached_property
    def by_name(self) -> Mapping[str, Field]:
        """The fields; the first one, where a subquery has two of a name."""
        return {item.name: item for item in reversed(self.fields)}


UNKNOWN = RowType("?", open=True)


@dataclass(frozen=True, eq=False)
class FromItem:
    """An entry of FROM. Two items are never the same, however equal."""

    alias: str
    rows: RowType
    node: exp.Expr


@dataclass(frozen=True, eq=False, slots=True)
class Ref:
    """What a column means: a field of an item; None for the whole row, and for columns that only the server knows."""

    scope: SelectScope
    item: FromItem
    field: Field | None


@dataclass(frozen=True, slots=True)
class Output:
    """A column of a SELECT list. `node` is its expression, without the alias; None for one that a `*` brings."""

    field: Field
    node: exp.Expr | None
    ref: Ref | None


@dataclass(frozen=True, eq=False, slots=True)
class Joined:
    """A join of FROM. `optional` are the items that it may lack; None for an inner one, whose condition always holds."""

    node: exp.Join
    optional: frozenset[FromItem] | None


@dataclass(eq=False)
class SelectScope:
    """One SELECT. `order` lists what `*` means and bare names can mean; `missing` are items that an outer join may lack."""

    select: exp.Select
    outer: SelectScope | None
    ctes: Mapping[str, RowType]
    items: list[FromItem] = field(default_factory=list)
    joins: list[Joined] = field(default_factory=list)
    order: list[tuple[str, Ref]] = field(default_factory=list)
    missing: set[FromItem] = field(default_factory=set)
    equal: list[tuple[Ref, Ref]] = field(default_factory=list)  # by USING and NATURAL
    outputs: list[Output] = field(default_factory=list)
    open: bool = False  # the SELECT list holds columns that cannot be told
    grouping: list[exp.Expr] = field(default_factory=list)  # GROUP BY with ordinals and aliases looked up
    sets: bool = False  # GROUPING SETS, CUBE or ROLLUP
    names: dict[str, list[Ref]] = field(default_factory=dict)

    def reindex(self) -> None:
        """To be called when `order` has changed."""
        self.names = {}
        for name, ref in self.order:
            self.names.setdefault(name, []).append(ref)

    def nullable(self, ref: Ref) -> bool:
        """Whether the column may be NULL, outer joins included."""
        return ref.field is None or ref.field.nullable or ref.item in self.missing

    def counts(self, ref: Ref) -> bool:
        """Whether a column's value depends on which rows there are: those of what an outer join may lack included."""
        return ref.field is None or ref.field.counts or ref.item in self.missing

    @property
    def chain(self) -> Iterator[SelectScope]:
        """This scope and those around it, innermost first."""
        scope: SelectScope | None = self
        while scope is not None:
            yield scope
            scope = scope.outer


def of_readable(readable: SourceRelation) -> RowType:
    """The rows of a base relation or of a view of the project."""
    described = readable.described
    fields = tuple(
        Field(
            column.name,
            column.type,
            column.nullable,
            frozenset({(described, column.name)}),
            collation=column.collation,
        )
        for column in readable.columns.values()
    )
    keys = tuple(frozenset(key) for key in readable.keys)
    primary = frozenset(readable.primary) if readable.primary else None
    return RowType(described, fields, keys, primary, readable.reference, readable.open)


def own_nodes(*roots: exp.Expr | None) -> Iterator[exp.Expr]:
    """The nodes of expressions, without what belongs to queries inside of them (the queries themselves included)."""
    stack = [root for root in roots if root is not None]
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, exp.Query):
            stack.extend(node.iter_expressions())


def columns_under(*roots: exp.Expr | None) -> Iterator[exp.Column]:
    """All columns, those of queries inside included."""
    for root in roots:
        if root is not None:
            yield from root.find_all(exp.Column)


def unwrapped(node: exp.Expr) -> exp.Expr:
    """The expression without alias and parentheses around it."""
    while isinstance(node, exp.Alias | exp.Paren | exp.Ordered):
        node = node.this
    return node


def place_of(node: exp.Expr) -> tuple[int, int]:
    """The offsets of an expression, as far as its parts tell."""
    spans = [(item.meta["start"], item.meta["end"] + 1) for item in node.walk() if "start" in item.meta]
    return (min(start for start, _ in spans), max(end for _, end in spans)) if spans else (0, 0)


def name_of(node: exp.Expr) -> str:
    """The last part of a column's or a table's name, folded."""
    return folded(node.this)


def lineage_of(fields: Iterable[Field]) -> frozenset[Origin]:
    """All that these fields come from."""
    return frozenset(origin for item in fields for origin in item.lineage)
