"""A view that is there on both sides of a comparison, under two names."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ViewRenamed:
    """The same view under another name, each in its schema. The former one stays until a date, or is gone."""

    before_schema: str
    before: str
    after_schema: str
    after: str
    alias_until: str = ""

    @property
    def was(self) -> tuple[str, str]:
        """What it was called: (schema, name)."""
        return self.before_schema, self.before

    @property
    def now(self) -> tuple[str, str]:
        """What it is called: (schema, name)."""
        return self.after_schema, self.after
