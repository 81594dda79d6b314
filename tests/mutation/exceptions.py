"""What `check` accepts and a server refuses, and no check without that server can tell: each kind by what the server says, and why it is so.

A kind is here only if what decides is no part of a project. What is known of PostgreSQL belongs into `mvc.inference` instead.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple


class Unknowable(NamedTuple):
    """`said` is found in the server's message."""

    said: re.Pattern[str]
    why: str


KINDS: Final = tuple(
    Unknowable(re.compile(said), why)
    for said, why in (
        (r"unsupported XML feature", "whether a server was built with XML"),
        (
            r"collation \".*\" for encoding",
            "which collations there are: those of the server's operating system and of CREATE COLLATION",
        ),
        (
            r"text search (configuration|dictionary|parser) \".*\" does not exist",
            "which configurations of text search there are",
        ),
        (r"invalid input syntax for type money", "the letters and signs of a currency: lc_monetary"),
        (r"time zone \".*\" not recognized", "which zones and abbreviations there are: those of the server's system"),
        (
            r"operator does not exist: .* \w+\.[^\w\s]",
            "which operators there are in a schema that the DDL says nothing of",
        ),
    )
)


def why_unknown(said: str) -> str:
    """Why a refusal could not be known; empty where it could."""
    return next((kind.why for kind in KINDS if kind.said.search(said)), "")
