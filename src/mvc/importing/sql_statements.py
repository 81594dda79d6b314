"""What each statement of a file does to the views that it speaks of: a function for each kind of PostgreSQL's tree."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from mvc.catalog.create_view import end_of_query
from mvc.catalog.cursor import Cursor
from mvc.catalog.tokens import Token
from mvc.importing.create_index import parameter, read_index
from mvc.importing.draft_views import DraftView, DraftViews, Named, granted, rename_column, within
from mvc.importing.found import Lost
from mvc.sql.parser import Node

_VIEWS: Final = frozenset({"OBJECT_MATVIEW", "OBJECT_VIEW", "OBJECT_TABLE"})  # ALTER TABLE takes views as well


@dataclass(frozen=True)
class SqlStatement:
    """A statement: its text, its tokens (with places in the text), what PostgreSQL's grammar says of it, and where it stands."""

    text: str
    tokens: list[Token]
    node: Node
    at: str


def create_view(views: DraftViews, said: SqlStatement) -> None:
    """CREATE [OR REPLACE] VIEW."""
    node = said.node
    named = _named(node["view"])
    found = DraftView(*views.home(named), "view", _query(said), _texts(node.get("aliases", [])))
    found.lost = [
        Lost(f"option {item['DefElem']['defname']}", "a plain view of a project has none")
        for item in node.get("options", [])
    ]
    before = views.find(named) if node.get("replace") else None
    if before:
        found.readers, found.description, found.owner = before.readers, before.description, before.owner
    views.add(found)


def create_materialized_view(views: DraftViews, said: SqlStatement) -> None:
    """CREATE MATERIALIZED VIEW."""
    into = said.node["into"]
    if said.node.get("objtype") != "OBJECT_MATVIEW" or (
        said.node.get("if_not_exists") and views.find(_named(into["rel"]))
    ):
        return
    found = DraftView(
        *views.home(_named(into["rel"])), "materialized view", _query(said), _texts(into.get("colNames", []))
    )
    found.parameters = dict(parameter(item["DefElem"]) for item in into.get("options", []))
    if into.get("tableSpaceName"):
        found.lost.append(
            Lost(f"tablespace {into['tableSpaceName']}", "what is stored lies in the database's default tablespace")
        )
    if into.get("accessMethod", "heap") != "heap":
        found.lost.append(
            Lost(f"access method {into['accessMethod']}", "what is stored has the database's default one")
        )
    views.add(found)


def _query(said: SqlStatement) -> str:
    """What stands behind AS."""
    cursor = Cursor(said.tokens)
    cursor.skip_to("as")
    cursor.expect("as")
    return said.text[cursor.peek().start : said.tokens[end_of_query(said.tokens) - 1].end]


def create_index(views: DraftViews, said: SqlStatement) -> None:
    """CREATE INDEX on one of the views."""
    view = views.find(_named(said.node["relation"]))
    index = read_index(said.text, search_path=views.path)
    if view is None or index is None:
        return
    if said.node.get("if_not_exists") and any(index.name == other.name for other in view.indexes):
        return
    view.indexes.append(index)
    view.lost += index.lost


def drop(views: DraftViews, said: SqlStatement) -> None:
    """DROP [MATERIALIZED] VIEW, DROP INDEX."""
    node = said.node
    for item in node["objects"]:
        names = _texts(item["List"]["items"]) if "List" in item else ()
        named: Named = (names[-2] if len(names) > 1 else None, names[-1]) if names else (None, "")
        if node["removeType"] in _VIEWS:
            views.drop(named, cascades=node.get("behavior") == "DROP_CASCADE")
        elif node["removeType"] == "OBJECT_INDEX" and (found := views.with_index(named)):
            found[0].indexes.remove(found[1])


def rename(views: DraftViews, said: SqlStatement) -> None:
    """ALTER … RENAME."""
    node = said.node
    if "relation" not in node:
        return
    named, new = _named(node["relation"]), node["newname"]
    view = views.find(named)
    if node["renameType"] == "OBJECT_INDEX":
        if found := views.with_index(named):
            owner, index = found
            owner.indexes[owner.indexes.index(index)] = replace(index, name=new)
    elif view and node["renameType"] in _VIEWS:
        views.move(view, (view.schema, new))
    elif view and node["renameType"] == "OBJECT_COLUMN" and not rename_column(view, node["subname"], new):
        view.lost.append(
            Lost(
                f"RENAME COLUMN {node['subname']} TO {new}", "which of its outputs that is cannot be told from the text"
            )
        )


def move(views: DraftViews, said: SqlStatement) -> None:
    """ALTER … SET SCHEMA."""
    if said.node["objectType"] in _VIEWS and (view := views.find(_named(said.node["relation"]))):
        views.move(view, (said.node["newschema"], view.name))


def alter(views: DraftViews, said: SqlStatement) -> None:
    """ALTER MATERIALIZED VIEW … OWNER TO, SET (…) and the like."""
    view = views.find(_named(said.node["relation"])) if "relation" in said.node else None
    if view:
        for item in said.node["cmds"]:
            _altered(view, item["AlterTableCmd"], said)


def _altered(view: DraftView, action: Node, said: SqlStatement) -> None:
    options = [part["DefElem"] for part in action.get("def", {}).get("List", {}).get("items", [])]
    if action["subtype"] == "AT_ChangeOwner":
        view.owner = action["newowner"].get("rolename", "")
    elif action["subtype"] == "AT_SetRelOptions":
        view.parameters |= dict(map(parameter, options))
    elif action["subtype"] == "AT_ResetRelOptions":
        for option in options:
            view.parameters.pop(parameter(option)[0], None)
    else:
        view.lost.append(Lost(" ".join(said.text.split()), "the language has no word for it"))


def comment(views: DraftViews, said: SqlStatement) -> None:
    """COMMENT ON a view, a column of one, or an index."""
    node = said.node
    names = _texts(node["object"]["List"]["items"]) if "List" in node.get("object", {}) else ()
    text = node.get("comment", "")
    if node["objtype"] == "OBJECT_COLUMN" and len(names) > 1:
        view = views.find((names[-3] if len(names) > 2 else None, names[-2]))
        if view and text:
            view.descriptions[names[-1]] = text
        elif view:
            view.descriptions.pop(names[-1], None)
    elif node["objtype"] in _VIEWS and names and (view := views.find(_of(names))):
        view.description = text
    elif node["objtype"] == "OBJECT_INDEX" and names and (found := views.with_index(_of(names))):
        found[0].lost.append(Lost(f"comment on index {names[-1]}", "an index has no description"))


def _of(names: tuple[str, ...]) -> Named:
    return (names[-2] if len(names) > 1 else None, names[-1])


def grant(views: DraftViews, said: SqlStatement) -> None:
    """GRANT and REVOKE on views, or on all of a schema."""
    node = said.node
    if node["objtype"] != "OBJECT_TABLE":
        return
    roles = [item["RoleSpec"].get("rolename") for item in node["grantees"]]
    privileges = [item["AccessPriv"] for item in node.get("privileges", [])]
    for view in list(_granted_on(views, node)):
        for item in privileges:
            if item.get("cols") and node.get("is_grant"):
                what = f"columns {', '.join(_texts(item['cols']))}: granted to {', '.join(role or 'PUBLIC' for role in roles)}"
                view.lost.append(Lost(what, "who may read a view may read all its columns; make a view of these"))
        if not privileges or any(item.get("priv_name") == "select" and "cols" not in item for item in privileges):
            granted(view, roles, given=node.get("is_grant", False))


def _granted_on(views: DraftViews, node: Node) -> Iterator[DraftView]:
    if node["targtype"] == "ACL_TARGET_ALL_IN_SCHEMA":
        yield from within((item["String"]["sval"] for item in node["objects"]), views)
    elif node["targtype"] == "ACL_TARGET_OBJECT":
        yield from (view for item in node["objects"] if (view := views.find(_named(item["RangeVar"]))))


def create_function(views: DraftViews, said: SqlStatement) -> None:
    """A function that a job may call."""
    options = {item["DefElem"]["defname"]: item["DefElem"].get("arg", {}) for item in said.node.get("options", [])}
    body = next(iter(_texts(options.get("as", {}).get("List", {}).get("items", []))), "")
    language = options.get("language", {}).get("String", {}).get("sval", "sql")
    views.functions[_texts(said.node["funcname"])[-1]] = (body, language)


def set_path(views: DraftViews, said: SqlStatement) -> None:
    """SET search_path."""
    if said.node.get("name") == "search_path" and said.node["kind"] == "VAR_SET_VALUE":
        values = [item.get("A_Const", {}).get("sval", {}).get("sval", "") for item in said.node.get("args", [])]
        views.path = tuple(name for name in values if name not in ("", "$user", "pg_catalog"))


def call(views: DraftViews, said: SqlStatement) -> None:
    """`SELECT cron.schedule('name', 'line', 'command')`, and pg_dump's `set_config`."""
    for item in said.node.get("targetList", []):
        inner = item["ResTarget"]["val"].get("FuncCall", {})
        names = _texts(inner.get("funcname", []))
        values = [value.get("A_Const", {}).get("sval", {}).get("sval", "") for value in inner.get("args", [])]
        if names == ("cron", "schedule") and len(values) in (2, 3):
            name, line, command = values if len(values) == 3 else (f"job {len(views.jobs) + 1}", *values)
            views.jobs[name] = (line, command)
        elif names == ("cron", "unschedule") and len(values) == 1:
            views.jobs.pop(values[0], None)
        elif names[-1:] == ("set_config",) and values[:1] == ["search_path"]:
            parts = (part.strip().strip('"') for part in values[1].split(","))
            views.path = tuple(name for name in parts if name not in ("", "$user", "pg_catalog"))


def _named(relation: Node) -> Named:
    return relation.get("schemaname"), relation["relname"]


def _texts(nodes: list[Node]) -> tuple[str, ...]:
    return tuple(item["String"]["sval"] for item in nodes if "String" in item)


READERS: Final[Mapping[str, Callable[[DraftViews, SqlStatement], None]]] = {
    "ViewStmt": create_view,
    "CreateTableAsStmt": create_materialized_view,
    "IndexStmt": create_index,
    "DropStmt": drop,
    "RenameStmt": rename,
    "AlterObjectSchemaStmt": move,
    "AlterTableStmt": alter,
    "CommentStmt": comment,
    "GrantStmt": grant,
    "CreateFunctionStmt": create_function,
    "VariableSetStmt": set_path,
    "SelectStmt": call,
}
