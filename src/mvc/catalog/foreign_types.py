"""Types that no PostgreSQL has, where DDL gives one to a column: another database's, or a slip. What is merely not known may be an extension's.

Rule sources: the data types of MySQL, SQL Server, BigQuery, Snowflake, Oracle and ClickHouse in their manuals, and PostgreSQL's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mvc.catalog.extensions import extensions
from mvc.catalog.operators import builtin_types
from mvc.catalog.type_names import TypeName
from mvc.diagnostics import Diagnostic, Span, warning
from mvc.diagnostics.suggest import nearest

ELSEWHERE: Final = {  # MySQL, T-SQL, BigQuery, Snowflake, Oracle, ClickHouse → PostgreSQL
    **dict.fromkeys(("string", "clob", "nclob", "ntext", "longtext", "mediumtext", "tinytext"), "text"),
    **dict.fromkeys(("nvarchar", "varchar2", "nvarchar2"), "varchar"),
    **dict.fromkeys(("datetime", "datetime2", "smalldatetime", "timestamp_ntz"), "timestamp"),
    **dict.fromkeys(("timestamp_ltz", "timestamp_tz", "datetimeoffset"), "timestamptz"),
    **dict.fromkeys(("int64", "bigint64", "long", "uint64", "uint32", "signed", "unsigned"), "bigint"),
    **dict.fromkeys(("int32", "uint16", "mediumint", "number_int"), "integer"),
    **dict.fromkeys(("tinyint", "int16", "uint8", "byteint"), "smallint"),
    **dict.fromkeys(("double", "float64", "binary_double"), "double precision"),
    **dict.fromkeys(("float32", "binary_float"), "real"),
    **dict.fromkeys(("number", "bignumeric", "decimal64"), "numeric"),
    **dict.fromkeys(("blob", "longblob", "varbinary", "binary", "bytes", "image", "raw"), "bytea"),
    **dict.fromkeys(("variant", "object", "map", "struct"), "jsonb"),
    **dict.fromkeys(("uniqueidentifier", "guid"), "uuid"),
    "boolen": "boolean",
    "timestampz": "timestamptz",
    "varchar_ci": "citext",
}
SHOWN: Final = (
    "integer",
    "varchar",
    "timestamp",
    "decimal",
    "serial",
    "char",
    "smallint",
    "bigint",
    "boolean",
    "real",
)
_COMMON: Final = (*SHOWN, "numeric", "interval", "timestamptz", "bigserial", "jsonb", "bytea", "double", "text", "date")
_KEYS: Final = frozenset({"key", "index", "fulltext"})
_SHORTEST: Final = 5  # letters of a name that may be misspelled: shorter ones are near to too much


@dataclass(frozen=True, slots=True)
class GivenType:
    """The type that a column of the DDL is given, as it is written."""

    column: str
    written: TypeName
    place: Span


def strange(given: GivenType, defined: frozenset[str]) -> Diagnostic | None:
    """A warning where PostgreSQL has no such type; `defined` are the names of the types that the DDL makes."""
    name = given.written.name
    if given.written.own or given.written.row_of or given.written.schema or name in defined or is_somebodys(name):
        return None
    title = f"no type is named `{name}`"
    if given.column.lower() in _KEYS:
        title = f"this is a column named `{given.column}` of the type `{name}`, which there is not"
        mend = "a key of MySQL is an index of PostgreSQL: CREATE INDEX ON table (column)"
    elif name in ELSEWHERE:
        mend = f"write `{ELSEWHERE[name]}`"
    elif name in ("enum", "set"):
        mend = "make it a type of its own: CREATE TYPE name AS ENUM ('a', 'b')"
    elif near := nearest(name, _COMMON) if len(name) >= _SHORTEST and "_" not in name else "":
        mend = f"did you mean `{near}`?"
    else:
        return None
    return warning("MV022", given.place, title, label="unknown type", help=mend)


def is_somebodys(name: str) -> bool:
    """Whether PostgreSQL or an extension that is known has a type of this name."""
    return name in builtin_types().names or any(name in its.types for its in extensions().values())
