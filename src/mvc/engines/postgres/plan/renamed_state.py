"""A state whose relations have other names: the same objects, with what was recorded of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from mvc.comparison.renamed import Pair
from mvc.engines.postgres.deploy.renaming import renamed_text
from mvc.engines.postgres.plan.state import DeployedView, IndexState, Name, RelationState, State, StoredState

T = TypeVar("T")


def followed_state(
    state: State, pairs: Mapping[Name, Pair], names: Mapping[str, str], aliases: frozenset[Name]
) -> State:
    """The state in which views are renamed (by what they were called) and relations of the stored schema (from → to); `aliases` are gone. Its
    `views` are renamed already.
    """
    called = {was: pair.now for was, pair in pairs.items()}
    storages = {pair.before.storage: pair for pair in pairs.values() if pair.goes_along}
    schemas = {schema for schema, _ in storages}

    def place(name: Name) -> Name:
        return called.get(name) or ((name[0], names.get(name[1], name[1])) if name[0] in schemas else name)

    return replace(
        state,
        views={key: _recorded(view, names) for key, view in state.views.items()},
        relations={
            place(key): _relation(relation, storages.get(key), names)
            for key, relation in state.relations.items()
            if key not in aliases
        },
        stored={names.get(key, key): _stored(item, called, names) for key, item in state.stored.items()},
        dependents={place(key): items for key, items in state.dependents.items() if key not in aliases},
    )


def _recorded(view: DeployedView, names: Mapping[str, str]) -> DeployedView:
    indexes = {names.get(name, name): renamed_text(text, names) for name, text in view.indexes.items()}
    return replace(view, arms=_keys(view.arms, names), indexes=indexes)


def _keys(items: Mapping[str, T], names: Mapping[str, str]) -> dict[str, T]:
    return {names.get(name, name): item for name, item in items.items()}


def _relation(relation: RelationState, pair: Pair | None, names: Mapping[str, str]) -> RelationState:
    if pair is None:
        return relation
    columns = tuple(replace(item, name=pair.columns.get(item.name, item.name)) for item in relation.columns)
    indexes = tuple(_index(index, names) for index in relation.indexes)
    return replace(relation, columns=columns, indexes=indexes)


def _index(index: IndexState, names: Mapping[str, str]) -> IndexState:
    return replace(index, name=names.get(index.name, index.name), definition=renamed_text(index.definition, names))


def _stored(item: StoredState, called: Mapping[Name, Name], names: Mapping[str, str]) -> StoredState:
    companions = tuple(names.get(name, name) for name in item.companions)
    return replace(item, view=called.get(item.view, item.view), companions=companions)
