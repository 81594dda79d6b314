"""Findings as the tools around want them: GitHub's annotations, SARIF, GitLab's code quality report, JUnit's XML.

Rule sources: GitHub, "Workflow commands for GitHub Actions"; OASIS, SARIF 2.1.0; GitLab, "Code Quality", the report's format; the JUnit
XML that Jenkins reads.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from itertools import groupby
from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

from mvc.diagnostics import Diagnostic, Span
from mvc.diagnostics.rules import rule
from mvc.report.findings.text import in_order
from mvc.report.text.sanitize import visible
from mvc.version import VERSION

_SARIF: Final = "https://json.schemastore.org/sarif-2.1.0.json"


def findings_text(kind: str, diagnostics: Iterable[Diagnostic], folder: str = "") -> str:
    """The findings for one of FORMATS. `folder` is put before their paths, so that these are relative to where the tool works."""
    return FORMATS[kind](in_order(diagnostics), folder)


def _github(found: list[Diagnostic], folder: str) -> str:
    return "\n".join(_annotation(item, folder) for item in found)


def _annotation(item: Diagnostic, folder: str) -> str:
    span = item.span
    places = {"line": span.line, "endLine": span.end_line, "col": span.column, "endColumn": max(span.end_column - 1, 1)}
    if span.end_line != span.line:  # columns are of one line only
        places = {"line": span.line, "endLine": span.end_line}
    given = {"file": _path(span, folder), **places, "title": f"{item.code}: {item.title}"}
    said = ",".join(f"{key}={_property(str(value))}" for key, value in given.items())
    return f"::{item.severity} {said}::{_data(_message(item, with_title=False) or item.title)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _sarif(found: list[Diagnostic], folder: str) -> str:
    codes = sorted({item.code for item in found})
    driver = {"name": "mvc", "version": VERSION, "rules": [_sarif_rule(code) for code in codes]}
    results = [
        {
            "ruleId": item.code,
            "ruleIndex": codes.index(item.code),
            "level": item.severity,
            "message": {"text": _message(item)},
            "locations": [_location(item.span, folder)],
            "relatedLocations": [
                {**_location(label.span, folder), "message": {"text": label.text}} for label in item.related
            ],
        }
        for item in found
    ]
    document = {"$schema": _SARIF, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}
    return json.dumps(document, indent=2, ensure_ascii=False)


def _sarif_rule(code: str) -> dict[str, Any]:
    known = rule(code)
    if known is None:
        return {"id": code}
    return {"id": code, "shortDescription": {"text": known.title}, "help": {"text": known.prose}}


def _location(span: Span, folder: str) -> dict[str, Any]:
    region = {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }
    return {"physicalLocation": {"artifactLocation": {"uri": _path(span, folder)}, "region": region}}


def _gitlab(found: list[Diagnostic], folder: str) -> str:
    seen: Counter[str] = Counter()
    entries = []
    for item in found:
        same = f"{item.code}|{item.span.path}|{item.title}"
        seen[same] += 1
        entries.append(
            {
                "description": _message(item),
                "check_name": item.code,
                "fingerprint": sha256(f"{same}|{seen[same]}".encode()).hexdigest(),
                "severity": "major" if item.severity == "error" else "minor",
                "location": {
                    "path": _path(item.span, folder),
                    "lines": {"begin": item.span.line, "end": item.span.end_line},
                },
            }
        )
    return json.dumps(entries, indent=2, ensure_ascii=False)


def _junit(found: list[Diagnostic], folder: str) -> str:
    """A test case for each file with findings; one that passes where there are none. A warning is no failure."""
    cases: list[str] = []
    for path, items in groupby(found, key=lambda item: item.span.path):
        cases += _junit_case(_path(Span(path), folder), list(items))
    failures = sum("<failure" in line for line in cases)
    tests = max(sum(line.startswith("    <testcase") for line in cases), 1)
    cases = cases or ['    <testcase classname="mvc" name="check"/>']
    head = f'  <testsuite name="mvc check" tests="{tests}" failures="{failures}">'
    return "\n".join(
        ['<?xml version="1.0" encoding="UTF-8"?>', "<testsuites>", head, *cases, "  </testsuite>", "</testsuites>"]
    )


def _junit_case(path: str, found: list[Diagnostic]) -> list[str]:
    errors = [item for item in found if item.severity == "error"]
    lines = [f'    <testcase classname="mvc" name={quoteattr(visible(path))} file={quoteattr(visible(path))}>']
    if errors:
        title = f"{errors[0].code}: {errors[0].title}" + (f", and {len(errors) - 1} more" if len(errors) > 1 else "")
        lines.append(f"      <failure message={quoteattr(visible(title))}>{_junit_text(errors)}</failure>")
    if warnings := [item for item in found if item.severity == "warning"]:
        lines.append(f"      <system-out>{_junit_text(warnings)}</system-out>")
    return [*lines, "    </testcase>"]


def _junit_text(found: list[Diagnostic]) -> str:
    told = (f"{item.span.line}:{item.span.column} {item.code}: {_message(item)}" for item in found)
    return escape("\n".join(visible(line) for text in told for line in text.split("\n")))


def _message(item: Diagnostic, *, with_title: bool = True) -> str:
    return "\n".join((*((item.title,) if with_title else ()), *item.help))


def _path(span: Span, folder: str) -> str:
    return f"{folder}/{span.path}" if folder not in ("", ".") else span.path


FORMATS: Final[Mapping[str, Callable[[list[Diagnostic], str], str]]] = {
    "github": _github,
    "sarif": _sarif,
    "gitlab": _gitlab,
    "junit": _junit,
}
