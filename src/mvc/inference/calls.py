"""Calls of functions: which one PostgreSQL takes for the types of its arguments, and the finding where it has none."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from mvc.catalog import builtins
from mvc.catalog.operators import builtin_types
from mvc.catalog.types import Function, counts_taken
from mvc.inference.agreement import take, truth
from mvc.inference.call_mends import SHOWN, call_mend
from mvc.inference.choose import Candidate, choose, element_of, result_of
from mvc.inference.comparing import check_compared, check_sorted, go_together
from mvc.inference.dressed import HYPOTHETICAL, check_dress
from mvc.inference.masks import check_mask
from mvc.inference.mends import cast
from mvc.inference.site import Handlers, TypedText, location_of
from mvc.inference.spoken import check_spoken
from mvc.inference.windows import check_window
from mvc.inference.world import POLYMORPHIC, UNKNOWN
from mvc.sql.parser import Node


def _call(inner: Node, text: TypedText) -> str | None:
    *schemas, name = (item["String"]["sval"] for item in inner["funcname"])
    nodes = list(inner.get("args", []))
    ordered = [item["SortBy"]["node"] for item in inner.get("agg_order", [])]
    truth(inner.get("agg_filter"), text, "FILTER (WHERE …)")
    if inner.get("agg_within_group"):
        nodes = [*nodes, *ordered]
    types = [text.type_of(node) for node in nodes]
    _check_around(name, inner, text)
    check_spoken(name, nodes, text)
    check_mask(name, nodes, text)
    if inner.get("agg_star"):
        return "bigint" if name == "count" else None
    if inner.get("func_variadic") or any("NamedArgExpr" in node for node in nodes):
        return None
    functions = _functions(name, schemas[-1] if schemas else "", text)
    return _resolved(functions, nodes, [text.world.base(item) for item in types], text, inner)


def _check_around(name: str, inner: Node, text: TypedText) -> None:
    """What stands beside the arguments: the order of an aggregate, a window, DISTINCT."""
    check_sorted(inner.get("agg_order", []), f"the order of `{name}`", text)
    check_window(inner.get("over", {}), text)
    for node in inner.get("args", []) if inner.get("agg_distinct") else ():
        check_compared(node, text.type_of(node), "DISTINCT", text)
    check_dress(inner, text)
    if inner.get("agg_within_group") and name in HYPOTHETICAL:
        _check_among(name, inner, text)


def _check_among(name: str, inner: Node, text: TypedText) -> None:
    """`rank(100) WITHIN GROUP (ORDER BY amount)`: what is asked of stands for a row, and has its types."""
    terms = [item["SortBy"]["node"] for item in inner.get("agg_order", [])]
    for asked, term in zip(inner.get("args", []), terms, strict=False):
        one, other = text.type_of(asked), text.type_of(term)
        if not go_together(one, other, text.world):
            title = f"`{name}` places a value of type {one} among values of type {other}"
            help_line = f"ask for a value of the same type: {name}(…::{other})"
            text.report("MV120", location_of(term), title, label=f"of type {other}", help=help_line)


class _Functions(NamedTuple):
    """Those that a name means: PostgreSQL's and the catalog's."""

    name: str
    builtin: tuple[Function, ...]
    own: tuple[Function, ...]

    def taking(self, count: int) -> list[Candidate]:
        """Those that take so many arguments."""
        return [taken for item in (*self.builtin, *self.own) if (taken := _candidate(item, count))]


def _functions(name: str, schema: str, text: TypedText) -> _Functions:
    builtin = builtins.builtin(name) if schema in ("", "pg_catalog") else ()
    own = text.world.catalog.functions_named(name, schema or None)
    return _Functions(name, tuple(builtin), own)


def _resolved(
    functions: _Functions, nodes: list[Node], types: list[str | None], text: TypedText, inner: Node
) -> str | None:
    name, at = functions.name, inner["location"]
    if len(nodes) == 1 and types[0] == UNKNOWN and name in builtin_types().names:
        take(nodes[0], builtin_types().names[name].spelled, text)  # date('2026-01-31') is a cast
        return builtin_types().names[name].spelled
    listed = functions.taking(len(nodes))
    known = [item for item in types if item is not None]
    if not listed and functions.builtin and not functions.own and inner.get("funcformat") == "COERCE_SQL_SYNTAX":
        _too_many(name, len(nodes), text, at)
    if not listed or len(known) < len(types):
        return _only_result(listed)
    found = choose(listed, known, text.world)
    if len(found) != 1:
        return _unresolved(functions, found, nodes, known, text, at)
    if not _check_literals(found[0], nodes, known, text, inner):
        return None
    return result_of(found[0], known, text.world) or None


def _check_literals(taken: Candidate, nodes: list[Node], known: list[str], text: TypedText, inner: Node) -> bool:
    """Whether literals say what is to be taken, with findings for those that are no values of it."""
    name = inner["funcname"][-1]["String"]["sval"]
    shown = SHOWN.get(name, name)
    if _is_untold(taken, known):
        title = f"PostgreSQL cannot tell the type of what `{shown}` is given: a text in quotes has none"
        help_line = f"give it one: {text.written(nodes[0])}::text"
        text.report("MV120", inner["location"], title, label="of no type", help=help_line)
        return False
    for node, type_, asked in zip(nodes, known, taken.arguments, strict=True):
        if type_ == UNKNOWN and asked == "record" and "sval" in node.get("A_Const", {}):
            title, help_line = f"`{shown}` takes a row, and a text in quotes is none", "give it a row: ROW(a, b)"
            text.report("MV120", location_of(node), title, label="no row", help=help_line)
        elif type_ == UNKNOWN:
            take(node, _told(asked, taken, known, text), text)
    return True


def _unresolved(  # noqa: PLR0913, PLR0917  the parts of a call
    functions: _Functions, found: list[Candidate], nodes: list[Node], known: list[str], text: TypedText, at: int
) -> str | None:
    """The type of a call that is a cast, else a finding where that is sure."""
    cast = _cast_by_name(functions.name, known, text) if not found else None
    own_unknown = bool(functions.own) and not _are_all_known(functions.own, text)
    if found and not functions.own and text.world.extensions <= {"plpgsql"}:
        _several(functions.name, nodes, known, text, at)
    elif not found and cast is None and not own_unknown:
        _missing(functions.name, nodes, known, text, at)
    return cast


def _is_untold(taken: Candidate, known: list[str]) -> bool:
    """Whether all that could tell what `anyelement` is are literals; `anycompatible` is text then."""
    pairs = [(operand, asked) for operand, asked in zip(known, taken.arguments, strict=True) if asked in POLYMORPHIC]
    return bool(pairs) and all(operand == UNKNOWN and "compatible" not in asked for operand, asked in pairs)


def _told(asked: str, taken: Candidate, known: list[str], text: TypedText) -> str:
    """The type that a literal is taken for, where what is asked for depends on the other arguments."""
    if asked not in POLYMORPHIC:
        return asked
    pairs = [pair for pair in zip(known, taken.arguments, strict=True) if pair[1] in POLYMORPHIC and pair[0] != UNKNOWN]
    elements = {element_of(operand, its, text.world) for operand, its in pairs}
    element = elements.pop() if len(elements) == 1 else None
    if not element and not pairs and "compatible" in asked:
        element = "text"
    if not element or asked.endswith("range"):
        return asked
    return f"{element}[]" if asked.endswith("array") and not asked.endswith("nonarray") else element


def _too_many(name: str, count: int, text: TypedText, at: int) -> None:
    """`trim(a, b, c)`: the grammar takes any number."""
    shown = SHOWN.get(name, name)
    taken = counts_taken(builtins.builtin(name))
    text.report(
        "MV107",
        at,
        f"`{shown}` does not take {count} arguments",
        label="wrong number of arguments",
        help=f"it takes {taken}",
    )


def _only_result(listed: Iterable[Candidate]) -> str | None:
    """What a call gives whichever of the functions is meant."""
    results = {item.result for item in listed}
    only = results.pop() if len(results) == 1 else ""
    return only if only and not only.startswith("any") else None


def _cast_by_name(name: str, known: list[str], text: TypedText) -> str | None:
    """A call by the name of a type is a cast."""
    target = builtin_types().names[name].spelled if len(known) == 1 and name in builtin_types().names else ""
    return target if target and text.world.becomes(known[0], target, "iae") else None


def _are_all_known(own: Iterable[Function], text: TypedText) -> bool:
    """Whether functions of the catalog take types only of which everything is known, so that no other can be meant."""
    return not text.world.extensions - {"plpgsql"} and all(
        text.world.base(argument) is not None for item in own for argument in item.arguments
    )


def _candidate(function: Function, count: int) -> Candidate | None:
    """The function as it takes so many arguments."""
    if not function.takes(count) or function.kind == "procedure":
        return None
    arguments = function.arguments
    if function.variadic and count >= len(arguments):
        last = arguments[-1].removesuffix("[]") if arguments[-1] != '"any"' else '"any"'
        last = {"anyarray": "anyelement", "anycompatiblearray": "anycompatible"}.get(last, last)
        arguments = (*arguments[:-1], *[last] * (count - len(arguments) + 1))
    return Candidate(arguments[:count], function.returns if not function.returns_set else "")  # a set is no value


def _missing(name: str, nodes: list[Node], types: list[str], text: TypedText, at: int) -> None:
    shown = SHOWN.get(name, name)
    listed = ", ".join("text in quotes" if item == UNKNOWN else item for item in types)
    title = f"`{shown}` does not take {listed or 'no argument'}"
    text.report("MV120", at, title, label=f"of {listed}", help=call_mend(name, nodes, types, text))


def _several(name: str, nodes: list[Node], types: list[str], text: TypedText, at: int) -> None:
    listed = ", ".join("text in quotes" if item == UNKNOWN else item for item in types)
    number = types.index(UNKNOWN) if UNKNOWN in types else 0
    moment = name in ("to_char", "date_trunc", "date_part", "extract", "age", "timezone")
    help_line = f"give the literal its type, e.g. {cast(text.written(nodes[-1 if moment and len(nodes) > 1 and name != 'to_char' else number]), 'timestamptz' if moment else 'text')}"
    title = f"PostgreSQL cannot choose between the functions `{SHOWN.get(name, name)}` for {listed}"
    text.report("MV120", at, title, label="not unique", help=help_line)


HANDLERS: Final[Handlers] = {"FuncCall": _call}
