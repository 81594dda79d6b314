"""The lines of a deployment's steps: whole for a log, counting on a terminal, closed whatever happens."""

from __future__ import annotations

import io
import re

import pytest

from mvc.engines.postgres.plan.steps import Step, Switch
from mvc.report.deploy import step_lines as module
from mvc.report.deploy.step_lines import step_lines
from mvc.report.text.style import PLAIN

FIRST = Step("build", "sales", "it is new", ("SELECT 1",))
LAST = Switch(("sales",), ())


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_line_each_with_its_time():
    log = io.StringIO()
    with step_lines(log, PLAIN) as begin:
        begin(FIRST)
        assert log.getvalue() == "  build aside sales"
        begin(LAST)
    assert re.fullmatch(r"  build aside sales  \d+\.\d\d s\n  switch sales  \d+\.\d\d s\n", log.getvalue())


def test_nothing_where_there_is_nothing_to_do():
    log = io.StringIO()
    with step_lines(log, PLAIN):
        pass
    assert log.getvalue() == ""


@pytest.mark.parametrize(("problem", "words"), [(ValueError, "failed after"), (KeyboardInterrupt, "broken off after")])
def test_a_step_that_ends_the_deployment(problem, words):
    log = io.StringIO()
    with pytest.raises(problem), step_lines(log, PLAIN) as begin:
        begin(FIRST)
        raise problem
    assert re.fullmatch(rf"  build aside sales  {words} \d+\.\d\d s\n", log.getvalue())


def counted(monkeypatch: pytest.MonkeyPatch, columns: int) -> str:
    """What is on a terminal after a step during which the clock ticked often."""
    monkeypatch.setattr(module, "TICK", 0.001)
    monkeypatch.setenv("COLUMNS", str(columns))
    terminal = Terminal()
    with step_lines(terminal, PLAIN) as begin:
        begin(FIRST)
        for _ in range(20_000):
            if terminal.getvalue().count("\r") > 2 or columns < 20:
                break
            module.time.sleep(0.001)
    return terminal.getvalue()


def test_seconds_count_on_a_terminal(monkeypatch):
    shown = counted(monkeypatch, 80)
    first, *again = shown.split("\r")
    assert first == "  build aside sales"
    assert len(again) > 2
    assert all(re.fullmatch(r"  build aside sales  \d+ s ", line) for line in again[:-1])
    assert re.fullmatch(r"  build aside sales  \d+\.\d\d s\n", again[-1])


def test_a_line_that_the_terminal_breaks_is_not_written_over(monkeypatch):
    assert "\r" not in counted(monkeypatch, 19)


def test_a_name_cannot_move_the_cursor():
    log = io.StringIO()
    with step_lines(log, PLAIN) as begin:
        begin(Step("build", "sales\x1b[2J\r", "it is new", ("SELECT 1",)))
    assert "\x1b" not in log.getvalue()
    assert "\r" not in log.getvalue()


def test_nobody_listens_any_more():
    log = io.StringIO()
    with step_lines(log, PLAIN) as begin:
        begin(FIRST)
        log.close()
        begin(LAST)
