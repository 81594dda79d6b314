"""Projects with one expression each changed at random: what a typing error, a paste from a word processor or an enemy makes of it.

A site is a place of an expression in a small project: one view of the reference project, or a case of the golden suites that
compiles. A mutation changes its text by tokens, by characters, or both; the same seed gives the same mutations.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from golden.cases import read_cases
from mvc.expression import ExpressionError, parse_ordered
from mvc.source import read
from mvc.workspace.folder import Folder

ROOT: Final = Path(__file__).parents[2]
# What Python, YAML or sqlglot may take for a space, a digit, a letter or nothing, and PostgreSQL for something else.
ODD: Final = (
    *"\t\n\r\v\f\x1c\x1d\x1e\x1f\x01\x7f\x85\xa0\u1680\u2000\u2003\u200b\u200d\u2028\u2029\u202e\u202f\u205f\u2060\u3000\ufeff",
    *"ªº²½Å٣３ⅷİıſßΣ\u0301\ufffd𝟙😀",
)
PUNCTUATION: Final = "'\"`$()[]{}<>=!~^&|@#?%*/\\+-.,:;_0123456789aeExXuUbBnNzZ "
WORDS: Final = (
    *[
        "and",
        "or",
        "not",
        "is",
        "null",
        "true",
        "false",
        "in",
        "like",
        "ilike",
        "between",
        "case",
        "when",
        "then",
        "else",
        "end",
        "as",
        "from",
        "select",
        "where",
        "distinct",
        "all",
        "any",
        "some",
    ],
    *[
        "over",
        "filter",
        "within",
        "order",
        "by",
        "partition",
        "interval",
        "date",
        "timestamp",
        "numeric",
        "int",
        "array",
        "row",
        "cast",
        "collate",
        "at",
        "time",
        "zone",
        "exists",
    ],
    *[
        "similar",
        "to",
        "overlaps",
        "isnull",
        "notnull",
        "escape",
        "symmetric",
        "limit",
        "offset",
        "union",
        "values",
        "with",
        "asc",
        "desc",
        "nulls",
        "first",
        "last",
        "using",
    ],
    *[
        "variadic",
        "lateral",
        "extract",
        "position",
        "substring",
        "trim",
        "current_date",
        "current_user",
        "default",
        "operator",
        "div",
        "xor",
        "rlike",
        "glob",
    ],
    *[
        "::",
        ":=",
        "=>",
        "->",
        "->>",
        "#>",
        "#>>",
        "@>",
        "<@",
        "?|",
        "?&",
        "||",
        "&&",
        "==",
        "<>",
        "!=",
        "<=>",
        "~*",
        "!~",
        "!~*",
        "^@",
        "|/",
        "||/",
        "@@",
        "--",
        "/*",
        "*/",
        "$1",
        ":x",
        "?",
        "%s",
        "{{",
        "}}",
        "{%",
        "%}",
        "{#",
        "#}",
    ],
    *[
        "'x'",
        "'it''s'",
        "e'\\n'",
        "E'\\''",
        "U&'\\0041'",
        'U&"\\0041"',
        "b'1'",
        "x'ff'",
        "n'x'",
        "$$x$$",
        "$a$x$a$",
        '"q"',
        "`q`",
        "[1]",
        "1e5",
        "1.",
        ".5",
        "1_000",
        "0x1f",
        "0b11",
        "0o7",
        "1e",
        "1x",
    ],
    *[
        "in () ",
        " in 'x' ",
        " = any (1) ",
        " date 2026-01-01 ",
        " interval 30 day ",
        " ::nummeric ",
        " , ) ",
        " () ",
        " (,) ",
        " f(x, ) ",
        " a b ",
        " + + ",
        " - - ",
    ],
    *[
        "count(*) ",
        " sum(x) over () ",
        " *.* ",
        " r.* ",
        " at time zone ",
        " is distinct from ",
        " not between 1 and 2 ",
        " case end ",
        " (select 1)",
    ],
)


@dataclass(frozen=True)
class Site:
    """An expression of a project: the file and the keys that lead to it."""

    files: Mapping[str, str]
    absent: frozenset[str]
    path: str
    keys: tuple[str | int, ...]
    text: str

    def project(self, text: str) -> dict[str, str]:
        """The project with another text in this place."""
        document, _ = read(self.path, self.files[self.path])
        assert document is not None
        data = _plain(document.data)
        holder = data
        for key in self.keys[:-1]:
            holder = holder[key]
        holder[self.keys[-1]] = text
        return {**self.files, self.path: yaml.safe_dump(data, allow_unicode=True, sort_keys=False, width=10_000)}


def _plain(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _plain(value) for key, value in data.items()}
    return [_plain(item) for item in data] if isinstance(data, tuple) else data


_ERROR = re.compile(r"^error", re.MULTILINE)


@cache
def sites() -> tuple[Site, ...]:
    """Every expression of the reference project and of the golden cases, in projects that compile."""
    return tuple(site for files, absent in projects() for site in _sites_of(files, absent))


def projects() -> Iterator[tuple[dict[str, str], frozenset[str]]]:
    files = dict(Folder(ROOT))
    kept = {path: text for path, text in files.items() if path in ("mvc.yml", "schema/booking.sql")}
    views = {Path(path).stem: path for path in files if path.startswith("views/")}
    absent = frozenset(f"mv_{name}" for name in views)
    policies = {path: text for path, text in files.items() if path.startswith("policies/")}
    for name, path in views.items():
        yield {**kept, **policies, path: files[path]}, absent - {f"mv_{name}"}
    for suite in sorted((ROOT / "tests" / "golden").glob("*.md")):
        for case in read_cases(suite):
            if not any(_ERROR.search(fence.text) for fence in case.all("error")):
                yield case.files, frozenset()


def _sites_of(files: dict[str, str], absent: frozenset[str]) -> Iterator[Site]:
    for path, text in files.items():
        if path.startswith(("views/", "policies/")):
            document, _ = read(path, text)
            for keys, node in document.nodes.items() if document else ():
                if (
                    keys
                    and isinstance(node[1], yaml.ScalarNode)
                    and not {"description", "type", "columns"}
                    & set(keys)  # types are no expressions, and neither are names
                    and is_sql(str(node[1].value))
                ):
                    yield Site(files, absent, path, keys, str(node[1].value))


def is_sql(text: str) -> bool:
    """Whether a value of a spec is an expression or a query."""
    if text.replace("_", "").isalnum():
        return False  # nearly all of these are names
    try:
        parse_ordered(text)
    except ExpressionError:
        return text.lstrip().lower().startswith(("select", "with"))
    return True


def mutated(text: str, chance: random.Random) -> str:
    """The text with one to three changes."""
    for _ in range(chance.choice((1, 1, 1, 2, 2, 3))):
        text = chance.choice((_token, _token, _character, _character, _cut, _swapped, _spliced, _bracketed))(
            text, chance
        )
    return text


def _parts(text: str) -> list[str]:
    """Words, numbers, quoted parts, spaces and single signs."""
    parts: list[str] = []
    for character in text:
        joins = parts and (
            (character.isalnum() or character == "_") and (parts[-1][-1].isalnum() or parts[-1][-1] == "_")
        )
        if joins:
            parts[-1] += character
        else:
            parts.append(character)
    return parts


def _token(text: str, chance: random.Random) -> str:
    parts = _parts(text)
    at = chance.randint(0, len(parts))
    word = chance.choice(WORDS)
    glue = chance.choice(("", " ", " ", " "))
    return "".join((*parts[:at], glue, word, glue, *parts[at + chance.choice((0, 0, 1)) :]))


def _character(text: str, chance: random.Random) -> str:
    at = chance.randint(0, len(text))
    character = chance.choice(ODD) if chance.random() < 0.5 else chance.choice(PUNCTUATION)
    return text[:at] + character + text[at + chance.choice((0, 0, 1)) :]


def _cut(text: str, chance: random.Random) -> str:
    parts = _parts(text)
    at = chance.randrange(len(parts)) if parts else 0
    return "".join((*parts[:at], *parts[at + chance.choice((1, 1, 2, 3)) :]))


def _swapped(text: str, chance: random.Random) -> str:
    parts = _parts(text)
    one, other = (chance.randrange(len(parts)) if parts else 0 for _ in range(2))
    if parts:
        parts[one], parts[other] = parts[other], parts[one]
    return "".join(parts)


def _spliced(text: str, chance: random.Random) -> str:
    other, parts = _parts(chance.choice(sites()).text), _parts(text)
    begin, at = chance.randrange(len(other)), chance.randint(0, len(parts))
    piece = other[begin : begin + chance.randint(1, 6)]
    return "".join((*parts[:at], " ", *piece, " ", *parts[at:]))


def _bracketed(text: str, chance: random.Random) -> str:
    begin, end = sorted(chance.randint(0, len(text)) for _ in range(2))
    opening, closing = chance.choice(
        ("()", "[]", "''", '""', "{}", ("(-", ")"), ("coalesce(", ")"), ("/*", "*/"), ("not (", ")"))
    )
    return text[:begin] + opening + text[begin:end] + closing + text[end:]
