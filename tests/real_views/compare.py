"""Hold the said views against the statements of the projects themselves, on the same rows:

    python tests/real_views/compare.py FOLDER [NUMBER …]

FOLDER has for each view `NN.sql`, the statement that the pointer in `list.md` leads to: `CREATE MATERIALIZED VIEW … AS` and a query. These texts
are not part of this project. It runs on each PostgreSQL that is found, and says how many rows were equal on how many fillings of the tables.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import psycopg

from real_views.projects import NUMBERS, deploy, differences, name_of, refreshed, size
from real_views.rows import fill
from servers import MAJORS, Servers, new_database

FILLINGS = [(seed, rows) for rows in (0, 1, 3, 12, 40, 120) for seed in ((1,) if rows == 0 else (1, 2, 3))]


def statement_of(folder: Path, number: str) -> str:
    """The query of the statement."""
    text = (folder / f"{number}.sql").read_text(encoding="utf-8")
    return re.split(r"CREATE MATERIALIZED VIEW .*? AS\b", text, maxsplit=1)[1].strip().rstrip(";")


def compare(servers: Servers, major: int, number: str, query: str) -> str:
    """In one line, what came out."""
    with new_database(servers.get(major)) as database:
        connection = database.connect()
        try:
            compiled = deploy(connection, number)
        except psycopg.errors.FeatureNotSupported as problem:  # an extension that this server has not
            return str(problem).splitlines()[0]
        view = compiled.view(name_of(number))
        sizes = []
        for seed, rows in FILLINGS:
            fill(connection, number, seed, rows)
            refreshed(connection, compiled)
            if found := differences(connection, view, query):
                return f"DIFFERS for seed {seed}, {rows} rows a table: {found[0]} ({len(found)} in all)"
            sizes.append(size(connection, view))
    return f"equal on {len(sizes)} fillings, {sum(sizes)} rows, {sum(map(bool, sizes))} not empty"


def main(folder: str, *numbers: str) -> int:
    """Prints a line for each view and server; 1 where any differs."""
    servers = Servers()
    lines = []
    for number in numbers or NUMBERS:
        for major in MAJORS:
            lines.append(f"{number} pg{major} {compare(servers, major, number, statement_of(Path(folder), number))}")
            sys.stdout.write(f"{lines[-1]}\n")
            sys.stdout.flush()
    servers.close()
    return int(any("DIFFERS" in line for line in lines))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
