"""Whose code a view would run: the steps that have it proven anew, and the danger where somebody must agree to it."""

from __future__ import annotations

from collections.abc import Iterator

from mvc.artifacts import CompiledView
from mvc.planning.site import Site
from mvc.planning.steps import Danger, Step
from mvc.sqlgen.proofs import prove_code_sql, prove_exposure_sql


def foreign_code(view: CompiledView, site: Site) -> tuple[Danger, ...]:
    """Code of others that the catalog names: they can replace it whenever they like."""
    return tuple(
        Danger("foreign-code", f"{view.name} runs {name} of the role {owner}, who can replace it")
        for name, owner in site.foreign(view).items()
    )


def proof_steps(view: CompiledView, site: Site) -> Iterator[Step]:
    """For what an older version built, or was proven in another database, of other owners, or with trust in other roles."""
    known = site.state.stored.get(view.storage[1])
    if known is None or known.proven == frozenset(site.target.trusted_roles):
        return
    allowed = site.foreign(view)
    statements = [prove_code_sql(site.target, view, allowed)]
    if site.is_live(view) and site.exposure(view):
        statements.append(prove_exposure_sql(site.target, view, allowed))
    reason = "it is not known whose code it runs" if known.proven is None else "other roles are trusted"
    yield Step("prove", view.name, reason, tuple(statements), dangers=foreign_code(view, site))
