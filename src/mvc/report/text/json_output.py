"""Results as JSON values with stable names. `docs/json.md` documents them; a change that breaks a reader raises VERSION."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, Final

from mvc.compiled.project import Compiled
from mvc.compiled.schedule import CompiledSchedule
from mvc.compiled.serialize import to_record
from mvc.compiled.view import CompiledColumn, CompiledView, Target
from mvc.diagnostics import Diagnostic, Span
from mvc.engines.postgres.deploy.proofs import storage_sql
from mvc.engines.postgres.deploy.statements import exposure_sql
from mvc.report.findings.text import in_order

FORMAT: Final = "mvc.compiled"
VERSION: Final = 1


def diagnostics_json(diagnostics: Iterable[Diagnostic]) -> list[dict[str, Any]]:
    """Each diagnostic once, in the order in which they are printed."""
    return [_diagnostic(item) for item in in_order(diagnostics)]


def compiled_json(compiled: Compiled) -> dict[str, Any]:
    """Everything that a compile found out, the statements of each view included. `sql` at the top deploys all of it."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "compiler": compiled.compiler,
        "project": compiled.project,
        "stored_schema": compiled.stored,
        "search_path": list(compiled.search_path),
        "timezone": compiled.timezone,
        "refresh_roles": list(compiled.refresh_roles),
        "trusted_roles": list(compiled.trusted_roles),
        "operations": to_record(compiled.operations),
        "views": [_view(compiled, view) for view in compiled.views],
        "schedules": [_schedule(schedule) for schedule in compiled.schedules],
        "partitions": [asdict(item) for item in compiled.partitions],
        "diagnostics": diagnostics_json(compiled.diagnostics),
        "sql": compiled.sql,
    }


def _diagnostic(item: Diagnostic) -> dict[str, Any]:
    return {
        "code": item.code,
        "severity": item.severity,
        "title": item.title,
        **_place(item.span),
        "label": item.label,
        "help": list(item.help),
        "related": [{**_place(label.span), "text": label.text} for label in item.related],
    }


def _place(span: Span) -> dict[str, Any]:
    return asdict(span)


def _view(target: Target, view: CompiledView) -> dict[str, Any]:
    schema, name = view.storage
    return {
        "name": view.name,
        "schema": view.schema,
        "called": view.called,
        "kind": view.kind,
        "stored_as": view.stored_as,
        "path": view.path,
        "description": view.description,
        "tags": list(view.tags),
        "storage": {"schema": schema, "name": name},
        "columns": [_column(column) for column in view.columns],
        "grain": list(view.grain),
        "grain_proven": view.proven,
        "refreshed": list(view.modes),
        "whole_because": list(view.whole_because),
        "upstream": list(view.upstream),
        "requires": list(view.requires),
        "readers": list(view.readers),
        "query": view.query,
        "storage_sql": list(storage_sql(target, view)),
        "exposure_sql": list(exposure_sql(target, view)),
    }


def _column(column: CompiledColumn) -> dict[str, Any]:
    return {**asdict(column), "lineage": list(column.lineage)}


def _schedule(schedule: CompiledSchedule) -> dict[str, Any]:
    return {**asdict(schedule), "views": list(schedule.views)}
