"""What bears the name of a view and was made by hand: what a database says of it before a view takes its place, and of what is kept afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Name = tuple[str, str]  # (schema, name)


@dataclass(frozen=True, slots=True)
class RefreshJob:
    """A job of pg_cron that refreshes such a relation, as far as its command and the functions that it calls say; `owner` is the role that it runs as."""

    id: int
    name: str
    owner: str


@dataclass(frozen=True, slots=True)
class NameHolder:
    """A relation that is not ours. `acts` says that who deploys may do what its owner can, `trusted` that the owner could do the same as who
    deploys. `readers` are materialized views that read it, `views` plain ones, `unfit` what else does and cannot be made to read another relation, `bound` what
    of it a view cannot take over; all in words. `repointed` are those that can. `refreshers` are functions whose text refreshes it, `writers` the roles that may write to it.
    """

    acts: bool = True
    trusted: bool = True
    secured: bool = False
    readers: tuple[Name, ...] = ()
    views: tuple[Name, ...] = ()
    unfit: tuple[str, ...] = ()
    bound: tuple[str, ...] = ()
    repointed: tuple[str, ...] = ()
    refreshers: tuple[str, ...] = ()
    jobs: tuple[RefreshJob, ...] = ()


@dataclass(frozen=True, slots=True)
class FormerRelation:
    """What a view was taken over from, kept in the stored schema: what it is called in SQL (`kind`), by which deployment, when. Without a kind it
    is a view that gave way to that, and goes.
    """

    view: Name
    deployment: int
    kind: str
    owner: str
    readers: tuple[str, ...]
    taken_at: float


@dataclass(frozen=True)
class TakenNames:
    """`in_the_way` by the names that they bear, `formers` by those that they are kept under; `returning` are views that give way to these again."""

    in_the_way: Mapping[Name, NameHolder] = field(default_factory=dict)
    formers: Mapping[str, FormerRelation] = field(default_factory=dict)
    returning: frozenset[Name] = frozenset()

    def former(self, view: Name) -> tuple[str, FormerRelation] | None:
        """What the view was taken over from last."""
        found = [(name, item) for name, item in self.formers.items() if item.view == view and item.kind]
        return max(found, key=lambda pair: pair[1].deployment, default=None)
