"""Indexes of a view: their columns must be the view's, and what PostgreSQL would refuse is refused here."""

from __future__ import annotations

from mvc.analysis.index_fixed import check_fixed
from mvc.analysis.index_kinds import check_index_kind, check_storage
from mvc.analysis.names.functions import ExpressionPlace, Functions, check_calls
from mvc.analysis.resolved import ResolvedView
from mvc.diagnostics import Diagnostic, Findings, did_you_mean, error
from mvc.model.origin import Origin
from mvc.model.view import Declared, Index, Sql

INDEX = ExpressionPlace("an index")
_ORDERED_METHODS = ("btree",)
_UNIQUE_METHODS = ("btree",)
_OF_ONE_COLUMN = ("hash", "spgist")
_CARRYING_NOTHING = ("hash", "gin", "brin")


def check_indexes(view: ResolvedView, functions: Functions, found: Findings) -> None:
    """Findings for every index of the view."""
    for index in view.indexes:
        _check_index(view, index, functions, found)
        found += check_index_kind(view, index, functions)
    found += check_storage(view)
    if view.view.kind == "plain" and view.indexes:
        span = view.indexes[0].origin.span
        found.add(
            error("MV701", span, "a plain view has no indexes", help="leave `materialized: false` out, or the indexes")
        )


def _check_index(view: ResolvedView, index: Index, functions: Functions, found: Findings) -> None:
    texts = [Sql(key.term.ordered.expression, key.term.origin) for key in index.keys]
    for sql in (*texts, *([index.where] if index.where else [])):
        _check_names(view, sql, found)
        check_calls(sql, INDEX, functions, found)
        check_fixed(sql, functions, found)
    for number, name in enumerate(index.include):
        if view.column(name) is None:
            found.add(_unknown(name, view, index.origin.at("include", number)))
    _check_method(index, found)


def _check_method(index: Index, found: Findings) -> None:
    """What not every kind of index can have."""
    directed = (key for key in index.keys if key.term.ordered.suffix and index.method not in _ORDERED_METHODS)
    for key in directed:
        title = f"a {index.method} index has no order: `desc` and `nulls` mean nothing there"
        found.add(error("MV702", key.term.origin.span, title, help="leave the direction out"))
    if len(index.keys) > 1 and index.method in _OF_ONE_COLUMN:
        title = f"a {index.method} index is on one column, and this one has {len(index.keys)}"
        mend = "leave `using` out for a btree on them together, or make an index of each"
        found.add(error("MV702", index.origin.at("using").span, title, help=mend))
    if index.include and index.method in _CARRYING_NOTHING:
        title = f"a {index.method} index carries no columns along"
        found.add(error("MV702", index.origin.at("include").key_span, title, help="take `include` out"))
    if index.unique and index.method not in _UNIQUE_METHODS:
        found.add(error("MV702", index.origin.at("using").span, f"a {index.method} index cannot be unique"))


def _check_names(view: ResolvedView, sql: Sql, found: Findings) -> None:
    if sql.expression.subquery is not None:
        found.add(error("MV103", sql.origin.span, "a subquery cannot stand in an index"))
    for ref in sql.expression.columns:
        if ref.qualifier not in (None, view.view.name) or view.column(ref.name) is None:
            name = ref.name if ref.qualifier is None else f"{ref.qualifier}.{ref.name}"
            found.add(_unknown(name, view, sql.origin, (ref.start, ref.end)))


def _unknown(name: str, view: ResolvedView, origin: Origin, part: tuple[int, int] | None = None) -> Diagnostic:
    names = [column.name for column in view.columns]
    span = origin.part(*part) if part else origin.span
    title = f"`{view.view.called}` has no column `{name}`"
    own = _own_name(name, view)
    help_line = (
        f"write {own}: an index is on columns of the view" if own else did_you_mean(name, names, "columns of this view")
    )
    return error("MV204", span, title, label="no such column", help=help_line)


def _own_name(text: str, view: ResolvedView) -> str:
    """The column of the view that is computed by this expression, empty where there is none."""
    body = view.view.body
    dimensions = body.dimensions if isinstance(body, Declared) else ()
    return next((item.name for item in dimensions if item.sql.expression.source == text), "")
