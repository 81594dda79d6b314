"""What the runtime's own text declares: the heads of its routines, by which those that are there are told from those that are wanted.

Only our own text is read here, which is written in one way; where a head is misread, its routine is made anew without need, and a test
that compares all of them with the catalog of a server fails.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

_ROUTINE: Final = re.compile(
    r"^CREATE OR REPLACE (FUNCTION|PROCEDURE) \{schema\}\.(\w+)\((.*?)\)\s*"
    r"(?:RETURNS (SETOF )?(TABLE \((.*?)\)|.+?)\s+)?LANGUAGE .*? AS \$\$(.*?)\$\$;",
    re.MULTILINE | re.DOTALL,
)
_VIEW: Final = re.compile(r"^CREATE OR REPLACE VIEW \{schema\}\.(\w+) AS\n(.*?);$", re.MULTILINE | re.DOTALL)
_TABLE: Final = re.compile(
    r"^CREATE (?:UNLOGGED )?TABLE IF NOT EXISTS \{schema\}\.(\w+) \((.*?)\);$", re.MULTILINE | re.DOTALL
)
_SEQUENCE: Final = re.compile(r"^CREATE SEQUENCE IF NOT EXISTS \{schema\}\.(\w+)", re.MULTILINE)
_KEY: Final = "PRIMARY KEY"
_MODES: Final = {"IN": "i", "OUT": "o", "INOUT": "b", "VARIADIC": "v"}


@dataclass(frozen=True, slots=True)
class RoutineArgument:
    """An argument, or a column of what is returned: `mode` as pg_proc.proargmodes has it."""

    mode: str
    name: str
    type: str
    has_default: bool


@dataclass(frozen=True, slots=True)
class Routine:
    """A function (`kind` f) or procedure (p). `returns` is None where the arguments say it; `body` still has `{schema}` in it."""

    name: str
    kind: str
    arguments: tuple[RoutineArgument, ...]
    returns: str | None
    returns_set: bool
    body: str

    def as_json(self, schema: str) -> dict[str, Any]:
        """The head as `has_head` of the runtime reads it; `schema` is the stored schema's name as SQL."""
        return {
            "name": self.name,
            "kind": self.kind,
            "set": self.returns_set,
            "returns": self.returns and self.returns.replace("{schema}", schema),
            "defaults": sum(argument.has_default for argument in self.arguments),
            "arguments": [
                [argument.mode, argument.name, argument.type.replace("{schema}", schema)] for argument in self.arguments
            ],
        }


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the runtime: its columns with what declares each of them, and the columns of its primary key."""

    name: str
    columns: tuple[tuple[str, str], ...]
    key: tuple[str, ...]

    def as_json(self, schema: str) -> dict[str, Any]:
        """As `mend_tables` of the runtime reads it; `schema` is the stored schema's name as SQL."""
        columns = [[name, declared.replace("{schema}", schema)] for name, declared in self.columns]
        return {"name": self.name, "columns": columns, "key": list(self.key)}


def routines_of(text: str) -> list[Routine]:
    """The routines that a text of the runtime creates."""
    return [_routine(match) for match in _ROUTINE.finditer(text)]


def views_of(text: str) -> list[str]:
    """The names of the views that it creates."""
    return [match[1] for match in _VIEW.finditer(text)]


def tables_of(text: str) -> list[Table]:
    """The tables that it creates: a column a line."""
    return [_table(match) for match in _TABLE.finditer(text)]


def sequences_of(text: str) -> list[str]:
    """The names of the sequences that it creates."""
    return _SEQUENCE.findall(text)


def with_renewed_views(text: str) -> str:
    """The same text, in which each view also takes the place of one with other columns."""
    return _VIEW.sub(r"SELECT {schema}.renew_view('\1', $$\n\2\n$$);", text)


def _table(match: re.Match[str]) -> Table:
    lines = [line.strip().removesuffix(",") for line in match[2].splitlines() if line.strip()]
    key = next((line.removeprefix(_KEY).strip(" ()").split(", ") for line in lines if line.startswith(_KEY)), None)
    columns = tuple((line.partition(" ")[0], line.partition(" ")[2]) for line in lines if not line.startswith(_KEY))
    own = [name for name, declared in columns if declared.endswith(_KEY)]
    return Table(
        match[1], tuple((name, declared.removesuffix(_KEY).strip()) for name, declared in columns), tuple(key or own)
    )


def _routine(match: re.Match[str]) -> Routine:
    arguments = tuple(_argument(part) for part in _parts(match[3]))
    columns = tuple(_column(part) for part in _parts(match[6] or ""))
    returns = None if columns or match[5] is None else match[5].strip()
    return Routine(match[2], match[1][0].lower(), (*arguments, *columns), returns, bool(match[4] or columns), match[7])


def _argument(text: str) -> RoutineArgument:
    declared, default, _ = text.partition(" DEFAULT ")
    mode, _, rest = declared.partition(" ")
    name, _, type_ = (rest if mode in _MODES else declared).partition(" ")
    return RoutineArgument(_MODES.get(mode, "i"), name, type_.strip(), bool(default))


def _column(text: str) -> RoutineArgument:
    name, _, type_ = text.partition(" ")
    return RoutineArgument("t", name, type_.strip(), has_default=False)


def _parts(text: str) -> Iterator[str]:
    """What stands between commas, but for those in parentheses or quotes."""
    found = re.findall(r"(?:[^,()']|'[^']*'|\([^()]*\))+", text)
    return (" ".join(part.split()) for part in found if part.strip())
