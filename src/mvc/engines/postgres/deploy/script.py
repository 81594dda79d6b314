"""Compiled views → one script for psql: a transaction that can be read in a review and run again without harm."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

from mvc.compiled.view import CompiledView, Target
from mvc.engines.postgres.deploy.project_names import install_sql, named_objects
from mvc.engines.postgres.deploy.proofs import prove_code_sql, prove_exposure_sql, prove_sources_sql, storage_sql
from mvc.engines.postgres.deploy.statements import (
    arms_sql,
    comments_sql,
    deployment_sql,
    expect_sql,
    expose_sql,
    names_array,
    readers_sql,
    record_sql,
    register_sql,
)
from mvc.engines.postgres.runtime import runtime_sql
from mvc.quoting import identifier, literal, qualified

STORAGE: Final = "Storage: what is refreshed, for the owner alone"
EXPOSURE: Final = "Exposure: what readers use, each role its rows"


def script(target: Target, views: Iterable[CompiledView]) -> str:
    """Everything that deploys `views`, in one go or not at all."""
    chosen = tuple(views)
    parts = [_head(target), "BEGIN;", *terminated(settings_sql(target)), _runtime(target), title(STORAGE)]
    parts += [_storage(target, view) for view in chosen]
    parts += [title(EXPOSURE), *(_exposure(target, view) for view in chosen)]
    return _joined([*parts, *_names(target), _closing(target), "COMMIT;"])


def script_files(target: Target, views: Iterable[CompiledView]) -> dict[str, str]:
    """The same as files, relative path → text: one per view, the runtime, and `deploy.sql`, which runs them in order."""
    chosen = tuple(views)
    mark = f"-- Compiled from the project {_comment(target.project)}. Change the YAML, not this file."
    files = {
        f"views/{_file_name(view)}": _joined([mark, _storage(target, view), _exposure(target, view)]) for view in chosen
    }
    included = "\n".join(f"\\ir {name}" for name in ("runtime.sql", *files))
    parts = [
        _head(target),
        "BEGIN;",
        *terminated(settings_sql(target)),
        included,
        *_names(target),
        _closing(target),
        "COMMIT;",
    ]
    return {"deploy.sql": _joined(parts), "runtime.sql": _joined([mark, _runtime(target)]), **files}


def _joined(parts: list[str]) -> str:
    return "\n\n".join(parts) + "\n"


def _runtime(target: Target) -> str:
    parts = [*runtime_sql(target.stored), deployment_sql(target)]
    return "\n\n".join([title("Runtime: ledger, log, access, deployment, refresh"), *terminated(parts)])


def _storage(target: Target, view: CompiledView) -> str:
    statements = (
        expect_sql(target, view, view, may_be_new=True),
        *requirements_sql(target, view),
        prove_sources_sql(target, view),
        *storage_sql(target, view),
    )
    return "\n\n".join(
        [_name(view), *terminated((*statements, register_sql(target, view), prove_code_sql(target, view)))]
    )


def _exposure(target: Target, view: CompiledView) -> str:
    look = prove_sources_sql(target, view)  # once more: other views may have been waited for
    exposed = (look, *arms_sql(target, view), expose_sql(target, view), prove_exposure_sql(target, view))
    statements = (*exposed, *comments_sql(view), readers_sql(target, view))
    return "\n\n".join([_name(view), *terminated((*statements, record_sql(target, view)))])


def _names(target: Target) -> list[str]:
    listed = [statement for item in named_objects(target) for statement in install_sql(item, target)]
    return [title("Names of the project's own"), *terminated(listed)] if listed else []


def _closing(target: Target) -> str:
    return "\n\n".join([title("Nothing of the storage is open to others"), *terminated((closing_sql(target),))])


def _file_name(view: CompiledView) -> str:
    """A file name that no view's name can lead astray."""
    return f"{quote(view.schema, safe='')}.{quote(view.name, safe='')}.sql"


def settings_sql(target: Target) -> list[str]:
    """What the statements need of their transaction, whatever the session says: names that resolve and constants that read
    as in the project, no notices of what exists.
    """
    path = ", ".join(identifier(schema) for schema in (*target.search_path, "pg_temp"))
    return [
        f"SET LOCAL search_path = {path}",
        f"SET LOCAL TimeZone = {literal(target.timezone)}",
        "SET LOCAL DateStyle = 'ISO, MDY'",
        "SET LOCAL IntervalStyle = 'postgres'",
        "SET LOCAL standard_conforming_strings = on",
        "SET LOCAL quote_all_identifiers = off",
        "SET LOCAL client_min_messages = warning",
        "SET LOCAL check_function_bodies = off",
    ]


def requirements_sql(target: Target, view: CompiledView) -> list[str]:
    """Checks that the extensions that the view needs are there."""
    function = qualified(target.stored, "require_extension")
    return [f"SELECT {function}({literal(extension)}, {literal(view.called)})" for extension in view.requires]


def closing_sql(target: Target) -> str:
    """Takes every right on the stored schema from everyone but its owner, and lets the named roles refresh and monitor."""
    refreshers, project = names_array(target.refresh_roles), literal(target.project)
    close = f"{qualified(target.stored, 'close_storage')}({refreshers}, {project})"
    monitors = names_array(target.operations.monitor_roles)
    return f"SELECT {close};\nSELECT {qualified(target.stored, 'open_monitoring')}({refreshers}, {monitors}, {project})"


def terminated(statements: Iterable[str]) -> list[str]:
    """Each statement with one semicolon at its end."""
    return [f"{statement.rstrip().removesuffix(';')};" for statement in statements]


def _head(target: Target) -> str:
    return (
        f"-- Compiled from the project {_comment(target.project)} by mvc {target.compiler}. Change the YAML, not this file.\n"
        "-- It applies as a whole or not at all, and may be run again:\n"
        '--   psql -v ON_ERROR_STOP=1 -f FILE "$DATABASE_URL"\n'
        f"-- Then fill each view, outside of a transaction: CALL {qualified(target.stored, 'refresh')}('SCHEMA', 'VIEW');"
    )


def title(text: str) -> str:
    """A line of comment that begins a part of a script."""
    return f"-- {'─' * 3} {text} {'─' * max(3, 100 - len(text))}"


def _name(view: CompiledView) -> str:
    return f"-- {_comment(view.path)}: {_comment(view.called)}"


def _comment(text: str) -> str:
    """Text that cannot end the comment it stands in."""
    return " ".join(text.split()).replace("\x00", "")
