"""What bears the names of the project's own in a database, and whether that is what was made."""

from __future__ import annotations

from dataclasses import dataclass

from mvc.engines.postgres.deploy.project_names import NamedObject, mark_of
from mvc.engines.postgres.plan.state import Grant, RoutineState, State


@dataclass(frozen=True, slots=True)
class FoundName:
    """What bears a name now, of the kind that it should be. `stated` is its comment, `printed` what the server says of it."""

    kind: str
    owner: str
    stated: str
    printed: str
    grants: frozenset[Grant]


def find_object(item: NamedObject, state: State) -> FoundName | None:
    """The object under a name: for a function, the one with the same types of arguments."""
    if item.kind == "function":
        routines = state.routines.get(item.place, ())
        there = next((routine for routine in routines if routine.arguments == item.arguments), None)
        return None if there is None else FoundName("function", *_of_routine(there))
    relation = state.relations.get(item.place)
    if relation is None:
        return None
    kind = "view" if relation.kind == "v" else "relation"
    return FoundName(kind, relation.owner, relation.comment or "", relation.printed or "", frozenset(relation.grants))


def _of_routine(there: RoutineState) -> tuple[str, str, str, frozenset[Grant]]:
    return there.owner, there.comment or "", there.printed, frozenset(there.grants)


def is_ours(found: FoundName, project: str) -> bool:
    """Whether it was made for the project, as its comment says."""
    return found.kind != "relation" and mark_of(project) in found.stated


def is_genuine(found: FoundName, state: State) -> bool:
    """Whether it is what its comment says that was made, and the owner's."""
    owned = not state.owner or found.owner == state.owner
    return owned and found.stated.endswith(f" {found.printed})")


def is_intact(item: NamedObject, found: FoundName, state: State) -> bool:
    """Whether it is genuine, and open to its users alone."""
    privilege = "EXECUTE" if item.kind == "function" else "SELECT"
    expected = {Grant(role, privilege) for role in item.users if role != state.owner}
    return is_genuine(found, state) and found.grants == expected
