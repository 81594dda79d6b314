"""What row rules mean, as canonical text."""

from __future__ import annotations

from collections.abc import Iterable

from mvc.expression import Expression
from mvc.expression.canonical import canonical


def conditions_text(items: Iterable[Expression]) -> tuple[str, ...]:
    """Conditions of a policy as canonical texts, each once."""
    return tuple(sorted({canonical(item, lambda alias, name: f"{alias}.{name}" if alias else name) for item in items}))
