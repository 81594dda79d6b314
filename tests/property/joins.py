"""Random join trees: chains, branches, self-joins; by reference, by chance, by inequality."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from hypothesis import strategies as st

from .catalog import FROM_TABLE, Several, Spine, Table
from .expressions import BEGIN, PERIOD, Call, Col, Expr, call, columns_read, conjunction, conjuncts
from .scalars import a_column, columns, predicates
from .views import Order, Source, Tree

KINDS = ("reference",) * 6 + ("chance",) * 3 + ("pair", "inequality", "either", "null-safe", "shifted")
Link = tuple[str, tuple[tuple[str, str], ...]]  # table, (its column, the parent's column)


@st.composite
def trees(draw: st.DrawFn, tables: Mapping[str, Table]) -> Tree:
    """One to five sources; the first is the base, and each next one hangs below one that is there."""
    base = draw(st.sampled_from(_twice_if_made(sorted(tables), tables)))
    tree = Tree((Source("a", base),), tables)
    for alias in "bcde"[: draw(st.sampled_from((0, 1, 2, 2, 3, 3, 4)))]:
        tree = Tree((*tree.sources, draw(_joined(tree, alias))), tables)
    return tree


@st.composite
def _joined(draw: st.DrawFn, tree: Tree, alias: str) -> Source:
    parent = draw(st.sampled_from(sorted(tree.by_alias)))
    name, condition = draw(_condition(tree, alias, parent))
    child = tree.tables[name]
    extras = draw(st.lists(_extra(tree, alias, child, parent), max_size=1))
    if isinstance(child.made, Several) and draw(st.integers(0, 3)) == 3:
        extras.append(Col(alias, FROM_TABLE) == draw(st.sampled_from(child.made.names)))
    on = conjunction(condition, *extras)
    where = draw(predicates({alias: child})) if draw(st.integers(0, 3)) == 3 else None
    source = Source(alias, name, on, where)
    if parent not in tree.readable:
        kind = draw(st.sampled_from(("required", "absent")))
        return replace(source, required=kind == "required", absent=kind == "absent")
    kind = draw(
        st.sampled_from(("any",) * 7 + ("required", "required", "absent", "picked", "picked", "picked and required"))
    )
    if kind == "absent":
        return replace(source, absent=True)
    source = replace(source, required="required" in kind)
    if "picked" in kind and child.identity:
        return draw(_picked(source, child))
    return replace(source, one=_may_say_one(on, alias, child) and draw(st.booleans()))


@st.composite
def _picked(draw: st.DrawFn, source: Source, table: Table) -> Source:
    """The source with an order that is total: by a key, which need not be said where there is only one."""
    sight = {source.alias: table}
    terms = [
        Order(column, draw(st.booleans()), draw(st.sampled_from(("", "", "first", "last"))))
        for column in draw(st.lists(a_column(sight), min_size=1, max_size=2))
    ]
    said = {column for term in terms for _, column in columns_read(term.expr)}
    key = [column for column in table.identity if column not in said]
    implied = len(key) if table.keys == (table.identity,) and draw(st.booleans()) else 0
    last = [Order(Col(source.alias, column), terms[-1].descending, terms[-1].nulls) for column in key]
    return replace(source, order=(*terms, *last), implied=implied, latest=draw(st.booleans()))


@st.composite
def _condition(draw: st.DrawFn, tree: Tree, alias: str, parent: str) -> tuple[str, Expr]:
    """A table and how its rows hang below the parent's."""
    kind = draw(st.sampled_from(KINDS))
    if periodic := _of_periods(tree, parent) if draw(st.integers(0, 2)) == 2 else []:
        name = draw(st.sampled_from(periodic))
        return name, draw(_in_period({alias: tree.tables[name]}, {parent: tree.table(parent)}))
    links = _links(tree.table(parent), tree.tables.values())
    if kind == "reference" and links:
        name = draw(st.sampled_from(_twice_if_made(sorted({name for name, _ in links}), tree.tables)))
        pairs = draw(st.sampled_from([pairs for table, pairs in links if table == name]))
        return name, _all(tuple(Col(alias, own) == Col(parent, other) for own, other in pairs))
    near = (name for name, table in tree.tables.items() if _common(table, tree.table(parent)))
    name = draw(st.sampled_from(_twice_if_made(sorted(near), tree.tables)))
    return name, draw(_chance(kind, {alias: tree.tables[name]}, {parent: tree.table(parent)}))


def _twice_if_made(names: Sequence[str], tables: Mapping[str, Table]) -> list[str]:
    """There are fewer tables that are made than base tables."""
    return [*names, *(name for name in names if tables[name].made)]


def _of_periods(tree: Tree, parent: str) -> list[str]:
    """The tables that may be joined by a period."""
    if isinstance(tree.table(parent).made, Spine):
        return sorted(name for name, table in tree.tables.items() if columns({"": table}, ("date",)))
    dated = columns({parent: tree.table(parent)}, ("date",))
    return sorted(name for name, table in tree.tables.items() if dated and isinstance(table.made, Spine))


@st.composite
def _in_period(draw: st.DrawFn, own: Mapping[str, Table], parent: Mapping[str, Table]) -> Expr:
    """A day is in a period."""
    spine, other = (own, parent) if any(isinstance(each.made, Spine) for each in own.values()) else (parent, own)
    ((alias, table),) = spine.items()
    assert isinstance(table.made, Spine)
    unit, day = table.made.unit, draw(a_column(other, ("date",)))
    begins = call(f"{draw(st.sampled_from((PERIOD, BEGIN)))}{unit}", day)
    return call("=", *draw(st.permutations([Col(alias, unit), begins])))


@st.composite
def _chance(draw: st.DrawFn, kind: str, own: Mapping[str, Table], parent: Mapping[str, Table]) -> Expr:
    types = _common(*own.values(), *parent.values())
    if kind not in ("chance", "inequality") and "integer" not in types:
        kind = "chance"
    common = "integer" if kind == "shifted" else draw(st.sampled_from(types))
    one, other = draw(a_column(own, (common,))), draw(a_column(parent, (common,)))
    if kind == "pair":
        return (one == other) & (draw(a_column(own, ("integer",))) == draw(a_column(parent, ("integer",))))
    if kind == "either":
        return (one == other) | (draw(a_column(own, ("integer",))) == draw(a_column(parent, ("integer",))))
    if kind == "null-safe":  # on plain columns: whether such an equation makes a key to-one is left open
        plain = [[each for each in columns(sight, ("integer",)) if each.name in ("n", "m")] for sight in (own, parent)]
        return call("IS NOT DISTINCT FROM", *map(draw, map(st.sampled_from, plain))) if all(plain) else one == other
    if kind == "shifted":
        return one == other + 1
    return one > other if kind == "inequality" else one == other


@st.composite
def _extra(draw: st.DrawFn, tree: Tree, alias: str, child: Table, parent: str) -> Expr:
    """A further condition: of the child, of its parent, or between the child and something on the path."""
    shape = draw(st.sampled_from(("child", "parent", "between", "between")))
    if shape == "child":
        return draw(predicates({alias: child}))
    if shape == "parent":
        return draw(predicates({parent: tree.table(parent)}))
    above = draw(st.sampled_from(tree.path(parent)))
    types = [type_ for type_ in _common(child, tree.table(above)) if type_ != "text"]
    if not types:
        return draw(predicates({alias: child}))
    kind = draw(st.sampled_from(types))
    own, other = draw(a_column({alias: child}, (kind,))), draw(a_column({above: tree.table(above)}, (kind,)))
    return call(draw(st.sampled_from(("=", "<", ">", "<>", ">="))), own, other)


def _common(one: Table, other: Table) -> list[str]:
    """The types of columns that may be compared; most often numbers."""
    both = {column.type for column in one.columns} & {column.type for column in other.columns}
    return [type_ for type_ in ("integer", "integer", "integer", "date", "text") if type_ in both]


def _links(parent: Table, tables: Collection[Table]) -> list[Link]:
    """Along references: from the parent to what it points to, and back from what points to it; also where it is one of several tables."""
    up = [
        (table.name, tuple(zip(ref.key, ref.columns, strict=True)))
        for ref in parent.references
        for table in tables
        if ref.table in (table.name, *table.arms) and _has(table, ref.key)
    ]
    down = [
        (table.name, tuple(zip(ref.columns, ref.key, strict=True)))
        for table in tables
        for ref in table.references
        if ref.table in (parent.name, *parent.arms) and _has(parent, ref.key)
    ]
    return up + down


def _has(table: Table, names: Collection[str]) -> bool:
    return {column.name for column in table.columns}.issuperset(names)


def _may_say_one(on: Expr | None, alias: str, child: Table) -> bool:
    """The condition equates a key that the rows obey and the DDL does not show."""
    equated = {
        part.args[0].name
        for part in conjuncts(on)
        if isinstance(part, Call) and part.op == "=" and isinstance(part.args[0], Col) and part.args[0].alias == alias
    }
    return bool(child.hidden) and equated.issuperset(child.hidden)


def _all(parts: Sequence[Expr]) -> Expr:
    result = conjunction(*parts)
    assert result is not None
    return result
