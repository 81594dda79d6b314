"""Views as they would be built and shown, tried under other names: what a server refuses of a plan is known before the plan is carried out.

Plain views take the place of what is stored, so nothing is computed, and nobody who reads the views that there are waits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mvc.compiled.project import Compiled
from mvc.compiled.view import CompiledView
from mvc.engines.postgres.deploy.naming import arm_names, joined_name
from mvc.engines.postgres.deploy.proofs import prove_sources_sql
from mvc.engines.postgres.deploy.renaming import renamed_view
from mvc.engines.postgres.deploy.statements import arms_sql
from mvc.engines.postgres.plan.steps import Action, Plan
from mvc.quoting import qualified


def trial_statements(made: Plan, compiled: Compiled, *, foreign_code: bool) -> Iterator[tuple[str, tuple[str, ...]]]:
    """For each view that a plan builds or shows anew its name and the statements that try it, upstream first. `foreign_code` says that code of others
    was agreed to.
    """
    built = _views_of(made, "build")
    names = {view.storage[1]: joined_name(view.storage[1], "trial") for view in compiled.views if view.called in built}
    for view in compiled.views:
        if view.called in _views_of(made, "build", "expose", "take over"):
            tried = renamed_view(view, names | _own_arms(view, names))
            look = prove_sources_sql(compiled, tried, view.named if foreign_code else ())
            stored = f"CREATE VIEW {qualified(*tried.storage)} AS\n{tried.stored_query}"
            shown = f"CREATE VIEW {qualified(compiled.stored, joined_name(view.storage[1], 'shown'))} AS\n{tried.exposure.query}"
            yield view.called, (look, *([stored] if view.called in built else []), *arms_sql(compiled, tried), shown)


def _views_of(made: Plan, *actions: Action) -> set[str]:
    return {step.view for step in made.steps if step.action in actions}


def _own_arms(view: CompiledView, names: Mapping[str, str]) -> dict[str, str]:
    trial = names.get(view.storage[1], joined_name(view.storage[1], "trial"))
    return dict(zip(arm_names(view.storage[1]), arm_names(trial), strict=True))
