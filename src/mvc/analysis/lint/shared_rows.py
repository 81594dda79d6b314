"""MV429: an aggregate of a source that many rows share, which takes each of its rows once where one row for each of these may be meant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mvc.analysis.declared.blocks import Groups
from mvc.analysis.declared.measures import Measure
from mvc.analysis.resolved import DeclaredQuery, ResolvedView
from mvc.diagnostics import Diagnostic, warning
from mvc.quoting import identifier

CODE: Final = "MV429"


def lint_shared_rows(view: ResolvedView) -> Iterator[Diagnostic]:
    """The findings of a declared view, one per aggregate."""
    if not isinstance(view.query, DeclaredQuery):
        return
    given = Groups(view.query.tree, view.query.dimensions, view.query.grain).given
    for measure in (item for block in view.query.blocks for item in block.measures):
        if _is_said(measure) or measure.repeatable:
            continue
        sharing = view.query.tree.host(measure.source)
        if not view.query.tree.fixes(measure.source, sharing, given):
            yield _finding(measure, sharing)


def _is_said(measure: Measure) -> bool:
    """Whether the spec names the source: by `of`, or as what is counted."""
    return bool(measure.aggregate.of or measure.aggregate.alias)


def _finding(measure: Measure, sharing: str) -> Diagnostic:
    source = measure.source
    title = f"`{measure.name}` takes each row of `{source}` once, however many rows of `{sharing}` have it"
    span = (measure.aggregate.argument or measure.aggregate).origin.span
    return warning(
        CODE,
        span,
        title,
        label=f"once, or for each row of `{sharing}`?",
        help=(
            f"add of: {identifier(sharing)} to take it for each row of `{sharing}`",
            f"or of: {identifier(source)} where once is what is meant",
        ),
    )
