"""A second oracle, in SQL as plain as possible: one correlated subquery per aggregate, each source row once by its ctid.

It says what the Python one says in another language, so that a slip of arithmetic, of NULLs or of an aggregate function in
one of them shows without the compiler.
"""

from __future__ import annotations

from collections.abc import Sequence

from .expressions import Expr, columns_read, sql
from .made import relation
from .views import PLACES, Aggregate, Order, Source, Tree, View, Window

CALLS = {
    "count_distinct": "count(DISTINCT {})",
    "median": "percentile_cont(0.5) WITHIN GROUP (ORDER BY {})",
    "first": "(array_agg({}))[1]",
    "last": "(array_agg({}))[count(*)]",
}


def query(view: View, tree: Tree) -> str:
    """The view as a SELECT; `expr` aggregates are added outside."""
    keys = ", ".join(f"{sql(expr)} AS {name}" for name, expr in view.dimensions)
    groups = f"SELECT DISTINCT {keys} FROM {_base(tree)} WHERE {_kept(view, tree)}" if keys else "SELECT"
    outputs = [f"g.{name}" for name, _ in view.dimensions]
    outputs += [f"{_subquery(each, view, tree)} AS {each.name}" for each in view.aggregates if each.function != "expr"]
    text = f"SELECT {', '.join(outputs)} FROM ({groups}) g"
    late = {each.name for each in view.after.windows}
    exprs = [each for each in view.aggregates if each.function == "expr"]
    text = _with_expressions(text, [each for each in exprs if not late & _names(each.argument)])
    text = _where(text, view.after.having)
    for window in view.after.windows:
        text = f"SELECT *, {_windowed(window)} AS {window.name} FROM ({text}) q"
    text = _with_expressions(text, [each for each in exprs if late & _names(each.argument)])
    names = ", ".join(f'"{name}"' for name in view.columns)
    return f"SELECT {names} FROM ({_where(text, view.after.keep)}) q"


def _with_expressions(text: str, columns: Sequence[Aggregate]) -> str:
    for each in columns:
        assert each.argument is not None
        text = f"SELECT *, {_default(sql(each.argument), each)} AS {each.name} FROM ({text}) q"
    return text


def _names(expr: Expr | None) -> frozenset[str]:
    return frozenset(name for _, name in columns_read(expr))


def _where(text: str, condition: Expr | None) -> str:
    return f"SELECT * FROM ({text}) q WHERE {sql(condition)}" if condition is not None else text


def _windowed(window: Window) -> str:
    """By the server's own windows; the last value that is not NULL by an array of all of them."""
    value = "*" if window.argument is None else sql(window.argument)
    partition = f"PARTITION BY {', '.join(window.within)}" if window.within else ""
    order = ", ".join(_term(sql(term.expr), term) for term in window.order)
    frame = {0: "ROWS UNBOUNDED PRECEDING", -1: "ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING"}
    rows = (
        frame.get(window.last, f"ROWS {window.last - 1} PRECEDING")
        if order and window.function not in ("lag", "lead")
        else ""
    )
    over = f"OVER ({partition} {f'ORDER BY {order} {rows}' if order else ''})"
    if window.function in PLACES:
        text = f"{window.function}({window.buckets or ''}) OVER ({partition} ORDER BY {order})"
    elif window.function == "share":
        text = f"({value})::numeric / nullif(sum({value}) {over}, 0)"
    elif window.function == "carry":
        known = f"FILTER (WHERE {value} IS NOT NULL) {over}"
        text = f"(array_agg({value}) {known})[count({value}) {over}]"
    else:
        call = {"first": "first_value", "last": "last_value"}.get(window.function, window.function)
        by = f", {window.by}" if window.function in ("lag", "lead") else ""
        picked = f" FILTER (WHERE {sql(window.where)})" if window.where is not None else ""
        text = f"{call}({value}{by}){picked} {over}"
    return text if window.default is None else f"coalesce({text}, {window.default})"


def _base(tree: Tree) -> str:
    base = tree.base
    return f"({relation(tree.table(base))}) {base}" + _attributes(tree, base, set())


def _attributes(tree: Tree, alias: str, present: set[str]) -> str:
    absent = [each for each in tree.attributes(alias) if each not in present]
    present.update(absent)
    return "".join(f" LEFT JOIN LATERAL {_rows(tree, tree.by_alias[each])} {each} ON TRUE" for each in absent)


def _rows(tree: Tree, source: Source) -> str:
    """The rows of a source under the row of its parent that is in scope."""
    conditions = [f"{tree.parents[source.alias]}.tid IS NOT NULL", *_conditions(source.on, source.where)]
    conditions += _exists(tree, source.alias)
    inner = f"({relation(tree.table(source.alias))}) {source.alias}"
    order = ", ".join(_term(sql(term.expr), term) for term in source.order)
    first = f" ORDER BY {order} LIMIT 1" if order else ""
    return f"(SELECT {source.alias}.* FROM {inner} WHERE {' AND '.join(conditions)}{first})"


def _exists(tree: Tree, alias: str) -> list[str]:
    required = [f"EXISTS {_rows(tree, child)}" for child in tree.children(alias) if child.required]
    return required + [f"NOT EXISTS {_rows(tree, child)}" for child in tree.children(alias) if child.absent]


def _conditions(*conditions: Expr | None) -> list[str]:
    return [f"({sql(condition)})" for condition in conditions if condition is not None]


def _kept(view: View, tree: Tree) -> str:
    return " AND ".join(["TRUE", *_conditions(view.where), *_exists(tree, tree.base)])


def _subquery(self: Aggregate, view: View, tree: Tree) -> str:
    source = tree.source_of(self)
    present = set(tree.path(source))
    steps = tree.path(source)[1:]
    joined = "".join(f" JOIN LATERAL {_rows(tree, tree.by_alias[step])} {step} ON TRUE" for step in steps)
    # The base's own attributes come first: the dimensions and the view's `where` read them even where the path goes through one.
    outer = "".join(_attributes(tree, step, present) for step in (tree.base, *steps))
    same = [f"({sql(expr)}) IS NOT DISTINCT FROM g.{name}" for name, expr in view.dimensions]
    kept = " AND ".join([_kept(view, tree), *same, *_conditions(self.where)])
    table = f"({relation(tree.table(tree.base))}) {tree.base}"
    argument = "1" if self.argument is None else sql(self.argument)
    orders = "".join(f", {sql(term.expr)} AS o{place}" for place, term in enumerate(self.order))
    once = f"SELECT DISTINCT ON ({source}.tid) {argument} AS x{orders} FROM {table}{joined}{outer} WHERE {kept}"
    return _default(f"(SELECT {_call(self)} FROM ({_limited(once, self)}) s)", self)


def _limited(rows: str, self: Aggregate) -> str:
    """The rows that the call takes: the first ones in its order, of values that are told apart where it takes each once."""
    if self.limit is None:
        return rows
    told_apart = f"SELECT DISTINCT ON (s.x) s.* FROM ({rows}) s" if self.distinct else rows
    return f"SELECT s.* FROM ({told_apart}) s{_ordering(self)} LIMIT {self.limit}"


def _call(self: Aggregate) -> str:
    argument = ("DISTINCT " if self.distinct else "") + "s.x"
    if self.function == "string_agg":
        argument += ", '" + (", " if self.separator is None else self.separator).replace("'", "''") + "'"
    if self.function in ("percentile", "percentile_disc"):
        name = "percentile_cont" if self.function == "percentile" else "percentile_disc"
        return f"{name}({self.at}) WITHIN GROUP (ORDER BY s.x)"
    return CALLS.get(self.function, self.function + "({})").format(argument + _ordering(self))


def _ordering(self: Aggregate) -> str:
    names: Sequence[str] = ["s.x" if self.distinct else f"s.o{place}" for place in range(len(self.order))]
    terms = [_term(name, term) for name, term in zip(names, self.order, strict=True)]
    return f" ORDER BY {', '.join(terms)}" if terms else ""


def _term(name: str, order: Order) -> str:
    return f"{name} {'DESC' if order.descending else 'ASC'} NULLS {'FIRST' if order.nulls_first else 'LAST'}"


def _default(call: str, self: Aggregate) -> str:
    if self.default is not None:
        value = f"'{self.default}'" if isinstance(self.default, str) else str(self.default)
        call = f"coalesce({call}, {value})"
    return call if self.type is None else f"({call})::{self.type}"
