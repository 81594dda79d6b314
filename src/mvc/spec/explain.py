"""One fault of a document in our own words, with what to write in its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel

from mvc.diagnostics import Diagnostic, did_you_mean, error
from mvc.source import Document, Path
from mvc.source.words import columns_flow, yaml_flow, yaml_text
from mvc.spec.aggregate import PAIRS
from mvc.spec.missing import missing_help, rule_help
from mvc.spec.model_at import model_at
from mvc.spec.repair import value_at, whole_value
from mvc.spec.shorthand import several
from mvc.spec.taken import base_alias
from mvc.spec.unknown_keys import unknown_key_help

Problem = Mapping[str, Any]  # one entry of ValidationError.errors()

_LONGEST: Final = 90  # characters of a mend on one line

_WANTED: Final = {
    "string_type": "text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "float_type": "a number",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}

_IF_EMPTY: Final = {
    "to": "name the roles, to: [staff]; without `to` it is for PUBLIC, everybody",
    "view": "name the views that it guards, view: [daily_revenue]; or take the policy out",
    "refresh": "name what it refreshes, refresh: [daily_revenue], refresh: all; or say enabled: false, or take the schedule out",
    "catalog": "name the files that describe the base tables, catalog: schema/*.sql",
    "key": "name the columns that tell its rows apart, key: [id]; where it has only one row, any column does",
    "order": "name what to order by, order: [id desc]; or leave `order` out",
}

_SHAPES: Final = {
    ("ViewSpec", "sources"): "sources: {o: {table: orders}}",
    ("ViewSpec", "dimensions"): "dimensions: {day: o.ordered_on}",
    ("ViewSpec", "aggregates"): "aggregates: {total: {sum: o.amount}}",
    ("ViewSpec", "windows"): "windows: {place: {rank: total desc, within: [month]}}",
    ("ViewSpec", "indexes"): "indexes: [{columns: [day]}]",
    ("ViewSpec", "columns"): "columns: {day: what it says}",
    ("AggregateSpec", ""): "the function and what it takes: {sum: o.amount}, {count: o}, {expr: total / nullif(n, 0)}",
    (
        "WindowSpec",
        "",
    ): "the function and what it takes: {rank: total desc}, {sum: total, order: month}, {share: total}",
    ("SourceSpec", ""): "what it reads: {table: orders}, {view: daily_revenue}, {sql: SELECT …, key: [id]}",
    **{("AggregateSpec", key): f"{key}: [o.price, o.amount], two expressions" for key in PAIRS},
    ("IndexSpec", ""): "its columns: {columns: [day]}",
    ("PolicySpec", ""): "{policy: staff, view: VIEW, to: [staff], using: true}",
    ("ScheduleSpec", ""): '{schedule: nightly, refresh: all, every: "0 2 * * *"}',
    ("ProjectSpec", "version"): "version: 15",
    ("ProjectSpec", "schemas"): "schemas: {exposed: public}",
    ("ProjectSpec", "catalog"): "catalog: schema/*.sql",
}


@dataclass(frozen=True)
class SpecFault:
    """What is wrong at a key path, and the value that is meant there, None where that is not sure."""

    document: Document
    model: type[BaseModel]
    at: Path
    problem: Problem
    mend: Any | None = None

    @property
    def kind(self) -> str:
        """Pydantic's name for it."""
        return str(self.problem["type"])

    @property
    def key(self) -> str:
        """The nearest name on the way to it."""
        return next((str(part) for part in reversed(self.at) if isinstance(part, str)), "this")

    @property
    def owner(self) -> type[BaseModel]:
        """The model of the mapping that holds it."""
        return model_at(self.model, self.at[:-1]) or self.model


def explain(fault: SpecFault) -> Diagnostic:
    """The fault as a finding."""
    return _EXPLAIN.get(fault.kind, _wrong_value)(fault)


def split_value(document: Document, at: Path) -> Diagnostic:
    """The finding for a key that is the rest of the value before it, with the whole value in quotes."""
    head = "a comma within {…} ends a value: put SQL that holds one in double quotes"
    whole = whole_value(document, at)
    return error(
        "MV010",
        document.key_span(at),
        f"`{at[-1]}` is not a key: it looks like the rest of the value before it",
        label="cut off by a comma or a colon",
        help=(f"write {whole[0][-1]}: {yaml_text(whole[1])}", head) if whole else head,
    )


def dash_without_space(document: Document, at: Path) -> Diagnostic:
    """The finding for a list whose dashes stand at their entries."""
    entries = str(value_at(document.data, at)).split(" -")
    title = f"a space is missing after the dash of an entry of `{at[-1]}`"
    help_lines = ("write", f"{at[-1]}:", *(f"  - {entry.strip().lstrip('-')}" for entry in entries))
    return error("MV012", document.span(at), title, label="one text to YAML", help=help_lines)


def _unknown_key(fault: SpecFault) -> Diagnostic:
    key = str(fault.at[-1])
    if any(mark in key for mark in "'()\"") or (" " in key.strip() and fault.problem["input"] is None):
        return split_value(fault.document, fault.at)
    if ":" in key and fault.problem["input"] is None:
        name, _, value = key.partition(":")
        title = f"a space is missing after the colon of `{key}`"
        span = fault.document.key_span(fault.at)
        return error("MV010", span, title, label="one word to YAML", help=f"write {name}: {value.strip()}")
    label, lines = unknown_key_help(fault.owner, key, value_at(fault.document.data, fault.at[:-1]))
    if lines[0].startswith("write {") and len(fault.at) > 1 and isinstance(fault.at[-2], str):
        lines = (f"write {fault.at[-2]}: {lines[0].removeprefix('write ')}", *lines[1:])
    return error("MV010", fault.document.key_span(fault.at), f"unknown key `{key}`", label=label, help=lines)


def _missing_key(fault: SpecFault) -> Diagnostic:
    key = fault.problem["loc"][-1]
    span = fault.document.key_span(fault.at)
    owner = model_at(fault.model, fault.at) or fault.model
    help_line = missing_help(owner.__name__, str(key), fault.document.path)
    return error("MV011", span, f"`{key}` is missing", label=f"needs `{key}`", help=help_line)


def _wrong_kind(fault: SpecFault) -> Diagnostic:
    value, wanted = fault.problem["input"], _WANTED[fault.kind]
    if fault.key == "default" and fault.at[0] in ("aggregates", "windows"):
        wanted = "one value, a text, a number, true or false"
    title = f"{_named(fault.at)} must be {wanted}, not {_kind(value)}"
    span = fault.document.span(fault.at)
    return error("MV012", span, title, label=_is(value), help=_mend_lines(fault) or _shape(fault))


def _is(value: Any) -> str:
    return "" if value is None else _kind(value)


def _mend_lines(fault: SpecFault) -> tuple[str, ...]:
    """What to write, on one line or as a block."""
    if fault.mend is None:
        return ()
    if fault.problem["input"] is None:
        return (f"indent what belongs to it: {fault.key}: {yaml_flow(fault.mend)}",)
    in_list = isinstance(fault.at[-1], int)
    line = yaml_flow(fault.mend) if in_list else f"{fault.key}: {yaml_flow(fault.mend)}"
    if isinstance(fault.mend, str) and fault.kind == "string_type" and not isinstance(fault.problem["input"], tuple):
        line = yaml_text(fault.mend) if in_list else f"{fault.key}: {yaml_text(fault.mend)}"
    if len(line) <= _LONGEST or not isinstance(fault.mend, Mapping | tuple):
        return (f"write {line}",)
    if isinstance(fault.mend, tuple):
        return ("write", f"{fault.key}:", *(f"  - {yaml_flow(item)}" for item in fault.mend))
    return ("write", f"{fault.key}:", *(f"  {name}: {yaml_flow(item)}" for name, item in fault.mend.items()))


def _shape(fault: SpecFault) -> str:
    own, value = model_at(fault.model, fault.at), fault.problem["input"]
    if own and own.__name__ == "AggregateSpec" and isinstance(value, str) and fault.at[:1] == ("aggregates",):
        columns = several(value, base_alias(fault.document.data))
        if columns:
            return f"write {columns_flow({name or fault.key: its for name, its in columns.items()})}"
    by_key = _SHAPES.get((fault.owner.__name__, fault.key))
    by_model = _SHAPES.get((own.__name__, "")) if own and _WANTED.get(fault.kind) == "a mapping" else None
    said = by_key or by_model
    return f"write {said}" if said else ""


def _rule_broken(fault: SpecFault) -> Diagnostic:
    said = str(fault.problem["ctx"]["error"])
    owner = model_at(fault.model, fault.at) or fault.model
    help_lines = rule_help(owner.__name__, fault.problem["input"], fault.document.data)
    return error("MV012", fault.document.key_span(fault.at), said, help=help_lines)


def _not_a_choice(fault: SpecFault) -> Diagnostic:
    value = str(fault.problem["input"])
    choices = fault.problem["ctx"]["expected"].replace("'", "").replace(" or ", ", ").split(", ")
    help_lines: tuple[str, ...] = (did_you_mean(value, choices, "possible"),)
    if len(choices) == 1:
        help_lines = (f"write {fault.key}: {choices[0]}", "or leave it out")
    return error("MV012", fault.document.span(fault.at), f"{_named(fault.at)} cannot be `{value}`", help=help_lines)


def _wrong_value(fault: SpecFault) -> Diagnostic:
    context = fault.problem.get("ctx", {})
    limits = {
        "string_too_short": "cannot be empty",
        "too_short": "needs two entries" if context.get("min_length") == 2 else "needs at least one entry",
        "too_long": f"has more than {context.get('max_length')} entries",
        "greater_than_equal": f"must be at least {context.get('ge')}",
        "less_than_equal": f"must be at most {context.get('le')}",
        "string_pattern_mismatch": "must be a date such as 2026-12-31",
    }
    said = limits.get(fault.kind, "has a value that does not fit here")
    empty = _IF_EMPTY.get(str(fault.at[-1]), "") if fault.kind == "too_short" else ""
    help_lines = _mend_lines(fault) or (empty or _shape(fault),)
    return error("MV012", fault.document.span(fault.at), f"{_named(fault.at)} {said}", help=help_lines)


_EXPLAIN: Final[Mapping[str, Callable[[SpecFault], Diagnostic]]] = {
    "extra_forbidden": _unknown_key,
    "missing": _missing_key,
    "value_error": _rule_broken,
    "literal_error": _not_a_choice,
    **dict.fromkeys(_WANTED, _wrong_kind),
}


def _named(at: Path) -> str:
    name = next((str(part) for part in reversed(at) if isinstance(part, str)), "this")
    return f"an entry of `{name}`" if at and isinstance(at[-1], int) else f"`{name}`"


def _kind(value: Any) -> str:
    for types, name in (
        (bool, "true/false"),
        (float, "a number with a point"),
        (int, "a number"),
        (str, "text"),
        (tuple, "a list"),
        (dict, "a mapping"),
    ):
        if isinstance(value, types):
            return name
    return "nothing"
