"""Servers of these tests' own, on which transactions can be prepared, and which may crash."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from emitted import every_script_parses  # noqa: F401
from mvc.engines.postgres.server.embedded import EmbeddedServer
from servers import NEWEST, Database, Servers, new_database

from .projects import build_booking, build_shop

ROUGH = (15, NEWEST)
_SETTINGS = {
    "max_prepared_transactions": "20",
    "deadlock_timeout": "100ms",
    "max_connections": "60",
    "jit": "off",
    "wal_level": "logical",  # for those that replicate
}


@pytest.fixture(scope="session")
def rough_servers() -> Iterator[Servers]:
    """Servers that start on demand, with other settings than the rest of the session's."""
    running = Servers(_SETTINGS)
    yield running
    running.close()


@pytest.fixture(scope="session", params=ROUGH, ids=lambda major: f"pg{major}")
def rough_server(request: pytest.FixtureRequest, rough_servers: Servers) -> EmbeddedServer:
    return rough_servers.get(request.param)


@pytest.fixture
def platform(rough_server: EmbeddedServer, rough_servers: Servers) -> Iterator[Database]:
    """The booking platform, each of its views refreshed in part."""
    with new_database(rough_server, rough_servers.template(rough_server, "refresh_booking", build_booking)) as created:
        yield created


@pytest.fixture
def shop_database(rough_server: EmbeddedServer, rough_servers: Servers) -> Iterator[Database]:
    """The shop, both of its views refreshed in part."""
    with new_database(rough_server, rough_servers.template(rough_server, "refresh_shop", build_shop)) as created:
        yield created
