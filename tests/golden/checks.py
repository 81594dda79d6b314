"""What each expectation of a case is compared with."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import psycopg

import mvc
from mvc import Compiled, ProjectError
from mvc.comparison.compare import compare
from mvc.compiled.view import CompiledView
from mvc.diagnostics import Diagnostic
from mvc.engines.postgres.deploy.proofs import storage_sql
from mvc.engines.postgres.deploy.statements import exposure_sql
from mvc.engines.postgres.plan.make_plan import make_plan
from mvc.engines.postgres.plan.migration import assumed
from mvc.engines.postgres.plan.steps import HAZARDS
from mvc.engines.postgres.server.apply import ApplyOptions, apply, plan
from mvc.engines.postgres.server.refresh import refresh
from mvc.quoting import identifier, qualified
from mvc.report.deploy.deployment import plan_text
from mvc.report.diff.text import diff_text
from mvc.report.findings.text import render_diagnostics, summary
from mvc.report.text.style import PLAIN

from .cases import Case


@cache
def _compiled(files: tuple[tuple[str, str], ...]) -> tuple[Compiled | None, tuple[Diagnostic, ...]]:
    try:
        compiled = mvc.compile(mvc.load(dict(files)))
    except ProjectError as problem:
        return None, problem.diagnostics
    return compiled, compiled.diagnostics


def compiled_of(case: Case) -> Compiled:
    """The case compiled; its diagnostics as the failure where it does not."""
    compiled, _ = _compiled(tuple(case.files.items()))
    assert compiled is not None, error_text(case)
    return compiled


def sql_text(case: Case) -> str:
    """What stores and what exposes each view."""
    compiled = compiled_of(case)
    return "\n".join(_view_text(compiled, view, named=len(compiled.views) > 1) for view in compiled.views)


def _view_text(compiled: Compiled, view: CompiledView, *, named: bool) -> str:
    head = f"-- {view.name}\n" if named else ""
    return head + "".join(
        f"{statement};\n" for statement in (*storage_sql(compiled, view), *exposure_sql(compiled, view))
    )


def after_of(case: Case) -> Compiled:
    """The second state of the case's project, compiled."""
    compiled, found = _compiled(tuple(case.after.items()))
    assert compiled is not None, render_diagnostics(found, case.after)
    return compiled


def difference_text(case: Case) -> str:
    """What `mvc diff` prints for the two states."""
    return f"{diff_text(compare(compiled_of(case), after_of(case)))}\n"


def steps_text(case: Case) -> str:
    """What `mvc apply` would do to a database in the first state."""
    before, after = compiled_of(case), after_of(case)
    made = make_plan(assumed(before, after), after)
    head, *lines = plan_text(made, "shop", PLAIN).splitlines()
    return "".join(f"{line}\n" for line in ([] if head.startswith("plan ") else [head]) + lines)


def change(case: Case, connection: psycopg.Connection[Any]) -> None:
    """To the second state and back: each time there is nothing left to do, and the views can be read."""
    everything = ApplyOptions(frozenset(HAZARDS))
    for project in (after_of(case), compiled_of(case)):
        apply(connection, project, options=everything)
        assert plan(connection, project).empty
        for view in project.views:
            connection.execute(f"SELECT * FROM {qualified(view.schema, view.name)}".encode())


def error_text(case: Case) -> str:
    """Every diagnostic as it is printed, and the count; nothing where there is none."""
    files = case.files
    compiled, found = _compiled(tuple(files.items()))
    if not found:
        return ""
    outcome = "nothing was compiled" if compiled is None else "compiled"
    return f"{render_diagnostics(found, files)}\n\n{summary(found, outcome)}\n"


def deploy(case: Case, connection: psycopg.Connection[Any]) -> None:
    """Tables, deployment, a second one that changes nothing, two refreshes; then every exposure is read."""
    compiled = compiled_of(case)
    connection.execute("SET timezone = 'UTC'")
    connection.execute(case.files["schema.sql"].encode())
    names = tuple(view.name for view in compiled.views)
    assert apply(connection, compiled).created == names
    assert plan(connection, compiled).empty
    for _ in ("filled", "refreshed concurrently"):
        done = refresh(connection, compiled)
        assert not [f"{item.view}: {item.reason}" for item in done if item.status != "completed"]
    for view in compiled.views:
        connection.execute(f"SELECT * FROM {qualified(view.schema, view.name)}".encode())


def rows_text(case: Case, connection: psycopg.Connection[Any], name: str) -> str:
    """The rows that are stored, by grain, as an aligned table."""
    compiled = compiled_of(case)
    view = compiled.view(name) if name else compiled.views[-1]
    columns = [column.name for column in view.columns]
    listed = ", ".join(f"{identifier(column)}::text" for column in columns)
    order = ", ".join(identifier(column) for column in view.grain) or "1"
    query = f"SELECT {listed} FROM {qualified(*view.storage)} AS stored ORDER BY {order}"
    rows = [["NULL" if value is None else value for value in row] for row in connection.execute(query.encode())]
    return _table([columns, *rows])


def _table(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    padded = (" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
    lines = list(padded)
    return "\n".join([lines[0], "-+-".join("-" * width for width in widths), *lines[1:]]) + "\n"
