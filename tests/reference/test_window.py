"""Rows on the very edges of the views' windows, with numbers written by hand.

Amounts are powers of two: a sum names the rows that are in it. Sessions are in zones where it is another day than in
UTC for some hours of each day: the day that counts is UTC's.
"""

from decimal import Decimal

import pytest
from psycopg import sql

from .deployment import deploy, storage

pytestmark = pytest.mark.by_turns

ORGANIZATION, USER, OTHER, SERVICE, LOCATION = (f"{n}0000000-0000-0000-0000-000000000000" for n in range(1, 6))
MOMENTS = {
    "91 days ago": "CURRENT_DATE - 91",
    "just before 90 days of dates": "CURRENT_DATE - 89 - interval '1 microsecond'",
    "90th date": "CURRENT_DATE - 89",
    "31st date, last moment": "CURRENT_DATE - 29 - interval '1 microsecond'",
    "30th date": "CURRENT_DATE - 29",
    "today, last moment": "CURRENT_DATE + 1 - interval '1 microsecond'",
    "tomorrow": "CURRENT_DATE + 1",
}
PEOPLE = f"""
INSERT INTO organizations (id, name, status, verification_status) VALUES ('{ORGANIZATION}', 'One', 'active', 'verified');
INSERT INTO users (id, full_name, email) VALUES ('{USER}', 'A', 'a@example.com'), ('{OTHER}', 'B', 'b@example.com');
INSERT INTO services (id, organization_id, name, service_type, base_price)
  VALUES ('{SERVICE}', '{ORGANIZATION}', 'Service', 'burial', 1);
INSERT INTO locations (id, organization_id, name, location_type) VALUES ('{LOCATION}', '{ORGANIZATION}', 'Hall', 'hall');
"""


@pytest.fixture(params=["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
def opening_day(request, empty_booking):
    """A connection in UTC for inserting, and what then deploys in the zone under test."""
    with empty_booking.connect() as connection:
        connection.execute("SET timezone = 'UTC'")
        connection.execute(PEOPLE)
        yield connection, lambda: deploy_in(connection, request.param)


def deploy_in(connection, zone):
    connection.execute("SELECT set_config('timezone', %s, false)", [zone])
    deploy(connection)
    connection.execute("SET timezone = 'UTC'")


def rows_of(connection, view, *columns):
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    return connection.execute(sql.SQL("SELECT {} FROM {} ORDER BY 1, 2").format(names, storage(view))).fetchall()


def reserve(connection, created, amount, status="completed", scheduled="CURRENT_DATE", user=USER):
    """A reservation with one line of the same amount; the moments and dates are SQL, in UTC."""
    query = f"""
        WITH made AS (
          INSERT INTO reservations (organization_id, user_id, location_id, status, scheduled_date, total_amount, created_at)
          VALUES (%s, %s, %s, %s, {scheduled}, %s, {created}) RETURNING id)
        INSERT INTO reservation_services (reservation_id, service_id, unit_price, total_price)
        SELECT id, %s, %s, %s FROM made"""
    connection.execute(query, [ORGANIZATION, user, LOCATION, status, amount, SERVICE, amount, amount])


def reserve_at_all_moments(connection):
    """1 at the oldest moment, 2, 4, … up to 64 at tomorrow's first."""
    for exponent, created in enumerate(MOMENTS.values()):
        reserve(connection, created, 2**exponent, user=OTHER if exponent == 2 else USER)


def test_ninety_days_are_today_and_the_89_dates_before(opening_day):
    connection, deployed = opening_day
    reserve_at_all_moments(connection)
    deployed()
    ((total, completed, revenue, customers, average),) = rows_of(
        connection,
        "mv_organization_dashboard",
        "total_reservations_last_90_days",
        "completed_reservations_last_90_days",
        "total_revenue_last_90_days",
        "unique_customers_last_90_days",
        "avg_ticket_size",
    )
    assert (total, completed, customers) == (4, 4, 2)
    assert revenue == 4 + 8 + 16 + 32
    assert average == 15


def test_thirty_days_are_today_and_the_29_dates_before(opening_day):
    connection, deployed = opening_day
    reserve_at_all_moments(connection)
    deployed()
    ((booked, completed, price, revenue, customers, rating),) = rows_of(
        connection,
        "mv_service_performance",
        "times_booked_last_30_days",
        "completed_bookings",
        "avg_price",
        "total_revenue_last_30_days",
        "unique_customers",
        "avg_rating",
    )
    assert (booked, completed, customers, rating) == (2, 2, 1, None)
    assert revenue == 16 + 32
    assert price == 24


def test_a_service_whose_bookings_are_all_too_old_stays_with_zeros(opening_day):
    connection, deployed = opening_day
    reserve(connection, "CURRENT_DATE - 29 - interval '1 microsecond'", 1)
    reserve(connection, "CURRENT_DATE + 1", 2)
    deployed()
    columns = ("times_booked_last_30_days", "completed_bookings", "unique_customers", "avg_price", "avg_rating")
    assert rows_of(connection, "mv_service_performance", *columns) == [(0, 0, 0, None, None)]
    assert rows_of(connection, "mv_service_performance", "service_id", "total_revenue_last_30_days")[0][1] is None


def test_the_past_month_of_a_location_is_the_30_dates_before_today(opening_day):
    connection, deployed = opening_day
    for exponent, days in enumerate([-31, -30, -1, 0, 1]):
        reserve(connection, "now()", 2**exponent, scheduled=f"CURRENT_DATE + {days}")
        reserve(connection, "now()", 1000, "pending", scheduled=f"CURRENT_DATE + {days}")
    deployed()
    columns = ("upcoming_reservations", "past_month_reservations", "avg_booking_value")
    ((upcoming, past, value),) = rows_of(connection, "mv_location_availability", *columns)
    assert (upcoming, past) == (2, 4)
    assert value == Decimal(2 + 4 + 8 + 16) / 4


def offer(connection, date, end="24:00", free=True):
    connection.execute(
        "INSERT INTO availabilities (organization_id, location_id, service_id, date, start_time, end_time, is_available)"
        f" VALUES (%s, %s, %s, {date}, '00:00', %s, %s)",
        [ORGANIZATION, LOCATION, SERVICE, end, free],
    )


def test_a_slot_that_has_ended_today_is_not_upcoming(opening_day):
    connection, deployed = opening_day
    offer(connection, "CURRENT_DATE - 1", end="24:00")
    offer(connection, "CURRENT_DATE", end="00:00")
    offer(connection, "CURRENT_DATE", end="24:00")
    offer(connection, "CURRENT_DATE", end="24:00", free=False)
    offer(connection, "CURRENT_DATE + 300", free=False)
    deployed()
    (found,) = rows_of(connection, "mv_location_availability", "upcoming_available_slots", "last_availability_update")
    assert found == (1, connection.execute("SELECT CURRENT_DATE").fetchone()[0])


def test_no_slot_at_all_is_zero_and_no_date(opening_day):
    connection, deployed = opening_day
    offer(connection, "CURRENT_DATE", end="00:00")
    deployed()
    columns = ("upcoming_available_slots", "last_availability_update", "upcoming_reservations", "avg_booking_value")
    assert rows_of(connection, "mv_location_availability", *columns) == [(0, None, 0, None)]


def test_fourteen_days_are_today_and_the_13_dates_after(opening_day):
    connection, deployed = opening_day
    for days in (-1, 0, 13, 14):
        offer(connection, f"CURRENT_DATE + {days}")
        offer(connection, f"CURRENT_DATE + {days}", end="12:00", free=False)
    deployed()
    today = connection.execute("SELECT CURRENT_DATE").fetchone()[0]
    found = rows_of(connection, "mv_realtime_availability", "date", "available_slots", "booked_slots", "total_slots")
    assert [((date - today).days, *numbers) for date, *numbers in found] == [(0, 1, 1, 2), (13, 1, 1, 2)]


def pay(connection, created, amount):
    connection.execute(
        "INSERT INTO payments (reservation_id, amount, status, created_at)"
        f" VALUES ((SELECT id FROM reservations), %s, 'completed', {created})",
        [amount],
    )


def test_the_year_and_its_months_begin_at_midnight_in_utc(opening_day):
    connection, deployed = opening_day
    reserve(connection, "now()", 1)
    pay(connection, "date_trunc('year', now()) - interval '1 microsecond'", 1)
    pay(connection, "date_trunc('year', now())", 2)
    pay(connection, "date_trunc('month', now()) + interval '1 month' - interval '1 microsecond'", 4)
    pay(connection, "date_trunc('month', now())", 8)
    deployed()
    found = rows_of(connection, "mv_financial_summary", "month", "successful_amount", "reservations_associated")
    year, month = connection.execute("SELECT date_trunc('year', now()), date_trunc('month', now())").fetchone()
    assert found == ([(year, 2 + 4 + 8, 1)] if year == month else [(year, 2, 1), (month, 4 + 8, 1)])
