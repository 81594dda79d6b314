"""Random views over random catalogs, with rows: the cases of the property tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.vendor.pretty import RepresentationPrinter

from .afters import afters
from .catalog import Rows, Table, ddl, pruned, setup
from .catalogs import catalogs, worlds
from .expressions import OUTPUT, PERIOD, Col, Expr, call, columns_read
from .joins import trees
from .scalars import COMPARABLE, NUMERIC, Sight, columns, predicates, scalars
from .views import Aggregate, Order, Tree, View, as_mapping, measured
from .yaml_text import PLAIN, Layout, write


@dataclass(frozen=True)
class Case:
    """A project and the rows of its base tables."""

    tables: tuple[Table, ...]
    view: View
    rows: Rows
    measured: bool = False

    @property
    def by_name(self) -> dict[str, Table]:
        return {table.name: table for table in self.tables}

    @property
    def tree(self) -> Tree:
        return Tree(self.view.sources, self.by_name)

    @property
    def kinds(self) -> set[str]:
        """What its sources are, besides base tables."""
        return {type(made).__name__ for source in self.view.sources if (made := self.tree.table(source.alias).made)}

    @property
    def setup(self) -> str:
        return setup(self.tables, self.rows)

    def files(self, layout: Layout = PLAIN) -> dict[str, str]:
        view, measures = measured(self.view, self.tree) if self.measured else (as_mapping(self.view, self.by_name), {})
        return {
            "mvc.yml": "catalog: schema.sql\n",
            "schema.sql": ddl(self.tables),
            "views/v.yml": write(view, layout),
            **({"measures/m.yml": write({"measures": measures}, layout)} if measures else {}),
        }

    def __repr__(self) -> str:
        specs = (text for path, text in self.files().items() if path.endswith("s.yml") or path.startswith("views/"))
        return "\n\n".join([f"\n{self.setup}", *specs])

    def _repr_pretty_(self, printer: RepresentationPrinter, _cycle: bool) -> None:
        printer.text(repr(self))


@st.composite
def cases(draw: st.DrawFn) -> Case:
    tables = {table.name: table for table in draw(catalogs())}
    view = draw(views_over(draw(trees(tables))))
    needed = needed_of(tuple(tables.values()), view)
    return Case(needed, view, draw(worlds(needed)), draw(st.integers(0, 3)) == 3)


@st.composite
def views_over(draw: st.DrawFn, tree: Tree) -> View:
    reachable = {alias: tree.table(alias) for alias in (tree.base, *tree.attributes(tree.base))}
    dimensions = draw(_dimensions(tree, reachable))
    least = draw(st.sampled_from((1, 2, 3, 4, 0 if dimensions else 1)))
    aggregates = draw(st.lists(_aggregates(tree), min_size=least, max_size=5))
    named = [_named(each, f"x{place}") for place, each in enumerate(aggregates)]
    where = draw(predicates(reachable)) if draw(st.integers(0, 3)) == 3 else None
    required = draw(_required(tree))
    chain = {step for alias in required for step in tree.path(alias)[1:]}
    sources = tuple(replace(source, required=source.required or source.alias in chain) for source in tree.sources)
    computed = draw(_expressions(named))
    after = draw(afters([name for name, _ in dimensions], [*named, *computed]))
    if after.windows and draw(st.booleans()):
        computed.append(
            Aggregate(
                "z0", "expr", call("coalesce", Col(OUTPUT, after.windows[-1].name), Col(OUTPUT, after.windows[0].name))
            )
        )
    return View(sources, dimensions, (*named, *computed), where, required=required, after=after)


def _required(tree: Tree) -> st.SearchStrategy[tuple[str, ...]]:
    """Mostly none."""
    others = sorted(set(tree.readable) - {tree.base})
    some = st.lists(st.sampled_from(others), max_size=2, unique=True) if others else st.just([])
    return st.one_of(st.just(()), st.just(()), st.just(()), some.map(tuple))


@st.composite
def _dimensions(draw: st.DrawFn, tree: Tree, reachable: Sight) -> tuple[tuple[str, Expr], ...]:
    """The base's key, something coarser, or nothing."""
    kind = draw(st.sampled_from(("key", "key", "coarse", "coarse", "coarse", "none")))
    if kind == "none":
        return ()
    key = [Col(tree.base, column) for column in tree.table(tree.base).identity] if kind == "key" else []
    others = draw(st.lists(scalars(reachable), min_size=0 if key else 1, max_size=2))
    cut = [draw(_cut(expr)) if type_ == "date" else expr for expr, type_ in others]
    return tuple((f"g{place}", expr) for place, expr in enumerate([*key, *cut]))


def _cut(expr: Expr) -> st.SearchStrategy[Expr]:
    """A date, or a period that it lies in."""
    periods = [call(f"{PERIOD}{unit}", expr) for unit in ("month", "quarter", "year")]
    return st.sampled_from([expr, *periods])


def _named(self: Aggregate, name: str) -> Aggregate:
    return Aggregate(**{**vars(self), "name": name})


@st.composite
def _aggregates(draw: st.DrawFn, tree: Tree) -> Aggregate:
    """A function of a source, with nothing in it that the specification leaves open."""
    alias = draw(st.sampled_from(sorted(tree.readable)))
    aggregate = draw(_calls(tree, alias))
    if draw(st.integers(0, 2)) == 2:
        seen = {each: tree.table(each) for each in sorted(tree.visible(alias))}
        aggregate = Aggregate(**{**vars(aggregate), "where": draw(predicates(draw(_some(seen))))})
    assume(not tree.is_ambiguous(aggregate))
    return aggregate


@st.composite
def _some(draw: st.DrawFn, sight: Sight) -> Sight:
    """One or two of the aliases in sight."""
    chosen = draw(st.lists(st.sampled_from(sorted(sight)), min_size=1, max_size=2, unique=True))
    return {alias: sight[alias] for alias in chosen}


@st.composite
def _argument_sight(draw: st.DrawFn, tree: Tree, alias: str) -> Sight:
    """Mostly the source alone; sometimes with what is to-one below it, rarely with what is above."""
    others: Sequence[str] = ()
    reach = draw(st.integers(0, 9))
    if reach in (1, 2):
        others = tree.attributes(alias)
    if reach in (3, 4):
        others = tree.path(alias)[:-1]
    other = [draw(st.sampled_from(sorted(others)))] if others else []
    return {each: tree.table(each) for each in (alias, *other)}


TYPES: Mapping[str, Sequence[str]] = {
    "sum": NUMERIC,
    "avg": NUMERIC,
    "min": COMPARABLE,
    "max": COMPARABLE,
    "median": NUMERIC,
    "percentile": NUMERIC,
    "percentile_disc": COMPARABLE,
    "stddev": NUMERIC,
    "variance": NUMERIC,
    **dict.fromkeys(("stddev_pop", "stddev_samp", "var_pop", "var_samp"), NUMERIC),
    **dict.fromkeys(("bit_and", "bit_or", "bit_xor"), ("integer",)),
    "every": ("boolean",),
    "bool_and": ("boolean",),
    "bool_or": ("boolean",),
    "string_agg": ("text",),
    "jsonb_agg": ("integer", "text", "boolean", "date"),
    "json_agg": ("integer", "text", "boolean", "date"),
}
FUNCTIONS = (
    "rows",
    "rows",
    "rows",
    "sum",
    "sum",
    "sum",
    "count",
    "count_distinct",
    "first",
    "last",
    "array_agg",
    *TYPES,
)
ORDERED = ("array_agg", "string_agg", "json_agg", "jsonb_agg")
DEFAULTS = {"integer": 0, "text": "none", "numeric(8,2)": -1, "boolean": False}
DEFAULTS_IN_SQL = {"integer": "1 - 1", "text": "'no' || 'ne'", "numeric(8,2)": "-(1)", "boolean": "NOT TRUE"}
LIKE_ARGUMENT = ("sum", "avg", "min", "max", "bool_and", "bool_or", "string_agg", "first", "last")


@st.composite
def _calls(draw: st.DrawFn, tree: Tree, alias: str) -> Aggregate:
    function = draw(st.sampled_from(FUNCTIONS))
    if function == "rows":
        return Aggregate("", "count", of=alias)
    sight = draw(_argument_sight(tree, alias))
    usable = [kind for kind in TYPES.get(function, tuple(DEFAULTS)) if columns(sight, (kind,))]
    if not usable:
        return Aggregate("", "count", of=alias)
    argument, kind = draw(scalars(sight, usable, derived=0.25 if len(sight) == 1 else 0.9))
    source = tree.source_of(Aggregate("", function, argument))
    if function in ("first", "last") and not tree.table(source).identity:
        return Aggregate("", "count", of=alias)
    default = draw(st.sampled_from((None, None, DEFAULTS.get(kind)))) if function in LIKE_ARGUMENT else None
    distinct = function in ("sum", "avg", "array_agg", "string_agg") and draw(st.integers(0, 2)) == 2
    order = draw(_orders(tree, source, function, argument, distinct=distinct))
    at = draw(st.sampled_from((0.0, 0.25, 0.9, 1))) if function.startswith("percentile") else None
    separator = draw(st.sampled_from((None, "; ", "", "'"))) if function == "string_agg" else None
    limit = draw(st.sampled_from((None, None, 1, 2, 3))) if function in ORDERED and order else None
    written = DEFAULTS_IN_SQL.get(kind, "") if default is not None and draw(st.booleans()) else ""
    type_ = draw(st.sampled_from((None, None, "numeric(12,1)"))) if function == "sum" else None
    said = Aggregate("", function, argument, "", None, distinct, order, separator, at, default)
    return replace(said, limit=limit, default_sql=written, type=type_)


@st.composite
def _orders(
    draw: st.DrawFn, tree: Tree, alias: str, function: str, argument: Expr, *, distinct: bool
) -> tuple[Order, ...]:
    """A total order where the answer depends on it: down to a key, or to the values themselves."""
    if function not in (*ORDERED, "first", "last"):
        return ()
    last = [Col(alias, each) for each in tree.table(alias).identity] if function in ("first", "last") else [argument]
    before = [] if distinct else draw(st.lists(st.sampled_from(columns({alias: tree.table(alias)})), max_size=1))
    return tuple([draw(_order(expr)) for expr in [*before, *last]])


def _order(expr: Expr) -> st.SearchStrategy[Order]:
    return st.builds(Order, st.just(expr), st.booleans(), st.sampled_from(("", "", "first", "last")))


@st.composite
def _expressions(draw: st.DrawFn, aggregates: Sequence[Aggregate]) -> list[Aggregate]:
    """Sometimes a column over the counts."""
    counts = [Col(OUTPUT, each.name) for each in aggregates if each.function in ("count", "count_distinct")]
    if not counts or draw(st.booleans()):
        return []
    one, other = draw(st.sampled_from(counts)), draw(st.sampled_from(counts))
    shapes = [one + other, one - other * 2, call("/", one, call("nullif", other, 0)), call("case", one > other, one, 0)]
    second = [Aggregate("y1", "expr", Col(OUTPUT, "y0") + one)] if draw(st.booleans()) else []
    return [Aggregate("y0", "expr", draw(st.sampled_from(shapes))), *second]


# --- what of the catalog is needed ------------------------------------------------------------------------------------


def needed_of(tables: Sequence[Table], view: View) -> tuple[Table, ...]:
    """The tables that the view reads and what they point to, each with the columns that matter."""
    read = {table.name: (table.name, *table.arms) for table in tables}
    names = {name for source in view.sources for name in read[source.table]}
    for table in reversed(tables):
        if table.name in names:
            kept = pruned(table, _used(table, view, read))
            names |= {ref.table for ref in kept.references if ref.declared}
    return tuple(pruned(table, _used(table, view, read)) for table in tables if table.name in names)


def _used(table: Table, view: View, read: Mapping[str, Sequence[str]]) -> frozenset[str]:
    found = frozenset[tuple[str, str]]().union(*map(columns_read, _all_expressions(view)))
    aliases = {source.alias for source in view.sources if table.name in read[source.table]}
    return frozenset(column for alias, column in found if alias in aliases)


def _all_expressions(view: View) -> list[Expr | None]:
    conditions = [condition for source in view.sources for condition in (source.on, source.where)]
    conditions += [term.expr for source in view.sources for term in source.order]
    arguments = [
        part for each in view.aggregates for part in (each.argument, each.where, *(o.expr for o in each.order))
    ]
    return [view.where, *conditions, *(expr for _, expr in view.dimensions), *arguments]
