"""Values of options that several commands take. Each raises argparse.ArgumentTypeError for what it cannot be."""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from mvc.comparison.difference import Class
    from mvc.planning.steps import Hazard

Name = TypeVar("Name", bound=str)
LONGEST = 2_000_000  # seconds; PostgreSQL counts milliseconds in 31 bits


def seconds(text: str) -> float:
    """A time, more than 0."""
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not 0 < found <= LONGEST:
        raise argparse.ArgumentTypeError(f"a number of seconds, more than 0 and at most {LONGEST}, not `{text}`")
    return found


def moment(text: str) -> datetime:
    """`2026-10-01`, `2026-10-01T12:30`, with an offset or without."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"a date or a time such as 2026-10-01 or 2026-10-01T12:30, not `{text}`"
        ) from None


def database_url(text: str) -> str:
    """The URL of a database. An empty one, as of a variable that is not set, would mean whichever is the default."""
    if not text.strip():
        raise argparse.ArgumentTypeError("the URL of a database, not nothing; leave --database out for DATABASE_URL")
    return text


def plan_id(text: str) -> str:
    """The id of a plan. An empty one, as of a variable that is not set, would agree to any plan."""
    if not text.strip():
        raise argparse.ArgumentTypeError("the id of a plan, as mvc apply --dry-run shows it, not nothing")
    return text


def hazards(text: str) -> frozenset[Hazard]:
    """Hazards by name, with commas between them."""
    from mvc.planning.steps import HAZARDS

    return _listed(text, HAZARDS, "hazard")


def classes(text: str) -> frozenset[Class]:
    """Classes of changes by name, with commas between them."""
    from mvc.comparison.difference import CLASSES

    return _listed(text, CLASSES, "class")


def _listed(text: str, known: Iterable[Name], what: str) -> frozenset[Name]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    there = tuple(known)
    if unknown := [name for name in names if name not in there]:
        raise argparse.ArgumentTypeError(f"`{unknown[0]}` is no {what}; there are {', '.join(there)}")
    return frozenset(item for item in there if item in names)
