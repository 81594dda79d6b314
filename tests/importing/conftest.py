"""Databases with views that were made by hand, and what is read back of views, however they were made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from mvc.quoting import identifier
from servers import Database, new_database

from .shop import GRANTS, ROLES, TABLES, VIEWS


@pytest.fixture
def by_hand(database: Database) -> Iterator[psycopg.Connection[Any]]:
    """The shop with its views and their readers."""
    connection = database.connect()
    for role in ROLES:
        connection.execute(f"CREATE ROLE {identifier(role)}")
    connection.execute(TABLES + VIEWS + GRANTS)
    yield connection
    for role in ROLES:
        connection.execute(f"DROP OWNED BY {identifier(role)}; DROP ROLE {identifier(role)}")


@pytest.fixture
def elsewhere(database: Database, by_hand: psycopg.Connection[Any]) -> Iterator[psycopg.Connection[Any]]:
    """Another database with the same base tables and no views."""
    with new_database(database.server) as other:
        connection = other.connect()
        connection.execute(TABLES)
        yield connection
        for role in ROLES:
            connection.execute(f"DROP OWNED BY {identifier(role)}")
