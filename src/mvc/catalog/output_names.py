"""The names that PostgreSQL gives to the columns of a query, beside sqlglot's tree of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain

from sqlglot import exp

from mvc.sql.outputs import output_names


def named_projections(query: exp.Expr, sql: str) -> Mapping[int, str]:
    """The names of the items of all SELECT lists in a query, by the identity of their nodes.

    A SELECT list whose names cannot be told, since the two trees have not the same lists, is left out; all are where there is no parser.
    """
    selects, lists = list(_selects(query)), output_names(sql) or ()
    if len(selects) != len(lists):
        selects, lists = selects[:0], lists[:0]
    pairs = ((select.expressions, names) for select, names in zip(selects, lists, strict=True))
    same = (zip(items, names, strict=True) for items, names in pairs if _are_alike(items, names))
    return {id(item): name for item, name in chain.from_iterable(same) if name is not None}


def _selects(node: exp.Expr) -> Iterator[exp.Select]:
    """Every SELECT in the order of `output_names`."""
    clause = node.args.get("with_")
    if clause:
        yield from _selects(clause)
    if isinstance(node, exp.Select):
        yield node
    for child in node.iter_expressions():
        if child is not clause:
            yield from _selects(child)


def _are_alike(items: list[exp.Expr], names: tuple[str | None, ...]) -> bool:
    """Whether they can be those of one list: as many, and the same aliases."""
    return len(items) == len(names) and all(
        name is not None and item.alias.lower() == name.lower()
        for item, name in zip(items, names, strict=True)
        if isinstance(item, exp.Alias)
    )
