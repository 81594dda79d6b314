"""The compiled views hold what their oracles say: every group, every column, exactly."""

import pytest
import yaml
from psycopg import sql

from .comparison import GRAIN, NEEDS_POSTGIS, VIEWS, differences, oracle, read_oracle, read_relation
from .conftest import HERE, ROOT
from .deployment import deploy, exposed, exposure, refresh_again, storage


def columns_in_the_yaml(view):
    spec = yaml.safe_load((ROOT / "views" / f"{view.removeprefix('mv_')}.yml").read_text(encoding="utf-8"))
    return [*spec["dimensions"], *spec["aggregates"]]


def columns_of(connection, relation):
    cursor = connection.execute(sql.SQL("SELECT * FROM {} LIMIT 0").format(relation))
    return [column.name for column in cursor.description]


def check_numbers(connection, views):
    found = []
    for view in sorted(views):
        expected = read_oracle(connection, view)
        assert expected.rows, f"the oracle of {view} has no rows: the data proves nothing"
        found += differences(view, read_relation(connection, storage(view), view, expected.types), expected)
    assert not found, "\n".join(["", *found])


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_every_column_whatever_the_time_zone(odd_booking, zone):
    with odd_booking.connect() as connection:
        connection.execute("SELECT set_config('timezone', %s, false)", [zone])
        deploy(connection)
        assert exposed(connection) == set(VIEWS) - NEEDS_POSTGIS
        check_numbers(connection, exposed(connection))


def test_every_column_with_postgis(postgis_booking):
    with postgis_booking.connect() as connection:
        deploy(connection)
        assert exposed(connection) == set(VIEWS)
        check_numbers(connection, VIEWS)


def test_every_column_after_changes(postgis_booking):
    with postgis_booking.connect() as connection:
        deploy(connection)
        connection.execute((HERE / "changes.sql").read_text(encoding="utf-8"))
        refresh_again(connection)
        check_numbers(connection, VIEWS)


def test_columns_come_in_the_order_of_the_yaml(postgis_booking):
    with postgis_booking.connect() as connection:
        deploy(connection)
        for view in VIEWS:
            wanted = columns_in_the_yaml(view)
            assert columns_of(connection, exposure(view)) == wanted
            assert list(read_oracle(connection, view).types) == wanted


# ---------- does the comparison bite? ----------


def copy_of_oracle(connection, view):
    """A temporary table with the oracle's rows, numbered in `n`, to do harm to."""
    connection.execute("SET timezone = 'UTC'")
    connection.execute("DROP TABLE IF EXISTS copy")
    connection.execute(
        sql.SQL("CREATE TEMP TABLE copy AS SELECT row_number() OVER () AS n, q.* FROM ({}) q").format(oracle(view))
    )
    return read_oracle(connection, view)


def differences_of_copy(connection, view, expected):
    return differences(view, read_relation(connection, sql.Identifier("copy"), view, expected.types), expected)


@pytest.mark.slow
def test_the_comparison_finds_a_lost_value_in_each_column(postgis_booking):
    with postgis_booking.connect() as connection:
        for view in VIEWS:
            expected = copy_of_oracle(connection, view)
            assert differences_of_copy(connection, view, expected) == []
            for column in expected.types.keys() - set(GRAIN[view]):
                name = sql.Identifier(column)
                worst = sql.SQL("UPDATE copy SET {0} = NULL WHERE n = (SELECT min(n) FROM copy WHERE {0} IS NOT NULL)")
                with connection.transaction(force_rollback=True):
                    connection.execute(worst.format(name))
                    found = differences_of_copy(connection, view, expected)
                assert len(found) == 1
                assert found[0].startswith(f"{view}.{column} differs in 1 of")


def test_the_comparison_finds_rows_that_are_missing_too_many_or_twice(postgis_booking):
    view = "mv_realtime_availability"
    with postgis_booking.connect() as connection:
        expected = copy_of_oracle(connection, view)
        connection.execute("DELETE FROM copy WHERE n <= 2")
        connection.execute("UPDATE copy SET date = date + 100 WHERE n = 3")
        missing, extra = differences_of_copy(connection, view, expected)
        assert missing.startswith(f"{view} has no row for 3 groups")
        assert extra.startswith(f"{view} has a row too many for 1 groups")
        connection.execute("INSERT INTO copy SELECT * FROM copy WHERE n = 4")
        with pytest.raises(AssertionError, match="two rows of one group"):
            differences_of_copy(connection, view, expected)


def test_the_comparison_finds_the_fan_out_of_the_original(postgis_booking):
    """Defect D4: what a customer spent, times the reviews that the customer wrote."""
    view = "mv_customer_lifetime_value"
    fan_out = """
        UPDATE copy SET total_spent = (
          SELECT sum(r.total_amount) FILTER (WHERE r.status IN ('confirmed', 'completed'))
          FROM reservations r LEFT JOIN reviews rev ON rev.user_id = r.user_id
          WHERE r.user_id = copy.customer_id)"""
    with postgis_booking.connect() as connection:
        expected = copy_of_oracle(connection, view)
        connection.execute(fan_out)
        (line,) = differences_of_copy(connection, view, expected)
        assert line.startswith(f"{view}.total_spent differs in ")
