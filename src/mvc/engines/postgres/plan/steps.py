"""Ordered steps, each with what it locks, how long it may take, and what is dangerous about it. Plain data."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from mvc.engines.postgres.plan.catalog_findings import CatalogFinding
from mvc.engines.postgres.plan.drift_kinds import Drift
from mvc.engines.postgres.plan.live import MissingRight
from mvc.engines.postgres.plan.state import Name

Hazard = Literal[
    "drop-view", "drop-column", "loosen-access", "row-count", "changed-rows", "foreign-code", "prepared-statements"
]
HAZARDS: Final[dict[Hazard, str]] = {
    "drop-view": "readers lose a view",
    "drop-column": "readers lose a column",
    "loosen-access": "somebody may see rows that he could not see before",
    "foreign-code": "somebody else can have code run with the deployer's or the readers' rights: the owner of a function, or of a table that is read",
    "row-count": "the new definition gives far more or far fewer rows than the old one",
    "changed-rows": "the rows differ from those of the relation whose name the view takes",
    "prepared-statements": "a connected client that has prepared SELECT * fails once",
}
ONLY_TOLD: Final[frozenset[Hazard]] = frozenset(
    {"prepared-statements"}
)  # what passes by itself: nobody has to agree to it

# fmt: off
Action = Literal[
    "runtime", "upgrade", "set aside", "rename", "build", "fill", "index", "options", "owner", "seal", "prove",
    "expose", "renew", "readers", "comments", "record", "drop view", "drop index", "name", "drop name", "close",
    "watch", "follow", "unwatch", "copy", "release", "clear way", "take back", "migrate", "drop unneeded",
    "create job", "change job", "remove job", "compare", "take over", "give back",
]
# fmt: on
NO_LOCK: Final = "no lock that readers or refreshes notice"


@dataclass(frozen=True, slots=True)
class Lock:
    """The strongest lock of a step that others may notice, as PostgreSQL calls it. Without a relation, it is on those that a
    build reads. A `brief` one is given up after an instant and tried again, so that nobody queues; `note` says who waits.
    """

    mode: Literal["ACCESS EXCLUSIVE", "SHARE ROW EXCLUSIVE", "SHARE", "SHARE UPDATE EXCLUSIVE", "ACCESS SHARE"]
    relation: Name | None = None
    brief: bool = False
    note: str = ""

    def __str__(self) -> str:
        on = ".".join(self.relation) if self.relation else "what it reads"
        return (
            f"{self.mode} on {on}"
            + (", for an instant" if self.brief else "")
            + (f": {self.note}" if self.note else "")
        )


@dataclass(frozen=True, slots=True)
class Danger:
    """A hazard and what it is about, for a person who must allow it."""

    hazard: Hazard
    reason: str


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do. `view` is empty for the whole project; `lock` is None where nobody notices one.

    A step of a plan's `prepare` or `finish` is a transaction of its own; those of a `switch` are one together.
    """

    action: Action
    view: str
    reason: str
    statements: tuple[str, ...]
    lock: Lock | None = None
    dangers: tuple[Danger, ...] = ()


@dataclass(frozen=True, slots=True)
class Switch:
    """Steps that happen together in one short transaction, so that readers see all or nothing of them.

    `awaits` are stored tables that come before readers: it must not happen while a snapshot is in use that is older than
    their rows, since to that one they would be empty.
    """

    views: tuple[str, ...]
    steps: tuple[Step, ...]
    awaits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a plan cannot be carried out, and what would help."""

    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A view that cannot be deployed here, and why."""

    view: str
    reason: str


@dataclass(frozen=True)
class Plan:
    """What a deployment would do: what can be done beside the readers, then the switches.

    `created` are the views that were not deployed, `unchanged` those that need nothing. `compared` are pairs of stored names, the old and the new, whose numbers of
    rows are set beside each other before a switch. `notes` say what a deployment cannot do by itself, `catalog` where the
    database is not as the project's catalog says; those of it that refuse are among the `refusals`, as are `missing_rights`.
    """

    state: int
    prepare: tuple[Step, ...]
    switches: tuple[Switch, ...]
    created: tuple[str, ...]
    unchanged: tuple[str, ...]
    left_out: tuple[LeftOut, ...]
    refusals: tuple[Refusal, ...]
    drift: tuple[Drift, ...]
    compared: tuple[tuple[Name, str, str], ...] = ()
    finish: tuple[Step, ...] = ()
    notes: tuple[str, ...] = ()
    catalog: tuple[CatalogFinding, ...] = ()
    missing_rights: tuple[MissingRight, ...] = ()

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps, in the order in which they are done."""
        return (*self.prepare, *(step for switch in self.switches for step in switch.steps), *self.finish)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.steps

    @property
    def dangers(self) -> tuple[Danger, ...]:
        """Everything that must be allowed."""
        return tuple(dict.fromkeys(danger for step in self.steps for danger in step.dangers))

    @property
    def id(self) -> str:
        """A digest of the state that it was made for and of all that it would do."""
        digest = hashlib.sha256(str(self.state).encode())
        for statement in statements_of(self.steps):
            digest.update(b"\x00" + statement.encode("utf-8", "surrogatepass"))
        return digest.hexdigest()[:12]


def statements_of(steps: Iterable[Step]) -> list[str]:
    """The statements of some steps, in order."""
    return [statement for step in steps for statement in step.statements]
