"""What is said of an import in every format: rows of a table, and lists under headings. No layout, no colour."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from mvc.diagnostics import Diagnostic
from mvc.importing.imported import Imported, ImportedView
from mvc.report.findings.text import in_order
from mvc.report.text.words import counted

COLUMNS: Final = ("view", "query", "its rows are told apart by", "indexes", "readers")
_NO_SCHEDULE: Final = "MV409"


@dataclass(frozen=True, slots=True)
class Said:
    """A line under a heading: of what, and what."""

    of: str
    text: str


def rows(found: Imported) -> Iterator[tuple[str, ...]]:
    """A row of the table for each view."""
    for view in found.views:
        query = "its author's" if view.authored else "the server's print"
        if view.kind == "view":
            yield called(view), query, "a plain view", "", ", ".join(view.readers)
        else:
            yield called(view), query, _grain(view), str(view.indexes), ", ".join(view.readers) or "its owner only"


def called(view: ImportedView) -> str:
    """A view by its name, with the schema where that is not the usual one."""
    return view.name if view.schema == "public" else f"{view.schema}.{view.name}"


def _grain(view: ImportedView) -> str:
    if view.grain is None:
        return "?"
    return f"{', '.join(view.grain)} ({view.grain_told_by})" if view.grain else view.grain_told_by


def lists(found: Imported) -> Iterator[tuple[str, list[Said]]]:
    """What else is to be said, under headings; none of them is empty."""
    asked = [
        Said(view.path, "nothing tells its rows apart: write its `grain` there") for view in found.views if view.asks
    ]
    remarks = _together((called(view), text) for view in found.views for text in view.remarks)
    lost = _together((called(view), f"{item.what}: {item.reason}") for view in found.views for item in view.lost)
    lost += [Said("", f"{item.what}: {item.reason}") for item in found.lost]
    for heading, said in (
        ("to be said by you", asked),
        ("worth knowing", remarks),
        ("not carried", lost),
        ("what mvc check finds", list(_findings(found))),
    ):
        if said:
            yield heading, said


def _together(said: Iterable[tuple[str, str]]) -> list[Said]:
    """What is the same of several views is said once."""
    views: dict[str, list[str]] = {}
    for of, text in said:
        views.setdefault(text, []).append(of)
    return [Said(", ".join(names), text) for text, names in views.items()]


def _findings(found: Imported) -> Iterator[Said]:
    """The findings with their places; that nothing refreshes a view is said once for all."""
    asked = {view.path for view in found.views if view.asks}
    unscheduled = 0
    for item in in_order(found.diagnostics):
        if item.code == _NO_SCHEDULE:
            unscheduled += 1
        elif not (item.span.path in asked and item.severity == "error"):
            yield Said(_place(item), f"{item.severity}[{item.code}]: {item.title}")
    if unscheduled:
        yield Said("schedules/", f"warning[{_NO_SCHEDULE}]: no schedule refreshes {counted(unscheduled, 'view')}")


def _place(item: Diagnostic) -> str:
    return f"{item.span.path}:{item.span.line}:{item.span.column}"
