"""Partitions that are due, and what became of them, as text and as data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from mvc.compiled.serialize import some_fields
from mvc.engines.postgres.server.partitions import DuePartition, Maintained, PartitionDone, ShrunkView
from mvc.report.text.style import Style


def due_text(tasks: Iterable[DuePartition]) -> str:
    """One line for each thing to do."""
    lines = [f"  {task.action:<7} {_where(task)}{_noted(task.note)}" for task in tasks]
    return "\n".join(lines) or "nothing is due"


def maintained_text(done: Maintained, style: Style) -> str:
    """One line for each thing that was done, then one for each view that was refreshed."""
    lines = [*(_done(item, style) for item in done.partitions), *(_view(item, style) for item in done.views)]
    return "\n".join(lines) or "nothing was due"


def due_json(tasks: Iterable[DuePartition]) -> dict[str, Any]:
    """What is due as data."""
    return {"format": "mvc.partitions", "version": 1, "due": [asdict(task) for task in tasks]}


def maintained_json(done: Maintained) -> dict[str, Any]:
    """What was done as data."""
    return {"format": "mvc.partitions", "version": 1, **some_fields(done, "partitions views")}


def _done(item: PartitionDone, style: Style) -> str:
    mark = style.paint("error", "✗") if item.error else style.paint("help", "✓")
    said = f": {item.error}" if item.error else ""
    return f"  {mark} {item.action:<8} {_where(item)}{said}{_noted(item.note)}"


def _where(item: DuePartition | PartitionDone) -> str:
    table = f"{item.schema}.{item.table}"
    if item.partition is None:
        return table
    return f"{item.partition} of {table}, {item.lower} to {item.upper}"


def _noted(note: str | None) -> str:
    return f" ({note})" if note else ""


def _view(item: ShrunkView, style: Style) -> str:
    mark = style.paint("help", "✓") if item.status == "completed" else style.paint("error", "✗")
    said = f": {item.error}" if item.error else ""
    return f"  {mark} refresh  {item.schema}.{item.view} {item.status}{said}"
