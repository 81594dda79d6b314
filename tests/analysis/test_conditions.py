"""Conditions of policies as alternatives: the same rows as the tree of `any` and `all`, in a size that does not double."""

from __future__ import annotations

import random
import time
from itertools import product
from typing import Any

import pytest
import yaml

from mvc.compiled.view import CompiledAccess
from mvc.diagnostics.rules import completed
from mvc.pipeline.compile import compile_files

FLAGS = "abcdefgh"
TABLE = f"CREATE TABLE flags (id int PRIMARY KEY, {', '.join(f'{flag} boolean NOT NULL' for flag in FLAGS)});"
VIEW = {"view": "v", "sources": {"f": {"table": "flags"}}, "dimensions": {name: f"f.{name}" for name in ("id", *FLAGS)}}


def access(condition: Any, view: str = "v") -> CompiledAccess:
    policies = {"policies": [{"policy": "p", "view": view, "using": _written(condition)}]}
    files = {"schema.sql": TABLE, "views/v.yml": yaml.safe_dump(VIEW), "policies/p.yml": yaml.safe_dump(policies)}
    return compile_files(completed(files)).views[0].access


def _written(condition: Any) -> Any:
    if isinstance(condition, str):
        return {"sql": condition}
    return {key: [_written(part) for part in parts] for key, parts in condition.items()}


def holds(given: CompiledAccess, row: dict[str, bool]) -> bool:
    return any(all(_true(text, row) for text in rule.conditions) for rule in given.rules)


def _true(text: str, row: dict[str, bool]) -> bool:
    words = text.lower().replace("(", " ( ").replace(")", " ) ").split()
    return bool(eval(" ".join(str(row.get(word.removeprefix("v."), word)) for word in words)))  # "( True ) or False"


def tree(chance: random.Random, depth: int) -> Any:
    if depth == 0 or chance.random() < 0.2:
        return chance.choice(FLAGS)
    return {chance.choice(("any", "all")): [tree(chance, depth - 1) for _ in range(chance.randint(1, 4))]}


def meant(condition: Any, row: dict[str, bool]) -> bool:
    if isinstance(condition, str):
        return row[condition]
    key, parts = next(iter(condition.items()))
    return (any if key == "any" else all)(meant(part, row) for part in parts)


@pytest.mark.parametrize("seed", range(40))
def test_alternatives_let_the_same_rows_through(seed: int) -> None:
    condition = tree(random.Random(seed), 5)
    given = access(condition)
    for values in product((False, True), repeat=len(FLAGS)):
        row = dict(zip(FLAGS, values, strict=True))
        assert holds(given, row) == meant(condition, row), condition


@pytest.mark.parametrize(
    "condition",
    [
        {"all": [{"any": ["a", "b"]}] * 18},
        {"all": [{"any": [f"id = {n}", f"id > {n}"]} for n in range(40)]},
        {"any": [{"all": [{"any": [f"id = {n}", f"id > {n}"]} for n in range(20)]} for _ in range(20)]},
        {
            "all": [
                {"any": [{"all": [{"any": [f"id = {n}", f"id > {m}"]} for n in range(9)]} for m in range(9)]}
                for _ in range(9)
            ]
        },
        {"any": [f"id = {number}" for number in range(1_500)]},
        {"all": [f"id <> {number}" for number in range(300)]},
    ],
    ids=["same", "other", "any of all", "nested", "long any", "long all"],
)
def test_many_combinations_end(condition: Any) -> None:
    started = time.process_time()
    access(condition)
    assert time.process_time() - started < 30


def test_an_alternative_that_another_one_holds_is_left_out() -> None:
    given = access({"any": ["a", {"all": ["a", "b"]}, {"all": ["c", {"any": ["c", "d"]}]}]})
    assert [rule.conditions for rule in given.rules] == [("a",), ("c",)]
