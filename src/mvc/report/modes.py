"""How each view can be refreshed, and why not otherwise, as text for a terminal and as data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from mvc.artifacts import CompiledView
from mvc.report.style import Style
from mvc.report.visible import visible


def modes_text(views: Iterable[CompiledView], style: Style) -> str:
    """One line for each materialized view: the modes that it can have, those that it is deployed for marked; then why not."""
    return "\n".join(line for view in views if view.kind == "materialized" for line in _lines(view, style))


def _lines(view: CompiledView, style: Style) -> Iterator[str]:
    listed = ", ".join(_marked(mode, view, style) for mode in possible_modes(view))
    yield f"  {style.paint('strong', visible(view.name))}: {listed}"
    for reason in view.whole_because:
        yield f"    not incremental: {visible(reason)}"
    if not view.period:
        yield "    not window: no column of its grain is a date or a time"


def _marked(mode: str, view: CompiledView, style: Style) -> str:
    return style.paint("help", f"{mode} ✓") if mode in view.modes else mode


def possible_modes(view: CompiledView) -> tuple[str, ...]:
    """The modes that a schedule may ask for, the whole refresh first."""
    parts = (("incremental", not view.whole_because), ("window", bool(view.period)))
    return ("full", *(mode for mode, possible in parts if possible))


def modes_json(views: Iterable[CompiledView]) -> list[dict[str, Any]]:
    """The same as data."""
    return [
        {
            "view": view.name,
            "modes": list(possible_modes(view)),
            "used": list(view.modes),
            "not_incremental_because": list(view.whole_because),
            "window_column": view.period or None,
        }
        for view in views
        if view.kind == "materialized"
    ]
