"""The demo's screen: on a terminal a progress bar and colour, anywhere else plain lines without a control character."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TextIO

from rich.console import RenderableType
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from mvc.demo.events import (
    CastChosen,
    DemoReport,
    Event,
    Finished,
    Generated,
    ServerKept,
    ServerStarted,
    TablesCreated,
    ViewChanged,
    ViewLeftOut,
    ViewRefreshed,
    ViewsApplied,
    ViewsCompiled,
)
from mvc.report.demo.figures import count, took
from mvc.report.demo.progress import FIRST, WHOLE, activity, progress
from mvc.report.demo.tables import ASCII, UNICODE, by_hand, legend, line, questions_asked, who_sees_what
from mvc.report.text.rich_screen import console
from mvc.report.text.screen import is_plain


class Screen:
    """`with Screen(stream) as screen:` … `show` takes the demo's events, `end` says the last words."""

    def __init__(self, stream: TextIO) -> None:
        plain = is_plain(stream)
        self._console = console(stream, plain=plain)
        unicode = not self._console.options.ascii_only
        self._signs = UNICODE if unicode else ASCII
        self._progress = Progress(
            SpinnerColumn("dots" if unicode else "line", style="cyan"),
            TextColumn("{task.description}"),
            BarColumn(bar_width=None, complete_style="cyan", finished_style="cyan"),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
            expand=True,
            disable=plain,
        )
        self._task = self._progress.add_task(FIRST, total=WHOLE)
        self._refreshed: list[ViewRefreshed] = []
        self._asking_since = 0.0

    def __enter__(self) -> Screen:  # noqa: PYI034 - typing.Self came with Python 3.11
        title = Text.assemble(
            ("mvc demo", "bold cyan"), "  the materialized views of a booking platform, from YAML to answers"
        )
        self._write("", title, "")
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def show(self, event: Event) -> None:
        """Says what has happened."""
        task = self._progress.tasks[self._task]
        self._progress.update(
            self._task, completed=progress(event, task.completed), description=activity(event, task.description)
        )
        self._tell(event)

    def end(self) -> None:
        """The last words, when the server is gone."""
        self._write(
            "", Text("The server and its data are gone; nothing else on this machine was touched.", style="dim"), ""
        )

    def _tell(self, event: Event) -> None:
        match event:
            case ServerStarted() | TablesCreated() | Generated() | ViewsCompiled() | ViewsApplied():
                self._done(_made(event), event.seconds)
            case ViewLeftOut():
                self._write(line(Text(self._signs.left_out, style="yellow"), _left_out(event), ""))
            case ViewRefreshed():
                self._refreshed.append(event)
            case CastChosen():
                rows, seconds = (
                    sum(item.rows for item in self._refreshed),
                    sum(item.seconds for item in self._refreshed),
                )
                self._done(f"Refreshed {len(self._refreshed)} views: {count(rows)} rows", seconds)
                self._asking_since = time.perf_counter()
            case Finished():
                self._progress.stop()
                self._finish(event.report)
            case ServerKept():
                self._keep(event.url)
            case _:
                pass

    def _finish(self, report: DemoReport) -> None:
        asked = f"Asked {len(report.compared)} questions as three people, and the base tables the same"
        self._done(
            asked, time.perf_counter() - self._asking_since - report.changed.seconds - report.changed.seconds_back
        )
        self._done(_changed(report.changed), report.changed.seconds)
        self._write("", who_sees_what(report), "", questions_asked(report, self._signs), "", legend(report), "")
        self._write(by_hand(report.by_hand, self._signs), "")
        if report.agrees:
            verdict = f"{self._signs.done} Every answer from a view is the one from the base tables."
            self._write(Text.assemble((verdict, "bold green"), f" All in {took(report.seconds)}."))

    def _keep(self, url: str) -> None:
        self._write("", "The server keeps running until you press Ctrl-C:", "")
        self._console.print(Text(f"  psql '{url}'", style="bold"), soft_wrap=True)

    def _done(self, what: str, seconds: float) -> None:
        self._write(line(Text(self._signs.done, style="bold green"), Text(what), took(seconds)))

    def _write(self, *what: RenderableType) -> None:
        for item in what:
            self._console.print(item)


def _made(event: ServerStarted | TablesCreated | Generated | ViewsCompiled | ViewsApplied) -> str:
    match event:
        case ServerStarted():
            return f"Started {event.version} in a temporary folder, {event.folder}"
        case TablesCreated():
            return f"Created the base tables of a booking platform: {event.tables}"
        case Generated():
            what = f"{count(event.reservations)} reservations, {count(event.rows)} rows in all"
            return f"Generated a year of data: {what}"
        case ViewsCompiled():
            return f"Compiled {event.views} views from YAML, proven against the catalog"
        case ViewsApplied():
            return f"Deployed {len(event.views)} of them: built, indexed, proven, switched in one transaction"


def _changed(event: ViewChanged) -> str:
    reads = f"{count(event.reads)} reads, the longest {event.longest * 1000:.0f} ms"
    return f"Changed a view under a reader: {reads}; put back in {took(event.seconds_back)}"


def _left_out(event: ViewLeftOut) -> Text:
    return Text.assemble("Left out ", (event.view, "bold"), f": {event.reason}")
