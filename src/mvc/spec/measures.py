"""`measures/*.yml`: what a number means, once for all views that show it."""

from __future__ import annotations

from pydantic import Field, model_validator

from mvc.spec.aggregate import AggregateSpec
from mvc.spec.base import Name, SpecModel


class MeasureSpec(AggregateSpec):
    """A function of the rows of a table, whose columns stand in it by their names alone; or `expr` over other measures."""

    table: Name | None = Field(default=None, description="The table whose rows it takes: `name` or `schema.name`.")
    unit: Name | None = Field(default=None, description="What it counts in, for people: `EUR`.")

    @model_validator(mode="after")
    def _a_table(self) -> MeasureSpec:
        if (self.expr is None) == (self.table is None):
            raise ValueError("a measure needs `table` and a function, or `expr` over other measures")
        if beside := [key for key in ("measure", "of", "was", "hidden") if key in self.model_fields_set]:
            raise ValueError(f"`{beside[0]}` is said where a view shows the measure")
        return self


class MeasureFile(SpecModel):
    """Measures by their names, which are one for the project."""

    measures: dict[Name, MeasureSpec] = Field(description="name → table and function.")
