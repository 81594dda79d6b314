"""Views that are deployed and no longer in the project. Their storage stays until it is pruned, so they can come back."""

from __future__ import annotations

from mvc.compiled.project import Compiled
from mvc.compiled.view import CompiledView
from mvc.engines.postgres.plan.state import DeployedView, Name, State
from mvc.engines.postgres.plan.steps import Danger, Lock, Step
from mvc.engines.postgres.plan.takeover import give_back_step
from mvc.quoting import literal, qualified


def removed_views(state: State, wanted: Compiled) -> list[tuple[Name, DeployedView]]:
    """Those of this project, what reads others first."""
    there = {(view.schema, view.name) for view in wanted.views}
    gone = [(name, view) for name, view in state.views.items() if view.project == wanted.project and name not in there]
    return sorted(gone, key=lambda item: -_depth(item[1].definition, {view.called(name): view for name, view in gone}))


def _depth(view: CompiledView | None, others: dict[str, DeployedView]) -> int:
    upstream = [others[name].definition for name in (view.upstream if view else ()) if name in others]
    return 1 + max((_depth(other, others) for other in upstream), default=0)


def removal_step(name: Name, view: DeployedView, state: State, storage_schema: str) -> Step:
    """Takes a view from its readers and out of the ledger of `storage_schema`."""
    if name in state.taken_names.returning:
        return give_back_step(name, view, state, storage_schema)
    statements = [f"DROP VIEW {qualified(*name)}"] if name in state.relations else []
    statements.append(f"SELECT {qualified(storage_schema, 'forget')}({literal(name[0])}, {literal(name[1])})")
    danger = Danger("drop-view", f"{view.called(name)} goes")
    lock = Lock("ACCESS EXCLUSIVE", name, brief=True)
    reason = f"it is no longer in the project; {view.stored_name} stays until it is pruned"
    return Step("drop view", view.called(name), reason, tuple(statements), lock, (danger,))
