"""All of "did you mean": the nearest known name to a mistyped one, and nothing where none is near enough to be meant."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

SHOWN: Final = 12  # names listed when nothing is near; more is noise
COMPARED: Final = 500  # names compared letter by letter; of more, those that begin alike
_SHORT: Final = 3  # letters of a part of a name that says little: id, at, on


def did_you_mean(name: str, known: Iterable[str], kind: str = "known", spell: Callable[[str], str] = str) -> str:
    """A help line for an unknown name: the nearest known one, else the list of what there is, else nothing.

    `spell` writes a name as it must stand in the place of the unknown one (in SQL, some need quotes).
    """
    names = sorted(set(known))
    near = nearest(name, names)
    listed = ", ".join(spell(item) for item in names[:SHOWN]) + (", …" if len(names) > SHOWN else "")
    there_is = f"{kind}: {listed}" if names else ""
    return f"did you mean `{spell(near)}`? ({there_is})" if near else there_is


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that is surely meant: some letters away, or the only one that holds this name as a part of it. Else nothing."""
    names = sorted(set(known))
    wanted, allowed = name.lower(), _allowed(name)
    compared = (
        names if len(names) <= COMPARED else [item for item in names if item[:1].lower() == wanted[:1]][:COMPARED]
    )
    distances = {item: _distance(wanted, item.lower(), allowed) for item in compared}
    best = min(distances.values(), default=allowed + 1)
    if best <= allowed:
        return next(item for item in compared if distances[item] == best)
    parts = [item for item in names if _is_part(wanted, item.lower())]
    return parts[0] if len(parts) == 1 else ""


def _allowed(name: str) -> int:
    """How many letters may be wrong: in `id` none, in `status` two."""
    return 0 if len(name) < 3 else 1 if len(name) < 5 else 2 if len(name) < 9 else 3


def _is_part(name: str, other: str) -> bool:
    """Whether a name is the begin of another, or one of two has words more before or behind: `stat`, `customer`, `customer_id`."""
    shorter, longer = sorted((name, other), key=len)
    begins = shorter == name and longer.startswith(shorter)
    return len(shorter) > _SHORT and (begins or longer.startswith(f"{shorter}_") or longer.endswith(f"_{shorter}"))


def _distance(one: str, other: str, most: int) -> int:
    """Letters that are wrong, missing, too many or in turned order (Damerau, Levenshtein); more than `most` for any more."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for number, letter in enumerate(one, 1):
        earlier, before, row = before, row, [number]
        for place, theirs in enumerate(other, 1):
            cost = min(before[place] + 1, row[place - 1] + 1, before[place - 1] + (letter != theirs))
            turned = number > 1 and place > 1 and letter == other[place - 2] and one[number - 2] == theirs
            row.append(min(cost, earlier[place - 2] + 1) if turned else cost)
        if min(row) > most:
            return most + 1
    return row[-1]
