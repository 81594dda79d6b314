"""How far a demo is and what it does next, from what has just happened. The shares are those of a run on two cores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mvc.demo.events import (
    CastChosen,
    ComparedByHand,
    Event,
    Finished,
    Generated,
    Generating,
    QuestionCompared,
    ServerStarted,
    TablesCreated,
    ViewChanged,
    ViewRefreshed,
    ViewsApplied,
    ViewsCompiled,
)

WHOLE: Final = 100.0
FIRST: Final = "Starting PostgreSQL"

_DATA: Final = (4.0, 76.0)  # where the generation begins and ends
_STEPS: Final = (0.0, 0.0, 0.01, 0.02, 0.39, 0.45, 0.57, 0.81, 0.92)  # of the generation, before each of its steps
_REACHED: Final[Mapping[type[Event], float]] = {
    ServerStarted: 3.0,
    TablesCreated: _DATA[0],
    Generated: _DATA[1],
    ViewsCompiled: 78.0,
    ViewsApplied: 79.0,
    CastChosen: 86.0,
    ComparedByHand: 98.0,
    ViewChanged: WHOLE,
    Finished: WHOLE,
}
_ADDED: Final[Mapping[type[Event], float]] = {ViewRefreshed: 1.0, QuestionCompared: 1.2}
_NEXT: Final[Mapping[type[Event], str]] = {
    ServerStarted: "Creating the base tables",
    TablesCreated: "Generating a year of data",
    Generated: "Compiling the views",
    ViewsCompiled: "Applying the views",
    ViewsApplied: "Refreshing the views",
    CastChosen: "Asking questions",
    ComparedByHand: "Changing a view under a reader",
}


def progress(event: Event, before: float) -> float:
    """How much of WHOLE is behind; `before` is what it was."""
    if isinstance(event, Generating):
        begin, end = _DATA
        return begin + (end - begin) * _share(event)
    return _REACHED.get(type(event), min(before + _ADDED.get(type(event), 0.0), WHOLE))


def activity(event: Event, before: str) -> str:
    """What is being done now; `before` is what was."""
    if isinstance(event, Generating):
        return f"Generating: {event.step.lower()}"
    return _NEXT.get(type(event), before)


def _share(event: Generating) -> float:
    """Steps count evenly where they are not the ones that were measured."""
    return _STEPS[event.done] if event.steps == len(_STEPS) else event.done / event.steps
