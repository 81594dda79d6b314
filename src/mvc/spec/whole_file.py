"""Faults of a whole file: it holds a list or a text, or one entry of the list that it is to hold."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel

from mvc.diagnostics import Diagnostic, error
from mvc.source import Document
from mvc.source.words import yaml_flow
from mvc.spec.folders import another_folder
from mvc.spec.model_at import keys_of

_LIST_OF: Final = {
    "PolicyFile": ("policies", "policy"),
    "ScheduleFile": ("schedules", "schedule"),
    "PartitionFile": ("partitions", "table"),
}
_STARTS: Final = {
    "ViewSpec": ("view: NAME", "sources: {o: {table: TABLE}}", "dimensions: {id: o.id}"),
    "PolicyFile": ("policies:", "  - {policy: staff, view: VIEW, to: [staff], using: true}"),
    "ScheduleFile": ("schedules:", '  - {schedule: nightly, refresh: all, every: "0 2 * * *"}'),
    "PartitionFile": ("partitions:", "  - {table: TABLE, by: month}"),
    "MeasureFile": ("measures:", "  revenue: {table: TABLE, sum: amount}"),
    "ProjectSpec": ("catalog: schema/*.sql",),
}
_KEY_LIKE: Final = re.compile(r"([A-Za-z_]\w*)\s*(:|=|:=)\s*(\S.*)\Z")


def whole_file_fault(document: Document, model: type[BaseModel]) -> Diagnostic | None:
    """What is wrong with the file as a whole, or None."""
    data, kind = document.data, model.__name__
    if data is None:
        help_lines = ("write, for instance:", *_STARTS[kind])
        return error("MV012", document.span(), "this file is empty", help=help_lines)
    if isinstance(data, str):
        return _text(document, data, model)
    if isinstance(data, tuple):
        return _list(document, data, model)
    if not isinstance(data, Mapping):
        return error("MV012", document.span(), "this file must hold a mapping of keys to values", help=_STARTS[kind])
    if kind == "ViewSpec" and "view" not in data and isinstance(data.get("views"), Mapping | tuple):
        names = [str(name) for name in data["views"]] if isinstance(data["views"], Mapping) else ["one", "another"]
        files = ", ".join(f"views/{name}.yml" for name in names[:3])
        title = "a file of views/ holds one view, and no list of them"
        help_lines = (f"write each into a file of its own: {files}", "view: NAME, and the other keys at the margin")
        return error("MV010", document.key_span(("views",)), title, label="no such key", help=help_lines)
    return another_folder(document.path, data.keys()) or _single_entry(document, kind)


def _text(document: Document, data: str, model: type[BaseModel]) -> Diagnostic:
    first = data.strip().partition("\n")[0][:40]
    found = _KEY_LIKE.match(document.text.lstrip().split("\n")[0].rstrip())
    if found and found[1] in keys_of(model):
        what = (
            "a space is missing after the colon"
            if found[2] == ":"
            else f"a key ends with a colon, not with `{found[2]}`"
        )
        return error("MV012", document.span(), what, label="one text to YAML", help=f"write {found[1]}: {found[3]}")
    title = "this file must hold a mapping of keys to values, not text"
    return error(
        "MV012", document.span(), title, label=f"`{first}`", help=("write, for instance:", *_STARTS[model.__name__])
    )


def _list(document: Document, data: tuple[object, ...], model: type[BaseModel]) -> Diagnostic:
    kind = model.__name__
    if kind in _LIST_OF:
        key = _LIST_OF[kind][0]
        title = f"the list of this file stands under `{key}:`"
        return error("MV012", document.span(), title, label="a list", help=f"write {key}: in a line above it")
    names = [item["view"] for item in data if isinstance(item, Mapping) and isinstance(item.get("view"), str)]
    if kind == "ViewSpec" and names:
        files = ", ".join(f"views/{name}.yml" for name in names[:3])
        title = "a file of views/ holds one view, and no list of them"
        help_line = f"write each into a file of its own, without the dash: {files}"
        return error("MV012", document.span(), title, label="a list", help=help_line)
    title = "this file must hold a mapping of keys to values, not a list"
    return error("MV012", document.span(), title, label="a list", help=("write, for instance:", *_STARTS[kind]))


def _single_entry(document: Document, kind: str) -> Diagnostic | None:
    """`schedule: nightly` at the margin of a file whose list it is to be an entry of."""
    key, own = _LIST_OF.get(kind, ("", ""))
    if not key or own not in document.data or key in document.data:
        return None
    title = f"a file of {key}/ holds a list, `{key}:`, of which this is one entry"
    lines = [f"{name}: {yaml_flow(value)}" for name, value in document.data.items()]
    help_lines = ("write", f"{key}:", *(f"  {'-' if number == 0 else ' '} {line}" for number, line in enumerate(lines)))
    return error("MV010", document.key_span((own,)), title, label="an entry without its list", help=help_lines)
