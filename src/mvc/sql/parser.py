"""The one door to PostgreSQL's own parser: libpg_query, in the shared library that the package postgast ships, asked for JSON.

Its grammar is that of PostgreSQL 18. What it crashes on is kept from it: texts whose expressions would overflow its stack, and its parser of
plpgsql altogether. A short text cannot overflow the main thread's stack; what is longer, or is asked in another thread, gets a thread with a stack of
the size that it may need. Rule source: libpg_query's pg_query.h; its issues 348 and 366 (stack), 362 (plpgsql).
"""

from __future__ import annotations

import json
import platform
import threading
from collections.abc import Callable
from ctypes import CDLL, POINTER, Structure, c_char_p, c_int
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, TypeVar

Node = dict[str, Any]
_Read = TypeVar("_Read")

LONGEST: Final = 1024 * 1024  # bytes
# A term takes two bytes at least and some 130 bytes of stack. The main thread has 2 MiB (Windows) or 8, others as little as 128 KiB (musl).
_LONGEST_IN_PLACE: Final = 16 * 1024
_STACK: Final = 1024 * 1024
_STACK_PER_BYTE: Final = 160
_ONE_STACK: Final = threading.Lock()  # the size of new threads' stacks is the process's

_LIBRARIES: Final = {"Linux": "libpg_query.so", "Darwin": "libpg_query.dylib", "Windows": "pg_query.dll"}


class GrammarError(Exception):
    """PostgreSQL's grammar does not take the text. `at` is the offset of the token where it stopped, None where it does not say."""

    def __init__(self, message: str, at: int | None) -> None:
        super().__init__(message)
        self.message, self.at = message, at


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement: the kind of its node (`SelectStmt`) and what is in it."""

    kind: str
    node: Node


def is_available() -> bool:
    """Whether there is a parser for this platform."""
    return _library() is not None


def parse(sql: str) -> tuple[Statement, ...] | None:
    """The statements of a text; None where it cannot be asked: no parser is there, or the text is too long or nested too deep.
    Raises GrammarError.
    """
    return _asked(sql, _statements)


def check(sql: str) -> None:
    """Raises GrammarError as `parse` does, without reading the tree."""
    _asked(sql, lambda _: None)


def _asked(sql: str, read: Callable[[bytes], _Read]) -> _Read | None:
    library, encoded = _library(), sql.encode(errors="surrogatepass")
    if b"\0" in encoded:
        raise GrammarError("a text cannot hold the character NUL", sql.index("\0"))
    if library is None or len(encoded) > LONGEST:
        return None
    if len(encoded) <= _LONGEST_IN_PLACE and threading.current_thread() is threading.main_thread():
        return read(_parsed(library, encoded))
    return _apart(lambda: read(_parsed(library, encoded)), _STACK + _STACK_PER_BYTE * len(encoded) // 4096 * 4096)


def _statements(tree: bytes) -> tuple[Statement, ...] | None:
    try:
        statements = [item["stmt"] for item in json.loads(tree)["stmts"]]
    except RecursionError:
        return None
    return tuple(Statement(kind, node) for item in statements for kind, node in item.items())


def _apart(call: Callable[[], _Read | None], stack: int) -> _Read | None:
    """What `call` gives or raises in a thread with a stack of so many bytes; None where there can be none."""
    done: list[_Read | None] = []
    refused: list[GrammarError] = []

    def run() -> None:
        try:
            done.append(call())
        except GrammarError as problem:
            refused.append(problem)

    with _ONE_STACK:
        before = threading.stack_size()
        try:
            threading.stack_size(stack)
            worker = threading.Thread(target=run)
            worker.start()
        except (ValueError, RuntimeError):
            return None
        finally:
            threading.stack_size(before)
    worker.join()
    if refused:
        raise refused[0]
    return done[0]


class _Error(Structure):
    _fields_ = (
        ("message", c_char_p),
        ("funcname", c_char_p),
        ("filename", c_char_p),
        ("lineno", c_int),
        ("cursorpos", c_int),
        ("context", c_char_p),
    )


class _Result(Structure):
    _fields_ = (("parse_tree", c_char_p), ("stderr_buffer", c_char_p), ("error", POINTER(_Error)))


def _parsed(library: CDLL, encoded: bytes) -> bytes:
    result = library.pg_query_parse(encoded)
    try:
        if result.error:
            found = result.error.contents
            raise GrammarError(found.message.decode(errors="replace"), found.cursorpos - 1 if found.cursorpos else None)
        tree: bytes = result.parse_tree
        return tree
    finally:
        library.pg_query_free_parse_result(result)


@cache
def _library() -> CDLL | None:
    """The library, loaded without the package around it, which reads trees as protobuf: slower, and of a limited depth."""
    package = find_spec("postgast")
    name = _LIBRARIES.get(platform.system())
    folders = package.submodule_search_locations if package else None
    if not folders or not name:
        return None
    try:
        library = CDLL(str(Path(folders[0]) / name))
        library.pg_query_parse.argtypes, library.pg_query_parse.restype = (c_char_p,), _Result
        library.pg_query_free_parse_result.argtypes, library.pg_query_free_parse_result.restype = (_Result,), None
    except (OSError, AttributeError):  # built for another system, or not what it is called
        return None
    return library
