"""Two compiled projects → their difference. The only door of this package; everything here is pure.

A `mvc diff` with a warm cache loads this package and the compiled views, so nothing heavy may be imported here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from mvc.comparison.alike_called import called_alike
from mvc.comparison.changes import (
    ColumnChange,
    ProjectChange,
    RefresherAdded,
    RefresherRemoved,
    SettingChanged,
    ViewAdded,
    ViewRemoved,
)
from mvc.comparison.columns import column_changes
from mvc.comparison.difference import Affected, AlteredView, Difference, Status, ViewDifference
from mvc.comparison.effects import classified
from mvc.comparison.freshness import NEVER, Freshness, freshness, loosened, spelled
from mvc.comparison.lineage import Readers, downstream, readers_of
from mvc.comparison.partitions import partition_changes
from mvc.comparison.presence import ViewRenamed
from mvc.comparison.reach import Reached, Seed, older_from, reached_from, seed_of
from mvc.comparison.renamed import Identity, Pair, followed, pairs_of
from mvc.comparison.stored import moved, stored_anew
from mvc.comparison.view import Surroundings, gone_columns, view_changes
from mvc.compiled.view import CompiledView, Operations, OwnName, Target

if TYPE_CHECKING:
    from mvc.compiled.project import Compiled


@dataclass(frozen=True, slots=True)
class _Sides:
    """Both projects, with what every view is compared by."""

    old: Mapping[Identity, CompiledView]
    new: Mapping[Identity, CompiledView]
    columns: Mapping[Identity, list[ColumnChange]]
    seeds: Mapping[Identity, Seed]
    readers: tuple[Readers, Readers]
    freshness: tuple[Mapping[str, Freshness], Mapping[str, Freshness]]
    moved: frozenset[str]
    setting: str
    renamed: Mapping[Identity, Pair] = field(default_factory=dict)


def compare(before: Compiled, after: Compiled) -> Difference:
    """What changed from `before` to `after`: the views in the order of `after`, then those that are gone."""
    before = called_alike(before, after)
    pairs = pairs_of(before.views, after.views)
    before = followed(before, pairs)
    sides = replace(_sides(before, after), renamed={pair.now: pair for pair in pairs if pair.now != pair.was})
    seeded = ((sides.new[key], seed) for key, seed in sides.seeds.items())
    reached = reached_from(seeded, sides.readers[1])
    older = older_from(sides.new.values(), _older(sides))
    found = [_view(sides, key, reached.get(view.called), older.get(view.called, ())) for key, view in sides.new.items()]
    gone = [_removed(sides, view) for key, view in sides.old.items() if key not in sides.new]
    changes = tuple(classified(change) for change in _project_changes(before, after))
    return Difference((*(item for item in found if item), *gone), changes)


def _sides(before: Compiled, after: Compiled) -> _Sides:
    old, new = _by_identity(before.views), _by_identity(after.views)
    pairs = {key: (old[key], new[key]) for key in new if key in old and old[key] != new[key]}
    same_schedules = before.schedules == after.schedules
    columns = {key: column_changes(*pair) for key, pair in pairs.items()}
    return _Sides(
        old,
        new,
        columns=columns,
        seeds={key: seed_of(*pair, columns[key]) for key, pair in pairs.items()},
        readers=(readers_of(before.views), readers_of(after.views)) if pairs or old.keys() - new.keys() else ({}, {}),
        freshness=({}, {}) if same_schedules else (freshness(before.schedules), freshness(after.schedules)),
        moved=frozenset(pair[1].called for pair in pairs.values() if moved(*pair)),
        setting=_setting(before, after),
    )


def _setting(before: Target, after: Target) -> str:
    """A setting that differs and decides what is stored, in words."""
    if before.timezone != after.timezone:
        return "time zone"
    return "search path" if before.search_path != after.search_path else ""


def _by_identity(views: Sequence[CompiledView]) -> Mapping[Identity, CompiledView]:
    return {(view.schema, view.name): view for view in views}


def _older(sides: _Sides) -> Iterator[str]:
    """The views whose rows may be older than before for a reason of their own."""
    for key, after in sides.new.items():
        before = sides.old.get(key)
        was, now = _freshness(sides, after)
        if before and after.kind == "materialized" and (before.kind == "plain" or loosened(was.bound, now.bound)):
            yield after.called


def _freshness(sides: _Sides, view: CompiledView) -> tuple[Freshness, Freshness]:
    before, after = (side.get(view.called, NEVER) for side in sides.freshness)
    return before, after


def _view(sides: _Sides, key: Identity, reached: Reached | None, older: tuple[str, ...]) -> ViewDifference | None:
    """A view of `after`, or None where nothing changed about it."""
    before, after = sides.old.get(key), sides.new[key]
    if before is None:
        alias = after.alias
        added = classified(ViewAdded(after.readers, f"{alias.schema}.{alias.name}" if alias else ""))
        return ViewDifference(after.name, after.schema, after.path, "added", (added,), (), apart=after.apart)
    was, now = _freshness(sides, after)
    renaming = _renaming(sides, after)
    if before == after and was == now and not reached and not older and not renaming:
        return None
    around = Surroundings(sides.moved, reached, older, was, now, sides.setting)
    anew = stored_anew(before, after)
    found = [*renaming, *view_changes(before, after, around)]
    changes = tuple(classified(change, anew=anew) for change in found)
    if not changes:
        return None
    followers = tuple(_downstream(sides, key))
    altered = _together(_own(sides, key), reached.altered if reached else AlteredView())
    status: Status = "renamed" if renaming else "changed"
    return ViewDifference(after.name, after.schema, after.path, status, changes, followers, altered, after.apart)


def _renaming(sides: _Sides, view: CompiledView) -> list[ViewRenamed]:
    pair = sides.renamed.get((view.schema, view.name))
    if pair is None:
        return []
    stays = next(
        (item.alias.until for item in sides.new.values() if item.alias and (item.schema, item.name) == pair.was), ""
    )
    return [ViewRenamed(*pair.was, *pair.now, stays)]


def _own(sides: _Sides, key: Identity) -> AlteredView:
    seed = sides.seeds.get(key)
    return seed.altered if seed else AlteredView()


def _together(one: AlteredView, other: AlteredView) -> AlteredView:
    return AlteredView(tuple(dict.fromkeys([*one.columns, *other.columns])), one.rows or other.rows)


def _downstream(sides: _Sides, key: Identity) -> Iterator[Affected]:
    """What was computed from the columns that are gone, and what follows from what its own changes alter."""
    gone = AlteredView(tuple(gone_columns(sides.columns.get(key, []))))
    yield from downstream(sides.old[key], gone, sides.readers[0])
    yield from downstream(sides.new[key], _own(sides, key), sides.readers[1])


def _removed(sides: _Sides, view: CompiledView) -> ViewDifference:
    everything = AlteredView(tuple(column.name for column in view.columns), rows=True)
    reached = tuple(downstream(view, everything, sides.readers[0]))
    return ViewDifference(
        view.name, view.schema, view.path, "removed", (classified(ViewRemoved()),), reached, apart=view.apart
    )


def _project_changes(before: Target, after: Target) -> Iterator[ProjectChange]:
    yield from (RefresherAdded(role) for role in sorted({*after.refresh_roles} - {*before.refresh_roles}))
    yield from (RefresherRemoved(role) for role in sorted({*before.refresh_roles} - {*after.refresh_roles}))
    settings = (
        ("timezone", before.timezone, after.timezone),
        ("stored schema", before.stored, after.stored),
        ("trusted roles", ", ".join(before.trusted_roles) or "none", ", ".join(after.trusted_roles) or "none"),
        ("search path", ", ".join(before.search_path), ", ".join(after.search_path)),
        *_operations(before.operations, after.operations),
    )
    yield from (SettingChanged(*setting) for setting in settings if setting[1] != setting[2])
    yield from partition_changes(before.partitions, after.partitions)


def _operations(before: Operations, after: Operations) -> tuple[tuple[str, str, str], ...]:
    """The settings of what runs beside the views, as texts."""

    def texts(side: Operations) -> Iterator[str]:
        yield ", ".join(sorted(side.monitor_roles)) or "none"
        yield side.notify or "none"
        yield "for ever" if side.log_seconds is None else spelled(side.log_seconds)
        yield ", ".join(sorted(f"{item.name} ({_stands_for(item)})" for item in side.names)) or "none"
        yield f"{side.change_bytes // 2**20} MB"

    settings = ("monitor roles", "notify", "log kept", "names", "changes logged")
    return tuple(zip(settings, texts(before), texts(after), strict=True))


def _stands_for(item: OwnName) -> str:
    return item.view or item.role.replace("_", " ")
