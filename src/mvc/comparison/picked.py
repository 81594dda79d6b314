"""Which groups and rows of a view are picked, before and after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from mvc.compiled.picked import Picked

Key = Literal["having", "keep"]


@dataclass(frozen=True, slots=True)
class PickChanged:
    """`having` or `keep`: conditions joined by AND; empty means all. `windowed` are columns that are computed over the rows which it leaves."""

    key: Key
    before: tuple[str, ...]
    after: tuple[str, ...]
    windowed: tuple[str, ...] = ()


def pick_changes(before: Picked, after: Picked) -> Iterator[PickChanged]:
    """What changed."""
    if Counter(before.having) != Counter(after.having):
        windowed = tuple(dict.fromkeys((*before.windowed, *after.windowed)))
        yield PickChanged("having", before.having, after.having, windowed)
    if Counter(before.keep) != Counter(after.keep):
        yield PickChanged("keep", before.keep, after.keep)
