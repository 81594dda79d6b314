"""Two compiled projects → their difference. The only door of this package; everything here is pure.

A `mvc diff` with a warm cache loads this package and the compiled views, so nothing heavy may be imported here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mvc.artifacts import CompiledView, Operations, OwnName, Target
from mvc.comparison.changes import (
    ColumnChange,
    ProjectChange,
    RefresherAdded,
    RefresherRemoved,
    SettingChanged,
    ViewAdded,
    ViewRemoved,
)
from mvc.comparison.columns import column_changes, renames
from mvc.comparison.difference import Affected, Difference, ViewDifference
from mvc.comparison.effects import classified
from mvc.comparison.freshness import NEVER, Cadence, cadences, spelled
from mvc.comparison.lineage import Readers, downstream, readers_of
from mvc.comparison.partitions import partition_changes
from mvc.comparison.rows import of_other_rows, row_changes
from mvc.comparison.stored import moved, stored_anew
from mvc.comparison.view import Surroundings, changed_columns, gone_columns, view_changes

if TYPE_CHECKING:
    from mvc.compiled import Compiled

Identity = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Sides:
    """Both projects, with what every view is compared by."""

    old: Mapping[Identity, CompiledView]
    new: Mapping[Identity, CompiledView]
    columns: Mapping[Identity, list[ColumnChange]]
    readers: tuple[Readers, Readers]
    cadences: tuple[Mapping[str, Cadence], Mapping[str, Cadence]]
    moved: frozenset[str]
    setting: str


def compare(before: Compiled, after: Compiled) -> Difference:
    """What changed from `before` to `after`: the views in the order of `after`, then those that are gone."""
    sides = _sides(before, after)
    affected = _affected_columns(sides)
    found = [_view(sides, key, affected.get(key[1], {})) for key in sides.new]
    gone = [_removed(sides, view) for key, view in sides.old.items() if key not in sides.new]
    changes = tuple(classified(change) for change in _project_changes(before, after))
    return Difference((*(item for item in found if item), *gone), changes)


def _sides(before: Compiled, after: Compiled) -> _Sides:
    old, new = _by_identity(before.views), _by_identity(after.views)
    pairs = {key: (old[key], new[key]) for key in new if key in old and old[key] != new[key]}
    same_schedules = before.schedules == after.schedules
    return _Sides(
        old,
        new,
        columns={key: column_changes(*pair) for key, pair in pairs.items()},
        readers=(readers_of(before.views), readers_of(after.views)) if pairs or old.keys() - new.keys() else ({}, {}),
        cadences=({}, {}) if same_schedules else (cadences(before.schedules), cadences(after.schedules)),
        moved=frozenset(key[1] for key, pair in pairs.items() if moved(*pair)),
        setting=_setting(before, after),
    )


def _setting(before: Target, after: Target) -> str:
    """A setting that differs and decides what is stored, in words."""
    if before.timezone != after.timezone:
        return "time zone"
    return "search path" if before.search_path != after.search_path else ""


def _by_identity(views: Sequence[CompiledView]) -> Mapping[Identity, CompiledView]:
    return {(view.schema, view.name): view for view in views}


def _affected_columns(sides: _Sides) -> Mapping[str, Mapping[str, str]]:
    """By view: its columns that are computed from a column of another view that is not what it was, with that one's name."""
    found: dict[str, dict[str, str]] = {}
    for key, changes in sides.columns.items():
        others = of_other_rows(
            sides.old[key], sides.new[key], row_changes(sides.old[key], sides.new[key], renames(changes))
        )
        for item in downstream(sides.new[key], [*changed_columns(changes), *others], sides.readers[1]):
            found.setdefault(item.view, {}).setdefault(item.column, f"{key[1]}.{item.through}")
    return found


def _view(sides: _Sides, key: Identity, affected: Mapping[str, str]) -> ViewDifference | None:
    """A view of `after`, or None where nothing changed about it."""
    before, after = sides.old.get(key), sides.new[key]
    if before is None:
        added = classified(ViewAdded(after.readers))
        return ViewDifference(after.name, after.schema, after.path, "added", (added,), ())
    was, now = (side.get(after.name, NEVER) for side in sides.cadences)
    if before == after and was == now and not affected:
        return None
    around = Surroundings(sides.moved, affected, was, now, sides.setting)
    anew = stored_anew(before, after)
    changes = tuple(classified(change, anew=anew) for change in view_changes(before, after, around))
    reached = tuple(_downstream(sides, key))
    return ViewDifference(after.name, after.schema, after.path, "changed", changes, reached) if changes else None


def _downstream(sides: _Sides, key: Identity) -> Iterator[Affected]:
    """What was computed from the columns that are gone, and what is computed from those that changed."""
    changes = sides.columns.get(key, [])
    yield from downstream(sides.old[key], gone_columns(changes), sides.readers[0])
    yield from downstream(sides.new[key], changed_columns(changes), sides.readers[1])


def _removed(sides: _Sides, view: CompiledView) -> ViewDifference:
    reached = tuple(downstream(view, [column.name for column in view.columns], sides.readers[0]))
    return ViewDifference(view.name, view.schema, view.path, "removed", (classified(ViewRemoved()),), reached)


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
