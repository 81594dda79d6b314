"""Columns computed from each other: however they are chained, the compiler ends, and says what is too much."""

from __future__ import annotations

import time

import pytest

from mvc.diagnostics import ProjectError
from mvc.pipeline.compile import compile_files

FILES = {"mvc.yml": "catalog: s.sql\n", "s.sql": "CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL);"}


def chain(length: int, expression: str) -> dict[str, str]:
    """A view whose columns read each the one before."""
    columns = "".join(f"  d{number}: {{expr: {expression.format(number - 1)}}}\n" for number in range(1, length + 1))
    head = "view: v\nsources: {t: {table: t}}\ndimensions: {id: t.id}\naggregates:\n  d0: {sum: t.a}\n"
    return {**FILES, "views/v.yml": head + columns}


@pytest.mark.parametrize(
    ("length", "expression", "first"),
    [(25, "d{0} + d{0}", "d14"), (60, "d{0} * d{0} * d{0}", "d9"), (400, "d{0} + 1", "d65")],
)
def test_a_chain_that_is_too_much_is_a_finding(length: int, expression: str, first: str) -> None:
    began = time.process_time()
    with pytest.raises(ProjectError) as refused:
        compile_files(chain(length, expression))
    assert time.process_time() - began < 10
    [found] = refused.value.diagnostics
    assert (found.code, found.title.split("`")[1]) == ("MV101", first)


@pytest.mark.parametrize(("length", "expression"), [(12, "d{0} + d{0}"), (64, "d{0} + 1")])
def test_a_long_one_compiles(length: int, expression: str) -> None:
    assert len(compile_files(chain(length, expression)).view("v").columns) == length + 2
