"""The result of a comparison: changes by view, each with its effects. Plain data for reports, plans and exit codes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from mvc.comparison.changes import Change
from mvc.compiled.called import called

Class = Literal["breaking", "access-loosened", "access-tightened", "freshness-loosened", "rebuild", "safe"]
CLASSES: Final[tuple[Class, ...]] = (
    "breaking",
    "access-loosened",
    "access-tightened",
    "freshness-loosened",
    "rebuild",
    "safe",
)  # the gravest first


Status = Literal["added", "removed", "renamed", "changed"]


@dataclass(frozen=True, slots=True)
class Effect:
    """What a change does, and why. `undecided` says that this is assumed, since it could not be decided."""

    class_: Class
    reason: str
    undecided: bool = False


@dataclass(frozen=True, slots=True)
class Classified:
    """A change with its effects, the gravest first; at least one."""

    change: Change
    effects: tuple[Effect, ...]


@dataclass(frozen=True, slots=True)
class AlteredView:
    """What about a view is not what it was: values of `columns` under the same names, or which `rows` it has."""

    columns: tuple[str, ...] = ()
    rows: bool = False


@dataclass(frozen=True, slots=True)
class Affected:
    """What of another view of the project follows from something that goes or changes: a `column`, or which rows it has (None).
    `through` is the column here, or None for which rows there are.
    """

    view: str
    column: str | None
    through: str | None


@dataclass(frozen=True, slots=True)
class ViewDifference:
    """Everything that changed about one view. `path` is where it is (or was) declared; `altered` is what of it is not what it was, by
    its own spec or by what it reads.
    """

    view: str
    schema: str
    path: str
    status: Status
    changes: tuple[Classified, ...]
    downstream: tuple[Affected, ...]
    altered: AlteredView = AlteredView()
    apart: bool = False

    @property
    def called(self) -> str:
        """What the project calls the view."""
        return called(self.schema, self.view, apart=self.apart)

    @property
    def classes(self) -> tuple[Class, ...]:
        """The classes of its changes, the gravest first."""
        return classes_of(self.changes)


@dataclass(frozen=True, slots=True)
class Difference:
    """What changed between two states of a project."""

    views: tuple[ViewDifference, ...]
    project: tuple[Classified, ...]

    @property
    def empty(self) -> bool:
        """Whether nothing changed."""
        return not self.views and not self.project

    @property
    def classes(self) -> tuple[Class, ...]:
        """The classes of all changes, the gravest first."""
        return classes_of([*self.project, *(item for view in self.views for item in view.changes)])


def classes_of(changes: Iterable[Classified]) -> tuple[Class, ...]:
    """The classes of some changes, each once, the gravest first."""
    found = {effect.class_ for item in changes for effect in item.effects}
    return tuple(item for item in CLASSES if item in found)
