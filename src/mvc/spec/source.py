"""`sources` of a view: what rows come from, and which of them a row of the parent has."""

from __future__ import annotations

from pydantic import Field, model_validator

from mvc.spec.base import Name, SomeNames, SpecModel, Sql


class SourceSpec(SpecModel):
    """Where rows come from: a base table, another view of the project, or a subquery with its key."""

    table: Name | None = Field(
        default=None, description="A base table or view of the database: `name` or `schema.name`."
    )
    view: Name | None = Field(default=None, description="Another view of this project: `name`, or `schema.name`.")
    sql: Sql | None = Field(default=None, description="A SELECT to read from; it needs `key`.")
    key: SomeNames | None = Field(
        default=None, description="The columns of `sql` of which no two rows share the values."
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
        given = [name for name in ("table", "view", "sql") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError("a source needs exactly one of `table`, `view` and `sql`")
        if (self.sql is None) != (self.key is None):
            raise ValueError("`sql` and `key` belong together: a subquery names its key, and only a subquery does")
        _check_count(self)
        return self


def _check_count(spec: SourceSpec) -> None:
    """What says how many rows a row of the parent has here must not say two things."""
    if spec.absent and (said := [name for name in ("required", "latest", "first", "one") if getattr(spec, name)]):
        raise ValueError(f"`absent` says that there is no row, so `{said[0]}` has nothing to speak of")
    said = [name for name in ("latest", "first", "one") if getattr(spec, name)]
    if len(said) > 1:
        raise ValueError(f"`{said[0]}` and `{said[1]}` both say which one row there is")
