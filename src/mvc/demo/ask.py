"""Three people ask the views; the owner asks the base tables the same, and the answers are compared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mvc.compiled.project import Compiled
from mvc.demo.events import ComparedByHand, Event, QuestionAnswered, QuestionCompared, RowsSeen
from mvc.demo.questions import PEOPLE, Person, Question, questions, text
from mvc.engines.postgres.server.session import User, answer, seconds
from mvc.quoting import identifier, qualified

DASHBOARD = "mv_organization_dashboard"


@dataclass(frozen=True, slots=True)
class Cast:
    """Who asks, the name of the organisation that they ask about, and what the questions' parameters stand for."""

    people: Mapping[Person, User]
    organization: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Stage:
    """A filled database (an autocommit connection of its owner), its cast, and how to refresh one of its views."""

    connection: Any
    cast: Cast
    refresh: Callable[[str], None]


def choose_cast(connection: Any) -> Cast:
    """The people and the organisation, found in the base tables."""
    [(organization, name, admin, customer, super_admin)] = answer(connection, text("cast")) or []
    people: dict[Person, User] = {
        "visitor": User("anon", ""),
        "org admin": User("authenticated", admin),
        "super admin": User("authenticated", super_admin),
    }
    return Cast(people, name, {"organization": organization, "customer": customer})


def look_at(stage: Stage, views: Iterable[str], tell: Callable[[Event], None]) -> None:
    """How many rows of each view each person can see."""
    for view in views:
        for person, user in stage.cast.people.items():
            found = answer(stage.connection, f"SELECT count(*) FROM {identifier(view)}", user=user)
            tell(RowsSeen(view, person, found[0][0] if found else None))


def ask_all(stage: Stage, views: Iterable[str], tell: Callable[[Event], None]) -> None:
    """Every question to one of `views`, by each person, and to the base tables."""
    there = frozenset(views)
    for question in (item for item in questions() if item.view in there):
        answered = {person: _ask(stage, question, person) for person in PEOPLE}
        for result in answered.values():
            tell(result)
        same = agrees(stage, question)
        on_tables = seconds(stage.connection, question.on_tables, stage.cast.values)
        tell(QuestionCompared(question, answered[question.asker].seconds, on_tables, same))


def agrees(stage: Stage, question: Question) -> bool:
    """Whether who typically asks gets the same answer from the view as the owner from the base tables.

    What depends on the clock may have changed since the refresh: then it is refreshed, and asked once more.
    """
    if _same_answer(stage, question):
        return True
    stage.refresh(question.view)
    return _same_answer(stage, question)


def _same_answer(stage: Stage, question: Question) -> bool:
    user, values = stage.cast.people[question.asker], stage.cast.values
    on_view = answer(stage.connection, question.on_view, values, user)
    return on_view == answer(stage.connection, question.on_tables, values)


def _ask(stage: Stage, question: Question, person: Person) -> QuestionAnswered:
    user, values = stage.cast.people[person], stage.cast.values
    rows = answer(stage.connection, question.on_view, values, user)
    if rows is None:
        return QuestionAnswered(question, person, None, None)
    return QuestionAnswered(question, person, len(rows), seconds(stage.connection, question.on_view, values, user))


def compare_by_hand(connection: Any, compiled: Compiled) -> ComparedByHand:
    """The dashboard of the hand-written design beside the compiled one, as it is stored."""
    view, by_hand = compiled.view(DASHBOARD), text("by_hand")
    query = text("by_hand_compared").replace("{stored}", qualified(*view.storage)).replace("{by_hand}", by_hand)
    [row] = answer(connection, query) or []
    name, services, locations, revenue, claimed, place, inflated, organizations, median, shared = row
    return ComparedByHand(
        organization=name,
        services=services,
        locations=locations,
        revenue=float(revenue),
        claimed=float(claimed),
        place=place,
        inflated=inflated,
        organizations=organizations,
        median=median,
        shared=shared,
        seconds_by_hand=seconds(connection, by_hand),
        seconds_compiled=seconds(connection, view.query),
    )
