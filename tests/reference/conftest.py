"""The booking platform for the reference tests: with rows that the generator never makes, with PostGIS, and empty."""

from pathlib import Path

import pytest

from emitted import every_script_parses  # noqa: F401
from servers import build_booking, build_postgis, new_database

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def add_oddities(connection):
    with connection.transaction():
        connection.execute("SET LOCAL timezone = 'UTC'")
        connection.execute((HERE / "oddities.sql").read_text(encoding="utf-8"))


def build_postgis_booking(connection):
    build_postgis(connection)
    build_booking(connection)
    add_oddities(connection)


@pytest.fixture
def odd_booking(booking):
    with booking.connect() as connection:
        add_oddities(connection)
    return booking


@pytest.fixture
def postgis_booking(servers):
    server = servers.get(15)
    template = servers.template(server, "postgis_booking_template", build_postgis_booking)
    with new_database(server, template) as created:
        yield created


@pytest.fixture
def empty_booking(booking):
    """The booking platform on the day that it opens."""
    with booking.connect() as connection:
        connection.execute("TRUNCATE organizations, users, payments, reservation_services CASCADE")
    return booking
