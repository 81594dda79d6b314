"""Found → the files of a project that says the same, with what is to be told of each view."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain, count
from typing import Any, Final

from mvc.catalog.snapshot import dump_snapshot
from mvc.importing.found import Found, FoundView, Lost, Place
from mvc.importing.grain import ASKED, Grain, claimed, grains
from mvc.importing.imported import Imported, ImportedView
from mvc.importing.policies import policy_data
from mvc.importing.schedules import lost_jobs, schedule_data
from mvc.importing.view_spec import ASK, carried, lost_indexes, view_data
from mvc.model.cron import zone_problem
from mvc.model.project import Project
from mvc.pipeline.load import load_files
from mvc.source.write import write
from mvc.workspace.folder import PROJECT_FILE
from mvc.workspace.inputs import described_paths

CATALOG: Final = "catalog.json"
_UTC: Final = frozenset({"UTC", "Etc/UTC", "GMT", "Etc/GMT", "UCT", "Etc/UCT", "Zulu", "Universal"})


def imported(found: Found, name: str, existing: Mapping[str, str]) -> Imported:
    """The files to write beside those that there are (`existing`, path → text): settings and a catalog where there are none, a file for each view, policies,
    schedules.

    `name` is what the project is called where it has no settings yet. Raises ProjectError where those that there are cannot be read.
    """
    settings = _settings(found, name, existing)
    project = load_files({**existing, **settings}).project()
    exposed = project.settings.exposed
    paths = _paths(found.views, {(view.schema, view.name): view.origin.document.path for view in project.views})
    known = _grains(found, {**existing, **settings}, paths, exposed)
    files = {**settings, **{paths[view.place]: _text(view, known[view.place], exposed) for view in found.views}}
    called = _called(found.views, project)
    files |= _rules(found, called, project)
    views = tuple(_told(view, known[view.place], paths[view.place], found.user) for view in found.views)
    return Imported(files, views, (*found.lost, *_lost_settings(found), *lost_jobs(found.jobs, called)))


def _settings(found: Found, name: str, existing: Mapping[str, str]) -> dict[str, str]:
    """`mvc.yml` and the catalog, where they are not there."""
    if PROJECT_FILE in existing:
        ours = {(view.schema, view.name) for view in load_files(existing).project().views}
        kept = tuple(item for item in found.catalog.relations if (item.schema, item.name) not in ours)
        catalog = {CATALOG: dump_snapshot(replace(found.catalog, relations=kept))}
        is_wanted = CATALOG not in existing and CATALOG in described_paths({**existing, **catalog})
        return catalog if is_wanted else {}
    catalog = {CATALOG: dump_snapshot(found.catalog)}
    data: dict[str, Any] = {"project": name, "version": found.version, "catalog": CATALOG}
    schemas = {view.schema for view in found.views}
    if len(schemas) == 1 and schemas != {"public"}:
        data["schemas"] = {"exposed": min(schemas)}
    if found.catalog.search_path != ("public",):
        data["search_path"] = list(found.catalog.search_path)
    if (zone := zone_of(found)) != "UTC":
        data["timezone"] = zone
    return {PROJECT_FILE: write({key: value for key, value in data.items() if value is not None}), **catalog}


def zone_of(found: Found) -> str:
    """The zone that the settings get."""
    return "UTC" if found.zone in _UTC or zone_problem(found.zone) else found.zone


def _called(views: tuple[FoundView, ...], project: Project) -> dict[Place, str]:
    """What policies and schedules call each view: by its schema, too, where another one has its name."""
    places = {*(view.place for view in views), *((view.schema, view.name) for view in project.views)}
    several = Counter(name for _, name in places)
    return {view.place: view.name if several[view.name] == 1 else ".".join(view.place) for view in views}


def _rules(found: Found, called: Mapping[Place, str], project: Project) -> dict[str, str]:
    """The files of the policies and the schedules, beside those that there are; a view that has policies keeps these, and a schedule of a name stays."""
    guarded = {policy.view for policy in project.policies}
    unguarded = (view for view in found.views if not guarded & {view.name, called[view.place]})
    stored = {view.place: called[view.place] for view in found.views if view.kind == "materialized view"}
    taken = [schedule.name for schedule in project.schedules]
    entries = {
        "policies": policy_data(unguarded, called),
        "schedules": schedule_data(found.jobs, stored, project.settings.timezone, taken),
    }
    return {_free(kind, project.files): write({kind: wanted}) for kind, wanted in entries.items() if wanted}


def _free(kind: str, existing: Mapping[str, str]) -> str:
    """A file that is not there yet."""
    offered = chain([f"{kind}/imported.yml"], (f"{kind}/imported_{number}.yml" for number in count(2)))
    return next(path for path in offered if path not in existing)


def _lost_settings(found: Found) -> Iterator[Lost]:
    if found.zone not in _UTC and zone_problem(found.zone):
        yield Lost(
            f"time zone {found.zone}",
            "`timezone` wants a name such as Europe/Berlin: dates are computed in UTC until it has one",
        )


def _paths(views: Iterable[FoundView], known: Mapping[Place, str]) -> dict[Place, str]:
    """A file for each view: the one that it has (`known`), else one of its name. Of two that are alike, the second has a number, for a folder may take small and
    large letters for the same.
    """
    paths: dict[Place, str] = {}
    taken = {path.casefold() for path in known.values()}
    for view in views:
        name = re.sub(r"[^\w-]", "_", view.name)
        offered = chain([f"views/{name}.yml"], (f"views/{name}_{number}.yml" for number in count(2)))
        free = (path for path in offered if path.casefold() not in taken)
        paths[view.place] = known.get(view.place) or next(free)
        taken.add(paths[view.place].casefold())
    return paths


def _grains(found: Found, files: Mapping[str, str], paths: Mapping[Place, str], exposed: str) -> dict[Place, Grain]:
    """By analysis of a project in which each view without a unique index is a plain one, which needs no grain."""
    drafts = dict(files)
    for view in found.views:
        columns = claimed(view) if view.kind == "materialized view" else None
        data = view_data(view, Grain(columns), exposed)
        data.pop("indexes", None)
        drafts[paths[view.place]] = write(data if columns else {**data, "materialized": False})
    known = grains(load_files(drafts).project(), found.views)
    return {view.place: known.get(view.place, ASKED) for view in found.views}


def _text(view: FoundView, grain: Grain, exposed: str) -> str:
    asks = view.kind == "materialized view" and grain.columns is None
    return write(view_data(view, grain, exposed), {"sql": ASK} if asks else None)


def _told(view: FoundView, grain: Grain, path: str, user: str) -> ImportedView:
    return ImportedView(
        schema=view.schema,
        name=view.name,
        kind=view.kind,
        path=path,
        grain=grain.columns,
        grain_told_by=grain.told_by,
        indexes=len(tuple(carried(view, grain))),
        readers=tuple("PUBLIC" if role is None else role for role in view.readers),
        authored=view.authored,
        lost=(*view.lost, *lost_indexes(view, grain)),
        remarks=tuple(_remarks(view, grain, user)),
    )


def _remarks(view: FoundView, grain: Grain, user: str) -> Iterator[str]:
    if grain.narrower:
        few, all_ = ", ".join(grain.narrower), ", ".join(grain.columns or ())
        yield f"its unique index on ({few}) is narrower than {grain.told_by} ({all_}): a refresh fails as soon as two rows share ({few})"
    if grain.unsure:
        names = ", ".join(grain.unsure)
        yield f"{names} may be NULL: its unique index takes several such rows, and its grain does not"
    if grain.columns is not None and not claimed(view):
        yield "it has no unique index, so it could not be refreshed while it is read; the one on its grain is made"
    if view.unproven:
        yield f"it is written as the server prints it: {view.unproven}"
    if None in view.readers:
        yield "everybody may read it (PUBLIC)"
    if view.owner and view.owner != user:
        yield f"it belongs to {view.owner}: deploy as that role"
