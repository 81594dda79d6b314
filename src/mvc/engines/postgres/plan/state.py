"""What a database has of a project: the ledger, and what the catalogs say of the objects that it names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from mvc.compiled.view import CompiledView, Target
from mvc.engines.postgres.plan.live import Live
from mvc.engines.postgres.plan.taken_names import TakenNames

Name = tuple[str, str]  # (schema, name)
RELATION_KINDS: Final = {"v": "VIEW", "m": "MATERIALIZED VIEW", "r": "TABLE"}  # what statements call a pg_class.relkind


@dataclass(frozen=True, slots=True)
class Grant:
    """A privilege of somebody who is not the owner; `column` is empty for the whole relation, `public` is everyone."""

    role: str
    privilege: str
    column: str = ""


@dataclass(frozen=True, slots=True)
class IndexState:
    """An index that is there, as the server prints it."""

    name: str
    definition: str
    valid: bool = True


@dataclass(frozen=True, slots=True)
class ColumnState:
    """A column that is there."""

    name: str
    type: str
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class RelationState:
    """A view, materialized view or stored table that is there. `kind` is pg_class.relkind; `printed` a digest of its
    definition, with the major version that printed it; None where that is not known. Sizes are in bytes, indexes and toast
    included. `toasted` says that it has a toast table, which has parameters of its own. `reads` are the relations of the stored schema
    that a view elsewhere reads, `rules` those that are not what makes it a view.
    """

    kind: str
    owner: str
    columns: tuple[ColumnState, ...]
    options: tuple[str, ...] = ()
    grants: tuple[Grant, ...] = ()
    comment: str | None = None
    populated: bool = True
    printed: str | None = None
    indexes: tuple[IndexState, ...] = ()
    bytes: int = 0
    toasted: bool = True
    reads: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()

    def index(self, name: str) -> IndexState | None:
        """The index of that name."""
        return next((index for index in self.indexes if index.name == name), None)

    def option(self, name: str) -> str | None:
        """The value of a storage parameter or option."""
        return next((value for key, _, value in (item.partition("=") for item in self.options) if key == name), None)


@dataclass(frozen=True, slots=True)
class RoutineState:
    """A function under a name of the project's own. `arguments` are their types; `printed` is a digest of what it is."""

    arguments: str
    owner: str
    comment: str | None
    printed: str
    grants: tuple[Grant, ...]


@dataclass(frozen=True, slots=True)
class Dependent:
    """Something outside of the project that reads an exposure. `columns` are those that it reads, where that is known.

    `kind` says what a change means to it: a view can be created anew, what is fixed cannot, a mention is only a name in a
    function's text.
    """

    described: str
    columns: tuple[str, ...]
    kind: Literal["view", "fixed", "mention"]


@dataclass(frozen=True, slots=True)
class RenamedSource:
    """A table that a stored relation reads, by the name that it had then and its name `now`. `replaced` says that another one has the
    former name.
    """

    named: str
    now: str
    replaced: bool


@dataclass(frozen=True, slots=True)
class StoredState:
    """A stored relation that was built: the view it is of, and what its last fill said. Times are seconds since 1970.

    `companions` names what is beside a table. `proven` are the roles beside the owner of whom it was proven that only their code
    runs; None where that is not known, or not so any more. `renamed` are the tables that it reads and that have another name now.
    `outdated` names what of its functions, types and the like changed since it was computed as a whole. What is `frozen` is a copy of the last
    rows, or a table that nothing refreshes any more: its view was released for a change of base tables.
    """

    view: Name
    printed: str | None = None
    companions: tuple[str, ...] = ()
    built_at: float = 0.0
    filled_at: float | None = None
    fill_seconds: float | None = None
    rows: int | None = None
    proven: frozenset[str] | None = None
    renamed: tuple[RenamedSource, ...] = ()
    outdated: str = ""
    frozen: bool = False

    @property
    def replaced(self) -> bool:
        """Whether it reads another table than the one that has the name now."""
        return any(source.replaced for source in self.renamed)


@dataclass(frozen=True, slots=True)
class WatchState:
    """A table whose changes are logged, with these columns. `broken` says why not all of them may have been."""

    table: Name
    columns: tuple[str, ...]
    broken: str | None = None


@dataclass(frozen=True, slots=True)
class DeployedView:
    """A view in the ledger. `definition` is None where another version wrote what this one cannot read. `roles` are the numbers
    that the roles of its rules had on the `server` where it was deployed. `released` says that it is past what stands in the way of a
    change of base tables, until it is deployed again; one that is `closed` shows no rows until then.
    """

    project: str
    stored_name: str
    definition: CompiledView | None
    exposure: str | None = None
    arms: Mapping[str, str] = field(default_factory=dict)
    indexes: Mapping[str, str] = field(default_factory=dict)
    roles: Mapping[str, str] = field(default_factory=dict)
    server: str = ""
    released: bool = False
    closed: bool = False

    def called(self, name: Name) -> str:
        """What the ledger calls it, whose (schema, name) this is."""
        return self.definition.called if self.definition else name[1]


@dataclass(frozen=True, slots=True)
class JobState:
    """A job of pg_cron for this database. `line` is when it runs, in pg_cron's zone."""

    id: int
    name: str
    line: str
    command: str
    active: bool


@dataclass(frozen=True, slots=True)
class CronState:
    """What there is of pg_cron: the one database that it lives in (None: not known), its zone, whether the extension is `here`,
    whether the owner of the stored schema may use it and log in to run its jobs. `jobs` are the owner's.
    """

    home: str | None
    zone: str
    here: bool
    granted: bool
    login: bool
    jobs: tuple[JobState, ...] = ()

    @property
    def usable(self) -> bool:
        """Whether jobs can be made from here, and would run."""
        return self.here and self.granted and self.login


@dataclass(frozen=True)
class State:
    """Everything that a plan is made from. `deployment` counts what was deployed: 0 is nothing yet.

    `runtime` is the installed runtime's version, None where there is none or its functions were changed; `generation` is its
    generation (0: none), `compiler` the version of mvc that installed it, as far as that is written down; `functions_changing`
    counts those that are not there as the present runtime has them. `owner` is the
    stored schema's; `acts_as_owner` says that who is asking may act as him. `storage_grants` are those on the stored schema itself;
    `targets` what each project was deployed with last, `watched` the logs of changes by name. `role_numbers` are the roles by their
    numbers, which mean nothing on another `server`. `strangers` are the owners of functions, domains and plain views who could not act
    as `owner`, by what these are called; `strange_tables` those of tables, of what is below these, and of what plain views read. Without
    pg_cron on the server, `cron` is None. `live` is what there is of what the views read and call, where that was asked. `today` is the server's date.
    """

    database: str
    database_number: str = ""
    deployment: int = 0
    runtime: str | None = None
    generation: int = 0
    compiler: str = ""
    functions_changing: int = 0
    owner: str | None = None
    acts_as_owner: bool = True
    targets: Mapping[str, Target] = field(default_factory=dict)
    views: Mapping[Name, DeployedView] = field(default_factory=dict)
    stored: Mapping[str, StoredState] = field(default_factory=dict)
    watched: Mapping[str, WatchState] = field(default_factory=dict)
    relations: Mapping[Name, RelationState] = field(default_factory=dict)
    routines: Mapping[Name, tuple[RoutineState, ...]] = field(default_factory=dict)
    dependents: Mapping[Name, tuple[Dependent, ...]] = field(default_factory=dict)
    storage_grants: tuple[Grant, ...] = ()
    roles: frozenset[str] = frozenset()
    role_numbers: Mapping[str, str] = field(default_factory=dict)
    server: str = ""
    extensions: frozenset[str] = frozenset()
    strangers: Mapping[str, str] = field(default_factory=dict)
    strange_tables: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    cron: CronState | None = None
    live: Live | None = None
    today: str = ""
    taken_names: TakenNames = field(default_factory=TakenNames)

    def role_now(self, role: str, deployed: DeployedView) -> str | None:
        """What a role is called now that the rules of a deployed view name; None where it is gone. `public` is everyone."""
        known = deployed.roles.get(role, "") if deployed.server == self.server else ""
        return self.role_numbers.get(known) or (role if role == "public" or role in self.roles else None)

    def guests_beside(self, project: str) -> frozenset[str]:
        """The roles that other projects of the same stored schema let refresh or monitor."""
        others = (target for name, target in self.targets.items() if name != project)
        return frozenset(role for target in others for role in target.guests)
