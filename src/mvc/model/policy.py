"""Row rules, after named predicates have been put in place."""

from __future__ import annotations

from dataclasses import dataclass, field

from mvc.model.origin import Origin
from mvc.model.view import Sql


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part holds."""

    parts: tuple[Condition, ...]


Condition = Sql | AllOf | AnyOf | bool


@dataclass(frozen=True, slots=True)
class Policy:
    """Which rows of `view` the `roles` may see; no role means PUBLIC."""

    name: str
    view: str
    roles: tuple[str, ...]
    permissive: bool
    condition: Condition
    description: str | None
    origin: Origin = field(compare=False, repr=False)
