"""Ends what a server does for us when it takes too long. The server's own statement_timeout is not enough: whoever runs SQL there
can switch it off.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import Final

import psycopg

GRACE: Final = 5.0  # seconds that each measure is given before the next one


@contextmanager
def time_limit(seconds: float, *measures: Callable[[], object], grace: float = GRACE) -> Iterator[None]:
    """While the block has not ended after so many seconds, takes one measure after the other, `grace` seconds apart."""
    ended = Event()

    def watch() -> None:
        wait = seconds
        for measure in measures:
            if ended.wait(max(0.0, wait)):
                return
            with suppress(psycopg.Error, OSError):
                measure()
            wait = grace

    thread = Thread(target=watch, name="mvc time limit", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def cut(connection: psycopg.Connection) -> None:
    """Ends the connection from our side, so that whoever waits for an answer gets an error."""
    with socket.socket(fileno=os.dup(connection.fileno())) as stream:
        stream.shutdown(socket.SHUT_RDWR)
