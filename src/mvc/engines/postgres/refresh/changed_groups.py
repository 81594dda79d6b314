"""The keys of the groups that may have changed since the last refresh, as one SELECT over the change logs and the clock.

Each key comes with its cause: the log that it was found by, or `date` or `time` where the clock moved it. A refresh asks for the
causes that there are: PostgreSQL then does not even plan the others.

A change of a row is logged with the columns that lead to its groups, as it was and as it is. What else lies on the way to the
groups may have changed as well, so each step reads the rows that there are and those that are logged. The result may name
groups that did not change; it never leaves one out.
"""

from __future__ import annotations

from typing import Final

from mvc.analysis.declared.tree import Node
from mvc.analysis.refresh.change_paths import Clocked, Trace
from mvc.analysis.refresh.clock import at_moment, only_dates
from mvc.analysis.relation import Arm
from mvc.analysis.resolved import ResolvedView
from mvc.analysis.unions import FROM_TABLE
from mvc.compiled.refresh import Watched
from mvc.engines.postgres.deploy.naming import CAUSE_COLUMN, changes_name, companion_name
from mvc.engines.postgres.query.hidden import WRAPPED, HiddenColumn, hidden_keys
from mvc.engines.postgres.query.proof import check_one_statement
from mvc.engines.postgres.query.several import arm_columns
from mvc.engines.postgres.refresh.clock_ranges import Since
from mvc.engines.postgres.refresh.key_paths import Paths, as_it_is, tables_of
from mvc.quoting import identifier, literal, qualified

_LAST: Final = "last_refresh"
_MOMENT: Final = f"(SELECT {_LAST}.as_of FROM {_LAST})"


def watched(trace: Trace) -> tuple[Watched, ...]:
    """The tables whose changes must be logged, with the columns that lead to the groups."""
    columns: dict[tuple[str, str], set[str]] = {}
    for node in trace.tree.nodes.values():
        for table, arm in tables_of(node):
            own = (column for column in trace.columns[node.alias] if not (arm and column == FROM_TABLE))
            columns.setdefault(table, set()).update(own)
    return tuple(
        Watched(schema, table, changes_name(schema, table), tuple(sorted(names)))
        for (schema, table), names in sorted(columns.items())
    )


def causes_query(view: ResolvedView, trace: Trace, storage: tuple[str, str]) -> str:
    """The SELECT of the causes and the keys, hidden ones among them where there are any; a key may come more than once."""
    changes = [(node, table) for node in trace.tree.nodes.values() for table, _ in tables_of(node)]
    parts = [
        f"SELECT {literal(changes_name(*table))}::text, {_after_changes(node, table, trace)}" for node, table in changes
    ]
    parts += [f"SELECT {literal(_clock(item))}::text, {_with_time(item, trace)}" for item in trace.clocked]
    logs = (_log(item, storage[0]) for item in watched(trace))
    union = "\nUNION ALL\n".join(dict.fromkeys(parts))
    text = f"WITH {', '.join((_last_refresh(storage), *logs))}\n{_stored(view, trace, union, CAUSE_COLUMN)}"
    check_one_statement(text)
    return text


def moved_query(view: ResolvedView, trace: Trace, storage: tuple[str, str]) -> str:
    """The SELECT of the keys, each once, whatever the cause."""
    names = (*(item.name for item in trace.keys), *(column.name for column in _hidden(view, trace)))
    return f"SELECT DISTINCT {', '.join(map(identifier, names))}\nFROM {qualified(storage[0], companion_name(storage[1], 'causes'))}"


def keys_query(view: ResolvedView, trace: Trace) -> str:
    """The SELECT of the keys of all rows of the base, to take a sample of; the columns are those of `moved_query`."""
    paths = Paths(trace, frozenset({trace.tree.base.alias}), as_it_is, as_it_is)
    text = _stored(view, trace, f"SELECT DISTINCT {paths.select(())}")
    check_one_statement(text)
    return text


def _stored(view: ResolvedView, trace: Trace, rows: str, *before: str) -> str:
    """The keys as the table has them: with the hidden columns. `before` are the columns of `rows` before the keys."""
    names = [*before, *(item.name for item in trace.keys)]
    listed = [*(qualified(WRAPPED, name) for name in names), *(column.listed for column in _hidden(view, trace))]
    return f"SELECT {', '.join(listed)}\nFROM (\n{rows}\n) AS {WRAPPED}({', '.join(map(identifier, names))})"


def _hidden(view: ResolvedView, trace: Trace) -> tuple[HiddenColumn, ...]:
    return hidden_keys(view, {item.name for item in trace.keys})


def _clock(item: Clocked) -> str:
    """Whether it changes at midnight only."""
    return "date" if only_dates(item.expression) else "time"


def _last_refresh(storage: tuple[str, str]) -> str:
    """What the last refresh left: the snapshot that it saw, and its moment. The table is meant, by whatever name it has later."""
    table = f"{literal(qualified(*storage))}::pg_catalog.regclass"
    stored = f"(SELECT c.relname FROM pg_catalog.pg_class AS c WHERE c.oid = {table})"
    relation = qualified(storage[0], "stored_relation")
    return f"{_LAST} AS (\n  SELECT s.cursor, s.as_of FROM {relation} AS s WHERE s.stored_name = {stored}\n)"


def _log(item: Watched, schema: str) -> str:
    """The changes that were not there for the last refresh; the name is the log's own."""
    columns = ", ".join(qualified("log", column) for column in item.columns)
    cursor = f"(SELECT {_LAST}.cursor FROM {_LAST})"
    unseen = f"log.mvc_at >= pg_catalog.pg_snapshot_xmin({cursor}) AND NOT pg_catalog.pg_visible_in_snapshot(log.mvc_at, {cursor})"
    return f"{identifier(item.log)} AS (\n  SELECT {columns} FROM {qualified(schema, item.log)} AS log\n  WHERE {unseen}\n)"


def _after_changes(node: Node, table: tuple[str, str], trace: Trace) -> str:
    """The keys that changes of one table of a source lead to."""

    def changed(other: Node, *only: tuple[str, str]) -> list[str]:
        return [
            f"SELECT {_listed(other, trace, arm)} FROM {identifier(changes_name(*item))} AS row_"
            for item, arm in tables_of(other)
            if not only or item in only
        ]

    def known(other: Node) -> str:
        now = f"SELECT {_listed(other, trace)} FROM {as_it_is(other)} AS row_"
        return f"({' UNION ALL '.join((now, *changed(other)))})"

    def rows(other: Node) -> str:
        return f"({' UNION ALL '.join(changed(other, table))})" if other.alias == node.alias else known(other)

    return Paths(trace, frozenset(trace.tree.path(node.alias)), rows, known).select(())


def _listed(node: Node, trace: Trace, arm: Arm | None = None) -> str:
    if arm:
        return arm_columns(arm, trace.columns[node.alias], "row_")
    return ", ".join(qualified("row_", column) for column in trace.columns[node.alias])


def _with_time(item: Clocked, trace: Trace) -> str:
    """The keys of rows for which an expression has another value than at the last refresh."""
    paths = Paths(trace, item.inside, as_it_is, as_it_is, item.expression)
    expression = paths.written(item.expression, raw=item.inside)
    before = at_moment(expression, _MOMENT)
    if not item.condition:
        # The operator *<> would not do: a dump loses the casts to record, without which it compares column by column.
        changed = f"pg_catalog.record_image_ne(ROW({expression.text}), ROW({before}))"
        return paths.select((changed,))
    changed = f"(({expression.text}) IS TRUE) <> (({before}) IS TRUE)"
    return paths.select(tuple(filter(None, (Since(_MOMENT, trace.tree).may_change(expression), changed))))
