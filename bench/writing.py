"""What the triggers that log changes cost those who write: each write with them and without, in turns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from building import Builder
from measure import Limit, Result, paired_ratio, progress, table

TABLE: Final = "reservations"
ROUNDS: Final = 9
SINGLE: Final = 300  # writes of one row that are measured together
BULK: Final = 5_000  # rows
MOST: Final = {"single": 1.4, "bulk": 1.3}
_COLUMNS: Final = "organization_id, user_id, status, scheduled_date, total_amount"
_INSERT: Final = f"INSERT INTO {TABLE} ({_COLUMNS}) VALUES (%s, %s, 'pending', CURRENT_DATE, 10)"
_UPDATE: Final = f"UPDATE {TABLE} SET total_amount = total_amount + 1 WHERE id = %s AND created_at = %s"
_INSERT_BULK: Final = (
    f"INSERT INTO {TABLE} ({_COLUMNS}) SELECT {_COLUMNS} FROM {TABLE} ORDER BY created_at LIMIT {BULK}"
)
_PICK: Final = f"CREATE TEMP TABLE picked AS SELECT id, created_at FROM {TABLE} ORDER BY id LIMIT {BULK}"
_UPDATE_BULK: Final = f"UPDATE {TABLE} AS t SET total_amount = total_amount + 1 FROM picked AS p WHERE t.id = p.id AND t.created_at = p.created_at"


def writers_slowed(builder: Builder, result: Result) -> None:
    """Writes to the table that most views read."""
    progress("writers")
    writes = _writes(builder.connection)
    pairs: dict[str, list[tuple[float, float]]] = {name: [] for name in writes}
    for number in range(ROUNDS):
        taken: dict[tuple[str, bool], float] = {}
        for logged in (True, False) if number % 2 else (False, True):
            _log(builder.connection, logged=logged)
            for name, write in writes.items():
                if name.startswith("single"):
                    write()  # plans are made anew after the change
                taken[name, logged] = builder.work(write)
        for name, found in pairs.items():
            found.append((taken[name, True], taken[name, False]))
    _log(builder.connection, logged=True)
    ratios = {name: paired_ratio(found) for name, found in pairs.items()}
    result.parts.append(
        "CPU of writers with the triggers, in parts of what it is without; each single one is a transaction."
    )
    result.parts.append(table(("write", "ratio"), ratios.items()))
    result.limits += [
        Limit(f"{name} with triggers", ratio, MOST[name.split()[0]], "×") for name, ratio in ratios.items()
    ]


def _writes(connection: Any) -> dict[str, Callable[[], object]]:
    rows = connection.execute(f"SELECT id, created_at FROM {TABLE} ORDER BY id LIMIT {SINGLE}").fetchall()
    who = connection.execute(f"SELECT organization_id, user_id FROM {TABLE} LIMIT {SINGLE}").fetchall()

    def each(statement: str, values: list[tuple[object, ...]]) -> Callable[[], object]:
        return lambda: [connection.execute(statement, row, prepare=True) for row in values]

    def undone(statement: str) -> Callable[[], object]:
        def write() -> None:
            with connection.transaction(force_rollback=True):
                connection.execute(statement)

        return write

    connection.execute(_PICK)
    connection.execute("ANALYZE picked")
    return {
        "single insert": each(_INSERT, who),
        "single update": each(_UPDATE, rows),
        "bulk insert": undone(_INSERT_BULK),
        "bulk update": undone(_UPDATE_BULK),
    }


def _log(connection: Any, *, logged: bool) -> None:
    """Triggers as they were put, or none."""
    found = "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND tgname LIKE '%%mvc\\_log\\_%%'"
    for (name,) in connection.execute(found, (TABLE,)).fetchall():
        connection.execute(f'ALTER TABLE {TABLE} {"ENABLE ALWAYS" if logged else "DISABLE"} TRIGGER "{name}"')
