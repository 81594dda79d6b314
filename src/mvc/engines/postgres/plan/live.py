"""What a database has of what a project's views read and call, and what whoever deploys may do with it: plain data beside the `State`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from mvc.catalog.types import Catalog
from mvc.quoting import identifier

RelationName = tuple[str, str]  # (schema, name)
Privilege = Literal["SELECT", "TRIGGER", "USAGE", "CREATE", "EXECUTE"]


@dataclass(frozen=True, slots=True)
class Rights:
    """What the role in whose name a deployment works may not do. Functions are named as in `CompiledView.named`.

    `unreadable` holds the columns that it may not read, of the relations that it may not read as a whole; `untriggerable` the relations on
    which it may put no triggers; `unusable` and `closed` the schemas in which it may look nothing up, and create nothing;
    `absent` the schemas that are not there; `shut_out` are (schema, reader) where a reader may look nothing up. `makes_schemas` says whether it may create schemas in the database.
    """

    role: str = ""
    unreadable: Mapping[RelationName, frozenset[str]] = field(default_factory=dict)
    untriggerable: frozenset[RelationName] = frozenset()
    unusable: frozenset[str] = frozenset()
    closed: frozenset[str] = frozenset()
    absent: frozenset[str] = frozenset()
    shut_out: frozenset[tuple[str, str]] = frozenset()
    uncallable: frozenset[str] = frozenset()
    makes_schemas: bool = True


@dataclass(frozen=True)
class Live:
    """The relations and functions of the names that the project's catalog has for them, and the rights on them. Types are spelled as in
    the project's catalog; whether a view's column may be NULL is not known, and `nullable` then.
    """

    catalog: Catalog
    rights: Rights = Rights()


@dataclass(frozen=True, slots=True)
class MissingRight:
    """`role` lacks `privilege` on `on`, which is written as GRANT wants it (`SCHEMA sales`); `needed_for` names views."""

    privilege: Privilege
    on: str
    role: str
    needed_for: tuple[str, ...] = ()

    @property
    def statement(self) -> str:
        """What grants it, for whoever may."""
        return f"GRANT {self.privilege} ON {self.on} TO {identifier(self.role)}"
