"""CREATE FUNCTION, PROCEDURE and AGGREGATE: signatures only. What a body does is the server's business."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from mvc.catalog.draft import Draft
from mvc.catalog.late_names import late_names
from mvc.catalog.types import Column, Function, FunctionKind
from mvc.catalog.written import Written, items, strings
from mvc.sql.parser import Node

NOT_CALLED: Final = frozenset({"trigger", "event_trigger", "internal", "language_handler", "index_am_handler"})
"""Functions that return one of these are never called in a query, so no catalog holds them."""


@dataclass
class _Arguments:
    """What an argument list says, collected argument by argument."""

    types: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    columns: list[Column] = field(default_factory=list)
    defaults: int = 0
    variadic: bool = False


def create_function(draft: Draft, written: Written) -> None:
    """`CREATE FUNCTION` and `CREATE PROCEDURE`."""
    node = written.node
    name = written.named(node["funcname"])
    kind: FunctionKind = "procedure" if node.get("is_procedure") else "function"
    schema, bare = draft.home(name)
    arguments, table = _Arguments(), _Arguments()
    for _, parameter in items(node.get("parameters", [])):
        _argument(draft, written, parameter, table if parameter["mode"] == "FUNC_PARAM_TABLE" else arguments)
    signature = _signature(Function(schema, bare, (), "void", kind), arguments)
    function = _returning(draft, written, signature, table.columns)
    if function.returns in NOT_CALLED or set(function.arguments) & NOT_CALLED:
        return
    place = (schema, bare, function.arguments)
    if place in draft.functions and not node.get("replace"):
        draft.twice(f"the function `{bare}({', '.join(function.arguments)})`", draft.span(name))
        return
    draft.functions[place] = _with_options(node, function)


def create_aggregate(draft: Draft, written: Written) -> None:
    """`CREATE AGGREGATE`; the result is that of the final function where that one is known."""
    node = written.node
    schema, bare = draft.home(written.named(node["defnames"]))
    options = {
        option["defname"]: option["arg"]["TypeName"] for _, option in items(node["definition"]) if _is_type(option)
    }
    arguments = _Arguments()
    for _, parameter in items(node["args"][0].get("List", {}).get("items", []) if "args" in node else []):
        _argument(draft, written, parameter, arguments)
    if (base := options.get("basetype")) and strings(base["names"]) != ["any"]:
        arguments.types.append(_spelled(draft, written, base))  # as it was written before PostgreSQL 8.2
        arguments.names.append("")
    final = strings(options["finalfunc"]["names"])[-1] if "finalfunc" in options else ""
    state = _spelled(draft, written, options["stype"]) if "stype" in options else "text"
    known = [item for place, item in draft.functions.items() if final and place[1] == final]
    function = Function(schema, bare, (), known[0].returns if known else state, "aggregate", volatility="immutable")
    draft.functions[schema, bare, tuple(arguments.types)] = _signature(function, arguments)


def drop_function(draft: Draft, written: Written, node: Node) -> None:
    """One item of `DROP FUNCTION name [(arguments)], …`."""
    for place in _places(draft, written, node):
        del draft.functions[place]


def alter_function(draft: Draft, written: Written) -> None:
    """`ALTER FUNCTION … SET search_path = …`: with a path of its own, what the body reads is not each caller's affair, or is not known here."""
    paths = [
        option["arg"]["VariableSetStmt"] for _, option in items(written.node["actions"]) if option["defname"] == "set"
    ]
    if any(
        path.get("name") == "search_path" and (path["kind"] == "VAR_SET_CURRENT" or "pg_temp" in path_of(path))
        for path in paths
    ):
        for place in _places(draft, written, written.node["func"]):
            draft.functions[place] = replace(draft.functions[place], late=())


def _places(draft: Draft, written: Written, node: Node) -> list[tuple[str, str, tuple[str, ...]]]:
    """The functions that a name means, with arguments or without."""
    *schema, name = strings(node["objname"])
    listed = not node.get("args_unspecified")
    types = tuple(_spelled(draft, written, type_) for _, type_ in items(node.get("objargs", [])))
    named = [place for place in draft.functions if place[1] == name and (not schema or schema[-1] == place[0])]
    return [place for place in named if not listed or place[2] == types]


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


def _argument(draft: Draft, written: Written, node: Node, found: _Arguments) -> None:
    """`[mode] [name] type [DEFAULT value]`, and a column of RETURNS TABLE."""
    mode, name = node["mode"], node.get("name", "")
    spelled = _spelled(draft, written, node["argType"])
    if mode in ("FUNC_PARAM_OUT", "FUNC_PARAM_INOUT", "FUNC_PARAM_TABLE"):
        found.columns.append(Column(name or f"column{len(found.columns) + 1}", spelled))
    if mode in ("FUNC_PARAM_OUT", "FUNC_PARAM_TABLE"):
        return
    found.types.append(spelled)
    found.names.append(name)
    found.variadic = found.variadic or mode == "FUNC_PARAM_VARIADIC"
    found.defaults += "defexpr" in node


def _returning(draft: Draft, written: Written, function: Function, table: list[Column]) -> Function:
    if table:
        several = len(table) > 1
        returns = "record" if several else table[0].type or "text"
        return replace(function, returns=returns, returns_set=True, columns=tuple(table) if several else ())
    type_ = written.node.get("returnType")
    if type_ is None:
        return function
    return replace(function, returns=_spelled(draft, written, type_), returns_set=bool(type_.get("setof")))


def _with_options(node: Node, function: Function) -> Function:
    """Volatility, WINDOW, and what the body reads by a name alone."""
    function = replace(function, late=_late(node))
    for _, option in items(node.get("options", [])):
        if option["defname"] == "window":
            function = replace(function, kind="window")
        elif option["defname"] == "volatility":
            function = replace(function, volatility=option["arg"]["String"]["sval"])
    return function


def _late(node: Node) -> tuple[str, ...]:
    """What the body reads by a name alone, of a function that sets no path which says what is meant. One FROM CURRENT is not known."""
    options = [option for _, option in items(node.get("options", []))]
    said = {option["defname"]: option.get("arg", {}) for option in options if option["defname"] in ("language", "as")}
    paths = [option["arg"]["VariableSetStmt"] for option in options if option["defname"] == "set"]
    paths = [path for path in paths if path.get("name") == "search_path"]
    if "sql_body" in node or any(path["kind"] == "VAR_SET_CURRENT" for path in paths):
        return ()
    body = strings(said.get("as", {}).get("List", {}).get("items", []))
    names = path_of(paths[-1]) if paths else None
    return late_names(said.get("language", {}).get("String", {}).get("sval", ""), body[0] if body else "", names)


def path_of(setting: Node) -> list[str]:
    """The schemas that a SET of search_path names."""
    return [value.get("sval", {}).get("sval", "") for _, value in items(setting.get("args", []))]


def _is_type(option: Node) -> bool:
    return "TypeName" in option.get("arg", {})


def _spelled(draft: Draft, written: Written, node: Node) -> str:
    return draft.spell(written.type(node), modifiers=False)
