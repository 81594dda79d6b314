"""What the golden cases do not show: odd characters, long lines, several files, colour, JSON."""

from __future__ import annotations

import json

import pytest

import mvc
from mvc.diagnostics import Diagnostic, Label, Span, error, warning
from mvc.diagnostics.rules import completed
from mvc.report.findings.text import render_diagnostics, summary
from mvc.report.text.json_output import compiled_json, diagnostics_json
from mvc.report.text.sanitize import cells, visible, width
from mvc.report.text.style import Style

FILES = {"a.yml": "one\n\ttwo 日本 x\nthree\x1b[31m\n", "b.sql": f"{'a' * 300}XX{'b' * 300}\n", "c.yml": "c: 1\n"}


def lines(*found: Diagnostic, style: Style = Style()) -> list[str]:  # noqa: B008  immutable
    return render_diagnostics(found, FILES, style).split("\n")


def test_tabs_and_wide_characters_are_aligned() -> None:
    shown = lines(error("MV101", Span("a.yml", 2, 9, 2, 10), "t", label="here"))
    source, marks = shown[3:5]
    assert source == "2 │     two 日本 x"
    assert width(source[: source.index("x")]) == width(marks[: marks.index("^")])


def test_wide_characters_are_marked_as_wide() -> None:
    assert lines(error("MV101", Span("a.yml", 2, 6, 2, 8), "t"))[4] == "  │         ^^^^"


def test_nothing_of_a_file_reaches_the_terminal_as_a_command() -> None:
    shown = render_diagnostics([error("MV101", Span("a.yml", 3, 1, 3, 6), "t\x1b]0;x\x07\n", label="\u202e")], FILES)
    assert not {"\x1b", "\x07", "\u202e"} & set(shown)
    assert "three\\x1b[31m" in shown
    assert shown.startswith("error[MV101]: t\\x1b]0;x\\x07\\x0a\n")


def test_of_a_line_that_is_a_whole_file_a_part_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of findings in one such line took minutes."""
    looked: list[int] = []
    monkeypatch.setattr("mvc.report.findings.excerpt.cells", lambda line: looked.append(len(line)) or cells(line))
    files = {"d.sql": f"{'a' * 60_000}XX{'b' * 60_000}"}
    shown = render_diagnostics([error("MV101", Span("d.sql", 1, 60_001, 1, 60_003), "t")], files).split("\n")
    assert (shown[3][4], shown[3][-1]) == ("…", "…")
    assert shown[3].index("XX") == shown[4].index("^^")
    assert max(looked) < 1000


def test_long_lines_are_cut_around_the_place() -> None:
    source, marks = lines(error("MV020", Span("b.sql", 1, 301, 1, 303), "t"))[3:5]
    assert len(source) < 130
    assert source[marks.index("^") : marks.rindex("^") + 1] == "XX"


def test_a_whole_file_and_a_missing_one_have_no_excerpt() -> None:
    shown = lines(error("MV007", Span("a.yml"), "t"), error("MV001", Span("gone.yml", 3, 4, 3, 5), "t", label="why"))
    assert shown[1:3] == ["  ┌─ a.yml", "  │"]
    assert shown[6] == "  ┌─ gone.yml:3:4: why"


def test_a_place_beyond_the_end_of_the_file() -> None:
    assert lines(error("MV001", Span("c.yml", 9, 1, 9, 2), "t"))[1] == "  ┌─ c.yml:9:1"


def test_related_places_of_other_files_have_their_own_excerpt() -> None:
    related = [Label(Span("c.yml", 1, 1, 1, 2), "there"), Label(Span("a.yml", 1, 1, 1, 4), "and here")]
    shown = lines(error("MV013", Span("a.yml", 3, 1, 3, 6), "t", label="here", related=related))
    assert [line for line in shown if "-" in line or "^" in line or "┌" in line] == [
        "  ┌─ a.yml:3:1",
        "  │ --- and here",
        "  │ ^^^^^ here",
        "  ┌─ c.yml:1:1",
        "  │ - there",
    ]


def test_each_once_in_order_errors_first() -> None:
    late, early = (
        error("MV101", Span("b.sql", 1, 1, 1, 2), "late"),
        warning("MV401", Span("a.yml", 1, 1, 1, 2), "early"),
    )
    same = error("MV102", Span("a.yml", 1, 1, 1, 2), "same place")
    found = [late, early, same, late]
    heads = [line for line in lines(*found) if "[" in line and "]: " in line]
    assert heads == ["error[MV102]: same place", "warning[MV401]: early", "error[MV101]: late"]
    assert summary(found, "nothing was changed") == "2 errors, 1 warning; nothing was changed"
    assert summary([]) == "nothing to report"
    assert [item["code"] for item in diagnostics_json(found)] == ["MV102", "MV401", "MV101"]


def test_colour_changes_nothing_but_colour() -> None:
    found = error("MV101", Span("a.yml", 2, 2, 2, 5), "t", label="here", help="do")
    colored = "\n".join(lines(found, style=Style(color=True)))
    assert "\x1b[1;31m" in colored
    for code in ("1;31", "1;33", "36", "34", "32", "1", "0"):
        colored = colored.replace(f"\x1b[{code}m", "")
    assert colored.split("\n") == lines(found)


def test_visible_keeps_what_people_write() -> None:
    assert visible("Größe 名前 می‌خواهم 👩‍👧") == "Größe 名前 می‌خواهم 👩‍👧"


def test_a_compiled_project_is_json() -> None:
    view = "view: v\nsources: {o: {table: orders}}\ndimensions: {day: o.ordered_on}\n"
    data = json.loads(json.dumps(compiled_json(mvc.compile(mvc.load(completed({"views/v.yml": view}))))))
    assert (data["format"], data["version"]) == ("mvc.compiled", 1)
    assert data["views"][0]["columns"][0]["lineage"] == ["public.orders.ordered_on"]
    assert data["schedules"][0]["views"] == ["v"]
    assert data["views"][0]["storage_sql"][0] in data["sql"]
