"""What an engine can do, as data: what is offered, refused or said of one goes by this, and never by its name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ModeName = Literal["full", "incremental", "window", "verify"]


@dataclass(frozen=True, slots=True)
class FoundBy:
    """The schedule that finds what a mode does not notice: what it does, a name for it, its cron line, and the mode that it has."""

    does: str
    name: str
    every: str
    mode: ModeName = "full"


@dataclass(frozen=True, slots=True)
class Mode:
    """A way to refresh a view. `unnoticed` is what it does not notice, each the end of a sentence that begins with "what was"."""

    name: ModeName
    unnoticed: tuple[str, ...] = ()
    found_by: FoundBy | None = None


@dataclass(frozen=True, slots=True)
class Engine:
    """What builds, keeps and serves views.

    `name` is what `dialect:` in mvc.yml says, `versions` the oldest and the newest major that it is tested with, `schedules` what
    can run schedules, `functions` whose functions an expression may call. Of the rest each says what holds of every view:
    `row_rules` that it enforces who may see which rows, `unique` that the grain is proven at each refresh, `ordered` that lists
    come in the order that was asked for, `switch` what readers see of several views that change together, `exact` that sums of
    exact numbers are exact, `zones` that dates are computed in the project's zone, whatever the session's.
    """

    name: str
    title: str
    versions: tuple[int, int]
    modes: tuple[Mode, ...]
    row_rules: bool
    unique: bool
    ordered: bool
    switch: Literal["at once", "one by one"]
    schedules: tuple[str, ...]
    exact: bool
    zones: bool
    functions: tuple[str, ...]

    def mode(self, name: str) -> Mode | None:
        """The mode of that name, None where the engine has no such mode."""
        return next((mode for mode in self.modes if mode.name == name), None)
