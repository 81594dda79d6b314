"""What a server says to a statement of a migration, sorted by what can be done about it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import psycopg
from psycopg import errors

from mvc.catalog.altered import MigrationStatement
from mvc.engines.postgres.plan.release import Release
from mvc.engines.postgres.plan.steps import Lock
from mvc.engines.postgres.server.blockers import blockers
from mvc.engines.postgres.server.errors import ServerError, refusal_of
from mvc.engines.postgres.server.run_steps import AGAIN

_DEPENDENTS: Final = (errors.DependentObjectsStillExist, errors.FeatureNotSupported)


class MigrationRefused(ServerError):
    """PostgreSQL refuses a statement of the migration, or waited for too long for what it locks. `line` is where that begins."""

    def __init__(self, line: int, said: str, hint: str) -> None:
        super().__init__(f"line {line} of the migration: {said}", hint)
        self.line = line


@dataclass
class InTheWay(Exception):
    """Something depends on what a statement changes; `detail` is what the server names."""

    line: int
    message: str
    detail: str
    hint: str

    def refused(self, released: Release) -> MigrationRefused:
        others = f"; not the project's, and in the way: {', '.join(released.outside)}" if released.outside else ""
        hint = self.detail.replace("\n", "; ") or self.hint
        return MigrationRefused(self.line, self.message, f"{hint}{others}. Everything is as before")


@dataclass
class Waited(Exception):
    """Somebody holds what a statement needs."""

    line: int
    message: str

    def refused(self, connection: psycopg.Connection, released: Release) -> MigrationRefused:
        held = [Lock("ACCESS EXCLUSIVE", (item.schema, item.name)) for item in released.altered]
        who = "; ".join(blockers(connection, held)) or "look for long transactions in pg_stat_activity"
        return MigrationRefused(
            self.line, self.message, f"{who}. Wait longer with --wait SECONDS. Everything is as before"
        )


@contextmanager
def said_of(statement: MigrationStatement) -> Iterator[None]:
    """What the server says of one statement, sorted by what can be done about it."""
    try:
        yield
    except AGAIN as problem:
        raise Waited(statement.line, refusal_of(problem).message) from None
    except psycopg.Error as problem:
        said = refusal_of(problem)
        if isinstance(problem, _DEPENDENTS):
            raise InTheWay(statement.line, said.message, said.detail, said.hint) from None
        hint = "; ".join(filter(None, (said.detail, said.hint, f"SQLSTATE {said.sqlstate}")))
        raise MigrationRefused(statement.line, said.message, f"{hint}. Everything is as before") from None
