"""Public names that are to go. They work for the time that docs/library.md promises, and say what takes their place."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import wraps
from typing import Final, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

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


def retired_parameter(old: str, new: str, version: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Has a function take the keyword `old` as `new`, with a DeprecationWarning at its caller, until `version`."""

    def decorated(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def called(*args: P.args, **kwargs: P.kwargs) -> R:
            if old in kwargs and new not in kwargs:
                kwargs[new] = kwargs.pop(old)
                message = f"{function.__name__}({old}=…) is called {new}= now; mvc {version} has the old name no more"
                warnings.warn(message, DeprecationWarning, stacklevel=2)
            return function(*args, **kwargs)

        return called

    return decorated
