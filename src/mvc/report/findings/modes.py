"""How each view can be refreshed, why not otherwise, and what its refreshes do not notice, as text for a terminal and as data."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

from mvc.compiled.view import CompiledView
from mvc.engines.engine import Engine, Mode
from mvc.engines.postgres.engine import POSTGRES
from mvc.report.text.sanitize import visible
from mvc.report.text.style import Style


def modes_text(views: Iterable[CompiledView], style: Style) -> str:
    """One line for each materialized view: the modes that it can have, those that it is deployed for marked; then why not. Below them
    what the refreshes of a part do not notice, and the schedule that finds it; last what the engine does.
    """
    listed = [view for view in views if view.kind == "materialized"]
    lines = [line for view in listed for line in _lines(view, style)]
    lines += [line for mode in POSTGRES.modes for line in _unnoticed(mode, listed, style)]
    return "\n".join((*lines, "", *_engine(POSTGRES, style)))


def _engine(engine: Engine, style: Style) -> Iterator[str]:
    """What holds of every view, of what the engine can do."""
    oldest, newest = engine.versions
    yield f"{style.paint('strong', engine.title)} {oldest} to {newest}"
    facts = (
        (engine.row_rules, "who may see which rows is enforced by the server"),
        (engine.unique, "the grain is proven at each refresh, by a unique index"),
        (engine.ordered, "lists come in the order that was asked for"),
        (engine.switch == "at once", "readers have the old or the new of all views that change together"),
        (engine.exact, "sums of exact numbers are exact"),
        (engine.zones, "dates are computed in the project's zone"),
    )
    yield from (f"  {style.paint('related', '·')} {said}" for holds, said in facts if holds)
    yield f"  {style.paint('related', '·')} schedules are run by {', '.join(engine.schedules)}"
    yield f"  {style.paint('related', '·')} functions are {', '.join(engine.functions)}"


def _lines(view: CompiledView, style: Style) -> Iterator[str]:
    listed = ", ".join(_marked(mode, view, style) for mode in possible_modes(view))
    yield f"  {style.paint('strong', visible(view.called))}: {listed}"
    for reason in view.whole_because:
        yield f"    not incremental: {visible(reason)}"
    if not view.period:
        yield "    not window: no column of its grain is a date or a time"


def _marked(mode: str, view: CompiledView, style: Style) -> str:
    return style.paint("help", f"{mode} ✓") if mode in view.modes else mode


def _unnoticed(mode: Mode, views: Iterable[CompiledView], style: Style) -> Iterator[str]:
    names = [view.called for view in views if _usual(view) == mode.name]
    if not names or mode.found_by is None:
        return
    found_by = mode.found_by
    yield f"\nA refresh with `mode: {mode.name}` does not notice what was"
    yield from (f"  {style.paint('related', '·')} {what}" for what in mode.unnoticed)
    yield f"A schedule that {found_by.does} finds it:\n\nschedules:"
    listed = ", ".join(_in_yaml(name) for name in names)
    setting = "" if found_by.mode == "full" else f", mode: {found_by.mode}"
    yield f"  - {{schedule: {found_by.name}, refresh: [{listed}], every: {json.dumps(found_by.every)}{setting}}}"


def _in_yaml(name: str) -> str:
    return name if name.isidentifier() else json.dumps(visible(name), ensure_ascii=False)


def _usual(view: CompiledView) -> str:
    """The mode in which a view's schedules have it refreshed."""
    return view.modes[0]


def possible_modes(view: CompiledView) -> tuple[str, ...]:
    """The modes that a schedule may ask for, the whole refresh first."""
    possible = {"full": True, "incremental": not view.whole_because, "window": bool(view.period)}
    return tuple(mode.name for mode in POSTGRES.modes if possible.get(mode.name))


def modes_json(views: Iterable[CompiledView]) -> list[dict[str, Any]]:
    """The same as data."""
    return [
        {
            "view": view.called,
            "modes": list(possible_modes(view)),
            "used": list(view.modes),
            "not_incremental_because": list(view.whole_because),
            "window_column": view.period or None,
            "not_noticed": list(_not_noticed(view)),
        }
        for view in views
        if view.kind == "materialized"
    ]


def _not_noticed(view: CompiledView) -> tuple[str, ...]:
    mode = POSTGRES.mode(_usual(view))
    return mode.unnoticed if mode else ()


def engine_json() -> dict[str, Any]:
    """What the engine can do, as data."""
    return {**asdict(POSTGRES), "modes": [mode.name for mode in POSTGRES.modes]}
