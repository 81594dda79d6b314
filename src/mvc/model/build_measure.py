"""AggregateSpec → Aggregate or Computed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from mvc.diagnostics import Diagnostic, error
from mvc.model.aggregates import AGGREGATES, Form, aggregate_function
from mvc.model.build_result import build_default, build_type
from mvc.model.measured import Measures
from mvc.model.origin import Origin
from mvc.model.reading import SpecReader
from mvc.model.show_measure import Shown
from mvc.model.view import Aggregate, Computed, OrderTerm, Source, Sql
from mvc.quoting import constant
from mvc.source.words import columns_flow, yaml_flow
from mvc.spec import AggregateSpec, ViewSpec
from mvc.spec.aggregate import FUNCTIONS
from mvc.spec.shorthand import aggregate, several
from mvc.spec.taken import base_alias

Measure = Aggregate | Computed

_OPTIONS: Final = ("where", "of", "order", "separator", "at", "distinct", "limit")


def build_measures(
    spec: ViewSpec, origin: Origin, sources: tuple[Source, ...], measures: Measures, findings: SpecReader
) -> tuple[Measure, ...]:
    """The aggregates of a view in the order of the spec; those that cannot be read are left out, with findings."""
    aliases = frozenset(source.alias for source in sources)
    shown = Shown(measures, sources, frozenset((*(spec.dimensions or {}), *spec.aggregates, *spec.windows)))
    found: list[Measure] = []
    for name, given in spec.aggregates.items():
        if given.measure is not None:
            check_options(given, origin.at(name), findings)
            found += shown.columns(name, given, origin.at(name), findings)
        elif item := build_measure(name, given, origin.at(name), aliases, findings):
            found.append(item)
    return tuple(found)


def build_measure(
    name: str, spec: AggregateSpec, origin: Origin, aliases: AbstractSet[str], findings: SpecReader
) -> Measure | None:
    """The column that a mapping means, or None with a finding."""
    function = spec.given[0]
    given = getattr(spec, function)
    check_options(spec, origin, findings)
    if isinstance(given, tuple):
        values = [findings.sql(text, origin.at(function).at(number)) for number, text in enumerate(given)]
        return _aggregate(name, spec, values, origin, findings)
    text = constant(given) if function in AGGREGATES and AGGREGATES[function].form is Form.AMONG else given
    if function == "count" and text in aliases:
        return _aggregate(name, spec, (), origin, findings)
    if slip := _slip(name, function, text, origin, aliases):
        findings.add(slip)
        return None
    sql = findings.sql(text, origin.at(function))
    if sql is None:
        return None
    if function == "expr":
        default = build_default(spec.default, origin.at("default"), findings)
        cast = build_type(spec.type, origin.at("type"), findings)
        return Computed(name, sql, default, spec.description, origin, spec.hidden, cast)
    return _aggregate(name, spec, [sql], origin, findings)


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
    if meant is None and function == "expr" and (columns := several(text, base)):
        title = (
            "`expr` is computed from other columns of the view, and these are aggregates: each is a column of its own"
        )
        help_line = "write " + columns_flow({name_ or name: its for name_, its in columns.items()})
        return error("MV104", origin.at(function).span, title, label="SQL's form", help=help_line)
    if meant is None or "expr" in meant:
        return None
    if function == "expr":
        title = "`expr` is computed from other columns of the view; an aggregate has its function as a key"
    elif function in meant or whole != text:
        title = f"`{function}` is the function already: here stands what it takes"
    else:
        title = f"the aggregate `{next(iter(meant))}` cannot stand within `{function}`"
    return error("MV104", origin.at(function).span, title, label="SQL's form", help=f"write {name}: {yaml_flow(meant)}")


def _aggregate(
    name: str, spec: AggregateSpec, values: Sequence[Sql | None], origin: Origin, findings: SpecReader
) -> Aggregate:
    """`values` are what is aggregated: none for `count: alias`, which counts the rows of a source."""
    function = spec.given[0]
    argument, second = (*values, None, None)[:2]
    return Aggregate(
        name=name,
        function=function,
        argument=argument,
        second=second,
        alias=None if argument else spec.count,
        where=findings.sql(spec.where, origin.at("where")),
        order=_order(spec.order, origin.at("order"), findings),
        distinct=spec.distinct,
        separator=", " if spec.separator is None else spec.separator,
        at=0.5 if function == "median" else spec.at,
        default=build_default(spec.default, origin.at("default"), findings),
        description=spec.description,
        origin=origin,
        hidden=spec.hidden,
        type=build_type(spec.type, origin.at("type"), findings),
        limit=spec.limit,
        of=spec.of,
    )


def check_options(spec: AggregateSpec, origin: Origin, findings: SpecReader) -> None:
    """Findings for options that the function does not take, and those that it lacks."""
    function = spec.given[0]
    needs, takes = _options(function)
    if "order" in needs and not spec.order:
        findings.add(_no_order(function, getattr(spec, function), origin))
    if "at" in needs and spec.at is None:
        title = f"`{function}` needs `at`, from 0 to 1"
        findings.add(error("MV012", origin.key_span, title, help="add e.g. at: 0.9"))
    if spec.limit is not None and not spec.order and "limit" in takes:
        title = f"`limit: {spec.limit}` needs `order`: without one, any rows may be the first"
        help_line = f"add order: and what the rows are put in order by; desc turns it, e.g. order: {_sample(spec)} desc"
        findings.add(error("MV012", origin.at("limit").key_span, title, help=help_line))
    for option in _OPTIONS:
        if option in spec.model_fields_set and option not in takes:
            title = f"`{option}` means nothing for `{function}`"
            fits = (
                "each function"
                if option in ("where", "of")
                else ", ".join(k for k in FUNCTIONS if option in _options(k)[1])
            )
            findings.add(error("MV012", origin.at(option).key_span, title, help=f"it belongs to: {fits}"))


def _sample(spec: AggregateSpec) -> str:
    given = getattr(spec, spec.given[0])
    return given if isinstance(given, str) and re.fullmatch(r"[\w.]+", given) else "o.amount"


def _options(function: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The options that a key needs, and those that it takes."""
    if function == "expr":
        return (), ()
    if function == "measure":
        return (), ("where", "of")
    known = aggregate_function(function)
    return known.needs, known.takes


def _no_order(function: str, text: str, origin: Origin) -> Diagnostic:
    if aggregate_function(function).form is Form.AMONG:
        title = f"`{function}` needs `order`: a value has a place only among others, in an order"
        return error("MV012", origin.key_span, title, help="add order: and what the value is compared with")
    title = f"`{function}` needs `order`: without one, any row may be the {function}"
    alias = text.rpartition(".")[0]
    column = f"{alias}.id" if alias.isidentifier() else "id"
    help_line = f"add order: {column}, or by what else it is the {function}; desc turns it"
    return error("MV012", origin.key_span, title, help=help_line)


def _order(order: str | tuple[str, ...] | None, origin: Origin, findings: SpecReader) -> tuple[OrderTerm, ...]:
    if isinstance(order, str):
        terms = [findings.ordered(order, origin)]
    else:
        terms = [findings.ordered(text, origin.at(number)) for number, text in enumerate(order or ())]
    return tuple(term for term in terms if term)
