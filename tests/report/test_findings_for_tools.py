"""Findings in the formats of other tools: what each of them reads must be there, and nothing that breaks its syntax."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import pytest

from mvc.diagnostics import Label, Span, error, warning
from mvc.report.findings.for_tools import FORMATS, findings_text

PLACE = Span("views/v.yml", 3, 8, 3, 12)
FOUND = (
    error(
        "MV204", PLACE, "column `a<b` does not exist, 100%", help=("write b", "or c"), related=[Label(PLACE, "here")]
    ),
    warning("MV409", Span("views/w.yml"), "no schedule: x, y", help="add one"),
    error("MV204", PLACE, "column `a<b` does not exist, 100%", label="another"),
)


class TestGithub:
    def test_one_line_each_with_the_place(self):
        first, *rest = findings_text("github", FOUND).splitlines()
        assert first == (
            "::error file=views/v.yml,line=3,endLine=3,col=8,endColumn=11,"
            "title=MV204%3A column `a<b` does not exist%2C 100%25::write b%0Aor c"
        )
        assert len(rest) == 2

    def test_without_help_it_says_the_title(self):
        assert findings_text("github", FOUND).splitlines()[1].endswith("::column `a<b` does not exist, 100%25")

    def test_paths_are_relative_to_where_it_runs(self):
        assert "file=reports/views/v.yml," in findings_text("github", FOUND, "reports")

    def test_several_lines_have_no_columns(self):
        lines = findings_text("github", [error("MV001", Span("a.yml", 2, 3, 5, 1), "t")])
        assert "line=2,endLine=5,title" in lines


class TestSarif:
    def test_results_with_rules_and_regions(self):
        (run,) = json.loads(findings_text("sarif", FOUND, "x"))["runs"]
        assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["MV204", "MV409"]
        first = run["results"][0]
        assert (first["ruleId"], first["ruleIndex"], first["level"]) == ("MV204", 0, "error")
        assert first["message"]["text"] == "column `a<b` does not exist, 100%\nwrite b\nor c"
        place = first["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"] == "x/views/v.yml"
        assert place["region"] == {"startLine": 3, "startColumn": 8, "endLine": 3, "endColumn": 12}
        assert first["relatedLocations"][0]["message"]["text"] == "here"

    def test_nothing_found_is_a_run_without_results(self):
        (run,) = json.loads(findings_text("sarif", ()))["runs"]
        assert run["results"] == []


class TestGitlab:
    def test_each_entry_has_a_fingerprint_of_its_own(self):
        entries = json.loads(findings_text("gitlab", FOUND))
        assert len({entry["fingerprint"] for entry in entries}) == 3
        assert entries[0]["location"] == {"path": "views/v.yml", "lines": {"begin": 3, "end": 3}}
        assert [entry["severity"] for entry in entries] == ["major", "major", "minor"]

    def test_a_moved_line_keeps_its_fingerprint(self):
        moved = [error("MV204", Span("views/v.yml", 9, 8, 9, 12), FOUND[0].title)]
        assert json.loads(findings_text("gitlab", moved))[0]["fingerprint"] in {
            entry["fingerprint"] for entry in json.loads(findings_text("gitlab", FOUND))
        }

    def test_nothing_found_is_an_empty_list(self):
        assert json.loads(findings_text("gitlab", ())) == []


class TestJunit:
    def test_a_case_for_each_file(self):
        suite = ET.fromstring(findings_text("junit", FOUND)).find("testsuite")
        assert suite is not None
        assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
        broken, warned = suite.findall("testcase")
        failure = broken.find("failure")
        assert failure is not None
        assert failure.get("message") == "MV204: column `a<b` does not exist, 100%, and 1 more"
        assert warned.find("failure") is None
        assert "MV409: no schedule: x, y" in str(warned.findtext("system-out"))

    def test_nothing_found_is_a_case_that_passes(self):
        suite = ET.fromstring(findings_text("junit", ())).find("testsuite")
        assert suite is not None
        assert (suite.get("tests"), suite.get("failures")) == ("1", "0")


@pytest.mark.parametrize("kind", FORMATS)
def test_control_characters_break_no_syntax(kind):
    text = findings_text(kind, [error("MV001", Span("a\x1b.yml"), "x\x00\x1b]y\nz", help="\r\n::error::")])
    if kind == "junit":
        ET.fromstring(text)
    elif kind == "github":
        assert len(text.splitlines()) == 1
    else:
        json.loads(text)
