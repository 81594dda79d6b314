"""A difference as text for a terminal: each view with its classes, each change with what it does and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mvc.comparison.difference import CLASSES, Affected, Class, Classified, Difference, Status
from mvc.report.diff.change_words import told
from mvc.report.diff.summary import SIGNS, Subject, followed, measures_changed, subjects, verdict
from mvc.report.text.sanitize import visible
from mvc.report.text.style import PLAIN, Role, Style
from mvc.report.text.words import Words, one_line, spoken

_WIDTH: Final = max(map(len, CLASSES))
_ROLES: Final[dict[Class, Role]] = {
    "breaking": "error",
    "access-loosened": "error",
    "access-tightened": "warning",
    "freshness-loosened": "warning",
    "rebuild": "related",
    "safe": "help",
}
_SIGN_ROLES: Final[dict[Status, Role]] = {
    "added": "help",
    "removed": "error",
    "renamed": "related",
    "changed": "related",
}


def diff_text(difference: Difference, style: Style = PLAIN) -> str:
    """All of it, the gravest first, and the counts; `no differences` for an empty one."""
    parts = ["\n".join(_lines(subject, style)) for subject in subjects(difference)]
    measures = [_told(item) for item in measures_changed(difference)]
    return "\n\n".join([*parts, *measures, verdict(difference)])


def _lines(subject: Subject, style: Style) -> Iterator[str]:
    sign = style.paint(_SIGN_ROLES[subject.status], SIGNS[subject.status])
    classes = ", ".join(_class(item, style, undecided=undecided) for item, undecided in subject.classes)
    at = f"  {style.paint('frame', visible(subject.path))}" if subject.path else ""
    yield f"{sign} {style.paint('strong', spoken(subject.name, visible))}  {classes}{at}"
    for item in subject.changes:
        yield from _change(item, style)
    if subject.downstream:
        yield "    downstream"
        yield from (f"        {_affected(item)}" for item in subject.downstream)


def _change(item: Classified, style: Style) -> Iterator[str]:
    yield f"    {_told(told(item.change).whole)}"
    for effect in item.effects:
        name = style.paint(_ROLES[effect.class_], effect.class_) + " " * (_WIDTH - len(effect.class_))
        assumed = f"{style.paint('warning', 'undecided')}, " if effect.undecided else ""
        yield f"        {name}  {assumed}{_line(effect.reason)}".rstrip()


def _class(item: Class, style: Style, *, undecided: bool) -> str:
    return style.paint(_ROLES[item], item) + (" (undecided)" if undecided else "")


def _affected(item: Affected) -> str:
    return followed(item, visible)


def _told(words: Words) -> str:
    return spoken(words, lambda text: f"`{_line(text)}`", _line)


def _line(text: str) -> str:
    return visible(one_line(text))
