"""What views are called in specs, plans and reports: by their names alone, unless another schema has a view of the same name.

A relation of the database is always found by its schema and its name. What a view is called only tells it from the project's other views: it
may change when another one comes or goes, and nothing that is stored depends on it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping


def called(schema: str, name: str, *, apart: bool) -> str:
    """What a view is called: `name`, or `schema.name` where it must be told `apart` from another one."""
    return f"{schema}.{name}" if apart else name


def shared(places: Iterable[tuple[str, str]]) -> frozenset[str]:
    """The names that more than one of the places (schema, name) has."""
    counted = Counter(name for _, name in frozenset(places))
    return frozenset(name for name, number in counted.items() if number > 1)


def spellings(names: Mapping[tuple[str, str], str]) -> Mapping[str, tuple[str, ...]]:
    """Whatever may be written for a view, its name with or without the schema → what the views are called that it may mean.

    `names` is what each is called, by (schema, name).
    """
    found: dict[str, tuple[str, ...]] = {}
    for (schema, name), said in sorted(names.items()):
        for text in (name, f"{schema}.{name}"):
            found[text] = (*found.get(text, ()), said)
    return found | {said: (said,) for said in names.values()}
