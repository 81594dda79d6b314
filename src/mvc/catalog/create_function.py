"""CREATE FUNCTION, PROCEDURE and AGGREGATE: signatures only. What a body does is the server's business."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final, get_args

from mvc.catalog.cursor import Cursor
from mvc.catalog.draft import Draft
from mvc.catalog.tokens import Token, Unreadable
from mvc.catalog.type_names import TypeName, read_type
from mvc.catalog.types import Column, Function, FunctionKind, Volatility

NOT_CALLED: Final = frozenset({"trigger", "event_trigger", "internal", "language_handler", "index_am_handler"})
"""Functions that return one of these are never called in a query, so no catalog holds them."""

_MODES: Final = ("in", "out", "inout", "variadic")


@dataclass
class _Arguments:
    """What an argument list says, collected argument by argument."""

    types: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    columns: list[Column] = field(default_factory=list)
    defaults: int = 0
    variadic: bool = False


def create_function(draft: Draft, cursor: Cursor, kind: FunctionKind, *, replaces: bool = False) -> None:
    """What follows `CREATE FUNCTION` or `CREATE PROCEDURE`."""
    name = cursor.qualified()
    arguments = _Arguments()
    for item in cursor.group().items():
        _argument(draft, item, arguments)
    schema, bare = draft.home(name)
    function = _returning(draft, cursor, _signature(Function(schema, bare, (), "void", kind), arguments))
    if function.returns in NOT_CALLED or set(function.arguments) & NOT_CALLED:
        return
    place = (schema, bare, function.arguments)
    if place in draft.functions and not replaces:
        draft.twice(f"the function `{bare}({', '.join(function.arguments)})`", draft.span(name))
        return
    draft.functions[place] = _with_options(cursor, function)


def create_aggregate(draft: Draft, cursor: Cursor) -> None:
    """What follows `CREATE AGGREGATE`; the result is that of the final function where that one is known."""
    name = cursor.qualified()
    arguments = _Arguments()
    ordered = _without_order(cursor.group())
    for item in ordered.items():
        if not item.take("*"):
            _argument(draft, item, arguments)
    options = list(cursor.group().items()) if cursor.sees("(") else []
    final = _option(draft, options, "finalfunc")
    state = _option(draft, options, "stype") or "text"
    known = [item for place, item in draft.functions.items() if final and place[1] == final.rsplit(".", 1)[-1]]
    schema, bare = draft.home(name)
    function = Function(schema, bare, (), known[0].returns if known else state, "aggregate", volatility="immutable")
    draft.functions[schema, bare, tuple(arguments.types)] = _signature(function, arguments)


def drop_function(draft: Draft, cursor: Cursor) -> None:
    """One item of `DROP FUNCTION name [(arguments)], …`."""
    name = cursor.qualified()
    arguments = _Arguments()
    listed = cursor.sees("(")
    for item in cursor.group().items() if listed else ():
        _argument(draft, item, arguments)
    places = [place for place in draft.functions if place[1] == name.name and name.schema in (None, place[0])]
    for place in places:
        if not listed or place[2] == tuple(arguments.types):
            del draft.functions[place]


def _signature(function: Function, arguments: _Arguments) -> Function:
    named = any(arguments.names)
    several = len(arguments.columns) > 1
    procedure = function.kind == "procedure"
    returns = "record" if several or (procedure and arguments.columns) else function.returns
    if len(arguments.columns) == 1 and not procedure:
        returns = arguments.columns[0].type or returns
    return replace(
        function,
        arguments=tuple(arguments.types),
        returns=returns,
        defaults=arguments.defaults,
        variadic=arguments.variadic,
        argument_names=tuple(arguments.names) if named else (),
        columns=tuple(arguments.columns) if several or procedure else (),
    )


def _argument(draft: Draft, item: Cursor, found: _Arguments) -> None:
    """`[mode] [name] [mode] type [DEFAULT value]`."""
    mode = item.take_any(*_MODES)
    name = "" if _is_type(item) else item.name().text
    mode = mode or item.take_any(*_MODES)
    if mode == "in" and item.take("out"):
        mode = "inout"
    spelled = draft.spell(read_type(item), modifiers=False)
    if mode in ("out", "inout"):
        found.columns.append(Column(name or f"column{len(found.columns) + 1}", spelled))
    if mode == "out":
        return
    found.types.append(spelled)
    found.names.append(name)
    found.variadic = found.variadic or mode == "variadic"
    found.defaults += bool(item.take_any("default", "=", ":="))


def _is_type(item: Cursor) -> bool:
    """Whether the argument has no name: all of it, up to a default, reads as a type."""
    start = item.index
    try:
        read_type(item)
        return item.at_end() or bool(item.take_any("default", "=", ":="))
    except Unreadable:
        return False
    finally:
        item.index = start


def _returning(draft: Draft, cursor: Cursor, function: Function) -> Function:
    if not cursor.take("returns"):
        return function
    if cursor.take("table"):
        columns = tuple(_column(draft, item) for item in cursor.group().items())
        if not columns:
            raise cursor.unreadable("the table that is returned has no columns")
        several = len(columns) > 1
        returns = "record" if several else columns[0].type or "text"
        return replace(function, returns=returns, returns_set=True, columns=columns if several else ())
    returns_set = cursor.take("setof")
    return replace(function, returns=draft.spell(read_type(cursor), modifiers=False), returns_set=returns_set)


def _column(draft: Draft, item: Cursor) -> Column:
    name = item.name().text
    return Column(name, draft.spell(read_type(item), modifiers=False))


def _with_options(cursor: Cursor, function: Function) -> Function:
    """Volatility and WINDOW, wherever they stand among the options; a body and a SET value are no options."""
    while not cursor.at_end():
        if cursor.take_any("as", "set"):
            cursor.skip_one()
        elif cursor.sees("begin", "atomic") or cursor.sees("return"):
            break
        elif cursor.take("window"):
            function = replace(function, kind="window")
        elif word := cursor.take_any(*get_args(Volatility)):
            function = replace(function, volatility=word)  # type: ignore[arg-type]
        else:
            cursor.skip_one()
    return function


def _without_order(group: Cursor) -> Cursor:
    """The arguments of an ordered-set aggregate: `(a ORDER BY b)` takes a and b."""
    tokens: list[Token] = []
    while not group.at_end():
        if group.take("order", "by"):
            if tokens:
                tokens.append(group.peek()._replace(kind="symbol", text=","))
            continue
        tokens.append(group.token())
    return Cursor(tokens)


def _option(draft: Draft, options: list[Cursor], name: str) -> str:
    for item in options:
        item.index = 0
        if item.take(name, "="):
            written: TypeName = read_type(item)
            return draft.spell(written, modifiers=False)
    return ""
