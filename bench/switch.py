"""The longest wait of a reader while the definition of a large view changes: `mvc apply`, beside DROP + CREATE."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from measure import Limit, Result, environment, progress, table

TITLE: Final = "Changing a view that is read"
MOST_WAIT_MS: Final = 100.0
READERS: Final = 10  # connections
MVC: Final = "from mvc.cli.main import run; run()"
_SCHEMA: Final = """
CREATE TABLE customer (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE sale (id bigint PRIMARY KEY, customer_id bigint NOT NULL REFERENCES customer, amount numeric NOT NULL);
"""
_FILL: Final = """
INSERT INTO customer SELECT g, 'customer ' || g FROM generate_series(1, {rows}) AS g;
INSERT INTO sale SELECT g, 1 + g % {rows}, g % 100 FROM generate_series(1, 2 * {rows}) AS g;
CREATE INDEX ON sale (customer_id);
ANALYZE;
"""
_VIEW: Final = """
view: sales
sources: {{c: {{table: customer}}, s: {{table: sale, on: s.customer_id = c.id}}}}
dimensions: {{id: c.id, name: c.name}}
aggregates:
  revenue: {{sum: s.amount}}
  sales: {{count: s}}
{more}
"""
_FIRST, _SECOND = _VIEW.format(more=""), _VIEW.format(more="  largest: {max: s.amount}")
_BY_HAND: Final = """
CREATE MATERIALIZED VIEW {name} AS
SELECT c.id, c.name, s.revenue, COALESCE(s.sales, 0) AS sales{more}
FROM customer AS c
LEFT JOIN (SELECT customer_id, sum(amount) AS revenue, count(*) AS sales, max(amount) AS largest FROM sale GROUP BY 1) AS s
  ON s.customer_id = c.id;
CREATE UNIQUE INDEX {name}_id ON {name} (id);
"""
# Reads one row again and again until a line arrives; then prints each read's time in seconds, and how many failed.
_READER: Final = """
import json, random, sys, threading, time
import psycopg
url, relation, rows, pause = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
done, taken, errors = threading.Event(), [], []
def read():
    with psycopg.connect(url, autocommit=True) as connection:
        while not done.is_set():
            began = time.perf_counter()
            try:
                connection.execute(f"SELECT id, name, revenue, sales FROM {relation} WHERE id = %s", (random.randint(1, rows),)).fetchall()
            except psycopg.Error as problem:
                errors.append(str(problem))
            taken.append(time.perf_counter() - began)
            time.sleep(pause)
threads = [threading.Thread(target=read) for _ in range(int(sys.argv[5]))]
for thread in threads: thread.start()
print("reading", flush=True)
sys.stdin.readline()
done.set()
for thread in threads: thread.join()
print(json.dumps({"taken": taken, "errors": errors}))
"""


def options(parser: ArgumentParser) -> None:
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the view that changes (default: 1000000)")
    parser.add_argument("--reads", type=int, default=50, help="reads a second meanwhile (default: 50)")


def measure(arguments: Namespace, result: Result) -> None:
    """One change by `mvc apply`, one by hand, each under readers."""
    from mvc.engines.postgres.server.embedded import EmbeddedServer, choose_installation

    with EmbeddedServer(choose_installation()) as server, TemporaryDirectory() as folder:
        progress(f"{arguments.rows} customers, twice as many sales")
        connection = _connect(server.url())
        connection.execute(_SCHEMA + _FILL.format(rows=arguments.rows))
        connection.execute(_BY_HAND.format(name="by_hand", more=""))
        project = _project(Path(folder))
        _apply(project, server.url())
        (project / "views" / "sales.yml").write_text(_SECOND)
        ours = _under_readers(server.url(), "sales", arguments, lambda: _apply(project, server.url()))
        theirs = _under_readers(server.url(), "by_hand", arguments, lambda: _recreate(connection))
        connection.close()
    _report(result, arguments, ours, theirs)


def _connect(url: str) -> Any:
    import psycopg

    return psycopg.connect(url, autocommit=True)


def _project(folder: Path) -> Path:
    files = {"mvc.yml": "project: bench\ncatalog: schema.sql\n", "schema.sql": _SCHEMA, "views/sales.yml": _FIRST}
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return folder


def _apply(project: Path, url: str) -> None:
    command = [sys.executable, "-c", MVC, "--project", project, "apply", "--database", url, "--yes"]
    subprocess.run(command, check=True, env=environment())


def _recreate(connection: Any) -> None:
    """What tools do that drop and create, in one transaction so that no reader finds it missing."""
    with connection.transaction():
        connection.execute("DROP MATERIALIZED VIEW by_hand")
        connection.execute(_BY_HAND.format(name="by_hand", more=", s.largest"))


def _under_readers(url: str, relation: str, arguments: Namespace, change: Callable[[], None]) -> dict[str, Any]:
    progress(f"changing {relation} under {arguments.reads} reads a second")
    command = [sys.executable, "-c", _READER, url, relation, arguments.rows, READERS / arguments.reads, READERS]
    reader = subprocess.Popen([str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert reader.stdout is not None
    reader.stdout.readline()
    threading.Event().wait(1.0)
    began = time.perf_counter()
    change()
    seconds = time.perf_counter() - began
    found: dict[str, Any] = json.loads(reader.communicate("\n")[0])
    if found["errors"]:
        progress(f"a read failed: {found['errors'][0]}")
    return {**found, "seconds": seconds}


def _report(result: Result, arguments: Namespace, ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    head = ("way", "whole change, s", "reads", "failed reads", "median read, ms", "longest read, ms")
    rows = []
    for name, found in (("mvc apply", ours), ("DROP + CREATE in one transaction", theirs)):
        taken = sorted(found["taken"])
        middle, longest = taken[len(taken) // 2] * 1000, taken[-1] * 1000
        rows.append((name, found["seconds"], len(taken), len(found["errors"]), middle, longest))
    result.parts.append(f"A view of {arguments.rows:,} rows gets a column, under {arguments.reads} reads a second.")
    result.parts.append(table(head, rows))
    result.limits.append(Limit("the longest read during mvc apply", max(ours["taken"]) * 1000, MOST_WAIT_MS, " ms"))
    result.limits.append(Limit("failed reads during mvc apply", len(ours["errors"]), 0))
