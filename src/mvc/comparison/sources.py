"""What the meaning of a source says: whether it takes rows away, and whether it lets the same ones count as before.

By the rules of the language (ARCHITECTURE, "What a view means") a source takes rows away only where it is `required`, which its meaning
says by that word (`DeclaredMeaning.sources`).
"""

from __future__ import annotations

import re
from typing import Final

_REQUIRED: Final = re.compile(r"(?:^|, )required(?:, one)?\Z")
_ONE: Final = re.compile(r"(?:^|, )one\Z")


def is_required(meaning: str) -> bool:
    """Whether rows without a match go."""
    return _REQUIRED.search(meaning) is not None


def same_rows(before: str, after: str) -> bool:
    """Whether two meanings differ in what is claimed only."""
    return _ONE.sub("", before) == _ONE.sub("", after)
