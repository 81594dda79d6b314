"""What to write where a server refuses a view's SQL: the commonest reasons, by SQLSTATE. Rule source: PostgreSQL's errcodes and messages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from mvc.engines.postgres.server.errors import ServerRefusal

# SQLSTATE → (what the message is like, what to do). `{0}`, `{1}`, … are the pattern's groups. The first that fits.
_MENDS: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "42883": (  # undefined_function
        (r"operator does not exist: (.+?) (\S+) (.+)", "cast one side to the type of the other, e.g. (…)::{0} {1} …, or … {1} (…)::{2}"),
        (r"function (\w+)\(unknown.*\) does not exist", "cast the text in it: '…'::text"),
        (r"function (.+?)\((.*)\) does not exist", "cast its arguments ({1}) to types that a function {0} takes, or name its extension: requires: […]"),
    ),
    "42804": (  # datatype_mismatch
        (r"argument of (.+) must be type boolean, not type (.+)", "compare it with something, e.g. … IS NOT NULL, … <> 0"),
        (r"(?:CASE|COALESCE|UNION|ARRAY|VALUES).* types (.+) and (.+) cannot be matched", "cast one of them: (…)::{0}, or (…)::{1}"),
        (r".+", "cast it to the type that is wanted: (…)::TYPE"),
    ),
    "42703": ((r"column (\S+) does not exist", "name a column that there is; a text stands in single quotes: '…'"),),
    "42P01": ((r'relation "(.+)" does not exist', "add the DDL of {0} to the catalog, or write its schema before it"),),
    "42704": (
        (r'type "(.+)" does not exist', "write a type that there is; if an extension has {0}, name that: requires: […]"),
        (r'operator class "(.+)" does not exist.*', "write an operator class of this index method; if an extension has {0}, name that: requires: […]"),
        (r'collation "(.+)" for encoding .* does not exist', 'write a collation that there is, as in COLLATE "C"'),
        (r".+", "if an extension has it, name that: requires: […]; if the database has it, add its DDL to the catalog"),
    ),
    "42725": ((r"(?:function|operator) (.+) is not unique", "cast the arguments, so that only one fits: '…'::text, NULL::integer"),),
    "42P18": ((r".+", "say its type: NULL::text, '…'::text, ARRAY[]::integer[]"),),
    "22P02": (
        (r"invalid input value for enum (\S+): \"(.*)\"", "write a label of {0}; it has no `{1}`"),
        (r"invalid input syntax for type (.+?): \"(.*)\"", "`{1}` is no {0}: write it as one, or cast the other side to text"),
    ),
    "22007": ((r"invalid input syntax for type (.+?): \"(.*)\"", "`{1}` is no {0}: write e.g. '2026-12-31'"),),
    "22008": ((r".+: \"(.*)\"", "there is no such day or time: {0}"),),
    "22012": ((r".+", "divide by nullif(…, 0): the result is NULL then, and no error"),),
    "42803": (
        (r'column "(.+)" must appear in the GROUP BY clause.*', "add {0} to GROUP BY, or aggregate it: max({0})"),
        (r"aggregate functions are not allowed in (.+)", "an aggregate cannot stand in {0}: filter groups with HAVING, or read a subquery"),
    ),
    "42P17": ((r".+IMMUTABLE.*", "an index takes only functions that always give the same: for a time, write the zone, (… AT TIME ZONE 'UTC')::date"),),
    "42809": ((r"(.+) is not an aggregate function", "write an aggregate function in its place"), (r".+", "")),
    "42501": ((r".+", "the check's role has no rights: leave out what reaches outside of the database"),),
    "21000": ((r".+", "the subquery gives more than one row: add what makes it one, or aggregate it"),),
    "0A000": ((r".+cross-database.*", "write schema.table, without the name of the database"),),
}  # fmt: skip


def refusal_mend(said: ServerRefusal) -> str:
    """A help line for a refusal, empty where nothing is known."""
    for pattern, mend in _MENDS.get(said.sqlstate, ()):
        if found := re.fullmatch(pattern, said.message, re.DOTALL):
            return mend.format(*found.groups()) if found.groups() else mend
    return ""
