"""The steps that make the indexes of a stored relation, and take away what is no longer asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mvc.compiled.view import CompiledIndex, CompiledView
from mvc.engines.postgres.deploy.proofs import create_index
from mvc.engines.postgres.plan.context import PlanContext
from mvc.engines.postgres.plan.state import RelationState
from mvc.engines.postgres.plan.steps import Lock, Step
from mvc.meaning.fingerprint import FINGERPRINT_LENGTH
from mvc.quoting import qualified

REFRESH_WAITS = "a refresh waits, readers do not"


def index_steps(view: CompiledView, storage: RelationState, site: PlanContext) -> Iterator[Step]:
    """Those that are missing, and those that are not what was created."""
    deployed = site.deployed(view)
    for index in view.indexes:
        there = storage.index(index.name)
        recorded = deployed.indexes.get(index.name) if deployed and site.is_live(view) else None
        if there and not there.valid:
            yield _drop_index(view, index.name, "it is invalid")
        elif there and recorded and there.definition != recorded:
            yield _drop_index(view, index.name, "it is not the one that was created")
        elif there:
            continue
        yield _create_index(view, index, site)


def _create_index(view: CompiledView, index: CompiledIndex, site: PlanContext) -> Step:
    statements = create_index(site.target, view, index, site.agreed(view))
    lock = Lock("SHARE", view.storage, note=REFRESH_WAITS)
    return Step("index", view.called, f"{index.definition} is missing", statements, lock)


def _drop_index(view: CompiledView, name: str, reason: str) -> Step:
    lock = Lock("ACCESS EXCLUSIVE", view.storage, brief=True)
    return Step("drop index", view.called, reason, (f"DROP INDEX {qualified(view.storage[0], name)}",), lock)


def unwanted_indexes(view: CompiledView, site: PlanContext) -> list[Step]:
    """Indexes that an earlier deployment made and the spec no longer asks for. Those added by hand stay."""
    before, storage = site.before(view), site.storage(view)
    if before is None or storage is None:
        return []
    wanted, made = {index.name for index in view.indexes}, {index.name for index in before.indexes}
    names = [index.name for index in storage.indexes if index.name not in wanted]
    gone = [name for name in names if (name in made if site.is_live(view) else is_made_name(name, view.storage[1]))]
    return [_drop_index(view, name, "it is no longer asked for") for name in gone]


def is_made_name(index: str, stored: str) -> bool:
    """Whether an index has a name as the compiler makes it: the relation's (which may be shortened) and a digest."""
    return index.startswith(stored[:12]) and re.search(rf"_[0-9a-f]{{{FINGERPRINT_LENGTH}}}\Z", index) is not None
