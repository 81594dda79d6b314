"""Values that are sorted or compared with each other by a clause: GROUP BY, DISTINCT, ORDER BY, UNION, windows. Not every type has an order.

Rule source: PostgreSQL's parse_oper.c (get_sort_group_operators); manual, "Indexing", "Operator Classes and Operator Families".
"""

from __future__ import annotations

from collections.abc import Sequence

from mvc.catalog.extensions import are_known
from mvc.catalog.operators import builtin_types
from mvc.inference.site import TypedText, location_of
from mvc.inference.world import UNKNOWN, World
from mvc.sql.parser import Node


def has_default(method: str, type_: str, world: World) -> bool:
    """Whether values of a type can be in an index of that method. A class for one type takes others: a `varchar` is a `text` to it, a `regclass` an
    `oid`. Only `binary coercible` types are, which no list here tells from others that become each other by themselves.
    """
    defaults = [item for its, item in builtin_types().default_classes if its == method]
    theirs = {"gist": "btree_gist", "gin": "btree_gin"}.get(method)
    return (
        any(world.becomes(type_, item) for item in defaults)
        or theirs in world.extensions
        or not are_known(world.extensions)
    )


def is_comparable(type_: str | None, world: World, *, sorted_: bool = False) -> bool:
    """Whether equal values are found among others; with `sorted_` whether they have an order. So it is where the type is not known."""
    base = world.base(type_)
    while base is not None and base.endswith("[]"):
        base = world.element(base)
    if base is None or base == UNKNOWN:
        return True
    return has_default("btree", base, world) or (not sorted_ and has_default("hash", base, world))


def go_together(one: str | None, other: str | None, world: World) -> bool:
    """Whether two types have a common one, as far as they are known."""
    left, right = world.base(one), world.base(other)
    if left is None or right is None or UNKNOWN in (left, right) or left == right:
        return True
    return world.category(left) == world.category(right) and (world.becomes(left, right) or world.becomes(right, left))


def check_compared(node: Node, type_: str | None, where: str, text: TypedText, *, sorted_: bool = False) -> None:
    """A finding where a clause compares what cannot be compared."""
    if is_comparable(type_, text.world, sorted_=sorted_):
        return
    base = text.world.base(type_) or ""
    shown, what = text.written(node), "order" if sorted_ else "equality"
    target = "jsonb" if base == "json" else "text"
    title = f"{where} compares values, and {base} has no {what}"
    help_line = f"cast it: {shown}::{target}" if shown != "x" else f"cast it: (…)::{target}"
    text.report("MV120", location_of(node), title, label=f"of type {base}", help=help_line)


def check_sorted(items: Sequence[Node], where: str, text: TypedText) -> None:
    """The same for the terms of an order, which are no numbers of columns."""
    for item in items:
        check_compared(item["SortBy"]["node"], text.type_of(item["SortBy"]["node"]), where, text, sorted_=True)
