"""`partitions/*.yml`: which partitions the base tables have at any time."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from mvc.spec.base import Name, SpecModel

MOST_AHEAD = 400
DAILY = "10 0 * * *"


class PartitionSpec(SpecModel):
    """A table that is partitioned by ranges of one date or time column: what is made ahead, and what is retired."""

    table: Name = Field(description="A range-partitioned table of the catalog, `name` or `schema.name`.")
    by: Literal["day", "week", "month", "quarter", "year"] = Field(
        description="How long a partition is. Weeks begin on Monday."
    )
    ahead: int = Field(
        default=3, ge=1, le=MOST_AHEAD, description="How many next partitions there are besides the current one."
    )
    keep: Name | None = Field(
        default=None, description="What is older is retired: `24 months`, `90 days`. Default: nothing is."
    )
    retire: Literal["detach", "drop"] = Field(
        default="detach", description="What becomes of an old partition: a table of its own, or nothing."
    )
    timezone: Name | None = Field(
        default=None, description="The zone whose midnights are the bounds; default: the project's."
    )
    every: Name = Field(
        default=DAILY, description="When to look, as a cron line in that zone; default: each day at 00:10."
    )

    @model_validator(mode="after")
    def _retires_something(self) -> PartitionSpec:
        if self.keep is None and self.retire == "drop":
            raise ValueError("`retire` says what becomes of what `keep` no longer covers: add `keep: 24 months`")
        return self


class PartitionFile(SpecModel):
    """A partitions file."""

    partitions: tuple[PartitionSpec, ...] = ()
