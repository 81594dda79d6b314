"""What has been read of a project while its files are loaded, and the project that comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mvc.catalog.types import Catalog
from mvc.diagnostics import Findings, ProjectError
from mvc.model.measured import Measures
from mvc.model.partitions import Partitioning
from mvc.model.policy import Policy
from mvc.model.project import Project, Settings
from mvc.model.schedule import Schedule
from mvc.model.view import View

Files = Mapping[str, str]


@dataclass
class Loaded:
    """What could be read, and what is wrong with the rest. `broken` names views that exist but cannot be analysed, `absent`
    those whose files were not given. `drafts` are what is left of broken views, `guessed` says that the settings are no more than a guess.
    """

    settings: Settings | None = None
    catalog: Catalog = field(default_factory=Catalog)
    measures: Measures = field(default_factory=Measures)
    views: list[View] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    absent: frozenset[str] = frozenset()
    complete: bool = True
    drafts: list[View] = field(default_factory=list)
    guessed: bool = False
    policies: list[Policy] = field(default_factory=list)
    schedules: list[Schedule] = field(default_factory=list)
    partitions: list[Partitioning] = field(default_factory=list)
    diagnostics: Findings = field(default_factory=Findings)
    files: Files = field(default_factory=dict)

    def project(self) -> Project:
        """The project, for which there must be settings."""
        if self.settings is None:
            raise ProjectError(self.diagnostics, self.files)
        return Project(
            self.settings,
            self.catalog,
            tuple(self.views),
            tuple(self.policies),
            tuple(self.schedules),
            tuple(self.partitions),
            tuple(self.diagnostics),
            frozenset(self.broken),
            self.complete,
            self.absent,
            tuple(self.drafts),
            self.guessed,
            self.files,
            self.measures,
        )
