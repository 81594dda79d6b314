"""Where a database is not as the catalog says: findings about views, missing rights and a stale snapshot, as text and as data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from mvc.catalog.changes import CatalogChange
from mvc.engines.postgres.plan.catalog_findings import CatalogFinding
from mvc.engines.postgres.plan.live import MissingRight
from mvc.report.text.json_output import diagnostics_json
from mvc.report.text.sanitize import visible
from mvc.report.text.style import PLAIN, Style


def catalog_text(found: Iterable[CatalogFinding], style: Style = PLAIN) -> str:
    """A line for each place, without excerpts."""
    return "\n".join(_line(item, style) for item in found)


def _line(item: CatalogFinding, style: Style) -> str:
    said = item.diagnostic
    place = f"{said.span.path}:{said.span.line}:{said.span.column}"
    return f"  {visible(place)}: {style.paint(said.severity, said.severity)}: {visible(said.title)}"


def catalog_json(found: Iterable[CatalogFinding]) -> list[dict[str, Any]]:
    """Each with the kind of mismatch, the view and the diagnostic."""
    return [
        {
            "mismatch": type(item.mismatch).__name__,
            "view": item.view,
            "refuses": item.refuses,
            "diagnostic": diagnostics_json([item.diagnostic])[0],
        }
        for item in found
    ]


def rights_json(missing: Iterable[MissingRight]) -> list[dict[str, Any]]:
    """Each right with the statement that grants it."""
    return [{**asdict(item), "needed_for": list(item.needed_for), "statement": item.statement} for item in missing]


def changes_text(changes: Iterable[CatalogChange], style: Style = PLAIN) -> str:
    """What a database has otherwise than a snapshot: a line for each."""
    return "\n".join(_change(item, style) for item in changes)


def _change(item: CatalogChange, style: Style) -> str:
    if item.before is None:
        return f"  {style.paint('help', '+')} {visible(item.what)}: {visible(item.after or '')}"
    if item.after is None:
        return f"  {style.paint('error', '-')} {visible(item.what)}: {visible(item.before)}"
    return f"  {style.paint('warning', '≠')} {visible(item.what)}: {visible(item.after)}, not {visible(item.before)}"
