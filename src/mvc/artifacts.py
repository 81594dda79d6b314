"""What a compile is made of: plain data, so that it can be kept in a cache, printed as JSON and handed to a deployment."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CompiledColumn:
    """A column that readers see. `type` is None where only a server knows it; `lineage` holds `relation.column` names."""

    name: str
    type: str | None
    nullable: bool
    description: str | None
    lineage: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Claim:
    """Something that a source claims and no key proves: `said` is the spec's key for it (`one`, `key`).

    `query` returns the values of `columns` that break the claim, with the number of their rows; nothing where it holds.
    """

    alias: str
    said: str
    columns: tuple[str, ...]
    query: str


@dataclass(frozen=True, slots=True)
class CompiledView:
    """A view, ready to be deployed.

    `storage` is the (schema, name) of the stored relation. `query` gives exactly the view's rows and columns; what is stored
    may hold one more column. `grain` identifies a row; `proven` says that keys prove it, not only the spec. `readers` are the
    roles that may read it. `storage_sql` and `exposure_sql` are statements in order, each safe to run again.
    """

    name: str
    schema: str
    kind: str
    path: str
    description: str | None
    tags: tuple[str, ...]
    storage: tuple[str, str]
    columns: tuple[CompiledColumn, ...]
    grain: tuple[str, ...]
    proven: bool
    upstream: tuple[str, ...]
    requires: tuple[str, ...]
    readers: tuple[str, ...]
    query: str
    storage_sql: tuple[str, ...]
    exposure_sql: tuple[str, ...]
    claims: tuple[Claim, ...]


@dataclass(frozen=True, slots=True)
class CompiledSchedule:
    """A schedule with its selectors resolved to views, upstream first. Durations are in seconds."""

    name: str
    views: tuple[str, ...]
    cron: str | None
    within_seconds: int | None
    timezone: str
    mode: str | None
    timeout_seconds: int | None
    lock_timeout_seconds: int | None
    enabled: bool
    description: str | None


@dataclass(frozen=True)
class Target:
    """What holds for everything that is deployed.

    `stored` is the schema of the stored relations, `compiler` the version that compiled them; names without a schema resolve
    along `search_path`; dates are computed in `timezone`; `refresh_roles` may refresh besides the owner.
    """

    project: str
    compiler: str
    stored: str
    search_path: tuple[str, ...]
    timezone: str
    refresh_roles: tuple[str, ...]
