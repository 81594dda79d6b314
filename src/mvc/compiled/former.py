"""What a view was called before. Plain data, as all that the compiler makes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Former:
    """A view as it would be without the renames that the project tells of (`was:`), its own and those of the views that it reads.

    `schema` and `name` are what it was called, `stored` the name of what stored the same rows, `columns` those of its columns that had another
    name, as pairs of now and then.
    """

    schema: str
    name: str
    stored: str
    columns: tuple[tuple[str, str], ...] = ()

    @property
    def place(self) -> tuple[str, str]:
        """Its (schema, name)."""
        return self.schema, self.name


@dataclass(frozen=True, slots=True)
class Renamed:
    """A view that was renamed, or reads such a one: its name, what stores it, and what all that was."""

    name: str
    storage: tuple[str, str]
    former: Former


@dataclass(frozen=True, slots=True)
class Alias:
    """Says that a view is only a former name of the view `schema`.`name`, and stays until a date."""

    schema: str
    name: str
    until: str
