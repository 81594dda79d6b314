"""The step that installs the runtime, also over that of an earlier generation, and what an earlier ledger did not say."""

from __future__ import annotations

from dataclasses import replace

from mvc.compiled.view import Target
from mvc.engines.postgres.deploy.script import closing_sql, settings_sql
from mvc.engines.postgres.plan.state import State
from mvc.engines.postgres.plan.steps import Action, Danger, Lock, Step
from mvc.engines.postgres.runtime import declared_routines, runtime_sql
from mvc.engines.postgres.runtime.generations import GENERATION, step_words
from mvc.quoting import literal, qualified
from mvc.version import VERSION

REFRESHES_WAIT = "and on the runtime's tables and views; refreshes wait, readers and writers do not"


def runtime_step(state: State, target: Target, dangers: tuple[Danger, ...]) -> Step:
    """Installs the runtime, in one transaction; over another one it takes its locks for an instant."""
    statements = (*settings_sql(target), *runtime_sql(target.stored), *_adopt(state, target), closing_sql(target))
    there = state.generation > 0
    lock = Lock("ACCESS EXCLUSIVE", (target.stored, "refresh_log"), brief=True, note=REFRESHES_WAIT) if there else None
    action: Action = "upgrade" if there and state.generation < GENERATION else "runtime"
    return Step(action, "", _reason(state), statements, lock, dangers)


def _reason(state: State) -> str:
    if not state.generation:
        return "it is not installed"
    functions = f"{state.functions_changing} of its {len(declared_routines())} functions change"
    if state.generation == GENERATION:
        return f"it is another version's: {functions}" if state.functions_changing else "it is another version's"
    version = f" (mvc {state.compiler})" if state.compiler else ""
    words = [f"{functions}.", *step_words(state.generation)]
    return f"from generation {state.generation}{version} to {GENERATION} (mvc {VERSION}): {' '.join(words)}"


def adopted(state: State, project: str) -> State:
    """The state in which views that are of no project are of this one: the first generation did not say whose they were."""
    views = {name: view if view.project else replace(view, project=project) for name, view in state.views.items()}
    return replace(state, views=views)


def _adopt(state: State, target: Target) -> list[str]:
    if state.generation != 1:
        return []
    tables = ("deployed_view", "stored_relation", "deployment")
    return [
        f"UPDATE {qualified(target.stored, table)} SET project = {literal(target.project)} WHERE project = ''"
        for table in tables
    ]
