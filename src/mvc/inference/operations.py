"""Operators: which one PostgreSQL takes for the types of its operands, and the finding where it has none."""

from __future__ import annotations

from typing import Final

from mvc.catalog.extension_operators import FOR_BUILTIN_TYPES, OF_EXTENSIONS
from mvc.catalog.operators import builtin_types
from mvc.inference.agreement import take
from mvc.inference.choose import Candidate, binary, has_left, prefix, result_of
from mvc.inference.mends import MOMENTS, OTHER_OPERATORS, cast, mend
from mvc.inference.site import TypedText, location_of
from mvc.inference.world import UNKNOWN
from mvc.sql.parser import Node

Operand = tuple[Node, str | None]

_SHOWN: Final = {"~~": "LIKE", "!~~": "NOT LIKE", "~~*": "ILIKE", "!~~*": "NOT ILIKE"}


def operator_of(inner: Node) -> str:
    return str(inner["name"][-1]["String"]["sval"])


def compare(name: str, left: Node, right: Node, text: TypedText, at: int) -> str | None:
    """`left name right`."""
    return between(
        name, (left, text.world.base(text.type_of(left))), (right, text.world.base(text.type_of(right))), text, at
    )


def between(name: str, left: Operand, right: Operand, text: TypedText, at: int) -> str | None:
    """The type of an operation on operands whose base types are known."""
    if left[1] is None or right[1] is None:
        if _check_name(name, text, at) and left[1] and not has_left(name, left[1], text.world):
            missing(name, left, (right[0], "what stands behind it"), text, at)
        return "boolean" if name in ("=", "<>", "<", ">", "<=", ">=") else None
    literal = next((node for node, type_ in (left, right) if type_ == UNKNOWN), {})
    if {left[1], right[1]} == {"record", UNKNOWN} and "sval" in literal.get("A_Const", {}):
        title = "a row is compared with a text, of which PostgreSQL can make no row"
        text.report(
            "MV120", at, title, label=f"record {name} text", help="compare it with a row: ROW(a, b) = ROW('x', 1)"
        )
        return None
    found = binary(name, left[1], right[1], text.world)
    if not found:
        missing(name, left, right, text, at)
        return None
    if len(found) > 1 and text.world.extensions <= {"plpgsql"}:
        not_unique(name, left, right, text, at)
        return None
    return _taken(found, [left, right], text)


def _cast_literal(name: str, left: Operand, right: Operand) -> str:
    if name in ("+", "-") and {left[1], right[1]} & MOMENTS:
        return "give the literal its type: INTERVAL '1 day'"
    return "give the literal its type, e.g. 'value'::text"


def _taken(found: list[Candidate], operands: list[Operand], text: TypedText) -> str | None:
    """The result of the one that was chosen; its literals are held against the types of its arguments."""
    if len(found) > 1:
        results = {item.result for item in found}
        return results.pop() if len(results) == 1 and results <= {"boolean"} else None
    types = [type_ or UNKNOWN for _, type_ in operands]
    for (node, type_), asked in zip(operands, found[0].arguments, strict=True):
        if type_ == UNKNOWN:
            others = [
                item for item, its in zip(types, found[0].arguments, strict=True) if its == asked and item != UNKNOWN
            ]
            take(node, others[0] if asked.startswith("any") and others else asked, text)
    return result_of(found[0], types, text.world)


def _check_name(name: str, text: TypedText, at: int) -> bool:
    """Says so where no operator of any types has the name."""
    known = {item for extension in text.world.extensions for item in FOR_BUILTIN_TYPES.get(extension, ((), ()))[0]}
    if (
        name in builtin_types().operators
        or name in known
        or not text.world.knows_all_types
        or text.world.catalog.operators
    ):
        return True
    if text.world.extensions and name in OF_EXTENSIONS:
        return True
    instead = OTHER_OPERATORS.get(name)
    text.report("MV101", at, f"PostgreSQL has no operator `{name}`", help=f"write `{instead}`" if instead else "")
    return False


def missing(name: str, left: Operand, right: Operand, text: TypedText, at: int) -> None:
    if not _check_name(name, text, at) or _may_be_an_extensions(name, (left[1], right[1]), text):
        return
    shown = _SHOWN.get(name, name)
    title = f"no operator `{shown}` takes {_type(left)} and {_type(right)}"
    help_line = mend(name, (left[1] or "", text.written(left[0])), (right[1] or "", text.written(right[0])))
    label = f"{_type(left)} {shown} {_type(right)}"
    text.report(
        "MV120", at, title, label=label, help=help_line or "cast one side, or compare with something of the same type"
    )


def _type(operand: Operand) -> str:
    return "text in quotes" if operand[1] == UNKNOWN else str(operand[1])


def _may_be_an_extensions(name: str, types: tuple[str | None, ...], text: TypedText) -> bool:
    """Whether an extension that is there may have the operator for two of PostgreSQL's own types."""
    if not text.world.knows_all_types:
        return name not in ("=", "<>", "<", ">", "<=", ">=")
    categories = {text.world.category(item) for item in types if item not in (None, UNKNOWN)}
    offers = (FOR_BUILTIN_TYPES[item] for item in text.world.extensions if item in FOR_BUILTIN_TYPES)
    return any(name in names and categories <= its for names, its in offers)


def rows(name: str, left: Node, right: Node, text: TypedText) -> str | None:
    """`(a, b) = (c, d)`: each is compared with its counterpart; None where these are no two rows of one length."""
    pair = [side.get("RowExpr", {}).get("args", []) for side in (left, right)]
    if not pair[0] or len(pair[0]) != len(pair[1]):
        return None
    for one, other in zip(*pair, strict=True):
        compare(name, one, other, text, location_of(other))
    return "boolean"


def plain(inner: Node, text: TypedText) -> str | None:
    name, right = operator_of(inner), inner.get("rexpr", {})
    if row := rows(name, inner.get("lexpr", {}), right, text):
        return row
    if "lexpr" in inner:
        return compare(name, inner["lexpr"], right, text, inner["location"])
    operand = text.world.base(text.type_of(right))
    if operand is None:
        _check_name(name, text, inner["location"])
        return None
    found = prefix(name, operand, text.world)
    if len(found) > 1 and text.world.extensions <= {"plpgsql"}:
        title = f"PostgreSQL cannot choose between the operators `{name}` that stand before {_type((right, operand))}"
        help_line = f"give the literal its type, e.g. {name} {cast(text.written(right), 'numeric')}"
        text.report("MV120", inner["location"], title, label="not unique", help=help_line)
        return None
    if found:
        return _taken(found, [(right, operand)], text)
    if _check_name(name, text, inner["location"]) and not _may_be_an_extensions(name, (operand,), text):
        help_line = (
            f"write NOT {text.written(right)}"
            if name in ("!", "~") and operand == "boolean"
            else "cast it to a type that has it"
        )
        text.report(
            "MV120", inner["location"], f"no operator `{name}` stands before a value of type {operand}", help=help_line
        )
    return None


def not_unique(name: str, left: Operand, right: Operand, text: TypedText, at: int) -> None:
    if text.world.extensions <= {"plpgsql"}:
        title = f"PostgreSQL cannot choose between the operators `{name}` for {_type(left)} and {_type(right)}"
        text.report("MV120", at, title, label="not unique", help=_cast_literal(name, left, right))


def same_or_not(inner: Node, text: TypedText) -> str:
    compare("=", inner["lexpr"], inner["rexpr"], text, inner["location"])
    return "boolean"


def nullif(inner: Node, text: TypedText) -> str | None:
    compare("=", inner["lexpr"], inner["rexpr"], text, location_of(inner["rexpr"]))
    found = text.world.base(text.type_of(inner["lexpr"]))
    if found == UNKNOWN and text.world.base(text.type_of(inner["rexpr"])) == UNKNOWN:
        return "text"
    return None if found in (UNKNOWN, "character varying") else found


def pattern(inner: Node, text: TypedText) -> str:
    compare(operator_of(inner), inner["lexpr"], inner["rexpr"], text, inner["location"])
    return "boolean"
