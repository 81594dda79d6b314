"""Specs that were made in Python, as the documents of a project: every stage after this one takes them as it takes YAML.

Only their places differ. A finding of a file has a path, a line and a column; one of a spec made in Python has what leads to it there
(`ViewSpec("daily").aggregates["total"].sum`), and a line and a column of the text that is the value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, count
from typing import Any, Final

from pydantic import BaseModel

from mvc.diagnostics import Span
from mvc.source import Document, Path, nothing
from mvc.spec.measures import MeasureFile, MeasureSpec
from mvc.spec.model_at import fields_of
from mvc.spec.partitions import PartitionFile, PartitionSpec
from mvc.spec.policy import PolicyFile, PolicySpec
from mvc.spec.project import ProjectSpec
from mvc.spec.schedule import ScheduleFile, ScheduleSpec
from mvc.spec.view import ViewSpec
from mvc.workspace.folder import PROJECT_FILE

_FOLDERS: Final = ("policies", "schedules", "partitions", "measures")
_PROJECT: Final = "Specs"  # what the places of all that has no name of its own begin with


@dataclass(frozen=True, slots=True)
class PythonDocument(Document):
    """A document whose data comes from `spec`; `path` is what its places begin with."""

    spec: BaseModel

    def span(self, path: Path = ()) -> Span:
        """The value at `path`, from its first character to its last."""
        known = self._known(path)
        text = _value(self.spec, known)
        return _stretch(self.place(known), text, 0, len(text)) if isinstance(text, str) else Span(self.place(known))

    def key_span(self, path: Path) -> Span:
        """The place itself: a key has no characters of its own here."""
        return Span(self.place(self._known(path)))

    def inside(self, path: Path, start: int, end: int) -> Span:
        """The characters `start:end` of the text at `path`."""
        text = _value(self.spec, path)
        return _stretch(self.place(path), text, start, end) if isinstance(text, str) and text else self.span(path)

    def place(self, path: Path) -> str:
        """What leads to a value, in Python."""
        return "".join(_steps(self.path, self.spec, path))


@dataclass(frozen=True)
class Specs(Mapping[str, str]):
    """A project made in Python: settings, views and the rest as models, and the base tables as DDL (or a snapshot) by file name.

    `settings.catalog` names the files of `tables`. As a mapping it is the project's files as they would be written (path → text), so that
    it can be kept; besides these it knows the text of every place that a finding may name.
    """

    settings: ProjectSpec
    views: Sequence[ViewSpec] = ()
    tables: Mapping[str, str] = field(default_factory=dict)
    policies: Sequence[PolicySpec] = ()
    predicates: Mapping[str, str] = field(default_factory=dict)
    schedules: Sequence[ScheduleSpec] = ()
    partitions: Sequence[PartitionSpec] = ()
    measures: Mapping[str, MeasureSpec] = field(default_factory=dict)

    def __getitem__(self, path: str) -> str:
        if path in self.tables:
            return self.tables[path]
        if path in self.documents:
            return json.dumps(self.documents[path].data, indent=2, ensure_ascii=False) + "\n"  # JSON is YAML
        return self._texts[path]

    def __iter__(self) -> Iterator[str]:
        yield from self.documents
        yield from self.tables

    def __len__(self) -> int:
        return len(self.documents) + len(self.tables)

    def __contains__(self, path: object) -> bool:
        return path in self.documents or path in self.tables

    @cached_property
    def documents(self) -> dict[str, PythonDocument]:
        """Each spec by the path of the file that it would be."""
        found = {PROJECT_FILE: _document(_named(self.settings), self.settings)}
        for view in self.views:
            found[_file_of(view, found)] = _document(_named(view), view)
        files = (
            PolicyFile(policies=tuple(self.policies), predicates=dict(self.predicates)),
            ScheduleFile(schedules=tuple(self.schedules)),
            PartitionFile(partitions=tuple(self.partitions)),
            MeasureFile(measures=dict(self.measures)),
        )
        for folder, file in zip(_FOLDERS, files, strict=True):
            if any(file.model_dump(exclude_defaults=True).values()):
                found[f"{folder}/python.yml"] = _document(_PROJECT, file)
        return found

    @cached_property
    def _texts(self) -> dict[str, str]:
        """Each text of a spec by the place that it has."""
        return {
            document.place(path): text
            for document in self.documents.values()
            for path in document.nodes
            if isinstance(text := _value(document.spec, path), str)
        }


def _file_of(view: ViewSpec, taken: Mapping[str, object]) -> str:
    """A file of a view's name; of two that are alike, the second has a number."""
    name = re.sub(r"[^\w-]", "_", view.view)
    paths = chain([f"views/{name}.yml"], (f"views/{name}{number}.yml" for number in count(2)))
    return next(path for path in paths if path not in taken)


def _document(path: str, spec: BaseModel) -> PythonDocument:
    data = spec.model_dump(by_alias=True, exclude_unset=True, exclude_none=True)
    nowhere = nothing(path)[()]
    return PythonDocument(path, "", data, dict.fromkeys(_paths(data, ()), nowhere), spec)


def _paths(data: Any, at: Path) -> Iterator[Path]:
    yield at
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, tuple) else ()
    for key, value in items:
        yield from _paths(value, (*at, key))


def _steps(root: str, spec: Any, path: Path) -> Iterator[str]:
    """The parts of a place. Policies, schedules and partitions have names, and are their own beginning."""
    here, shown = spec, [root]
    for number, part in enumerate(path):
        here = _child(here, part)
        if root == _PROJECT and number == 1 and isinstance(part, int) and isinstance(here, BaseModel):
            shown = [_named(here)]
        else:
            shown.append(_step(spec, path[: number + 1]))
    yield from shown


def _step(spec: Any, path: Path) -> str:
    owner, part = _value(spec, path[:-1]), path[-1]
    if isinstance(owner, BaseModel):
        return f".{fields_of(type(owner)).get(str(part), part)}"
    return f"[{json.dumps(part, ensure_ascii=False)}]"


def _value(spec: Any, path: Path) -> Any:
    """What lies at a key path; None where there is nothing."""
    for part in path:
        spec = _child(spec, part)
    return spec


def _child(owner: Any, part: str | int) -> Any:
    if isinstance(owner, BaseModel):
        return getattr(owner, fields_of(type(owner)).get(str(part), ""), None)
    if isinstance(owner, Mapping):
        return owner.get(part)
    return owner[part] if isinstance(owner, tuple) and isinstance(part, int) and part < len(owner) else None


def _named(spec: BaseModel) -> str:
    """`ViewSpec("daily")`: a spec by its name, which is its first field."""
    first = next(iter(type(spec).model_fields))
    return f"{type(spec).__name__}({json.dumps(getattr(spec, first), ensure_ascii=False)})"


def _stretch(place: str, text: str, start: int, end: int) -> Span:
    first, last = text[:start], text[:end]
    return Span(place, *_at(first), *_at(last))


def _at(before: str) -> tuple[int, int]:
    """The line and the column behind some text."""
    return before.count("\n") + 1, len(before) - before.rfind("\n")
