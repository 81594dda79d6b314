"""How long the seven views take to build: mvc's SQL, the best that we could write by hand, and the design's own."""

from __future__ import annotations

import re
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from statistics import median
from typing import Any, Final

from measure import Limit, Result, paired_ratio, progress

HERE: Final = Path(__file__).resolve().parent
PROJECT: Final = HERE.parent
TITLE: Final = "Building"
MOST: Final = 1.1  # times the best hand-written query
HIDDEN: Final = "mvc_grain"


def options(parser: ArgumentParser) -> None:
    parser.add_argument("--scale", type=float, default=2.0, help="times 200,000 reservations (default: 2)")
    parser.add_argument("--builds", type=int, default=9, help="how often each query is built (default: 9)")
    parser.add_argument(
        "--design-builds", type=int, default=1, help="how often the design's own are; 0 for never (default: 1)"
    )
    parser.add_argument("--work-mem", default="64MB", help="PostgreSQL's work_mem (default: 64MB)")
    parser.add_argument("--view", action="append", default=[], help="only this view (may be repeated)")
    parser.add_argument("--database", help="a database that has the data already, instead of an embedded server")


def measure(arguments: Namespace, result: Result) -> None:
    """All views on one server, each one's queries in turns."""
    from building import Builder

    views = _views(arguments.view)
    with database(arguments.database, arguments.scale) as (url, postgis):
        builder = Builder(url, arguments.work_mem)
        rows = result.rows(
            ("view", "rows", "mvc, s", "by hand, s", "mvc / by hand", "the design, s", "the design / mvc")
        )
        hidden = result.rows(("view with a hidden key", "query, s", "with the key, s", "ratio", "unique index, s"))
        for view in views:
            if "postgis" in view.requires and not postgis:
                result.parts.append(f"`{view.name}` is not measured: this server has no PostGIS.")
                continue
            progress(f"build: {view.name}")
            rows.append(_row(view, builder, arguments, result))
            hidden += _hidden(view, builder, arguments)
        server = builder.connection.info.parameter_status("server_version")
        result.parts.append(f"PostgreSQL {server}, work_mem {arguments.work_mem}, one process, {builder.clock}.")


def _row(view: Any, builder: Any, arguments: Namespace, result: Result) -> tuple[object, ...]:
    by_hand = _sql("handwritten", view.name)
    _check_same(view, by_hand, builder)
    taken = builder.in_turns({"mvc": view.query, "by hand": by_hand}, arguments.builds)
    count = builder.rows()
    ratio = paired_ratio(zip(taken["mvc"], taken["by hand"], strict=True))
    result.limits.append(Limit(f"`{view.name}` against the best by hand", ratio, MOST, "×"))
    mvc, hand = median(taken["mvc"]), median(taken["by hand"])
    design = [builder.seconds(_sql("design", view.name)) for _ in range(arguments.design_builds)]
    by_design = (median(design), median(design) / mvc) if design else ("", "")
    return (view.name.removeprefix("mv_"), f"{count:,}", mvc, hand, ratio, *by_design)


def _check_same(view: Any, by_hand: str, builder: Any) -> None:
    """The comparison is worth nothing if the two are not the same rows of the same columns."""
    if builder.columns(view.query) != builder.columns(by_hand):
        raise SystemExit(f"{view.name}: the hand-written query has other columns: {builder.columns(by_hand)}")
    if different := builder.difference(view.query, by_hand):
        raise SystemExit(f"{view.name}: {different} rows differ between mvc's query and the hand-written one")


def _hidden(view: Any, builder: Any, arguments: Namespace) -> Iterator[tuple[object, ...]]:
    """What the hidden columns cost that make a row identifiable where the grain may hold NULLs."""
    stored = view.stored_query
    if HIDDEN not in stored:
        return
    taken = builder.in_turns({"query": view.query, "stored": stored}, arguments.builds)
    builder.seconds(stored)
    columns = next(index.definition for index in view.indexes if index.origin == "grain")
    indexed = median(
        builder.execution(f"CREATE UNIQUE INDEX built_{number} ON pg_temp.built {columns}") for number in range(3)
    )
    ratio = paired_ratio(zip(taken["stored"], taken["query"], strict=True))
    yield (view.name.removeprefix("mv_"), median(taken["query"]), median(taken["stored"]), ratio, indexed)


def _sql(folder: str, view: str) -> str:
    text = (HERE / folder / f"{view}.sql").read_text(encoding="utf-8")
    return re.sub(r"^--.*\n", "", text, flags=re.MULTILINE).rstrip().removesuffix(";")


def _views(wanted: list[str]) -> list[Any]:
    from mvc.pipeline.compile import compile_files
    from mvc.workspace.folder import Folder

    views = compile_files(Folder(PROJECT)).views
    names = {name if name.startswith("mv_") else f"mv_{name}" for name in wanted}
    if unknown := names - {view.name for view in views}:
        raise SystemExit(f"there is no view {', '.join(sorted(unknown))}")
    return [view for view in views if not names or view.name in names]


@contextmanager
def database(given: str | None, scale: float) -> Iterator[tuple[str, bool]]:
    """A URL of a database with the data (the `given` one, or a new one), and whether it has PostGIS."""
    import psycopg

    if given:
        with psycopg.connect(given, autocommit=True) as connection:
            found = connection.execute("SELECT FROM pg_extension WHERE extname = 'postgis'").fetchone()
        yield given, found is not None
        return
    from mvc.engines.postgres.server.embedded import EmbeddedServer

    settings = {"shared_buffers": "1GB", "max_wal_size": "4GB", "autovacuum": "off"}
    with EmbeddedServer(_installation(), settings=settings) as server:
        progress(f"{server.installation}, scale {scale:g}")
        server.create_database("bench")
        with psycopg.connect(server.url("bench"), autocommit=True) as connection:
            postgis = _fill(connection, scale)
        yield server.url("bench"), postgis


def _installation() -> Any:
    """One that has PostGIS, so that all views can be measured; else the first."""
    from mvc.engines.postgres.server.embedded import choose_installation
    from mvc.engines.postgres.server.installations import find_installations

    with_postgis = (item for item in find_installations() if item.major >= 15 and _has_postgis(item.bindir))
    return next(with_postgis, None) or choose_installation()


def _has_postgis(bindir: Path) -> bool:
    """Whether the extension's control file lies in the share folder of these programs: Debian's, or the one beside them."""
    major = bindir.parent.name
    folders = (Path("/usr/share/postgresql") / major, bindir.parent / "share", bindir.parent / "share" / "postgresql")
    return any((folder / "extension" / "postgis.control").is_file() for folder in folders)


def _fill(connection: Any, scale: float) -> bool:
    import psycopg

    from mvc.demo.data import fill

    try:
        connection.execute("CREATE EXTENSION postgis")
        postgis = True
    except psycopg.Error:
        postgis = False
    connection.execute((PROJECT / "schema" / "booking.sql").read_text(encoding="utf-8"))
    today = datetime.now(timezone.utc).date()  # the views look back from the current date
    fill(connection, scale, today, on_step=lambda step: progress(f"build: data: {step.title}"))
    connection.execute("VACUUM ANALYZE")
    return postgis
