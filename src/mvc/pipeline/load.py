"""Files → Project: every YAML file read, validated and given its meaning; the catalog read. Reports all findings at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from pydantic import BaseModel

from mvc.catalog.ddl import read_ddl
from mvc.catalog.snapshot import joined, load_snapshot
from mvc.catalog.types import Catalog
from mvc.diagnostics import Diagnostic, Span, error
from mvc.model.apart import Apart, twice_defined
from mvc.model.build_measured import build_measured, check_reads
from mvc.model.build_partitions import build_partitions
from mvc.model.build_policy import build_policies, build_predicates
from mvc.model.build_schedule import build_schedules
from mvc.model.build_settings import build_settings
from mvc.model.build_view import Around, build_view
from mvc.model.measured import Measured, Measures
from mvc.model.project import Settings
from mvc.model.reading import SpecReader
from mvc.model.schedule import Schedule
from mvc.model.view import Sql, TableRef
from mvc.pipeline.loaded import Files, Loaded
from mvc.source import Document, nothing, read
from mvc.spec import MeasureFile, PartitionFile, PolicyFile, ProjectSpec, ScheduleFile, ViewSpec
from mvc.spec.folders import misplaced, without_settings
from mvc.spec.in_python import Specs
from mvc.spec.missing import catalog_help
from mvc.spec.repair import ANY_DDL
from mvc.spec.validate import Validated, validate
from mvc.workspace.folder import PROJECT_FILE, catalog_paths, spec_paths

Model = TypeVar("Model", bound=BaseModel)


def load_files(files: Files, absent: frozenset[str] = frozenset()) -> Loaded:
    """Everything in `files` that can be read, with findings for what cannot. Views named as absent exist elsewhere."""
    loaded = Loaded(absent=absent, files=files)
    spec = _settings(files, loaded)
    if spec is None or loaded.settings is None:
        return loaded
    _catalog(files, spec, loaded.settings, loaded)
    loaded.measures = _measures(files, loaded)
    for path in spec_paths(files, "views"):
        _view(files, path, loaded)
    _policies(files, loaded)
    for path in spec_paths(files, "schedules"):
        _schedules(files, path, loaded)
    for path in spec_paths(files, "partitions"):
        _partitions(files, path, loaded)
    loaded.diagnostics += twice_defined(loaded.views)
    _check_schedule_names(loaded)
    _tell_apart(loaded)
    loaded.diagnostics += misplaced(files)
    return loaded


def _text(files: Files, path: str, loaded: Loaded) -> str | None:
    try:
        return files[path]
    except UnicodeDecodeError:
        loaded.diagnostics.add(error("MV001", Span(path), "this file is not UTF-8 text"))
    except OSError as problem:
        loaded.diagnostics.add(error("MV001", Span(path), f"this file cannot be read: {problem.strerror}"))
    return None


def _validated(files: Files, path: str, model: type[Model], loaded: Loaded) -> Validated[Model] | None:
    """What a file says; None, with findings, where nothing of it can be read."""
    document, found = _document(files, path, loaded)
    loaded.diagnostics += found
    validated = validate(document, model) if document else None
    loaded.diagnostics += validated.findings if validated else ()
    loaded.complete &= validated is not None and validated.spec is not None and not (found or validated.findings)
    return validated


def _document(files: Files, path: str, loaded: Loaded) -> tuple[Document | None, tuple[Diagnostic, ...]]:
    """A file read; or the spec that was made in Python instead of one."""
    if isinstance(files, Specs):
        return files.documents[path], ()
    text = _text(files, path, loaded)
    return read(path, text) if text is not None else (None, ())


def _settings(files: Files, loaded: Loaded) -> ProjectSpec | None:
    """The settings; where `mvc.yml` has faults, a guess by which the rest is checked."""
    if PROJECT_FILE not in files:
        loaded.diagnostics.add(without_settings(files))
        return None
    validated = _validated(files, PROJECT_FILE, ProjectSpec, loaded)
    loaded.guessed = not loaded.complete
    if validated is None or validated.spec is None:
        spec, document = ProjectSpec(catalog=ANY_DDL), Document(PROJECT_FILE, "", {}, nothing(PROJECT_FILE))
    else:
        spec, document = validated.spec, validated.document
    findings = SpecReader()
    loaded.settings = build_settings(spec, document, findings)
    loaded.diagnostics += findings.items
    return spec


def _catalog(files: Files, spec: ProjectSpec, settings: Settings, loaded: Loaded) -> None:
    patterns = (spec.catalog,) if isinstance(spec.catalog, str) else spec.catalog
    paths = catalog_paths(files, patterns)
    if not paths and loaded.guessed:
        return
    if not paths:
        title = f"no file matches `catalog: {', '.join(patterns)}`"
        span = settings.origin.at("catalog").span
        loaded.diagnostics.add(error("MV007", span, title, label="no such file", help=catalog_help(files)))
        loaded.complete = False
        return
    texts = {path: text for path in paths if (text := _text(files, path, loaded)) is not None}
    snapshots = [path for path in texts if path.endswith(".json")]
    ddl = {path: text for path, text in texts.items() if path not in snapshots}
    catalog, found = read_ddl(ddl, settings.search_path, settings.stored)
    loaded.diagnostics += () if ANY_DDL in patterns and loaded.guessed else found
    for path in snapshots:
        snapshot, found = load_snapshot(texts[path], path)
        loaded.diagnostics += found
        catalog = joined(catalog, snapshot)
    loaded.catalog = catalog


def _view(files: Files, path: str, loaded: Loaded) -> None:
    before = len(loaded.diagnostics)
    validated = _validated(files, path, ViewSpec, loaded)
    if validated is None or validated.spec is None or loaded.settings is None:
        loaded.broken |= _claimed_names(files, path)
        return
    findings = SpecReader()
    around = Around(loaded.settings.exposed, loaded.settings.timezone, loaded.measures)
    view = build_view(validated.spec, validated.document, around, findings)
    loaded.diagnostics += findings.items
    if findings or loaded.diagnostics.has_errors(since=before):
        loaded.broken.add(view.name)
        loaded.drafts.append(view)
        loaded.complete = False
    else:
        loaded.views.append(view)


def _claimed_names(files: Files, path: str) -> set[str]:
    """The name in a view's file that is not valid, so that what reads the view is not blamed as well."""
    try:
        lines = files[path].splitlines()
    except (OSError, UnicodeDecodeError):
        return set()
    claimed = (line.partition("view:")[2].strip().strip("\"'") for line in lines if line.startswith("view:"))
    return {name for name in claimed if name}


def _measures(files: Files, loaded: Loaded) -> Measures:
    """The measures of all files."""
    findings = SpecReader()
    known: dict[str, Measured] = {}
    complete = True
    for path in spec_paths(files, "measures"):
        validated = _validated(files, path, MeasureFile, loaded)
        complete &= validated is not None and validated.spec is not None
        for item in (
            build_measured(validated.spec, validated.document, findings) if validated and validated.spec else ()
        ):
            if item.name in known:
                title = f"the measure `{item.name}` is defined in {known[item.name].origin.document.path} already"
                findings.add(error("MV013", item.origin.key_span, title, help="give one of them another name"))
            known.setdefault(item.name, item)
    measures = Measures(known, _same_table(loaded.catalog), complete)
    check_reads(measures, findings)
    loaded.diagnostics += findings.items
    return measures


def _same_table(catalog: Catalog) -> Callable[[TableRef, TableRef], bool]:
    """Whether two names mean one relation of the database, along the search path."""

    def same(one: TableRef, other: TableRef) -> bool:
        found, another = (catalog.relation(item.name, item.schema) for item in (one, other))
        return found is another if found and another else one == other

    return same


def _policies(files: Files, loaded: Loaded) -> None:
    read_ = [_validated(files, path, PolicyFile, loaded) for path in spec_paths(files, "policies")]
    validated = [(item.spec, item.document) for item in read_ if item and item.spec]
    findings = SpecReader()
    predicates: dict[str, Sql] = {}
    for spec, document in validated:
        for name, sql in build_predicates(spec, document, findings).items():
            if name in predicates:
                place = f"{predicates[name].origin.document.path}"
                findings.add(
                    error("MV013", sql.origin.key_span, f"the predicate `{name}` is defined in {place} already")
                )
            predicates.setdefault(name, sql)
    for spec, document in validated:
        loaded.policies += build_policies(spec, document, predicates, loaded.absent, findings)
    loaded.diagnostics += findings.items


def _schedules(files: Files, path: str, loaded: Loaded) -> None:
    validated = _validated(files, path, ScheduleFile, loaded)
    if validated is None or validated.spec is None or loaded.settings is None:
        return
    findings = SpecReader()
    loaded.schedules += build_schedules(validated.spec, validated.document, loaded.settings.timezone, findings)
    loaded.diagnostics += findings.items


def _partitions(files: Files, path: str, loaded: Loaded) -> None:
    validated = _validated(files, path, PartitionFile, loaded)
    if validated is None or validated.spec is None or loaded.settings is None:
        return
    findings = SpecReader()
    loaded.partitions += build_partitions(validated.spec, validated.document, loaded.settings.timezone, findings)
    loaded.diagnostics += findings.items


def _check_schedule_names(loaded: Loaded) -> None:
    seen: dict[str, Schedule] = {}
    for item in loaded.schedules:
        first = seen.setdefault(item.name, item)
        if first is not item:
            title = f"the schedule `{item.name}` is defined in {first.origin.document.path} already"
            span = item.origin.at("schedule").span
            loaded.diagnostics.add(error("MV013", span, title, help="give one of them another name"))


def _tell_apart(loaded: Loaded) -> None:
    """Views of one name in several schemas get names that tell them apart, and what names a view means one of them."""
    both = (*loaded.views, *loaded.drafts)
    apart = Apart(frozenset((view.schema, view.name) for view in both), loaded.diagnostics)
    loaded.broken -= {view.name for view in loaded.drafts}
    loaded.views = [apart.view(view) for view in loaded.views]
    loaded.drafts = [apart.view(view) for view in loaded.drafts]
    loaded.broken |= {view.called for view in loaded.drafts}
    loaded.policies = [apart.policy(policy) for policy in loaded.policies]
    loaded.schedules = [apart.schedule(schedule) for schedule in loaded.schedules]
    if loaded.settings:
        operations = apart.operations(loaded.settings.operations, loaded.settings.origin)
        loaded.settings = replace(loaded.settings, operations=operations)
