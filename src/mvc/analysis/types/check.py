"""What PostgreSQL would refuse for the types of the columns that a view reads, found without a server, at the place in the spec."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mvc.analysis.body.analysed import AnalysedBody, Analysis
from mvc.analysis.lint.expressions import TypeOf, tree_types
from mvc.analysis.names.functions import Functions
from mvc.analysis.resolved import DeclaredQuery, ResolvedView
from mvc.analysis.types.inferred_outputs import OutputTypes, body_types, types_at
from mvc.analysis.types.outputs import output_problems
from mvc.analysis.types.results import of_results
from mvc.analysis.types.times import time_problems
from mvc.diagnostics import Diagnostic, Findings, Severity
from mvc.expression import Expression
from mvc.inference.comparing import go_together
from mvc.inference.infer import Inferred, infer_query, infer_value
from mvc.inference.site import Problem
from mvc.inference.world import World
from mvc.model.aggregates import Form
from mvc.model.origin import Origin
from mvc.model.policy import AllOf, AnyOf, Condition, Policy
from mvc.model.view import Aggregate, Computed, Declared, Sql


def check_types(
    view: ResolvedView, policies: Iterable[Policy], functions: Functions, found: Findings
) -> tuple[Diagnostic, ...]:
    """Errors of a view, its indexes and its policies; the warnings of its own expressions are returned, for the lints."""
    world = functions.world
    mine = [policy.condition for policy in policies if policy.view == view.view.called]
    own = tuple(_of_view(view, world))
    declared = own if isinstance(view.query, DeclaredQuery) else ()  # a body's errors are known by now
    around = (*_of_indexes(view, world), *(item for part in mine for item in _of_policy(part, view, world)))
    found += [*_of_severity((*declared, *around), "error"), *output_problems(view, world), *time_problems(view, world)]
    return tuple(_of_severity(own, "warning"))


def _of_severity(inferred: Iterable[tuple[Inferred, Origin]], severity: Severity) -> Iterator[Diagnostic]:
    return (_diagnostic(item, place) for its, place in inferred for item in its.problems if item.severity == severity)


def type_warnings(view: ResolvedView, functions: Functions) -> Iterator[Diagnostic]:
    """What PostgreSQL takes and nobody means, in a view's own expressions."""
    return _of_severity(_of_view(view, functions.world), "warning")


def policy_warnings(view: ResolvedView, policy: Policy, functions: Functions) -> Iterator[Diagnostic]:
    """The same of a policy's condition."""
    world = functions.world
    inferred = _of_policy(policy.condition, view, world)
    return (
        _diagnostic(item, origin) for its, origin in inferred for item in its.problems if item.severity == "warning"
    )


def infer_body(analysis: Analysis, world: World) -> Inferred:
    """What is wrong in a body."""
    parsed = analysis.parsed
    return infer_query(parsed.body.sql[: parsed.end], body_types(analysis), world)


def check_body_types(analysis: Analysis, functions: Functions) -> list[Diagnostic]:
    """The errors of a body."""
    inferred = infer_body(analysis, functions.world)
    return [_diagnostic(item, analysis.parsed.body.origin) for item in inferred.problems if item.severity == "error"]


def _diagnostic(item: Problem, origin: Origin) -> Diagnostic:
    help_lines = (item.help,) if item.help else ()
    return Diagnostic(item.code, item.severity, item.title, origin.part(item.start, item.end), item.label, help_lines)


Found = Iterator[tuple[Inferred, Origin]]


def _of_view(view: ResolvedView, world: World) -> Found:
    if isinstance(view.query, AnalysedBody):
        yield infer_body(view.query.analysis, world), view.query.analysis.parsed.body.origin
    elif isinstance(view.query, DeclaredQuery) and isinstance(view.view.body, Declared):
        yield from _of_declared(view, view.view.body, tree_types(view.query.tree), world)


def _of_declared(view: ResolvedView, body: Declared, types: TypeOf, world: World) -> Found:
    for source in body.sources:
        yield from _asked(source.on, types, world, condition="`on`")
        yield from _asked(source.where, types, world, condition="`where`")
    yield from _asked(body.where, types, world, condition="`where`")
    for dimension in body.dimensions:
        yield from _asked(dimension.sql, types, world)
    for measure in body.measures:
        if isinstance(measure, Aggregate):
            yield from _of_aggregate(measure, types, world)
        else:
            yield _of_computed(measure, view, body, world), measure.sql.origin
    yield from _of_rows(view, body, world)


def _of_rows(view: ResolvedView, body: Declared, world: World) -> Found:
    """What reads columns of the view, but for `expr`."""
    types = OutputTypes(view, world)
    yield from _asked(body.having, types, world, condition="`having`")
    for window in body.windows:
        yield from _asked(window.value, types, world, around=window.known.around)
        yield from _asked(window.where, types, world, condition="`where`")
        terms = (Sql(term.ordered.expression, term.origin) for term in window.order)
        for sql in (*window.within, *terms):
            yield from _asked(sql, types, world)
    yield from _asked(body.keep, types, world, condition="`keep`")
    yield from of_results(view, body, world)


def _of_computed(measure: Computed, view: ResolvedView, body: Declared, world: World) -> Inferred:
    zero = {
        item.name: why for item in body.measures if isinstance(item, Aggregate) and (why := _why_zero(item, view, body))
    }
    guarded = {ref.name for ref in body.having.expression.columns} if body.having else set()
    expression = measure.sql.expression
    may_be = {ref.start: zero[ref.name] for ref in expression.columns if ref.name in zero.keys() - guarded}
    return infer_value(expression.source, types_at(expression, OutputTypes(view, world)), world, zero=may_be)


def _why_zero(item: Aggregate, view: ResolvedView, body: Declared) -> str:
    """Why an aggregate may be 0 in a group; empty where it cannot."""
    if item.function == "sum":
        return f"`{item.name}` is a sum, and 0 where its values are, or cancel out"
    if item.known.call != "count":
        return ""
    if item.where:
        return f"`{item.name}` is 0 where no row passes its `where`"
    base = next((source.alias for source in body.sources if source.on is None), "")
    if item.alias is None or not body.dimensions:
        return f"`{item.name}` counts values, and there may be none" if not _never_null(item, view, base) else ""
    nodes = view.query.tree.nodes.values() if isinstance(view.query, DeclaredQuery) else ()
    needed = {base, *(node.alias for node in nodes if node.source.required)}
    return "" if item.alias in needed else f"`{item.name}` is 0 for a group without rows of `{item.alias}`"


def _never_null(item: Aggregate, view: ResolvedView, base: str) -> bool:
    """Whether what is counted is a column of the base that always has a value, so that a group has one."""
    if not isinstance(view.query, DeclaredQuery) or item.argument is None or not view.query.dimensions:
        return False
    refs = item.argument.expression.columns
    readable = view.query.tree[base].readable
    return (
        _is_column(item.argument.expression)
        and refs[0].qualifier in (base, None)
        and readable.not_null((refs[0].name,))
    )


def _of_aggregate(measure: Aggregate, types: TypeOf, world: World) -> Found:
    second = None
    if measure.second:
        known = types_at(measure.second.expression, types, world.catalog)
        its = infer_value(measure.second.expression.source, known, world)
        second = its.type
        yield its, measure.second.origin
    yield from _asked(measure.argument, types, world, around=measure.known.around(second))
    yield from _asked(measure.where, types, world, condition="`where`")
    for term in measure.order:
        yield from _asked(Sql(term.ordered.expression, term.origin), types, world)
    if measure.distinct and measure.argument:
        yield from _once(measure, measure.argument, types, world)
    if measure.known.form is Form.AMONG and measure.argument and len(measure.order) == 1:
        yield from _among(measure, measure.argument, types, world)


def _once(measure: Aggregate, argument: Sql, types: TypeOf, world: World) -> Found:
    """What is taken once is ordered by itself: a cast to the type that it has anyway changes nothing, one to another type does."""
    for term in measure.order:
        one, other = (
            world.base(infer_value(item.source, types_at(item, types, world.catalog), world).type)
            for item in (argument.expression, term.ordered.expression)
        )
        if one and other and one != other:
            text = argument.expression.source
            title = f"`{measure.name}` takes each value once, as {one}, and is ordered by a value of type {other}"
            problem = Problem(
                "MV219",
                "error",
                0,
                len(term.ordered.expression.source),
                title,
                f"of type {other}",
                f"write `order: {text}`",
            )
            yield Inferred(None, (problem,)), term.origin


def _among(measure: Aggregate, asked: Sql, types: TypeOf, world: World) -> Found:
    """`rank: 100, order: o.amount` places a value among others, which have its type."""
    term = measure.order[0]
    one, other = (
        infer_value(item.source, types_at(item, types, world.catalog), world).type
        for item in (asked.expression, term.ordered.expression)
    )
    if not go_together(one, other, world):
        text = term.ordered.expression.source
        title = f"`{measure.function}` places a value of type {one} among values of type {other}"
        help_line = f"ask for a value of the same type: {asked.expression.source}::{other}"
        problem = Problem("MV120", "error", 0, len(text), title, f"of type {other}", help_line)
        yield Inferred(None, (problem,)), term.origin


def _of_indexes(view: ResolvedView, world: World) -> Found:
    types = OutputTypes(view, world)
    for index in view.indexes:
        for key in index.keys:
            yield from _fixed(Sql(key.term.ordered.expression, key.term.origin), types, world)
        yield from _fixed(index.where, types, world, condition="`where`")


def _fixed(sql: Sql | None, types: TypeOf, world: World, *, condition: str = "") -> Found:
    """What an index is computed from."""
    if sql is not None and (condition or not _is_column(sql.expression)):
        known = types_at(sql.expression, types, world.catalog)
        yield infer_value(sql.expression.source, known, world, condition=condition, fixed=True), sql.origin


def _of_policy(condition: Condition, view: ResolvedView, world: World) -> Found:
    if isinstance(condition, AllOf | AnyOf):
        for part in condition.parts:
            yield from _of_policy(part, view, world)
    elif isinstance(condition, Sql):
        yield from _asked(condition, OutputTypes(view, world), world, condition="a condition")


def _asked(
    sql: Sql | None, types: TypeOf, world: World, *, condition: str = "", around: tuple[str, str] = ("", "")
) -> Found:
    if sql is None:
        return
    if not condition and around == ("", "") and _is_column(sql.expression):
        return
    known = types_at(sql.expression, types, world.catalog)
    yield infer_value(sql.expression.source, known, world, condition=condition, around=around), sql.origin


def _is_column(expression: Expression) -> bool:
    ref = expression.columns[0] if len(expression.columns) == 1 else None
    return ref is not None and (ref.start, ref.end) == (0, len(expression.source))
