"""`views/*.yml`: one materialized (or plain) view per file."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from mvc.spec.aggregate import AggregateSpec
from mvc.spec.base import COLUMN_WAS, Name, Names, OrText, Setting, SpecModel, Sql
from mvc.spec.dimension import DimensionSpec
from mvc.spec.source import SourceSpec
from mvc.spec.taken import taken_data
from mvc.spec.window import WindowSpec


class BodyColumnSpec(SpecModel):
    """What is said of a column of a `sql` body."""

    description: str | None = Field(default=None, description="Becomes the column's COMMENT.")
    was: Name | None = Field(default=None, description=COLUMN_WAS)


class IndexColumnSpec(SpecModel):
    """One key column of an index, spelled out."""

    expr: Sql = Field(description="A column of the view or an expression over its columns.")
    order: Literal["asc", "desc"] | None = Field(
        default=None, description="desc means DESC NULLS LAST unless `nulls` says otherwise."
    )
    nulls: Literal["first", "last"] | None = None
    opclass: Name | None = Field(default=None, description="An operator class, e.g. `gin_trgm_ops`.")
    collate: Name | None = None


class IndexSpec(SpecModel):
    """An index on the stored view. The unique index on the grain is derived; it is never asked for."""

    columns: tuple[Sql | IndexColumnSpec, ...] = Field(
        min_length=1, description="`column [desc] [nulls first|last]`, an expression, or a mapping."
    )
    name: Name | None = Field(default=None, description="Default: the view's and the columns' names.")
    using: Name = Field(default="btree", description="btree, hash, gin, gist, spgist, brin, or an extension's method.")
    where: Sql | None = Field(default=None, description="A partial index: only rows for which this holds.")
    include: Names = Field(default=(), description="Columns carried along for index-only scans.")
    unique: bool = False
    storage: dict[str, Setting] = Field(
        default_factory=dict,
        validation_alias="with",
        serialization_alias="with",
        description="Storage parameters: `fillfactor: 90`.",
    )


class ViewSpec(SpecModel):
    """A view: declared by sources, dimensions and aggregates, or given as a `sql` body with its `grain`."""

    view: Name = Field(description="The name that readers use.")
    schema_: Name | None = Field(
        default=None,
        validation_alias="schema",
        serialization_alias="schema",
        description="The schema readers find it in; default: the project's.",
    )
    was: Name | None = Field(
        default=None,
        description="The name that it had before, `name` or `schema.name`: it is renamed, with all that reads it.",
    )
    alias_until: str | None = Field(
        default=None,
        pattern=r"^\d{4}-\d{2}-\d{2}$",
        description="The former name stays as a view of the same rows, for the same readers; until when, as a date.",
    )
    description: str | None = Field(default=None, description="Becomes the view's COMMENT.")
    tags: Name | Names = Field(default=(), description="A name to select views by, or several: `tag:finance`.")
    materialized: bool = Field(default=True, description="false: a plain view, computed when it is read.")
    sources: dict[Name, SourceSpec] | None = Field(
        default=None, description="alias → source. The one without `on` is the base."
    )
    required: Name | Names = Field(
        default=(),
        description="Sources that every row of the base must have a row of, with all that lies between: `required: true` for each.",
    )
    where: Sql | None = Field(default=None, description="Picks rows of the base.")
    dimensions: dict[Name, Sql | DimensionSpec] | None = Field(
        default=None, description="name → expression; together the grain."
    )
    aggregates: dict[Name, Annotated[AggregateSpec, OrText()]] = Field(
        default_factory=dict,
        description="name → function; or one text: `sum(o.amount)`, or an expression over other columns.",
    )
    having: Sql | None = Field(default=None, description="Picks groups, by columns of the view: `n >= 5`.")
    windows: dict[Name, WindowSpec] = Field(
        default_factory=dict, description="name → a function over rows of the view: ranks, shares, running sums."
    )
    keep: Sql | None = Field(default=None, description="Picks rows of the view, also by its windows: `place <= 10`.")
    sql: Sql | None = Field(default=None, description="A whole SELECT instead of sources, dimensions and aggregates.")
    grain: Names | None = Field(
        default=None, description="With `sql`: the columns of which no two rows share the values."
    )
    columns: dict[Name, str | BodyColumnSpec] = Field(
        default_factory=dict, description="With `sql`: column → description, or a mapping."
    )
    indexes: tuple[Annotated[IndexSpec, OrText()], ...] = Field(
        default=(), description="Each a mapping, or its columns as one text: `day, total desc`."
    )
    storage: dict[str, Setting] = Field(
        default_factory=dict,
        validation_alias="with",
        serialization_alias="with",
        description="Storage parameters of the stored relation: `fillfactor: 90`.",
    )
    requires: Names = Field(default=(), description="Extensions that the database needs for this view, e.g. [postgis].")
    accept: dict[Name, str] = Field(default_factory=dict, description="Lint code → why it is meant so.")

    @model_validator(mode="before")
    @classmethod
    def _shorthand(cls, data: Any) -> Any:
        return taken_data(data)

    @model_validator(mode="after")
    def _one_body(self) -> ViewSpec:
        if self.alias_until is not None:
            _check_alias(self.was, self.alias_until)
        if self.sql is None:
            _check_declared(self)
        else:
            _check_body(self)
        return self


def _check_alias(was: str | None, until: str) -> None:
    if was is None:
        raise ValueError("`alias_until` belongs to `was`: it says until when the former name stays")
    try:
        date.fromisoformat(until)
    except ValueError:
        raise ValueError(f"`alias_until` is a date such as 2026-12-31, and {until} is none") from None


def _check_declared(spec: ViewSpec) -> None:
    if not spec.sources:
        raise ValueError("a view needs `sources` and `dimensions`, or `sql` and `grain`")
    if not spec.dimensions and not spec.aggregates:
        raise ValueError("a view needs `dimensions`, `aggregates`, or both")
    if spec.grain is not None or spec.columns:
        raise ValueError("`grain` and `columns` belong to `sql`; here the dimensions are the grain")


def _check_body(spec: ViewSpec) -> None:
    if spec.sources or spec.dimensions or spec.aggregates or spec.where or spec.required:
        raise ValueError("a view with `sql` has no `sources`, `required`, `where`, `dimensions` or `aggregates`")
    if spec.having or spec.windows or spec.keep:
        raise ValueError("a view with `sql` has no `having`, `windows` or `keep`: its SELECT says it")
    if spec.materialized and spec.grain is None:
        raise ValueError("a view with `sql` needs `grain`: the columns of which no two rows share the values")
