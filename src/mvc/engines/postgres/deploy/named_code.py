"""What of a view's SQL the catalog names of what may run code: functions and domains, as `schema.name(types)` or `schema.name`, and tables and
views, whose owners can have code run when they are read.

By their owners the database says whose code a view would run. A name that is only a word of the text does no harm: what nobody
calls is not asked about. A relation is named where rows are read from it: with its schema, or alone, as the first along the search path.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from mvc.catalog.types import Catalog, DomainType, Function, Relation
from mvc.compiled.view import CompiledView
from mvc.engines.postgres.deploy.words import Token, end_of_name, tokens, unquoted
from mvc.quoting import qualified

# What ends a FROM clause, or the part of it in which a comma begins another relation; ON ends it until the next comma or JOIN.
_ENDS: Final = frozenset(
    """
    select where group having order window limit offset fetch for union intersect except values
    """.split()
)
_BEGINS: Final = frozenset({"from", "join", "table"})


def named_code(view: CompiledView, catalog: Catalog) -> tuple[str, ...]:
    """Everything of the catalog that may run code and that the view's SQL names."""
    texts = (view.stored_query, view.exposure.query, *(arm.query for arm in view.exposure.arms))
    listed = [tokens(text) for text in (*texts, *(index.definition for index in view.indexes))]
    words = {unquoted(text) for found in listed for kind, text in found if kind == "name"}
    read = {name for found in listed for name in _read_from(found)}
    relations = [item for schema, name in read if (item := catalog.relation(name, schema or None))]
    typed = {word for relation in relations for column in relation.columns for word in _type_words(column.type)}
    functions = (item for item in catalog.functions if item.name in words)
    others: list[Relation | DomainType] = [*relations]
    others += (item for item in catalog.domains if item.name in words | typed)
    named = {signature(item) for item in functions}
    return tuple(sorted(named | {qualified(item.schema, item.name) for item in others}))


def used_of(catalog: Catalog, views: Iterable[CompiledView]) -> Catalog:
    """The relations and functions of the catalog that some of the views name."""
    names = {name for view in views for name in view.named}
    return Catalog(
        relations=tuple(
            replace(item, indexes=()) for item in catalog.relations if qualified(item.schema, item.name) in names
        ),
        functions=tuple(item for item in catalog.functions if signature(item) in names),
        search_path=catalog.search_path,
    )


def signature(function: Function) -> str:
    """A function as `CompiledView.named` names it."""
    return f"{qualified(function.schema, function.name)}({', '.join(function.arguments)})"


def _read_from(found: list[Token]) -> Iterator[tuple[str, str]]:
    """(schema or "", name) of what stands where a relation can."""
    state, outer = "", list[str]()
    for place, (kind, text) in enumerate(found):
        if text == "(":
            outer.append(state)
            state = state if state == "from" else ""
        elif text == ")":
            state = outer.pop() if outer else ""
        elif text in _BEGINS or (text == "," and state == "on"):
            state = "from"
        elif text in _ENDS:
            state = ""
        elif text in ("on", "using") and state == "from":
            state = "on"
        elif kind == "name" and state == "from" and found[place - 1][1] not in (".", "as"):
            parts = [unquoted(word) for _, word in found[place : end_of_name(found, place) : 2]]
            yield parts[-2] if len(parts) > 1 else "", parts[-1]


def _type_words(type_: str | None) -> set[str]:
    return {unquoted(text) for kind, text in tokens(type_ or "") if kind == "name"} if type_ else set()
