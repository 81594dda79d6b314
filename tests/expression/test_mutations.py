"""Expressions changed at random: each is refused with a finding or means to PostgreSQL what it means to the compiler.

`MVC_MUTATIONS=100000 pytest tests/expression/test_mutations.py` tries more than the few that run each time.
"""

from __future__ import annotations

import os
import random

import pytest

pytest.importorskip("postgast")

from mvc.diagnostics import ProjectError
from mvc.expression import ExpressionError, parse_expression, parse_ordered
from mvc.pipeline.compile import compile_files

from . import mutations, reading

COUNT = int(os.environ.get("MVC_MUTATIONS", "0"))


@pytest.mark.slow
def test_an_expression_is_refused_or_read_by_postgresql_as_it_is_here() -> None:
    chance = random.Random(11)
    read, refused = 0, []
    for _ in range(COUNT or 4_000):
        text = mutations.mutated(chance.choice(mutations.sites()).text, chance)
        try:
            expression = parse_ordered(text).expression
        except ExpressionError as problem:
            assert 0 <= problem.start <= problem.end <= len(text), text
            continue
        read += 1
        said = reading.disagreement(expression)
        if said.startswith("refused"):
            refused.append((text, said))
        assert not said or said.startswith("refused"), f"{said}: {text!r}"
    assert read > 200
    assert len(refused) * 100 <= read, (
        refused
    )  # sqlglot's grammar is wider than PostgreSQL's; what is left only a server tells


@pytest.mark.slow
def test_a_project_is_refused_or_compiled_to_what_postgresql_can_read() -> None:
    chance = random.Random(12)
    compiled, refused = 0, []
    for _ in range((COUNT or 4_000) // 10):
        site = chance.choice(mutations.sites())
        text = mutations.mutated(site.text, chance)
        try:
            result = compile_files(site.project(text), site.absent)
        except ProjectError as problem:
            assert problem.diagnostics, text
            continue
        compiled += 1
        for statement in (item for view in result.views for item in reading.statements(view)):
            refused += [(text, said)] if (said := reading.refusal(statement)) else []
    assert compiled > 10
    assert len(refused) * 100 <= compiled, refused


@pytest.mark.slow
def test_the_projects_of_the_sites_compile() -> None:
    for files, absent in mutations.projects():
        compile_files(files, absent)


@pytest.mark.slow
@pytest.mark.parametrize("site", mutations.sites(), ids=lambda site: f"{site.path}-{'.'.join(map(str, site.keys))}")
def test_what_projects_hold_is_read_alike(site: mutations.Site) -> None:
    if site.text.lstrip().lower().startswith(("select", "with")):
        return
    assert reading.disagreement(parse_ordered(site.text).expression) == ""


@pytest.mark.parametrize(
    "text",
    [
        *("a == b", "a IN ()", "a IN 'x'", "a IN", "DATE 2026-01-01", "INTERVAL 30 DAY", "concat(x, )", "concat(, x)"),
        *(
            "a <=> b",
            "a RLIKE 'x'",
            "a GLOB 'x'",
            "a DIV b",
            "a NOT NULL",
            "a IS b",
            "'o'.id",
            "o.'id'",
            "current_date.x",
            "f(x).y",
        ),
        *(
            "1x",
            "1e",
            "a 1",
            "1 'x'",
            "[1, 2]",
            "f(SELECT 1)",
            "()",
            "offset",
            "end",
            "o.a AND user.id = 1",
            "any b",
        ),
        *("a < b < c", "a = b = c", "-a ^ b IS NULL IS NULL", "a *%s", "a || -b -|- c + 1 = 2 = 3"),
        *(
            "a !~* b || c = d || !~ e",
            "!~ a",
            "a := b",
            "(a AS b)",
            "a AS",
            '""',
            "`a`",
            "a\vb",
            "a[1, 2]",
        ),
        *(
            "ſum(a)",
            "a ın (1)",
            "a +\u00a0b",
            "a\u2028",
            "\u0085a",
            "a\x1c",
            "a\u200bb",
            "a{b}",
            "U&'\\00'",
            "a COLLATE 'x'",
        ),
    ],
)
def test_what_postgresql_reads_otherwise_is_refused_at_its_place(text: str) -> None:
    with pytest.raises(ExpressionError) as refused:
        parse_expression(text)
    assert 0 <= refused.value.start < refused.value.end <= len(text)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "a !~ 'x'",
            "a !~* 'x' AND b",
            "a !~~ 'x'",
            "a << 1",
            "a >> 1",
            "a OPERATOR(pg_catalog.<^) b",
            "a = .5",
            "(.5)",
            "f(a, .5)",
        ),
        *(
            "N'x'",
            "E'\\n'",
            "U&'\\0041'",
            "$$x$$",
            "$a$x$a$",
            "b'1'",
            "x'ff'",
            "1e5",
            "1_000",
            "1.",
            "a::int[]",
            "a[1][2]",
            "a[1:2]",
        ),
        *(
            'a || b COLLATE "C"',
            "NOT a = b",
            "a NOT LIKE b",
            "a IS NOT DISTINCT FROM b",
            "a BETWEEN 1 AND 2 AND b",
            "- a ^ 2 * b",
        ),
        *(
            "ARRAY[[1, 2], [3, 4]]",
            "ARRAY(SELECT 1)",
            "a = ANY (ARRAY[1])",
            "(a, b) OVERLAPS (c, d)",
            "o.end",
            "o.user",
            "café",
            "größe",
        ),
        *(
            "current_date - INTERVAL '1 day'",
            "(f(x)).y",
            "a IS NULL",
            "trim(FROM a)",
            "count(*)",
            "CASE WHEN a THEN .5 + 1 ELSE -1 END",
        ),
        *(
            "-- c\na",
            "a /* /* x */ */ + b",
            "a->'b'->>'c'",
            "a AT TIME ZONE 'UTC' + b",
            "a ? 'b'",
            "f(x => 1)",
            "f(x := 1)",
            "a = 1 && b",
            "٣",
        ),
    ],
)
def test_near_misses_are_read(text: str) -> None:
    assert reading.disagreement(parse_expression(text)) == ""
