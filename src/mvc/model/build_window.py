"""WindowSpec → Windowed."""

from __future__ import annotations

import re
from typing import Final

from mvc.diagnostics import error
from mvc.model.build_result import build_default, build_type
from mvc.model.origin import Origin
from mvc.model.reading import SpecReader
from mvc.model.window import UNITS, Frame, Step, Windowed
from mvc.model.window_functions import WINDOWS, Over
from mvc.model.written import OrderTerm, Sql
from mvc.source.words import yaml_value
from mvc.spec import ViewSpec, WindowSpec
from mvc.spec.window import ORDER_FUNCTIONS

_OPTIONS: Final = ("order", "frame", "by", "buckets", "where")
_LAST: Final = re.compile(r"last\s+(\d+)\s+(row|minute|hour|day|week|month|quarter|year)s?\Z", re.IGNORECASE)
_STEP: Final = re.compile(r"(\d+)\s+(row|minute|hour|day|week|month|quarter|year)s?\Z", re.IGNORECASE)
_MOMENT: Final = re.compile(r"day|week|month|quarter|year|date|time|hour|period|_(?:on|at)\Z", re.IGNORECASE)
_ALL_ROWS: Final = "*"


def build_windows(spec: ViewSpec, origin: Origin, findings: SpecReader) -> tuple[Windowed, ...]:
    """The windows of a view in the order of the spec; those that cannot be read are left out, with findings."""
    made = (_windowed(name, given, origin.at(name), findings) for name, given in spec.windows.items())
    windows = tuple(item for item in made if item)
    for item in windows:
        _check_order(item, spec, findings)
    return windows


def _windowed(name: str, spec: WindowSpec, origin: Origin, findings: SpecReader) -> Windowed | None:
    before = len(findings)
    function = spec.given[0]
    _check_options(spec, origin, findings)
    is_order = function in ORDER_FUNCTIONS
    order_at, order = (origin.at(function), getattr(spec, function)) if is_order else (origin.at("order"), spec.order)
    windowed = Windowed(
        name=name,
        function=function,
        value=None if is_order else _value(function, getattr(spec, function), origin.at(function), findings),
        within=_within(spec.within, origin.at("within"), findings),
        order=_order(order, order_at, findings),
        frame=_frame(spec.frame, origin.at("frame"), findings),
        by=_by(spec.by, origin.at("by"), findings),
        buckets=spec.buckets,
        where=findings.sql(spec.where, origin.at("where")),
        type=build_type(spec.type, origin.at("type"), findings),
        default=build_default(spec.default, origin.at("default"), findings),
        description=spec.description,
        hidden=spec.hidden,
        origin=origin,
    )
    return windowed if len(findings) == before else None


def _value(function: str, text: str, origin: Origin, findings: SpecReader) -> Sql | None:
    return None if function == "count" and text.strip() == _ALL_ROWS else findings.sql(text, origin)


def _listed(given: str | tuple[str, ...] | None, origin: Origin) -> list[tuple[str, Origin]]:
    if isinstance(given, str):
        return [(given, origin)]
    return [(text, origin.at(number)) for number, text in enumerate(given or ())]


def _within(given: str | tuple[str, ...] | None, origin: Origin, findings: SpecReader) -> tuple[Sql, ...]:
    read = (findings.sql(text, at) for text, at in _listed(given, origin))
    return tuple(item for item in read if item)


def _order(given: str | tuple[str, ...] | None, origin: Origin, findings: SpecReader) -> tuple[OrderTerm, ...]:
    read = (findings.ordered(text, at) for text, at in _listed(given, origin))
    return tuple(item for item in read if item)


def _frame(text: str | None, origin: Origin, findings: SpecReader) -> Frame | None:
    if text is None:
        return None
    word = " ".join(text.lower().split())
    if word == "all":
        return Frame()
    if word in UNITS:
        return Frame(unit=word)
    if (found := _LAST.match(word)) and int(found[1]):
        return Frame(last=_step(found))
    title = f"`{text}` is no frame"
    help_line = "write all, last 7 rows, last 3 months, or a unit of time, frame: year, to begin anew with each"
    findings.add(error("MV012", origin.span, title, label="which rows?", help=help_line))
    return None


def _by(given: int | str | None, origin: Origin, findings: SpecReader) -> Step:
    if given is None:
        return Step(1)
    if isinstance(given, int) and given >= 0:
        return Step(given)
    if isinstance(given, str) and (found := _STEP.match(given.strip())):
        return _step(found)
    help_line = "write by: 2 for rows, or by: 1 year for a period"
    findings.add(error("MV012", origin.span, f"`{given}` is no step", label="how far?", help=help_line))
    return Step(1)


def _step(found: re.Match[str]) -> Step:
    unit = found[2].lower()
    return Step(int(found[1]), "" if unit == "row" else unit)


def _check_options(spec: WindowSpec, origin: Origin, findings: SpecReader) -> None:
    function = spec.given[0]
    known = WINDOWS[function]
    if "buckets" in known.needs and spec.buckets is None:
        help_line = "add buckets: 4, how many parts to make"
        findings.add(error("MV012", origin.key_span, f"`{function}` needs `buckets`", help=help_line))
    for option in _OPTIONS:
        if option in spec.model_fields_set and option not in known.takes:
            title = f"`{option}` means nothing for `{function}`"
            fits = f"it belongs to: {', '.join(name for name, item in WINDOWS.items() if option in item.takes)}"
            is_order = option == "order" and known.over is Over.PLACE
            help_line = (
                f"the order stands behind `{function}` itself, as in {function}: total desc" if is_order else fits
            )
            findings.add(error("MV012", origin.at(option).key_span, title, help=help_line))


def _check_order(item: Windowed, spec: ViewSpec, findings: SpecReader) -> None:
    """Findings where an order is needed and there is none, or where it must be that of time alone."""
    by_time = "by" if item.by.unit else "frame" if item.frame and (item.frame.unit or _unit(item.frame)) else ""
    looks_back = item.frame is not None and not item.frame.all
    if not item.order and ("order" in item.known.needs or looks_back):
        what = f"`frame: {spec.windows[item.name].frame}`" if looks_back else f"`{item.function}`"
        title = f"{what} needs `order`: without one, any row may come before this one"
        help_line = f"add order: {_some_order(item, spec)}"
        findings.add(error("MV012", item.origin.key_span, title, help=help_line))
    elif by_time and (len(item.order) > 1 or item.order[0].ordered.descending):
        title = f"`{by_time}` counts time, so `order` must be one date or time, the earliest first"
        help_line = f"write order: {yaml_value(item.order[0].ordered.expression.text)}"
        findings.add(error("MV012", item.origin.at("order").span, title, label="another order", help=help_line))


def _unit(frame: Frame) -> str:
    return frame.last.unit if frame.last else ""


def _some_order(item: Windowed, spec: ViewSpec) -> str:
    """A dimension that the rows which are looked at may differ in, rather one of time; else any."""
    within = {sql.expression.text for sql in item.within}
    names = [name for name in spec.dimensions or {} if name not in within]
    moments = [name for name in names if _MOMENT.search(name)]
    return yaml_value(next(iter((*moments, *reversed(names))), "COLUMN"))
