"""What specs claim without a key to prove it, held against the data of a real database. Nothing is changed, and nobody's code runs but
that of whoever checks and of roles that he trusts: each query becomes a temporary view, of which that is proven as of a deployed one, before it
is read; then everything is rolled back. A table of which row security would hide rows is refused, as its policies are functions of whoever owns it.
"""

from __future__ import annotations

from typing import Final

import psycopg

from mvc.compiled.project import Compiled
from mvc.compiled.refresh import Claim
from mvc.compiled.view import CompiledView
from mvc.diagnostics import Diagnostic, error
from mvc.engines.postgres.deploy.call_words import call_words, reads_parts
from mvc.engines.postgres.deploy.proofs import sources_of
from mvc.engines.postgres.deploy.script import settings_sql
from mvc.engines.postgres.deploy.type_words import type_words
from mvc.engines.postgres.runtime import trust_sql
from mvc.engines.postgres.server.errors import Denied, ServerError, refusal_of, server_errors
from mvc.engines.postgres.server.owner import AS_ANOTHER, standing
from mvc.engines.postgres.server.search_path import own_path
from mvc.model.project import Project
from mvc.model.view import View
from mvc.quoting import identifier, qualified

# Whoever may act as the role that checks gains nothing by it.
_IS_TRUSTED: Final = f"""CREATE FUNCTION pg_temp.is_trusted(owner oid, roles name[] DEFAULT '{{}}') RETURNS boolean LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$ SELECT pg_has_role(owner, current_user, {AS_ANOTHER}) OR pg_get_userbyid(owner) = ANY (roles) $$"""
_LOOK: Final = "SELECT pg_temp.prove_sources(%s::text, %s::text[], %s::text[], %s::name[])"
_LOOK_AT_CALLS: Final = "SELECT pg_temp.prove_calls(%s::text, %s::text[], %s::name[])"
_PROVE: Final = "SELECT pg_temp.expect_trusted(ARRAY[%s::text]::regclass[], %s::text, %s::name[], '{}')"
_READ_ONLY: Final = "SET TRANSACTION READ ONLY; SET LOCAL search_path = pg_catalog, pg_temp"


@server_errors()
def check_data(connection: psycopg.Connection, project: Project, compiled: Compiled) -> tuple[Diagnostic, ...]:
    """A finding for every claim (`one: true`, a subquery's `key`) that the data breaks. Raises ServerError, also for relations of roles
    that are not trusted, or that run code of such.
    """
    specs = {view.called: view for view in project.views}
    claims = [(view, claim) for view in compiled.views for claim in view.claims]
    with connection.transaction(force_rollback=True):
        connection.execute("SET TRANSACTION READ WRITE; SET LOCAL row_security = off")
        roles = _trusted_roles(connection, compiled) if compiled.trusted_roles else []
        _prepare(connection, compiled)
        for number, (view, claim) in enumerate(claims):
            _prove(connection, number, view, claim, roles)
        connection.execute(_READ_ONLY)
        found = [
            _check(connection, number, view, claim, specs[view.called]) for number, (view, claim) in enumerate(claims)
        ]
    return tuple(item for item in found if item)


def _prepare(connection: psycopg.Connection, compiled: Compiled) -> None:
    for statement in settings_sql(compiled):
        connection.execute(statement.encode())
    try:
        connection.execute(_IS_TRUSTED)
        connection.execute(trust_sql("pg_temp").encode())
    except psycopg.errors.InsufficientPrivilege as problem:
        hint = "GRANT TEMPORARY ON DATABASE … TO the role that checks: each query is proven as a temporary view before it is run"
        raise Denied(refusal_of(problem).message, hint) from None
    except psycopg.errors.ReadOnlySqlTransaction:
        hint = "name the primary: each query is proven as a temporary view before it is run, and then rolled back"
        raise ServerError("claims cannot be checked on a server that is read-only", hint) from None


def _trusted_roles(connection: psycopg.Connection, compiled: Compiled) -> list[str]:
    """The roles that the project trusts, without those of which the ledger knows that another one had the name when it was trusted. In a schema
    that is not the owner's alone there is no ledger to be asked.
    """
    roles = list(compiled.trusted_roles)
    try:
        standing(connection, compiled.stored)
    except ServerError:
        return roles
    ledger = qualified(compiled.stored, "trusted_role")
    query = (
        f"SELECT t.name::text FROM {ledger} AS t JOIN pg_roles AS r ON r.rolname = t.name AND r.oid <> t.number"
        " JOIN pg_control_system() AS c ON c.system_identifier::text = t.server"
    )
    readable = "SELECT FROM pg_class WHERE oid = to_regclass(%s) AND has_table_privilege(oid, 'SELECT')"
    with own_path(connection):
        there = connection.execute(readable, (ledger,)).fetchone()
        found = connection.execute(query.encode()).fetchall() if there is not None else []
    return [role for role in roles if (role,) not in found]


def _prove(connection: psycopg.Connection, number: int, view: CompiledView, claim: Claim, roles: list[str]) -> None:
    named = f"the claim of {claim.alias} in {view.called}"
    columns = ", ".join(identifier(f"c{place}") for place in range(len(claim.columns) + 1))
    try:
        connection.execute(_LOOK, (named, list(sources_of(view)), list(type_words([claim.query])), roles))
        if reads_parts([claim.query]):
            connection.execute(_LOOK_AT_CALLS, (named, list(call_words([claim.query])), roles))
        connection.execute(f"CREATE TEMPORARY VIEW {_view(number)} ({columns}) AS\n{claim.query}".encode())
        connection.execute(_PROVE, (_view(number), named, roles))
    except psycopg.Error as problem:
        raise _refused(view, claim, problem) from None


def _check(
    connection: psycopg.Connection, number: int, view: CompiledView, claim: Claim, spec: View
) -> Diagnostic | None:
    try:
        row = connection.execute(f"SELECT * FROM {_view(number)} LIMIT 1".encode()).fetchone()
    except psycopg.Error as problem:
        raise _refused(view, claim, problem) from None
    if row is None:
        return None
    values = ", ".join(f"{column} = {value}" for column, value in zip(claim.columns, row, strict=False))
    span = spec.origin.at("sources", claim.alias, claim.said).key_span
    title = f"`{claim.alias}` has {row[-1]} rows with {values}, where the spec claims one"
    help_line = (
        "the sums of this view are wrong for such rows: take the claim out, or clean the data and declare the key"
    )
    return error("MV804", span, title, label="not true of the data", help=help_line)


def _view(number: int) -> str:
    return f"pg_temp.mvc_claim_{number}"


def _refused(view: CompiledView, claim: Claim, problem: psycopg.Error) -> ServerError:
    said = refusal_of(problem)
    return ServerError(f"the claim of {claim.alias} in {view.called} cannot be checked: {said.message}", said.hint)
