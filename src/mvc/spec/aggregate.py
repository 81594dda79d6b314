"""A column under `aggregates`: one function with what it takes, `expr`, or `sql`."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field, model_validator

from mvc.spec.base import COLUMN_WAS, TYPE, DefaultSpec, Name, Setting, SomeNames, SpecModel, Sql

# What marks the keys that are aggregate functions, and those that take two values; `model/aggregates.py` says what each is.
_FUNCTION: Final = "function"
_PAIR: Final = "pair"
_Values = Annotated[tuple[Sql, ...], Field(min_length=2, max_length=2)]
Function = Annotated[Sql | None, _FUNCTION]
PairFunction = Annotated[_Values | None, _FUNCTION, _PAIR]
PlaceFunction = Annotated[Setting | None, _FUNCTION]


class AggregateSpec(SpecModel):
    """A column computed per group: one function of a source, `expr` over other columns, or `sql` with one aggregate call."""

    count: Function = Field(
        default=None, description="Rows of a source (its alias), or rows where an expression is not null."
    )
    count_distinct: Function = Field(default=None, description="Distinct values of an expression that are not null.")
    sum: Function = None
    avg: Function = None
    min: Function = None
    max: Function = None
    array_agg: Function = None
    string_agg: Function = Field(default=None, description="Text values joined by `separator`.")
    json_agg: Function = None
    jsonb_agg: Function = None
    json_object_agg: PairFunction = Field(default=None, description="An object of a key and a value per row.")
    jsonb_object_agg: PairFunction = Field(
        default=None, description="The same as jsonb; of equal keys the last in `order`."
    )
    xmlagg: Function = None
    bool_and: Function = None
    bool_or: Function = None
    every: Function = Field(default=None, description="The SQL standard's name of `bool_and`.")
    bit_and: Function = None
    bit_or: Function = None
    bit_xor: Function = None
    any_value: Function = Field(default=None, description="Any of the values that are not null (PostgreSQL 16).")
    range_agg: Function = Field(default=None, description="The union of ranges, a multirange.")
    range_intersect_agg: Function = Field(default=None, description="What all ranges have in common.")
    percentile: Function = Field(default=None, description="The continuous percentile `at` (0 to 1).")
    percentile_disc: Function = Field(
        default=None, description="The first value at or above the percentile `at` (0 to 1)."
    )
    median: Function = None
    mode: Function = None
    stddev: Function = None
    stddev_pop: Function = None
    stddev_samp: Function = None
    variance: Function = None
    var_pop: Function = None
    var_samp: Function = None
    corr: PairFunction = Field(
        default=None, description="Correlation of two values: `[y, x]`, as for all `regr_` functions."
    )
    covar_pop: PairFunction = None
    covar_samp: PairFunction = None
    regr_avgx: PairFunction = None
    regr_avgy: PairFunction = None
    regr_count: PairFunction = Field(default=None, description="Rows where both values are not null.")
    regr_intercept: PairFunction = None
    regr_r2: PairFunction = None
    regr_slope: PairFunction = Field(default=None, description="Slope of the line that fits `[y, x]` best.")
    regr_sxx: PairFunction = None
    regr_sxy: PairFunction = None
    regr_syy: PairFunction = None
    rank_of: PlaceFunction = Field(
        default=None, description="The rank that a constant would have among the rows, in `order`."
    )
    dense_rank_of: PlaceFunction = Field(default=None, description="The same without gaps.")
    percent_rank_of: PlaceFunction = Field(default=None, description="The same from 0 to 1.")
    cume_dist_of: PlaceFunction = Field(
        default=None, description="The share of rows up to where a constant would stand in `order`."
    )
    first: Function = Field(default=None, description="The value of the first row in `order`.")
    last: Function = Field(default=None, description="The value of the last row in `order`.")
    expr: Sql | None = Field(
        default=None, description="An expression over other columns of this view, e.g. `total / nullif(n, 0)`."
    )
    measure: Name | None = Field(default=None, description="A measure of the project (measures/*.yml), by its name.")
    sql: Sql | None = Field(default=None, description="One call of any aggregate function, e.g. `ST_Union(s.geom)`.")
    of: Name | None = Field(
        default=None,
        description="The source whose rows are taken once each; default: the deepest one that it reads, or the only one of a measure's table.",
    )
    where: Sql | None = Field(default=None, description="Only rows for which this holds (FILTER).")
    distinct: bool = Field(default=False, description="Each value once.")
    order: Name | SomeNames | None = Field(
        default=None, description="`expression [asc|desc] [nulls first|last]`; desc means NULLS LAST."
    )
    separator: str | None = Field(default=None, description="Between the values of `string_agg`; `, ` by default.")
    at: float | int | None = Field(default=None, ge=0, le=1, description="Which percentile, from 0 to 1.")
    limit: int | None = Field(default=None, ge=1, le=2**31 - 1, description="Only of the first rows in `order`.")
    type: Sql | None = Field(default=None, description=TYPE)
    default: Setting | DefaultSpec | None = Field(
        default=None, description="The value for a group without rows, instead of NULL; `{sql: …}` takes an expression."
    )
    description: str | None = Field(default=None, description="Becomes the column's COMMENT.")
    hidden: bool = Field(default=False, description="No column of the view: other columns may read it.")
    was: Name | None = Field(default=None, description=COLUMN_WAS)

    @model_validator(mode="after")
    def _one_function(self) -> AggregateSpec:
        if self.type and self.type.lower() in FUNCTIONS and (self.sql or self.expr):
            raise ValueError(f"the function is the key of an aggregate, and `{self.type}` is one")
        if len(given := self.given) != 1:
            named = f"has {', '.join(given)}" if given else "has none"
            raise ValueError(f"an aggregate needs exactly one function, `expr` or `sql`; this one {named}")
        return self

    @property
    def given(self) -> tuple[str, ...]:
        """The functions named, of which a valid aggregate has one."""
        return tuple(
            name
            for name in (*FUNCTIONS, "expr", "measure", "sql")
            if name in self.model_fields_set and getattr(self, name) is not None
        )


FUNCTIONS: Final = tuple(name for name, field in AggregateSpec.model_fields.items() if _FUNCTION in field.metadata)
PAIRS: Final = frozenset(name for name in FUNCTIONS if _PAIR in AggregateSpec.model_fields[name].metadata)
