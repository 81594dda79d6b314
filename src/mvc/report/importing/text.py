"""An import as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from mvc.importing.imported import Imported
from mvc.report.importing.told import COLUMNS, lists, rows
from mvc.report.text.sanitize import visible, width
from mvc.report.text.style import PLAIN, Style


def import_text(found: Imported, style: Style = PLAIN) -> str:
    """A table of the views, then what else is to be said, each under its heading."""
    lines = list(_table(found, style))
    for heading, said in lists(found):
        lines += ["", style.paint("heading", heading)]
        lines += [f"  {visible(item.of)}{': ' if item.of else ''}{visible(item.text)}" for item in said]
    return "\n".join(lines)


def _table(found: Imported, style: Style) -> Iterator[str]:
    cells = [COLUMNS, *(tuple(map(visible, row)) for row in rows(found))]
    widths = [max(width(row[place]) for row in cells) for place in range(len(COLUMNS))]
    for number, row in enumerate(cells):
        line = "  ".join(text + " " * (most - width(text)) for text, most in zip(row, widths, strict=True)).rstrip()
        yield line if number else style.paint("strong", line)
