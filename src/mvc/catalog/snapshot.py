"""A catalog as a file that people commit: JSON with one line per column, key and function, so that its diffs read well.

What is as usual (a nullable column, a volatile function) is not written. The shape is that of the dataclasses in `types`.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass, replace
from types import UnionType
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints

from mvc.catalog.types import Catalog
from mvc.catalog.well_formed import Malformed, malformed
from mvc.diagnostics import Diagnostic, Span, error

VERSION: Final = 1
_VERSION_KEY: Final = "mvc_catalog"
_SHOWN: Final = 60  # characters of a text in a finding
_HELP: Final = "make it anew with `mvc catalog pull`"


def dump_snapshot(catalog: Catalog) -> str:
    """The text of a catalog, ending with a newline. Equal catalogs have equal texts."""
    return "\n".join(_lines(catalog)) + "\n"


def load_snapshot(text: str, path: str) -> tuple[Catalog, tuple[Diagnostic, ...]]:
    """The catalog of a snapshot; an empty one, with a finding, where the text is damaged or of another version."""
    try:
        catalog = _catalog(json.loads(text))
    except json.JSONDecodeError as problem:
        span = Span(path, problem.lineno, problem.colno, problem.lineno, problem.colno + 1)
        return _refused(span, f"this catalog snapshot is no JSON: {problem.msg}")
    except _DamageError as problem:
        return _refused(Span(path), str(problem))
    except RecursionError:
        return _refused(Span(path), "this catalog snapshot is nested too deeply")
    except ValueError:  # Python reads no number of more than 4,300 digits
        return _refused(Span(path), "this catalog snapshot holds a number that is too long")
    found = tuple(
        error("MV024", _place(item.value, text, path), _title(item), help=_HELP) for item in malformed(catalog)
    )
    return (Catalog() if found else replace(catalog, unread=())), found


def _title(item: Malformed) -> str:
    shown = item.value if len(item.value) <= _SHOWN else f"{item.value[:_SHOWN]}…"
    return f"{json.dumps(shown, ensure_ascii=False)} {item.problem} (at {item.place})"


def _place(value: str, text: str, path: str) -> Span:
    """Where the value is first written; whatever else it stands for, it is as wrong there."""
    written = next((form for ascii_ in (False, True) if (form := json.dumps(value, ensure_ascii=ascii_)) in text), None)
    if written is None:
        return Span(path)
    at = text.index(written)
    line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
    return Span(path, line, column, line, column + len(written))


def _catalog(data: Any) -> Catalog:
    if not isinstance(data, dict) or data.pop(_VERSION_KEY, None) != VERSION:
        raise _DamageError(f"this is no catalog snapshot of version {VERSION}", "")
    catalog: Catalog = _value(Catalog, data, "")
    return catalog


class _DamageError(ValueError):
    def __init__(self, reason: str, place: str) -> None:
        super().__init__(f"{reason} (at {place})" if place else reason)


def _refused(span: Span, title: str) -> tuple[Catalog, tuple[Diagnostic, ...]]:
    return Catalog(), (error("MV024", span, title, help=_HELP),)


def _lines(catalog: Catalog) -> Iterator[str]:
    yield f'{{"{_VERSION_KEY}": {VERSION}'
    for name, value in _shown(catalog).items():
        if value and isinstance(value[0], dict):
            yield f', "{name}": ['
            for index, item in enumerate(value):
                yield from _item_lines(item, ", " if index else "  ")
            yield "]"
        else:
            yield f', "{name}": {_json(value)}'
    yield "}"


def _item_lines(item: Mapping[str, Any], lead: str) -> Iterator[str]:
    """A thing on one line, or, if it has parts of its own, each part on one line more."""
    parts = {name: value for name, value in item.items() if isinstance(value, list) and value and _is_part(value[0])}
    head = _json({name: value for name, value in item.items() if name not in parts})
    if not parts:
        yield lead + head
        return
    yield lead + head[:-1]
    for name, value in parts.items():
        yield f'  , "{name}": ['
        for index, part in enumerate(value):
            yield f"    {', ' if index else '  '}{_json(part)}"
        yield "    ]"
    yield "  }"


def _is_part(value: object) -> bool:
    return isinstance(value, dict)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _shown(item: Any) -> dict[str, Any]:
    """The fields of a dataclass that are not as usual."""
    values = ((each, getattr(item, each.name)) for each in fields(item))
    return {each.name: _plain(value) for each, value in values if each.default is MISSING or each.default != value}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return _shown(value) if is_dataclass(value) else value


@functools.cache
def _hints(kind: type) -> Mapping[str, Any]:
    hints = get_type_hints(kind)
    return {each.name: hints[each.name] for each in fields(kind)}


@functools.cache
def _required(kind: type) -> frozenset[str]:
    return frozenset(each.name for each in fields(kind) if each.default is MISSING)


def _value(hint: Any, value: Any, place: str) -> Any:
    """The value as its type wants it. Raises _DamageError."""
    if hint in (str, int, bool, type(None)):
        return _scalar(hint, value, place)
    if is_dataclass(hint):
        return _object(hint, value, place)
    origin = get_origin(hint)
    if origin is tuple:
        return _tuple(get_args(hint), value, place)
    if origin is UnionType:
        return None if value is None else _value(get_args(hint)[0], value, place)
    if origin is Literal and value in get_args(hint):
        return value
    raise _DamageError(f"{_json(value)} is not allowed here", place)


def _scalar(hint: type, value: Any, place: str) -> Any:
    if type(value) is not hint:
        raise _DamageError(f"{_json(value)} is not of the type {hint.__name__}", place)
    return value


def _object(kind: Any, value: Any, place: str) -> Any:
    hints = _hints(kind)
    if not isinstance(value, dict):
        raise _DamageError(f"{kind.__name__} must be an object", place)
    if unknown := value.keys() - hints.keys():
        raise _DamageError(f"`{min(unknown)}` is not known", place)
    if missing := _required(kind) - value.keys():
        raise _DamageError(f"`{min(missing)}` is missing", place)
    return kind(**{name: _value(hints[name], item, f"{place}.{name}".lstrip(".")) for name, item in value.items()})


def _tuple(hints: tuple[Any, ...], value: Any, place: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise _DamageError("this must be a list", place)
    if hints[-1] is not Ellipsis:
        if len(value) != len(hints):
            raise _DamageError(f"this must have {len(hints)} items", place)
        return tuple(_value(hint, item, place) for hint, item in zip(hints, value, strict=True))
    return tuple(_value(hints[0], item, f"{place}[{index}]") for index, item in enumerate(value))


def joined(one: Catalog, other: Catalog) -> Catalog:
    """All of both, along the search path of the first."""
    return Catalog(
        relations=(*one.relations, *other.relations),
        functions=(*one.functions, *other.functions),
        enums=(*one.enums, *other.enums),
        domains=(*one.domains, *other.domains),
        extensions=(*one.extensions, *other.extensions),
        search_path=one.search_path,
        composites=(*one.composites, *other.composites),
        ranges=(*one.ranges, *other.ranges),
        operators=(*one.operators, *other.operators),
        unread=one.unread,
    )
