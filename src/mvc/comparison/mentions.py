"""Conditions whose text stayed and whose meaning did not, since they read a column of the view that changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from mvc.comparison.formula import Alternatives
from mvc.compiled.view import CompiledAccess


@dataclass(frozen=True, slots=True)
class Mentions:
    """Conditions that read a changed column, each with a sentence on that."""

    said: Mapping[str, str]

    @classmethod
    def of(cls, before: CompiledAccess, after: CompiledAccess, changed: Mapping[str, str]) -> Mentions:
        """Those of both sides, for the `changed` columns of the view and what happened to each."""
        conditions = tuple(dict.fromkeys((*_conditions(before), *_conditions(after))))
        said: dict[str, str] = {}
        for column, how in changed.items():
            if column in before.columns or column in after.columns:
                for condition in _reading(conditions, column):
                    said.setdefault(condition, f"the rule reads `{column}`, which {how}")
        return cls(said)

    def marked(self, factors: Iterable[Alternatives]) -> tuple[Alternatives, ...]:
        """The factors as they were before: such a condition is another one than the same text is now."""
        return tuple(tuple(tuple(map(self._marked, term)) for term in factor) for factor in factors)

    def _marked(self, condition: str) -> str:
        return f"{condition} (as it was)" if condition in self.said else condition

    def reason(self, factors: Iterable[Alternatives]) -> str:
        """Why these conditions cannot be compared, or an empty string."""
        read = (condition for factor in factors for term in factor for condition in term)
        return "; ".join(dict.fromkeys(self.said[item] for item in read if item in self.said))


def _conditions(access: CompiledAccess) -> Iterator[str]:
    for rule in (*access.rules, *(rule for item in access.restrictions for rule in item.rules)):
        yield from rule.conditions


def _reading(conditions: tuple[str, ...], column: str) -> tuple[str, ...]:
    """Those in which the column's name stands. If none, the column is read in another way (a whole row): any may read it."""
    name = column.replace('"', '""').casefold()
    return tuple(item for item in conditions if name in item.casefold()) or conditions
