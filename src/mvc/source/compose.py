"""libyaml asked: the nodes of a text, or where it stops. What is said of a fault is held against it before it is shown."""

from __future__ import annotations

from typing import Any, Final

import yaml

NEVER: Final = 1 << 30


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """libyaml's composer without YAML 1.1's guesses about plain scalars."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own attribute


def compose(text: str) -> yaml.Node | None:
    """The root node, None for an empty text. Raises yaml.YAMLError."""
    return yaml.compose(text, Loader=_Loader)


def stops_at(text: str) -> int:
    """The line, from 0, at which a text cannot be read any further; NEVER where all of it can."""
    try:
        compose(text)
    except yaml.YAMLError as problem:
        return line_of(text, problem)
    return NEVER


def line_of(text: str, problem: yaml.YAMLError) -> int:
    """The line, from 0, that an error is about."""
    mark = getattr(problem, "problem_mark", None) or getattr(problem, "context_mark", None)
    if mark:
        return int(mark.line)
    position = getattr(problem, "position", 0)
    return text.count("\n", 0, position if isinstance(position, int) else 0)
