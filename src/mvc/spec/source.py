"""`sources` of a view: what rows come from, and which of them a row of the parent has."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field, model_validator

from mvc.spec.base import Name, SomeNames, SpecModel, Sql

KINDS: Final = ("table", "view", "sql", "values", "spine")
MOMENT: Final = r"^(\d{4}-\d{2}-\d{2}|today)$"
Cell = bool | int | float | str | None
Row = tuple[Cell, ...]


class SourceSpec(SpecModel):
    """Where rows come from: tables, another view of the project, a subquery with its key, values that stand here, or a calendar."""

    table: Name | SomeNames | None = Field(
        default=None,
        description="A base table or view of the database: `name` or `schema.name`. Several of one shape are read as one; `from_table` says which.",
    )
    view: Name | None = Field(default=None, description="Another view of this project: `name`, or `schema.name`.")
    sql: Sql | None = Field(default=None, description="A SELECT to read from; it needs `key`.")
    key: SomeNames | None = Field(
        default=None, description="The columns of `sql` or `values` of which no two rows share the values."
    )
    values: dict[str, Cell | Row] | tuple[Row, ...] | None = Field(
        default=None,
        description="Rows that stand here: a list of lists, or a mapping of the first column's values to the others.",
    )
    columns: SomeNames | dict[Name, Name] | None = Field(
        default=None, description="The columns of `values`: names, or a mapping of names to types."
    )
    spine: Literal["hour", "day", "week", "month", "quarter", "year"] | None = Field(
        default=None, description="A calendar: a row for each of these periods, in a column of that name."
    )
    from_: str | None = Field(
        default=None,
        validation_alias="from",
        serialization_alias="from",
        pattern=MOMENT,
        description="The day that is in the first period of `spine`: a date, or `today`.",
    )
    to: str | None = Field(
        default=None, pattern=MOMENT, description="The day that is in the last period of `spine`: a date, or `today`."
    )
    zone: Name | None = Field(
        default=None, description="Whose `today` is meant in `spine`; default: the project's time zone."
    )
    on: Sql | None = Field(default=None, description="The join condition. The one source without it is the base.")
    where: Sql | None = Field(
        default=None, description="Picks this source's rows; never removes a row of another source."
    )
    latest: Sql | SomeNames | None = Field(
        default=None,
        description="Of the rows that a row of the parent has here, the last one by this: at most one. A term without a direction is `desc`.",
    )
    first: Sql | SomeNames | None = Field(
        default=None,
        description="Of the rows that a row of the parent has here, the first one in this order: at most one.",
    )
    required: bool = Field(default=False, description="Keep only rows of the parent that have a row here.")
    absent: bool = Field(default=False, description="Keep only rows of the parent that have no row here.")
    one: bool = Field(
        default=False,
        description="A row of the parent has at most one row here, although no declared key says so. Verified on data.",
    )

    @model_validator(mode="after")
    def _one_kind(self) -> SourceSpec:
        given = [name for name in KINDS if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError("a source needs exactly one of `table`, `view`, `sql`, `values` and `spine`")
        if self.values is None and (self.sql is None) != (self.key is None):
            raise ValueError("`sql` and `key` belong together: a subquery names its key, and only a subquery does")
        _check_values(self)
        _check_spine(self)
        _check_count(self)
        return self


def _check_values(spec: SourceSpec) -> None:
    if spec.values is None:
        if spec.columns is not None:
            raise ValueError("`columns` belongs to `values`: what else is read has its columns already")
        return
    if spec.columns is None:
        raise ValueError("`values` needs `columns`: the names of what stands in each row")
    if spec.key is None and not isinstance(spec.values, dict):
        raise ValueError("`values` in a list needs `key`: the columns of which no two rows share the values")
    if not spec.values:
        raise ValueError("`values` needs at least one row")


def _check_spine(spec: SourceSpec) -> None:
    ends = [name for name, value in (("from", spec.from_), ("to", spec.to)) if value is not None]
    if spec.spine is None and (ends or spec.zone is not None):
        raise ValueError(f"`{(*ends, 'zone')[0]}` belongs to `spine`")
    if spec.spine is not None and len(ends) < 2:
        raise ValueError("`spine` needs `from` and `to`: the days that the first and the last period hold")


def _check_count(spec: SourceSpec) -> None:
    """What says how many rows a row of the parent has here must not say two things."""
    if spec.absent and (said := [name for name in ("required", "latest", "first", "one") if getattr(spec, name)]):
        raise ValueError(f"`absent` says that there is no row, so `{said[0]}` has nothing to speak of")
    said = [name for name in ("latest", "first", "one") if getattr(spec, name)]
    if len(said) > 1:
        raise ValueError(f"`{said[0]}` and `{said[1]}` both say which one row there is")
