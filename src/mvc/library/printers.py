"""The results of the compiler, as the command prints them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from mvc.catalog.snapshot import dump_snapshot
from mvc.catalog.types import Catalog
from mvc.comparison.difference import Difference
from mvc.compiled.project import Compiled
from mvc.diagnostics import Diagnostic, ProjectError
from mvc.diagnostics.rules import Rule
from mvc.importing.imported import Imported
from mvc.library.checks import Checked
from mvc.report.diff.json_output import diff_json
from mvc.report.diff.markdown import diff_markdown
from mvc.report.diff.text import diff_text
from mvc.report.findings.explain import render_rule
from mvc.report.findings.for_tools import FORMATS, findings_text
from mvc.report.findings.text import render_diagnostics
from mvc.report.importing.data import import_json
from mvc.report.importing.markdown import import_markdown
from mvc.report.importing.text import import_text
from mvc.report.text.json_output import compiled_json, diagnostics_json

Printer = Callable[[Any, str], str]  # of a result and the name that it is shown under


def json_text(data: object) -> str:
    """Data as the command prints it."""
    return json.dumps(data, indent=2, ensure_ascii=False)


def _found(result: Any) -> tuple[tuple[Diagnostic, ...], Mapping[str, str]]:
    """The findings that a result holds, and the files that they are of."""
    if isinstance(result, Checked):
        return result.diagnostics, result.project.files
    if isinstance(result, ProjectError):
        return result.diagnostics, result.files
    return (result,), {}


def _findings_text(result: Any, _name: str) -> str:
    return render_diagnostics(*_found(result))


def _findings_json(result: Any, _name: str) -> str:
    return json_text({"format": "mvc.diagnostics", "version": 1, "diagnostics": diagnostics_json(_found(result)[0])})


def _findings_for(tool: str, result: Any, _name: str) -> str:
    return findings_text(tool, _found(result)[0])


_FINDINGS: Final[Mapping[str, Printer]] = {
    "text": _findings_text,
    "json": _findings_json,
    **{tool: partial(_findings_for, tool) for tool in FORMATS},
}
PRINTERS: Final[Mapping[type, Mapping[str, Printer]]] = {
    **dict.fromkeys((ProjectError, Checked, Diagnostic), _FINDINGS),
    Compiled: {"sql": lambda made, _: made.sql, "json": lambda made, _: json_text(compiled_json(made))},
    Difference: {
        "text": lambda found, _: diff_text(found),
        "markdown": diff_markdown,
        "json": lambda found, name: json_text(diff_json(found, name)),
    },
    Imported: {
        "text": lambda found, _: import_text(found),
        "markdown": lambda found, _: import_markdown(found),
        "json": lambda found, _: json_text(import_json(found)),
    },
    Catalog: {"json": lambda catalog, _: dump_snapshot(catalog)},
    Rule: {"text": lambda rule, _: render_rule(rule)},
}
