"""`mvc.yml`: what holds for the whole project."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mvc.engines.postgres.engine import POSTGRES
from mvc.spec.base import Name, Names, SomeNames, SpecModel

OLDEST, NEWEST = POSTGRES.versions


class SchemasSpec(SpecModel):
    """Where the objects live."""

    exposed: Name = Field(default="public", description="The schema that readers use.")
    stored: Name = Field(
        default="mvc", description="The schema of the stored relations, the log and the functions; ours alone."
    )


class LogSpec(SpecModel):
    """The log of refreshes, and the logs of changes that incremental refreshes read."""

    keep: Name = Field(
        default="90d", description="How long its rows are kept: `90d`; the last of each kind stay in any case."
    )
    changes_mb: int = Field(
        default=1024,
        ge=1,
        le=2**20,
        description="Megabytes of changes logged for a table, above which the view that is the last to read them is refreshed as a whole.",
    )


class NamesSpec(SpecModel):
    """Objects in the exposed schema under names that jobs and dashboards call already."""

    refresh_all: Name | None = Field(default=None, description="A function without parameters: refreshes every view.")
    refresh_one: Name | None = Field(default=None, description="A function of a view's name: refreshes that view.")
    refresh_views: dict[Name, Name] = Field(
        default={}, description="Functions without parameters → the view each refreshes."
    )
    usage: Name | None = Field(default=None, description="A function of a number of days: how much each view is used.")
    status: Name | None = Field(default=None, description="A view: sizes and freshness.")
    log: Name | None = Field(default=None, description="A view: the log of refreshes.")
    partitions: Name | None = Field(
        default=None, description="A function: makes the partitions that are due, and retires old ones."
    )


class ProjectSpec(SpecModel):
    """Settings. Every one has a default but `catalog`."""

    project: Name = Field(default="project", description="A name, for comments and messages.")
    dialect: Literal["postgres"] = "postgres"
    version: int = Field(default=OLDEST, ge=OLDEST, le=NEWEST, description="The oldest PostgreSQL major to support.")
    catalog: Name | SomeNames = Field(
        description="Files that describe the base tables: DDL (`schema/*.sql`) or a snapshot (.json)."
    )
    schemas: SchemasSpec = SchemasSpec()
    search_path: SomeNames = Field(default=("public",), description="Where names without a schema are looked up.")
    timezone: Name = Field(
        default="UTC", description="The zone of every date that is computed, whatever the session's."
    )
    refresh_roles: Names = Field(default=(), description="Roles besides the owner that may refresh views.")
    trusted_roles: Names = Field(
        default=(),
        description="Roles whose functions, operators and types may run, and whose tables may be read, with the deployer's and the readers' rights; and the one that deploys, where others refresh or monitor.",
    )
    monitor_roles: Names = Field(
        default=(), description="Roles besides these that may see sizes, freshness and the log."
    )
    notify: Name | None = Field(
        default=None, description="A channel that is told of failed refreshes and broken promises."
    )
    log: LogSpec = LogSpec()
    names: NamesSpec = NamesSpec()
