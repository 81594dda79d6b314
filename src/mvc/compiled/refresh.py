"""How a stored table is refreshed, as a whole and in parts, and what is asked of its sources. Plain data, as all that the compiler makes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Merge:
    """Statements that bring a stored table, or a part of it, to what its query gives. Each returns the number of rows that were
    not so, and by how many rows there are more now; for the latter NULL where two rows have one key.

    `in_place` changes rows where they stand; `anew` takes those that differ out and puts them in again, which also works where
    values of a unique index change places.
    """

    in_place: str
    anew: str


@dataclass(frozen=True, slots=True)
class Watched:
    """A table whose changes are logged in `log`, of the stored schema, with the values of `columns`."""

    schema: str
    table: str
    log: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Increment:
    """How a view is refreshed at the cost of what changed. `causes` gives the keys of the groups that may have changed since the
    last refresh, with the log of the `watched` tables or the clock that tells it, `moved` each of these keys once. `groups` gives the
    view's rows for the keys that were put aside, which `merge` brings into the table; `many` and `merge_many` do the same for many
    keys. `keys` gives those of all rows of the base. `unordered` are columns whose arrays hold their items in any order, `undetermined`
    those that may have one value or another for the same rows.
    """

    watched: tuple[Watched, ...]
    causes: str
    moved: str
    groups: str
    many: str
    keys: str
    merge: Merge
    merge_many: Merge
    unordered: tuple[str, ...] = ()
    undetermined: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Window:
    """How the rows of a period are refreshed alone: those whose `column` lies in it. A row stands for a whole `unit` (`month`),
    or where that is empty for the time up to the next row. `seconds` is how far a refresh reaches back from now unless it is told. `inline` says that the merge
    holds the author's text, and not only the name of a stored query.
    """

    column: str
    unit: str
    seconds: int
    merge: Merge
    inline: bool = True


@dataclass(frozen=True, slots=True)
class Probe:
    """An expression that fails for some values of a row of one table, which goes by `alias`, where all of `where` hold. `key`
    identifies the row.
    """

    schema: str
    table: str
    alias: str
    key: tuple[str, ...]
    expression: str
    where: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Claim:
    """Something that a source claims and no key proves: `said` is the spec's key for it (`one`, `key`). `query` returns the values of `columns`
    that break the claim, with the number of their rows; nothing where it holds.
    """

    alias: str
    said: str
    columns: tuple[str, ...]
    query: str
