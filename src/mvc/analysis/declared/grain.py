"""The grain rule: dimensions are functions of one base row, and the smallest set of them that identifies a group is the key.

Functional dependencies come from keys: a row whose whole key is among the dimensions is fixed, and so is what is to-one
from a fixed row. What only depends on fixed rows adds nothing to the key.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mvc.analysis.declared.tree import JoinTree, Node
from mvc.analysis.names.scope import bare_column, reads
from mvc.diagnostics import Diagnostic, Findings, Label, error
from mvc.expression import Expression
from mvc.model.view import Dimension


@dataclass(frozen=True, slots=True)
class ResolvedDimension:
    """A dimension whose columns are qualified."""

    dimension: Dimension
    expression: Expression

    @property
    def name(self) -> str:
        return self.dimension.name


@dataclass(frozen=True, slots=True)
class Grain:
    """`columns` are the output columns that identify a row. `fixed` are the aliases whose row a group determines.

    `base_key` names the base's key columns where each group is exactly one row of the base, else it is None.
    """

    columns: tuple[str, ...]
    fixed: frozenset[str]
    base_key: tuple[str, ...] | None


def check_dimensions(dimensions: Iterable[ResolvedDimension], tree: JoinTree, found: Findings) -> None:
    """Findings for dimensions that read below a to-many join."""
    for item in dimensions:
        strangers = sorted(reads(item.expression) - tree.singles)
        found.extend(_below_to_many(item, tree[tree.host(alias)], tree) for alias in strangers)


def _below_to_many(item: ResolvedDimension, many: Node, tree: JoinTree) -> Diagnostic:
    origin = item.dimension.sql.origin
    on = many.source.on
    title = f"the dimension `{item.name}` reads `{many.alias}`, of which one row of `{tree.base.alias}` may have many"
    return error(
        "MV301",
        origin.span,
        title,
        label=f"not one value per row of `{tree.base.alias}`",
        related=(Label(on.origin.span, _why_many(many)),) if on else (),
        help=(
            f"base the view on `{many.alias}` ({many.readable.described}) to have a row per value of it, or aggregate it",
            f"if it is to-one although no key says so, add `one: true` to `{many.alias}`" if on else "",
        ),
    )


def _why_many(many: Node) -> str:
    coarse = sorted(column for alias, column in many.coarse if alias == many.alias)
    if coarse:
        return f"compares `{coarse[0]}` by another equality than its key's, to which several values may be equal"
    return f"equates no whole key of {many.readable.described}"


def find_grain(dimensions: tuple[ResolvedDimension, ...], tree: JoinTree) -> Grain:
    """The smallest grain that the keys prove."""
    known = {(ref.qualifier, ref.name): item.name for item in dimensions if (ref := bare_column(item.expression))}
    fixed: set[str] = set()
    key_columns: set[str] = set()
    for node in tree.nodes.values():
        if node.alias not in tree.singles:
            continue
        if node.to_one and reads(*node.decides) - {node.alias} <= fixed:
            fixed.add(node.alias)
        elif key := _key_among(node, known):
            fixed.add(node.alias)
            key_columns.update(known[node.alias, column] for column in key)
    free = (item.name for item in dimensions if not reads(item.expression) <= fixed)
    columns = key_columns | set(free)
    base_key = _key_among(tree.base, known) if tree.base.alias in fixed else None
    return Grain(tuple(item.name for item in dimensions if item.name in columns), frozenset(fixed), base_key)


def _key_among(node: Node, known: dict[tuple[str | None, str], str]) -> tuple[str, ...] | None:
    """A key of the source, without NULLs, whose columns are all dimensions."""
    usable = (key for key in node.keys if key and node.readable.not_null(key))
    return next((key for key in usable if all((node.alias, column) in known for column in key)), None)
