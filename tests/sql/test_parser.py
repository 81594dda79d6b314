"""The door to PostgreSQL's own parser: what it says, where, and what is kept from it."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from mvc.sql import parser
from mvc.sql.parser import LONGEST, GrammarError, Statement, check, parse


def test_statements_are_plain_data():
    statements = parse("SELECT 1; VALUES (2); CREATE TABLE t (x int)")
    assert statements is not None
    assert [item.kind for item in statements] == ["SelectStmt", "SelectStmt", "CreateStmt"]
    assert statements[2].node["relation"]["relname"] == "t"
    assert parse("") == ()
    assert isinstance(statements[0], Statement)


@pytest.mark.parametrize(
    ("sql", "message", "at"),
    [
        ("SELECT a, FROM t", 'syntax error at or near "FROM"', 10),
        ("SELECT 'é', a, FROM t", 'syntax error at or near "FROM"', 15),  # characters, though it counts bytes elsewhere
        ("SELECT '𝄞🙂' IN ()", 'syntax error at or near ")"', 16),
        ("SELECT (1", "syntax error at end of input", 9),
        ("SELECT 'x", 'unterminated quoted string at or near "\'x"', 7),
        ("SELECT 1\0", "a text cannot hold the character NUL", 8),
    ],
)
def test_an_error_has_its_place(sql, message, at):
    with pytest.raises(GrammarError) as refused:
        parse(sql)
    assert (refused.value.message, refused.value.at) == (message, at)


def test_a_surrogate_is_refused():
    with pytest.raises(GrammarError):
        parse("SELECT '\ud800")


def test_a_long_text_and_a_small_thread_overflow_no_stack():
    """In a process of its own: the library would end this one."""
    code = (
        "import threading; from mvc.sql.parser import parse, LONGEST\n"
        "def kind(text):\n"
        "    try: return parse(text) is not None\n"  # its tree is deeper than Python reads
        "    except RecursionError: return 'deep'\n"
        "terms = '1+' * (LONGEST // 2)\n"
        "print(kind('SELECT ' + terms + '1'), kind('SELECT ' + terms[:LONGEST - 20] + '1'))\n"
        "print(parse('SELECT ' + '1, ' * 30_000 + '1')[0].kind)\n"
        "threading.stack_size(131072)\n"
        "worker = threading.Thread(target=lambda: print(kind('SELECT ' + '1+' * 5_000 + '1'), kind('SELECT 1')))\n"
        "worker.start(); worker.join(); print(threading.stack_size())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "False False\nSelectStmt\nFalse True\n131072\n"), done.stderr


def test_an_error_in_another_thread_has_its_place():
    with ThreadPoolExecutor(1) as threads, pytest.raises(GrammarError) as refused:
        threads.submit(parse, "SELECT a, FROM t").result()
    assert refused.value.at == 10
    with pytest.raises(GrammarError) as refused:
        check(f"SELECT {' ' * 20_000} a, FROM t")
    assert refused.value.at == 20_011
    check("SELECT 1")


@pytest.mark.parametrize(
    "nested",
    ["(" * 5_000 + "1" + ")" * 5_000, "SELECT (" * 3_000 + "SELECT 1" + ")" * 3_000, "-" * 100 + " -" * 20_000 + "1"],
)
def test_deep_nesting_ends(nested):
    try:
        found = parse(f"SELECT {nested}")
    except GrammarError:
        return
    assert found is None or len(found) == 1


@pytest.fixture
def absent(monkeypatch):
    """A platform for which there is no build."""
    monkeypatch.setattr(parser, "_library", lambda: None)


def test_nothing_is_said_where_it_is_not_there(absent):
    assert not parser.is_available()
    assert parse("SELECT FROM WHERE") is None
    assert parse("SELECT 1") is None


@pytest.mark.parametrize("system", ["Plan9", "Windows"])
def test_a_library_of_another_system_is_none(monkeypatch, system):
    monkeypatch.setattr(parser.platform, "system", lambda: system)
    assert parser._library.__wrapped__() is None


def test_the_package_around_it_is_not_imported():
    code = "import sys; from mvc.sql.parser import parse; parse('SELECT 1'); print('postgast' in sys.modules, 'google.protobuf' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        == "False False\n"
    )


def test_the_longest_text_is_one_of_bytes():
    assert parse("SELECT '" + "é" * (LONGEST // 2) + "'") is None
    assert len(parse("SELECT '" + "é" * (LONGEST // 2 - 10) + "'") or ()) == 1
