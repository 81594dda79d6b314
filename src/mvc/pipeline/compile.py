"""The pipeline on one screen: each view is resolved, generated and named; then the next one can read it."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from mvc.analysis.access.resolve import Access, resolve_access
from mvc.analysis.body.resolve import resolve_body
from mvc.analysis.check_measures import check_measures, shows
from mvc.analysis.declared.drafts import check_drafts, check_names
from mvc.analysis.declared.resolve import resolve_declared
from mvc.analysis.indexes import check_indexes
from mvc.analysis.lint.history import lint_history
from mvc.analysis.lint.run import lint_project, lint_view
from mvc.analysis.names.functions import Functions
from mvc.analysis.names.scope import Scope
from mvc.analysis.order import in_order, upstream_names
from mvc.analysis.partitions import partition_schedules, resolve_partitions
from mvc.analysis.references import check_references
from mvc.analysis.refresh.modes import resolve_parts
from mvc.analysis.resolved import ResolvedView
from mvc.analysis.selection import Asked, partly_refreshed, resolve_schedules
from mvc.analysis.sources import Sources
from mvc.analysis.types.check import check_types
from mvc.analysis.types.inferred_outputs import OutputTypes
from mvc.compiled.called import shared
from mvc.compiled.former import Renamed
from mvc.compiled.project import Compiled
from mvc.compiled.schedule import CompiledPartitioning, CompiledSchedule
from mvc.compiled.view import CompiledView
from mvc.diagnostics import Findings, ProjectError, error
from mvc.engines.postgres.deploy.alias import alias_of
from mvc.engines.postgres.deploy.generate import former_of, generate
from mvc.engines.postgres.deploy.named_code import named_code, used_of
from mvc.model.project import Project, Settings
from mvc.model.view import Body, View
from mvc.pipeline.load import load_files
from mvc.version import VERSION
from mvc.workspace.folder import PROJECT_FILE

_OF_SETTINGS: Final = ("MV106", "MV201", "MV207")  # what may be otherwise once the settings are as they are meant


def compile_files(files: Mapping[str, str], absent: frozenset[str] = frozenset()) -> Compiled:
    """The project in `files` (path → text), compiled; `absent` names views in files that are left out.

    Raises ProjectError with every finding if there is an error.
    """
    return compile_project(load_files(files, absent).project())


def compile_project(project: Project) -> Compiled:
    """The project compiled. Raises ProjectError with every finding, warnings included, if there is an error."""
    with _rarely_collected():
        return _compile_project(project)


@contextmanager
def _rarely_collected() -> Iterator[None]:
    """Nearly all objects of a compile live until its end: looking for garbage at every 700th costs a tenth of the time."""
    before = gc.get_threshold()
    gc.set_threshold(50_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _compile_project(project: Project) -> Compiled:
    found = Findings(project.diagnostics)
    if not project.complete and not project.catalog.relations:
        raise ProjectError(found, project.files)  # without a catalog every name would be unknown
    check_references(project, found)
    sources = Sources(project.catalog, project.broken)
    sources.declare((*project.views, *project.drafts))
    broken = check_measures(project.measures, sources, _functions(project), found)
    asked = partly_refreshed(project)
    resolved: list[ResolvedView] = []
    compiled: list[CompiledView] = []
    for view in in_order(project.views, found, project.policies):
        result = (
            None if shows(view, broken) else _compile_one(view, project, sources, asked.get(view.called, ()), found)
        )
        if result is None:
            sources.broken |= {view.called}
            continue
        resolved.append(result[0])
        compiled.append(result[1])
        types = OutputTypes(result[0], _functions(project, view.requires).world)
        sources.views[view.called] = replace(result[0].readable(result[1].storage), inferred=types.of)
        if former := result[1].former:
            sources.renamed[view.called] = Renamed(view.name, result[1].storage, former)
    check_drafts(project, sources, found)
    partitions = resolve_partitions(project, found)
    schedules: tuple[CompiledSchedule, ...] = ()
    if project.complete and len(compiled) == len(project.views):
        schedules = resolve_schedules(project, tuple(compiled))
        functions = _functions(project)
        history = lint_history(resolved, project)
        found += lint_project(tuple(resolved), project.policies, project.schedules, functions, history)
    if found.has_errors():
        told = (item for item in found if not (project.guessed and item.code in _OF_SETTINGS))
        raise ProjectError(told, project.files)
    schedules += partition_schedules(partitions, schedules)
    done = _result(project.settings, _with_aliases(resolved, compiled), schedules, partitions, found)
    believed = used_of(project.catalog, compiled)
    return replace(done, policies=len(project.policies), believed=believed, files=project.files)


def _with_aliases(resolved: Iterable[ResolvedView], compiled: Iterable[CompiledView]) -> tuple[CompiledView, ...]:
    """The views, and after each one its former name where that one stays."""
    both = [(made, alias_of(view.view, made)) for view, made in zip(resolved, compiled, strict=True)]
    several = shared((item.schema, item.name) for pair in both for item in pair if item)
    apart = ((made, alias and replace(alias, apart=alias.name in several)) for made, alias in both)
    return tuple(item for pair in apart for item in pair if item)


def _compile_one(
    view: View, project: Project, sources: Sources, asked: tuple[Asked, ...], found: Findings
) -> tuple[ResolvedView, CompiledView] | None:
    """`_compile_view`, with a finding for SQL that is a tree deeper than Python's stack."""
    try:
        return _compile_view(view, project, sources, asked, found)
    except RecursionError:
        help_line = "give its parts names: columns of a source with `sql:`, WITH part AS (…) in a body; or join a table of the values"
        found.add(error("MV101", view.origin.span, f"the SQL of `{view.called}` is nested too deep", help=help_line))
        return None


def _functions(project: Project, requires: tuple[str, ...] = ()) -> Functions:
    settings = project.settings
    said = isinstance(settings.origin.document.data, Mapping) and "version" in settings.origin.document.data
    return Functions(project.catalog, requires, settings.version, said)


def _compile_view(
    view: View, project: Project, sources: Sources, asked: tuple[Asked, ...], found: Findings
) -> tuple[ResolvedView, CompiledView] | None:
    """One view through all stages, or None with findings."""
    before = len(found)
    functions = _functions(project, view.requires)
    resolved = _resolve(view, sources, functions, found)
    if resolved is None:
        return None
    check_indexes(resolved, functions, found)
    warned = check_types(resolved, project.policies, functions, found)
    access = _access(resolved, project, functions, found)
    parts = resolve_parts(resolved, asked, functions, found, project.settings.timezone)
    if found.has_errors(since=before):
        return None
    found += lint_view(resolved, functions, warned)
    made = generate(resolved, access, parts, project.settings)
    former = former_of(resolved, parts, project.settings, sources.renamed)
    return resolved, replace(made, named=named_code(made, project.catalog), former=former)


def _resolve(view: View, sources: Sources, functions: Functions, found: Findings) -> ResolvedView | None:
    if isinstance(view.body, Body):
        if upstream_names(view, sources.broken_places):
            return None  # what it reads has errors of its own
        return resolve_body(view, view.body, sources.views, sources.relation, functions, found)
    readables = sources.of(view, view.body, functions, found)
    if readables is None:
        check_names(view, view.body, sources, functions, found)
        return None
    return resolve_declared(view, view.body, readables, functions, found)


def _access(view: ResolvedView, project: Project, functions: Functions, found: Findings) -> Access:
    own = view.readable((view.view.schema, view.view.name))
    return resolve_access(view, project.policies, Scope({view.view.name: own}, functions), found)


def compile_settings(files: Mapping[str, str]) -> Compiled:
    """A project without its views, for what needs its name and schemas only: every file but `mvc.yml` may be broken.

    Raises ProjectError where that one is.
    """
    loaded = load_files({path: files[path] for path in files if path == PROJECT_FILE})
    if loaded.guessed or loaded.settings is None:
        raise ProjectError(loaded.diagnostics)
    return _result(loaded.settings, (), (), (), Findings())


def _result(
    settings: Settings,
    views: tuple[CompiledView, ...],
    schedules: tuple[CompiledSchedule, ...],
    partitions: tuple[CompiledPartitioning, ...],
    found: Findings,
) -> Compiled:
    return Compiled(
        project=settings.project,
        compiler=VERSION,
        stored=settings.stored,
        search_path=settings.search_path,
        timezone=settings.timezone,
        refresh_roles=settings.refresh_roles,
        trusted_roles=settings.trusted_roles,
        schedules=schedules,
        partitions=partitions,
        operations=settings.operations,
        views=views,
        diagnostics=tuple(found),
    )
