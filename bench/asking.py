"""Each view's typical questions, asked by whoever asks them, against the same on the base tables, asked by the owner."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from statistics import median
from typing import Any, Final

from building import Builder
from measure import Limit, Result, progress, table

TIMES: Final = 7
AT_LEAST: Final = 20  # executions that are measured together where one of them is short


def questions_asked(builder: Builder, views: Collection[str], result: Result, *, at_size: bool) -> None:
    """The view must not be slower than its tables; how often it is faster is in the table."""
    from mvc.demo.ask import choose_cast
    from mvc.demo.questions import questions

    cast = choose_cast(builder.connection)
    rows = []
    for question in (item for item in questions() if item.view in views):
        progress(f"asking: {question.title}")
        on_view = _seconds(builder, question.on_view, cast.values, cast.people[question.asker])
        on_tables = _seconds(builder, question.on_tables, cast.values, None)
        rows.append(
            (question.title, question.view.removeprefix("mv_"), on_view * 1000, on_tables * 1000, on_tables / on_view)
        )
        if at_size:
            result.limits.append(Limit(f"{question.title!r}, view against tables", on_view / on_tables, 1.0, "×"))
    result.parts.append("CPU of typical questions, planning included.")
    result.parts.append(table(("question", "view", "on the view, ms", "on the tables, ms", "times faster"), rows))


def _seconds(builder: Builder, question: str, values: Mapping[str, str], user: Any) -> float:
    connection = builder.connection
    with connection.transaction(force_rollback=True):
        if user:
            connection.execute("SELECT set_config('request.jwt.claim.sub', %s, true)", (user.claim,))
            connection.execute(f"SET LOCAL ROLE {user.role}")
        once = builder.work(lambda: connection.execute(question, values))
        times = AT_LEAST if once < 0.05 else 1
        ask = [connection.execute] * times
        return median(builder.work(lambda: [run(question, values) for run in ask]) for _ in range(TIMES)) / times
