"""A view of the language as data, what its tree of sources means, and the mapping that becomes YAML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from .catalog import Table
from .expressions import PERIOD, Call, Col, Expr, Value, aliases_read, bare, columns_read, conjuncts, sql
from .made import written


@dataclass(frozen=True)
class Order:
    expr: Expr
    descending: bool = False
    nulls: str = ""  # "first", "last" or unsaid

    @property
    def nulls_first(self) -> bool:
        return self.nulls == "first"  # in this language `desc` means NULLS LAST, too

    @property
    def sql(self) -> str:
        return sql(self.expr) + (" desc" if self.descending else "") + (f" nulls {self.nulls}" if self.nulls else "")


@dataclass(frozen=True)
class Source:
    """`order` picks one of several rows; its last terms may be a key that is only `implied`. It is written as `latest` or as `first`."""

    alias: str
    table: str
    on: Expr | None = None
    where: Expr | None = None
    required: bool = False
    one: bool = False
    absent: bool = False
    order: tuple[Order, ...] = ()
    implied: int = 0
    latest: bool = False


@dataclass(frozen=True)
class Aggregate:
    """`function` of `argument` (of rows of the source `of`, for `count: alias`), or `expr` over other columns."""

    name: str
    function: str
    argument: Expr | None = None
    of: str = ""
    where: Expr | None = None
    distinct: bool = False
    order: tuple[Order, ...] = ()
    separator: str | None = None
    at: float | None = None
    default: Value = None
    limit: int | None = None
    type: str | None = None
    default_sql: str = ""  # the default as SQL, where it is written so


PLACES = ("rank", "dense_rank", "row_number", "percent_rank", "cume_dist", "ntile")
TIES = ("rank", "dense_rank", "percent_rank", "cume_dist")


@dataclass(frozen=True)
class Window:
    """`function` of `argument`, over rows that share `within`. `last` is a frame of so many rows, -1 all of them, 0 those up to this one."""

    name: str
    function: str
    argument: Expr | None = None
    within: tuple[str, ...] = ()
    order: tuple[Order, ...] = ()
    last: int = 0
    by: int = 1
    buckets: int | None = None
    where: Expr | None = None
    default: Value = None
    hidden: bool = False

    @property
    def reads(self) -> frozenset[str]:
        parts = (self.argument, self.where, *(term.expr for term in self.order))
        return frozenset(self.within) | {name for part in parts for _, name in columns_read(part)}

    @property
    def mapping(self) -> dict[str, object]:
        """What stands in the YAML."""
        order = [term.sql for term in self.order]
        about = order if self.function in PLACES else "*" if self.argument is None else sql(self.argument)
        frame = {0: None, -1: "all"}.get(self.last, f"last {self.last} rows")
        return {self.function: about} | _given(
            within=list(self.within),
            order=[] if self.function in PLACES else order,
            frame=frame,
            by=self.by if self.by != 1 else None,
            buckets=self.buckets,
            where=self.where,
            default=self.default,
            hidden=self.hidden,
        )


@dataclass(frozen=True)
class After:
    """`hidden` are aggregates that only others read."""

    having: Expr | None = None
    windows: tuple[Window, ...] = ()
    keep: Expr | None = None
    hidden: frozenset[str] = frozenset()


@dataclass(frozen=True)
class View:
    sources: tuple[Source, ...]
    dimensions: tuple[tuple[str, Expr], ...] = ()
    aggregates: tuple[Aggregate, ...] = ()
    where: Expr | None = None
    name: str = "v"
    required: tuple[str, ...] = ()
    after: After = After()

    @property
    def columns(self) -> tuple[str, ...]:
        """Those that the view shows."""
        aggregates = (each.name for each in self.aggregates if each.name not in self.after.hidden)
        windows = (each.name for each in self.after.windows if not each.hidden)
        return (*(name for name, _ in self.dimensions), *aggregates, *windows)


@dataclass(frozen=True)
class Tree:
    """The sources of a view as a tree (DESIGN §3): parents, paths, and which links are to-one."""

    sources: tuple[Source, ...]
    tables: Mapping[str, Table]

    @cached_property
    def by_alias(self) -> dict[str, Source]:
        return {source.alias: source for source in self.sources}

    @cached_property
    def base(self) -> str:
        return next(source.alias for source in self.sources if source.on is None)

    @cached_property
    def parents(self) -> dict[str, str]:
        """alias → its parent: the deepest alias that its `on` reads besides itself."""
        found: dict[str, str] = {}
        waiting = [source for source in self.sources if source.on is not None]
        while waiting:
            known = {self.base, *found}
            ready = [source for source in waiting if aliases_read(source.on) - {source.alias} <= known]
            assert ready, "the sources are no tree"
            for source in ready:
                found[source.alias] = max(
                    aliases_read(source.on) - {source.alias}, key=lambda each: _depth(found, each)
                )
                waiting.remove(source)
        return found

    def path(self, alias: str) -> tuple[str, ...]:
        """From the base to the alias, both included."""
        return (*self.path(self.parents[alias]), alias) if alias in self.parents else (alias,)

    def children(self, alias: str) -> tuple[Source, ...]:
        return tuple(self.by_alias[child] for child, parent in self.parents.items() if parent == alias)

    def table(self, alias: str) -> Table:
        return self.tables[self.by_alias[alias].table]

    def is_one(self, source: Source) -> bool:
        """At most one row per row of the parent: it was said so, or a key is equated with something not of itself."""
        equated = {
            name for part in (*conjuncts(source.on), *conjuncts(source.where)) for name in _equated(part, source.alias)
        }
        if source.absent:
            return False
        return (
            source.one or bool(source.order) or any(equated.issuperset(key) for key in self.tables[source.table].keys)
        )

    @property
    def readable(self) -> tuple[str, ...]:
        """The aliases that may have rows: none that must be absent is on the way to them."""
        return tuple(
            alias for alias in self.by_alias if not any(self.by_alias[step].absent for step in self.path(alias))
        )

    def attributes(self, alias: str) -> tuple[str, ...]:
        """What is to-one below the alias, through to-one links only, parents first."""
        ones = [child.alias for child in self.children(alias) if self.is_one(child)]
        return tuple(each for one in ones for each in (one, *self.attributes(one)))

    def visible(self, alias: str) -> frozenset[str]:
        """What an aggregate of this source may read: the path to it, and what is to-one below the path."""
        path = self.path(alias)
        return frozenset(path).union(*(self.attributes(step) for step in path))

    def source_of(self, aggregate: Aggregate) -> str:
        """The source whose rows the aggregate sees, each once."""
        if aggregate.of:
            return aggregate.of
        read = aliases_read(aggregate.argument)
        rest = [each for each in read if not any(each in self.attributes(other) for other in read)]
        return max(rest, key=lambda each: len(self.path(each)))

    def is_ambiguous(self, aggregate: Aggregate) -> bool:
        """The aliases read leave the source open: two of the same depth, or one that is out of sight."""
        if aggregate.of:
            return not aliases_read(aggregate.where) <= self.visible(aggregate.of)
        read = aliases_read(aggregate.argument)
        rest = [len(self.path(each)) for each in read if not any(each in self.attributes(other) for other in read)]
        seen = self.visible(self.source_of(aggregate)) if read else frozenset()
        return not read or rest.count(max(rest)) > 1 or not read | aliases_read(aggregate.where) <= seen


def _depth(parents: Mapping[str, str], alias: str) -> int:
    return 1 + _depth(parents, parents[alias]) if alias in parents else 0


def _equated(part: Expr, alias: str) -> tuple[str, ...]:
    if not isinstance(part, Call) or part.op != "=":
        return ()
    left, right = part.args
    return tuple(
        one.name
        for one, other in ((left, right), (right, left))
        if isinstance(one, Col) and one.alias == alias and alias not in aliases_read(other)
    )


# --- the YAML mapping -------------------------------------------------------------------------------------------------


def as_mapping(view: View, tables: Mapping[str, Table]) -> dict[str, object]:
    """What stands in `views/v.yml`."""
    tree = Tree(view.sources, tables)
    implied = {step for alias in view.required for step in tree.path(alias)}
    return _given(
        view=view.name,
        sources={source.alias: _source(source, tree.table(source.alias), implied) for source in view.sources},
        required=list(view.required),
        where=view.where,
        dimensions={name: _dimension(expr) for name, expr in view.dimensions},
        aggregates={each.name: _aggregate(each) | _hidden(each.name in view.after.hidden) for each in view.aggregates},
        having=view.after.having,
        windows={each.name: each.mapping for each in view.after.windows},
        keep=view.after.keep,
    )


def _source(self: Source, table: Table, required: set[str]) -> dict[str, object]:
    terms = [_latest(term) if self.latest else term.sql for term in self.order[: len(self.order) - self.implied]]
    order = terms[0] if len(terms) == 1 else terms
    return _given(
        **written(table),
        on=self.on,
        where=self.where,
        required=self.required and self.alias not in required,
        absent=self.absent,
        one=self.one,
        **({"latest" if self.latest else "first": order} if order else {}),
    )


def _latest(term: Order) -> str:
    """A term without a direction is `desc` there."""
    nulls = f" nulls {term.nulls}" if term.nulls else ""
    return sql(term.expr) + ("" if term.descending else " asc") + nulls


def _dimension(expr: Expr) -> object:
    if isinstance(expr, Call) and expr.op.startswith(PERIOD):
        return {"period": expr.op.removeprefix(PERIOD), "of": sql(expr.args[0])}
    return sql(expr)


def measured(view: View, tree: Tree) -> tuple[dict[str, object], dict[str, object]]:
    """The view with what can be a measure of the project as one, and these measures."""
    mapping, measures = as_mapping(view, tree.tables), {}
    shown = dict(mapping.get("aggregates", {}))  # type: ignore[call-overload]
    for each in view.aggregates:
        if each.function == "expr":
            continue
        source = tree.by_alias[tree.source_of(each)]
        read = aliases_read(each.argument) | aliases_read(each.where)
        read |= frozenset().union(*(aliases_read(term.expr) for term in each.order))
        if read <= {source.alias} and tree.table(source.alias).made is None:
            measures[f"m_{each.name}"] = {"table": source.table} | _aggregate(_bared(each))
            hidden = _hidden(each.name in view.after.hidden)
            shown[each.name] = {"measure": f"m_{each.name}", "of": source.alias} | hidden
    return {**mapping, "aggregates": shown}, measures


def _bared(self: Aggregate) -> Aggregate:
    order = tuple(replace(term, expr=bare(term.expr)) for term in self.order)
    argument, where = self.argument and bare(self.argument), self.where and bare(self.where)
    return replace(self, argument=argument, where=where, order=order, of="*" if self.of else "")


def _aggregate(self: Aggregate) -> dict[str, object]:
    order = [term.sql for term in self.order]
    return {self.function: self.of or sql(self.argument)} | _given(  # type: ignore[arg-type]
        where=self.where,
        distinct=self.distinct,
        order=order[0] if len(order) == 1 else order,
        separator=self.separator,
        at=self.at,
        default={"sql": self.default_sql} if self.default_sql else self.default,
        limit=self.limit,
        type=self.type,
    )


def _hidden(said: bool) -> dict[str, object]:
    return {"hidden": True} if said else {}


def _given(**entries: object) -> dict[str, object]:
    """The entries that say something: the rest are defaults, which people leave out (but `default: false` speaks)."""
    return {
        key: sql(entry) if isinstance(entry, Expr) else entry for key, entry in entries.items() if _speaks(key, entry)
    }


def _speaks(key: str, entry: object) -> bool:
    return not (
        entry is None or (entry is False and key != "default") or (isinstance(entry, list | dict) and not entry)
    )
