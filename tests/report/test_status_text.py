"""What `mvc status` says of the last refresh on a terminal."""

from __future__ import annotations

from test_status_page import view

from mvc.engines.postgres.server.status import Status
from mvc.engines.postgres.server.status_parts import LastRefresh
from mvc.report.status.text import status_text
from mvc.report.text.style import Style

OVERLAP = LastRefresh("skipped", 2.0, 0.0, "another refresh of this view is under way")


def said(**changed: object) -> str:
    return status_text(Status("shop", 4, (view("a", last_refresh=OVERLAP, **changed),), (), ()), Style(False))


class TestASkippedRefresh:
    def test_does_not_hide_the_one_that_runs(self):
        assert said(running_seconds=65.0).endswith("running for 1 min")

    def test_does_not_hide_one_that_failed(self):
        assert "under way; failed before that" in said(last_status="failed")

    def test_is_all_there_is_to_say_otherwise(self):
        assert said().endswith("skipped 2 s ago: another refresh of this view is under way")
