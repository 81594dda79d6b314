"""What a deployment is at, a line each: begun with the step, ended with the time that it took. On a terminal the seconds count meanwhile."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Lock, Thread
from typing import Final, TextIO

from mvc.engines.postgres.plan.steps import Step, Switch
from mvc.report.deploy.deployment import step_text
from mvc.report.text.sanitize import for_terminal, width
from mvc.report.text.style import PLAIN, Style

TICK: Final = 1.0  # seconds


@contextmanager
def step_lines(stream: TextIO, style: Style) -> Iterator[Callable[[Step | Switch], None]]:
    """What is to be told of each step before it begins. Its line goes to `stream`, whether or not anybody reads it."""
    lines = _Lines(stream, style)
    try:
        yield lines.begin
    except BaseException as problem:
        lines.close("failed after " if isinstance(problem, Exception) else "broken off after ")
        raise
    lines.close()


class _Lines:
    def __init__(self, stream: TextIO, style: Style) -> None:
        self._stream = stream
        self._style = style
        self._lock = Lock()
        self._begun: _Line | None = None
        self._over = Event()
        if stream.isatty():
            Thread(target=self._tick, daemon=True).start()

    def close(self, words: str = "") -> None:
        """Ends the last line; `words` go before its time."""
        self._over.set()
        self._end(words)

    def begin(self, part: Step | Switch) -> None:
        """Ends the line of the step before, and begins the one of this."""
        self._end()
        text = step_text(part, self._style)
        with self._lock:
            self._begun = _Line(text, width(step_text(part, PLAIN)))
            self._write(self._begun.text)

    def _end(self, words: str = "") -> None:
        with self._lock:
            line, self._begun = self._begun, None
            if line:
                self._write(f"{line.again() if line.counted else ''}  {words}{line.seconds():.2f} s\n")

    def _tick(self) -> None:
        while not self._over.wait(TICK):
            with self._lock:
                if self._begun and self._begun.fits():
                    self._begun.counted = True
                    self._write(f"{self._begun.again()}  {self._begun.seconds():.0f} s ")

    def _write(self, text: str) -> None:
        with suppress(OSError, ValueError):  # nobody listens any more, or the stream is closed
            self._stream.write(text)
            self._stream.flush()


class _Line:
    """The line of a step that runs: its text, how wide that is, since when, and whether seconds stand behind it already."""

    def __init__(self, text: str, cells: int) -> None:
        self.text = for_terminal(text)
        self.cells = cells
        self.began = time.monotonic()
        self.counted = False

    def seconds(self) -> float:
        return time.monotonic() - self.began

    def again(self) -> str:
        """The line written over itself."""
        return f"\r{self.text}"

    def fits(self) -> bool:
        """Whether it is one line of the terminal: one that is broken cannot be written over."""
        return self.cells + len("  broken off after 99999.99 s") < shutil.get_terminal_size().columns
