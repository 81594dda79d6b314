"""Lines of a file with what is wrong marked below them: `^^^` for the fault, `---` for what explains it.

Takes lines and marks, gives lines of text. Which places are shown together is for `mvc.report.findings.text` to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Final, Literal

from mvc.diagnostics import Span
from mvc.report.text.sanitize import cells, visible, width
from mvc.report.text.style import Role, Style

LONGEST: Final = 110  # cells of a line of which more is cut away around the marks
_NEAR: Final = 2 * LONGEST  # characters on either side of a mark: a line may be a whole file
MOST_LINES: Final = 3  # of a place that spans several
CUT: Final = "…"
Sign = Literal["^", "-"]
_YAML_BREAK: Final = re.compile("\r\n|[\r\n\x85\u2028\u2029]")  # as libyaml counts lines


@dataclass(frozen=True, slots=True)
class Mark:
    """Something to underline. `line` counts from 1, `start:end` are characters of it from 0; `text` explains."""

    line: int
    start: int
    end: int
    sign: Sign
    role: Role
    text: str


def split_lines(path: str, text: str) -> list[str]:
    """The lines of a file as those count them who made its spans."""
    return _YAML_BREAK.split(text) if path.endswith((".yml", ".yaml")) else text.replace("\r\n", "\n").split("\n")


def marks_of(span: Span, lines: Sequence[str], sign: Sign, role: Role, text: str) -> list[Mark]:
    """A mark for each line of a span that is shown, the text at the last; none where the file has no such line."""
    last = min(span.end_line, span.line + MOST_LINES - 1, len(lines))
    found: list[tuple[int, int, int]] = []
    for number in range(span.line, last + 1):
        line = lines[number - 1]
        start = span.column - 1 if number == span.line else len(line) - len(line.lstrip())
        end = span.end_column - 1 if number == span.end_line else len(line.rstrip())
        if number == span.line or end > start:
            found.append((number, max(0, min(start, len(line))), end))
    return [
        Mark(number, start, max(end, start + 1), sign, role, text if place == len(found) - 1 else "")
        for place, (number, start, end) in enumerate(found)
    ]


def excerpt(lines: Sequence[str], marks: Sequence[Mark], gutter: int, style: Style) -> list[str]:
    """The marked lines in order, those between them elided. `gutter` is the width of the line numbers."""
    shown: list[str] = []
    last = 0
    for number, here in groupby(sorted(marks, key=lambda mark: (mark.line, mark.sign != "^", mark.start)), _line):
        if last and number == last + 2:
            shown += _source(lines, last + 1, [], gutter, style)
        elif last and number > last + 1:
            shown.append(_frame(CUT, gutter, style))
        shown += _source(lines, number, list(here), gutter, style)
        last = number
    return shown


def _line(mark: Mark) -> int:
    return mark.line


def _frame(label: str, gutter: int, style: Style) -> str:
    return style.paint("frame", f"{label:>{gutter}} │")


def _source(lines: Sequence[str], number: int, marks: list[Mark], gutter: int, style: Style) -> Iterator[str]:
    whole = lines[number - 1]
    left_out = max(0, min(marks[0].start if marks else 0, len(whole)) - _NEAR)
    shown = cells(whole[left_out : left_out + 2 * _NEAR])
    marks = [replace(mark, start=mark.start - left_out, end=mark.end - left_out) for mark in marks]
    first, end = _window(shown, marks)
    before, after = CUT * (left_out + first > 0), CUT * (left_out + end < len(whole))
    text = f"{before}{''.join(shown[first:end])}{after}".rstrip()
    yield f"{_frame(str(number), gutter, style)} {text}".rstrip()
    for mark in marks:
        if first <= mark.start <= end:
            yield f"{_frame('', gutter, style)} {' ' * len(before)}{_underline(shown, first, end, mark, style)}"


def _underline(shown: Sequence[str], first: int, end: int, mark: Mark, style: Style) -> str:
    indent = width("".join(shown[first : mark.start]))
    length = max(1, width("".join(shown[mark.start : min(mark.end, end)])))
    text = f" {visible(mark.text)}" if mark.text else ""
    return f"{' ' * indent}{style.paint(mark.role, mark.sign * length + text)}"


def _window(shown: Sequence[str], marks: Sequence[Mark]) -> tuple[int, int]:
    """The characters of a line that are shown: all, or as many around its first mark as fit."""
    if width("".join(shown)) <= LONGEST:
        return 0, len(shown)
    focus = min(marks[0].start, len(shown)) if marks else 0
    first = focus
    room = LONGEST // 3
    while first > 0 and room > width(shown[first - 1]):
        first -= 1
        room -= width(shown[first])
    end, room = first, LONGEST
    while end < len(shown) and room >= width(shown[end]):
        room -= width(shown[end])
        end += 1
    return first, end
