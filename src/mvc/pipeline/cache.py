"""Compiled projects kept by the content they came from, so that a second run with nothing changed costs next to nothing.

What came of it may be errors: they are kept as well, since a project that does not compile is asked for each minute by cron.
An entry is addressed by a digest of every file that the compile reads and of the compiler itself, holds that address, and is
preceded by a digest of its own bytes: an entry that is damaged, or lies at another's address, is no entry. It is JSON: reading
one runs nothing. A folder that cannot be written to, or that is not this user's alone (`mvc.pipeline.cache_folder`), means no cache.
Nothing heavy is imported on a hit.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from mvc.compiled.project import Compiled
from mvc.compiled.serialize import from_record, to_record
from mvc.diagnostics import Diagnostic, ProjectError
from mvc.pipeline.cache_folder import cache_folder
from mvc.sql.parser import is_available
from mvc.version import VERSION

KEPT = 48  # entries; one per state of a project that was compiled lately
_SUFFIX = ".json"


def default_folder() -> Path | None:
    """Where entries are kept: the user's cache folder (XDG base directory specification). None for a user without a home."""
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mvc"
    except RuntimeError:
        return None


@dataclass(frozen=True, slots=True)
class Kept:
    """What lies at an address, `key`: a compiled project, or all findings of one that has errors."""

    key: str
    compiled: Compiled | None
    errors: tuple[Diagnostic, ...]


def compile_cached(files: Mapping[str, str], folder: Path | None, absent: frozenset[str] = frozenset()) -> Compiled:
    """`compile_files`, from the cache where nothing has changed; no folder means no cache. Raises ProjectError as it does."""
    key = _key(files, absent) if folder else ""
    kept = _read(folder, key) if folder and key else None
    if kept is None:
        kept = _compile(key, files, absent)
        if folder and key:
            with suppress(OSError, UnicodeEncodeError):  # a file's name need not be text
                _write(folder, kept)
    if kept.compiled is None:
        raise ProjectError(kept.errors)
    return replace(kept.compiled, files=files)


def _compile(key: str, files: Mapping[str, str], absent: frozenset[str]) -> Kept:
    from mvc.pipeline.compile import compile_files  # noqa: PLC0415 - a hit must not pay for the compiler

    try:
        return Kept(key, replace(compile_files(files, absent), files=None), ())
    except ProjectError as problem:
        return Kept(key, None, problem.diagnostics)


def _key(files: Mapping[str, str], absent: frozenset[str]) -> str:
    """The address of a project's content; empty where a file cannot be read, which the compiler will report."""
    from mvc.workspace.inputs import input_paths  # noqa: PLC0415

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
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415

    root = Path(__file__).parents[1]
    sources = sorted(path for path in root.rglob("*") if path.suffix in (".py", ".sql", ".txt"))
    texts = (path.read_text(encoding="utf-8") for path in sources)
    libraries = [version(name) for name in ("sqlglot", "pydantic", "pyyaml")]
    with suppress(PackageNotFoundError):  # sqlglot may be compiled, or not
        libraries.append(version("sqlglotc"))
    return _digest([VERSION, sys.version, *libraries, f"grammar: {is_available()}", *texts])


def _read(folder: Path, key: str) -> Kept | None:
    try:
        with cache_folder(folder) as own:
            seal, _, payload = own.read(_name(key)).partition(b"\n")
        if hashlib.sha256(payload).hexdigest().encode() != seal:
            return None
        kept = from_record(Kept, json.loads(payload))
    except Exception:  # noqa: BLE001 - whatever is odd about an entry, the compiler makes a new one
        return None
    return kept if kept.key == key and (kept.compiled or kept.errors) else None


def _write(folder: Path, kept: Kept) -> None:
    payload = json.dumps(to_record(kept), ensure_ascii=False, separators=(",", ":")).encode()
    with cache_folder(folder, make=True) as own:
        own.write(_name(kept.key), hashlib.sha256(payload).hexdigest().encode() + b"\n" + payload)
        for name in own.newest_first(_SUFFIX)[KEPT:]:
            own.remove(name)


def _name(key: str) -> str:
    return f"{key}{_SUFFIX}"
