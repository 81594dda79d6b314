"""Whether two meanings name the same things, so that they may be two ways to say one.

Equal meanings have equal texts wherever the normal form knows the spelling (`mvc.expression.normal`). Of the others, those that read other
columns, call other functions or compare with other constants are taken for what they look like; those of the same names, constants
and negations in another arrangement are undecided.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

_WORDS: Final = re.compile(r"'(?:[^']|'')*'|[\w.]+|\".*?\"")
_SYNTAX: Final = frozenset({"as", "any", "array", "in", "some", "cast"})


def named_alike(before: str, after: str) -> bool:
    """Whether both name the same columns, functions and constants, each as often."""
    return _named(before) == _named(after)


def _named(text: str) -> Counter[str]:
    return Counter(word for word in _WORDS.findall(text) if word not in _SYNTAX)
