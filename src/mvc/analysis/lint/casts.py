"""MV404: casts of text that one malformed value can make fail, and with it the whole refresh."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sqlglot import exp

from mvc.analysis.body.scopes import columns_under
from mvc.analysis.lint.expressions import PlacedExpression, TypeOf, sites
from mvc.analysis.resolved import ResolvedView
from mvc.diagnostics import Diagnostic, warning

CODE: Final = "MV404"
_NUMBERS: Final = frozenset({"INT", "BIGINT", "SMALLINT", "DECIMAL", "DOUBLE", "FLOAT"})
_STRICT: Final = _NUMBERS | {
    "DATE",
    "TIMESTAMP",
    "TIMESTAMPTZ",
    "TIME",
    "TIMETZ",
    "INTERVAL",
    "UUID",
    "BOOLEAN",
    "INET",
    "JSON",
    "JSONB",
}
_SHOWN: Final = {"INT": "integer", "DOUBLE": "double precision", "FLOAT": "real", "DECIMAL": "numeric"}
_TEXT: Final = ("text", "character", "json")  # the beginnings of types whose values may be anything
_THROUGH: Final = (exp.Paren, exp.Nullif, exp.Trim, exp.Coalesce, exp.Lower, exp.Upper)
_AS_TEXT: Final = (exp.JSONExtractScalar, exp.JSONBExtractScalar)
_AS_JSON: Final = (exp.JSONExtract, exp.JSONBExtract)
_TESTS: Final = (exp.RegexpLike, exp.RegexpILike, exp.SimilarTo)
_VALIDATORS: Final = frozenset({"pg_input_is_valid", "jsonb_typeof", "json_typeof", "jsonb_path_exists"})


def lint_casts(view: ResolvedView) -> Iterator[Diagnostic]:
    """The findings of one view."""
    for site in sites(view):
        for node in site.ast.find_all(exp.Cast):
            if _may_fail(node, site.type_of) and not _is_guarded(node):
                yield _finding(node, site, view)


def _finding(node: exp.Cast, site: PlacedExpression, view: ResolvedView) -> Diagnostic:
    fails = "the refresh fails" if view.view.kind == "materialized" else "reading the view fails"
    type_ = _type(node)
    shown = _SHOWN.get(type_, type_.lower())
    title = f"one value that is no {shown} and {fails}"
    help_line = "test it first: CASE WHEN value ~ '^\\d+$' THEN value::integer END; from PostgreSQL 16 on, pg_input_is_valid(value, 'type')"
    return warning(CODE, site.span(node), title, label=f"cast to {shown}", help=help_line)


def _type(node: exp.Cast) -> str:
    return str(getattr(node.args["to"].this, "name", ""))


def _may_fail(node: exp.Cast, type_of: TypeOf) -> bool:
    operand, target = node.this, _type(node)
    while isinstance(operand, _THROUGH):
        operand = operand.this
    if target not in _STRICT or isinstance(node, exp.TryCast):
        return False
    if isinstance(operand, _AS_TEXT):
        return True
    if isinstance(operand, _AS_JSON):
        return target in _NUMBERS | {"BOOLEAN"}
    known = (type_of(operand) or "") if isinstance(operand, exp.Column) else ""
    return known.startswith(_TEXT) and not (known.startswith("json") and target in ("JSON", "JSONB"))


def _is_guarded(node: exp.Expr) -> bool:
    """Whether the value has been tested where PostgreSQL promises to test first: CASE, FILTER; or below, in WHERE."""
    columns = {column.sql() for column in columns_under(node)}
    child, parent = node, node.parent
    while parent is not None:
        if isinstance(parent, exp.Case) and parent.args.get("this") and isinstance(child, exp.If):
            return True  # CASE kind WHEN 'number' THEN …
        if any(_tests(condition, columns, chosen=chosen) for condition, chosen in _conditions(child, parent)):
            return True
        child, parent = parent, parent.parent
    return False


def _conditions(child: exp.Expr, parent: exp.Expr) -> Iterator[tuple[exp.Expr, bool]]:
    """Conditions that hold where `child` is evaluated; the flag tells those that choose between cases."""
    if isinstance(parent, exp.If) and child is parent.args.get("true"):
        yield parent.this, True
    elif isinstance(parent, exp.Case) and child is parent.args.get("default"):
        yield from ((branch.this, True) for branch in parent.args["ifs"])
    elif isinstance(parent, exp.Filter) and child is parent.this:
        yield parent.args["expression"], True
    elif isinstance(parent, exp.Select) and parent.args.get("where") and not isinstance(child, exp.Where | exp.Join):
        yield parent.args["where"], False


def _tests(condition: exp.Expr, columns: set[str], *, chosen: bool) -> bool:
    if chosen and condition.find(exp.EQ, exp.In):
        return True  # a case for one kind of value
    for test in condition.find_all(*_TESTS, exp.Anonymous):
        named = isinstance(test, exp.Anonymous) and str(test.this).lower() not in _VALIDATORS
        if not named and columns & {column.sql() for column in columns_under(test)}:
            return True
    return False
