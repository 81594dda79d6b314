"""The server of the property tests, and how many examples they try."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from emitted import every_script_parses  # noqa: F401

from .server import Arena

SLOW = (
    HealthCheck.too_slow,
    HealthCheck.data_too_large,
    HealthCheck.filter_too_much,
    HealthCheck.function_scoped_fixture,
)
settings.register_profile("dev", max_examples=60, deadline=None, suppress_health_check=SLOW)
settings.register_profile("ci", max_examples=300, deadline=None, suppress_health_check=SLOW, derandomize=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


@pytest.fixture(scope="session")
def arena_url(request: pytest.FixtureRequest) -> str:
    """A database to ourselves on the newest server, or the one in MVC_PROPERTY_URL, whose `public` is then dropped."""
    if url := os.environ.get("MVC_PROPERTY_URL"):
        return url
    from servers import NEWEST  # the suite's; not there when these tests run alone

    server = request.getfixturevalue("servers").get(NEWEST)
    server.create_database("mvc_property")
    return server.url("mvc_property")


@pytest.fixture(scope="session")
def arena(arena_url: str) -> Iterator[Arena]:
    made = Arena(arena_url)
    yield made
    made.leave()
