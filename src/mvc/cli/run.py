"""Keep the project's views fresh: a worker that refreshes what its schedules say, as long as it runs.

It goes by the schedules as they are deployed, so mvc apply is all that a change needs. It reads what is due from the database, whose clock
counts: times that were missed are made up for once. One worker at a time works for a project in a database; others stand by and take
over when it has gone. A lost connection is made again.

SIGTERM ends it after the view that it is refreshing (exit code 0). A second one, or Ctrl-C, cancels that refresh too (130).

Examples:
  mvc run
  mvc run --database postgresql://mvc_refresher@db/shop
"""

from __future__ import annotations

import signal
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING

from mvc.cli.command import command
from mvc.cli.options import database, project

if TYPE_CHECKING:
    from mvc.cli.context import Context
    from mvc.engines.postgres.server.worker import Event


@dataclass(frozen=True)
class Options:
    """The command line."""

    database: str | None


class Stop:
    """Whether somebody asked to stop. Who asks twice does not want to wait."""

    def __init__(self) -> None:
        self.asked = False

    def ask(self, _number: int, _frame: FrameType | None) -> None:
        """A signal's handler."""
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True


@command(Options)
@database()
@project
def execute(options: Options, context: Context) -> int:
    """0 when it was asked to stop."""
    from datetime import datetime, timezone

    from mvc.engines.postgres.server.worker import Worker, work
    from mvc.report.deploy.worker import event_text, is_trouble

    stop = Stop()
    target = context.deployed()

    def hear(event: Event) -> None:
        text = event_text(event, target.project, datetime.now(timezone.utc), context.style)
        context.talk(text, trouble=is_trouble(event))

    before = signal.signal(signal.SIGTERM, stop.ask)
    try:
        work(Worker(options.database, target, hear, lambda: stop.asked))
    finally:
        signal.signal(signal.SIGTERM, before)
    return 0
