"""The door: a text and the types of its columns → its type, and what PostgreSQL would refuse in it or give nobody what he wants."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from mvc.inference import calls, queries, several, values
from mvc.inference.agreement import truth
from mvc.inference.fixed import check_fixed_casts
from mvc.inference.newer import check_version
from mvc.inference.sets import check_sets
from mvc.inference.site import Problem, Rules, TypedText
from mvc.inference.surely import look
from mvc.inference.unseen import check_seen
from mvc.inference.world import World
from mvc.sql.parser import GrammarError, Node, parse

_PREFIX: Final = "SELECT ("
RULES: Final = Rules({**values.HANDLERS, **several.HANDLERS, **calls.HANDLERS}, queries.query)


class Inferred(NamedTuple):
    """What is known of a text. `type` is None where it is not known; `unknown` is that of a literal. `columns` are those of a query."""

    type: str | None
    problems: tuple[Problem, ...]
    columns: tuple[str | None, ...] = ()


_NEVER: Final[Mapping[int, str]] = {}
NOTHING: Final = Inferred(None, ())


def infer_value(  # noqa: PLR0913  one for each thing that a place knows
    text: str,
    types: Mapping[int, str | None],
    world: World,
    *,
    condition: str = "",
    around: tuple[str, str] = ("", ""),
    zero: Mapping[int, str] = _NEVER,
    fixed: bool = False,
) -> Inferred:
    """The type of one expression; `types` are those of its columns, by offset. With `condition` it must be a boolean, and that says whose;
    `around` is a call that it is the argument of. `zero` says of columns, by offset, why they may be zero; what is `fixed` may
    not depend on settings, as in an index.
    """
    before = _PREFIX + around[0]
    node = _tree(f"{before}{text}\n{around[1]})")
    if node is None:
        return NOTHING
    site = TypedText(text, len(before), types, world, RULES)
    value = node["targetList"][0]["ResTarget"]["val"]
    look(value, site, zero)
    check_sets(value, site)
    check_version(value, site)
    if condition:
        truth(value, site, condition)
    type_ = "boolean" if condition else site.type_of(value)
    if fixed:
        check_fixed_casts(site)
    check_seen(value, site)
    return Inferred(type_, tuple(dict.fromkeys(site.problems)))


def infer_query(text: str, types: Mapping[int, str | None], world: World) -> Inferred:
    """What is wrong in a query; `types` are those of the columns in it, by offset."""
    node = _tree(text)
    if node is None:
        return NOTHING
    site = TypedText(text, 0, types, world, RULES)
    columns = tuple(queries.query(node, site))
    look({"SelectStmt": node}, site, _NEVER)
    check_sets({"SelectStmt": node}, site)
    check_version({"SelectStmt": node}, site)
    return Inferred(None, tuple(dict.fromkeys(site.problems)), columns)


def _tree(text: str) -> Node | None:
    try:
        statements = parse(text)
    except GrammarError:
        return None  # said elsewhere
    only = statements[0] if statements and len(statements) == 1 else None
    return only.node if only and only.kind == "SelectStmt" else None
