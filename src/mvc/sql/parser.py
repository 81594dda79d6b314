"""The one door to PostgreSQL's own parser: libpg_query, in the shared library that the package postgast ships, asked for JSON.

Its grammar is that of PostgreSQL 18. What it crashes on is kept from it: texts whose expressions would overflow its stack, and its parser of
plpgsql altogether. Rule source: libpg_query's pg_query.h; its issues 348 and 366 (stack), 362 (plpgsql).
"""

from __future__ import annotations

import json
import platform
import threading
from ctypes import CDLL, POINTER, Structure, c_char_p, c_int
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

Node = dict[str, Any]

# A term takes two bytes at least and some 130 bytes of stack. The main thread has 8 MiB of it, others as little as 128 KiB (musl).
LONGEST: Final = 64 * 1024  # bytes

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
    """The statements of a text; None where it cannot be asked: no parser is there, this is not the main thread, or the text is too
    long or nested too deep. Raises GrammarError.
    """
    library, encoded = _library(), sql.encode(errors="surrogatepass")
    if b"\0" in encoded:
        raise GrammarError("a text cannot hold the character NUL", sql.index("\0"))
    if library is None or len(encoded) > LONGEST or threading.current_thread() is not threading.main_thread():
        return None
    tree = _parsed(library, encoded)
    try:
        statements = [item["stmt"] for item in json.loads(tree)["stmts"]]
    except RecursionError:
        return None
    return tuple(Statement(kind, node) for item in statements for kind, node in item.items())


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
