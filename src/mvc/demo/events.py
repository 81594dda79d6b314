"""What happens in a demo, in the order in which it happens. Whoever shows it needs nothing else.

All times are in seconds. `rows` is None where a user may not ask at all; 0 where the rules leave nothing to see.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mvc.demo.questions import Person, Question


@dataclass(frozen=True, slots=True)
class ServerStarted:
    """A server of our own, in a temporary folder."""

    version: str
    folder: str
    seconds: float


@dataclass(frozen=True, slots=True)
class TablesCreated:
    """The base tables, empty; partitions are not counted."""

    tables: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Generating:
    """A step of the data generation begins; `done` of `steps` are behind."""

    step: str
    done: int
    steps: int


@dataclass(frozen=True, slots=True)
class Generated:
    """A year of data is there; `rows` are those of all tables."""

    reservations: int
    rows: int
    seconds: float


@dataclass(frozen=True, slots=True)
class ViewsCompiled:
    """The reference project, from YAML to SQL."""

    views: int
    seconds: float


@dataclass(frozen=True, slots=True)
class ViewsApplied:
    """One transaction deployed these."""

    views: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class ViewLeftOut:
    """A view that this server cannot hold, and why."""

    view: str
    reason: str


@dataclass(frozen=True, slots=True)
class ViewRefreshed:
    """A view has its rows. `seconds` is the server's own measure."""

    view: str
    rows: int
    seconds: float


@dataclass(frozen=True, slots=True)
class ViewChanged:
    """A view got another column and lost it again, in so many seconds each, while a reader read it; its longest read."""

    view: str
    seconds: float
    seconds_back: float
    reads: int
    longest: float


@dataclass(frozen=True, slots=True)
class CastChosen:
    """Who asks, and about which organisation."""

    organization: str


@dataclass(frozen=True, slots=True)
class RowsSeen:
    """How much of a view one person can see."""

    view: str
    person: Person
    rows: int | None


@dataclass(frozen=True, slots=True)
class QuestionAnswered:
    """One person asked a view. `seconds` is None where the person may not."""

    question: Question
    person: Person
    rows: int | None
    seconds: float | None


@dataclass(frozen=True, slots=True)
class QuestionCompared:
    """The answer to who typically asks, beside the base tables' answer to their owner, whom no access rule slows down."""

    question: Question
    on_view: float | None
    on_tables: float
    agrees: bool

    @property
    def faster(self) -> float | None:
        """How many times faster the view is; below 1 it is slower; None where it did not answer."""
        return self.on_tables / self.on_view if self.on_view else None


@dataclass(frozen=True, slots=True)
class ComparedByHand:
    """The hand-written dashboard's numbers beside the view's, from the same rows.

    `organization` is the one that the hand-written ranking puts first: what is `claimed` of it, its true `revenue` and
    `place`. Of all `organizations` `inflated` are more than a tenth too high, in the middle by the factor `median`; `shared`
    of the top 20 belong there.
    """

    organization: str
    services: int
    locations: int
    revenue: float
    claimed: float
    place: int
    inflated: int
    organizations: int
    median: float
    shared: int
    seconds_by_hand: float
    seconds_compiled: float


@dataclass(frozen=True, slots=True)
class DemoReport:
    """All that a demo found, and how long it took from the start to here."""

    server: ServerStarted
    data: Generated
    organization: str
    refreshed: tuple[ViewRefreshed, ...]
    left_out: tuple[ViewLeftOut, ...]
    seen: tuple[RowsSeen, ...]
    answered: tuple[QuestionAnswered, ...]
    compared: tuple[QuestionCompared, ...]
    by_hand: ComparedByHand
    changed: ViewChanged
    seconds: float

    @property
    def agrees(self) -> bool:
        """Whether every question had the same answer from the view as from the base tables."""
        return all(item.agrees for item in self.compared)

    def sees(self, view: str) -> Mapping[Person, int | None]:
        """How many rows of a view each person can see."""
        return {item.person: item.rows for item in self.seen if item.view == view}

    def answers(self, question: Question) -> Mapping[Person, QuestionAnswered]:
        """What each person got."""
        return {item.person: item for item in self.answered if item.question == question}


@dataclass(frozen=True, slots=True)
class Finished:
    """All is done; the server still runs."""

    report: DemoReport


@dataclass(frozen=True, slots=True)
class ServerKept:
    """The server runs until it is interrupted, and can be looked at."""

    url: str


Event = (
    ServerStarted
    | TablesCreated
    | Generating
    | Generated
    | ViewsCompiled
    | ViewsApplied
    | ViewLeftOut
    | ViewRefreshed
    | ViewChanged
    | CastChosen
    | RowsSeen
    | QuestionAnswered
    | QuestionCompared
    | ComparedByHand
    | Finished
    | ServerKept
)
