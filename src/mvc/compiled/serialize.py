"""Compiled data as plain JSON values and back: how the cache and the ledger of a database keep it.

Fields go by name, so a record survives new fields' order, and says what it holds to whoever reads it with SQL.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")


class RecordError(Exception):
    """The data is not a record of this kind; another version wrote it, or somebody's hand."""


def to_record(value: Any) -> Any:
    """Dataclasses as objects, tuples as lists, everything else as it is."""
    if isinstance(value, str | int | float | bool | None):
        return value
    if isinstance(value, tuple):
        return [to_record(item) for item in value]
    return {name: to_record(getattr(value, name)) for name in value.__dataclass_fields__}


def some_fields(value: Any, names: str) -> dict[str, Any]:
    """The fields and properties of a dataclass that `names` lists, as `to_record` has them, in that order."""
    return {name: to_record(getattr(value, name)) for name in names.split()}


def from_record(kind: type[T], data: Any) -> T:
    """A `kind` out of what `to_record` made. Unknown fields are passed over, and one with a default may be missing, as in what
    an older version wrote. Raises RecordError.
    """
    try:
        found: T = _reader(cast("Any", kind))(data)
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise RecordError(f"not a record of {kind.__name__}: {problem!r}") from None
    return found


Reader = Callable[[Any], Any]


@cache
def _reader(kind: Any) -> Reader:
    if is_dataclass(kind) and isinstance(kind, type):
        return _object_reader(kind)
    origin, inner = get_origin(kind), get_args(kind)
    if origin is tuple:
        return _tuple_reader(inner)
    if origin in (Union, UnionType):
        return _optional_reader(inner)
    return _same


def _object_reader(kind: type) -> Reader:
    hints = get_type_hints(kind)
    readers = [(field.name, _reader(hints[field.name])) for field in fields(kind)]
    optional = {field.name for field in fields(kind) if field.default is not MISSING}
    plain = [name for name, reader in readers if reader is _same and name not in optional]
    others = [(name, reader) for name, reader in readers if name not in plain]

    def read(data: Any) -> Any:
        values = {name: data[name] for name in plain}
        for name, reader in others:
            if name not in optional or name in data:
                values[name] = reader(data[name])
        return kind(**values)

    return read


def _tuple_reader(inner: tuple[Any, ...]) -> Reader:
    if inner[-1] is not Ellipsis:
        readers = [_reader(item) for item in inner]
        return lambda data: tuple(reader(item) for reader, item in zip(readers, data, strict=True))
    reader = _reader(inner[0])
    return tuple if reader is _same else lambda data: tuple([reader(item) for item in data])


def _optional_reader(inner: tuple[Any, ...]) -> Reader:
    (reader,) = {_reader(item) for item in inner if item is not NoneType}
    return reader if reader is _same else lambda data: None if data is None else reader(data)


def _same(data: Any) -> Any:
    return data
