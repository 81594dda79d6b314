"""Every kind of change in plain words, for all outputs of a difference: what is said is decided here, how it looks is not.

`told` is the door. mypy proves that no kind is forgotten, here and in each of the functions below.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from mvc.comparison.changes import (
    BodyChanged,
    CadenceChanged,
    Change,
    ColumnAdded,
    ColumnRedefined,
    ColumnRemoved,
    ColumnRenamed,
    ColumnRetyped,
    CommentChanged,
    FilterChanged,
    FreshnessChanged,
    GrainChanged,
    IndexAdded,
    IndexRemoved,
    KindChanged,
    OptionChanged,
    ReaderAdded,
    ReaderRemoved,
    RefresherAdded,
    RefresherRemoved,
    RequirementChanged,
    RulesChanged,
    SettingChanged,
    ShapeChanged,
    SourceAdded,
    SourceChanged,
    SourceRemoved,
    Verdict,
    ViewAdded,
    ViewRemoved,
)
from mvc.comparison.partitioning import PartitionsAdded, PartitionsChanged, PartitionsRemoved
from mvc.comparison.picked import PickChanged
from mvc.comparison.presence import ViewRenamed
from mvc.comparison.upstream import ReadFrom, UpstreamChanged, UpstreamOlder, UpstreamRebuilt
from mvc.report.diff.partition_words import partition_words
from mvc.report.diff.phrase import Phrase, values
from mvc.report.text.words import Quoted, Words, counted, quoted_in

_UNITS: Final = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))
_NO_RULE: Final = ("all rows", "no rows")  # what a comparison says instead of a rule
_SEES: Final[dict[Verdict, str]] = {
    "loosened": "more rows",
    "tightened": "fewer rows",
    "equal": "the same rows by other rules",
    "undecided": "perhaps other rows",
}


_Storage = ShapeChanged | UpstreamRebuilt | IndexAdded | IndexRemoved | OptionChanged
_Access = ReaderAdded | ReaderRemoved | RulesChanged
_Running = FreshnessChanged | UpstreamOlder | CadenceChanged | RefresherAdded | RefresherRemoved | SettingChanged


def told(change: Change) -> Phrase:
    """Any change in words."""
    match change:
        case ViewAdded() | ViewRemoved() | ViewRenamed():
            return _of_presence(change)
        case KindChanged() | GrainChanged() | CommentChanged() | RequirementChanged():
            return _of_view(change)
        case ColumnAdded() | ColumnRemoved() | ColumnRenamed() | ColumnRetyped() | ColumnRedefined():
            return _of_column(change)
        case SourceAdded() | SourceRemoved() | SourceChanged() | BodyChanged() | UpstreamChanged():
            return _of_rows(change)
        case FilterChanged() | PickChanged():
            return _of_condition(change)
        case _:
            return _of_service(change)


def _of_service(
    change: _Storage | _Access | _Running | PartitionsAdded | PartitionsRemoved | PartitionsChanged,
) -> Phrase:
    """What changes about how a view is stored, read and kept fresh."""
    match change:
        case ShapeChanged() | UpstreamRebuilt() | IndexAdded() | IndexRemoved() | OptionChanged():
            return _of_storage(change)
        case ReaderAdded() | ReaderRemoved() | RulesChanged():
            return _of_access(change)
        case FreshnessChanged() | UpstreamOlder() | CadenceChanged() | SettingChanged():
            return _of_running(change)
        case RefresherAdded() | RefresherRemoved():
            return _of_running(change)
        case PartitionsAdded() | PartitionsRemoved() | PartitionsChanged():
            return partition_words(change)


def _of_presence(change: ViewAdded | ViewRemoved | ViewRenamed) -> Phrase:
    match change:
        case ViewAdded(former_name_of=""):
            return Phrase(("new view",), (", readable by ", *_listed(change.readers, "its owner alone")))
        case ViewAdded():
            return Phrase(("former name of ", Quoted(change.former_name_of)))
        case ViewRemoved():
            return Phrase(("the view is gone",))
        case ViewRenamed():
            return Phrase(("renamed from ", Quoted(".".join(change.was))), (" to ", Quoted(".".join(change.now))))


def _of_view(change: KindChanged | GrainChanged | CommentChanged | RequirementChanged) -> Phrase:
    match change:
        case KindChanged():
            return Phrase((f"{change.before} view becomes a {change.after} one",))
        case GrainChanged():
            return Phrase(("another grain",), _lists(change.before, change.after, "unknown"))
        case CommentChanged():
            where: Words = ("comment of column ", Quoted(change.column)) if change.column else ("comment",)
            return Phrase(where, values(change.before, change.after, "none"))
        case RequirementChanged():
            return Phrase(("other extensions needed",), _lists(change.before, change.after, "none"))


def _of_column(change: ColumnAdded | ColumnRemoved | ColumnRenamed | ColumnRetyped | ColumnRedefined) -> Phrase:
    match change:
        case ColumnAdded():
            return Phrase(("column ", Quoted(change.column), " added"), (": ", Quoted(change.meaning)))
        case ColumnRemoved():
            return Phrase(("column ", Quoted(change.column), " is gone"))
        case ColumnRenamed():
            return Phrase(("column ", Quoted(change.before), " renamed to ", Quoted(change.after)))
        case ColumnRetyped():
            short = ("column ", Quoted(change.column), " has another type")
            return Phrase(short, values(change.before, change.after))
        case ColumnRedefined():
            of: Words = (" of the measure ", Quoted(change.measure)) if change.measure else ()
            redefined: Words = ("column ", Quoted(change.column), *of, " is computed from something else")
            return Phrase(redefined, values(change.before, change.after))


def _of_rows(
    change: SourceAdded | SourceRemoved | SourceChanged | BodyChanged | UpstreamChanged,
) -> Phrase:
    match change:
        case SourceAdded():
            return Phrase(("now reads ", Quoted(change.relation)), (": ", Quoted(change.meaning)))
        case SourceRemoved():
            return Phrase(("no longer reads ", Quoted(change.relation)), (": ", Quoted(change.meaning)))
        case SourceChanged():
            return Phrase(("reads other rows of ", Quoted(change.relation)), values(change.before, change.after))
        case BodyChanged():
            return Phrase(("another SELECT",))
        case UpstreamChanged():
            read = [word for item in change.through for word in (", ", *_read(item))][1:]
            return Phrase(("reads what is not what it was",), (": ", *read))


def _of_condition(change: FilterChanged | PickChanged) -> Phrase:
    before, after = (" AND ".join(side) or None for side in (change.before, change.after))
    name: Words = ("filter",) if isinstance(change, FilterChanged) else (Quoted(change.key),)
    return Phrase(("another ", *name), values(before, after, "all rows"))


def _of_storage(change: _Storage) -> Phrase:
    match change:
        case ShapeChanged():
            return Phrase(("stored in another way",), (": ", *quoted_in(change.reason)))
        case UpstreamRebuilt():
            return Phrase(("moves with ", *_listed(change.views, "what it reads")))
        case IndexAdded():
            return Phrase(("index added",), (": ", Quoted(change.definition)))
        case IndexRemoved():
            return Phrase(("index removed",), (": ", Quoted(change.definition)))
        case OptionChanged():
            return Phrase(("option ", Quoted(change.option)), values(change.before, change.after, "not set"))


def _of_access(change: _Access) -> Phrase:
    match change:
        case ReaderAdded():
            return Phrase(("readable by ", _role(change.role)))
        case ReaderRemoved():
            return Phrase(("no longer readable by ", _role(change.role)))
        case RulesChanged():
            who: Words = ("whoever else reads",) if change.role == "public" else (Quoted(change.role),)
            return Phrase(
                (*who, f" sees {_SEES[change.verdict]}"), (": ", _rows(change.before), " → ", _rows(change.after))
            )


def _of_running(change: _Running) -> Phrase:
    match change:
        case FreshnessChanged():
            before, after = _lasting(change.before), _lasting(change.after)
            return Phrase(("longest time between refreshes",), (f": {before} → {after}",))
        case UpstreamOlder():
            return Phrase(("reads what may be older",), (": ", *_listed(change.views, "nothing")))
        case CadenceChanged():
            return Phrase(("other schedules",), _lists(change.before, change.after, "none", "; "))
        case RefresherAdded():
            return Phrase((_role(change.role), " may refresh"))
        case RefresherRemoved():
            return Phrase((_role(change.role), " may no longer refresh"))
        case SettingChanged():
            return Phrase(("setting ", Quoted(change.setting)), values(change.before, change.after))


def _read(item: ReadFrom) -> Words:
    return ("the rows of ", Quoted(item.view)) if item.column is None else (Quoted(f"{item.view}.{item.column}"),)


def _role(role: str) -> str:
    return "everyone" if role == "public" else Quoted(role)


def _listed(names: Iterable[str], nothing: str) -> Words:
    words = [word for name in names for word in (", ", _role(name))][1:]
    return tuple(words) or (nothing,)


def _lists(before: Iterable[str], after: Iterable[str], nothing: str, between: str = ", ") -> Words:
    return values(between.join(before) or None, between.join(after) or None, nothing)


def _rows(rule: str) -> str:
    return rule if rule in _NO_RULE else Quoted(rule)


def _lasting(seconds: int | None) -> str:
    if seconds is None:
        return "never refreshed"
    size, unit = next(((size, unit) for size, unit in _UNITS if seconds >= size and seconds % size == 0), _UNITS[-1])
    return counted(seconds // size, unit)
