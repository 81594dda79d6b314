"""The types that columns are cast to, and defaults in SQL: what PostgreSQL would refuse of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mvc.analysis.resolved import DeclaredQuery, ResolvedView
from mvc.analysis.types.inferred_outputs import OutputTypes
from mvc.inference.infer import Inferred, infer_value
from mvc.inference.world import UNKNOWN, World
from mvc.model.origin import Origin
from mvc.model.view import Aggregate, Computed, Declared, Dimension, Sql
from mvc.model.window import Windowed


def of_results(view: ResolvedView, body: Declared, world: World) -> Iterator[tuple[Inferred, Origin]]:
    """What is known of each type and each default, and its place."""
    types = OutputTypes(view, world)
    for item in (*body.dimensions, *body.measures, *body.windows):
        if item.type:
            source = _uncast(item, view, world)
            before = f"NULL::{source}::" if source and source != UNKNOWN else "NULL::"
            yield infer_value(item.type.written, {}, world, around=(before, "")), item.type.origin
        if not isinstance(item, Dimension) and isinstance(item.default, Sql):
            known = types.of(item.name)
            around = ("CAST(", f" AS {item.type.written})") if item.type else (f"coalesce(NULL::{known}, ", ")")
            around = around if known else ("", "")
            yield infer_value(item.default.expression.source, {}, world, around=around), item.default.origin


def _uncast(item: Dimension | Aggregate | Computed | Windowed, view: ResolvedView, world: World) -> str | None:
    """The type that a column would have without the cast."""
    body = view.view.body
    if not isinstance(body, Declared) or not isinstance(view.query, DeclaredQuery):
        return None
    if isinstance(item, Aggregate) and item.argument is None:
        return item.known.result("") if item.known.result else None
    bare = replace(item, type=None)
    dimensions = tuple(bare if other is item else other for other in body.dimensions)
    measures = tuple(bare if other is item else other for other in body.measures)
    windows = tuple(bare if other is item else other for other in body.windows)
    changed = replace(body, dimensions=dimensions, measures=measures, windows=windows)  # type: ignore[arg-type]
    columns = tuple(replace(column, type=None) if column.name == item.name else column for column in view.columns)
    return OutputTypes(replace(view, view=replace(view.view, body=changed), columns=columns), world).of(item.name)
