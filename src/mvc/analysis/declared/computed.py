"""Columns computed from other columns of the view, in an order in which each can be computed: `expr`, and those over its rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet

from mvc.analysis.names.functions import ExpressionPlace, Functions, check_calls, is_aggregate
from mvc.catalog import builtins
from mvc.diagnostics import Diagnostic, Findings, did_you_mean, error
from mvc.diagnostics.suggest import nearest
from mvc.expression import ColumnRef
from mvc.model.view import Computed, Declared, Sql
from mvc.model.window import Windowed
from mvc.quoting import identifier
from mvc.source.words import yaml_value

Derived = Computed | Windowed

EXPR = ExpressionPlace("a computed column")
OF_WINDOW = ExpressionPlace("a window")
HAVING = ExpressionPlace("`having`")
KEEP = ExpressionPlace("`keep`")
LONGEST = 65_536  # characters of a column written out; the server, too, puts each in the place of its name
DEEPEST = 64  # columns computed from each other


def order_computed(declared: Declared, functions: Functions, found: Findings) -> tuple[Derived, ...]:
    """The computed columns, each after those that it reads; findings for unknown columns and circles."""
    derived = declared.derived
    names = {item.name for item in (*declared.dimensions, *declared.measures, *declared.windows)}
    for own, sql, place in _texts(declared):
        check_calls(sql, place, functions, found)
        _check_names(sql, place, names - {own}, names, found)
    ready = names - {item.name for item in derived}
    missing = {item.name: (reads_columns(item) & names) - ready for item in derived}
    ordered: list[Derived] = []
    while len(ordered) < len(derived):
        level = [item for item in derived if item.name not in ready and missing[item.name] <= ready]
        if not level:
            found.extend(_circle(item) for item in derived if item.name not in ready)
            break
        ordered += level
        ready |= {item.name for item in level}
    _check_lengths(ordered, found)
    return tuple(ordered)


def reads_columns(item: Derived) -> frozenset[str]:
    """The names of the columns that a computed one reads."""
    return frozenset(ref.name for expression in item.expressions for ref in expression.columns)


def with_needed(names: Iterable[str], derived: Mapping[str, Derived]) -> frozenset[str]:
    """The names with all that they are computed from."""
    known: set[str] = set()
    waiting = list(names)
    while waiting:
        if (name := waiting.pop()) not in known:
            known.add(name)
            waiting += reads_columns(derived[name]) if name in derived else ()
    return frozenset(known)


def _texts(declared: Declared) -> Iterator[tuple[str, Sql, ExpressionPlace]]:
    """What reads columns of the view: for which of them, the text, and where it stands."""
    for item in declared.derived:
        if isinstance(item, Computed):
            yield item.name, item.sql, EXPR
        else:
            yield from ((item.name, sql, OF_WINDOW) for sql in item.sqls)
            yield from ((item.name, Sql(term.ordered.expression, term.origin), OF_WINDOW) for term in item.order)
    for condition, place in ((declared.having, HAVING), (declared.keep, KEEP)):
        if condition:
            yield "", condition, place


def _check_lengths(ordered: list[Derived], found: Findings) -> None:
    """A finding for the first column that is too much, written out: each time that one reads another twice, it is twice as long."""
    lengths: dict[str, int] = {}
    depths: dict[str, int] = {}
    for item in ordered:
        read = [ref.name for each in item.expressions for ref in each.columns if ref.name in lengths]
        lengths[item.name] = sum(len(each.text) for each in item.expressions) + sum(lengths[name] for name in read)
        depths[item.name] = 1 + max((depths[name] for name in read), default=0)
        if lengths[item.name] > LONGEST or depths[item.name] > DEEPEST:
            title = f"`{item.name}` is too much, with the columns that it is computed from written out"
            label = f"{lengths[item.name]:,} characters, {depths[item.name]} within each other"
            help_line = "give what is used often a view of its own, and read that: sources: {v: {view: NAME}}"
            origin = item.sql.origin if isinstance(item, Computed) else item.origin
            found.add(error("MV101", origin.span, title, label=label, help=help_line))
            return


def _check_names(
    sql: Sql, place: ExpressionPlace, others: AbstractSet[str], names: AbstractSet[str], found: Findings
) -> None:
    calls = [call for call in sql.expression.calls if is_aggregate(builtins.builtin(call.name))]
    for ref in sql.expression.columns:
        if any(call.open < ref.start < call.close for call in calls):
            continue  # said of the aggregate already
        span = sql.origin.part(ref.start, ref.end)
        if ref.qualifier is not None:
            named = "`expr`" if place is EXPR else place.named
            title = f"{named} reads columns of this view, by their names alone"
            found.add(error("MV210", span, title, help=_aggregate_first(place)))
        elif ref.name not in names:
            lines = (did_you_mean(ref.name, others, "columns of this view", identifier), _quoted(sql, ref, others))
            found.add(error("MV204", span, f"this view has no column `{ref.name}`", label="no such column", help=lines))
    if sql.expression.subquery is not None:
        found.add(error("MV103", sql.origin.span, "a subquery cannot stand here", help="give the view a `sql:` body"))


def _quoted(sql: Sql, ref: ColumnRef, others: AbstractSet[str]) -> str:
    """What to write where the nearest column has a name that SQL needs in quotes, which YAML needs in quotes again."""
    near = nearest(ref.name, others)
    text = sql.origin.text
    if not near or identifier(near) == near or not text:
        return ""
    key = f"{sql.origin.path[-1]}: " if isinstance(sql.origin.path[-1], str) else ""
    return f"write {key}{yaml_value(f'{text[: ref.start]}{identifier(near)}{text[ref.end :]}')}"


def _aggregate_first(place: ExpressionPlace) -> str:
    if place is EXPR:
        return "to aggregate a source's column, use a function: sum, avg, …"
    return "give it a column under aggregates, with hidden: true where only this reads it"


def _circle(item: Derived) -> Diagnostic:
    others = ", ".join(f"`{name}`" for name in sorted(reads_columns(item)))
    return error("MV211", item.origin.key_span, f"`{item.name}` is computed from itself, through {others}")
