"""The real server that examples run on: each in a transaction of its own that is rolled back."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import psycopg

from .expressions import Value

FRESH = "DROP SCHEMA IF EXISTS public CASCADE; CREATE SCHEMA public; SET LOCAL search_path = public;"


@dataclass(frozen=True)
class Result:
    columns: tuple[str, ...]
    types: tuple[int, ...]  # type OIDs
    rows: list[tuple[Value, ...]]


@dataclass
class Arena:
    """A database whose `public` schema nobody minds losing."""

    url: str
    _connection: psycopg.Connection[Any] | None = None

    @property
    def connection(self) -> psycopg.Connection[Any]:
        if self._connection is None:
            self._connection = psycopg.connect(self.url)
        return self._connection

    def leave(self) -> None:
        """The next world is another session's. One keeps the plans of all functions that it ever ran, also of those that are gone, and
        looks at each of them whenever a table changes: a runtime made anew for each example costs more with every one of them.
        """
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @contextmanager
    def world(self, setup: str) -> Iterator[None]:
        """Tables and rows that are gone afterwards."""
        with self.connection.transaction(force_rollback=True):
            self.connection.execute(FRESH + setup)
            yield

    def ask(self, query: str) -> Result:
        cursor = self.connection.execute(query)
        described = cursor.description or ()
        return Result(
            tuple(each.name for each in described), tuple(each.type_code for each in described), cursor.fetchall()
        )

    def type_oid(self, name: str) -> int:
        row = self.connection.execute("SELECT to_regtype(%s)::oid", [name]).fetchone()
        assert row is not None
        return row[0]


def same_rows(left: Sequence[tuple[Value, ...]], right: Sequence[tuple[Value, ...]]) -> bool:
    """Equal as multisets, with numbers equal up to rounding."""
    rest = list(right)
    for row in left:
        place = next((place for place, other in enumerate(rest) if _same(row, other)), None)
        if place is None:
            return False
        del rest[place]
    return not rest


def _same(left: Value, right: Value) -> bool:
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(map(_same, left, right))
    if _is_number(left) and _is_number(right):
        return math.isclose(left, right, rel_tol=1e-9, abs_tol=1e-9)
    return type(left) is type(right) and left == right


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)
