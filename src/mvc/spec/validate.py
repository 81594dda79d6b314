"""Data of a document → a spec model, and diagnostics in our own words. Pydantic's wording never leaves these modules.

What is wrong is mended or left out, and the rest validated again: one fault never hides the next.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any, Final, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from mvc.diagnostics import Diagnostic, error
from mvc.source import Document, Path
from mvc.spec.empty import empty_keys
from mvc.spec.explain import SpecFault, dash_without_space, explain, split_value
from mvc.spec.mends import OF_A_SOURCE, meant_value, mended
from mvc.spec.model_at import model_at
from mvc.spec.repair import lost, moved, rejoined, value_at, with_value, without
from mvc.spec.shorthand import PERCENTILE_OF, percentile, typed
from mvc.spec.taken import taken
from mvc.spec.unknown_keys import SELECTED, joined, renamed
from mvc.spec.view import ViewSpec
from mvc.spec.whole_file import whole_file_fault

Model = TypeVar("Model", bound=BaseModel)

MOST_UNKNOWN: Final = 50  # keys of one mapping that are told one by one
_SCALARS: Final = ("string_type", "bool_type", "int_type", "float_type")
_DASH: Final = re.compile(r"-[A-Za-z_]")
_ROUNDS: Final = 4  # of validating what was repaired; a fault that one round finds can hide some that the next one does
_MOST_MENDED: Final = 200  # faults of a file; of one with more nothing is read further


@dataclass(frozen=True, slots=True)
class Validated(Generic[Model]):
    """What a document says. With findings `spec` is what is left of it, to be checked and never compiled; None where nothing is.
    `document` is the one that the spec's places are of.
    """

    document: Document
    spec: Model | None
    findings: tuple[Diagnostic, ...] = ()


def validate(document: Document, model: type[Model]) -> Validated[Model]:
    """The document as `model`, with everything that is wrong with it."""
    if fault := whole_file_fault(document, model):
        return Validated(document, None, (fault,))
    cut = _cut_values(document)
    found = [split_value(document, at) for at in cut]
    found += [dash_without_space(document, at) for at in _dashes(document)]
    told: set[Path] = set()
    current: Document | None = reduce(rejoined, cut, document)
    for _ in range(_ROUNDS):
        if current is None:
            break
        current = taken(current) if model is ViewSpec else current
        try:
            return Validated(current, model.model_validate(current.data), (*found, *empty_keys(current)))
        except ValidationError as failure:
            faults = _faults(current, model, failure)
        found += _explained([item for item in faults if not _follows(item, told)])
        told |= {item.at for item in faults}
        current = _repaired(current, model, faults) if len(faults) <= _MOST_MENDED else None
    return Validated(document, None, tuple(found))


def _follows(fault: SpecFault, told: set[Path]) -> bool:
    """Whether a fault may be no more than what another one makes of it: it is within that one's value, or a mapping lacks what a
    strange key of it was meant to be.
    """
    within = any(fault.at[: len(at)] == at for at in told if at)
    return within or (fault.kind in ("value_error", "missing") and any(at[:-1] == fault.at for at in told if at))


def _faults(document: Document, model: type[BaseModel], failure: ValidationError) -> list[SpecFault]:
    problems = _closest(document.data, failure.errors(include_url=False))
    faults = [SpecFault(document, model, at, problem, _mend(document, at, problem)) for at, problem in problems]
    return [item for item in faults if not _is_told_elsewhere(item, faults) and not _is_unindented(item, document.data)]


def _is_unindented(fault: SpecFault, data: Mapping[str, Any]) -> bool:
    """Whether a key of a source stands beside it, since its indent is missing: that is said at the source, which has no value."""
    if fault.at[:1] != ("sources",) or len(fault.at) != 2 or fault.key not in OF_A_SOURCE:
        return False
    sources = data.get("sources")
    value = fault.problem["input"]
    held = list(sources.values()) if isinstance(sources, Mapping) and isinstance(value, str) else []
    return None in held or any(isinstance(item, Mapping) and item.get(fault.key) == value for item in held)


def _mend(document: Document, at: Path, problem: Any) -> Any | None:
    return mended(document.data, at, problem["input"], problem["type"])


def _repaired(document: Document, model: type[BaseModel], faults: list[SpecFault]) -> Document | None:
    """The document without these faults; None where it says nothing without what is wrong."""
    current: Document | None = document
    for fault in faults:
        if current is None:
            return None
        if value_at(current.data, fault.at[:-1]) is None and len(fault.at) > 1:
            continue  # an entry that is gone already
        current = _without_fault(current, model, fault)
    return current


def _without_fault(document: Document, model: type[BaseModel], fault: SpecFault) -> Document | None:
    if fault.kind == "extra_forbidden":
        return _without_key(document, fault)
    if fault.mend is not None:
        return with_value(document, fault.at, fault.mend)
    if fault.kind == "missing" and fault.problem["loc"][-1] == "view" and not fault.at:
        return lost(document, model.__name__, ("view",))
    return lost(document, model.__name__, fault.at)


def _without_key(document: Document, fault: SpecFault) -> Document:
    owner = model_at(fault.model, fault.at[:-1]) or fault.model
    parent = value_at(document.data, fault.at[:-1])
    if not isinstance(parent, dict) or fault.at[-1] not in parent:
        return document  # the mend of another key has taken it along
    if owner.__name__ == "AggregateSpec" and (made := typed(parent) or percentile(parent)):
        return with_value(document, fault.at[:-1], made)
    if owner.__name__ == "ViewSpec" and fault.at[-1] == "joins" and (sources := joined(document.data)):
        return without(with_value(document, ("sources",), sources), fault.at)
    listed = owner.__name__ == "ViewSpec" and fault.at[-1] in SELECTED and isinstance(parent[fault.at[-1]], tuple)
    key = "" if listed else renamed(owner, str(fault.at[-1]))
    if key and key not in parent:
        made = meant_value(owner.__name__, document.data, key, parent[fault.at[-1]])
        there = moved(document, fault.at, key)
        return there if made is None else with_value(there, (*fault.at[:-1], key), made)
    return without(document, fault.at)


def _explained(faults: list[SpecFault]) -> Iterator[Diagnostic]:
    """A finding for each fault; of a mapping with many unknown keys the rest in one."""
    unknown: Counter[Path] = Counter()
    for fault in faults:
        strange = fault.kind == "extra_forbidden"
        unknown[fault.at[:-1]] += strange
        if not strange or unknown[fault.at[:-1]] <= MOST_UNKNOWN:
            yield explain(fault)
        elif unknown[fault.at[:-1]] == MOST_UNKNOWN + 1:
            span = fault.document.key_span(fault.at)
            title = "from here on there are more unknown keys"
            yield error("MV010", span, title, label="and others", help="mend the first ones")


def _cut_values(document: Document) -> list[Path]:
    """Keys without a value that are the rest of the value before them: a comma within {…} has cut SQL in two."""
    return [
        path
        for path, (key, value) in document.nodes.items()
        if key is not None
        and isinstance(path[-1], str)
        and not value.value
        and path[-1].count(")") > path[-1].count("(")
    ]


def _dashes(document: Document) -> list[Path]:
    """Texts below their key that begin with a dash: the entries of a list, but for a space."""
    return [
        path
        for path, (key, value) in document.nodes.items()
        if key is not None
        and isinstance(value.value, str)
        and not getattr(value, "style", None)
        and value.start_mark.line > key.start_mark.line
        and _DASH.match(value.value)
    ]


def _closest(data: Any, problems: list[Any]) -> list[tuple[Path, Any]]:
    """One problem per place: of a union's branches, those of the branch that the author meant."""
    chosen: dict[Path, Any] = {}
    for problem in problems:
        at, value = _locate(data, problem["loc"])
        branch = _is_branch(problem["loc"], at)
        if branch and isinstance(value, dict | tuple) and problem["type"] in _SCALARS:
            continue
        if branch and isinstance(value, str | bool) and problem["type"] in ("model_type", "bool_type"):
            continue
        if problem["type"] == "too_short" and any(_is_within(other["loc"], problem["loc"]) for other in problems):
            continue  # its entries were left out because they are wrong, which is said at each
        chosen.setdefault(at, problem)
    return list(chosen.items())


def _is_within(loc: tuple[Any, ...], around: tuple[Any, ...]) -> bool:
    return len(loc) > len(around) and loc[: len(around)] == around


def _is_branch(loc: tuple[Any, ...], at: Path) -> bool:
    """Whether Pydantic's location ends with the name of a union's branch, not with an entry of what the branch holds."""
    return len(loc) > len(at) > 0 and loc[-1] != at[-1]


def _locate(data: Any, loc: tuple[Any, ...]) -> tuple[Path, Any]:
    """Pydantic's location without the names of union branches, and the value there."""
    at: Path = ()
    value = data
    for part in loc:
        if (isinstance(value, dict) and part in value) or (
            isinstance(value, tuple) and isinstance(part, int) and part < len(value)
        ):
            at, value = (*at, part), value[part]
    return at, value


def _is_told_elsewhere(fault: SpecFault, faults: list[SpecFault]) -> bool:
    """Whether an unknown key is what a missing one was meant to be, or says what is meant by a value of another kind."""
    if fault.kind != "missing" and fault.at[-1:] != ("percentile",):
        return False
    strange = [item.at for item in faults if item.kind == "extra_forbidden"]
    if fault.kind == "missing":
        return any(at[:-1] == fault.at for at in strange)
    return fault.at[-1:] == ("percentile",) and any(
        at == (*fault.at[:-1], key) for at in strange for key in PERCENTILE_OF
    )
