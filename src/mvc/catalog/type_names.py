"""Type names as people write them, spelled as `format_type()` spells them: `int4` is `integer`, `varchar(9)` is
`character varying(9)`. Whose type a name is (a schema's, the server's) is decided in `draft`.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from mvc.catalog.cursor import Cursor
from mvc.catalog.tokens import Token
from mvc.quoting import identifier

_ALIASES: Final = {
    "int": "integer",
    "int2": "smallint",
    "int4": "integer",
    "int8": "bigint",
    "serial": "integer",
    "serial2": "smallint",
    "serial4": "integer",
    "serial8": "bigint",
    "smallserial": "smallint",
    "bigserial": "bigint",
    "float4": "real",
    "float8": "double precision",
    "bool": "boolean",
    "dec": "numeric",
    "decimal": "numeric",
    "varchar": "character varying",
    "varbit": "bit varying",
}
_SERIAL: Final = frozenset({"serial", "serial2", "serial4", "serial8", "smallserial", "bigserial"})
_CHARACTER: Final = frozenset({"character", "char", "nchar"})
_ZONED: Final = {
    "timestamptz": ("timestamp", " with time zone"),
    "timetz": ("time", " with time zone"),
    "timestamp": ("timestamp", " without time zone"),
    "time": ("time", " without time zone"),
}
_INTERVAL_FIELDS: Final = ("year", "month", "day", "hour", "minute", "second")
# The names that the server's own types have in `format_type()`; a user's type of such a name is always qualified.
_BARE: Final = frozenset(_ALIASES.values()) | frozenset(
    {"timestamp", "time", "interval", "character", "bit", "numeric", "json"}
)

_SHAPE_WORDS: Final = {
    **{
        shape.lower(): shape for shape in ("Point", "LineString", "Polygon", "Geometry", "Curve", "Surface", "Triangle")
    },
    "multi": "Multi",
    "collection": "Collection",
    "circularstring": "CircularString",
    "compound": "Compound",
    "polyhedral": "Polyhedral",
    "tin": "Tin",
}
_SHAPE: Final = re.compile(
    r"(multi|compound|curve|polyhedral)?(point|linestring|polygon|geometry|curve|surface|triangle|circularstring|tin)"
    r"(collection)?(z|m|zm)?"
)


_NUMBER: Final = re.compile(r"[0-9]+")
_MODIFIER: Final = re.compile(r"[0-9]+|[A-Za-z_][A-Za-z0-9_]*")


class TypeName(NamedTuple):
    """A type as written. `own` tells that `name` is already the server's spelling of one of its own types."""

    schema: str | None
    name: str
    modifiers: tuple[str, ...] = ()
    suffix: str = ""
    array: bool = False
    own: bool = False
    serial: bool = False
    row_of: str = ""  # the column of `table.column%TYPE`

    def spelled(self, name: str | None = None, *, modifiers: bool = True) -> str:
        """The text of the type; `name` replaces its (resolved) name, and without `modifiers` its length is left out."""
        shown = (self.name if self.own else identifier(self.name)) if name is None else name
        listed = f"({','.join(self.modifiers)})" if self.modifiers and modifiers else ""
        if not modifiers and self.own and shown == "bpchar":
            shown = "character"
        suffix = "" if self.name == "interval" and not modifiers else self.suffix
        text = f"{shown}{suffix}{listed}" if self.name == "interval" else f"{shown}{listed}{suffix}"
        return text + ("[]" if self.array else "")


def read_type(cursor: Cursor) -> TypeName:
    """The type that comes next, with its modifiers and array bounds. Raises Unreadable where no type can be read."""
    found = _special(cursor) or _named(cursor)
    return found._replace(array=_array(cursor))


def _special(cursor: Cursor) -> TypeName | None:
    """The types that have a grammar of their own."""
    if cursor.peek().kind != "word" or cursor.peek(1).text == ".":
        return None
    if cursor.take("double", "precision"):
        return TypeName(None, "double precision", own=True)
    cursor.take("national")
    if cursor.take_any(*_CHARACTER):
        return _sized(cursor, "character")
    if cursor.take("bit"):
        return _sized(cursor, "bit")
    if cursor.take("interval"):
        return _interval(cursor)
    if cursor.take("float"):
        return _float(cursor)
    word = cursor.take_any(*_ZONED)
    return _zoned(cursor, word) if word else None


def _named(cursor: Cursor) -> TypeName:
    first = cursor.peek()
    written = cursor.qualified()
    if cursor.take("%", "type"):
        return TypeName(_schema_of_table(cursor, first), written.schema or "", row_of=written.name)
    name = written.name
    if first.kind == "name" and written.schema is None and name == "char":
        return TypeName(None, '"char"', own=True)
    if written.schema not in (None, "pg_catalog") or (name not in _ALIASES and name not in _OWN):
        modifiers = _modifiers(cursor)
        if name == "geography" and len(modifiers) == 1:
            modifiers = (*modifiers, "4326")  # PostGIS writes the usual reference system down
        return TypeName(written.schema, name, modifiers)
    return _aliased(name, _modifiers(cursor))


def _aliased(name: str, modifiers: tuple[str, ...]) -> TypeName:
    if name in _ZONED:
        base, suffix = _ZONED[name]
        return TypeName(None, base, modifiers, suffix, own=True)
    if name == "char":
        return TypeName(None, '"char"', own=True)
    base = _ALIASES.get(name, name)
    if base == "numeric" and len(modifiers) == 1:
        modifiers = (*modifiers, "0")
    if base == "bpchar" and modifiers:
        base = "character"
    return TypeName(None, base, modifiers, own=True, serial=name in _SERIAL)


_OWN: Final = _BARE | frozenset(_ZONED) | {"bpchar", "char"}


def _schema_of_table(cursor: Cursor, first: Token) -> str | None:
    """`schema.table.column%TYPE` was read: a schema stands before the table only where there are two dots."""
    return first.text if cursor.tokens[cursor.index - 7 : cursor.index - 6] == [first] else None


def _sized(cursor: Cursor, base: str) -> TypeName:
    if cursor.take("varying"):
        return TypeName(None, f"{base} varying", _modifiers(cursor), own=True)
    return TypeName(None, base, _modifiers(cursor) or ("1",), own=True)


def _float(cursor: Cursor) -> TypeName:
    digits = _modifiers(cursor)
    single = (
        bool(digits) and digits[0].isascii() and digits[0].isdigit() and len(digits[0]) < 8 and int(digits[0]) <= 24
    )
    return TypeName(None, "real" if single else "double precision", own=True)


def _zoned(cursor: Cursor, word: str) -> TypeName:
    base, suffix = _ZONED[word]
    precision = _modifiers(cursor)
    if cursor.take("with", "time", "zone"):
        suffix = " with time zone"
    else:
        cursor.take("without", "time", "zone")
    return TypeName(None, base, precision, suffix, own=True)


def _interval(cursor: Cursor) -> TypeName:
    fields = ""
    first = cursor.take_any(*_INTERVAL_FIELDS)
    if first:
        fields = f" {first}"
    if first and cursor.take("to"):
        fields += f" to {_interval_field(cursor)}"
    return TypeName(None, "interval", _modifiers(cursor), fields, own=True)


def _interval_field(cursor: Cursor) -> str:
    field = cursor.take_any(*_INTERVAL_FIELDS)
    if not field:
        raise cursor.unreadable("expected a field of an interval")
    return field


def _modifiers(cursor: Cursor) -> tuple[str, ...]:
    """A number, or a word (PostGIS's shapes). They become SQL as they stand, so nothing else passes."""
    if not cursor.sees("("):
        return ()
    items = list(cursor.group().items())
    if not items:
        raise cursor.unreadable("expected a length")
    return tuple(map(_modifier, items))


def _modifier(item: Cursor) -> str:
    sign = item.take_any("-", "+")
    text = item.token().text
    if not item.at_end() or not (_NUMBER if sign else _MODIFIER).fullmatch(text):
        item.index = 0
        raise item.unreadable("expected a length")
    return ("-" if sign == "-" else "") + _shape(text)


def _shape(text: str) -> str:
    """PostGIS's shapes have capitals of their own, however they were written."""
    match = _SHAPE.fullmatch(text)
    return "".join(_SHAPE_WORDS.get(part, part.upper()) for part in match.groups("")) if match else text


def _array(cursor: Cursor) -> bool:
    found = cursor.take("array")
    while cursor.take("["):
        found = True
        while not cursor.take("]"):
            if cursor.at_end():
                raise cursor.unreadable("expected ]")
            cursor.token()
    return found
