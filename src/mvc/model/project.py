"""The whole project."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mvc.catalog.types import Catalog
from mvc.compiled.view import Operations
from mvc.diagnostics import Diagnostic
from mvc.model.measured import Measures
from mvc.model.origin import Origin
from mvc.model.partitions import Partitioning
from mvc.model.policy import Policy
from mvc.model.schedule import Schedule
from mvc.model.view import View


@dataclass(frozen=True, slots=True)
class Settings:
    """What `mvc.yml` says. `exposed` and `stored` are schemas; `version` the oldest PostgreSQL major to support; `origin` the file."""

    project: str
    version: int
    exposed: str
    stored: str
    search_path: tuple[str, ...]
    timezone: str
    refresh_roles: tuple[str, ...]
    trusted_roles: tuple[str, ...]
    operations: Operations
    origin: Origin


@dataclass(frozen=True, slots=True)
class Project:
    """A project that can be compiled. `diagnostics` holds the warnings of loading."""

    settings: Settings
    catalog: Catalog
    views: tuple[View, ...]
    policies: tuple[Policy, ...]
    schedules: tuple[Schedule, ...]
    partitions: tuple[Partitioning, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    broken: frozenset[str] = frozenset()  # names of views whose files have errors
    complete: bool = True  # whether every file could be read without a fault
    absent: frozenset[str] = frozenset()  # names of views whose files were left out, which nothing here reads
    drafts: tuple[View, ...] = ()  # what is left of views with faults, whose names are checked all the same
    guessed: bool = False  # whether `mvc.yml` could not be read, so that other tables may be meant
    files: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)  # what it was read from
    measures: Measures = field(default_factory=Measures)
