"""A column under `dimensions` that is more than its expression: a mapping."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field, model_validator

from mvc.spec.base import COLUMN_WAS, TYPE, Name, SpecModel, Sql

PERIODS: Final = ("minute", "hour", "day", "week", "month", "quarter", "year")


class DimensionSpec(SpecModel):
    """A column of the grain: an expression over the base and what is to-one from it, or a period of time that a date or time lies in."""

    expr: Sql | None = Field(default=None, description="The expression, e.g. `o.id`.")
    period: Literal["minute", "hour", "day", "week", "month", "quarter", "year"] | None = Field(
        default=None,
        description="The unit of time that `of` lies in: the date of its first day; of hours and minutes the local time that it begins at.",
    )
    of: Sql | None = Field(default=None, description="With `period`: a date, a timestamp or a timestamptz.")
    zone: Name | None = Field(
        default=None, description="With `period` of a timestamptz: the zone whose clock counts; default: the project's."
    )
    type: Sql | None = Field(default=None, description=TYPE)
    description: str | None = Field(default=None, description="Becomes the column's COMMENT.")
    was: Name | None = Field(default=None, description=COLUMN_WAS)

    @model_validator(mode="after")
    def _one_kind(self) -> DimensionSpec:
        if (self.expr is None) == (self.period is None):
            raise ValueError("a dimension needs one of `expr` and `period`")
        if (self.period is None) != (self.of is None):
            raise ValueError("`period` and `of` belong together: the unit of time, and what lies in it")
        if self.zone is not None and self.period is None:
            raise ValueError("`zone` belongs to `period`: it says whose clock counts")
        return self
