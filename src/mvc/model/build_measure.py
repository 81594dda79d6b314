"""AggregateSpec → Aggregate or Computed."""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet
from typing import Final

from mvc.diagnostics import Diagnostic, error
from mvc.model.origin import Origin
from mvc.model.reading import Findings
from mvc.model.view import Aggregate, Computed, OrderTerm, Sql
from mvc.source.words import yaml_flow
from mvc.spec import AggregateSpec, ViewSpec
from mvc.spec.mends import base_alias
from mvc.spec.shorthand import aggregate
from mvc.spec.view import FUNCTIONS

Measure = Aggregate | Computed

_NEEDS_ORDER: Final = ("first", "last")
_ARRAYS: Final = ("array_agg", "string_agg", "json_agg", "jsonb_agg")
_OPTIONS: Final = {
    "where": (*FUNCTIONS, "sql"),
    "order": (*_ARRAYS, *_NEEDS_ORDER),
    "separator": ("string_agg",),
    "at": ("percentile",),
    "distinct": (*_ARRAYS, "count", "sum", "avg"),
}


def build_measures(
    spec: ViewSpec, origin: Origin, aliases: AbstractSet[str], findings: Findings
) -> tuple[Measure, ...]:
    """The aggregates of a view in the order of the spec; those that cannot be read are left out, with findings."""
    measures = (_measure(name, given, origin.at(name), aliases, findings) for name, given in spec.aggregates.items())
    return tuple(measure for measure in measures if measure)


def _measure(
    name: str, spec: AggregateSpec, origin: Origin, aliases: AbstractSet[str], findings: Findings
) -> Measure | None:
    function = spec.given[0]
    text = getattr(spec, function)
    _check_options(spec, origin, findings)
    if function == "count" and text in aliases:
        return _aggregate(name, spec, None, origin, findings)
    if slip := _slip(name, function, text, origin, aliases):
        findings.add(slip)
        return None
    sql = findings.sql(text, origin.at(function))
    if sql is None:
        return None
    if function == "expr":
        return Computed(name, sql, spec.default, spec.description, origin)
    return _aggregate(name, spec, sql, origin, findings)


def _slip(name: str, function: str, text: str, origin: Origin, aliases: AbstractSet[str]) -> Diagnostic | None:
    """`count: "*"`, `sum: sum(o.amount)`, `count: distinct o.id`, `expr: sum(o.amount)`: what is SQL's in the place of what is ours."""
    if function == "sql":
        return None
    base = base_alias(origin.document.data)
    rows = re.fullmatch(r"\*|1|(\w+)\.\*", text.strip())
    if function == "count" and rows and (rows[1] or base) in aliases:
        title = "`count` takes the alias of a source, whose rows it counts"
        help_line = f"write count: {rows[1] or base}"
        return error("MV102", origin.at(function).span, title, label="rows of which source?", help=help_line)
    whole = f"{function}({text})" if re.match(r"\s*distinct\b", text, re.IGNORECASE) else text
    meant = aggregate(whole, base)
    if meant is None or "expr" in meant:
        return None
    if function == "expr":
        title = "`expr` is computed from other columns of the view; an aggregate has its function as a key"
    elif function in meant or whole != text:
        title = f"`{function}` is the function already: here stands what it takes"
    else:
        title = f"the aggregate `{next(iter(meant))}` cannot stand within `{function}`"
    return error("MV104", origin.at(function).span, title, label="SQL's form", help=f"write {name}: {yaml_flow(meant)}")


def _aggregate(name: str, spec: AggregateSpec, argument: Sql | None, origin: Origin, findings: Findings) -> Aggregate:
    """`argument` is None for `count: alias`, which counts the rows of a source."""
    function = spec.given[0]
    return Aggregate(
        name=name,
        function=function,
        argument=argument,
        alias=None if argument else spec.count,
        where=findings.sql(spec.where, origin.at("where")),
        order=_order(spec.order, origin.at("order"), findings),
        distinct=spec.distinct,
        separator=", " if spec.separator is None else spec.separator,
        at=0.5 if function == "median" else spec.at,
        default=spec.default,
        description=spec.description,
        origin=origin,
    )


def _check_options(spec: AggregateSpec, origin: Origin, findings: Findings) -> None:
    function = spec.given[0]
    if function in _NEEDS_ORDER and not spec.order:
        title = f"`{function}` needs `order`: without one, any row may be the {function}"
        alias = (getattr(spec, function) or "").rpartition(".")[0]
        column = f"{alias}.id" if alias.isidentifier() else "id"
        help_line = f"add order: {column}, or by what else it is the {function}; desc turns it"
        findings.add(error("MV012", origin.key_span, title, help=help_line))
    if function == "percentile" and spec.at is None:
        findings.add(error("MV012", origin.key_span, "`percentile` needs `at`, from 0 to 1", help="add e.g. at: 0.9"))
    for option, fits in _OPTIONS.items():
        if option in spec.model_fields_set and function not in fits:
            title = f"`{option}` means nothing for `{function}`"
            findings.add(error("MV012", origin.at(option).key_span, title, help=f"it belongs to: {', '.join(fits)}"))


def _order(order: str | tuple[str, ...] | None, origin: Origin, findings: Findings) -> tuple[OrderTerm, ...]:
    if isinstance(order, str):
        terms = [findings.ordered(order, origin)]
    else:
        terms = [findings.ordered(text, origin.at(number)) for number, text in enumerate(order or ())]
    return tuple(term for term in terms if term)
