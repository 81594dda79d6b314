"""Why a plan cannot be carried out at all: found before anything is done, all of it at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mvc.compiled.view import CompiledView
from mvc.engines.postgres.plan.catalog_findings import CatalogFinding
from mvc.engines.postgres.plan.context import PlanContext
from mvc.engines.postgres.plan.name_steps import name_refusals
from mvc.engines.postgres.plan.obstacles import obstacles
from mvc.engines.postgres.plan.orphans import was_ours
from mvc.engines.postgres.plan.renames import rename_refusals
from mvc.engines.postgres.plan.state import DeployedView, Name
from mvc.engines.postgres.plan.steps import Refusal
from mvc.engines.postgres.plan.takeover import RENAME, takeover_refusals


def find_refusals(
    site: PlanContext, views: Iterable[CompiledView], removed: Iterable[tuple[Name, DeployedView]]
) -> Iterator[Refusal]:
    """Roles that are missing, names that are taken, other projects' views, dependents that nothing can save."""
    chosen = tuple(views)
    yield from _missing_roles(site, chosen)
    yield from _moved_storage(site)
    yield from name_refusals(site.state, site.target)
    yield from rename_refusals(site.renames)
    planned = frozenset((view.schema, view.name) for view in chosen)
    for view in chosen:
        yield from _not_ours(view, site, planned)
        yield from _broken_dependents(view, site)
    returning = site.state.taken_names.returning  # what reads these reads what was there before
    for name, gone in removed:
        if readers := [
            item.described
            for item in site.state.dependents.get(name, ())
            if item.kind != "mention" and name not in returning
        ]:
            hint = "change or drop what reads it first"
            yield Refusal(f"{gone.called(name)} is no longer in the project, and is read by {', '.join(readers)}", hint)


def catalog_refusals(found: Iterable[CatalogFinding]) -> Iterator[Refusal]:
    """What the database does not have, or has otherwise, of what the views rely on; each with its place in the spec."""
    for item in found:
        if item.refuses:
            said, span = item.diagnostic, item.diagnostic.span
            yield Refusal(f"{span.path}:{span.line}:{span.column}: {said.title}", "; ".join(said.help))


def _missing_roles(site: PlanContext, views: Iterable[CompiledView]) -> Iterator[Refusal]:
    wanted = {role for view in views for role in view.readers if role != "public"} | site.target.guests
    if missing := sorted(wanted - site.state.roles):
        message = f"the server has no role {', '.join(missing)}, which policies or mvc.yml name"
        renamed = sorted(f"{role} is called {now} now" for role in missing if (now := _called_now(role, site)))
        yield Refusal(message, "; ".join([*renamed, "create it, or take it out of `to:`"]))
    if unknown := sorted(set(site.target.trusted_roles) - site.state.roles):
        message = f"the server has no role {', '.join(unknown)}, which mvc.yml trusts: whoever makes one of that name would be trusted"
        yield Refusal(message, "create it, or take it out of `trusted_roles:`")


def _called_now(role: str, site: PlanContext) -> str | None:
    """The name that a role has which was there when the project was deployed."""
    found = (site.state.role_now(role, item) for item in site.state.views.values() if role in item.roles)
    return next((name for name in found if name), None)


def _moved_storage(site: PlanContext) -> Iterator[Refusal]:
    owner = site.state.owner
    if owner and not site.state.acts_as_owner:
        hint = f"deploy as {owner} or a member of it, or name another schema in mvc.yml: schemas: {{stored: NAME}}"
        yield Refusal(f"the schema {site.target.stored} belongs to the role {owner}", hint)


def _not_ours(view: CompiledView, site: PlanContext, planned: frozenset[Name]) -> Iterator[Refusal]:
    deployed, exposure = site.deployed(view), site.exposure(view)
    lost = deployed is None and exposure is not None and was_ours(view, exposure, site.state)
    if site.in_the_way(view):
        yield from takeover_refusals(view, site, planned)
    elif exposure is not None and not lost and (deployed is None or exposure.kind != "v"):
        message = f"not ours, and in the way: {view.schema}.{view.name}"
        yield Refusal(message, RENAME)
    elif deployed is not None and deployed.project != site.target.project:
        message = f"{view.schema}.{view.name} belongs to the project {deployed.project}"
        yield Refusal(message, "give the view another name, or another schema in mvc.yml: schemas: {exposed: NAME}")


def _broken_dependents(view: CompiledView, site: PlanContext) -> Iterator[Refusal]:
    """Whatever reads a column that goes; and, where the view must be created anew, what cannot be created again."""
    changes = site.changes(view)
    dependents = site.state.dependents.get((view.schema, view.name), ())
    for item in obstacles(changes, dependents) if changes else ():
        yield Refusal(item.message, item.hint)
