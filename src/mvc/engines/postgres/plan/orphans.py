"""Stored relations that a deployment made and the ledger does not know, as after a restore of definitions alone: of views that are stored otherwise now,
or have left the project. They are known by their comments, and by the role that owns the stored schema.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, get_args

from mvc.compiled.view import CompiledView
from mvc.engines.postgres.deploy.naming import Purpose, companion_name
from mvc.engines.postgres.plan.state import Name, RelationState, State, StoredState
from mvc.meaning.fingerprint import FINGERPRINT_LENGTH

_STORES: Final = "Stores "  # how the comment of a stored relation begins (mvc.engines.postgres.deploy.statements)


def orphans(state: State, storage_schema: str) -> Iterator[tuple[str, StoredState]]:
    """What of `storage_schema` the ledger would know, by name."""
    for (schema, name), relation in state.relations.items():
        view = _view(name, relation.comment or "")
        if schema == storage_schema and view and name not in state.stored and relation.owner == state.owner:
            beside = (companion_name(name, purpose) for purpose in get_args(Purpose))
            yield (
                name,
                StoredState(
                    view, companions=tuple(item for item in beside if (storage_schema, item) in state.relations)
                ),
            )


def _view(stored_name: str, comment: str) -> Name | None:
    """The view by the comment of what stores it, where the two fit."""
    stem = stored_name[: -FINGERPRINT_LENGTH - 1]
    said, declared, _ = comment.removeprefix(_STORES).partition(", declared in ")
    schema, dot, rest = said.partition(f".{stem}")
    return (schema, stem + rest) if comment.startswith(_STORES) and declared and dot and schema and stem else None


def was_ours(view: CompiledView, exposure: RelationState, state: State) -> bool:
    """Whether it is what a deployment left, though the ledger does not know it any more: somebody deleted its row, or restored the
    definitions without the ledger's rows. It belongs to whom all that is stored belongs to, and reads what is stored under the view's name.
    """
    stem = re.escape(view.storage[1][:-FINGERPRINT_LENGTH])
    stored = re.compile(f"{stem}[0-9a-f]{{{FINGERPRINT_LENGTH}}}(_gate|_rows)?")
    ours = exposure.kind == "v" and exposure.owner == state.owner
    return ours and any(stored.fullmatch(name) for name in exposure.reads)
