"""What the compiler makes: plain data, ready to be printed, kept or deployed. Nothing here needs the stages before.

Everything that `mvc diff` compares is here too, as *meaning*: canonical text in which layout, comments and the names of
aliases make no difference. Two compiled views mean the same exactly where these texts are equal.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

from mvc.compiled.called import called
from mvc.compiled.former import Alias, Former
from mvc.compiled.picked import ALL, Picked
from mvc.compiled.refresh import Claim, Increment, Merge, Probe, Window
from mvc.compiled.schedule import CompiledPartitioning, CompiledSchedule

Kind = Literal["materialized", "plain"]
StoredAs = Literal["materialized view", "table", "view"]
PARTIAL: Final = frozenset({"incremental", "verify", "window"})  # modes of a schedule that refresh a part of a view


@dataclass(frozen=True, slots=True)
class RowsOf:
    """Which rows are behind something: of which `relations`, and by which `columns` (`relation.column`) they are picked, joined and
    grouped.
    """

    relations: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CompiledColumn:
    """A column of a view. `type` is None where only a server knows it; `lineage` holds `relation.column` names, `rows` what it is computed
    over: nothing for what follows from its own row.

    `meaning` is what it is computed from, e.g. `sum(reservations.total_amount) where reservations.status = 'paid'`.
    `measure` is the project's measure that it shows, or empty.
    """

    name: str
    type: str | None
    nullable: bool
    description: str | None
    lineage: tuple[str, ...]
    meaning: str
    rows: RowsOf = RowsOf()
    measure: str = ""


@dataclass(frozen=True, slots=True)
class CompiledSource:
    """A source of a declared view. `relation` is what it reads (`public.orders`, a view's name, or a subquery's text); `meaning` says which of its
    rows count: how it is joined, filtered, whether it is required.
    """

    alias: str
    relation: str
    meaning: str


@dataclass(frozen=True, slots=True)
class CompiledIndex:
    """An index of the stored relation. `definition` is what follows the table's name, e.g. `btree (total DESC NULLS LAST)`.

    `origin` says whether the compiler derived it from the grain or the spec asks for it.
    """

    name: str
    definition: str
    unique: bool
    origin: Literal["grain", "lookup", "spec"]


@dataclass(frozen=True, slots=True)
class AccessRule:
    """Rows that may be seen: every condition must hold. `roles` are those it is for; empty means every reader."""

    roles: tuple[str, ...]
    conditions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AccessRestriction:
    """One of `rules` must hold as well, for `roles` (empty: every reader). No rule at all lets nothing through."""

    roles: tuple[str, ...]
    rules: tuple[AccessRule, ...]


@dataclass(frozen=True, slots=True)
class CompiledAccess:
    """`readers` are granted SELECT (everyone as `public`); each sees the rows of any rule, under all restrictions.

    `columns` are those of the view that a condition reads.
    """

    readers: tuple[str, ...]
    rules: tuple[AccessRule, ...]
    restrictions: tuple[AccessRestriction, ...]
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Arm:
    """A part of an exposure that is a barrier view of its own in the stored schema."""

    name: str
    query: str


@dataclass(frozen=True, slots=True)
class Exposure:
    """The view that readers use: its SELECT, the arms that it reads, whether it is a security barrier. `form` counts the ways in which SQL
    was written for the same rules: what has an earlier one is put in place anew.
    """

    query: str
    barrier: bool
    arms: tuple[Arm, ...]
    form: int = 1


@dataclass(frozen=True, slots=True)
class CompiledView:
    """A view, ready to be deployed.

    `storage` is the (schema, name) of the stored relation; the name ends in a fingerprint of the meaning, so equal names are equal content.
    `query` gives exactly the view's rows and columns; `stored_query` is what is stored, which may hold one more column. Where parts of it are
    refreshed (`increment`, `window`), it is stored as a table, which `merge` brings up to date as a whole; `whole_because` says why no
    increment is possible, and is empty where one is. `period` is the column of the grain by which a window could be told, or empty. `probes`
    find the row whose value makes a refresh fail. `sources`, `filters` and, for a `sql:` body, `body` say which rows there are. `grain`
    identifies a row; `proven` says that keys prove it, not only the spec. `options` are storage parameters. `reads` are all
    `relation.column` that any part of the query reads. `named` is what the catalog names of the code that it may run. `rows` decide which
    rows there are, `picked` says by what they are picked last. `former` is there where something was renamed; a view that is only a former name of another has an `alias`. `apart` says that
    another schema has a view of its name.
    """

    name: str
    schema: str
    kind: Kind
    stored_as: StoredAs
    path: str
    description: str | None
    tags: tuple[str, ...]
    storage: tuple[str, str]
    columns: tuple[CompiledColumn, ...]
    sources: tuple[CompiledSource, ...]
    filters: tuple[str, ...]
    body: str
    grain: tuple[str, ...]
    proven: bool
    upstream: tuple[str, ...]
    reads: tuple[str, ...]
    requires: tuple[str, ...]
    options: tuple[tuple[str, str], ...]
    indexes: tuple[CompiledIndex, ...]
    access: CompiledAccess
    query: str
    stored_query: str
    merge: Merge | None
    exposure: Exposure
    claims: tuple[Claim, ...]
    increment: Increment | None = None
    window: Window | None = None
    whole_because: tuple[str, ...] = ()
    period: str = ""
    probes: tuple[Probe, ...] = ()
    named: tuple[str, ...] = ()
    rows: RowsOf = RowsOf()
    picked: Picked = ALL
    former: Former | None = None
    alias: Alias | None = None
    apart: bool = False

    @property
    def called(self) -> str:
        """What the rest of the project calls it, as in `upstream`."""
        return called(self.schema, self.name, apart=self.apart)

    @property
    def readers(self) -> tuple[str, ...]:
        """The roles that may read it; `public` is everyone."""
        return self.access.readers

    @property
    def modes(self) -> tuple[str, ...]:
        """The ways in which it can be refreshed as it is deployed, the usual one first; none for a plain view."""
        parts = (("incremental", self.increment), ("window", self.window), ("full", self.kind == "materialized"))
        return tuple(mode for mode, there in parts if there)

    def column(self, name: str) -> CompiledColumn | None:
        """The column of that name."""
        return next((column for column in self.columns if column.name == name), None)


OwnNameRole = Literal["refresh_all", "refresh_one", "refresh_view", "usage", "status", "log", "partitions"]


@dataclass(frozen=True, slots=True)
class OwnName:
    """A name of the project's own for something of the runtime: jobs and dashboards call it already. `role` says what stands
    behind it; `view` is the one that `refresh_view` refreshes, else empty.
    """

    role: OwnNameRole
    schema: str
    name: str
    view: str = ""


@dataclass(frozen=True, slots=True)
class Operations:
    """What runs beside the views. `monitor_roles` may read how fresh they are; `notify` is a channel that hears of failures,
    `log_seconds` how long the log is kept (None: for ever), `names` what the project calls the runtime's own things,
    `change_bytes` how long the log of a table's changes may be before its last reader is given up.
    """

    monitor_roles: tuple[str, ...] = ()
    notify: str | None = None
    log_seconds: int | None = None
    names: tuple[OwnName, ...] = ()
    change_bytes: int = 2**30


@dataclass(frozen=True)
class Target:
    """What holds for everything that is deployed.

    `stored` is the schema of the stored relations, `compiler` the version that compiled them; names without a schema resolve
    along `search_path`; dates are computed in `timezone`; `refresh_roles` may refresh besides the owner; code of
    `trusted_roles` may run with the rights of the owner and of readers; `schedules` say when what is refreshed, `partitions` which partitions the base tables have, `operations` what else runs.
    """

    project: str
    compiler: str
    stored: str
    search_path: tuple[str, ...]
    timezone: str
    refresh_roles: tuple[str, ...]
    schedules: tuple[CompiledSchedule, ...]
    partitions: tuple[CompiledPartitioning, ...]
    operations: Operations = field(default=Operations(), kw_only=True)
    trusted_roles: tuple[str, ...] = field(default=(), kw_only=True)

    @property
    def guests(self) -> frozenset[str]:
        """The roles that have a right on the stored schema without being its owner."""
        return frozenset((*self.refresh_roles, *self.operations.monitor_roles))
