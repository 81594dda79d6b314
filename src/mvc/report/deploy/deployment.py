"""Plans and deployments as text for a terminal, and as data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from mvc.compiled.serialize import some_fields
from mvc.engines.postgres.plan.leftovers import Leftover
from mvc.engines.postgres.plan.refusals import catalog_refusals
from mvc.engines.postgres.plan.steps import NO_LOCK, Action, Danger, Plan, Refusal, Step, Switch
from mvc.report.deploy.catalog import catalog_json, rights_json
from mvc.report.status.drift import drift_json
from mvc.report.text.sanitize import visible
from mvc.report.text.sizes import size_text
from mvc.report.text.style import Style
from mvc.report.text.words import counted

if TYPE_CHECKING:
    from mvc.engines.postgres.server.apply import Applied
    from mvc.engines.postgres.server.prune import Pruned

_WORDS: Final[Mapping[Action, str]] = {  # where they are other words than the action itself
    "runtime": "install the runtime",
    "upgrade": "upgrade the runtime",
    "build": "build aside",
    "index": "create index",
    "options": "set options",
    "owner": "set owner",
    "seal": "close storage",
    "prove": "prove whose code runs",
    "expose": "switch readers",
    "renew": "renew refreshes",
    "readers": "set readers",
    "comments": "describe",
    "drop view": "drop",
    "name": "give name",
    "close": "close storage",
    "watch": "log changes",
    "follow": "keep changes",
    "unwatch": "stop logging",
    "copy": "copy the rows of",
    "clear way": "clear the way",
    "migrate": "run the migration",
    "compare": "compare the rows of",
    "drop unneeded": "drop what nobody needs",
}


def plan_text(plan: Plan, database: str, style: Style) -> str:
    """What a deployment would do, which locks it takes, and what about it is dangerous."""
    if plan.empty:
        differs = "as they were deployed" if plan.catalog else "nothing differs"
        head = f"nothing to do in the database {database}: {counted(len(plan.unchanged), 'view')}, {differs}"
    else:
        head = f"plan {plan.id} for the database {database}:"
    lines = [head, *(line for part in plan.prepare for line in _step(part, style))]
    for switch in plan.switches:
        lines += _switch(switch, style)
    lines += [line for part in plan.finish for line in _step(part, style)]
    if not plan.empty and plan.unchanged:
        lines.append(f"  unchanged: {_listed(plan.unchanged)}")
    lines += [f"  {style.paint('warning', '!')} left out {item.view}: it {item.reason}" for item in plan.left_out]
    lines += [f"  {style.paint('warning', '!')} {visible(note)}" for note in plan.notes]
    lines += _dangers(plan.dangers, style)
    placed = {item.message for item in catalog_refusals(plan.catalog)}  # whose help stands with their excerpts
    lines += [line for item in plan.refusals for line in _refusal(item, style, brief=item.message in placed)]
    return "\n".join(lines)


def _step(step: Step, style: Style) -> Iterator[str]:
    if not step.statements:
        return
    lock = f"  [{step.lock}]" if step.lock else ""
    subject = f" {step.view}" if step.view else ""
    yield f"  {style.paint('help', _WORDS.get(step.action, step.action))}{visible(subject)}: {visible(step.reason)}{style.paint('frame', visible(lock))}"


def _switch(switch: Switch, style: Style) -> Iterator[str]:
    shown = [step for step in switch.steps if step.action != "record"]
    lines = [line for step in shown for line in _step(step, style)]
    if not lines:
        yield f"  {style.paint('help', 'record')} {_listed(switch.views) or 'settings and schedules'}"
        return
    yield "  in one short transaction:"
    yield from (f"  {line}" for line in lines)


def _listed(names: Iterable[str], most: int = 8) -> str:
    listed = [visible(name) for name in names]
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(listed[:most]) + more


def _dangers(dangers: Iterable[Danger], style: Style) -> list[str]:
    return [f"  {style.paint('error', '!')} {item.hazard}: {visible(item.reason)}" for item in dangers]


def _refusal(item: Refusal, style: Style, *, brief: bool) -> Iterator[str]:
    yield f"  {style.paint('error', 'refused')}: {visible(item.message)}"
    if not brief:
        yield f"    = help: {visible(item.hint)}"


def step_text(part: Step | Switch, style: Style) -> str:
    """One line for what begins now."""
    if isinstance(part, Switch):
        return f"  {style.paint('strong', 'switch')} {_listed(part.views) or 'settings'}"
    table = ".".join(part.lock.relation) if part.lock and part.lock.relation else ""
    return f"  {_WORDS.get(part.action, part.action)} {visible(part.view or table)}".rstrip()


def applied_text(applied: Applied, seconds: float) -> str:
    """What a deployment did, and how long it took. What was left out, its plan has said."""
    parts = [
        f"{counted(len(names), noun)} {word}"
        for names, noun, word in (
            (applied.created, "view", "created"),
            (applied.changed, "view", "changed"),
            (applied.dropped, "view", "dropped"),
        )
        if names
    ]
    number = f"deployment {applied.deployment}: " if applied.deployment else ""
    return f"{number}{', '.join(parts) or 'nothing changed'}, {len(applied.unchanged)} unchanged, in {seconds:.2f} s"


def leftovers_text(items: Iterable[Leftover]) -> str:
    """What no reader uses, a line each."""
    words = {
        "replaced": "kept for a rollback",
        "unused": "built, never used",
        "former": "made by hand, kept for a rollback",
        "arm": "part of a view that is no more",
        "unknown": "not made by mvc",
    }
    lines = (f"  {visible(item.name)}  {size_text(item.bytes)}  {words[item.kind]}{_of(item)}" for item in items)
    return "\n".join(lines)


def _of(item: Leftover) -> str:
    return f" ({visible(item.view)})" if item.view else ""


def pruned_text(pruned: Pruned) -> str:
    """What was dropped, and what was not."""
    freed = sum(item.bytes for item in pruned.dropped)
    lines = [f"dropped {counted(len(pruned.dropped), 'relation')}, {size_text(freed)} freed"]
    lines += [f"  kept {visible(item.name)}: {visible(reason)}" for item, reason in pruned.kept]
    return "\n".join(lines)


def plan_json(plan: Plan, database: str) -> dict[str, Any]:
    """A plan as data: `docs/json.md` documents it."""
    return {
        "format": "mvc.plan",
        "version": 1,
        "id": plan.id,
        "database": database,
        "prepare": [_step_json(step) for step in plan.prepare],
        "switches": [
            {"views": list(switch.views), "steps": [_step_json(step) for step in switch.steps]}
            for switch in plan.switches
        ],
        "finish": [_step_json(step) for step in plan.finish],
        **some_fields(plan, "created unchanged left_out dangers refusals"),
        "catalog": catalog_json(plan.catalog),
        "missing_rights": rights_json(plan.missing_rights),
        "drift": [drift_json(item) for item in plan.drift],
        "notes": list(plan.notes),
    }


def _step_json(step: Step) -> dict[str, Any]:
    return {
        **some_fields(step, "action view reason"),
        "lock": str(step.lock or NO_LOCK),
        **some_fields(step, "dangers statements"),
    }
