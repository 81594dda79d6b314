"""A deployed view gets another column while somebody reads it all the time, and then goes back."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from mvc.compiled.project import Compiled
from mvc.demo.events import ViewChanged
from mvc.engines.postgres.server.apply import apply
from mvc.engines.postgres.server.rollback import rollback
from mvc.engines.postgres.server.session import answer, open_session
from mvc.pipeline.compile import compile_files

VIEW: Final = "mv_organization_dashboard"
_FILE: Final = "views/organization_dashboard.yml"
_BEFORE: Final = "aggregates:\n"
_AFTER: Final = "aggregates:\n  largest_reservation: {max: r.total_amount}\n"
_QUESTION: Final = f"SELECT organization_id, name FROM {VIEW} LIMIT 1"


@dataclass
class _Reading:
    """What a reader went through: the seconds of each read."""

    done: threading.Event = field(default_factory=threading.Event)
    taken: list[float] = field(default_factory=list)


def change_under_a_reader(connection: Any, url: str, compiled: Compiled, files: Mapping[str, str]) -> ViewChanged:
    """Deploys the change, then undoes it, beside a reader."""
    changed = compile_files({**{path: files[path] for path in files}, _FILE: files[_FILE].replace(_BEFORE, _AFTER, 1)})
    with _reader(url) as reading:
        started = time.perf_counter()
        apply(connection, changed)
        seconds = time.perf_counter() - started
        rollback(connection, compiled)
        back = time.perf_counter() - started - seconds
    return ViewChanged(VIEW, seconds, back, len(reading.taken), max(reading.taken))


@contextmanager
def _reader(url: str) -> Iterator[_Reading]:
    reading = _Reading()
    thread = threading.Thread(target=_read, args=(url, reading))
    thread.start()
    try:
        yield reading
    finally:
        reading.done.set()
        thread.join()


def _read(url: str, reading: _Reading) -> None:
    with closing(open_session(url)) as connection:
        while not (reading.done.is_set() and reading.taken):
            began = time.perf_counter()
            answer(connection, _QUESTION)
            reading.taken.append(time.perf_counter() - began)
