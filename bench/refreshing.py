"""What a refresh costs beside one of the whole, and what its change logs cost those who write: CPU time of the backends."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

from asking import questions_asked
from build import database
from building import Builder
from deployed import MONTHS, deploy
from measure import Limit, Result, progress, table
from writing import writers_slowed

TITLE: Final = "Refreshing"
FULL_SIZE: Final = 10.0  # the scale at which the limits hold: below it, what any refresh costs weighs more
SHARES: Final = (0.0001, 0.001, 0.01)
MOST: Final = {
    "clustered": dict(zip(SHARES, (0.002, 0.006, 0.03), strict=True)),
    "scattered": dict(zip(SHARES, (0.02, 0.15, 1.05), strict=True)),
}
MOST_WAL: Final = 0.01  # of what a refresh of all rows writes
MOST_WINDOW: Final = 0.17


@dataclass(frozen=True)
class Changing:
    """How rows of a view's main source change. In the order of `by`, rows that follow each other are in few groups."""

    view: str
    table: str
    by: str
    change: str


_CHANGING: Final = (
    Changing("mv_organization_dashboard", "reservations", "organization_id", "total_amount = total_amount + 1"),
    Changing("mv_service_performance", "reservation_services", "service_id", "total_price = total_price + 1"),
    Changing("mv_location_availability", "reservations", "location_id", "total_amount = total_amount + 1"),
    Changing("mv_customer_lifetime_value", "reservations", "user_id", "total_amount = total_amount + 1"),
    Changing(
        "mv_realtime_availability", "availabilities", "(organization_id, date)", "is_available = NOT is_available"
    ),
    Changing("mv_financial_summary", "payments", "created_at DESC", "amount = amount + 1"),
    Changing("mv_search_index", "reviews", "organization_id", "rating = 1 + rating % 5"),
)


def options(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--refresh-scale", type=float, default=FULL_SIZE, help="times 200,000 reservations (default: 10)"
    )
    parser.add_argument("--rounds", type=int, default=3, help="how often each refresh is measured (default: 3)")
    parser.add_argument("--refreshed", action="append", default=[], help="only this view (may be repeated)")


def measure(arguments: Namespace, result: Result) -> None:
    """All on one server. Below the full size, nothing but what does not depend on it is held to its limit."""
    with database(arguments.database, arguments.refresh_scale) as (url, postgis):
        parts, whole = deploy(url, postgis=postgis)
        there = {view.name for view in parts.views if not arguments.refreshed or view.name in arguments.refreshed}
        at_size = arguments.refresh_scale >= FULL_SIZE
        bench = _Bench(Builder(url, arguments.work_mem), arguments.rounds, result, at_size=at_size)
        version = bench.builder.connection.info.parameter_status("server_version")
        bench.say(
            f"PostgreSQL {version}, {arguments.refresh_scale * 200_000:,.0f} reservations, {bench.builder.clock}."
        )
        bench.compare([item for item in _CHANGING if item.view in there])
        bench.write_ahead([item.view for item in _CHANGING if item.view in there], whole)
        bench.window()
        writers_slowed(Builder(url, arguments.work_mem), result)
        questions_asked(Builder(url, arguments.work_mem), there, result, at_size=at_size)


class _Bench:
    """The measurements of refreshes, in one session; another one writes."""

    def __init__(self, builder: Builder, rounds: int, result: Result, *, at_size: bool) -> None:
        self.builder, self._rounds, self._at_size, self._result = builder, rounds, at_size, result
        self._number = 0

    def say(self, text: str) -> None:
        self._result.parts.append(text)

    def compare(self, changes: list[Changing]) -> None:
        """Refreshes of what changed against those of all groups after the same changes."""
        head = [f"{kind} {share:.2%}" for kind in MOST for share in SHARES]
        self.say(
            "CPU of an incremental refresh in parts of a whole one, by the share of rows that changed; (!) is above its limit."
        )
        rows = self._result.rows(("view", "whole, s", "nothing", *head))
        for item in changes:
            rows.append(self._row(item))

    def _row(self, item: Changing) -> tuple[object, ...]:
        progress(f"refresh: {item.view}")
        self._alone(item.view)
        self._refresh(item.view)
        self._vacuum_logs()
        nothing = median(self._refresh(item.view) for _ in range(self._rounds))
        full = {
            share: median(self._after(item, "scattered", share, "full") for _ in range(self._rounds))
            for share in SHARES
        }
        cells: list[object] = []
        for kind, limits in MOST.items():
            for share in SHARES:
                taken = median(self._after(item, kind, share) for _ in range(self._rounds))
                cells.append(self._held(f"`{item.view}`, {share:.2%} {kind}", taken / full[share], limits[share]))
        return (item.view.removeprefix("mv_"), full[SHARES[0]], nothing / full[SHARES[0]], *cells)

    def _held(self, what: str, ratio: float, most: float) -> str:
        if self._at_size:
            self._result.limits.append(Limit(what, ratio, most, "×"))
        return f"{ratio:.4f}{' (!)' if ratio > most else ''}"

    def _after(self, item: Changing, kind: str, share: float, mode: str | None = None) -> float:
        """A refresh after rows have changed: other ones each time."""
        self._number += 1
        self._vacuum_logs()
        order = item.by if kind == "clustered" else f"hashtext(ctid::text || '{self._number}')"
        connection = self.builder.connection
        connection.execute(
            f"CREATE TEMP TABLE changing AS SELECT ctid AS place, tableoid AS part FROM {item.table} LIMIT 0"
        )
        connection.execute(
            f"INSERT INTO changing SELECT ctid, tableoid FROM {item.table} ORDER BY {order} "
            f"OFFSET (SELECT {self._number % 7} * count(*) / 10 FROM {item.table}) * {int(kind == 'clustered')} "
            f"LIMIT (SELECT greatest(1, count(*) * {share}) FROM {item.table})"
        )
        connection.execute("ANALYZE changing")
        connection.execute(
            f"UPDATE {item.table} AS t SET {item.change} FROM changing AS c WHERE t.ctid = c.place AND t.tableoid = c.part"
        )
        connection.execute("DROP TABLE changing")
        return self._refresh(item.view, mode)

    def _alone(self, view: str) -> None:
        """No other view waits for the changes of this one's tables, as where all are refreshed by turns: else they stay logged."""
        forget = "UPDATE mvc.stored_relation SET cursor = NULL, hold = NULL, held_at = NULL WHERE view_name <> %s"
        self.builder.connection.execute(forget, (view,))

    def _vacuum_logs(self) -> None:
        """As autovacuum leaves them: it is off, so that it does not come between."""
        connection = self.builder.connection
        for (log,) in connection.execute("SELECT log FROM mvc.watched_table").fetchall():
            connection.execute(f'VACUUM mvc."{log}"')

    def _refresh(self, view: str, mode: str | None = None) -> float:
        asked = f"'{mode}'" if mode else "NULL"
        taken = self.builder.execution(f"CALL mvc.refresh('public', '{view}', {asked})")
        log = "SELECT status, error FROM mvc.refresh_log ORDER BY id DESC LIMIT 1"
        status, error = self.builder.connection.execute(log).fetchone()
        if status != "completed":
            raise SystemExit(f"{view}: the refresh has {status}: {error}")
        return taken

    def write_ahead(self, views: list[str], whole: Any) -> None:
        """What unchanged refreshes write, beside REFRESH MATERIALIZED VIEW. Whoever reads a page first after a change tidies it up, and
        writes that: so it is done before.
        """
        for view in views:
            self._refresh(view)
        self.builder.connection.execute("VACUUM")
        rows = []
        for view in views:
            progress(f"what is written: {view}")
            schema, stored = whole.view(view).storage
            plain = self._written(f'REFRESH MATERIALIZED VIEW {schema}."{stored}"')
            incremental = self._written(f"CALL mvc.refresh('public', '{view}')")
            full = self._written(f"CALL mvc.refresh('public', '{view}', 'full')")
            rows.append(
                (
                    view.removeprefix("mv_"),
                    f"{plain:,}",
                    f"{incremental:,}",
                    f"{full:,}",
                    incremental / plain,
                    full / plain,
                )
            )
            for mode, written in (("incremental", incremental), ("full", full)):
                self._held_wal(f"WAL of an unchanged {mode} refresh of `{view}`", written / plain)
        head = ("view", "all rows, bytes", "incremental, bytes", "full, bytes", "incremental / all", "full / all")
        self.say("WAL of a refresh when nothing has changed.")
        self.say(table(head, rows))

    def _held_wal(self, what: str, ratio: float) -> None:
        if self._at_size:
            self._result.limits.append(Limit(what, ratio, MOST_WAL, "×"))

    def _written(self, statement: str) -> int:
        connection = self.builder.connection
        before = connection.execute("SELECT pg_current_wal_insert_lsn()::text").fetchone()[0]
        connection.execute(statement)
        after = "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), %s::pg_lsn)::bigint"
        return int(connection.execute(after, (before,)).fetchone()[0])

    def window(self) -> None:
        """The month before this one of the twelve that there are: as much as two of 24."""
        progress("refresh: a window")
        months = "date_trunc('month', now())"
        window = f"since => {months} - interval '1 month', until => {months}"
        statements = {
            "window": f"CALL mvc.refresh('public', '{MONTHS}', 'window', {window})",
            "whole": f"CALL mvc.refresh('public', '{MONTHS}', 'full')",
        }
        taken = {
            name: median(self.builder.execution(sql) for _ in range(self._rounds)) for name, sql in statements.items()
        }
        ratio = taken["window"] / taken["whole"]
        self.say(f"A window of one month of twelve takes {taken['window']:.2f} s, all of them {taken['whole']:.2f} s.")
        if self._at_size:
            self._result.limits.append(
                Limit("a window of one month of twelve against the whole", ratio, MOST_WINDOW, "×")
            )
