"""The types of one database: PostgreSQL's own, and the catalog's enums, domains, composites and ranges. What becomes what, and when.

Rule source: PostgreSQL's parse_coerce.c. A type of which nothing is known is None everywhere, and whatever meets it is not known either.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from mvc.catalog.extensions import are_known
from mvc.catalog.operators import builtin_types
from mvc.catalog.types import Catalog, DomainType, EnumType, plain_type

UNKNOWN: Final = "unknown"  # of a literal in quotes, and of NULL
POLYMORPHIC: Final = frozenset(
    f"any{family}{shape}"
    for family in ("", "compatible")
    for shape in ("element", "array", "nonarray", "enum", "range", "multirange")
) | {"anycompatible"}


@dataclass(frozen=True)
class World:
    """`requires` are the extensions that a view names besides those of the catalog. `version` is the oldest PostgreSQL that a project is for, and
    whether its author said so.
    """

    catalog: Catalog
    requires: tuple[str, ...] = ()
    version: int = 15
    version_is_said: bool = False

    @cached_property
    def extensions(self) -> frozenset[str]:
        return frozenset((*self.catalog.extensions, *self.requires))

    @cached_property
    def knows_all_types(self) -> bool:
        """Whether a type that is in no list is no type at all."""
        return are_known(self.extensions)

    @property
    def enums(self) -> Mapping[str, EnumType]:
        return self.catalog.enums_by_name

    @property
    def domains(self) -> Mapping[str, DomainType]:
        return self.catalog.domains_by_name

    def base(self, type_: str | None) -> str | None:
        """The type without modifier and domains; None where it is none that is known here, or where operators or casts of somebody's own may
        take it for another.
        """
        if self.catalog.operators:
            return None
        plain = plain_type(type_)
        for _ in range(32):
            if plain is None or plain not in self.domains:
                break
            plain = plain_type(self.domains[plain].base)
        return self._canonical(plain) if plain and self.is_known(plain) else None

    def _canonical(self, type_: str) -> str:
        """An enum with its schema, also as an array's element: columns may name it without."""
        element = type_.removesuffix("[]")
        enum = self.enums.get(element)
        return f"{enum.schema}.{enum.name}{type_[len(element) :]}" if enum else type_

    def is_known(self, type_: str) -> bool:
        """Whether everything that matters of a type is known here: which operators it has, and what it becomes."""
        element = type_.removesuffix("[]")
        return (
            type_ == UNKNOWN
            or type_ in builtin_types().types
            or element in self.enums
            or element in builtin_types().types
        )

    def category(self, type_: str) -> str:
        """As `pg_type.typcategory`."""
        if type_ in self.enums:
            return "E"
        known = builtin_types().types.get(type_)
        return known.category if known else "A" if type_.endswith("[]") else "U"

    def element(self, type_: str) -> str | None:
        """Of an array."""
        known = builtin_types().types.get(type_)
        return (known.element if known else type_.removesuffix("[]") if type_.endswith("[]") else "") or None

    def is_preferred(self, type_: str) -> bool:
        known = builtin_types().types.get(type_)
        return known is not None and known.preferred

    def becomes(self, source: str, target: str, contexts: str = "i") -> bool:
        """Whether a value is taken for one of another type: `i` by itself, `ia` when it is stored, `iae` when it is cast."""
        if source in (target, UNKNOWN) or target == '"any"':
            return True
        if target in POLYMORPHIC:
            return self.is_a(source, target)
        kind = builtin_types().casts.get((source, target))
        if kind is not None:
            return kind in contexts
        one, other = self.element(source), self.element(target)
        if one and other and source.endswith("[]") and target.endswith("[]"):
            return self.becomes(one, other, contexts)
        return ("e" in contexts and "S" in (self.category(source), self.category(target))) or (
            "a" in contexts and self.category(target) == "S"
        )

    def is_a(self, source: str, shape: str) -> bool:
        """Whether a type is of the shape that a polymorphic argument asks for."""
        asked = shape.removeprefix("anycompatible").removeprefix("any")
        if asked == "array":
            return self.element(source) is not None and source.endswith("[]")
        if asked == "nonarray":
            return not source.endswith("[]")
        if asked == "enum":
            return source in self.enums
        ranges = builtin_types().ranges
        if asked == "range":
            return source in ranges
        return asked != "multirange" or source in {multi for _, multi in ranges.values()}
