"""Drop what no reader uses any more: stored relations that were kept for mvc rollback, and what interrupted deployments left.

Nothing that is in use is touched. A rollback is possible afterwards too, but has to build again what was dropped.

Example:
  mvc prune --dry-run
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mvc.cli.command import command
from mvc.cli.consent import Confirmable, confirmed, shows_plan
from mvc.cli.options import database, dry_run, project, wait, yes

if TYPE_CHECKING:
    from mvc.cli.context import Context


@dataclass(frozen=True)
class Options(Confirmable):
    """The command line."""

    wait: float


@command(Options)
@database()
@dry_run("list it and stop")
@yes
@wait(10, "how long to retry while somebody reads one")
@project
def execute(options: Options, context: Context) -> int:
    """Exit code 1 where something that should go could not be dropped."""
    from mvc.engines.postgres.server.prune import leftovers, prune
    from mvc.engines.postgres.server.run_steps import Timeouts
    from mvc.report.deploy.deployment import leftovers_text, pruned_text

    compiled = context.deployed()
    with context.connect(options.database) as connection:
        found = leftovers(connection, compiled)
        if shows_plan(options, context):
            context.data(leftovers_text(found) if found else "nothing to drop")
        if options.dry_run or not any(item.kind != "unknown" for item in found):
            return 0
        if not confirmed("drop these?", options, context):
            return 1
        done = prune(connection, compiled, Timeouts(options.wait))
    kept = any(item.kind != "unknown" for item, _ in done.kept)
    context.talk(pruned_text(done), trouble=kept)
    return int(kept)
