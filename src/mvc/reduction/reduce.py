"""The reduction itself. It only leaves out what is surely the same on both sides; where that is not clear, nothing.

What is kept, on both sides alike: the views that differ in any file, or that another kind of relation may store, those that
read them (their storage moves along), all that these read, and every view by which a schedule (`+name`) reaches one of them.
"""

from __future__ import annotations

from collections.abc import Mapping

from mvc.reduction.mentions import MentionedNames
from mvc.reduction.outline import Outline
from mvc.reduction.part import Part, Unclear
from mvc.reduction.touched import (
    carried_views,
    changed_views,
    measuring_views,
    restored_views,
    ruled_views,
    scheduled_views,
)
from mvc.workspace.folder import PROJECT_FILE


def reduce_pair(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[Part, Part]:
    """The parts of two states of a project that show, compiled, every view that differs between the two."""
    whole = Part(before), Part(after)
    if PROJECT_FILE not in before or PROJECT_FILE not in after:
        return whole
    named: dict[str, str] = {}
    try:
        one, other = Outline(before, named), Outline(after, named)
        if one.ground != other.ground or one.names_schemas or other.names_schemas:
            return whole
        kept = _kept(one, other)
        return _part(one, kept, other), _part(other, kept, one)
    except (Unclear, OSError, UnicodeDecodeError):  # the compiler says what is wrong
        return whole


def _kept(one: Outline, other: Outline) -> set[str]:
    changed = changed_views(one, other) | measuring_views(one, other)
    changed |= restored_views(one, other, changed)
    changed |= scheduled_views(one, other)  # what reads them may hold older rows
    kept = one.downstream(changed) | ruled_views(one, other)  # a reader that is not changed itself is on this side too
    carriers = {(side, view) for side in (one, other) for view in carried_views(side)}
    while True:
        kept |= one.upstream(kept) | other.upstream(kept)
        reaching = {(side, view) for side, view in carriers if not kept.isdisjoint(side.upstream({view}))}
        if not reaching:
            return kept
        carriers -= reaching
        kept |= {view for _, view in reaching}


def _part(side: Outline, kept: set[str], other: Outline) -> Part:
    views = {path: text for name, (path, text) in side.views.items() if name in kept}
    files = side.ground | side.measures | views | _policies(side, kept, other) | side.schedules
    return Part(files, absent=frozenset(side.views.keys() - kept))


def _policies(side: Outline, kept: set[str], other: Outline) -> dict[str, str]:
    """The policies files that may be about one of the views, or define what such a one uses, or differ, rightly or not."""
    names = MentionedNames(kept)
    return {
        path: text
        for path, text in side.policies.items()
        if other.policies.get(path) != text or "predicates" in (found := side.words(path, text)) or names.among(found)
    }
