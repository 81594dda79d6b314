"""Tables and progress bars: by rich where it is installed and a person looks on, as plain text else. rich itself is in `mvc.report.text.rich_screen`."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib.util import find_spec
from typing import TextIO

from mvc.report.text.sanitize import width
from mvc.report.text.style import Style

Step = Callable[[], AbstractContextManager[None]]


def is_plain(stream: TextIO) -> bool:
    """Whether nothing but lines of text belongs there: it is no terminal, or a dumb one, or colour is not wanted (no-color.org)."""
    return not stream.isatty() or bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"


def table_lines(rows: Sequence[Sequence[str]], numbers: Collection[int], style: Style) -> Iterator[str]:
    """The lines of a table whose first row is its head; the columns that are `numbers` stand at the right."""
    if style.color and find_spec("rich"):
        from mvc.report.text.rich_screen import drawn_table  # noqa: PLC0415 - an extra, and slow to import

        yield from drawn_table(rows, numbers)
        return
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (
            f"{' ' * (most - width(cell))}{cell}" if number in numbers else f"{cell}{' ' * (most - width(cell))}"
            for number, (cell, most) in enumerate(zip(row, widths, strict=True))
        )
        yield f"  {'  '.join(cells)}".rstrip()


@contextmanager
def progress_bar(stream: TextIO, what: str, total: int | None) -> Iterator[Step]:
    """A bar of `total` steps, None for nobody knows, while the block runs. What is written at the end of a step is written `with step():`."""
    if is_plain(stream) or not find_spec("rich"):
        yield nullcontext
        return
    from mvc.report.text.rich_screen import drawn_bar  # noqa: PLC0415 - an extra, and slow to import

    with drawn_bar(stream, what, total) as step:
        yield step
