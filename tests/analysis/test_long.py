"""Very long texts: they compile, or are refused with a place and a way out. None ends in a traceback, and none takes minutes."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

import mvc
from mvc.diagnostics import Diagnostic, ProjectError

pytestmark = pytest.mark.slow

FILES = {
    "mvc.yml": "project: p\ncatalog: s.sql\n",
    "s.sql": "CREATE TABLE t (id int PRIMARY KEY, k text NOT NULL, a int NOT NULL);",
}
INCREMENTAL = {"schedules/s.yml": "schedules: [{schedule: often, refresh: v, within: 1h, mode: incremental}]\n"}
HEAD = "view: v\nsources: {t: {table: t}}\n"
VIEW = f"{HEAD}dimensions: {{k: t.k}}\naggregates: {{n: {{sum: t.a}}}}\n"


def dimension(text: str) -> dict[str, str]:
    return {"views/v.yml": f'{HEAD}dimensions: {{k: "{text}"}}\naggregates: {{n: {{count: t}}}}\n'}


def condition(text: str) -> dict[str, str]:
    return {"views/v.yml": f'{VIEW}where: "{text}"\n'}


def policy(text: str) -> dict[str, str]:
    return {"views/v.yml": VIEW, "policies/p.yml": f'policies: [{{policy: p, view: v, to: [x], using: "{text}"}}]\n'}


def repeated(text: str, between: str, times: int) -> str:
    return between.join(text.format(number) for number in range(times))


DEEP = {
    "a dimension of ANDs": dimension(f"({repeated('t.a <> {}', ' AND ', 600)})::text"),
    "a dimension of ||": dimension(repeated("t.k", " || ", 600)),
    "a dimension of +": dimension(repeated("t.a", " + ", 600)),
    "casts": dimension("t.k" + "::text" * 600),
    "time zones": dimension("t.k::timestamp" + " AT TIME ZONE 'UTC'" * 600),
    "CASE": dimension(f"CASE {repeated('WHEN t.a = {} THEN 1', ' ', 500)} END"),
    "a rule of ORs": policy(repeated("k = 'a{}'", " OR ", 600)),
    "a rule of ANDs": policy(repeated("k <> 'a{}'", " AND ", 600)),
    "a condition": condition(repeated("t.a <> {}", " AND ", 600)),
    "functions": dimension("lower(" * 70 + "t.k" + ")" * 70),
    "a body": {"views/v.yml": f"view: v\ngrain: [k]\nsql: SELECT {repeated('t.k', ' || ', 2000)} AS k FROM t\n"},
}
LONG = {
    "a list": condition(f"t.a IN ({repeated('{}', ', ', 50_000)})"),
    "arguments": dimension(f"concat({repeated('t.k', ', ', 50_000)})"),
    "an array": condition(f"t.a = ANY (ARRAY[{repeated('{}', ', ', 50_000)}])"),
    "unknown columns": condition(f"t.a IN ({repeated('t.x{}', ', ', 10_000)})"),
    "a list of a body": {
        "views/v.yml": f"view: v\ngrain: [k]\nsql: SELECT t.k FROM t WHERE t.a IN ({repeated('{}', ', ', 50_000)})\n"
    },
}


def findings(files: dict[str, str]) -> Iterator[Diagnostic]:
    """What a project is refused for; nothing where it compiles."""
    try:
        mvc.compile(mvc.load({**FILES, **files}))
    except ProjectError as problem:
        yield from problem.diagnostics


@pytest.mark.parametrize("files", DEEP.values(), ids=list(DEEP))
def test_a_deep_text_compiles_or_is_refused_by_its_place(files: dict[str, str]) -> None:
    for more in ({}, INCREMENTAL if "sql:" not in files["views/v.yml"] else {}):
        for item in findings({**files, **more}):
            assert item.code in ("MV101", "MV403"), item.title
            assert item.span.line >= 1
            assert "nested too deep" in item.title or "brackets" in item.title.lower()


@pytest.mark.parametrize("files", LONG.values(), ids=list(LONG))
def test_a_long_text_is_refused_soon_with_a_way_out(files: dict[str, str]) -> None:
    began = time.process_time()
    [found] = findings(files)
    assert time.process_time() - began < 8
    assert found.code == "MV101"
    assert "words and signs: 20,000 are the most" in found.title
    assert found.help == ("put a long list of values into a table, and join it",)
    assert (found.span.line, found.span.column > 1000) in ((5, True), (3, True))


def view_of(text: str) -> dict[str, str]:
    return {"s.sql": f"{FILES['s.sql']}\nCREATE VIEW w AS {text};", "views/v.yml": VIEW}


HEAVY = {  # what sqlglot needs minutes for
    "subscripts": (condition("t.k[1]" + "[1]" * 900), "MV101", "subscript 51 in a row: 50 are the most"),
    "subscripts of a body": (
        {"views/v.yml": f"view: v\ngrain: [k]\nsql: SELECT t.k{'[1]' * 900} AS k FROM t\n"},
        "MV101",
        "subscript 51 in a row: 50 are the most",
    ),
    "subscripts of a view of the catalog": (
        view_of(f"SELECT k{'[1]' * 900} FROM t"),
        "MV020",
        "this query has more than 50 subscripts in a row",
    ),
    "a long view of the catalog": (
        view_of(f"VALUES {repeated('({})', ',', 40_000)}"),
        "MV020",
        "this query has 160,004 words and signs: 100,000 are the most",
    ),
}


@pytest.mark.parametrize(("files", "code", "title"), HEAVY.values(), ids=HEAVY)
def test_what_would_take_minutes_is_refused(files: dict[str, str], code: str, title: str) -> None:
    began = time.process_time()
    [found] = [item for item in findings(files) if item.code == code]
    assert time.process_time() - began < 8
    assert title in found.title


def test_subscripts_of_several_values_are_not_in_a_row() -> None:
    assert not list(findings(dimension(repeated("t.k || (ARRAY[t.k])[{}]", " || ", 60))))


@pytest.mark.parametrize("text", ["/*" * 30_000, "t.a " + "+-" * 30_000 + "1"], ids=["comments", "signs"])
def test_what_ends_nowhere_is_not_looked_at_again_from_each_of_its_signs(text: str) -> None:
    began = time.process_time()
    [found] = findings(condition(text))
    assert time.process_time() - began < 8
    assert (found.code, found.span.line) == ("MV101", 5)


def test_thousands_of_unknown_columns_are_told() -> None:
    began = time.process_time()
    found = list(findings(condition(f"t.a IN ({repeated('t.x{}', ', ', 1500)})")))
    assert time.process_time() - began < 8
    assert len(found) == 1500


def test_of_thousands_of_unknown_keys_the_first_ones_are_told() -> None:
    found = list(findings({"views/v.yml": VIEW + repeated("agregates{}: 1\n", "", 30_000)}))
    assert len(found) == 51
    assert found[-1].title == "from here on there are more unknown keys"


def test_a_name_is_compared_with_those_that_begin_alike_where_there_are_many() -> None:
    many = ", ".join(f"c{number} int" for number in range(3000))
    began = time.process_time()
    found = list(
        findings(
            {
                "s.sql": f"CREATE TABLE t (id int PRIMARY KEY, k text NOT NULL, a int NOT NULL, total int, {many});",
                **condition(f"t.a IN ({repeated('t.totl{}', ', ', 500)})"),
            }
        )
    )
    assert time.process_time() - began < 8
    assert found[0].help[0].startswith("did you mean `total`?")
