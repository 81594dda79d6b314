"""Who may read which view → policies: one for each set of roles, and one for everybody. Each lets its readers see every row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mvc.importing.found import FoundView, Place


def policy_data(views: Iterable[FoundView], called: Mapping[Place, str]) -> list[dict[str, Any]]:
    """The entries of a policies file; none where nobody but the owners may read."""
    by_roles: dict[tuple[str, ...], list[str]] = {}
    for view in views:
        roles = tuple(role for role in view.readers if role is not None)
        if None in view.readers:
            by_roles.setdefault((), []).append(called[view.place])
        if roles:
            by_roles.setdefault(roles, []).append(called[view.place])
    return [_policy(roles, names) for roles, names in by_roles.items()]


def _policy(roles: tuple[str, ...], names: list[str]) -> dict[str, Any]:
    """Without `to` it is for everybody."""
    data: dict[str, Any] = {"policy": f"{' and '.join(roles) or 'everybody'} may read"}
    data["view"] = names[0] if len(names) == 1 else names
    if roles:
        data["to"] = list(roles)
    return {**data, "using": True}
