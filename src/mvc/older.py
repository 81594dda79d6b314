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
    return from_record(CompiledView, data)


def read_target(data: Any) -> Target:
    """What held for a whole project. Raises RecordError. Until generation 2 nobody looked after partitions."""
    return from_record(Target, {"partitions": []} | data if isinstance(data, dict) else data)
