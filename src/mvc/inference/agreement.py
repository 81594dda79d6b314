"""Operands that have to be of one type, or of a certain one: literals, conditions, the branches of CASE.

Rule source: PostgreSQL's parse_coerce.c (select_common_type, coerce_to_boolean).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mvc.diagnostics import did_you_mean
from mvc.inference.literals import problem_of
from mvc.inference.mends import cast
from mvc.inference.site import TypedText, location_of
from mvc.inference.world import UNKNOWN
from mvc.sql.parser import Node


def take(node: Node, target: str, text: TypedText, mend: str = "") -> None:
    """Says so where a literal is no value of the type that it is taken for; `mend` is what helps there."""
    literal = node.get("A_Const", {}).get("sval")
    if literal is None:
        return
    written = literal.get("sval", "")
    why = problem_of(written, target, text.world)
    if why:
        shown = written if len(written) <= 40 else f"{written[:40]}…"
        help_line = mend or _nearest(written, target, text) or why
        label = why if help_line != why else "no such value"
        text.report(
            "MV121", node["A_Const"]["location"], f"'{shown}' is no value of {target}", label=label, help=help_line
        )


def _nearest(written: str, target: str, text: TypedText) -> str:
    enum = text.world.enums.get(target)
    return did_you_mean(written, enum.labels, "values", lambda label: f"'{label}'") if enum else ""


def _compared_once(where: str) -> str:
    """What helps at `x = 'a' OR 'b'`."""
    return "write what it is compared with again: x = 'a' OR x = 'b'; or x IN ('a', 'b')" if "joins" in where else ""


def truth(node: Node | None, text: TypedText, where: str) -> None:
    """Says so where a condition is no boolean."""
    if node is None:
        return
    found = text.type_of(node)
    base = text.world.base(found)
    if base == UNKNOWN:
        take(node, "boolean", text, _compared_once(where))
    elif base is not None and base != "boolean":
        text.report(
            "MV122",
            location_of(node),
            f"{where} is true or false, and this is of type {found}",
            label=f"of type {found}",
            help=_test(node, base, text),
        )


def _test(node: Node, type_: str, text: TypedText) -> str:
    shown = text.written(node)
    if type_ in ("smallint", "integer", "bigint", "numeric", "real", "double precision"):
        return f"compare it, e.g. {shown} > 0 or {shown} IS NOT NULL"
    return (
        f"compare it, e.g. {shown} = 'value' or {shown} IS NOT NULL"
        if type_ in ("text", "character varying")
        else f"compare it, e.g. {shown} IS NOT NULL"
    )


def common_type(nodes: Iterable[Node], text: TypedText, called: str) -> str | None:
    """The type of CASE, COALESCE and the like, whose branches have to agree; a finding at the first one that does not."""
    parts = list(nodes)
    found = [(node, text.world.base(text.type_of(node))) for node in parts]
    if any(type_ is None for _, type_ in found):
        return None
    known = [(node, type_) for node, type_ in found if type_ not in (None, UNKNOWN)]
    if not known:
        return "text"
    common = _common(known, text, called)
    for node in parts if common else ():
        take(node, common or "", text)
    return common


def _no_cast(one: str, other: str) -> str:
    return f"no value of the type {other} is one of {one}: take one of the two out, or compare them as text"


def _common(known: Sequence[tuple[Node, str | None]], text: TypedText, called: str) -> str | None:
    world, common = text.world, known[0][1] or ""
    for node, type_ in known[1:]:
        if type_ is None or type_ == common:
            continue
        same = world.category(type_) == world.category(common)
        if (
            same
            and not world.is_preferred(common)
            and world.becomes(common, type_)
            and not world.becomes(type_, common)
        ):
            common = type_
        elif not same or not world.becomes(type_, common):
            title = f"{called} has values of the types {common} and {type_}, which do not go together"
            text.report(
                "MV120",
                location_of(node),
                title,
                label=f"of type {type_}",
                help=_no_cast(common, type_)
                if not world.becomes(type_, common, "iae") and "text" not in (type_, common)
                else f"cast it: {cast(text.written(node), 'text' if 'text' in (type_, common) else common)}"
                if type_ != "text"
                else f"cast the others to text, e.g. {cast(text.written(known[0][0]), 'text')}",
            )
            return None
    return common
