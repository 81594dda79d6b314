"""A body with what its names mean: what `resolve_body` knows beyond the text, kept for the lints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mvc.analysis.body.calls import Calls
from mvc.analysis.body.parse import Parsed
from mvc.analysis.body.scopes import Ref, RowType, SelectScope
from mvc.analysis.resolved import BodyQuery


@dataclass(frozen=True)
class Analysis:
    """`scopes` are the SELECTs, inner ones first; `refs` is keyed by the identity of the Column nodes of the query."""

    parsed: Parsed
    calls: Calls
    scopes: tuple[SelectScope, ...]
    refs: Mapping[int, Ref]
    output: RowType


@dataclass(frozen=True, slots=True)
class AnalysedBody(BodyQuery):
    """The text, and its analysis; two are equal if their texts are."""

    analysis: Analysis = field(compare=False, repr=False)
