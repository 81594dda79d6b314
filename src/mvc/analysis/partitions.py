"""Partitionings → what they mean for the catalog's tables; those that no such table bears are errors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

from mvc.catalog.types import Catalog, Relation
from mvc.compiled.schedule import PARTITIONS, CompiledPartitioning, CompiledSchedule
from mvc.diagnostics import Findings, did_you_mean, error
from mvc.model.cron import cron_times
from mvc.model.partitions import Partitioning
from mvc.model.project import Project
from mvc.quoting import qualified

TimeKind = Literal["date", "timestamp", "timestamptz"]

_CODE: Final = "MV611"
_UNFIT: Final = {
    "list": "is partitioned by list",
    "hash": "is partitioned by hash",
    "expression": "is partitioned by an expression",
    "": "is partitioned, but the snapshot does not say how: make it anew with `mvc catalog pull`",
}


def resolve_partitions(project: Project, found: Findings) -> tuple[CompiledPartitioning, ...]:
    """The partitionings with their tables and columns, by table."""
    resolved: dict[tuple[str, str], CompiledPartitioning] = {}
    for item in project.partitions:
        compiled = _resolve(item, project.catalog, found)
        if compiled is None:
            continue
        key = (compiled.table_schema, compiled.table)
        if key in resolved:
            title = f"the partitions of `{qualified(*key)}` are defined already"
            found.add(error("MV013", item.origin.at("table").span, title, help="keep one of the two"))
        resolved.setdefault(key, compiled)
    return tuple(resolved[key] for key in sorted(resolved))


def partition_schedules(
    partitions: Iterable[CompiledPartitioning], others: Iterable[CompiledSchedule]
) -> tuple[CompiledSchedule, ...]:
    """When to look after them: a schedule for each time that some table asks for, with a name that no other has."""
    taken = {schedule.name for schedule in others}
    asked = dict.fromkeys((item.cron, item.timezone) for item in partitions)
    schedules: list[CompiledSchedule] = []
    for cron, timezone in asked:
        name = PARTITIONS if len(asked) == 1 else f"{PARTITIONS} {cron} {timezone}"
        while name in taken:
            name += " (partitions)"
        schedules.append(_schedule(name, cron, timezone))
    return tuple(schedules)


def _schedule(name: str, cron: str, timezone: str) -> CompiledSchedule:
    return CompiledSchedule(
        name=name,
        views=(),
        cron=cron,
        times=cron_times(cron),
        timezone=timezone,
        mode=PARTITIONS,
        description="Makes the next partitions of base tables, and retires old ones.",
    )


def _resolve(item: Partitioning, catalog: Catalog, found: Findings) -> CompiledPartitioning | None:
    relation = catalog.relation(item.table.name, item.table.schema)
    span = item.origin.at("table").span
    if relation is None:
        shown = ".".join(filter(None, (item.table.schema, item.table.name)))
        known = [other.name for other in catalog.relations if other.kind == "partitioned table"]
        help_line = did_you_mean(item.table.name, known, "partitioned tables")
        found.add(error("MV201", span, f"no table is named `{shown}`", label="unknown table", help=help_line))
        return None
    if problem := _problem(relation):
        title = f"`{qualified(relation.schema, relation.name)}` {problem}"
        found.add(error(_CODE, span, title, help="partitions are made for PARTITION BY RANGE of one time column"))
        return None
    column = relation.partition_by[0]
    return CompiledPartitioning(
        table_schema=relation.schema,
        table=relation.name,
        column=column,
        kind=_kind(relation, column) or "date",
        by=item.by,
        ahead=item.ahead,
        keep=str(item.keep) if item.keep else None,
        retire=item.retire,
        timezone=item.timezone,
        cron=item.cron,
    )


def _problem(relation: Relation) -> str:
    """Why a table's partitions cannot be looked after, or an empty string."""
    if relation.kind == "partition":
        return "is itself a partition: name the table at the top"
    if relation.kind != "partitioned table":
        return "is not partitioned"
    if relation.partition_method != "range":
        return _UNFIT[relation.partition_method]
    if len(relation.partition_by) != 1:
        return "is partitioned by several columns"
    column = relation.partition_by[0]
    if _kind(relation, column) is None:
        spelled = getattr(relation.column(column), "type", None)
        return f"is partitioned by `{column}`, which is {spelled or 'of an unknown type'}"
    return ""


def _kind(relation: Relation, column: str) -> TimeKind | None:
    found = relation.column(column)
    spelled = (found.type if found else None) or ""
    if spelled == "date":
        return "date"
    if not spelled.startswith("timestamp") or spelled.endswith("[]"):
        return None
    return "timestamptz" if spelled.endswith("with time zone") else "timestamp"
