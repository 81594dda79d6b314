"""Compiled data as older compilers wrote it into the ledger of a database, read as the present one has it.

What a later compiler says besides has a default where it is declared; here is what follows from the rest.
"""

from __future__ import annotations

import re
from typing import Any, Final

from mvc.compiled.serialize import RecordError, from_record
from mvc.compiled.view import CompiledView, Target
from mvc.expression import ExpressionError
from mvc.expression.canonical import canonical_text

_NUMBER: Final = re.compile(r"@([0-9]+)")  # what a table's alias is called in a body's meaning
_ALIAS: Final = re.compile(r"mvc_alias_([0-9]+)")


def read_view(data: Any) -> CompiledView:
    """A view of the ledger. Raises RecordError. Until generation 2 every view was stored as its kind says."""
    if isinstance(data, dict) and "stored_as" not in data:
        stored_as = "view" if data.get("kind") == "plain" else "materialized view"
        data = data | {"stored_as": stored_as, "merge": None}
    try:
        present = _with_rows(data) if isinstance(data, dict) and "rows" not in data else data
    except (KeyError, TypeError, AttributeError) as problem:
        raise RecordError(f"not a record of CompiledView: {problem!r}") from None
    return from_record(CompiledView, present)


def _with_rows(data: dict[str, Any]) -> dict[str, Any]:
    """What nothing said until generation 6: which rows are behind a column and a view. All that the view reads may be."""
    columns = sorted(data["reads"])
    relations = {name.rpartition(".")[0] for name in columns} | {source["relation"] for source in data["sources"]}
    relations |= {f"{data['schema']}.{name}" for name in data["upstream"]}
    rows = {"relations": sorted(relations), "columns": columns}
    counting = [
        column | ({"rows": rows} if "(" in column["meaning"] or data["body"] else {}) for column in data["columns"]
    ]
    sources = [source | {"meaning": respelled(source["meaning"])} for source in data["sources"]]
    said = [column | {"meaning": respelled(column["meaning"])} for column in counting]
    filters = sorted(map(respelled, data["filters"]))
    texts = {"columns": said, "sources": sources, "filters": filters, "body": respelled(data["body"])}
    return data | {"rows": rows} | texts


def respelled(meaning: str) -> str:
    """A meaning in the spelling that the present compiler gives it; as it is where it is no text of SQL's tokens."""
    if not meaning:
        return meaning
    try:
        return _ALIAS.sub(r"@\1", canonical_text(_NUMBER.sub(r"mvc_alias_\1", meaning)))
    except ExpressionError:
        return meaning


def read_target(data: Any) -> Target:
    """What held for a whole project. Raises RecordError. Until generation 2 nobody looked after partitions."""
    return from_record(Target, {"partitions": []} | data if isinstance(data, dict) else data)
