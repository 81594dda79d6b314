"""What is compiled of a project."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """Some files of a project; `absent` names the views that exist in the others."""

    files: Mapping[str, str]
    absent: frozenset[str] = frozenset()


class Unclear(Exception):
    """A file that cannot be judged without compiling it, so nothing may be left out."""
