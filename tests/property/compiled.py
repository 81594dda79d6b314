"""The door to the compiler: the only module here that imports it."""

from __future__ import annotations

from typing import Any

import mvc

from .oracle import reads_ancestor
from .specs import Case
from .views import Aggregate, Tree
from .yaml_text import PLAIN, Layout

Refusal = mvc.ProjectError


def compiled_text(case: Case, layout: Layout = PLAIN) -> str:
    return mvc.compile(mvc.load(case.files(layout))).sql


def compiled_view(case: Case) -> Any:
    """The compiled view `v`.

    Raises:
        Refusal: the compiler found an error in it.
    """
    return mvc.compile(mvc.load(case.files())).view(case.view.name)


def compiled_in_part(case: Case) -> Any:
    """The project whose only view `v` is refreshed in part where that is possible."""
    schedule = "schedules: [{schedule: s, refresh: all, within: 1h, mode: incremental}]\n"
    return mvc.compile(mvc.load({**case.files(), "schedules/s.yml": schedule}))


def may_refuse(case: Case) -> bool:
    """The specification leaves it to the compiler whether to take this view."""
    calls = [each for each in case.view.aggregates if each.function != "expr"]
    return any(reads_ancestor(case.tree, each) or _has_no_identity(case.tree, each) for each in calls)


def _has_no_identity(tree: Tree, aggregate: Aggregate) -> bool:
    """Rows that no key tells apart cannot be counted once each where paths may repeat them; nor can what is to-one from them."""
    source = tree.source_of(aggregate)
    while source != tree.base and tree.table(source).identity and tree.is_one(tree.by_alias[source]):
        source = tree.parents[source]
    return source != tree.base and not tree.table(source).identity


def compiled_or_none(case: Case) -> Any | None:
    """The compiled view, or None where the compiler refused what it may refuse."""
    try:
        return compiled_view(case)
    except Refusal:
        if may_refuse(case):
            return None
        raise
