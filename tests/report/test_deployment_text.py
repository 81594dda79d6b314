"""What `mvc apply` says while it works."""

from __future__ import annotations

from mvc.engines.postgres.plan.steps import Lock, Step
from mvc.report.deploy.deployment import step_text
from mvc.report.text.style import Style

PLAIN = Style(False)


class TestStep:
    def test_names_its_view(self):
        lock = Lock("SHARE", ("mvc", "v_1"))
        assert step_text(Step("index", "v", "it is new", ("SELECT 1",), lock), PLAIN) == "  create index v"

    def test_of_no_view_names_the_table(self):
        """Three lines that say `log changes` do not tell which table is being waited for."""
        lock = Lock("SHARE ROW EXCLUSIVE", ("public", "orders"), brief=True)
        assert step_text(Step("watch", "", "why", ("SELECT 1",), lock), PLAIN) == "  log changes public.orders"

    def test_of_the_whole_project(self):
        assert step_text(Step("runtime", "", "why", ("SELECT 1",)), PLAIN) == "  install the runtime"
