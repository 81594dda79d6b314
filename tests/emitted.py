"""Every script that a test emits is PostgreSQL's by its own grammar, as a whole, and each statement of the kind that its first words say.

A conftest that imports `every_script_parses` has all scripts of its folder's tests checked, whoever makes them. The parts of a script are
remembered: the runtime is the same in nearly all of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any, Final

import pytest

import mvc.compiled.project
from mvc.catalog.statements import statements
from mvc.compiled.view import CompiledView
from mvc.engines.postgres.deploy import script
from mvc.engines.postgres.deploy.proofs import storage_sql
from mvc.engines.postgres.deploy.statements import exposure_sql
from mvc.engines.postgres.plan import migration
from mvc.sql.parser import check, parse

_PART: Final = re.compile(r"\n(?=-- ─── )")
_INCLUDED: Final = re.compile(r"^\\ir .*$", re.MULTILINE)
_LONG: Final = 64 * 1024  # the runtime, whose tree takes longer to read than to make

# The first entry whose words a statement begins with is meant.
_KINDS: Final = {
    "create materialized view": "CreateTableAsStmt",
    "create temp table": "CreateTableAsStmt",
    "create table": "CreateStmt",
    "create unlogged table": "CreateTableAsStmt",
    "create or replace view": "ViewStmt",
    "create view": "ViewStmt",
    "create temp view": "ViewStmt",
    "create index": "IndexStmt",
    "create unique index": "IndexStmt",
    "create or replace function": "CreateFunctionStmt",
    "create or replace procedure": "CreateFunctionStmt",
    "create function": "CreateFunctionStmt",
    "create procedure": "CreateFunctionStmt",
    "create schema": "CreateSchemaStmt",
    "create trigger": "CreateTrigStmt",
    "create or replace trigger": "CreateTrigStmt",
    "create event trigger": "CreateEventTrigStmt",
    "create type": "CompositeTypeStmt",
    "alter view": "AlterTableStmt",
    "alter materialized view": "AlterTableStmt",
    "alter table": "AlterTableStmt",
    "comment": "CommentStmt",
    "grant": "GrantStmt",
    "revoke": "GrantStmt",
    "drop": "DropStmt",
    "select": "SelectStmt",
    "with": "SelectStmt",
    "insert": "InsertStmt",
    "update": "UpdateStmt",
    "delete": "DeleteStmt",
    "lock": "LockStmt",
    "call": "CallStmt",
    "do": "DoStmt",
    "begin": "TransactionStmt",
    "commit": "TransactionStmt",
    "set": "VariableSetStmt",
    "reset": "VariableSetStmt",
}


def proven(text: str) -> str:
    """The script, which parses. Raises GrammarError, or AssertionError for a statement of another kind."""
    for part in _PART.split(_INCLUDED.sub("", text)):
        _check(part)
    return text


def check_views(target: Any, views: Iterable[CompiledView]) -> None:
    """Each statement that stores or exposes a view is one, and of its kind."""
    for view in views:
        for statement in (*storage_sql(target, view), *exposure_sql(target, view)):
            _check_statements(statement, 1)


@lru_cache(maxsize=1024)
def _check(part: str) -> None:
    if len(part) > _LONG:
        check(part)
    else:
        _check_statements(part)


def _check_statements(text: str, count: int | None = None) -> None:
    parsed = parse(text)
    assert parsed is not None, text
    begun = [" ".join(token.text for token in found[:4]) for found in statements(text)]
    for item, words in zip(parsed, begun, strict=True):
        assert item.kind in _kinds(words), text
    assert count in (None, len(parsed)), text


def _kinds(words: str) -> tuple[str, ...]:
    """The kinds that a statement of these first words can be."""
    kind = next((kind for start, kind in _KINDS.items() if f"{words} ".startswith(f"{start} ")), "")
    return (kind, "CreateTableAsStmt") if kind == "CreateStmt" else (kind,)


@pytest.fixture(autouse=True, scope="session")
def every_script_parses() -> Iterator[None]:
    """Has what makes scripts check them."""

    def checked(make: Callable[..., str]) -> Callable[..., str]:
        return lambda *arguments: proven(make(*arguments))

    def all_checked(make: Callable[..., dict[str, str]]) -> Callable[..., dict[str, str]]:
        return lambda *arguments: {name: proven(text) for name, text in make(*arguments).items()}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(script, "script", checked(script.script))
        patch.setattr(mvc.compiled.project, "script", script.script)
        patch.setattr(script, "script_files", all_checked(script.script_files))
        patch.setattr(migration, "_script", checked(migration._script))
        yield
