"""Values of a view's own columns that PostgreSQL has no equality for, and defaults that are of another type."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from mvc.analysis.declared.grain import ResolvedDimension
from mvc.analysis.declared.measures import Measure
from mvc.analysis.resolved import DeclaredQuery, ResolvedView
from mvc.analysis.types.columns import dimension_type, expression_type
from mvc.analysis.types.inferred_outputs import OutputTypes
from mvc.diagnostics import Diagnostic, error
from mvc.inference.comparing import is_comparable
from mvc.inference.literals import problem_of
from mvc.inference.world import World
from mvc.model.origin import Origin
from mvc.model.view import Aggregate, Setting, Sql

_TypeOf = Callable[[str], str | None]
_CATEGORIES: Final = {bool: "B", int: "N", float: "N"}


def output_problems(view: ResolvedView, world: World) -> Iterator[Diagnostic]:
    """The findings of a declared view."""
    if not isinstance(view.query, DeclaredQuery):
        return
    type_of = OutputTypes(view, world).of
    for item in view.query.dimensions:
        yield from _of_dimension(item, view.query, type_of, world)
    for measure in (item for block in view.query.blocks for item in block.measures):
        yield from _of_measure(measure, view.query, type_of, world)


def _of_dimension(
    item: ResolvedDimension, query: DeclaredQuery, type_of: _TypeOf, world: World
) -> Iterator[Diagnostic]:
    if type_of(item.name) in ("record", "record[]"):
        yield _row(item.dimension.sql.origin)
    elif item.name in query.grain.columns:  # others are not compared where the grain is a key of the base
        type_ = dimension_type(item, query.tree) or type_of(item.name)
        yield from _unequal(type_, item.dimension.sql.origin, world, "a column of the grain")


def _of_measure(measure: Measure, query: DeclaredQuery, type_of: _TypeOf, world: World) -> Iterator[Diagnostic]:
    aggregate = measure.aggregate
    if type_of(aggregate.name) in ("record", "record[]"):
        yield _row((aggregate.argument or aggregate).origin)
    if aggregate.distinct and measure.argument and aggregate.argument:  # of count_distinct the call says so
        type_ = expression_type(measure.argument, query.tree)
        yield from _unequal(type_, aggregate.argument.origin, world, "what is counted once")
    if aggregate.default is not None and not isinstance(aggregate.default, Sql):
        yield from _default(aggregate, aggregate.default, type_of, world)


def _row(origin: Origin) -> Diagnostic:
    title = "a column of a view cannot hold rows of no type (`record`)"
    return error(
        "MV120",
        origin.span,
        title,
        label="of type record",
        help="give each value a column, or make it jsonb: to_jsonb(…)",
    )


def _unequal(type_: str | None, origin: Origin, world: World, what: str) -> Iterator[Diagnostic]:
    if is_comparable(type_, world):
        return
    base = world.base(type_)
    cast = "jsonb" if base == "json" else "text"
    title = f"{what} is compared with others, and {base} has no equality"
    yield error("MV120", origin.span, title, label=f"of type {base}", help=f"cast it: (…)::{cast}")


def _default(aggregate: Aggregate, default: Setting, type_of: _TypeOf, world: World) -> Iterator[Diagnostic]:
    base = world.base(type_of(aggregate.name))
    if base is None:
        return
    span = aggregate.origin.at("default").span
    if isinstance(default, str):
        if why := problem_of(default, base, world):
            yield error(
                "MV121",
                span,
                f"'{default}' is no value of {base}, which `{aggregate.name}` is of",
                label="no such value",
                help=why,
            )
    elif world.category(base) != _CATEGORIES[type(default)]:
        title = f"`{aggregate.name}` is of type {base}, and its default is not"
        yield error(
            "MV120", span, title, label=f"no {base}", help=f"write a value of {base}, or leave `default` out: NULL"
        )
