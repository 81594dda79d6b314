"""A column under `windows`: one function over the rows of the view, with what it takes."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field, model_validator

from mvc.spec.base import COLUMN_WAS, DefaultSpec, Name, Setting, SomeNames, SpecModel, Sql

# What marks the keys that are functions, and those whose value is an order; `model/window_functions.py` says what each is.
_FUNCTION: Final = "window function"
_ORDER: Final = "order"
Function = Annotated[Sql | None, _FUNCTION]
OrderFunction = Annotated[Sql | SomeNames | None, _FUNCTION, _ORDER]


class WindowSpec(SpecModel):
    """A column computed over rows of the view: one function of its columns, over the rows that share `within`."""

    rank: OrderFunction = Field(
        default=None, description="The place of the row in an order, `total desc`; equal rows share one, with gaps."
    )
    dense_rank: OrderFunction = Field(default=None, description="The same without gaps.")
    row_number: OrderFunction = Field(default=None, description="The number of the row in an order; no two share one.")
    percent_rank: OrderFunction = Field(default=None, description="The rank from 0 to 1.")
    cume_dist: OrderFunction = Field(default=None, description="The share of rows up to this one in an order.")
    ntile: OrderFunction = Field(default=None, description="Which of `buckets` equal parts the row is in.")
    share: Function = Field(default=None, description="The value as a part of the sum of all, from 0 to 1.")
    sum: Function = Field(default=None, description="With `order`, the running sum.")
    avg: Function = None
    min: Function = None
    max: Function = None
    count: Function = Field(default=None, description='Rows where a value is not NULL; `"*"` counts all rows.')
    first: Function = Field(default=None, description="The value of the first row in `order`.")
    last: Function = Field(default=None, description="The value of the last row in `order`, up to this one.")
    lag: Function = Field(default=None, description="The value of an earlier row in `order`.")
    lead: Function = Field(default=None, description="The value of a later row in `order`.")
    carry: Function = Field(default=None, description="The last value that is not NULL, up to this row.")
    within: Sql | SomeNames | None = Field(
        default=None, description="Columns of the view: only rows with the same values are looked at."
    )
    order: Sql | SomeNames | None = Field(
        default=None, description="`column [asc|desc] [nulls first|last]`; desc means NULLS LAST."
    )
    frame: Name | None = Field(
        default=None,
        description="`all`, `last 7 rows`, `last 3 months`, or `year` to begin anew each year; default: up to this row.",
    )
    by: int | Name | None = Field(default=None, description="How far `lag` and `lead` look: rows, or `1 year`.")
    buckets: int | None = Field(default=None, ge=1, description="How many parts `ntile` makes.")
    where: Sql | None = Field(default=None, description="Only rows for which this holds (FILTER).")
    type: Name | None = Field(default=None, description="The type to cast the result to, e.g. `numeric(12,2)`.")
    default: Setting | DefaultSpec | None = Field(
        default=None, description="The value instead of NULL; `{sql: …}` takes an expression."
    )
    description: str | None = Field(default=None, description="Becomes the column's COMMENT.")
    hidden: bool = Field(default=False, description="No column of the view: other columns and `keep` may read it.")
    was: Name | None = Field(default=None, description=COLUMN_WAS)

    @model_validator(mode="after")
    def _one_function(self) -> WindowSpec:
        if len(given := self.given) != 1:
            named = f"has {', '.join(given)}" if given else "has none"
            raise ValueError(f"a window needs exactly one function; this one {named}")
        return self

    @property
    def given(self) -> tuple[str, ...]:
        """The functions named, of which a valid window has one."""
        return tuple(
            name for name in WINDOW_FUNCTIONS if name in self.model_fields_set and getattr(self, name) is not None
        )


WINDOW_FUNCTIONS: Final = tuple(name for name, field in WindowSpec.model_fields.items() if _FUNCTION in field.metadata)
ORDER_FUNCTIONS: Final = frozenset(
    name for name in WINDOW_FUNCTIONS if _ORDER in WindowSpec.model_fields[name].metadata
)
