"""Fixtures that every test may ask for. What they are made of stands in `servers`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mvc.postgres.embedded import EmbeddedServer
from servers import MAJORS, Database, Servers, build_booking, build_postgis, new_database


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """All servers of the session: each is started when first asked for, and stopped in the end."""
    running = Servers()
    yield running
    running.close()


@pytest.fixture(scope="session", params=MAJORS, ids=lambda major: f"pg{major}")
def postgres_server(request: pytest.FixtureRequest, servers: Servers) -> EmbeddedServer:
    """A running server; the test runs once for each major version."""
    return servers.get(request.param)


@pytest.fixture
def database(postgres_server: EmbeddedServer) -> Iterator[Database]:
    """An empty database of the test's own."""
    with new_database(postgres_server) as created:
        yield created


@pytest.fixture
def booking(postgres_server: EmbeddedServer, servers: Servers) -> Iterator[Database]:
    """The test's own copy of the booking platform with a year of data."""
    template = servers.template(postgres_server, "booking_template", build_booking)
    with new_database(postgres_server, template) as created:
        yield created


@pytest.fixture
def postgis_database(servers: Servers) -> Iterator[Database]:
    """A database with PostGIS, which only Debian's PostgreSQL 15 has here."""
    server = servers.get(15)
    template = servers.template(server, "postgis_template", build_postgis)
    with new_database(server, template) as created:
        yield created


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="rewrite what golden cases expect")
