"""Refreshes as text for a terminal, and as data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from mvc.compiled.serialize import some_fields
from mvc.engines.postgres.server.refresh_view import Refreshed
from mvc.report.text.sanitize import visible
from mvc.report.text.style import Style
from mvc.report.text.words import counted


def refreshed_text(result: Refreshed, style: Style) -> str:
    """One line for one refresh, and one for what there is to say about it."""
    view = visible(result.view)
    by = f" ({visible(result.schedule)})" if result.schedule else ""
    detail = f"\n      {visible(result.detail)}" if result.detail else ""
    if result.status == "completed":
        rows = "" if result.rows is None else f"{counted(result.rows, 'row')} "
        did = f"{rows}in {result.seconds:.2f} s{''.join(_parts(result))}"
        return f"  {style.paint('help', '✓')} {view}  {did}{by}{detail}"
    mark = style.paint("error", "✗") if result.status == "failed" else style.paint("warning", "–")
    return f"  {mark} {view}  {result.status}: {visible(result.reason or '')}{by}{detail}"


def _parts(result: Refreshed) -> Iterator[str]:
    if result.mode not in (None, "full"):
        yield f", {result.mode}"
    if result.groups is not None:
        yield f", {counted(result.groups, 'group')} computed"
    if result.changed is not None:
        yield f", {result.changed:,} written"


def refreshed_json(results: Iterable[Refreshed]) -> dict[str, Any]:
    """The results as data. `seconds` is the server's measure."""
    return {
        "format": "mvc.refresh",
        "version": 1,
        "views": [
            some_fields(item, "view status seconds rows reason schedule mode changed groups detail") for item in results
        ],
    }
