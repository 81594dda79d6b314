"""`mvc`, a declarative compiler for PostgreSQL materialized views.

    import mvc

    compiled = mvc.compile(mvc.load("path/to/project"))
    print(compiled.sql)

Whatever the command does is one function here, with a typed result; docs/library.md lists them, with examples. Nothing here prints. What talks
to a server takes a psycopg connection in autocommit mode (`connect` makes one; the extra `postgres`), all else needs neither a server nor an
extra. Names are imported when they are first used, so that `import mvc` and `mvc --help` cost nothing.
"""

from __future__ import annotations

from mvc.version import VERSION as __version__  # noqa: N811 - what Python expects

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mvc.catalog.altered import UnusableMigration
    from mvc.catalog.types import Catalog
    from mvc.comparison.difference import Difference, ViewDifference
    from mvc.compiled.project import Compiled
    from mvc.compiled.schedule import CompiledSchedule
    from mvc.compiled.view import CompiledColumn, CompiledView
    from mvc.diagnostics import Diagnostic, Label, ProjectError, Span
    from mvc.diagnostics.rules import Rule, rule
    from mvc.engines.postgres.plan.leftovers import Leftover
    from mvc.engines.postgres.plan.migration import migration
    from mvc.engines.postgres.plan.release import Altered, Release
    from mvc.engines.postgres.plan.steps import Danger, Hazard, LeftOut, Plan, Refusal, Step, Switch
    from mvc.engines.postgres.server.apply import Applied, apply, plan
    from mvc.engines.postgres.server.apply import ApplyOptions as Terms  # noqa: F401 - retired, see mvc.retired
    from mvc.engines.postgres.server.around import Around, around, plan_around
    from mvc.engines.postgres.server.connection import connect
    from mvc.engines.postgres.server.deployed import DatabaseDifference
    from mvc.engines.postgres.server.errors import ServerError
    from mvc.engines.postgres.server.partitions import DuePartition, Maintained
    from mvc.engines.postgres.server.prune import Pruned, prune
    from mvc.engines.postgres.server.refresh import refresh
    from mvc.engines.postgres.server.refresh_view import Refreshed
    from mvc.engines.postgres.server.release import plan_release, release
    from mvc.engines.postgres.server.rollback import plan_rollback, rollback
    from mvc.engines.postgres.server.schedule_runs import refresh_due, refresh_schedule
    from mvc.engines.postgres.server.status import Status, ViewStatus, alert, status
    from mvc.engines.postgres.server.worker import Worker
    from mvc.git import GitError
    from mvc.library.catalogs import pull_catalog
    from mvc.library.checks import Checked, check
    from mvc.library.comparing import diff
    from mvc.library.importing import Imported, ImportedView, Lost, NothingFound, import_views
    from mvc.library.names import (
        ApplyOptions,
        RefreshOptions,
        RollbackPlan,
        Timeouts,
        partitions,
        plan_partitions,
        plan_prune,
        run,
    )
    from mvc.library.projects import compile, load  # noqa: A004 - the field's name for it
    from mvc.library.releasing import release_sql
    from mvc.library.rendering import render
    from mvc.library.schedules import GeneratedFile, schedules
    from mvc.library.starter import starter
    from mvc.model.project import Project
    from mvc.spec import (
        AggregateSpec,
        BodyColumnSpec,
        DimensionSpec,
        IndexColumnSpec,
        IndexSpec,
        PartitionSpec,
        PolicySpec,
        ProjectSpec,
        ScheduleSpec,
        SourceSpec,
        UsingSpec,
        ViewSpec,
        WindowSpec,
    )
    from mvc.spec.in_python import Specs
    from mvc.spec.project import LogSpec, NamesSpec, SchemasSpec
    from mvc.spec.schema import json_schema

__all__ = [
    "AggregateSpec",
    "Altered",
    "Applied",
    "ApplyOptions",
    "Around",
    "BodyColumnSpec",
    "Catalog",
    "Checked",
    "Compiled",
    "CompiledColumn",
    "CompiledSchedule",
    "CompiledView",
    "Danger",
    "DatabaseDifference",
    "Diagnostic",
    "Difference",
    "DimensionSpec",
    "DuePartition",
    "GeneratedFile",
    "GitError",
    "Hazard",
    "Imported",
    "ImportedView",
    "IndexColumnSpec",
    "IndexSpec",
    "Label",
    "LeftOut",
    "Leftover",
    "LogSpec",
    "Lost",
    "Maintained",
    "NamesSpec",
    "NothingFound",
    "PartitionSpec",
    "Plan",
    "PolicySpec",
    "Project",
    "ProjectError",
    "ProjectSpec",
    "Pruned",
    "RefreshOptions",
    "Refreshed",
    "Refusal",
    "Release",
    "RollbackPlan",
    "Rule",
    "ScheduleSpec",
    "SchemasSpec",
    "ServerError",
    "SourceSpec",
    "Span",
    "Specs",
    "Status",
    "Step",
    "Switch",
    "Timeouts",
    "UnusableMigration",
    "UsingSpec",
    "ViewDifference",
    "ViewSpec",
    "ViewStatus",
    "WindowSpec",
    "Worker",
    "__version__",
    "alert",
    "apply",
    "around",
    "check",
    "compile",
    "connect",
    "diff",
    "import_views",
    "json_schema",
    "load",
    "migration",
    "partitions",
    "plan",
    "plan_around",
    "plan_partitions",
    "plan_prune",
    "plan_release",
    "plan_rollback",
    "prune",
    "pull_catalog",
    "refresh",
    "refresh_due",
    "refresh_schedule",
    "release",
    "release_sql",
    "render",
    "rollback",
    "rule",
    "run",
    "schedules",
    "starter",
    "status",
]

_HOMES = {
    "mvc.compiled.view": "CompiledColumn CompiledView",
    "mvc.catalog.altered": "UnusableMigration",
    "mvc.catalog.types": "Catalog",
    "mvc.comparison.difference": "Difference ViewDifference",
    "mvc.compiled.project": "Compiled",
    "mvc.diagnostics": "Diagnostic Label ProjectError Span",
    "mvc.diagnostics.rules": "Rule rule",
    "mvc.git": "GitError",
    "mvc.library.catalogs": "pull_catalog",
    "mvc.library.checks": "Checked check",
    "mvc.library.comparing": "diff",
    "mvc.library.importing": "Imported ImportedView Lost NothingFound import_views",
    "mvc.library.names": "ApplyOptions RefreshOptions RollbackPlan Timeouts partitions plan_partitions plan_prune run",
    "mvc.library.projects": "compile load",
    "mvc.library.releasing": "release_sql",
    "mvc.library.rendering": "render",
    "mvc.library.schedules": "GeneratedFile schedules",
    "mvc.library.starter": "starter",
    "mvc.model.project": "Project",
    "mvc.engines.postgres.plan.leftovers": "Leftover",
    "mvc.engines.postgres.plan.migration": "migration",
    "mvc.engines.postgres.plan.release": "Altered Release",
    "mvc.engines.postgres.plan.steps": "Danger Hazard LeftOut Plan Refusal Step Switch",
    "mvc.engines.postgres.server.apply": "Applied apply plan",
    "mvc.engines.postgres.server.around": "Around around plan_around",
    "mvc.engines.postgres.server.connection": "connect",
    "mvc.engines.postgres.server.deployed": "DatabaseDifference",
    "mvc.engines.postgres.server.errors": "ServerError",
    "mvc.engines.postgres.server.partitions": "DuePartition Maintained",
    "mvc.engines.postgres.server.prune": "Pruned prune",
    "mvc.engines.postgres.server.refresh": "refresh",
    "mvc.engines.postgres.server.refresh_view": "Refreshed",
    "mvc.engines.postgres.server.release": "plan_release release",
    "mvc.engines.postgres.server.rollback": "plan_rollback rollback",
    "mvc.engines.postgres.server.schedule_runs": "refresh_due refresh_schedule",
    "mvc.engines.postgres.server.status": "Status ViewStatus alert status",
    "mvc.engines.postgres.server.worker": "Worker",
    "mvc.compiled.schedule": "CompiledSchedule",
    "mvc.spec": "AggregateSpec BodyColumnSpec DimensionSpec IndexColumnSpec IndexSpec PartitionSpec PolicySpec ProjectSpec ScheduleSpec SourceSpec UsingSpec ViewSpec WindowSpec",
    "mvc.spec.in_python": "Specs",
    "mvc.spec.project": "LogSpec NamesSpec SchemasSpec",
    "mvc.spec.schema": "json_schema",
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name in _HOME_OF:
        found: object = getattr(import_module(_HOME_OF[name]), name)
        globals()[name] = found
        return found
    from mvc.retired import successor

    if new := successor(name):
        return __getattr__(new)
    raise AttributeError(f"module 'mvc' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
