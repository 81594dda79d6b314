"""The forty real views that the language is measured on: the list stays the one that was chosen before, and hides no view that could not be said.

The pointers are not followed: the projects are not part of this one, and a test asks no server of others.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

LIST = Path(__file__).with_name("list.md")
CONSTRUCTS = frozenset(
    [
        "CTE",
        "DISTINCT",
        "DISTINCT ON",
        "FILTER",
        "GROUP BY",
        "HAVING",
        "IN subquery",
        "ORDER BY",
        "aggregate",
        "aggregate DISTINCT",
        "derived table",
        "inner join",
        "outer join",
        "plain",
        "recursive CTE",
        "scalar subquery",
        "set operation",
        "set-returning function",
        "window",
    ]
)
SHARES = {"window": 9, "DISTINCT ON": 8, "HAVING": 2}  # of forty, as 167 public views had them


class View(NamedTuple):
    """A row of the list."""

    number: str
    repository: str
    path: str
    line: str
    commit: str
    name: str
    constructs: str
    said: str
    reason: str

    @property
    def parts(self) -> list[str]:
        """The constructs, one by one."""
        return self.constructs.split(", ")


def views_in(text: str) -> list[View]:
    """The rows of the table below the last heading; fails where a row has not all columns."""
    rows = [line for line in text.rpartition("\n## ")[2].splitlines() if re.match(r"\| \d+ \|", line)]
    return [View(*(cell.strip() for cell in row.strip("|").split("|"))) for row in rows]


VIEWS = views_in(LIST.read_text(encoding="utf-8"))


def test_there_are_forty_of_many_projects() -> None:
    of_a_project = Counter(view.repository for view in VIEWS)
    assert [view.number for view in VIEWS] == [str(number) for number in range(1, 41)]
    assert len(of_a_project) >= 12
    assert max(of_a_project.values()) <= 4


def test_they_stand_in_the_order_of_the_rule() -> None:
    places = [(view.repository.replace("/", "+").lower(), view.path, int(view.line)) for view in VIEWS]
    assert places == sorted(places)
    assert len({(view.repository, view.path, view.name) for view in VIEWS}) == len(VIEWS)


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_a_row_is_a_pointer(view: View) -> None:
    assert re.fullmatch(r"[\w.-]+/[\w.-]+", view.repository)
    assert re.fullmatch(r"[\w./-]+\.\w+", view.path)
    assert re.fullmatch(r"[1-9]\d*", view.line)
    assert re.fullmatch(r"[0-9a-f]{40}", view.commit)
    assert re.fullmatch(r"\w+", view.name)


@pytest.mark.parametrize("construct", SHARES)
def test_what_is_hard_has_its_natural_share(construct: str) -> None:
    assert sum(construct in view.parts for view in VIEWS) >= SHARES[construct]


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_its_constructs_are_known_ones(view: View) -> None:
    assert set(view.parts) <= CONSTRUCTS
    assert view.parts == ["plain"] or "plain" not in view.parts


def test_all_are_judged_or_none_is() -> None:
    assert {bool(view.said) for view in VIEWS} in ({True}, {False})


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_what_is_not_said_has_its_reason(view: View) -> None:
    assert view.said in {"", "yes", "no"}
    assert bool(view.reason) == (view.said == "no")
