"""Diagnostics as text, in the layout of the style guide: severity and title, place, excerpt, help, the door to the rule."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from mvc.diagnostics import Diagnostic, Span
from mvc.report.findings.excerpt import Mark, Sign, excerpt, marks_of, split_lines
from mvc.report.text.sanitize import visible
from mvc.report.text.style import PLAIN, Role, Style

Files = Mapping[str, str]
_SEVERITIES: Final = ("error", "warning")


@dataclass(frozen=True, slots=True)
class _Place:
    """A file with what is to be underlined there. `span` is the place to name, `text` what to say without an excerpt."""

    span: Span
    text: str
    marks: list[Mark] = field(default_factory=list)


def in_order(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Each diagnostic once, by path and line; errors before warnings at equal places."""
    unique = dict.fromkeys(diagnostics)
    return sorted(unique, key=lambda item: (item.span, _SEVERITIES.index(item.severity), item.code, item.title))


def render_diagnostics(diagnostics: Iterable[Diagnostic], files: Files, style: Style = PLAIN) -> str:
    """All of them, a blank line between two. A file that `files` does not have, or cannot read, is named without excerpt."""
    lines: dict[str, list[str]] = {}
    return "\n\n".join(_rendered(item, files, lines, style) for item in in_order(diagnostics))


def summary(diagnostics: Iterable[Diagnostic], outcome: str = "") -> str:
    """`2 errors, 1 warning; nothing was changed`: how many there are, and what the caller says became of it."""
    found = in_order(diagnostics)
    counts = [_count(found, severity) for severity in _SEVERITIES]
    told = ", ".join(count for count in counts if count) or "nothing to report"
    return f"{told}; {outcome}" if outcome else told


def _count(found: list[Diagnostic], severity: str) -> str:
    number = sum(item.severity == severity for item in found)
    return f"{number} {severity}{'' if number == 1 else 's'}" if number else ""


def _rendered(item: Diagnostic, files: Files, lines: dict[str, list[str]], style: Style) -> str:
    places = _places(item, files, lines)
    gutter = max((len(str(mark.line)) for place in places for mark in place.marks), default=1)
    head = style.paint(item.severity, f"{item.severity}[{item.code}]")
    shown = [f"{head}: {style.paint('strong', visible(item.title))}"]
    for place in places:
        shown += _drawn(place, lines[place.span.path], gutter, style)
    return "\n".join([*shown, *_help(item, gutter, style)])


def _places(item: Diagnostic, files: Files, lines: dict[str, list[str]]) -> list[_Place]:
    """What to show: the fault's own file first, then the others that explain it."""
    found = {item.span.path: _Place(item.span, item.label)}
    for label in item.related:
        found.setdefault(label.span.path, _Place(label.span, label.text))
    for path in found:
        if path not in lines:
            lines[path] = _lines(path, files)
    _mark(found[item.span.path], item.span, lines, ("^", item.severity, item.label))
    for label in item.related:
        _mark(found[label.span.path], label.span, lines, ("-", "related", label.text))
    return list(found.values())


def _mark(place: _Place, span: Span, lines: dict[str, list[str]], drawn: tuple[Sign, Role, str]) -> None:
    if not _is_whole_file(span):
        place.marks.extend(marks_of(span, lines[span.path], *drawn))


def _is_whole_file(span: Span) -> bool:
    """An empty span at the start means the file, not its first character."""
    return (span.line, span.column, span.end_line, span.end_column) == (1, 1, 1, 1)


def _lines(path: str, files: Files) -> list[str]:
    try:
        return split_lines(path, files[path])
    except (KeyError, OSError, UnicodeDecodeError):
        return []


def _drawn(place: _Place, lines: list[str], gutter: int, style: Style) -> list[str]:
    span = place.span
    at = "" if _is_whole_file(span) else f":{span.line}:{span.column}"
    bar = style.paint("frame", f"{'':>{gutter}} │")
    head = f"{style.paint('frame', f'{chr(32) * gutter} ┌─')} {visible(span.path)}{at}"
    if place.marks:
        return [head, bar, *excerpt(lines, place.marks, gutter, style), bar]
    return [f"{head}: {visible(place.text)}" if place.text else head, bar]


def _help(item: Diagnostic, gutter: int, style: Style) -> list[str]:
    lines = [*map(visible, item.help), f"`mvc explain {item.code}` gives the rule and two worked examples"]
    head = f"{' ' * gutter} {style.paint('frame', '=')} {style.paint('help', 'help:')} "
    indent = " " * (gutter + len(" = help: "))
    return [f"{head}{lines[0]}", *(f"{indent}{line}" for line in lines[1:])]
