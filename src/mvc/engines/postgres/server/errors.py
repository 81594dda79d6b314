"""What can go wrong with a server, in words for a user. psycopg's own exceptions end here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import psycopg
from psycopg import errors

from mvc.diagnostics import Diagnostic
from mvc.engines.postgres.server.advice import advice

LONGEST: Final = 4000  # characters of what a server says that are shown


class ServerError(Exception):
    """A server cannot be reached, or refuses something. The message is for a user; nothing was left half-done."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class NoAddress(ServerError):
    """What was given as a database's URL cannot be read as one: to try again is no use."""


class Denied(ServerError):
    """The role that asked lacks a privilege."""


class InUse(ServerError):
    """Somebody else holds a lock that was needed."""


@dataclass(frozen=True, slots=True)
class ServerRefusal:
    """What PostgreSQL said to one statement. `position` counts characters from 1, of the statement or of the `query` that a function
    ran for it; 0 is unknown.
    """

    sqlstate: str
    message: str
    detail: str
    hint: str
    position: int
    query: str = ""


class StatementRefused(ServerError):
    """The server refused a statement for `views` (their names; none for the runtime) to `role`. `diagnostic` says where in the YAML it stands
    what the server refused, where that is known.
    """

    def __init__(self, views: tuple[str, ...], statement: str, refusal: ServerRefusal, role: str = "") -> None:
        of_view = f"the view{'s' if len(views) > 1 else ''} {', '.join(views)}" if views else "the runtime"
        absent = (
            "create it again, or take it out of what the view reads and calls" if refusal.sqlstate in _ABSENT else ""
        )
        hint = advice(refusal.sqlstate, refusal.message, role) or absent or _hint(refusal)
        super().__init__(f"the server refuses {of_view}: {refusal.message}", hint)
        self.views, self.statement, self.refusal = views, statement, refusal
        self.diagnostic: Diagnostic | None = None


def refusal_of(problem: psycopg.Error) -> ServerRefusal:
    """The parts of a server's error."""
    said = problem.diag
    inner = said.internal_query if said.internal_position else None
    return ServerRefusal(
        sqlstate=said.sqlstate or "",
        message=_short(said.message_primary or str(problem).strip() or "no reason given"),
        detail=_short(said.message_detail or ""),
        hint=_short(said.message_hint or ""),
        position=int((said.internal_position if inner else said.statement_position) or 0),
        query=inner or "",
    )


def _short(text: str) -> str:
    """A message quotes the value that it is about, and that may be hundreds of megabytes long."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


_ABSENT: Final = (
    "42P01",
    "42703",
    "42704",
    "42883",
    "42846",  # a row that lacks a column is not cast to the type of its table
)  # SQLSTATEs of a table, column, type or function that does not exist
_KINDS: Final = {errors.InsufficientPrivilege: Denied, errors.LockNotAvailable: InUse}


def _hint(said: ServerRefusal, role: str = "") -> str:
    return advice(said.sqlstate, said.message, role) or said.hint or said.detail


@contextmanager
def server_errors() -> Iterator[None]:
    """Turns what psycopg raises inside into ServerError. Also a decorator, for the functions that others call."""
    try:
        yield
    except psycopg.Error as problem:
        said = refusal_of(problem)
        lost = f"SQLSTATE {said.sqlstate}; if somebody dropped a part of the runtime, mvc apply puts it back"
        known = advice(said.sqlstate, said.message) or (lost if said.sqlstate in _ABSENT else _hint(said))
        hint = known or (f"SQLSTATE {said.sqlstate}" if said.sqlstate else "")
        kind = next((kind for error, kind in _KINDS.items() if isinstance(problem, error)), ServerError)
        raise kind(f"the server says: {said.message}", hint) from None
