"""Has older snapshots on a standby see the rows of newly built tables, before readers are switched to them.

The primary knows nothing of a standby's transactions, or too late; so their rows are frozen (engines/postgres/runtime/standbys.sql), which takes that
no snapshot in use here is older. Where there is no standby, nothing is done.
"""

from __future__ import annotations

import time
from typing import Final

from mvc.engines.postgres.deploy.statements import names_array
from mvc.engines.postgres.plan.steps import Step
from mvc.engines.postgres.server.errors import ServerError
from mvc.engines.postgres.server.read_state import ledger
from mvc.engines.postgres.server.run_steps import Session, run_step
from mvc.quoting import qualified

PAUSE: Final = 0.2


def freeze_for_standbys(session: Session, storage_schema: str, tables: tuple[str, ...]) -> None:
    """Returns once every snapshot on every standby that this server knows of sees the rows of `tables`.

    Raises ServerError where a snapshot that is older than they are is still in use after the session's patience.
    """
    if not tables or not _asked(session, storage_schema, "has_standbys()"):
        return
    deadline = time.monotonic() + session.pace.patience
    while unfrozen := _asked(session, storage_schema, f"unfrozen({names_array(tables)})"):
        if _asked(session, storage_schema, f"may_freeze({names_array(unfrozen)})"):
            statement = f"SELECT {qualified(storage_schema, 'freeze')}({names_array(unfrozen)})"
            run_step(session, Step("fill", "", "older snapshots on standbys see its rows", (statement,)))
        elif time.monotonic() > deadline:
            raise _gave_up(session.pace.patience)
        else:
            time.sleep(PAUSE)


def _asked(session: Session, storage_schema: str, call: str) -> list[str]:
    """What a function of the runtime says; a plain yes is a list with something in it."""
    with ledger(session.connection, storage_schema):
        row = session.connection.execute(
            f"SELECT {qualified(storage_schema, call.partition('(')[0])}({call.partition('(')[2]}".encode()
        ).fetchone()
    found = row[0] if row else None
    return found if isinstance(found, list) else ["yes"] if found else []


def _gave_up(patience: float) -> ServerError:
    message = f"a snapshot that is older than what was built is still in use after {patience:g} s, on a standby or by a transaction here"
    hint = (
        "with their older snapshot they would find the new tables empty. Look for old transactions in pg_stat_activity, there and here, and in "
        "pg_prepared_xacts. Wait longer with --wait SECONDS, or end them. Nothing was switched, and what was built is kept for the next apply"
    )
    return ServerError(message, hint)
