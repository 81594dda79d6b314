"""What a demo found, as tables. rich decides how they are drawn; what stands in them is decided here."""

from __future__ import annotations

from dataclasses import dataclass

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mvc.demo.events import ComparedByHand, DemoReport, QuestionAnswered, QuestionCompared
from mvc.demo.questions import PEOPLE, Person, Question
from mvc.report.demo.figures import amount, count, milliseconds, rows, times, took


@dataclass(frozen=True, slots=True)
class Signs:
    """Characters that not every output can show."""

    done: str
    left_out: str
    wrong: str
    factor: str
    dot: str


UNICODE = Signs(done="✓", left_out="–", wrong="✗", factor="×", dot="·")
ASCII = Signs(done="+", left_out="-", wrong="!", factor="x", dot="-")


def line(mark: Text, text: str | Text, time: str) -> Table:
    """One thing that was done, with the time it took at the right."""
    grid = Table.grid(padding=(0, 1), expand=True)
    grid.add_column(width=1)
    grid.add_column(ratio=1, overflow="fold")
    grid.add_column(justify="right", style="dim", no_wrap=True)
    grid.add_row(mark, text, time)
    return grid


def who_sees_what(report: DemoReport) -> Table:
    """Each view with its rows, and how many of them each person can see."""
    table = _table("Who sees what", "the same view for all; its policies decide")
    table.add_column("view", no_wrap=True)
    table.add_column("rows", justify="right")
    table.add_column("refresh", justify="right", style="dim")
    for person in PEOPLE:
        table.add_column(person, justify="right")
    for view in report.refreshed:
        sees = report.sees(view.view)
        seen = [_seen(sees[person], view.rows) for person in PEOPLE]
        table.add_row(view.view, count(view.rows), took(view.seconds), *seen)
    for item in report.left_out:
        table.add_row(Text(item.view, style="dim"), Text("left out", style="yellow"))
    return table


def _seen(visible: int | None, all_rows: int) -> Text:
    if visible is None:
        return Text("refused", style="red")
    if visible == all_rows:
        return Text("all", style="bold green")
    return Text(count(visible), style="green") if visible else Text("none", style="yellow")


def questions_asked(report: DemoReport, signs: Signs) -> Table:
    """Each question: what each person got and how fast, and how long the base tables took."""
    table = _table("What they asked", "on the view, and the same on the base tables")
    table.add_column("question", ratio=1)
    for person in PEOPLE:
        table.add_column(person, justify="right")
    table.add_column("tables", justify="right", no_wrap=True)
    table.add_column("faster", justify="right", no_wrap=True)
    for item in report.compared:
        answers = report.answers(item.question)
        cells = [_answer(answers[person], item.question) for person in PEOPLE]
        table.add_row(_title(item.question), *cells, _on_tables(item, signs), _faster(item, signs))
    return table


def _title(question: Question) -> Text:
    return Text.assemble((question.title, "bold"), "\n", (question.view, "dim"))


def _answer(answered: QuestionAnswered, question: Question) -> Text:
    if answered.rows is None or answered.seconds is None:
        return Text("refused", style="red")
    mine = answered.person == question.asker
    said = (rows(answered.rows), "green" if answered.rows else "yellow")
    return Text.assemble(said, "\n", (milliseconds(answered.seconds), "bold cyan" if mine else "dim"))


def _on_tables(item: QuestionCompared, signs: Signs) -> Text:
    verdict = (f"same {signs.done}", "green") if item.agrees else (f"differs {signs.wrong}", "bold red")
    return Text.assemble(verdict, "\n", (milliseconds(item.on_tables), "bold magenta"))


def _faster(item: QuestionCompared, signs: Signs) -> Text:
    if item.faster is None:
        return Text("")
    return Text.assemble("\n", (times(item.faster, signs.factor), "bold green" if item.faster >= 2 else ""))


def legend(report: DemoReport) -> Text:
    """Who the people are, and how it was measured."""
    people: dict[Person, str] = {
        "visitor": "not logged in",
        "org admin": f"admin of {report.organization}",
        "super admin": "runs the platform",
    }
    text = "; ".join(f"{person}: {what}" for person, what in people.items())
    return Text(
        f"{text}.\nTimes are the server's own, planning included, the median of up to five warm runs. The base tables answer their "
        "owner, whom no access rule slows down; each view answers with its rules, and `faster` is against who typically asks.",
        style="dim",
    )


def by_hand(found: ComparedByHand, signs: Signs) -> RenderableType:
    """Why not by hand: the numbers of the hand-written dashboard."""
    table = _table("Why not write it by hand?", "mv_organization_dashboard, on the same rows")
    table.add_column("", ratio=1)
    table.add_column("by hand", justify="right", style="red", no_wrap=True)
    table.add_column("mvc", justify="right", style="bold green", no_wrap=True)
    table.add_row(f"Revenue of {found.organization}, 90 days", amount(found.claimed), amount(found.revenue))
    table.add_row("Its place among all organisations", "1", count(found.place))
    table.add_row("Computing its rows", took(found.seconds_by_hand), took(found.seconds_compiled))
    multiplied = f"{found.services} services {signs.factor} {found.locations} locations"
    text = Text.assemble(
        "One join of reservations, services and locations looks right and counts each reservation of this organisation once "
        f"for each of its {multiplied}. ",
        (f"{count(found.inflated)} of {count(found.organizations)} organisations", "bold red"),
        " come out more than a tenth too high, in the middle at ",
        (f"{times(found.median, signs.factor)} the truth", "bold red"),
        f"; of its top 20, {found.shared} belong there. mvc knows the keys, so it aggregates each branch on its own.",
    )
    return Group(table, "", text)


def _table(title: str, remark: str) -> Table:
    head = Text.assemble((title, "bold not italic"), ("  " + remark, "dim not italic"))
    return Table(
        title=head,
        title_justify="left",
        box=box.SIMPLE_HEAD,
        expand=True,
        padding=(0, 1, 0, 0),
        pad_edge=False,
        show_edge=False,
        header_style="bold",
    )
