"""Public names that are to go. They work for the time that docs/library.md promises, and say what takes their place."""

from __future__ import annotations

import warnings
from typing import Final

RETIRED: Final = {
    "Terms": ("ApplyOptions", "0.3")
}  # the old name → the new one, and the version that has no more of the old


def successor(name: str) -> str | None:
    """The name that has taken the place of a retired one, with a DeprecationWarning at whoever asked `mvc` for it; None for any other."""
    if name not in RETIRED:
        return None
    new, version = RETIRED[name]
    message = f"mvc.{name} is called mvc.{new} now; mvc {version} has the old name no more"
    warnings.warn(message, DeprecationWarning, stacklevel=3)
    return new
