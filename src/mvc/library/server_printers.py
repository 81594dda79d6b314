"""The results of what talks to a server, as the command prints them. Apart, since it takes the driver."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mvc.engines.postgres.plan.steps import Plan
from mvc.engines.postgres.server.partitions import Maintained
from mvc.engines.postgres.server.prune import Pruned
from mvc.engines.postgres.server.refresh_view import Refreshed
from mvc.engines.postgres.server.status import Status
from mvc.library.printers import Printer, json_text
from mvc.report.deploy.deployment import plan_json, plan_text, pruned_text
from mvc.report.deploy.partitions import maintained_json, maintained_text
from mvc.report.deploy.refreshes import refreshed_json, refreshed_text
from mvc.report.status.html.page import status_page
from mvc.report.status.prometheus import prometheus_text
from mvc.report.status.text import status_json, status_text
from mvc.report.text.style import PLAIN

PRINTERS: Final[Mapping[type, Mapping[str, Printer]]] = {
    Status: {
        "text": lambda found, _: status_text(found, PLAIN),
        "json": lambda found, _: json_text(status_json(found)),
        "prometheus": lambda found, _: prometheus_text(found),
        "html": lambda found, name: status_page(found, name, "UTC"),
    },
    Plan: {
        "text": lambda plan, name: plan_text(plan, name, PLAIN),
        "json": lambda plan, name: json_text(plan_json(plan, name)),
    },
    Refreshed: {
        "text": lambda result, _: refreshed_text(result, PLAIN),
        "json": lambda result, _: json_text(refreshed_json((result,))),
    },
    Maintained: {
        "text": lambda done, _: maintained_text(done, PLAIN),
        "json": lambda done, _: json_text(maintained_json(done)),
    },
    Pruned: {"text": lambda done, _: pruned_text(done)},
}
