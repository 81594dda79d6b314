"""The generations of the runtime: a number that only grows, by which an older command is told from a newer database.

GENERATION is raised by the first change of the runtime after a state of it was recorded under tests/upgrade; what changes the tables
that are there is in `steps/<generation>.sql`. A test compares what is upgraded from each recorded state with what is installed anew.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Final

GENERATION: Final = 10

# Names of routines and views that earlier generations had and this one has not: an upgrade drops them.
RETIRED: Final = tuple(
    """
    may_deploy expect_tables is_subscribed forget_before_domains fill bring put_aside moved too_many
    """.split()
)

_STEPS: Final = range(2, GENERATION + 1)


def steps_sql() -> list[str]:
    """What brings the tables of older generations to the present ones, in order; nothing of it happens where there are none.

    The last step also runs where its generation is installed already, since it may have grown: it is safe to run again.
    """
    return [_guarded(number, step_text(number)) for number in _STEPS]


@cache
def step_text(number: int) -> str:
    """The statements that make the tables of one generation from those of the one before."""
    return files("mvc.engines.postgres.runtime").joinpath(f"steps/{number}.sql").read_text(encoding="utf-8").strip()


def _guarded(number: int, text: str) -> str:
    reached = "<=" if number == GENERATION else "<"
    return f"DO $$ BEGIN\nIF {{schema}}.generation() {reached} {number} THEN\n{text}\nEND IF;\nEND $$;"


def step_words(installed: int) -> list[str]:
    """What each step after the installed generation does, in a sentence: the first line of its text."""
    return [step_text(number).partition("\n")[0].removeprefix("-- ") for number in _STEPS if number > installed]
