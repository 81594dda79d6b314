"""The result of analysis: a view whose names, types, grain and shape are known. Nothing here is text to be parsed again."""

from __future__ import annotations

from dataclasses import dataclass

from mvc.analysis.declared.after import NOTHING, After
from mvc.analysis.declared.blocks import Block
from mvc.analysis.declared.computed import Derived
from mvc.analysis.declared.grain import Grain, ResolvedDimension
from mvc.analysis.declared.tree import JoinTree
from mvc.analysis.relation import SourceRelation
from mvc.analysis.row_lineage import NO_ROWS, Origin, RowLineage
from mvc.catalog.types import Column
from mvc.expression import Expression
from mvc.model.view import Index, View


@dataclass(frozen=True, slots=True)
class OutputColumn:
    """A column of the view. `type` is None where only a server knows it. `lineage` are the columns it is computed from, `rows` those
    that it is computed over.
    """

    name: str
    type: str | None
    nullable: bool
    description: str | None
    lineage: frozenset[Origin] = frozenset()
    rows: RowLineage = NO_ROWS


@dataclass(frozen=True)
class DeclaredQuery:
    """The meaning of a declared body: sources as a tree, dimensions, blocks of measures, what is computed from these in an order in which
    it can be, and what is said of the rows `after` that.
    """

    tree: JoinTree
    where: tuple[Expression, ...]
    dimensions: tuple[ResolvedDimension, ...]
    grain: Grain
    blocks: tuple[Block, ...]
    computed: tuple[Derived, ...]
    after: After = NOTHING


@dataclass(frozen=True, slots=True)
class BodyQuery:
    """The meaning of a `sql:` body: its text, with the project's views replaced by what stores them."""

    sql: str


@dataclass(frozen=True)
class ResolvedView:
    """A view that can be generated.

    `grain` are the columns that identify a row, None where nothing is known (a plain view without a claim).
    `upstream` are the views of the project that it reads. `proven` says whether keys prove the grain or the spec claims it.
    `rows` decide which rows it has. `hidden` are columns that others read, and nobody else.
    """

    view: View
    columns: tuple[OutputColumn, ...]
    grain: tuple[str, ...] | None
    proven: bool
    query: DeclaredQuery | BodyQuery
    indexes: tuple[Index, ...]
    upstream: tuple[str, ...]
    rows: RowLineage
    hidden: tuple[OutputColumn, ...] = ()

    def column(self, name: str) -> OutputColumn | None:
        """The output column of that name."""
        return next((column for column in self.columns if column.name == name), None)

    def any_column(self, name: str) -> OutputColumn | None:
        """The column of that name, also one that is hidden."""
        return next((column for column in (*self.columns, *self.hidden) if column.name == name), None)

    def readable(self, reference: tuple[str, str]) -> SourceRelation:
        """The view as a source of another view."""
        return SourceRelation(
            described=f"{self.view.schema}.{self.view.name}",
            columns={column.name: Column(column.name, column.type, column.nullable) for column in self.columns},
            keys=(self.grain,) if self.grain else (),
            reference=reference,
            views=(self.view.called,),
        )
