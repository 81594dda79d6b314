"""What can change about a view or a project: a closed union. Only facts are here; `effects` says what they do to whom.

A change of layout, comments, key order, a moved file or a renamed alias is none of these.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mvc.comparison.partitioning import PartitionChange
from mvc.comparison.picked import PickChanged
from mvc.comparison.presence import ViewRenamed
from mvc.comparison.upstream import UpstreamChanged, UpstreamOlder, UpstreamRebuilt

Verdict = Literal["loosened", "tightened", "equal", "undecided"]


@dataclass(frozen=True, slots=True)
class ViewAdded:
    """A view that was not there; one that only is the former name of another says of which."""

    readers: tuple[str, ...]
    former_name_of: str = ""


@dataclass(frozen=True, slots=True)
class ViewRemoved:
    """A view that is gone."""


@dataclass(frozen=True, slots=True)
class KindChanged:
    """Materialized became plain, or the other way."""

    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ColumnAdded:
    """A column that was not there."""

    column: str
    meaning: str


@dataclass(frozen=True, slots=True)
class ColumnRemoved:
    """A column that is gone."""

    column: str


@dataclass(frozen=True, slots=True)
class ColumnRenamed:
    """The same column under another name."""

    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ColumnRetyped:
    """A column of another type."""

    column: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ColumnRedefined:
    """A column that is computed from something else; `measure` is the one of the project that it shows, before and after."""

    column: str
    before: str
    after: str
    measure: str = ""


@dataclass(frozen=True, slots=True)
class GrainChanged:
    """Other columns identify a row."""

    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SourceAdded:
    """A source that was not there."""

    relation: str
    meaning: str


@dataclass(frozen=True, slots=True)
class SourceRemoved:
    """A source that is gone."""

    relation: str
    meaning: str


@dataclass(frozen=True, slots=True)
class SourceChanged:
    """A source of which other rows count."""

    relation: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class FilterChanged:
    """The view's own `where`: conditions joined by AND; empty means all rows."""

    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BodyChanged:
    """The SELECT of a `sql:` body, beyond what its columns say."""


@dataclass(frozen=True, slots=True)
class ShapeChanged:
    """What is stored is computed in another way, although everything said is the same: other keys, time zone, compiler."""

    reason: str


@dataclass(frozen=True, slots=True)
class IndexAdded:
    """An index that was not there."""

    definition: str


@dataclass(frozen=True, slots=True)
class IndexRemoved:
    """An index that is gone."""

    definition: str


@dataclass(frozen=True, slots=True)
class OptionChanged:
    """A storage parameter; None where it is not set."""

    option: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class ReaderAdded:
    """A role that may read the view now (`public` is everyone)."""

    role: str


@dataclass(frozen=True, slots=True)
class ReaderRemoved:
    """A role that may no longer read the view."""

    role: str


@dataclass(frozen=True, slots=True)
class RulesChanged:
    """The rows that a role may see (`public`: whoever else reads), as `rule OR rule` texts. `undecided` counts as loosened."""

    role: str
    verdict: Verdict
    before: str
    after: str
    reason: str


@dataclass(frozen=True, slots=True)
class CommentChanged:
    """The description of the view (`column` is empty) or of one column."""

    column: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class FreshnessChanged:
    """The longest time between two refreshes that the schedules allow, in seconds; None: nothing refreshes it."""

    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True)
class CadenceChanged:
    """The schedules that refresh the view, each as a line of text."""

    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RequirementChanged:
    """The extensions that the view needs."""

    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RefresherAdded:
    """A role that may refresh every view of the project now."""

    role: str


@dataclass(frozen=True, slots=True)
class RefresherRemoved:
    """A role that may no longer refresh."""

    role: str


@dataclass(frozen=True, slots=True)
class SettingChanged:
    """A setting of the whole project: `timezone`, `names`, `notify` and the like, as texts."""

    setting: str
    before: str
    after: str


ColumnChange = ColumnAdded | ColumnRemoved | ColumnRenamed | ColumnRetyped | ColumnRedefined
SourceChange = SourceAdded | SourceRemoved | SourceChanged
RowChange = GrainChanged | SourceChange | FilterChanged | PickChanged | BodyChanged
ContentChange = KindChanged | ColumnChange | RowChange | UpstreamChanged
StorageChange = ShapeChanged | UpstreamRebuilt | IndexAdded | IndexRemoved | OptionChanged | RequirementChanged
AccessChange = ReaderAdded | ReaderRemoved | RulesChanged
ServiceChange = CommentChanged | FreshnessChanged | UpstreamOlder | CadenceChanged
ViewChange = ViewAdded | ViewRemoved | ViewRenamed | ContentChange | StorageChange | AccessChange | ServiceChange
ProjectChange = RefresherAdded | RefresherRemoved | SettingChanged | PartitionChange
Change = ViewChange | ProjectChange
