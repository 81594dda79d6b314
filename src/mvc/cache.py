"""Compiled projects kept by the content they came from, so that a second run with nothing changed costs next to nothing.

An entry is addressed by a digest of every file that the compile reads and of the compiler itself, holds that address, and is
preceded by a digest of its own bytes: an entry that is damaged, or lies at another's address, is no entry. A folder that
cannot be written to means no cache. Nothing heavy is imported on a hit.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path

from mvc.compiled import Compiled
from mvc.record import from_record, to_record
from mvc.version import VERSION

KEPT = 48  # entries; one per state of a project that was compiled lately


def default_folder() -> Path | None:
    """Where entries are kept: the user's cache folder (XDG base directory specification). None for a user without a home."""
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mvc"
    except RuntimeError:
        return None


def compile_cached(files: Mapping[str, str], folder: Path | None, absent: frozenset[str] = frozenset()) -> Compiled:
    """`compile_files`, from the cache where nothing has changed; no folder means no cache.

    Raises ProjectError as it does; errors are not kept.
    """
    key = _key(files, absent) if folder else ""
    entry = folder / f"{key}.json" if folder and key else None
    if entry and (found := _read(entry, key)):
        return found
    from mvc.compiler import compile_files  # noqa: PLC0415 - a hit must not pay for the compiler

    compiled = compile_files(files, absent)
    if entry:
        with suppress(OSError, UnicodeEncodeError):  # a file's name need not be text
            _write(entry, key, compiled)
    return compiled


def _key(files: Mapping[str, str], absent: frozenset[str]) -> str:
    """The address of a project's content; empty where a file cannot be read, which the compiler will report."""
    from mvc.inputs import input_paths  # noqa: PLC0415

    try:
        parts = [part for path in input_paths(files) for part in (path, files[path])]
    except (OSError, UnicodeDecodeError, KeyError):
        return ""
    return _digest([_compiler(), *parts, "absent", *sorted(absent)])


def _digest(parts: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.hexdigest()


@cache
def _compiler() -> str:
    """A digest of the compiler's own files and of the libraries that shape its output."""
    from importlib.metadata import version  # noqa: PLC0415

    root = Path(__file__).parent
    sources = sorted(path for path in root.rglob("*") if path.suffix in (".py", ".sql", ".txt"))
    texts = (path.read_text(encoding="utf-8") for path in sources)
    libraries = (version(name) for name in ("sqlglot", "pydantic", "pyyaml"))
    return _digest([VERSION, sys.version, *libraries, *texts])


def _read(entry: Path, key: str) -> Compiled | None:
    try:
        seal, _, payload = entry.read_bytes().partition(b"\n")
        if hashlib.sha256(payload).hexdigest().encode() != seal:
            return None
        data = json.loads(payload)
        return from_record(Compiled, data["compiled"]) if data["key"] == key else None
    except Exception:  # noqa: BLE001 - whatever is odd about an entry, the compiler makes a new one
        return None


def _write(entry: Path, key: str, compiled: Compiled) -> None:
    entry.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    payload = json.dumps(
        {"key": key, "compiled": to_record(compiled)}, ensure_ascii=False, separators=(",", ":")
    ).encode()
    handle, name = tempfile.mkstemp(dir=entry.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(hashlib.sha256(payload).hexdigest().encode() + b"\n" + payload)
        Path(name).replace(entry)
    finally:
        Path(name).unlink(missing_ok=True)  # there still if one of the two has failed
    _forget_oldest(entry.parent)


def _forget_oldest(folder: Path) -> None:
    entries = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
    for entry in entries[KEPT:]:
        entry.unlink(missing_ok=True)
