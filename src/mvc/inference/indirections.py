"""Parts of values: `x[1]`, `x[1:2]`, `(x).field`.

Rule source: PostgreSQL's parse_node.c (transformContainerSubscripts), jsonbsubs.c, parse_func.c (ParseComplexProjection).
"""

from __future__ import annotations

from typing import Final

from mvc.catalog import builtins
from mvc.inference.agreement import take
from mvc.inference.mends import TEXTS
from mvc.inference.site import TypedText, location_of, parts_of
from mvc.inference.world import UNKNOWN
from mvc.sql.parser import Node

_SUBSCRIPTED: Final = frozenset(
    {"name", "point", "lseg", "line", "box", "oidvector", "int2vector"}
)  # arrays of a fixed length inside


def indirection(inner: Node, text: TypedText) -> str | None:
    """The type of what is reached by one step after the other."""
    type_, steps = text.type_of(inner["arg"]), inner["indirection"]
    slices = any(step.get("A_Indices", {}).get("is_slice") for step in steps)
    subscripts = all("A_Indices" in step for step in steps)
    if subscripts and _is_array(text.world.base(type_)):
        for step in steps:
            _check_subscript(step, text.world.base(type_), text)
        array = text.world.base(type_) or ""
        return array if slices else text.world.element(array)
    for number, step in enumerate(steps):
        base = text.world.base(type_)
        _check_subscript(step, base, text)
        if base is None:
            return None
        if "A_Indices" not in step:
            found = _field(base, step, inner, text) if number == 0 else None
            return found if len(steps) == 1 else None
        type_ = _subscripted(base, inner, text)
    point = base == "point" and len(steps) == 1
    return "double precision" if point else None if slices and type_ != "jsonb" else type_


def _is_array(base: str | None) -> bool:
    return base is not None and base.endswith("[]")


def _check_subscript(step: Node, base: str | None, text: TypedText) -> None:
    """That of an array is a whole number, that of a jsonb one or a key."""
    for part in parts_of(step):
        type_ = text.world.base(text.type_of(part))
        if type_ is None or base is None:
            continue
        array = _is_array(base) or base in _SUBSCRIPTED
        if type_ == UNKNOWN:
            if array:
                take(part, "integer", text)
        elif array and not text.world.becomes(type_, "integer", "ia"):
            title = f"the subscript of an array is a whole number, and this is of type {type_}"
            text.report("MV120", location_of(part), title, label=f"of type {type_}", help="write its number: x[1]")
        elif base == "jsonb" and not any(text.world.becomes(type_, its) for its in ("integer", "text")):
            title = f"the subscript of a jsonb is a number or a key, and this is of type {type_}"
            help_line = f"cast it: {text.written(part)}::text"
            text.report("MV120", location_of(part), title, label=f"of type {type_}", help=help_line)


def _subscripted(base: str, inner: Node, text: TypedText) -> str | None:
    """The element; a second subscript of an array is one of another dimension."""
    if base == "jsonb":
        return base
    element = text.world.element(base) if base.endswith("[]") else None
    if element:
        return element
    if base not in _SUBSCRIPTED:
        at, shown = location_of(inner["arg"]), text.written(inner["arg"])
        title = f"a value of type {base} has no elements: only arrays and jsonb have"
        help_line = (
            f"write substring({shown}, 1, 1) for a letter of a text" if base in TEXTS else "leave the subscript out"
        )
        text.report("MV120", at, title, label=f"of type {base}", help=help_line)
    return None


def _field(base: str, step: Node, inner: Node, text: TypedText) -> str | None:
    """`(x).name` is a field of a composite type, or a call of `name(x)`."""
    name = step.get("String", {}).get("sval")
    if name is None or base == "record":
        return None
    if builtins.takes(name, 1) or text.world.catalog.functions_named(name):
        at = location_of(inner["arg"])
        call = {"funcname": [{"String": {"sval": name}}], "args": [inner["arg"]], "location": at}
        return text.type_of({"FuncCall": call})
    title = f"a value of type {base} has no field `{name}`"
    help_line = (
        f"write {text.written(inner['arg'])} ->> '{name}'" if base in ("json", "jsonb") else f"leave .{name} out"
    )
    text.report("MV120", location_of(inner["arg"]), title, label=f"of type {base}", help=help_line)
    return None
