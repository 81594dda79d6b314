"""What is allowed and rarely meant. Each finding is a warning that a view can accept with a reason: `accept: {CODE: why}`.

A lint fires only where it is surely right about what it says; whether that is meant, the author knows.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from mvc.analysis.lint.access import lint_index, lint_personal
from mvc.analysis.lint.bodies import lint_bodies
from mvc.analysis.lint.casts import lint_casts
from mvc.analysis.lint.fanout import lint_fanout
from mvc.analysis.lint.joins import lint_joins
from mvc.analysis.lint.late_names import lint_late_names
from mvc.analysis.lint.order import lint_order, lint_stars, lint_ties
from mvc.analysis.lint.outer import lint_outer
from mvc.analysis.lint.parents import lint_parents
from mvc.analysis.lint.schedules import lint_schedules
from mvc.analysis.lint.shared_rows import lint_shared_rows
from mvc.analysis.lint.zones import lint_policy_zones, lint_zones
from mvc.analysis.names.functions import Functions
from mvc.analysis.resolved import ResolvedView
from mvc.analysis.types.check import policy_warnings, type_warnings
from mvc.diagnostics import Diagnostic, did_you_mean, warning
from mvc.model.policy import Policy
from mvc.model.schedule import Schedule
from mvc.model.view import View

NOTHING: Final = "MV400"
# Lints of a view by itself, and those that need the whole project. MV403 is both: a view's query and its policies.
OF_VIEW: Final = frozenset(
    """
    MV401 MV402 MV404 MV405 MV406 MV411 MV412 MV421 MV422 MV423 MV425 MV426 MV427 MV428
    """.split()
)
OF_PROJECT: Final = frozenset({"MV403", "MV407", "MV408", "MV409", "MV424", "MV430", "MV613"})


def lint_view(
    resolved: ResolvedView, functions: Functions, warned: Iterable[Diagnostic] | None = None
) -> list[Diagnostic]:
    """The lints of one view by itself, accepted ones left out. `warned` are those of types, where they are known already."""
    joined = list(lint_joins(resolved))
    typed = type_warnings(resolved, functions) if warned is None else warned
    found = [
        *lint_fanout(resolved, functions.catalog),
        *lint_parents(resolved),
        *lint_shared_rows(resolved),
        *lint_zones(resolved),
        *lint_casts(resolved),
        *lint_order(resolved),
        *lint_ties(resolved),
        *lint_stars(resolved),
        *joined,
        *lint_outer(resolved),
        *lint_bodies(resolved),
        *(item for item in typed if not any(_is_within(item, other) for other in joined)),
    ]
    fired = {item.code for item in found}
    judged = {code for code in resolved.view.accept if code not in OF_PROJECT}
    return [*_kept(found, resolved.view), *_idle(resolved.view, judged - fired)]


def _is_within(item: Diagnostic, other: Diagnostic) -> bool:
    """Whether a finding says less of the same place: that a column is compared with itself, in a join that ties nothing."""
    inner, outer = item.span, other.span
    starts = (outer.line, outer.column) <= (inner.line, inner.column)
    return (
        item.code == other.code and starts and (inner.end_line, inner.end_column) <= (outer.end_line, outer.end_column)
    )


def lint_project(
    views: tuple[ResolvedView, ...],
    policies: tuple[Policy, ...],
    schedules: tuple[Schedule, ...],
    functions: Functions,
    history: Iterable[Diagnostic] = (),
) -> list[Diagnostic]:
    """The lints that need more than one view by itself, accepted ones left out; `history` are those of partitions."""
    of_views = [*lint_schedules(views, schedules), *history]
    kept: list[Diagnostic] = []
    for resolved in views:
        view = resolved.view
        mine = [policy for policy in policies if policy.view == view.called]
        found = [item for item in of_views if item.span == view.origin.at("view").span]
        found += [*lint_index(resolved, mine), *lint_personal(resolved, mine)]
        found += [item for policy in mine for item in lint_policy_zones(resolved, policy)]
        found += [item for policy in mine for item in policy_warnings(resolved, policy, functions)]
        found += [item for policy in mine for item in lint_late_names(policy, functions)]
        fired = {item.code for item in (*found, *lint_zones(resolved))}
        kept += [*_kept(found, view), *_idle(view, (OF_PROJECT & view.accept.keys()) - fired)]
    return kept


def _kept(found: Iterable[Diagnostic], view: View) -> list[Diagnostic]:
    return [item for item in dict.fromkeys(found) if item.code not in view.accept]


def _idle(view: View, codes: Iterable[str]) -> list[Diagnostic]:
    """MV400 for codes that are accepted and do not fire."""
    known = OF_VIEW | OF_PROJECT
    return [
        warning(
            NOTHING,
            view.origin.at("accept", code).key_span,
            f"`accept: {code}` accepts nothing" if code in known else f"`{code}` is no lint that could be accepted",
            label="does not fire here",
            help="take it out" if code in known else did_you_mean(code, known, "lints"),
        )
        for code in sorted(codes)
    ]
