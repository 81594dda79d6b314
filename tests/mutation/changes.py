"""Changes that leave SQL grammatical more often than not, so that names and types have to tell right from wrong.

`expression/mutations.py` changes letters and tokens blindly; here a column, an operator, a literal, a call or a cast becomes another one.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from typing import Final

from expression import mutations
from mvc.catalog.builtins import all_names

TYPES: Final = (
    *(
        "integer",
        "bigint",
        "smallint",
        "numeric",
        "numeric(10,2)",
        "real",
        "float8",
        "money",
        "text",
        "varchar(20)",
        "char(3)",
        "boolean",
    ),
    *(
        "date",
        "timestamp",
        "timestamptz",
        "time",
        "timetz",
        "interval",
        "uuid",
        "json",
        "jsonb",
        "text[]",
        "int[]",
        "inet",
        "cidr",
        "bytea",
    ),
    *(
        "macaddr",
        "bit(4)",
        "varbit",
        "point",
        "tsvector",
        "tsquery",
        "int4range",
        "tstzrange",
        "name",
        "oid",
        "xml",
        "jsonpath",
        "date[]",
    ),
)
LITERALS: Final = (
    *(
        "0",
        "1",
        "-1",
        "2.5",
        "1e3",
        "40000",
        "99999999999",
        "'x'",
        "''",
        "'1'",
        "'1.5'",
        "'t'",
        "'{}'",
        "'{a,b}'",
        "'{1,2}'",
        "'[1,2)'",
        "'[]'",
    ),
    *(
        "'2026-01-31'",
        "'2026-02-30'",
        "'today'",
        "'1 day'",
        "'P1D'",
        "'10:00'",
        "'10.0.0.0/8'",
        "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'",
    ),
    *(
        "NULL",
        "true",
        "false",
        "now()",
        "current_date",
        "localtimestamp",
        "current_user",
        "interval '1 month'",
        "date '2026-01-31'",
    ),
    *(
        "ARRAY[1]",
        "ARRAY['a']",
        "ARRAY[]::text[]",
        "ROW(1, 'x')",
        "(SELECT 1)",
        "'{\"a\": 1}'::jsonb",
        "B'1010'",
        "1::numeric",
        "'$.a'",
        "1::smallint",
    ),
    *(
        "'(1,2)'",
        "E'\\\\x00'",
        "'08:00:2b:01:02:03'",
        "'infinity'",
        "'NaN'",
        "1_000",
        "0x1F",
        "'a & b'",
        "'<a/>'",
        "'epoch'",
    ),
)
OPERATORS: Final = (
    *(
        "+",
        "-",
        "*",
        "/",
        "%",
        "^",
        "||",
        "=",
        "<>",
        "<",
        ">",
        "<=",
        ">=",
        "LIKE",
        "NOT LIKE",
        "ILIKE",
        "SIMILAR TO",
        "~",
        "~*",
        "!~",
        "AND",
        "OR",
    ),
    *(
        "IS DISTINCT FROM",
        "IS NOT DISTINCT FROM",
        "->",
        "->>",
        "#>",
        "#>>",
        "@>",
        "<@",
        "&&",
        "?",
        "?|",
        "?&",
        "@@",
        "@?",
        "-|-",
        "<<",
        ">>",
        "&",
    ),
    *(
        "|",
        "#",
        "<->",
        "^@",
        "~~",
        "!=",
        "#-",
        "<<=",
        ">>=",
        "&<",
        "-",
        "+",
        "*",
        "=",
        ">",
        "|||",
        "AT TIME ZONE",
        "COLLATE",
    ),
)
WRAPS: Final = (
    *(
        "({})",
        "-({})",
        "NOT ({})",
        "({}) IS NULL",
        "({}) IS TRUE",
        "coalesce({}, 0)",
        "coalesce({}, '')",
        "nullif({}, '')",
        "ARRAY[{}]",
        "@ ({})",
    ),
    *(
        "({})::text",
        "CASE WHEN {} THEN 1 END",
        "CASE WHEN true THEN {} ELSE 0 END",
        "({})[1]",
        "ROW({})",
        "({}) IN (1, 2)",
        "({}) IN ('a', 'b')",
    ),
    *(
        "({}) BETWEEN 1 AND 2",
        "({}) = ANY (ARRAY[1])",
        "({}) = ANY ('{{1,2}}')",
        "extract(year FROM {})",
        "date_trunc('day', {})",
        "greatest({}, 1)",
    ),
    *(
        "to_char({}, 'YYYY')",
        "EXISTS (SELECT {})",
        "(SELECT {})",
        '({}) COLLATE "C"',
        "least({}, now())",
        "concat({}, 1)",
        "array_agg({})",
        "sum({})",
    ),
    *(
        "max({})",
        "({}) OVER ()",
        "sum({}) OVER ()",
        "({})::date",
        "CAST({} AS numeric)",
        "substring({} FROM 1 FOR 2)",
        "trim({})",
        "({}).x",
        "~ ({})",
    ),
    *(
        "overlay({} PLACING 'x' FROM 1)",
        "position('a' IN {})",
        "jsonb_build_object('a', {})",
        "to_jsonb({})",
        "unnest({})",
    ),
)
_TOKEN: Final = re.compile(
    r"\s+|[eEbBxXnN]?'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\d+(?:\.\d+)?|[^\W\d]\w*|::|[-+*/<>=~!@#%^&|`?]+|.", re.DOTALL
)
_OPERATOR: Final = re.compile(r"[-+*/<>=~!@#%^&|?]+$|and$|or$|like$|ilike$", re.IGNORECASE)
_LITERAL: Final = re.compile(r"'|\d|null$|true$|false$", re.IGNORECASE)
_Change = Callable[[list[str], random.Random, Sequence[str]], bool]


def changed(text: str, chance: random.Random, columns: Sequence[str]) -> str:
    """The text with one or two changes; one in eight is blind."""
    if chance.random() < 0.125:
        return mutations.mutated(text, chance)
    parts = _TOKEN.findall(text)
    wanted, tries = chance.choice((1, 1, 1, 2)), 0
    while wanted and tries < 20:
        wanted -= chance.choice(_CHANGES)(parts, chance, columns)
        parts = _TOKEN.findall("".join(parts))
        tries += 1
    return "".join(parts)


def other_type(chance: random.Random) -> str:
    """For a column of the DDL."""
    return chance.choice(TYPES)


def _at(parts: list[str], chance: random.Random, fits: Callable[[str], object]) -> int | None:
    found = [at for at, part in enumerate(parts) if fits(part)]
    return chance.choice(found) if found else None


def _is_operand(part: str, columns: Sequence[str]) -> bool:
    return part in columns or bool(_LITERAL.match(part))


def _column(parts: list[str], chance: random.Random, columns: Sequence[str]) -> bool:
    at = _at(parts, chance, columns.__contains__)
    if at is None:
        return False
    parts[at] = chance.choice(columns)
    return True


def _literal(parts: list[str], chance: random.Random, columns: Sequence[str]) -> bool:
    at = _at(parts, chance, _LITERAL.match)
    if at is None:
        return False
    parts[at] = chance.choice(LITERALS)
    return True


def _operator(parts: list[str], chance: random.Random, columns: Sequence[str]) -> bool:
    at = _at(parts, chance, _OPERATOR.match)
    if at is None:
        return False
    parts[at] = f" {chance.choice(OPERATORS)} "
    return True


def _call(parts: list[str], chance: random.Random, columns: Sequence[str]) -> bool:
    found = [at for at in range(len(parts) - 1) if parts[at + 1] == "(" and re.match(r"[^\W\d]", parts[at])]
    if not found:
        return False
    parts[chance.choice(found)] = _name(chance)
    return True


def _type(parts: list[str], chance: random.Random, columns: Sequence[str]) -> bool:
    found = [at for at in range(1, len(parts)) if parts[at - 1] == "::"]
    if not found:
        return False
    parts[chance.choice(found)] = chance.choice(TYPES)
    return True


def _operand(parts: list[str], chance: random.Random, columns: Sequence[str]) -> slice | None:
    """A literal, or a column with what stands before its dot."""
    at = _at(parts, chance, lambda part: _is_operand(part, columns))
    if at is None:
        return None
    return slice(at - 2 if at > 1 and parts[at - 1] == "." else at, at + 1)


def _wrapped(parts: list[str], chance: random.Random, columns: Sequence[str]) -> bool:
    place = _operand(parts, chance, columns)
    if place is None:
        return False
    parts[place] = [chance.choice(WRAPS).format("".join(parts[place]))]
    return True


def _cast(parts: list[str], chance: random.Random, columns: Sequence[str]) -> bool:
    place = _operand(parts, chance, columns)
    if place is None:
        return False
    parts[place] = [*parts[place], f"::{chance.choice(TYPES)}"]
    return True


def _applied(parts: list[str], chance: random.Random, columns: Sequence[str]) -> bool:
    place = _operand(parts, chance, columns)
    if place is None:
        return False
    more = chance.choice(
        ("", "", f", {chance.choice(LITERALS)}", f", {chance.choice(LITERALS)}, {chance.choice(LITERALS)}")
    )
    parts[place] = [f"{_name(chance)}({''.join(parts[place])}{more})"]
    return True


def _continued(parts: list[str], chance: random.Random, columns: Sequence[str]) -> bool:
    place = _operand(parts, chance, columns)
    if place is None:
        return False
    other = _operand(parts, chance, columns)
    right = "".join(parts[other]) if other and chance.random() < 0.5 else chance.choice(LITERALS)
    parts[place] = [*parts[place], f" {chance.choice(OPERATORS)} {right}"]
    return True


_CHANGES: Final[tuple[_Change, ...]] = (
    *(
        _column,
        _column,
        _literal,
        _literal,
        _operator,
        _operator,
        _call,
        _type,
        _wrapped,
        _wrapped,
        _cast,
        _applied,
        _continued,
    ),
)
_USUAL: Final = (
    *(
        "sum",
        "avg",
        "min",
        "max",
        "count",
        "coalesce",
        "lower",
        "upper",
        "length",
        "round",
        "abs",
        "date_trunc",
        "to_char",
        "age",
        "left",
        "nullif",
    ),
    *(
        "string_agg",
        "array_agg",
        "bool_or",
        "greatest",
        "concat",
        "array_length",
        "jsonb_array_length",
        "extract",
        "to_date",
        "make_date",
        "format",
    ),
)


_ALL: Final = tuple(sorted(all_names()))


def _name(chance: random.Random) -> str:
    """Of a function."""
    return chance.choice(_USUAL if chance.random() < 0.7 else _ALL)
