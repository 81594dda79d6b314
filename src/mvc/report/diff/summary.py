"""What every output of a difference begins or ends with: what differs, in which order it is told, how much it is.

The gravest comes first. What changed about the project as a whole is told like a view that has no name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from mvc.comparison.changes import ColumnRedefined
from mvc.comparison.difference import (
    CLASSES,
    Affected,
    Class,
    Classified,
    Difference,
    Status,
    ViewDifference,
    classes_of,
)
from mvc.report.text.words import Quoted, Words, counted

STATUSES: Final[tuple[Status, ...]] = ("added", "removed", "renamed", "changed")
SIGNS: Final[dict[Status, str]] = {"added": "+", "removed": "−", "renamed": "→", "changed": "~"}


@dataclass(frozen=True, slots=True)
class Subject:
    """A view, or the project as a whole (its `path` is empty), with everything that changed about it."""

    name: Words
    status: Status
    path: str
    changes: tuple[Classified, ...]
    downstream: tuple[Affected, ...]

    @property
    def classes(self) -> tuple[tuple[Class, bool], ...]:
        """Its classes, the gravest first, each with whether it is only assumed, since it could not be decided."""
        return tuple((item, item not in self._decided) for item in classes_of(self.changes))

    @property
    def _decided(self) -> set[Class]:
        return {effect.class_ for item in self.changes for effect in item.effects if not effect.undecided}


def subjects(difference: Difference) -> list[Subject]:
    """Everything that differs, the gravest first."""
    project = [Subject(("the project",), "changed", "", difference.project, ())] if difference.project else []
    views = [_of_view(view) for view in sorted(difference.views, key=lambda view: (view.schema, view.view))]
    return sorted(project + views, key=lambda subject: _gravity(subject.changes))


def followed(item: Affected, name: Callable[[str], str]) -> str:
    """What follows from a change, in words; `name` writes a name."""
    through = "these rows" if item.through is None else name(item.through)
    if item.column is None:
        return f"rows of {name(item.view)} follow from {through}"
    said = "is computed over" if item.through is None else "is computed from"
    return f"{name(f'{item.view}.{item.column}')} {said} {through}"


def measures_changed(difference: Difference) -> list[Words]:
    """For each measure whose definition changed, which columns of which views it touches."""
    touched: dict[str, list[str]] = {}
    for view in sorted(difference.views, key=lambda view: (view.schema, view.view)):
        for change in (item.change for item in view.changes):
            if isinstance(change, ColumnRedefined) and change.measure:
                touched.setdefault(change.measure, []).append(f"{view.schema}.{view.view}.{change.column}")
    return [
        ("the measure ", Quoted(name), " changed, and with it ", *_listed(columns)) for name, columns in touched.items()
    ]


def _listed(names: Sequence[str]) -> Words:
    return tuple(part for name in names for part in (", ", Quoted(name)))[1:]


def verdict(difference: Difference) -> str:
    """`2 views changed, 1 added; 4 changes: 1 breaking, 3 safe`: each change counts once, as the gravest that it is."""
    if difference.empty:
        return "no differences"
    told = [_views(difference.views)] if difference.views else []
    told += ["the project changed"] if difference.project else []
    changes = [*difference.project, *(item for view in difference.views for item in view.changes)]
    return f"{', '.join(told)}; {counted(len(changes), 'change')}: {_by_class(changes)}"


def _of_view(view: ViewDifference) -> Subject:
    name = (Quoted(f"{view.schema}.{view.view}"),)
    return Subject(name, view.status, view.path, view.changes, view.downstream)


def _gravity(changes: Sequence[Classified]) -> int:
    return min((CLASSES.index(effect.class_) for item in changes for effect in item.effects), default=len(CLASSES))


def _views(views: Sequence[ViewDifference]) -> str:
    counts = [(sum(view.status == status for view in views), status) for status in STATUSES]
    (first, status), *others = [item for item in counts if item[0]]
    return ", ".join([f"{counted(first, 'view')} {status}", *(f"{count:,} {status}" for count, status in others)])


def _by_class(changes: Sequence[Classified]) -> str:
    gravest = [CLASSES[_gravity([item])] for item in changes]
    counts = [f"{gravest.count(item):,} {item}" for item in CLASSES if item in gravest]
    undecided = sum(any(effect.undecided for effect in item.effects) for item in changes)
    return ", ".join(counts) + (f"; {undecided:,} of them undecided" if undecided else "")
