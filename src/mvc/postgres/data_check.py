"""What specs claim without a key to prove it, held against the data of a real database. Reads only: a table of which row security
would hide rows is refused, as its policies are functions of whoever owns it.
"""

from __future__ import annotations

import psycopg

from mvc.artifacts import Claim, CompiledView
from mvc.compiled import Compiled
from mvc.diagnostics import Diagnostic, error
from mvc.model.project import Project
from mvc.model.view import View
from mvc.postgres.errors import ServerError, refusal_of, server_errors
from mvc.sqlgen.script import settings_sql


@server_errors()
def check_data(connection: psycopg.Connection, project: Project, compiled: Compiled) -> tuple[Diagnostic, ...]:
    """A finding for every claim (`one: true`, a subquery's `key`) that the data breaks. Raises ServerError."""
    specs = {view.name: view for view in project.views}
    with connection.transaction():
        connection.execute("SET TRANSACTION READ ONLY; SET LOCAL row_security = off")
        for statement in settings_sql(compiled):
            connection.execute(statement.encode())
        found = [_check(connection, view, claim, specs[view.name]) for view in compiled.views for claim in view.claims]
    return tuple(item for item in found if item)


def _check(connection: psycopg.Connection, view: CompiledView, claim: Claim, spec: View) -> Diagnostic | None:
    try:
        row = connection.execute(f"{claim.query}\nLIMIT 1".encode()).fetchone()
    except psycopg.Error as problem:
        said = refusal_of(problem)
        raise ServerError(
            f"the claim of {claim.alias} in {view.name} cannot be checked: {said.message}", said.hint
        ) from None
    if row is None:
        return None
    values = ", ".join(f"{column} = {value}" for column, value in zip(claim.columns, row, strict=False))
    span = spec.origin.at("sources", claim.alias, claim.said).key_span
    title = f"`{claim.alias}` has {row[-1]} rows with {values}, where the spec claims one"
    help_line = (
        "the sums of this view are wrong for such rows: take the claim out, or clean the data and declare the key"
    )
    return error("MV804", span, title, label="not true of the data", help=help_line)
