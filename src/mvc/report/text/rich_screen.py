"""What rich draws on a terminal. Imported only where it is installed: by the demo, which needs it, and by `mvc.report.text.screen`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from io import StringIO
from typing import Final, TextIO

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

WIDEST: Final = 100
PLAIN_WIDTH: Final = 80


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Rich would end the process with code 1; what a reader's leaving means is for the CLI to say."""
        raise BrokenPipeError


def console(stream: TextIO, *, plain: bool) -> Console:
    """A console that writes to a stream: with colour and as wide as the terminal, or `plain` lines."""
    if plain:
        return _Console(
            file=stream, force_terminal=False, color_system=None, no_color=True, width=PLAIN_WIDTH, highlight=False
        )
    made = _Console(file=stream, force_terminal=True, highlight=False)
    made.width = min(made.width, WIDEST)
    return made


def drawn_table(rows: Sequence[Sequence[str]], numbers: Collection[int]) -> list[str]:
    """The lines of a table whose first row is its head, no wider than the terminal."""
    head, *rest = rows
    table = Table(box=box.SIMPLE_HEAD, pad_edge=True, header_style="bold")
    for number, title in enumerate(head):
        table.add_column(Text(title), justify="right" if number in numbers else "left", overflow="fold")
    for row in rest:
        table.add_row(*map(Text, row))
    screen = Console(
        file=StringIO(), force_terminal=True, color_system="standard", legacy_windows=False, highlight=False
    )
    with screen.capture() as drawn:
        screen.print(table)
    return [line.rstrip() for line in drawn.get().strip("\n").splitlines()]


@contextmanager
def drawn_bar(stream: TextIO, what: str, total: int | None) -> Iterator[Callable[[], AbstractContextManager[None]]]:
    """A bar at the end of a terminal's text, taken away for what is written meanwhile, and in the end."""
    columns = (SpinnerColumn(style="cyan"), TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    progress = Progress(
        *columns, console=console(stream, plain=False), transient=True, redirect_stdout=False, redirect_stderr=False
    )
    task = progress.add_task(what, total=total)

    @contextmanager
    def step() -> Iterator[None]:
        progress.stop()
        yield
        progress.advance(task)
        progress.start()

    progress.start()
    try:
        yield step
    finally:
        progress.stop()
