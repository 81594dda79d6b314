"""Lints about who reads what: MV407 rules that no index serves, MV408 personal data that everybody sees."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from sqlglot import exp

from mvc.analysis.body.scopes import unwrapped
from mvc.analysis.resolved import OutputColumn, ResolvedView
from mvc.diagnostics import Diagnostic, warning
from mvc.expression.parse import folded
from mvc.model.policy import AllOf, AnyOf, Condition, Policy
from mvc.model.view import Index, Sql

INDEX: Final = "MV407"
PERSONAL: Final = "MV408"
_EVERYBODY: Final = frozenset({"public", "anon", "anonymous", "web_anon", "guest"})
_ORDERED_METHODS: Final = frozenset({"btree", "hash"})
_PERSONAL: Final = re.compile(
    r"(?!(?:has|is|no|any|num|number_of|count|total|with|without)_)(?:.*_)?(?:e_?mail(?:_address)?|phone(?:_number)?|mobile(?:_number|_phone)?|(?:full|first|last|family|given)_name|surname"
    r"|birth_?(?:day|date)|date_of_birth|dob|ssn|social_security_number|passport(?:_number)?|national_id|iban|tax_id)\Z"
)
_SAYS_LITTLE: Final = ("bigint", "integer", "smallint", "boolean")


def lint_index(view: ResolvedView, policies: Iterable[Policy]) -> Iterator[Diagnostic]:
    """MV407: columns that the rules of a stored view filter by, and that no index starts with. One finding per column."""
    leading = _leading(view)
    reported: set[str] = set()
    for policy in policies:
        for name in _unserved(policy.condition, view, leading) if view.view.kind == "materialized" else ():
            if name not in reported:
                reported.add(name)
                title = f"the policy `{policy.name}` filters by `{name}`, and no index of `{view.view.called}` starts with it"
                help_line = f"add to `indexes:` of the view: - columns: [{name}]"
                yield warning(
                    INDEX, policy.origin.at("using").span, title, label="reads the whole view each time", help=help_line
                )


def lint_personal(view: ResolvedView, policies: Iterable[Policy]) -> Iterator[Diagnostic]:
    """MV408: all rows for everybody, over columns that tell who somebody is."""
    mine = list(policies)
    if any(not policy.permissive for policy in mine):
        return
    names = [column.name for column in view.columns if _is_personal(column)]
    for policy in mine:
        everybody = not policy.roles or _EVERYBODY & set(policy.roles)
        if names and everybody and _always(policy.condition):
            shown = ", ".join(f"`{name}`" for name in names)
            title = f"everybody may read {shown} of `{view.view.called}`"
            help_line = "give the policy a condition, name the roles that may, or leave the columns out of the view"
            yield warning(
                PERSONAL, policy.origin.at("using").span, title, label="all rows, for everybody", help=help_line
            )


def _is_personal(column: OutputColumn) -> bool:
    if column.type in _SAYS_LITTLE:
        return False
    copied = len(column.lineage) == 1 and column.type is not None
    names = [column.name, *(name for _, name in column.lineage if copied)]
    return any(_PERSONAL.match(name.lower()) for name in names)


def _always(condition: Condition) -> bool:
    if isinstance(condition, bool):
        return condition
    if isinstance(condition, AnyOf):
        return any(_always(part) for part in condition.parts)
    if isinstance(condition, AllOf):
        return all(_always(part) for part in condition.parts)
    ast = unwrapped(condition.expression.ast)
    return isinstance(ast, exp.Boolean) and bool(ast.this)


def _leading(view: ResolvedView) -> set[str]:
    """The columns that some index starts with; the unique one on the grain counts."""
    keys = [index.keys[0].term.ordered.expression for index in view.indexes if _is_general(index)]
    columns = {key.columns[0].name for key in keys if len(key.columns) == 1 and isinstance(key.ast, exp.Column)}
    return columns | set((view.grain or ())[:1])


def _is_general(index: Index) -> bool:
    return index.method in _ORDERED_METHODS and index.where is None and bool(index.keys)


def _unserved(condition: Condition, view: ResolvedView, leading: set[str]) -> list[str]:
    """The columns that a condition filters by without an index. Of parts that all must hold, one with an index is enough."""
    if isinstance(condition, bool):
        return []
    if isinstance(condition, Sql):
        return _unserved_by(condition.expression.ast, view, leading)
    parts = [_Part(_columns_of(part, view), _unserved(part, view, leading)) for part in condition.parts]
    return _combined(parts, every=isinstance(condition, AllOf))


class _Part:
    """One part of a condition: the columns that an index could serve, and those that none does."""

    def __init__(self, columns: set[str], unserved: list[str]) -> None:
        self.columns, self.unserved = columns, unserved


def _combined(parts: list[_Part], *, every: bool) -> list[str]:
    filtering = [part for part in parts if part.columns]
    if not every:
        return [name for part in filtering for name in part.unserved]
    if any(not part.unserved for part in filtering):
        return []
    return filtering[0].unserved if filtering else []


def _unserved_by(node: exp.Expr, view: ResolvedView, leading: set[str]) -> list[str]:
    node = unwrapped(node)
    if isinstance(node, exp.And | exp.Or):
        parts = [_Part(_columns_in(side, view), _unserved_by(side, view, leading)) for side in _joined(node)]
        return _combined(parts, every=isinstance(node, exp.And))
    name = _filtered(node, view)
    return [name] if name and name not in leading else []


def _columns_of(condition: Condition, view: ResolvedView) -> set[str]:
    if isinstance(condition, bool):
        return set()
    if isinstance(condition, Sql):
        return _columns_in(condition.expression.ast, view)
    return {name for part in condition.parts for name in _columns_of(part, view)}


def _columns_in(node: exp.Expr, view: ResolvedView) -> set[str]:
    node = unwrapped(node)
    if isinstance(node, exp.And | exp.Or):
        return {name for side in _joined(node) for name in _columns_in(side, view)}
    name = _filtered(node, view)
    return {name} if name else set()


def _joined(node: exp.Expr) -> list[exp.Expr]:
    """What a chain of ANDs, or of ORs, joins: the tree of a thousand of them is as deep."""
    sides: list[exp.Expr] = []
    inner, kind = node, type(node)
    while type(inner) is kind:
        sides.append(inner.args["expression"])
        inner = unwrapped(inner.this)
    return [inner, *reversed(sides)]


def _filtered(node: exp.Expr, view: ResolvedView) -> str:
    """The view's column in `column = value`, `column IN (…)`, `column = ANY (…)`; empty for any other condition."""
    sides = (
        [node.this]
        if isinstance(node, exp.In)
        else [node.this, node.args["expression"]]
        if isinstance(node, exp.EQ)
        else []
    )
    columns = [
        side for side in map(unwrapped, sides) if isinstance(side, exp.Column) and isinstance(side.this, exp.Identifier)
    ]
    names = [folded(column.this) for column in columns]
    return names[0] if len(names) == 1 and view.column(names[0]) else ""
