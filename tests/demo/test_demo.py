"""The demo: what it does and in which order, that its answers are right, and who gets them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from io import StringIO
from typing import Any

import psycopg
import pytest

from mvc import compile, load  # noqa: A004
from mvc.demo import ask, run
from mvc.demo.events import (
    CastChosen,
    ComparedByHand,
    DemoReport,
    Event,
    Finished,
    Generated,
    Generating,
    QuestionAnswered,
    QuestionCompared,
    RowsSeen,
    ServerKept,
    ServerStarted,
    TablesCreated,
    ViewChanged,
    ViewLeftOut,
    ViewRefreshed,
    ViewsApplied,
    ViewsCompiled,
)
from mvc.demo.project import reference_project
from mvc.demo.questions import PEOPLE, questions
from mvc.demo.run import run_demo
from mvc.engines.postgres.server.apply import apply
from mvc.engines.postgres.server.refresh import refresh
from mvc.engines.postgres.server.session import answer, open_session
from mvc.report.demo import narration as report_demo
from mvc.report.demo.narration import AnswersDiffer, show_demo
from mvc.report.demo.progress import WHOLE, progress
from servers import NEWEST, ROOT, Database, build_booking, installations, need

SCALE = 0.02
Session = Callable[[Database], psycopg.Connection[Any]]
ORDER = (
    ServerStarted,
    TablesCreated,
    Generating,
    Generated,
    ViewsCompiled,
    ViewsApplied,
    ViewLeftOut,
    ViewRefreshed,
    CastChosen,
    RowsSeen,
    QuestionAnswered,
    QuestionCompared,
    ComparedByHand,
    ViewChanged,
    Finished,
)

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def events() -> list[Event]:
    """The events of one demo on the newest server."""
    need(NEWEST in installations(), "a PostgreSQL server")
    seen: list[Event] = []
    run_demo(SCALE, seen.append, installation=installations()[NEWEST])
    return seen


@pytest.fixture(scope="module")
def report(events: list[Event]) -> DemoReport:
    last = events[-1]
    assert isinstance(last, Finished)
    return last.report


def test_events_come_in_order(events: list[Event]) -> None:
    places = [
        ORDER.index(type(event)) for event in events if not isinstance(event, (QuestionAnswered, QuestionCompared))
    ]
    assert places == sorted(places)
    assert {type(event) for event in events} == set(ORDER)
    asked = [event for event in events if isinstance(event, (QuestionAnswered, QuestionCompared))]
    assert [type(event) for event in asked] == [*[QuestionAnswered] * len(PEOPLE), QuestionCompared] * (
        len(questions()) - 1
    )


def test_the_steps_of_the_generation_are_counted(events: list[Event]) -> None:
    steps = [event for event in events if isinstance(event, Generating)]
    assert [(step.done, step.steps) for step in steps] == [(done, len(steps)) for done in range(len(steps))]


def test_the_bar_only_grows(events: list[Event]) -> None:
    reached = [0.0]
    for event in events:
        reached.append(progress(event, reached[-1]))
    assert reached == sorted(reached)
    assert reached[-1] == WHOLE


def test_every_view_has_a_question() -> None:
    assert {question.view for question in questions()} == {view.name for view in compile(load(ROOT)).views}
    assert all(question.on_view and question.on_tables for question in questions())


def test_answers_are_those_of_the_base_tables(report: DemoReport) -> None:
    assert report.agrees
    assert all(item.on_view and item.on_tables > 0 for item in report.compared)
    answered = {
        item.question.title: report.answers(item.question)[item.question.asker].rows for item in report.compared
    }
    if time.gmtime().tm_yday > 31:  # this year's finance is empty on its first day
        assert all(answered.values()), answered


def test_the_search_view_is_left_out_with_its_reason(report: DemoReport) -> None:
    assert [item.view for item in report.left_out] == ["mv_search_index"]
    assert "postgis" in report.left_out[0].reason
    assert "mv_search_index" not in {item.view for item in report.refreshed}
    assert "mv_search_index" not in {item.question.view for item in report.compared}


def test_who_sees_what(report: DemoReport) -> None:
    rows = {item.view: item.rows for item in report.refreshed}
    for view in sorted(set(rows) - {"mv_realtime_availability"}):
        seen = report.sees(view)
        assert seen["visitor"] is None, view
        assert seen["super admin"] == rows[view], view
        assert (seen["org admin"] or 0) < rows[view], view
    assert report.sees("mv_customer_lifetime_value")["org admin"] == 0
    assert report.sees("mv_organization_dashboard")["org admin"] == 1
    assert len(set(report.sees("mv_realtime_availability").values())) == 1


def test_who_gets_an_answer(report: DemoReport) -> None:
    top = next(item.question for item in report.compared if item.question.title == "Top 20 by revenue")
    answers = report.answers(top)
    assert {person: item.rows for person, item in answers.items()} == {
        "visitor": None,
        "org admin": 1,
        "super admin": min(20, report.by_hand.organizations),
    }
    assert answers["visitor"].seconds is None


def test_the_dashboard_by_hand_is_wrong(report: DemoReport) -> None:
    found = report.by_hand
    assert found.claimed > 5 * found.revenue > 0
    assert found.inflated > found.organizations / 2
    assert found.median > 3


@pytest.fixture
def session() -> Iterator[Session]:
    """Opens sessions that end with the test, also with one that fails."""
    with ExitStack() as opened:
        yield lambda database: opened.enter_context(closing(open_session(database.url)))


def test_the_search_question_agrees_where_there_is_postgis(postgis_database: Database, session: Session) -> None:
    connection = session(postgis_database)
    build_booking(connection)
    compiled = compile(load(ROOT))
    assert apply(connection, compiled).left_out == ()
    refresh(connection, compiled)
    cast = ask.choose_cast(connection)
    stage = ask.Stage(connection, cast, lambda view: None)
    search = next(question for question in questions() if question.view == "mv_search_index")
    wider = replace(
        search,
        on_view=search.on_view.replace("300000", "3000000"),
        on_tables=search.on_tables.replace("300000", "3000000"),
    )
    for question in (search, wider):
        assert ask.agrees(stage, question)
    assert answer(connection, wider.on_view, cast.values, cast.people["visitor"])


def test_a_view_that_time_has_overtaken_is_refreshed(booking: Database, session: Session) -> None:
    connection = session(booking)
    compiled = compile(load(ROOT))
    apply(connection, compiled)
    refresh(connection, compiled)
    again: list[str] = []

    def refresh_one(view: str) -> None:
        again.append(view)
        refresh(connection, compiled, (view,))

    stage = ask.Stage(connection, ask.choose_cast(connection), refresh_one)
    slots = next(question for question in questions() if question.title == "Free slots by city")
    assert ask.agrees(stage, slots)
    connection.execute("DELETE FROM availabilities WHERE date > CURRENT_DATE + 1")
    assert ask.agrees(stage, slots)
    assert again == ["mv_location_availability"]
    wrong = replace(slots, on_tables=slots.on_tables.replace("LIMIT 10", "LIMIT 1"))
    assert not ask.agrees(stage, wrong)


def test_kept_says_where(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "_for_ever", lambda: None)
    seen: list[Event] = []
    run_demo(0.002, seen.append, keep=True)
    kept = seen[-1]
    assert isinstance(kept, ServerKept)
    assert kept.url.startswith("postgresql://postgres@/postgres?host=")


def test_another_answer_is_an_error(report: DemoReport, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = replace(report, compared=tuple(replace(item, agrees=False) for item in report.compared[:1]))

    def rigged(scale: float, on_event: Any, *, keep: bool) -> DemoReport:
        on_event(Finished(wrong))
        return wrong

    monkeypatch.setattr(report_demo, "run_demo", rigged)
    shown = StringIO()
    with pytest.raises(AnswersDiffer, match=report.compared[0].question.title):
        show_demo(1.0, shown)
    assert "differs" in shown.getvalue()
    assert "Every answer" not in shown.getvalue()


def test_the_reference_project_is_found() -> None:
    assert reference_project() == ROOT
