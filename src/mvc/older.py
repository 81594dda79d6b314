"""Compiled data as older compilers wrote it into the ledger of a database, read as the present one has it.

What a later compiler says besides has a default where it is declared; here is what follows from the rest.
"""

from __future__ import annotations

from typing import Any

from mvc.artifacts import CompiledView, Target
from mvc.record import from_record


def read_view(data: Any) -> CompiledView:
    """A view of the ledger. Raises RecordError. Until generation 2 every view was stored as its kind says."""
    if isinstance(data, dict) and "stored_as" not in data:
        stored_as = "view" if data.get("kind") == "plain" else "materialized view"
        data = data | {"stored_as": stored_as, "merge": None}
    return from_record(CompiledView, _with_rows(data) if isinstance(data, dict) and "rows" not in data else data)


def _with_rows(data: dict[str, Any]) -> dict[str, Any]:
    """What nothing said until generation 6: which rows are behind a column and a view. All that the view reads may be."""
    columns = sorted(data["reads"])
    relations = {name.rpartition(".")[0] for name in columns} | {source["relation"] for source in data["sources"]}
    relations |= {f"{data['schema']}.{name}" for name in data["upstream"]}
    rows = {"relations": sorted(relations), "columns": columns}
    counting = [
        column | ({"rows": rows} if "(" in column["meaning"] or data["body"] else {}) for column in data["columns"]
    ]
    return data | {"rows": rows, "columns": counting}


def read_target(data: Any) -> Target:
    """What held for a whole project. Raises RecordError. Until generation 2 nobody looked after partitions."""
    return from_record(Target, {"partitions": []} | data if isinstance(data, dict) else data)
