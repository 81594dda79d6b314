"""What the text of an option's value means. Each function raises Unusable for what it cannot be."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

if TYPE_CHECKING:
    from datetime import datetime

    from mvc.comparison.difference import Class
    from mvc.engines.postgres.plan.steps import Hazard

Name = TypeVar("Name", bound=str)
LONGEST: Final = 2_000_000  # seconds; PostgreSQL counts milliseconds in 31 bits
USUAL: Final = "DATABASE_URL"  # what an option means whose URL may be left out


class Unusable(click.BadParameter):
    """A value that an option cannot have; the hint is for a user."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class OneOf(click.Choice[str]):
    """One of some words; for another one, the nearest is named."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The word itself."""
        del param, ctx
        if value not in self.choices:
            from mvc.diagnostics.suggest import nearest

            near = nearest(str(value), self.choices)
            raise Unusable(
                f"there is no `{value}`; there are {', '.join(self.choices)}", f"did you mean `{near}`?" if near else ""
            )
        return str(value)


def seconds(text: str) -> float:
    """A time, more than 0."""
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not 0 < found <= LONGEST:
        raise Unusable(f"a number of seconds, more than 0 and at most {LONGEST}, not `{text}`")
    return found


def moment(text: str) -> datetime:
    """`2026-10-01`, `2026-10-01T12:30`, with an offset or without."""
    from datetime import datetime

    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise Unusable(f"a date or a time such as 2026-10-01 or 2026-10-01T12:30, not `{text}`") from None


def database_url(text: str) -> str:
    """The URL of a database. An empty one, as of a variable that is not set, would mean whichever is the default."""
    if not text.strip():
        raise Unusable("the URL of a database, not nothing; leave --database out for DATABASE_URL")
    return text


def usual_or(url: str | None) -> str | None:
    """The URL that an option gives, None where it was left out and so DATABASE_URL is meant."""
    return None if url == USUAL else url


def folder(text: str) -> str:
    """A folder. An empty one, as of a variable that is not set, would mean the current one."""
    if not text.strip():
        raise Unusable("a folder, not nothing")
    return text


def plan_id(text: str) -> str:
    """The id of a plan. An empty one, as of a variable that is not set, would agree to any plan."""
    if not text.strip():
        raise Unusable("the id of a plan, as mvc apply --dry-run shows it, not nothing")
    return text


def hazards(text: str) -> frozenset[Hazard]:
    """Hazards by name, with commas between them."""
    from mvc.engines.postgres.plan.steps import HAZARDS

    return _listed(text, HAZARDS, "hazard")


def classes(text: str) -> frozenset[Class]:
    """Classes of changes by name, with commas between them."""
    from mvc.comparison.difference import CLASSES

    return _listed(text, CLASSES, "class")


def _listed(text: str, known: Iterable[Name], what: str) -> frozenset[Name]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    there = tuple(known)
    if unknown := [name for name in names if name not in there]:
        from mvc.diagnostics.suggest import nearest

        near = nearest(unknown[0], there)
        raise Unusable(
            f"`{unknown[0]}` is no {what}; there are {', '.join(there)}", f"did you mean `{near}`?" if near else ""
        )
    return frozenset(item for item in there if item in names)
