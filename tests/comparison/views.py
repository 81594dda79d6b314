"""Compiled views and projects made by hand, so that a comparison is tested without a compiler."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from mvc.comparison.compare import compare
from mvc.comparison.difference import Classified, Difference, ViewDifference
from mvc.compiled.schedule import CompiledSchedule
from mvc.compiled.view import (
    AccessRestriction,
    AccessRule,
    CompiledAccess,
    CompiledColumn,
    CompiledIndex,
    CompiledSource,
    CompiledView,
    Exposure,
    Target,
)
from mvc.model.cron import cron_times


@dataclass(frozen=True)
class Project(Target):
    """What `compare` needs of a compiled project."""

    views: tuple[CompiledView, ...]


def project(*views: CompiledView, **changed: Any) -> Any:
    plain = Project(
        project="shop",
        compiler="1",
        stored="mvc",
        search_path=("public",),
        timezone="UTC",
        refresh_roles=(),
        schedules=(),
        partitions=(),
        views=views,
    )
    return replace(plain, **changed)


def column(name: str, meaning: str | None = None, **changed: Any) -> CompiledColumn:
    means = f"orders.{name}" if meaning is None else meaning
    plain = CompiledColumn(
        name=name, type="integer", nullable=False, description=None, lineage=(f"public.orders.{name}",), meaning=means
    )
    return replace(plain, **changed)


def columns(*names: str) -> tuple[CompiledColumn, ...]:
    return tuple(column(name) for name in names)


def view(name: str = "v", *own: CompiledColumn, **changed: Any) -> CompiledView:
    """A materialized view. Whoever changes what is stored gives another `storage` as well."""
    plain = CompiledView(
        name=name,
        schema="public",
        kind="materialized",
        stored_as="materialized view",
        path=f"views/{name}.yml",
        description=None,
        tags=(),
        storage=("mvc", f"{name}_1"),
        columns=own or columns("id", "total"),
        sources=(CompiledSource("o", "public.orders", ""),),
        filters=(),
        body="",
        grain=("id",),
        proven=True,
        upstream=(),
        reads=(),
        requires=(),
        options=(),
        indexes=(),
        access=access(rule("own")),
        query="SELECT",
        stored_query="SELECT",
        merge=None,
        exposure=Exposure("SELECT", barrier=True, arms=()),
        claims=(),
    )
    return replace(plain, **changed)


def anew(before: CompiledView, **changed: Any) -> CompiledView:
    """The view with something else stored."""
    return replace(before, storage=("mvc", f"{before.name}_2"), **changed)


def rule(*conditions: str, to: Iterable[str] = ()) -> AccessRule:
    return AccessRule(tuple(to), conditions)


def restriction(*rules: AccessRule, to: Iterable[str] = ()) -> AccessRestriction:
    return AccessRestriction(tuple(to), rules)


def access(
    *rules: AccessRule,
    readers: Iterable[str] = ("app",),
    also: Iterable[AccessRestriction] = (),
    reads: Iterable[str] = (),
):
    return CompiledAccess(tuple(readers), rules, tuple(also), tuple(reads))


def index(definition: str, **changed: Any) -> CompiledIndex:
    return replace(CompiledIndex("i", definition, unique=False, origin="spec"), **changed)


def schedule(*views: str, **changed: Any) -> CompiledSchedule:
    plain = CompiledSchedule(
        name="hourly",
        views=views or ("v",),
        cron="0 * * * *",
        within_seconds=None,
        timezone="UTC",
        mode=None,
        timeout_seconds=None,
        lock_timeout_seconds=None,
        enabled=True,
        description=None,
    )
    made = replace(plain, **changed)
    return replace(made, times=cron_times(made.cron) if made.cron else None)


def changes(before: CompiledView, after: CompiledView) -> list[Any]:
    """What changed about one view."""
    return [item.change for item in classified(before, after)]


def classified(before: CompiledView, after: CompiledView) -> tuple[Classified, ...]:
    return only(compare(project(before), project(after)))


def only(found: Difference) -> tuple[Classified, ...]:
    assert len(found.views) <= 1
    return found.views[0].changes if found.views else ()


def of(found: Difference, name: str) -> ViewDifference:
    return next(item for item in found.views if item.view == name)
