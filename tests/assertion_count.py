"""Counts the assertions that held, over all workers, so that a change of the suite can show that it checks no less.

pytest tells of them only with `-o enable_assertion_pass_hook=true`, and in files that it has not compiled without that before:
`make test-count` sees to both.
"""

from __future__ import annotations

from typing import Any

import pytest


class AssertionCount:
    """A plugin of pytest: the sum of its workers' counts, or its own where there are none."""

    def __init__(self) -> None:
        self.held = 0

    def pytest_assertion_pass(self) -> None:
        self.held += 1

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if (output := getattr(session.config, "workeroutput", None)) is not None:
            output["assertions"] = self.held

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        self.held += getattr(node, "workeroutput", {}).get("assertions", 0)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.write_line(f"{self.held} assertions held")
