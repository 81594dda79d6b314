"""How each view can be refreshed, why not otherwise, and what its refreshes do not notice, as text for a terminal and as data."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

from mvc.compiled.view import CompiledView
from mvc.report.text.sanitize import visible
from mvc.report.text.style import Style

_CODE: Final = "changed in SQL that a function puts together while it runs, in a library (C), or in the files of a dictionary or of time zones"
# By the mode that views are deployed for: what its refreshes do not notice, and the mode that finds it with a line of YAML for that.
UNNOTICED: Final[dict[str, tuple[str, ...]]] = {
    "incremental": (
        "written with session_replication_role = replica to a table that the deploying role neither owns nor acts for the owner of",
        "written by a subscription to such a table that came and went between two refreshes",
        "written by replication that is not PostgreSQL's own, row by row and without triggers",
        "written by hand to the logs or rows in the stored schema, or done to PostgreSQL's catalogs",
        "meant by a word for the moment in a text that is cast to a date or time ('today'), when time passes",
        "done while triggers were off, or by attaching a partition, in the instant between a refresh's beginning and its snapshot, until the next refresh",
        _CODE,
    ),
    "window": ("changed in rows before the window, or in rows without a date (NULL)", _CODE),
}
_FINDS: Final = {
    "incremental": ("compares a sample of groups and mends what is wrong", "verified", "30 3 * * *", ", mode: verify"),
    "window": ("computes everything", "whole", "30 3 * * 0", ""),
}


def modes_text(views: Iterable[CompiledView], style: Style) -> str:
    """One line for each materialized view: the modes that it can have, those that it is deployed for marked; then why not. Below them
    what the refreshes of a part do not notice, and the schedule that finds it.
    """
    listed = [view for view in views if view.kind == "materialized"]
    lines = [line for view in listed for line in _lines(view, style)]
    return "\n".join((*lines, *(line for mode in UNNOTICED for line in _unnoticed(mode, listed, style))))


def _lines(view: CompiledView, style: Style) -> Iterator[str]:
    listed = ", ".join(_marked(mode, view, style) for mode in possible_modes(view))
    yield f"  {style.paint('strong', visible(view.called))}: {listed}"
    for reason in view.whole_because:
        yield f"    not incremental: {visible(reason)}"
    if not view.period:
        yield "    not window: no column of its grain is a date or a time"


def _marked(mode: str, view: CompiledView, style: Style) -> str:
    return style.paint("help", f"{mode} ✓") if mode in view.modes else mode


def _unnoticed(mode: str, views: Iterable[CompiledView], style: Style) -> Iterator[str]:
    names = [view.called for view in views if _usual(view) == mode]
    if not names:
        return
    does, schedule, line, setting = _FINDS[mode]
    yield f"\nA refresh with `mode: {mode}` does not notice what was"
    yield from (f"  {style.paint('related', '·')} {what}" for what in UNNOTICED[mode])
    yield f"A schedule that {does} finds it:\n\nschedules:"
    listed = ", ".join(_in_yaml(name) for name in names)
    yield f"  - {{schedule: {schedule}, refresh: [{listed}], every: {json.dumps(line)}{setting}}}"


def _in_yaml(name: str) -> str:
    return name if name.isidentifier() else json.dumps(visible(name), ensure_ascii=False)


def _usual(view: CompiledView) -> str:
    """The mode in which a view's schedules have it refreshed."""
    return view.modes[0]


def possible_modes(view: CompiledView) -> tuple[str, ...]:
    """The modes that a schedule may ask for, the whole refresh first."""
    parts = (("incremental", not view.whole_because), ("window", bool(view.period)))
    return ("full", *(mode for mode, possible in parts if possible))


def modes_json(views: Iterable[CompiledView]) -> list[dict[str, Any]]:
    """The same as data."""
    return [
        {
            "view": view.called,
            "modes": list(possible_modes(view)),
            "used": list(view.modes),
            "not_incremental_because": list(view.whole_because),
            "window_column": view.period or None,
            "not_noticed": list(UNNOTICED.get(_usual(view), ())),
        }
        for view in views
        if view.kind == "materialized"
    ]
