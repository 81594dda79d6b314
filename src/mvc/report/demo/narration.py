"""Shows a demo while it runs.

The packages of the extra `demo` are imported here and nowhere above: importing this raises ExtraMissing without them.
"""

from __future__ import annotations

from typing import TextIO

from mvc.demo.extras import ExtraMissing

try:
    from mvc.demo.run import run_demo
    from mvc.report.demo.screen import Screen
except ImportError as problem:
    if (problem.name or "").startswith("mvc."):
        raise
    raise ExtraMissing(problem) from problem

__all__ = ["AnswersDiffer", "ExtraMissing", "show_demo"]


class AnswersDiffer(Exception):
    """A view did not say what the base tables say."""

    hint = "this is a fault of mvc, please report it"


def show_demo(scale: float, stream: TextIO, *, keep: bool = False) -> None:
    """Runs the demo and shows it on `stream`; kept, its server runs on until Ctrl-C.

    Raises ServerStartError where no server can be started, ServerError where it refuses something, AnswersDiffer in the end
    if a view was wrong, and ValueError for a scale that makes no data.
    """
    with Screen(stream) as screen:
        report = run_demo(scale, screen.show, keep=keep)
        screen.end()
    if wrong := [item.question.title for item in report.compared if not item.agrees]:
        raise AnswersDiffer(f"another answer than the base tables': {', '.join(wrong)}")
