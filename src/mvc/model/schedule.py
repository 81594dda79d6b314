"""Freshness: when which views are refreshed, or how old they may become."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from mvc.compiled.schedule import Cadence
from mvc.model.origin import Origin


@dataclass(frozen=True, slots=True)
class Selector:
    """What a schedule or a command line selects: a view's name, all views, or a tag; `upstream` adds what they read."""

    kind: Literal["name", "all", "tag"]
    value: str
    upstream: bool


def parse_selector(text: str) -> Selector:
    """`name`, `all` or `tag:NAME`, each with an optional `+` in front."""
    upstream = text.startswith("+")
    value = text.removeprefix("+")
    if value == "all":
        return Selector("all", "", upstream)
    if value.startswith("tag:"):
        return Selector("tag", value.removeprefix("tag:"), upstream)
    return Selector("name", value, upstream)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule(Cadence):
    """A cadence for the views that its selectors name."""

    name: str
    selectors: tuple[Selector, ...]
    origin: Origin = field(compare=False, repr=False)
