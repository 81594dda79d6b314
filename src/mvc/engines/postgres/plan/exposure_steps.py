"""The steps that put a view before its readers: its exposure, who may read it, its descriptions, its row in the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mvc.comparison.changes import ColumnAdded, ColumnRemoved, ColumnRenamed, ColumnRetyped
from mvc.compiled.view import CompiledView
from mvc.engines.postgres.deploy.proofs import prove_exposure_sql, prove_sources_sql
from mvc.engines.postgres.deploy.statements import (
    arms_sql,
    comment_on_column,
    comment_on_view,
    comments_sql,
    expose_sql,
    own_again_sql,
    readers_sql,
    record_sql,
)
from mvc.engines.postgres.deploy.takeover import take_over_sql
from mvc.engines.postgres.plan.context import PlanContext
from mvc.engines.postgres.plan.drift import differs, exposure_options, granted_by_hand
from mvc.engines.postgres.plan.proof_steps import foreign_code
from mvc.engines.postgres.plan.renames import rename_steps
from mvc.engines.postgres.plan.renewal import is_refreshed_otherwise, renewal_steps
from mvc.engines.postgres.plan.state import DeployedView, RelationState
from mvc.engines.postgres.plan.steps import Danger, Lock, Step
from mvc.engines.postgres.plan.takeover import takeover_dangers
from mvc.engines.postgres.plan.takeover_words import takeover_reason


def exposure_steps(view: CompiledView, also: Iterable[Step], site: PlanContext) -> list[Step]:
    """What must happen in the switch, after `also`; nothing where readers have what they should."""
    exposure = site.exposure(view)
    steps = [
        *rename_steps(site.renames, view),
        *also,
        *renewal_steps(view, site),
        *_owner(view, exposure, site),
        *_expose(view, exposure, site),
    ]
    steps += [*_readers(view, exposure, site), *_comments(view, exposure, site)]
    before = site.before(view)
    if (
        steps
        or before is None
        or site.changes(view)
        or not site.is_live(view)
        or (view.schema, view.name) in site.renames.pairs
        or _is_recorded_otherwise(before, view, site)
    ):
        steps.append(Step("record", view.called, "the ledger says what is deployed", (record_sql(site.target, view),)))
    return steps


def _is_recorded_otherwise(before: CompiledView, view: CompiledView, site: PlanContext) -> bool:
    """Whether refreshes, or plans, would go by what holds no longer; or the ledger has not the numbers by which roles are known here."""
    renamed = {index.name for index in before.indexes} != {index.name for index in view.indexes}
    called = (before.apart, before.upstream) != (view.apart, view.upstream)
    return renamed or called or is_refreshed_otherwise(view, site) or not site.knows_roles(view)


def _expose(view: CompiledView, exposure: RelationState | None, site: PlanContext) -> Iterator[Step]:
    reason = _why_exposed(view, exposure, site)
    if not reason:
        return
    changes = site.changes(view)
    found = [item.change for item in changes.changes] if changes else []
    renamed = [(item.before, item.after) for item in found if isinstance(item, ColumnRenamed)]
    look, proof = (prove(site.target, view, site.agreed(view)) for prove in (prove_sources_sql, prove_exposure_sql))
    taken = site.in_the_way(view) is not None
    anew = site.made_anew(view)
    put = take_over_sql(site.target, view) if taken else expose_sql(site.target, view, renamed, anew=anew)
    statements = (look, *arms_sql(site.target, view), put, proof)
    lock = Lock("ACCESS EXCLUSIVE", (view.schema, view.name), brief=True) if exposure else None
    dangers = (*_dangers(view, site), *takeover_dangers(view, site), *foreign_code(view, site))
    yield Step("take over" if taken else "expose", view.called, reason, statements, lock, dangers)


def _why_exposed(view: CompiledView, exposure: RelationState | None, site: PlanContext) -> str:
    deployed, before = site.deployed(view), site.before(view)
    if exposure is None:
        return "it is new" if deployed is None else "it is gone"
    if found := site.in_the_way(view):
        return takeover_reason(view, found, exposure, site.state)
    if deployed is None or before is None:
        return "it is not known how it was deployed"
    if site.storage(view) is None or (site.refill and not site.is_live(view)):
        return "readers move to what was built"
    if not site.is_live(view):
        return "readers move back to what they had before"
    if _is_anothers(exposure, site):
        return "another role owned it"
    if deployed.released:
        return "it was released for a change of base tables that its rules read"
    return _why_changed(view, before) or _why_mended(view, exposure, deployed, site)


def _why_changed(view: CompiledView, before: CompiledView) -> str:
    """Why its exposure is not what the project wants any longer."""
    if exposure_key(before) != exposure_key(view):
        return "who sees which rows changed"
    if before.exposure.form != view.exposure.form:
        return "its rules are written otherwise"
    return ""


def _why_mended(view: CompiledView, exposure: RelationState, deployed: DeployedView, site: PlanContext) -> str:
    """Why its exposure is not what the last deployment made."""
    if set(exposure.options) != set(exposure_options(view)) or site.drifted(view, "exposure option"):
        return "its options were changed behind our back"
    if site.drifted(view, "exposure changed") or differs(exposure.printed, deployed.exposure):
        return "it was changed behind our back"
    return ""


def exposure_key(view: CompiledView) -> object:
    """Two exposures are the same where this is: neither the order of columns nor that of rules matters."""
    access, exposure = view.access, view.exposure
    columns = frozenset(column.name for column in view.columns)
    return view.storage, columns, exposure.barrier, len(exposure.arms), access.rules, access.restrictions


def _dangers(view: CompiledView, site: PlanContext) -> Iterator[Danger]:
    yield from _without_rules(view, site)
    yield from _lost_columns(view, site)
    changes = site.changes(view)
    for item in changes.changes if changes else ():
        if isinstance(item.change, ColumnRemoved):
            yield Danger("drop-column", f"{view.called}.{item.change.column} goes")
        elif isinstance(item.change, ColumnRenamed):
            yield Danger("drop-column", f"{view.called}.{item.change.before} is called {item.change.after} then")
        for effect in item.effects:
            if effect.class_ == "access-loosened":
                yield Danger("loosen-access", f"{view.called}: {effect.reason}")
    yield from _prepared(view, site)


def _lost_columns(view: CompiledView, site: PlanContext) -> Iterator[Danger]:
    """Where the ledger does not know what is there, as after a restore of definitions alone, the view itself says its columns."""
    exposure = site.exposure(view)
    if exposure is not None and site.before(view) is None:
        wanted = {column.name for column in view.columns}
        yield from (
            Danger("drop-column", f"{view.called}.{item.name} goes")
            for item in exposure.columns
            if item.name not in wanted
        )


def _prepared(view: CompiledView, site: PlanContext) -> Iterator[Danger]:
    """PostgreSQL plans a prepared statement anew, and refuses a result of other columns than the client was told of."""
    changes = site.changes(view) if site.exposure(view) else None
    found = [item.change for item in changes.changes] if changes else []
    others = [item.column for item in found if isinstance(item, ColumnAdded | ColumnRemoved | ColumnRetyped)]
    others += [item.after for item in found if isinstance(item, ColumnRenamed)]
    if others:
        reason = (
            f"{view.called} has other columns then ({', '.join(others)}): a connection that has prepared SELECT * of it gets `cached plan must not"
            " change result type`. Name the columns in queries, or have clients connect anew, or DISCARD ALL, after the deployment"
        )
        yield Danger("prepared-statements", reason)


def _without_rules(view: CompiledView, site: PlanContext) -> Iterator[Danger]:
    """Without a policy there are no readers, and no rule for those who were granted it by hand."""
    before, exposure = site.before(view), site.exposure(view)
    if before is None or exposure is None or not before.exposure.barrier or view.readers:
        return
    by_hand = [grant for grant in granted_by_hand(view, exposure) if grant.privilege == "SELECT"]
    if roles := sorted({grant.role for grant in by_hand} - site.readers_before(view)):
        yield Danger("loosen-access", f"{view.called}: {', '.join(roles)}, granted by hand, may see every row")


def _owner(view: CompiledView, exposure: RelationState | None, site: PlanContext) -> Iterator[Step]:
    """Before the exposure is replaced, so that whoever deploys need not be a superuser for more than this."""
    parts = [((view.schema, view.name), None if site.in_the_way(view) else exposure)]
    parts += [
        (arm, site.state.relations.get(arm)) for arm in ((view.storage[0], arm.name) for arm in view.exposure.arms)
    ]
    for name, part in parts:
        if part is not None and _is_anothers(part, site):
            reason = f"it belongs to {part.owner}, who may not read what it shows"
            statements = (own_again_sql(site.target, name),)
            yield Step("owner", view.called, reason, statements, Lock("ACCESS EXCLUSIVE", name, brief=True))


def _is_anothers(part: RelationState | None, site: PlanContext) -> bool:
    """What its owner had it mean, and whom he let read it, is nothing to build upon."""
    return part is not None and bool(site.state.owner) and part.owner != site.state.owner


def _readers(view: CompiledView, exposure: RelationState | None, site: PlanContext) -> Iterator[Step]:
    there = (
        {grant.role for grant in exposure.grants if grant.privilege == "SELECT" and not grant.column}
        if exposure and not _is_anothers(exposure, site)
        else set()
    )
    gone = site.readers_before(view) - set(view.readers)
    missing = [role for role in view.readers if role not in there]
    if missing or gone & there or (exposure is None and view.readers):
        words = [f"{', '.join(missing)} may read it"] if missing else []
        words += [f"{', '.join(sorted(gone & there))} no longer"] if gone & there else []
        yield Step("readers", view.called, ", ".join(words), (readers_sql(site.target, view),))


def _comments(view: CompiledView, exposure: RelationState | None, site: PlanContext) -> Iterator[Step]:
    statements = list(_comment_statements(view, exposure, site.before(view))) if exposure else list(comments_sql(view))
    if statements:
        yield Step("comments", view.called, "descriptions differ", tuple(statements))


def _comment_statements(view: CompiledView, exposure: RelationState, before: CompiledView | None) -> Iterator[str]:
    """Descriptions that are not there, and those that the spec no longer gives. A comment of somebody else's stays."""
    if view.description and view.description != exposure.comment:
        yield comment_on_view(view, view.description)
    elif not view.description and before and before.description and before.description == exposure.comment:
        yield comment_on_view(view, None)
    there = {column.name: column.comment for column in exposure.columns}
    for column in view.columns:
        old = before.column(column.name) if before else None
        if column.description and column.description != there.get(column.name):
            yield comment_on_column(view, column.name, column.description)
        elif not column.description and old and old.description and old.description == there.get(column.name):
            yield comment_on_column(view, column.name, None)
