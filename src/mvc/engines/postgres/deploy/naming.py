"""Names of what the compiler creates. A name carries a fingerprint of the definition, so old and new can stand side by side."""

from __future__ import annotations

from typing import Literal

from mvc.meaning.fingerprint import FINGERPRINT_LENGTH, fingerprint
from mvc.quoting import MAX_IDENTIFIER_BYTES

HIDDEN_COLUMN = "mvc_grain"  # the first stored column that stands for one of the grain, in the unique index; then mvc_grain_2 and so on
CAUSE_COLUMN = "mvc_cause"  # the column that says why a key may have changed

# What stands beside a stored table: the view that gives the rows that it is to hold; those of the keys of groups that may have
# changed, with what may have changed them and without; the table of keys whose groups are to be computed again; the views of
# the rows of these groups, where they are few and where they are many; the view of the keys of the base's rows, to take samples of.
Purpose = Literal["query", "causes", "moved", "dirty", "groups", "many", "keys"]


def joined_name(*parts: str) -> str:
    """`a_b_c`, shortened to what PostgreSQL keeps; a shortened name ends in a digest of the whole, so it stays unique."""
    name = "_".join(part for part in parts if part)
    encoded = name.encode("utf-8")
    if len(encoded) <= MAX_IDENTIFIER_BYTES:
        return name
    tail = f"_{fingerprint(name)}"
    return encoded[: MAX_IDENTIFIER_BYTES - len(tail)].decode("utf-8", "ignore") + tail


def stored_name(view: str, digest: str) -> str:
    """The stored relation's name: as much of the view's as fits, and the fingerprint.

    Two views of one meaning must not share what stores them, so a name that is cut counts as a part of the definition.
    """
    encoded = view.encode("utf-8")
    kept = encoded[: MAX_IDENTIFIER_BYTES - FINGERPRINT_LENGTH - 1]
    return f"{kept.decode('utf-8', 'ignore')}_{digest if kept == encoded else fingerprint(digest, view)}"


def changes_name(schema: str, table: str) -> str:
    """The name of the log of a table's changes."""
    return joined_name("changes", table, fingerprint(schema, table))


def arm_names(stored: str) -> tuple[str, str]:
    """The names of an exposure's two arms: all rows through a gate, and the filtered ones."""
    return joined_name(stored, "gate"), joined_name(stored, "rows")


def companion_name(stored: str, purpose: Purpose) -> str:
    """The name of what stands beside a stored table, for a purpose."""
    return joined_name(stored, purpose)
