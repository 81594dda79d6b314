"""The demo from start to end, told as events. Nothing here prints.

The server, its folder and all data are gone when it ends, however it ends; nothing else on the machine is touched.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import datetime, timezone
from typing import Any, Final, TypeVar

from mvc.compiled.project import Compiled
from mvc.demo.ask import Stage, ask_all, choose_cast, compare_by_hand, look_at
from mvc.demo.change import change_under_a_reader
from mvc.demo.data import DemoStep, fill, generation_steps
from mvc.demo.events import (
    CastChosen,
    ComparedByHand,
    DemoReport,
    Event,
    Finished,
    Generated,
    Generating,
    QuestionAnswered,
    QuestionCompared,
    RowsSeen,
    ServerKept,
    ServerStarted,
    TablesCreated,
    ViewChanged,
    ViewLeftOut,
    ViewRefreshed,
    ViewsApplied,
    ViewsCompiled,
)
from mvc.demo.project import reference_project
from mvc.engines.postgres.server.apply import apply
from mvc.engines.postgres.server.embedded import EmbeddedServer, choose_installation
from mvc.engines.postgres.server.errors import ServerError
from mvc.engines.postgres.server.installations import Installation
from mvc.engines.postgres.server.refresh import refresh
from mvc.engines.postgres.server.refresh_view import Refreshed
from mvc.engines.postgres.server.session import answer, open_session, run_script
from mvc.pipeline.compile import compile_files
from mvc.workspace.folder import Folder

SCHEMA: Final = "schema/booking.sql"
_SIZE: Final = """
SELECT count(*) FILTER (WHERE NOT relispartition), (sum(reltuples) FILTER (WHERE relkind = 'r'))::bigint,
       (SELECT count(*) FROM reservations)
FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
"""

_Kind = TypeVar("_Kind")


def run_demo(
    scale: float, on_event: Callable[[Event], None], *, keep: bool = False, installation: Installation | None = None
) -> DemoReport:
    """Runs it; 1 as `scale` is 200,000 reservations. Kept, it runs on after the last answer until it is interrupted.

    `installation` is whose server runs (default: the first one found). Raises ServerStartError, ServerError, and ValueError
    for a scale that makes no data.
    """
    started = time.perf_counter()
    with EmbeddedServer(installation or choose_installation()) as server:
        events: list[Event] = []
        version = ".".join(map(str, server.installation.version))
        tell = _teller(events, on_event)
        tell(ServerStarted(f"PostgreSQL {version}", str(server.folder), time.perf_counter() - started))
        with closing(open_session(server.url())) as connection:
            _perform(connection, server.url(), scale, tell)
        report = _report(events, time.perf_counter() - started)
        tell(Finished(report))
        if keep:
            with suppress(KeyboardInterrupt):  # from before it is told, so that nobody can be too fast
                tell(ServerKept(server.url()))
                _for_ever()
    return report


def _teller(events: list[Event], on_event: Callable[[Event], None]) -> Callable[[Event], None]:
    def tell(event: Event) -> None:
        events.append(event)
        on_event(event)

    return tell


def _perform(connection: Any, url: str, scale: float, tell: Callable[[Event], None]) -> None:
    files = Folder(reference_project())
    _create_tables(connection, files[SCHEMA], tell)
    _generate(connection, scale, tell)
    started = time.perf_counter()
    compiled = compile_files(files)
    tell(ViewsCompiled(len(compiled.views), time.perf_counter() - started))
    views = _deploy(connection, compiled, tell)
    cast = choose_cast(connection)
    tell(CastChosen(cast.organization))
    stage = Stage(connection, cast, lambda view: _refresh(connection, compiled, (view,), lambda _: None))
    look_at(stage, views, tell)
    ask_all(stage, views, tell)
    tell(compare_by_hand(connection, compiled))
    tell(change_under_a_reader(connection, url, compiled, files))


def _create_tables(connection: Any, script: str, tell: Callable[[Event], None]) -> None:
    started = time.perf_counter()
    run_script(connection, script)
    tell(TablesCreated(_size(connection)[0], time.perf_counter() - started))


def _generate(connection: Any, scale: float, tell: Callable[[Event], None]) -> None:
    started = time.perf_counter()
    steps = generation_steps()

    def on_step(step: DemoStep) -> None:
        tell(Generating(step.title, steps.index(step), len(steps)))

    fill(connection, scale, datetime.now(timezone.utc).date(), on_step=on_step)
    _, rows, reservations = _size(connection)
    tell(Generated(reservations, rows, time.perf_counter() - started))


def _size(connection: Any) -> tuple[int, int, int]:
    """Base tables, their rows as the statistics have them, and reservations."""
    [(tables, rows, reservations)] = answer(connection, _SIZE) or []
    return tables, rows, reservations


def _deploy(connection: Any, compiled: Compiled, tell: Callable[[Event], None]) -> tuple[str, ...]:
    started = time.perf_counter()
    applied = apply(connection, compiled)
    tell(ViewsApplied(applied.created, time.perf_counter() - started))
    for item in applied.left_out:
        tell(ViewLeftOut(item.view, item.reason))
    _refresh(
        connection, compiled, applied.created, lambda done: tell(ViewRefreshed(done.view, done.rows or 0, done.seconds))
    )
    return applied.created


def _refresh(connection: Any, compiled: Compiled, names: tuple[str, ...], on_view: Callable[[Refreshed], None]) -> None:
    for result in refresh(connection, compiled, names, on_view):
        if result.status != "completed":
            raise ServerError(f"the refresh of {result.view} {result.status}: {result.reason}")


def _report(events: list[Event], seconds: float) -> DemoReport:
    return DemoReport(
        server=_all(events, ServerStarted)[0],
        data=_all(events, Generated)[0],
        organization=_all(events, CastChosen)[0].organization,
        refreshed=_all(events, ViewRefreshed),
        left_out=_all(events, ViewLeftOut),
        seen=_all(events, RowsSeen),
        answered=_all(events, QuestionAnswered),
        compared=_all(events, QuestionCompared),
        by_hand=_all(events, ComparedByHand)[0],
        changed=_all(events, ViewChanged)[0],
        seconds=seconds,
    )


def _all(events: list[Event], kind: type[_Kind]) -> tuple[_Kind, ...]:
    return tuple(event for event in events if isinstance(event, kind))


def _for_ever() -> None:
    while True:
        time.sleep(3600)
