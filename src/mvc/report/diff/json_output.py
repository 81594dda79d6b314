"""A difference as JSON values with stable names. `docs/json.md` documents them; a change that breaks a reader raises VERSION."""

from __future__ import annotations

import re
from typing import Any, Final

from mvc.comparison.changes import Change
from mvc.comparison.difference import Classified, Difference, ViewDifference
from mvc.compiled.serialize import some_fields, to_record

FORMAT: Final = "mvc.diff"
VERSION: Final = 3


def diff_json(difference: Difference, project: str) -> dict[str, Any]:
    """Everything that changed: views by schema and name, their changes in the order of the comparison."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "project": project,
        "classes": list(difference.classes),
        "project_changes": [_classified(item) for item in difference.project],
        "views": [_view(view) for view in sorted(difference.views, key=lambda view: (view.schema, view.view))],
    }


def kind_name(kind: type[Change]) -> str:
    """`column_renamed` for ColumnRenamed."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()


def _view(view: ViewDifference) -> dict[str, Any]:
    return {
        "schema": view.schema,
        "name": view.view,
        **some_fields(view, "path status classes"),
        "changes": [_classified(item) for item in view.changes],
        "downstream": to_record(view.downstream),
    }


def _classified(item: Classified) -> dict[str, Any]:
    return {"kind": kind_name(type(item.change)), **to_record(item.change), "effects": _effects(item)}


def _effects(item: Classified) -> list[dict[str, Any]]:
    return [{"class": effect.class_, "reason": effect.reason, "undecided": effect.undecided} for effect in item.effects]
