"""A migration of base tables past the views that read them: release, migrate, rebuild, under one deployment's lock.

What stands in the way is found in two ways. The migration's own ALTER TABLE and DROP say what most of it is, before anything is run, so that nothing is
run in vain. The rest PostgreSQL says itself, whatever a function or a later statement does: the migration is tried, and where a view of ours makes it
fail, it is undone, the view is released as well, and it is tried again. To try first and to release then would be enough; but what a migration rewrites
before its refusal it would rewrite twice.

The drops of what stood in the way, the migration and the plan for what comes after it are one transaction. So a migration that fails, or after which the
project could not be deployed, leaves nothing: what was released is taken back, with the rows that it had.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field

import psycopg

from mvc.catalog.altered import Migration, MigrationStatement, read_migration
from mvc.compiled.project import Compiled
from mvc.engines.postgres.plan.release import Altered, Release
from mvc.engines.postgres.plan.steps import Plan, Step
from mvc.engines.postgres.plan.trial import trial_statements
from mvc.engines.postgres.server.apply import (
    Applied,
    ApplyOptions,
    ApplyRun,
    OnStep,
    applied_of,
    carry_out,
    plan,
    refuse,
)
from mvc.engines.postgres.server.errors import ServerError, StatementRefused, refusal_of, server_errors
from mvc.engines.postgres.server.limits import own_limits
from mvc.engines.postgres.server.lock import deployment_lock
from mvc.engines.postgres.server.read_state import ledger
from mvc.engines.postgres.server.refused_migration import InTheWay, Waited, said_of
from mvc.engines.postgres.server.refused_view import placed
from mvc.engines.postgres.server.release import find_altered, open_way, plan_release, session_of, take_back
from mvc.engines.postgres.server.run_steps import NOTICE_LOSS, READER_WAIT_MS, Session
from mvc.quoting import identifier, literal, qualified
from mvc.retired import retired_parameter

_LONGEST_PAUSE = 1.0
_LOCKS_TABLES = frozenset({"alter", "create", "do", "drop", "lock", "truncate", "comment", "grant", "revoke"})


@dataclass(frozen=True, slots=True)
class Around:
    """What was done: what was released for the migration, how many statements it has, what was deployed after it."""

    released: Release
    statements: int
    applied: Applied


@server_errors()
def plan_around(connection: psycopg.Connection, compiled: Compiled, sql: str) -> Release:
    """What would be released for the migration `sql`, as far as its text says. Takes no strong lock and writes nothing. Raises UnusableMigration
    and ServerError.
    """
    return plan_release(connection, compiled, find_altered(connection, read_migration(sql).altered))


@retired_parameter("terms", "options", "0.3")
@server_errors()
def around(
    connection: psycopg.Connection,
    compiled: Compiled,
    sql: str,
    options: ApplyOptions | None = None,
    on_step: OnStep | None = None,
) -> Around:
    """Runs the migration `sql` in one transaction, as whoever is connected, and deploys the project, which is as it is to be after that.

    The connection must be in autocommit mode. Raises UnusableMigration before anything is done; MigrationRefused and ServerError, after which
    base tables and views are as before; and, once the migration is committed, ServerError as `apply` does: readers then have the last rows, and the next
    `apply` does what is left.
    """
    migration, agreed = read_migration(sql), options or ApplyOptions()
    with deployment_lock(connection, compiled.stored) as still_locked:
        run = _Run(
            session_of(connection, compiled, agreed), compiled, migration, ApplyRun(agreed, still_locked, on_step)
        )
        try:
            run.release(find_altered(connection, migration.altered))
            run.migrate()
        except BaseException:
            take_back(run.session, run.released)
            raise
        try:
            made = plan(connection, compiled, (), agreed.pace.patience)
            number = carry_out(connection, compiled, made, run.conduct)
        except ServerError as problem:
            problem.hint = (
                f"the migration is committed; the next mvc apply does what is left of the views. {problem.hint}"
            )
            raise
    return Around(run.released, len(migration.statements), applied_of(made, number))


@dataclass
class _Run:
    """One run: what was released so far, and what the present attempt at the migration is at."""

    session: Session
    compiled: Compiled
    migration: Migration
    conduct: ApplyRun
    released: Release = field(init=False)

    def __post_init__(self) -> None:
        self.released = Release(self.compiled.stored, ())

    @property
    def connection(self) -> psycopg.Connection:
        return self.session.connection

    def release(self, altered: tuple[Altered, ...]) -> bool:
        """Releases what is in the way of a change of these. Returns whether there was anything."""
        found = plan_release(self.connection, self.compiled, altered)
        self.released = self.released.with_more(found)
        open_way(self.session, found, self.conduct)
        return not found.empty

    def migrate(self) -> None:
        """Tries until it goes through: what else is in the way is released, what readers and writers hold is waited for. Raises ServerError."""
        self.conduct.begin(Step("migrate", "", f"{len(self.migration.statements)} statements", ()))
        deadline, pause = time.monotonic() + self.session.pace.patience, 0.05
        while problem := self._tried():
            if isinstance(problem, InTheWay):
                if not self.release(_named(self.connection, self.compiled.stored, problem.detail)):
                    raise problem.refused(self.released)
                continue
            if time.monotonic() + pause > deadline:
                raise problem.refused(self.connection, self.released)
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _tried(self) -> InTheWay | Waited | None:
        """One attempt; what came between, if something did that can be mended."""
        try:
            self._attempt()
        except (InTheWay, Waited) as problem:
            return problem
        return None

    def _attempt(self) -> None:
        """Clears the way, runs the statements and looks whether the project can be deployed then; all of it or nothing."""
        with self.connection.transaction():
            self._limit()
            self._clear()
            for statement in self.migration.statements:
                with said_of(statement):
                    self._limit_locks(statement)
                    self.connection.execute(statement.text.encode(), prepare=False)
            with self.connection.transaction(force_rollback=True):
                made = self._plan_after()
                refuse(made, self.conduct.options)
            with self.connection.transaction(force_rollback=True):
                self._try(made)
            self.conduct.still_locked()

    def _limit(self) -> None:
        statement_ms = int((self.session.pace.timeout or 0) * 1000)
        limits = own_limits(self.connection, statement_ms, READER_WAIT_MS)
        self.connection.execute(f"{limits}; {NOTICE_LOSS}".encode())

    def _limit_locks(self, statement: MigrationStatement) -> None:
        """What alters a table has everybody queue behind it while it waits, so it lets go; what waits for rows, only those who want the same ones. A
        migration that says itself how long it waits is left to that.
        """
        if not any("lock_timeout" in item.text for item in self.migration.statements if item.verb == "set"):
            brief = statement.verb in _LOCKS_TABLES
            limit = READER_WAIT_MS if brief else max(1, int(self.session.pace.patience * 1000))
            self.connection.execute(f"SET LOCAL lock_timeout = {limit}".encode())

    def _clear(self) -> None:
        """Drops what stood in the way, in the name of the stored schema's owner, and goes on as who we are."""
        step = self.released.clearing
        if step is None:
            return
        row = self.connection.execute("SELECT pg_catalog.current_setting('role')").fetchone()
        become = f"SET LOCAL ROLE {identifier(self.session.owner)}; " if self.session.owner else ""
        back = f"SELECT pg_catalog.set_config('role', {literal(row[0] if row else 'none')}, true)"
        with said_of(self.migration.statements[0] if self.migration.statements else MigrationStatement("", 1)):
            self.connection.execute(f"{become}{'; '.join(step.statements)}; {back}".encode(), prepare=False)

    def _try(self, made: Plan) -> None:
        """Has the server take what is to be built, in words and not in rows. Raises StatementRefused, with the place in the YAML."""
        role = self.session.owner or self.connection.info.user
        opening = [f"SET LOCAL ROLE {identifier(self.session.owner)}"] if self.session.owner else []
        self.connection.execute("; ".join([*opening, *self.session.preamble]).encode())
        for step in (
            made.prepare if not made.state else ()
        ):  # nothing was ever deployed, and what looks at names is not there
            if step.action == "runtime":
                self.connection.execute("; ".join(step.statements).encode(), prepare=False)
        foreign_code = "foreign-code" in self.conduct.options.allow
        for view, statements in trial_statements(made, self.compiled, foreign_code=foreign_code):
            running = ""
            try:
                for running in statements:
                    self.connection.execute(running.encode(), prepare=False)
            except psycopg.Error as problem:
                refused = StatementRefused((view,), running, refusal_of(problem), role)
                raise placed(refused, self.compiled) from None

    def _plan_after(self) -> Plan:
        return plan(self.connection, self.compiled, (), self.session.pace.patience)


def _named(connection: psycopg.Connection, storage_schema: str, detail: str) -> tuple[Altered, ...]:
    """The relations of ours that a server's words name, in whatever language: what is stored by its own names, which nothing else bears; where there is
    none of these, what readers use.
    """
    made = f"SELECT {literal(storage_schema)}, c.relname::text FROM {qualified(storage_schema, 'made_relations')}() AS m JOIN pg_class AS c ON c.oid = m.relation WHERE "
    arm = "m.part = 'arm' AND m.live"  # named also where only what it reads is in the way
    shown = f"SELECT d.view_schema::text, d.view_name::text FROM {qualified(storage_schema, 'deployed_view')} AS d"
    with ledger(connection, storage_schema):
        for query in (f"{made}NOT ({arm})", f"{made}{arm}", shown):
            names = [Altered(*row) for row in connection.execute(query.encode()).fetchall()]
            if found := [item for item in names if re.search(rf"(?<![\w$]){re.escape(item.name)}(?![\w$])", detail)]:
                return tuple(found)
    return ()
