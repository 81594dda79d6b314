"""Whose code a view would run: the steps that have it proven anew, and the danger where somebody must agree to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mvc.compiled.view import CompiledView, Target
from mvc.engines.postgres.deploy.proofs import prove_code_sql, prove_exposure_sql
from mvc.engines.postgres.plan.context import PlanContext
from mvc.engines.postgres.plan.steps import Danger, Step
from mvc.quoting import identifier


def foreign_code(view: CompiledView, site: PlanContext) -> tuple[Danger, ...]:
    """Code of others that the catalog names: they can replace it whenever they like. So can the owners of tables: PostgreSQL runs
    expressions of a table's indexes, statistics and constraints as whoever reads it.
    """
    code = (
        Danger("foreign-code", f"{view.called} runs {name} of the role {owner}, who can replace it")
        for name, owner in site.foreign(view).items()
    )
    tables = (
        Danger("foreign-code", _owned_words(view, names, owner, site.target))
        for owner, names in site.foreign_tables(view).items()
    )
    return (*code, *tables)


def _owned_words(view: CompiledView, names: Iterable[str], owner: str, target: Target) -> str:
    trusted = ", ".join(map(identifier, (*target.trusted_roles, owner)))
    return (
        f"{view.called} reads {', '.join(names)} of the role {owner}, who can have code run as whoever reads it;"
        f" where that role is trusted, mvc.yml says so: trusted_roles: [{trusted}]"
    )


def proof_steps(view: CompiledView, site: PlanContext) -> Iterator[Step]:
    """For what an older version built, or was proven in another database, of other owners, or with trust in other roles."""
    known = site.state.stored.get(view.storage[1])
    if known is None or known.proven == frozenset(site.target.trusted_roles):
        return
    allowed = site.agreed(view)
    statements = [prove_code_sql(site.target, view, allowed)]
    if site.is_live(view) and site.exposure(view):
        statements.append(prove_exposure_sql(site.target, site.until_switch(view), allowed))
    reason = "it is not known whose code it runs" if known.proven is None else "other roles are trusted"
    yield Step("prove", view.called, reason, tuple(statements), dangers=foreign_code(view, site))
