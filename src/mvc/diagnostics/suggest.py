"""All of "did you mean": the nearest known name to a mistyped one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from difflib import get_close_matches

SHOWN = 12  # names listed when nothing is near; more is noise
COMPARED = 500  # names compared letter by letter; of more, those that begin alike


def did_you_mean(name: str, known: Iterable[str], kind: str = "known", spell: Callable[[str], str] = str) -> str:
    """A help line for an unknown name: the nearest known one, else the list of what there is, else nothing.

    `spell` writes a name as it must stand in the place of the unknown one (in SQL, some need quotes).
    """
    names = sorted(set(known))
    near = get_close_matches(name.lower(), _alike(name.lower(), [item.lower() for item in names]), n=1, cutoff=0.6)
    listed = ", ".join(spell(item) for item in names[:SHOWN]) + (", …" if len(names) > SHOWN else "")
    there_is = f"{kind}: {listed}" if names else ""
    if not near:
        return there_is
    match = next(item for item in names if item.lower() == near[0])
    return f"did you mean `{spell(match)}`? ({there_is})"


def _alike(name: str, names: list[str]) -> list[str]:
    if len(names) <= COMPARED:
        return names
    return [item for item in names if item[:1] == name[:1]][:COMPARED]
