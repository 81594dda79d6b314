"""`schedules/*.yml`: how fresh each view must be."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from mvc.spec.base import Name, SomeNames, SpecModel


class ScheduleSpec(SpecModel):
    """A cadence (`every`) or a freshness promise (`within`) for the views that `refresh` selects."""

    schedule: Name
    refresh: Name | SomeNames = Field(description="View names, `all`, `tag:NAME`; `+name` takes what it reads first.")
    every: Name | None = Field(default=None, description='A cron line in quotes: "*/15 * * * *".')
    within: Name | None = Field(default=None, description="The oldest the data may be: `15m`, `1h`, `2d`.")
    timezone: Name | None = Field(default=None, description="The zone of `every`; default: the project's.")
    mode: Literal["full", "incremental", "window", "verify"] | None = Field(
        default=None, description="Default: `full`."
    )
    window: Name | None = Field(default=None, description="How far a refresh with `mode: window` reaches back: `3d`.")
    timeout: Name | None = Field(default=None, description="The longest one refresh may take: `10m`.")
    lock_timeout: Name | None = Field(default=None, description="The longest it may wait for a lock: `5s`.")
    enabled: bool = True
    description: str | None = None

    @model_validator(mode="after")
    def _one_cadence(self) -> ScheduleSpec:
        if (self.every is None) == (self.within is None):
            raise ValueError("a schedule needs either `every` (a cron line) or `within` (a freshness promise)")
        if self.within is not None and self.timezone is not None:
            raise ValueError("`timezone` belongs to `every`; a promise `within` has no clock time")
        if (self.window is not None) != (self.mode == "window"):
            raise ValueError("`mode: window` needs `window` (how far back it reaches, e.g. `3d`), and only it does")
        return self


class ScheduleFile(SpecModel):
    """A schedules file."""

    schedules: tuple[ScheduleSpec, ...] = ()
