"""Refreshes as text for a terminal, and as data."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mvc.postgres.refresh_view import Refreshed
from mvc.report.style import Style
from mvc.report.visible import visible


def refreshed_text(result: Refreshed, style: Style) -> str:
    """One line for one refresh."""
    by = f" ({visible(result.schedule)})" if result.schedule else ""
    if result.status == "completed":
        return f"  {style.paint('help', '✓')} {result.view}  {_rows(result.rows or 0)} in {result.seconds:.2f} s{by}"
    mark = style.paint("error", "✗") if result.status == "failed" else style.paint("warning", "–")
    return f"  {mark} {result.view}  {result.status}: {result.reason}{by}"


def _rows(count: int) -> str:
    return f"{count:,} row{'' if count == 1 else 's'}"


def refreshed_json(results: Iterable[Refreshed]) -> dict[str, Any]:
    """The results as data. `seconds` is the server's measure."""
    return {
        "format": "mvc.refresh",
        "version": 1,
        "views": [
            {
                "view": item.view,
                "status": item.status,
                "seconds": item.seconds,
                "rows": item.rows,
                "reason": item.reason,
                "schedule": item.schedule,
            }
            for item in results
        ],
    }
