"""Results as JSON values with stable names. `docs/json.md` documents them; a change that breaks a reader raises VERSION."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from mvc.compiled.project import Compiled
from mvc.compiled.serialize import some_fields, to_record
from mvc.compiled.view import CompiledView, Target
from mvc.diagnostics import Diagnostic
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
        **some_fields(compiled, "compiler project"),
        "stored_schema": compiled.stored,
        **some_fields(compiled, "search_path timezone refresh_roles trusted_roles operations"),
        "views": [_view(compiled, view) for view in compiled.views],
        **some_fields(compiled, "schedules partitions"),
        "diagnostics": diagnostics_json(compiled.diagnostics),
        "sql": compiled.sql,
    }


def _diagnostic(item: Diagnostic) -> dict[str, Any]:
    return {
        **some_fields(item, "code severity title"),
        **to_record(item.span),
        **some_fields(item, "label help"),
        "related": [{**to_record(label.span), "text": label.text} for label in item.related],
    }


def _view(target: Target, view: CompiledView) -> dict[str, Any]:
    schema, name = view.storage
    return {
        **some_fields(view, "name schema called kind stored_as path description tags"),
        "storage": {"schema": schema, "name": name},
        **some_fields(view, "columns grain"),
        "grain_proven": view.proven,
        "refreshed": list(view.modes),
        **some_fields(view, "whole_because upstream requires readers query"),
        "storage_sql": list(storage_sql(target, view)),
        "exposure_sql": list(exposure_sql(target, view)),
    }
