"""Fixtures that every test may ask for, and what the markers mean. What the fixtures are made of stands in `servers`.

A test that asks for a server through a fixture is marked `server` by itself; any other that starts one says so with
`@pytest.mark.server`, else starting it fails. `pytest -m "not server and not slow"` thus needs none.
"""

from __future__ import annotations

import gc
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from zlib import crc32

import pytest

from assertion_count import AssertionCount
from mvc.engines.postgres.server.embedded import EmbeddedServer
from servers import IN_CI, MAJORS, Database, Servers, build_booking, build_postgis, new_database

SERVER_FIXTURES = {"servers", "rough_servers", "cron_server", "counting_server", "secure", "arena_url"}
_ENTER = EmbeddedServer.__enter__
_ON_MAJOR = re.compile(r"[\[-]pg(1[5-9])(?=[\]-])")


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
def database(postgres_server: EmbeddedServer, request: pytest.FixtureRequest) -> Iterator[Database]:
    """A database of the test's own, with the runtime and nothing else; for a test that is marked `bare`, without."""
    with new_database(postgres_server, bare=request.node.get_closest_marker("bare") is not None) as created:
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


@pytest.fixture
def types_left_to_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where PostgreSQL's parser has no build: no type of an expression is known before a server is asked."""
    monkeypatch.setattr("mvc.inference.infer.parse", lambda text: None)
    monkeypatch.setattr("mvc.analysis.types.check.output_problems", lambda view, world: ())


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="rewrite what golden cases expect")
    parser.addoption(
        "--all-majors", action="store_true", help="run each test on all PostgreSQLs that it is for, as CI does"
    )
    parser.addoption("--count-assertions", action="store_true", help="say how many assertions held (make test-count)")


def pytest_configure(config: pytest.Config) -> None:
    gc.disable()  # until the tests are collected: nothing of them is garbage
    if config.getoption("--count-assertions"):
        config.pluginmanager.register(AssertionCount())


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """From here on the collector looks at what tests make, and not at thousands of tests each time: a tenth of the suite's CPU."""
    gc.collect()
    gc.freeze()
    gc.enable()
    gc.set_threshold(20_000, 20, 50)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Iterator[None]:
    """Marks what asks for a server, before -m picks. Lets the slow ones come first, after all other sorting: a worker that begins one
    last keeps all waiting.
    """
    for item in items:
        if SERVER_FIXTURES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker("server")
    chosen = set(map(id, _chosen(items, everywhere=IN_CI or config.getoption("--all-majors"))))
    config.hook.pytest_deselected(items=[item for item in items if id(item) not in chosen])
    items[:] = [item for item in items if id(item) in chosen]
    yield
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def _chosen(items: Iterable[pytest.Item], *, everywhere: bool) -> Iterator[pytest.Item]:
    """Where tests are to run `everywhere`, each does so on the oldest and the newest server, and a quarter of the quick ones also on one of those
    between. Elsewhere, and those that are marked so, each runs on one of them, by turns.
    """
    tests: dict[str, dict[int, pytest.Item]] = {}
    for item in items:
        major = _major(item)
        tests.setdefault(item.nodeid.replace(f"pg{major}", "pg"), {})[major] = item
    for name, runs in tests.items():
        turn = crc32(name.encode())
        majors = sorted(runs)
        if len(majors) > 1:
            by_turns = any(item.get_closest_marker("by_turns") for item in runs.values())
            ends = [majors[0], majors[-1]]
            majors = _everywhere(runs, turn) if everywhere and not by_turns else [ends[turn % 2]]
        yield from (runs[major] for major in majors)


def _everywhere(runs: Mapping[int, pytest.Item], turn: int) -> list[int]:
    oldest, *between, newest = sorted(runs)
    is_slow = any(item.get_closest_marker("slow") for item in runs.values())
    also = [] if is_slow or not between else between[turn % (4 * len(between)) :][:1]
    return [oldest, *also, newest]


def _major(item: pytest.Item) -> int:
    """The version of the server that a test runs on, by the id that all such fixtures give; 0 where there is none."""
    found = _ON_MAJOR.search(item.nodeid)
    return int(found[1]) if found else 0


# Before fixtures of a module or session start a server for the first test that needs it.
@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    EmbeddedServer.__enter__ = _ENTER if item.get_closest_marker("server") else _refuse


def _refuse(_: EmbeddedServer) -> EmbeddedServer:
    raise AssertionError("this test starts a server: mark it with @pytest.mark.server")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: tests wait for servers, clocks and processes a good deal of their time."""
    return (os.cpu_count() or 1) + 1
