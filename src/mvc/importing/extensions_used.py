"""Which extensions a view of a file needs: those whose functions, types or operator classes it names, where nothing else has these names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from mvc.catalog.builtins import is_known
from mvc.catalog.extensions import Extension, extensions
from mvc.catalog.types import Catalog
from mvc.importing.found import FoundView
from mvc.sql.parser import GrammarError, parse


def with_extensions(views: Iterable[FoundView], catalog: Catalog) -> tuple[FoundView, ...]:
    """The views, each with the extensions that it needs."""
    return tuple(replace(view, extensions=_used(view, catalog)) for view in views)


def _used(view: FoundView, catalog: Catalog) -> tuple[str, ...]:
    own = {item.name for item in catalog.functions} | {item.name for item in catalog.enums}
    own |= {item.name for item in catalog.domains} | {item.name for item in catalog.composites}
    try:
        named = set(_named([item.node for item in parse(view.sql) or ()]))
    except (GrammarError, RecursionError):
        named = set()
    named |= {
        ("classes", f"{index.method}/{key.opclass}") for index in view.indexes for key in index.keys if key.opclass
    }
    owners = (_owner(kind, name, catalog) for kind, name in named if name not in own)
    return tuple(sorted({owner for owner in owners if owner}))


def _named(node: Any) -> Iterator[tuple[str, str]]:
    """What a tree names: the kind, as `Extension` calls it, and the name."""
    if isinstance(node, list):
        for item in node:
            yield from _named(item)
    elif isinstance(node, dict):
        for key, kind in (("funcname", "functions"), ("names", "types")):
            if key in node and isinstance(node[key], list) and "String" in node[key][-1]:
                yield kind, node[key][-1]["String"]["sval"]
        for value in node.values():
            yield from _named(value)


def _owner(kind: str, name: str, catalog: Catalog) -> str:
    """The extension that has it; of several, one that the DDL creates, else the one that the others are named after. Empty where that cannot be told."""
    if kind == "functions" and is_known(name):
        return ""
    owners = {extension for extension, its in extensions().items() if name in _members(its, kind)}
    owners = owners & set(catalog.extensions) or owners
    first = min(owners, key=len, default="")
    return first if all(owner.startswith(first) for owner in owners) else ""


def _members(its: Extension, kind: str) -> frozenset[str]:
    return {"functions": its.functions, "types": its.types, "classes": its.classes}[kind]
