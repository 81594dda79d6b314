"""Which of several operators or functions of a name PostgreSQL takes for operands of some types.

Rule source: PostgreSQL's parse_func.c (func_match_argtypes, func_select_candidate), parse_oper.c, parse_coerce.c; manual, "Type Conversion".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from mvc.catalog.operators import builtin_types
from mvc.inference.world import POLYMORPHIC, UNKNOWN, World


class Candidate(NamedTuple):
    """What takes these arguments and yields that; `arguments` are as many as the operands."""

    arguments: tuple[str, ...]
    result: str


def choose(candidates: Iterable[Candidate], operands: Sequence[str], world: World) -> list[Candidate]:
    """The one that is taken; none where there is none, several where PostgreSQL cannot choose."""
    listed = list(dict.fromkeys(candidates))
    exact = [item for item in listed if item.arguments == tuple(operands)]
    if exact and UNKNOWN not in operands:
        return exact[:1]
    usable = [item for item in listed if _fits(item, operands, world)]
    if len(usable) < 2:
        return usable
    usable = _most(usable, lambda item: _matches(item, operands))
    if len(usable) > 1:
        usable = _most(usable, lambda item: _matches(item, operands, world))
    return usable if len(usable) < 2 or UNKNOWN not in operands else _by_unknowns(usable, operands, world)


def binary(name: str, left: str, right: str, world: World) -> list[Candidate]:
    """The operator between two operands. A literal is first tried as what stands on the other side."""
    both = (right, right) if left == UNKNOWN else (left, left) if right == UNKNOWN else (left, right)
    if found := _exact().get((name, both)):
        return [found]
    listed = [Candidate(item.arguments, item.result) for item in builtin_types().operators.get(name, ()) if item.left]
    return choose(listed, (left, right), world)


@cache
def _exact() -> Mapping[tuple[str, tuple[str, ...]], Candidate]:
    """The operators by name and operands, which is what nearly all are found by."""
    listed = (item for its in builtin_types().operators.values() for item in its if item.left)
    return {(item.name, item.arguments): Candidate(item.arguments, item.result) for item in listed}


def prefix(name: str, operand: str, world: World) -> list[Candidate]:
    """The operator before an operand."""
    listed = [
        Candidate(item.arguments, item.result) for item in builtin_types().operators.get(name, ()) if not item.left
    ]
    return choose(listed, (operand,), world)


def _fits(item: Candidate, operands: Sequence[str], world: World) -> bool:
    pairs = list(zip(operands, item.arguments, strict=True))
    if not all(world.becomes(operand, argument) for operand, argument in pairs):
        return False
    return _is_consistent([(operand, asked) for operand, asked in pairs if asked in POLYMORPHIC], world)


def _is_consistent(pairs: Sequence[tuple[str, str]], world: World) -> bool:
    """Whether polymorphic arguments are all of one type; those of the family `anycompatible` have a common one."""
    elements = [of for operand, asked in pairs if operand != UNKNOWN and (of := element_of(operand, asked, world))]
    if any("compatible" in asked for _, asked in pairs):
        return len({world.category(item) for item in elements}) < 2
    return len(set(elements)) < 2


def element_of(operand: str, asked: str, world: World) -> str | None:
    """What `anyelement` is, told by one operand."""
    if asked.endswith("multirange"):
        found = (sub for sub, multi in builtin_types().ranges.values() if multi == operand)
        return next(found, None)
    if asked.endswith("range"):
        return builtin_types().ranges.get(operand, (None, None))[0]
    if asked.endswith("array") and not asked.endswith("nonarray"):
        return world.element(operand)
    return operand


def result_of(item: Candidate, operands: Sequence[str], world: World) -> str | None:
    """The type of the result; None where a polymorphic one is not told by the operands."""
    if item.result not in POLYMORPHIC:
        return item.result
    pairs = [(operand, asked) for operand, asked in zip(operands, item.arguments, strict=True) if asked in POLYMORPHIC]
    if any(operand == UNKNOWN for operand, _ in pairs):
        pairs = [pair for pair in pairs if pair[0] != UNKNOWN]
    elements = {element_of(operand, asked, world) for operand, asked in pairs}
    element = elements.pop() if len(elements) == 1 else None
    if element is None or not item.result.endswith("range"):
        array = item.result.endswith("array") and not item.result.endswith("nonarray")
        return f"{element}[]" if element and array else element
    ranges = {operand for operand, asked in pairs if asked == item.result}
    return ranges.pop() if len(ranges) == 1 else None


def _matches(item: Candidate, operands: Sequence[str], world: World | None = None) -> int:
    """How many operands are of the very type; with `world` one that is preferred in the operand's category counts as well."""
    pairs = [pair for pair in zip(operands, item.arguments, strict=True) if pair[0] != UNKNOWN]
    return sum(
        operand == asked
        or (world is not None and world.is_preferred(asked) and world.category(asked) == world.category(operand))
        for operand, asked in pairs
    )


def _most(items: list[Candidate], count: Callable[[Candidate], int]) -> list[Candidate]:
    counts = [count(item) for item in items]
    return [item for item, its in zip(items, counts, strict=True) if its == max(counts)]


def _by_unknowns(items: list[Candidate], operands: Sequence[str], world: World) -> list[Candidate]:
    """A literal is text where one of them takes text, else what all agree on; then all that is known is taken for the literals' type."""
    places = [place for place, operand in enumerate(operands) if operand == UNKNOWN]
    asked = [_category(items, place, world) for place in places]
    left = items
    if all(asked):
        fitting = [
            item
            for item in items
            if all(_is_asked(item, place, its, world) for place, its in zip(places, asked, strict=True))
        ]
        left = fitting or items
    if len(left) == 1:
        return left
    known = {operand for operand in operands if operand != UNKNOWN}
    if len(known) == 1:
        one = known.pop()
        fitting = [item for item in left if _fits(item, [one] * len(operands), world)]
        if len(fitting) == 1:
            return fitting
    return left


def _category(items: list[Candidate], place: int, world: World) -> tuple[str, bool] | None:
    """What a literal in a place is taken for: a category, and whether it must be that category's preferred type; None where they differ."""
    categories = {world.category(item.arguments[place]) for item in items}
    chosen = "S" if "S" in categories else categories.pop() if len(categories) == 1 else None
    if chosen is None:
        return None
    kept = [item.arguments[place] for item in items if world.category(item.arguments[place]) == chosen]
    return chosen, any(map(world.is_preferred, kept))


def _is_asked(item: Candidate, place: int, asked: tuple[str, bool] | None, world: World) -> bool:
    category, preferred = asked or ("", False)
    type_ = item.arguments[place]
    return world.category(type_) == category and (not preferred or world.is_preferred(type_))


def has_left(name: str, type_: str, world: World) -> bool:
    """Whether an operator may have a left side of that type, whatever its right side is; extensions and strange types may bring any."""
    if type_ == UNKNOWN or not world.extensions <= {"plpgsql"} or world.catalog.other_types:
        return True
    known = builtin_types().operators.get(name, ())
    return not known or any(item.left and world.becomes(type_, item.left) for item in known)
