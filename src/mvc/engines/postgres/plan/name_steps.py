"""Names of the project's own: what is to be put in place, taken away or mended, and what stands in the way."""

from __future__ import annotations

from collections.abc import Iterator

from mvc.compiled.view import Target
from mvc.engines.postgres.deploy.project_names import NamedObject, drop_sql, install_sql, named_objects
from mvc.engines.postgres.plan.project_names import find_object, is_genuine, is_intact, is_ours
from mvc.engines.postgres.plan.state import State
from mvc.engines.postgres.plan.steps import Danger, Lock, Refusal, Step


def name_steps(state: State, target: Target) -> Iterator[Step]:
    """What brings the names of a project into the wanted state."""
    wanted = named_objects(target)
    yield from _removals(state, target, wanted)
    for item in wanted:
        found = find_object(item, state)
        named = ".".join(item.place)
        if found is None:
            yield Step("name", "", f"{named} is a name of the project's own", install_sql(item, target))
        elif not is_genuine(found, state):
            statements = (drop_sql(item), *install_sql(item, target))
            yield Step("name", "", f"{named} is not as it was left", statements, _lock(item))
        elif not is_intact(item, found, state) or f"(mvc {item.fingerprint} " not in found.stated:
            yield Step(
                "name",
                "",
                f"{named} stands for something else, or for others, now",
                install_sql(item, target),
                _lock(item),
            )


def _removals(state: State, target: Target, wanted: tuple[NamedObject, ...]) -> Iterator[Step]:
    there = state.targets.get(target.project)
    kept = {(item.kind, item.place, item.arguments) for item in wanted}
    for item in named_objects(there) if there else ():
        found = find_object(item, state)
        if (item.kind, item.place, item.arguments) not in kept and found and is_ours(found, target.project):
            named = ".".join(item.place)
            danger = Danger("drop-view", f"the {item.kind} {named} goes")
            yield Step("drop name", "", f"{named} is no longer in mvc.yml", (drop_sql(item),), _lock(item), (danger,))


def _lock(item: NamedObject) -> Lock | None:
    return Lock("ACCESS EXCLUSIVE", item.place, brief=True) if item.kind == "view" else None


def name_refusals(state: State, target: Target) -> Iterator[Refusal]:
    """Objects of others that bear a wanted name."""
    for item in named_objects(target):
        found = find_object(item, state)
        if found and not is_ours(found, target.project):
            signature = f"({item.arguments})" if item.kind == "function" else ""
            message = f"not ours, and in the way: the {item.kind} {'.'.join(item.place)}{signature}"
            yield Refusal(message, "rename or drop it, or give another name in mvc.yml: names")
