"""The steps that bring a view's stored relation into the wanted state, beside whoever reads the old one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from mvc.compiled.view import CompiledView
from mvc.engines.postgres.deploy.naming import arm_names, joined_name
from mvc.engines.postgres.deploy.proofs import create_index, prove_code_sql, prove_sources_sql
from mvc.engines.postgres.deploy.renaming import renamed_view
from mvc.engines.postgres.deploy.script import requirements_sql
from mvc.engines.postgres.deploy.statements import (
    create_storage,
    move_stored_sql,
    names_array,
    own_again_sql,
    register_names_sql,
    register_sql,
    storage_comment,
    storage_kind,
)
from mvc.engines.postgres.plan.change_log_steps import follow_step
from mvc.engines.postgres.plan.context import PlanContext
from mvc.engines.postgres.plan.drift import applicable_options, options_by_hand, same_option
from mvc.engines.postgres.plan.index_steps import REFRESH_WAITS, index_steps
from mvc.engines.postgres.plan.proof_steps import foreign_code, proof_steps
from mvc.engines.postgres.plan.state import RELATION_KINDS, RelationState
from mvc.engines.postgres.plan.steps import Lock, Step
from mvc.engines.postgres.refresh.companions import companions
from mvc.quoting import identifier, literal, qualified


def storage_steps(view: CompiledView, site: PlanContext) -> list[Step]:
    """What must be done before the view can be switched; nothing where its storage is as it should be."""
    storage = site.storage(view)
    if storage is None:
        return [*_set_aside(view, site), *_names_freed(view, site), *follow_step(view, site), _build(view, site)]
    steps = [
        *_own(view, storage, site),  # first, since a proof refuses what is somebody else's
        *_names_freed(view, site),
        *proof_steps(view, site),
        *_fill(view, storage, site),
        *index_steps(view, storage, site),
        *_options(view, storage, site),
    ]
    steps += _carry(view, site)
    if site.drifted(view, "storage open") or any(part.grants for part in (storage, *_beside(view, site).values())):
        reason = "somebody has rights on what only its owner may read"
        names = (view.storage[1], *(it.name for it in companions(view)), *(arm.name for arm in view.exposure.arms))
        seals = tuple(f"SELECT {qualified(site.target.stored, 'seal')}({literal(name)})" for name in names)
        steps.append(Step("seal", view.called, reason, seals))
    return steps


def _beside(view: CompiledView, site: PlanContext) -> dict[str, RelationState]:
    """The companions of its table that are there."""
    found = {it.name: site.state.relations.get((view.storage[0], it.name)) for it in companions(view)}
    return {name: relation for name, relation in found.items() if relation}


def _set_aside(view: CompiledView, site: PlanContext) -> Iterator[Step]:
    """Another relation has the name of this storage: it was changed behind our back, or never was ours."""
    schema, name = view.storage
    there = site.state.relations.get(view.storage)
    beside = _beside(view, site)
    if there is None and not beside:
        return
    number = str(site.state.deployment)
    renamed = [(RELATION_KINDS[there.kind], name)] if there else []
    renamed += [(RELATION_KINDS[relation.kind], other) for other, relation in beside.items()]
    renamed += [("INDEX", index.name) for index in there.indexes] if there else []
    asides = {old: joined_name(old, "aside", number) for _, old in renamed}
    if there and (arms := _arms(view, site)):  # they read it, and those of the new one may have other columns
        renamed += [("VIEW", arm) for arm in arms]
        asides |= dict(zip(arm_names(name), arm_names(asides[name]), strict=True))
    statements = [f"ALTER {kind} {qualified(schema, old)} RENAME TO {identifier(asides[old])}" for kind, old in renamed]
    names: dict[str, str] = {it.purpose: asides[it.name] for it in companions(view) if it.name in beside}
    before = site.before(view)
    if before and site.is_live(view):
        as_recorded = not site.drifted(view, "exposure changed")
        statements.append(
            move_stored_sql(site.target, name, renamed_view(before, asides), names, as_recorded=as_recorded)
        )
        reason = f"{_why_aside(view, site)}; it is read and refreshed under another until the switch"
    else:
        statements.append(register_names_sql(site.target, view, joined_name(name, "aside", number), names))
        reason = f"{_why_aside(view, site)}; it stays, under another, until it is pruned"
    lock = Lock("ACCESS EXCLUSIVE", view.storage, brief=True)
    yield Step("set aside", view.called, reason, tuple(statements), lock)


def _arms(view: CompiledView, site: PlanContext) -> list[str]:
    """The arms of its exposure that are there."""
    return [name for name in arm_names(view.storage[1]) if (view.storage[0], name) in site.state.relations]


def _why_aside(view: CompiledView, site: PlanContext) -> str:
    known = site.state.stored.get(view.storage[1])
    if known and known.frozen:
        return "it was released for a change of its base tables"
    for source in known.renamed if known else ():
        if source.replaced:
            return f"it reads {source.now}, which was {source.named} when it was built"
    if site.reads_set_aside(view):
        return "it reads what is not what was built under its name"
    return "it is not what was built under this name"


def _names_freed(view: CompiledView, site: PlanContext) -> Iterator[Step]:
    """Names of its indexes that another relation's have, as where somebody renamed the storage that they were made on."""
    schema, wanted = view.storage[0], {index.name for index in view.indexes}
    taken = [
        index.name
        for name, relation in site.state.relations.items()
        if name[0] == schema and name != view.storage
        for index in relation.indexes
        if index.name in wanted
    ]
    number = str(site.state.deployment)
    statements = tuple(
        f"ALTER INDEX {qualified(schema, name)} RENAME TO {identifier(joined_name(name, 'aside', number))}"
        for name in taken
    )
    if statements:
        yield Step("set aside", view.called, "another relation's indexes have the names of its own", statements)


def _build(view: CompiledView, site: PlanContext) -> Step:
    agreed = site.agreed(view)
    statements = [*requirements_sql(site.target, view), prove_sources_sql(site.target, view, agreed)]
    statements += [*create_storage(site.target, view), storage_comment(view), register_sql(site.target, view)]
    statements.append(prove_code_sql(site.target, view, agreed))
    if view.kind == "materialized":
        statements.append(_fill_sql(view, site))
        statements += [
            *chain.from_iterable(create_index(site.target, view, index, agreed) for index in view.indexes),
            *_carried(view, site),
            _prove_sql(view, site),
        ]
    return Step(
        "build", view.called, _why_built(view, site), tuple(statements), Lock("ACCESS SHARE"), foreign_code(view, site)
    )


def _why_built(view: CompiledView, site: PlanContext) -> str:
    if site.in_the_way(view):
        return "it is new; readers go on with what was made by hand until the switch"
    if site.deployed(view) is None:
        return "it is new"
    if site.is_released(view):
        return "it was released for a change of its base tables; readers go on with the last rows until the switch"
    if site.drifted(view, "storage missing", "storage changed"):
        return "what stored it is gone or was changed behind our back"
    return "its definition changed; readers go on with the old one until the switch"


def _fill_sql(view: CompiledView, site: PlanContext, mode: str = "") -> str:
    values = f"{literal(view.storage[1])}, {literal(site.target.timezone)}" + (f", {literal(mode)}" if mode else "")
    return f"SELECT {qualified(site.target.stored, 'refresh_stored')}({values})"


def _prove_sql(view: CompiledView, site: PlanContext) -> str:
    never_null = [name for name in view.grain if (column := view.column(name)) and not column.nullable]
    return f"SELECT {qualified(site.target.stored, 'prove')}({literal(view.storage[1])}, {names_array(never_null)})"


def _carried(view: CompiledView, site: PlanContext) -> Iterator[str]:
    """What somebody added by hand to the storage that is in use."""
    before = site.before(view)
    old = site.state.relations.get(before.storage) if before else None
    if before is None or old is None or old.kind not in ("m", "r"):
        return
    ours = {index.name for index in before.indexes}
    if by_hand := [index.name for index in old.indexes if index.name not in ours and index.valid]:
        names = f"{literal(before.storage[1])}, {literal(view.storage[1])}, {names_array(by_hand)}"
        yield f"SELECT {qualified(site.target.stored, 'carry_indexes')}({names})"
    spoken_of = {option for option, _ in view.options}
    options = [item for item in options_by_hand(before, old) if item.partition("=")[0] not in spoken_of]
    if options:
        yield f"ALTER {storage_kind(view)} {qualified(*view.storage)} SET ({_option_list(options)})"


def _carry(view: CompiledView, site: PlanContext) -> Iterator[Step]:
    """A storage that was built earlier and is taken up again gets what was added to the one in use since."""
    if site.is_live(view) or view.kind == "plain":
        return
    if statements := tuple(_carried(view, site)):
        yield Step("index", view.called, "what was added by hand is carried along", statements)


def _option_list(options: Iterable[str]) -> str:
    pairs = (option.partition("=") for option in options)
    return ", ".join(f"{name} = {literal(value)}" for name, _, value in pairs)


def _fill(view: CompiledView, storage: RelationState, site: PlanContext) -> Iterator[Step]:
    if view.kind == "plain":
        return
    statements = (_fill_sql(view, site), _prove_sql(view, site))
    lock = Lock("ACCESS EXCLUSIVE", view.storage)
    if not storage.populated:
        yield from follow_step(view, site)
        yield Step("fill", view.called, "it holds no data", statements, lock)
    elif site.refill and not site.is_live(view) and not _is_fresh(view, site):
        yield from follow_step(view, site)
        yield Step("fill", view.called, "what was built of it earlier is out of date", statements)
    elif (known := site.state.stored.get(view.storage[1])) and known.outdated:
        if site.is_live(view):
            statements = (_fill_sql(view, site, "full"), statements[1])
        yield Step("fill", view.called, known.outdated, statements, Lock("ACCESS SHARE"))


def _is_fresh(view: CompiledView, site: PlanContext) -> bool:
    """Whether what was built is no older than what readers see now."""
    built = site.state.stored[view.storage[1]].filled_at
    deployed = site.deployed(view)
    live = site.state.stored.get(deployed.stored_name) if deployed else None
    return built is not None and live is not None and (live.filled_at or 0.0) <= built


def _options(view: CompiledView, storage: RelationState, site: PlanContext) -> Iterator[Step]:
    if view.kind == "plain":
        return
    named = f"ALTER {storage_kind(view)} {qualified(*view.storage)}"
    before = site.before(view)
    wanted = dict(view.options)
    dropped = [name for name, _ in before.options if name not in wanted and storage.option(name)] if before else []
    changed = [
        f"{name} = {value}"
        for name, value in applicable_options(view, storage)
        if not same_option(storage.option(name), value)
    ]
    statements = [f"{named} SET ({', '.join(changed)})"] if changed else []
    statements += [f"{named} RESET ({', '.join(dropped)})"] if dropped else []
    if statements:
        lock = Lock("SHARE UPDATE EXCLUSIVE", view.storage, note=REFRESH_WAITS)
        yield Step("options", view.called, "storage parameters differ", tuple(statements), lock)


def _own(view: CompiledView, storage: RelationState, site: PlanContext) -> Iterator[Step]:
    owner, parts = site.state.owner, {view.storage[1]: storage, **_beside(view, site)}
    if not owner or all(part.owner == owner for part in parts.values()):
        return
    statements = tuple(
        own_again_sql(site.target, (view.storage[0], name)) for name, part in parts.items() if part.owner != owner
    )
    lock = Lock("ACCESS EXCLUSIVE", view.storage, brief=True)
    yield Step("owner", view.called, "another role owns it", statements, lock)
