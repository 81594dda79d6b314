"""The one place where names and values become SQL text. Nothing else in the project puts quotes around anything.

Names that PostgreSQL would read back unchanged stay bare, so that the SQL reads as a person would write it.
"""

from __future__ import annotations

import re
from typing import Final

MAX_IDENTIFIER_BYTES: Final = 63  # NAMEDATALEN - 1; the server cuts longer names without an error

Constant = bool | int | float | str

_PLAIN: Final = re.compile(r"[a-z_][a-z0-9_]*\Z")

# PostgreSQL 18, appendix C: every key word that is not plainly "non-reserved" in some position where we write a name.
_KEYWORDS: Final = frozenset(
    """
    all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both case
    cast char character check coalesce collate collation column concurrently constraint create cross current_catalog
    current_date current_role current_schema current_time current_timestamp current_user dec decimal default
    deferrable desc distinct do else end except exists extract false fetch float for foreign freeze from full grant
    greatest group grouping having ilike in initially inner inout int integer intersect interval into is isnull join
    json json_array json_arrayagg json_exists json_object json_objectagg json_query json_scalar json_serialize
    json_table json_value lateral leading least left like limit localtime localtimestamp merge_action national
    natural nchar none normalize not notnull null nullif numeric offset on only or order out outer over overlaps
    overlay placing position precision primary real references returning right row select session_user setof similar
    smallint some substring symmetric system_user table tablesample then time timestamp to trailing treat trim true
    union unique user using values varchar variadic verbose when where window with xmlattributes xmlconcat
    xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable
    """.split()
)


def identifier(name: str) -> str:
    """A name as SQL: bare where that reads back as the same name, else in double quotes.

    Raises ValueError for a name that PostgreSQL cannot hold (empty, with a NUL character, over 63 bytes).
    """
    if problem := unusable(name):
        raise ValueError(problem)
    if is_plain(name):
        return name
    return '"' + name.replace('"', '""') + '"'


def is_plain(name: str) -> bool:
    """Whether the name may stand without quotes."""
    return _PLAIN.match(name) is not None and name not in _KEYWORDS


def qualified(*names: str) -> str:
    """`schema.name` (or `alias.column`), each part quoted as needed."""
    return ".".join(identifier(name) for name in names)


def literal(text: str) -> str:
    """A string constant. A backslash is an ordinary character (standard_conforming_strings is on since 9.1)."""
    if "\x00" in text:
        raise ValueError("a text value in PostgreSQL cannot hold the character NUL")
    return "'" + text.replace("'", "''") + "'"


def constant(value: Constant) -> str:
    """A constant of a spec as SQL."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return literal(value) if isinstance(value, str) else str(value)


def unusable(name: str) -> str:
    """Why PostgreSQL cannot hold this name, or an empty string."""
    if not name:
        return "a name cannot be empty"
    if "\x00" in name:
        return "a name cannot hold the character NUL"
    if (length := len(name.encode("utf-8", "surrogatepass"))) > MAX_IDENTIFIER_BYTES:
        return f"the name has {length} bytes and PostgreSQL keeps only {MAX_IDENTIFIER_BYTES}"
    return ""


def dollar_quoted(text: str, tag: str = "") -> str:
    """The text as a dollar-quoted constant, which keeps its lines readable; the tag grows until the text does not hold it."""
    mark = f"${tag}$"
    while mark in text or text.endswith(mark[:-1]):
        mark = f"${mark.strip('$')}q$"
    return f"{mark}{text}{mark}"
