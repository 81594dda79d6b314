"""Index methods, operator classes and storage parameters that PostgreSQL does not have, or not for this.

Rule source: PostgreSQL manual, CREATE INDEX and CREATE TABLE, "Storage Parameters"; the classes are those that its servers list.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from mvc.analysis.names.functions import Functions
from mvc.analysis.resolved import ResolvedView
from mvc.analysis.types.inferred_outputs import OutputTypes
from mvc.catalog.extensions import are_known, extensions
from mvc.catalog.operators import builtin_types
from mvc.diagnostics import Diagnostic, Span, did_you_mean, error
from mvc.expression.parse import folded
from mvc.inference.comparing import has_default
from mvc.inference.world import World
from mvc.model.origin import Origin
from mvc.model.view import Index, IndexKey, Setting

_FILL: Final = {"fillfactor": (10, 100)}
_OF_METHODS: Final[Mapping[str, Mapping[str, tuple[int, int] | None]]] = {
    "btree": {**_FILL, "deduplicate_items": None},
    "hash": _FILL,
    "gist": {**_FILL, "buffering": None},
    "spgist": _FILL,
    "gin": {"fastupdate": None, "gin_pending_list_limit": (64, 2147483647)},
    "brin": {"pages_per_range": (1, 131072), "autosummarize": None},
}
_AUTOVACUUM: Final = tuple(
    """
    enabled vacuum_threshold vacuum_max_threshold vacuum_scale_factor vacuum_insert_threshold
    vacuum_insert_scale_factor analyze_threshold analyze_scale_factor vacuum_cost_delay vacuum_cost_limit
    freeze_min_age freeze_max_age freeze_table_age multixact_freeze_min_age multixact_freeze_max_age
    multixact_freeze_table_age
    """.split()
)
_OF_TABLES: Final[Mapping[str, tuple[int, int] | None]] = {
    **_FILL,
    "parallel_workers": (0, 1024),
    "toast_tuple_target": (128, 8160),
    "user_catalog_table": None,
    **dict.fromkeys(
        (
            "vacuum_index_cleanup",
            "vacuum_truncate",
            "log_autovacuum_min_duration",
            "vacuum_max_eager_freeze_failure_rate",
        )
    ),
    **dict.fromkeys(f"autovacuum_{name}" for name in _AUTOVACUUM),
}


def check_index_kind(view: ResolvedView, index: Index, functions: Functions) -> Iterator[Diagnostic]:
    """Findings for one index."""
    world = functions.world
    if index.method not in _OF_METHODS:
        theirs = {
            name.partition("/")[0]
            for item in world.extensions
            if item in extensions()
            for name in extensions()[item].classes
        }
        if index.method not in theirs and are_known(world.extensions):
            yield _unknown_method(index.method, index.origin.at("using"))
        return
    yield from _parameters(
        index.parameters, _OF_METHODS[index.method], index.origin.at("with"), f"a {index.method} index"
    )
    for key in index.keys:
        yield from _class(key, view, index, world)


def check_storage(view: ResolvedView) -> Iterator[Diagnostic]:
    """Findings for the storage parameters of a view."""
    yield from _parameters(view.view.parameters, _OF_TABLES, view.view.origin.at("with"), "a stored view")


def _unknown_method(name: str, origin: Origin) -> Diagnostic:
    owner = next(
        (item for item, its in extensions().items() if any(one.startswith(f"{name}/") for one in its.classes)), ""
    )
    help_line = (
        f"the extension {owner} has it: `requires: [{owner}]`" if owner else did_you_mean(name, _OF_METHODS, "methods")
    )
    return error(
        "MV702", origin.span, f"PostgreSQL has no index method `{name}`", label="unknown method", help=help_line
    )


def _parameters(
    given: Mapping[str, Setting], known: Mapping[str, tuple[int, int] | None], origin: Origin, kind: str
) -> Iterator[Diagnostic]:
    for name, value in given.items():
        plain = name.lower().removeprefix("toast.") if known is _OF_TABLES else name.lower()
        bounds = known.get(plain)
        if plain not in known:
            near = did_you_mean(plain, known, "storage parameters")
            yield error(
                "MV703",
                origin.at(name).key_span,
                f"{kind} has no storage parameter `{name}`",
                label="unknown",
                help=near,
            )
        elif bounds and isinstance(value, int | float) and not bounds[0] <= value <= bounds[1]:
            title = f"`{name}` is between {bounds[0]} and {bounds[1]}"
            yield error(
                "MV703",
                origin.at(name).span,
                title,
                label="out of range",
                help=f"write a number from {bounds[0]} to {bounds[1]}",
            )


def _class(key: IndexKey, view: ResolvedView, index: Index, world: World) -> Iterator[Diagnostic]:
    expression = key.term.ordered.expression
    name = folded(expression.ast.this) if len(expression.columns) == 1 and not expression.calls else ""
    type_ = world.base(OutputTypes(view, world).of(name)) if view.column(name) else None
    if key.opclass:
        yield from _named_class(key.opclass.lower(), key, index.method, type_, world)
    elif (
        type_
        and index.method in ("gin", "gist", "spgist", "brin", "btree", "hash")
        and not has_default(index.method, type_, world)
    ):
        title = f"a {index.method} index has no operator class for {type_}"
        yield error("MV703", key.term.origin.span, title, label=f"of type {type_}", help=_instead(index.method, type_))


def _named_class(name: str, key: IndexKey, method: str, type_: str | None, world: World) -> Iterator[Diagnostic]:
    place = key.term.origin.span if key.opclass is None else _place(key)
    taken = builtin_types().classes.get((method, name.rpartition(".")[2]))
    owner = next((item for item, its in extensions().items() if f"{method}/{name}" in its.classes), "")
    if taken is None and not owner:
        known = {one for its, one in builtin_types().classes if its == method}
        known |= {
            one.partition("/")[2]
            for its in extensions().values()
            for one in its.classes
            if one.startswith(f"{method}/")
        }
        if are_known(world.extensions):
            near = did_you_mean(name, known, "operator classes")
            yield error("MV703", place, f"a {method} index has no operator class `{name}`", label="unknown", help=near)
    elif owner and owner not in world.extensions and taken is None:
        help_line = f"add `requires: [{owner}]` to the view"
        yield error(
            "MV703",
            place,
            f"the operator class `{name}` comes with the extension {owner}",
            label="not there",
            help=help_line,
        )
    elif taken and type_ and not any(world.becomes(type_, item) for item in taken):
        title = f"the operator class `{name}` is for {' or '.join(taken)}, and the column is of type {type_}"
        yield error("MV703", place, title, label=f"for {taken[0]}", help="leave `opclass` out: the type's own is taken")


def _place(key: IndexKey) -> Span:
    origin = key.term.origin
    return Origin(origin.document, (*origin.path[:-1], "opclass")).span


def _instead(method: str, type_: str) -> str:
    if type_ in ("text", "character varying") and method in ("gin", "gist"):
        return f"for searches within texts: opclass: {method}_trgm_ops, and requires: [pg_trgm]; else leave `using` out"
    if method in ("gin", "gist"):
        return f"leave `using` out: a btree finds values of {type_}; or add requires: [btree_{method}]"
    return "index an expression of another type, e.g. a cast to text"
