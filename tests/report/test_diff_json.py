"""The format `mvc.diff`: its values, and that docs/json.md names every kind of change with its fields."""

from __future__ import annotations

import json
import re
from dataclasses import fields

import pytest
from difference_examples import EMPTY, KINDS, REVIEWED, any_speed, differences
from hypothesis import given

from mvc.comparison.difference import Difference
from mvc.report.diff.json_output import diff_json, kind_name
from servers import ROOT


def documented() -> dict[str, list[str]]:
    """The fields of each kind, as the table in docs/json.md has them."""
    text = (
        (ROOT / "docs" / "json.md")
        .read_text(encoding="utf-8")
        .partition("### Kinds of changes")[2]
        .partition("\n## ")[0]
    )
    rows = re.findall(r"^\| `(\w+)` \| ([^|]*)\|", text, re.MULTILINE)
    return {kind: re.findall(r"`(\w+)`", names) for kind, names in rows}


def test_every_kind_is_documented_with_its_fields():
    assert documented() == {kind_name(kind): [field.name for field in fields(kind)] for kind in KINDS}


def test_a_difference():
    found = diff_json(REVIEWED, "shop")
    assert (found["format"], found["version"], found["project"]) == ("mvc.diff", 3, "shop")
    assert found["classes"] == ["breaking", "access-loosened", "rebuild", "safe"]
    assert found["project_changes"] == [
        {
            "kind": "refresher_added",
            "role": "etl",
            "effects": [{"class": "access-loosened", "reason": "`etl` may refresh every view", "undecided": False}],
        }
    ]
    revenue = found["views"][1]
    assert {name: revenue[name] for name in ("schema", "name", "path", "status")} == {
        "schema": "public",
        "name": "daily_revenue",
        "path": "views/daily_revenue.yml",
        "status": "changed",
    }
    assert revenue["classes"] == ["breaking", "access-loosened", "rebuild", "safe"]
    assert revenue["changes"][0]["kind"] == "column_renamed"
    assert (revenue["changes"][0]["before"], revenue["changes"][0]["after"]) == ("total", "revenue")
    assert revenue["changes"][2]["effects"][0]["undecided"] is True
    assert revenue["downstream"] == [
        {"view": "monthly_revenue", "column": "revenue", "through": "total"},
        {"view": "monthly_revenue", "column": None, "through": None},
    ]
    assert found["views"][2]["changes"][0]["through"] == [
        {"view": "daily_revenue", "column": "total"},
        {"view": "daily_revenue", "column": None},
    ]


def test_nothing():
    expected = {"format": "mvc.diff", "version": 3, "project": "p", "classes": [], "project_changes": [], "views": []}
    assert diff_json(EMPTY, "p") == expected


def test_the_order_is_that_of_the_names():
    turned = Difference(REVIEWED.views[::-1], REVIEWED.project)
    assert diff_json(turned, "shop") == diff_json(REVIEWED, "shop")


@pytest.mark.slow
@any_speed
@given(differences)
def test_all_of_it_is_json(difference):
    found = diff_json(difference, "p")
    assert json.loads(json.dumps(found)) == found
