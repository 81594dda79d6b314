"""What each change does to those who use a view, in words for a reviewer. What cannot be decided counts as the worse.

`breaking` is whatever a reader's query may notice without asking for it: a column gone or of another type, and values or rows
under an old name that mean something else. `rebuild` stands beside it where rows have to be stored anew.
"""

from __future__ import annotations

from typing import Final

from mvc.comparison.changes import (
    AccessChange,
    CadenceChanged,
    Change,
    CommentChanged,
    ContentChange,
    FreshnessChanged,
    IndexAdded,
    IndexRemoved,
    OptionChanged,
    ReaderAdded,
    ReaderRemoved,
    RefresherAdded,
    RefresherRemoved,
    RequirementChanged,
    RulesChanged,
    ServiceChange,
    SettingChanged,
    ShapeChanged,
    StorageChange,
    ViewAdded,
    ViewRemoved,
)
from mvc.comparison.content import content_effect
from mvc.comparison.difference import CLASSES, Classified, Effect
from mvc.comparison.freshness import loosened, spelled
from mvc.comparison.partitioning import PartitionChange, PartitionsAdded, PartitionsChanged, PartitionsRemoved
from mvc.comparison.presence import ViewRenamed
from mvc.comparison.upstream import UpstreamOlder, UpstreamRebuilt

_OPERATIONS: Final = {
    "names": "",
    "monitor roles": "",
    "notify": "who is told of failed refreshes and broken promises",
    "log kept": "how long the log of refreshes is kept; the last row of each kind stays",
}
_ANEW: Final = Effect("rebuild", "the view is computed and stored anew")


def classified(change: Change, *, anew: bool = False) -> Classified:
    """The change with its effects, the gravest first. `anew` says that the view's rows are stored anew."""
    effects = _effects(change, anew=anew)
    grave = tuple(effect for effect in effects if effect.class_ != "safe")
    return Classified(change, tuple(sorted(grave or effects, key=lambda effect: CLASSES.index(effect.class_))))


def _effects(change: Change, *, anew: bool) -> tuple[Effect, ...]:
    if isinstance(change, ContentChange):
        return (content_effect(change), *((_ANEW,) if anew else ()))
    if isinstance(change, SettingChanged):
        return _of_setting(change)
    if isinstance(change, PartitionChange):
        return (_of_partitions(change),)
    if isinstance(change, ShapeChanged | UpstreamRebuilt):
        return (_of_shape(change, anew=anew),)
    if isinstance(change, StorageChange):
        return (_of_storage(change),)
    if isinstance(change, AccessChange | RefresherAdded | RefresherRemoved):
        return (_of_access(change),)
    return (_of_view(change),)


def _of_shape(change: ShapeChanged | UpstreamRebuilt, *, anew: bool) -> Effect:
    why = change.reason if isinstance(change, ShapeChanged) else f"it reads {_listed(change.views)}, which moves"
    if anew:
        return Effect("rebuild", f"it means the same and is stored anew: {why}")
    return Effect("safe", f"it means the same and stores nothing: {why}")


def _of_storage(change: IndexAdded | IndexRemoved | OptionChanged | RequirementChanged) -> Effect:
    match change:
        case IndexAdded():
            return Effect("safe", "questions may get faster, refreshes a little slower")
        case IndexRemoved():
            return Effect("safe", "the same rows; questions that used it get slower")
        case OptionChanged():
            return Effect("safe", "a storage parameter: the same rows")
        case RequirementChanged():
            return Effect("safe", "extensions that must be there before the view is deployed")


def _of_access(change: AccessChange | RefresherAdded | RefresherRemoved) -> Effect:
    match change:
        case ReaderAdded(role="public"):
            return Effect("access-loosened", "everyone may read the view now")
        case ReaderAdded(role=role):
            return Effect("access-loosened", f"`{role}` may read the view now")
        case ReaderRemoved(role="public"):
            return Effect("access-tightened", "not everyone may read the view any longer")
        case ReaderRemoved(role=role):
            return Effect("access-tightened", f"`{role}` may no longer read the view")
        case RulesChanged():
            return _of_rules(change)
        case RefresherAdded(role=role):
            return Effect("access-loosened", f"`{role}` may refresh every view now")
        case RefresherRemoved(role=role):
            return Effect("access-tightened", f"`{role}` may no longer refresh")


def _of_rules(change: RulesChanged) -> Effect:
    who = "readers" if change.role == "public" else f"`{change.role}`"
    match change.verdict:
        case "tightened":
            return Effect("access-tightened", f"{who} may see fewer rows: {change.reason}")
        case "equal":
            return Effect("safe", f"{who} may see the same rows")
        case "loosened":
            return Effect("access-loosened", f"{who} may see more rows: {change.reason}")
        case "undecided":
            reason = f"{who} may see other rows, taken as more since it is undecided: {change.reason}"
            return Effect("access-loosened", reason, undecided=True)


def _of_setting(change: SettingChanged) -> tuple[Effect, ...]:
    if change.setting == "timezone":
        reason = f"dates and casts are computed in {change.after}, no longer in {change.before}"
        return (Effect("breaking", reason), Effect("rebuild", "every materialized view is stored anew"))
    if change.setting == "stored schema":
        return (Effect("rebuild", f"every materialized view is stored anew, in {change.after}"),)
    if change.setting in _OPERATIONS:
        return (_of_operations(change),)
    return (
        Effect("breaking", "names without a schema may mean other tables and functions", undecided=True),
        Effect("access-loosened", "so may the names in access rules", undecided=True),
    )


def _of_partitions(change: PartitionChange) -> Effect:
    match change:
        case PartitionsAdded(keep=None):
            return Effect("safe", "the next partitions are made in time; nothing is retired")
        case PartitionsAdded(keep=keep):
            return Effect("breaking", f"rows older than {keep} leave the table, and the views that read it")
        case PartitionsRemoved():
            return Effect("breaking", "nothing makes the next partitions: the first row that needs one is refused")
        case PartitionsChanged(less=False):
            return Effect("safe", "the same rows stay; what is there is not made anew")
        case PartitionsChanged(setting="retire"):
            return Effect("breaking", "old partitions are dropped, where they became tables of their own")
        case PartitionsChanged(after=after):
            return Effect("breaking", f"rows older than {after} leave the table, and the views that read it")


def _of_operations(change: SettingChanged) -> Effect:
    before, after = (set(side.split(", ")) - {"none"} for side in (change.before, change.after))
    match change.setting:
        case "names" if before - after:
            return Effect(
                "breaking", "whatever calls a name that goes, or stands for something else, fails or does that"
            )
        case "names":
            return Effect("safe", "the roles that refresh or monitor may use the new names")
        case "monitor roles" if after - before:
            return Effect("access-loosened", "more roles may see sizes, freshness, usage and the log")
        case "monitor roles":
            return Effect("access-tightened", "fewer roles may see sizes, freshness, usage and the log")
        case _:
            return Effect("safe", _OPERATIONS[change.setting])


def _of_view(change: ViewAdded | ViewRemoved | ViewRenamed | ServiceChange) -> Effect:
    match change:
        case ViewAdded() | ViewRemoved() | ViewRenamed():
            return _of_presence(change)
        case CommentChanged():
            return Effect("safe", "a description")
        case UpstreamOlder(views=views):
            return Effect("freshness-loosened", f"its rows are as old as those that it reads of {_listed(views)}")
        case CadenceChanged():
            return Effect("safe", "refreshes at other times or under other limits; how old rows may be is told apart")
        case FreshnessChanged(before=before, after=after):
            return _of_freshness(before, after)


def _of_presence(change: ViewAdded | ViewRemoved | ViewRenamed) -> Effect:
    match change:
        case ViewAdded(former_name_of=""):
            return Effect("safe", "a new view; nothing reads it yet")
        case ViewAdded(former_name_of=name):
            return Effect("safe", f"it has the rows of `{name}`, for the same readers")
        case ViewRenamed(alias_until=""):
            return Effect("breaking", "whatever asks for it by its former name fails; views that read it follow")
        case ViewRenamed(alias_until=until):
            return Effect(
                "safe", f"the former name stays until {until}, as a view of the same rows; views that read it follow"
            )
        case ViewRemoved():
            return Effect("breaking", "the view is gone: whatever reads it fails")


def _of_freshness(before: int | None, after: int | None) -> Effect:
    if after is None:
        return Effect("freshness-loosened", "nothing refreshes the view any longer")
    if before is not None and loosened(before, after):
        reason = f"up to {spelled(after)} between two refreshes, where it was {spelled(before)}"
        return Effect("freshness-loosened", reason)
    return Effect("safe", f"refreshed at least every {spelled(after)}, more often than before")


def _listed(views: tuple[str, ...]) -> str:
    return ", ".join(f"`{view}`" for view in views)
