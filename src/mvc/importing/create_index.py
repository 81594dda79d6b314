"""CREATE INDEX, as its author or `pg_get_indexdef` wrote it → FoundIndex. The tree says what was said, the tokens where each expression ends."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from mvc.catalog.cursor import Cursor
from mvc.catalog.tokens import Token, Unreadable, all_tokens
from mvc.importing.found import FoundIndex, FoundKey, Lost
from mvc.quoting import identifier
from mvc.spec.base import Setting
from mvc.sql.parser import GrammarError, Node, parse

_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,15}\Z")
_DECIMAL: Final = re.compile(r"[+-]?[0-9]{1,15}\.[0-9]{1,15}\Z")
_SWITCH: Final = {"true": True, "on": True, "false": False, "off": False}


def read_index(text: str, *, is_valid: bool = True, search_path: tuple[str, ...] = ()) -> FoundIndex | None:
    """The index that one statement makes; None where it is none, or where no parser is there."""
    try:
        statements = parse(text)
        tokens = list(all_tokens(text))
    except (GrammarError, Unreadable):
        return None
    if not statements or len(statements) != 1 or statements[0].kind != "IndexStmt":
        return None
    node = statements[0].node
    cursor = Cursor(tokens)
    cursor.skip_to("(")
    elements = list(cursor.group().items())
    nodes = [item["IndexElem"] for item in node["indexParams"]]
    keys = tuple(_key(item, element, text) for item, element in zip(nodes, elements, strict=True))
    return FoundIndex(
        name=node.get("idxname", ""),
        unique=node.get("unique", False),
        method=node.get("accessMethod", "btree"),
        keys=keys,
        include=tuple(item["IndexElem"]["name"] for item in node.get("indexIncludingParams", [])),
        where=_condition(cursor, text),
        parameters=dict(parameter(item["DefElem"]) for item in node.get("options", [])),
        nulls_not_distinct=node.get("nulls_not_distinct", False),
        is_valid=is_valid,
        definition=text,
        lost=tuple(_lost(node, nodes, search_path)),
    )


def _key(node: Node, element: Cursor, text: str) -> FoundKey:
    column = node.get("name")
    return FoundKey(
        column=column,
        expression=identifier(column) if column else _expression(element, text),
        descending=node.get("ordering") == "SORTBY_DESC",
        nulls_first=_nulls_first(node),
        opclass=_last(node.get("opclass", [])),
        collation=_last(node.get("collation", [])),
    )


def _nulls_first(node: Node) -> bool:
    said = node.get("nulls_ordering")
    if said in ("SORTBY_NULLS_FIRST", "SORTBY_NULLS_LAST"):
        return bool(said == "SORTBY_NULLS_FIRST")
    return node.get("ordering") == "SORTBY_DESC"  # what PostgreSQL takes DESC for


def _expression(element: Cursor, text: str) -> str:
    """A call as it stands, any other expression without the brackets that it must have."""
    first = element.peek()
    if element.sees("("):
        return _bare(element.group().tokens, text)
    while not element.sees("("):
        element.token()
    element.group()
    return text[first.start : element.tokens[element.index - 1].end]


def _condition(cursor: Cursor, text: str) -> str:
    """What stands behind WHERE, which comes last."""
    while not cursor.at_end():
        if cursor.take("where"):
            return _bare(cursor.tokens[cursor.index :], text)
        cursor.skip_one()
    return ""


def _bare(tokens: list[Token], text: str) -> str:
    """The text of an expression, without brackets around the whole of it."""
    if (tokens[-1].kind, tokens[-1].text) == ("symbol", ";"):
        tokens = tokens[:-1]
    cursor = Cursor(tokens)
    if cursor.sees("(") and (inner := cursor.group().tokens) and cursor.at_end():
        return _bare(inner, text)
    return text[tokens[0].start : tokens[-1].end]


def _last(names: list[Node]) -> str:
    return str(names[-1]["String"]["sval"]) if names else ""


def parameter(node: Node) -> tuple[str, Setting]:
    """A storage parameter (`DefElem`) with its value."""
    argument = node.get("arg", {})
    unsaid = "0" if "Integer" in argument else "true"  # the tree leaves out a 0
    name = f"{node['defnamespace']}.{node['defname']}" if "defnamespace" in node else node["defname"]
    return name, setting(str(next(_values(argument), unsaid)))


def _values(node: Any) -> Iterator[Any]:
    """The constants of a node."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("sval", "ival", "fval", "boolval") and not isinstance(value, dict):
                yield str(value).lower() if isinstance(value, bool) else value
            else:
                yield from _values(value)
    elif isinstance(node, list):
        for item in node:
            yield from _values(item)


def setting(text: str) -> Setting:
    """The value of a storage parameter, which PostgreSQL keeps as a text."""
    if text.lower() in _SWITCH:
        return _SWITCH[text.lower()]
    if _NUMBER.match(text):
        return int(text)
    return float(text) if _DECIMAL.match(text) else text


def _lost(node: Node, nodes: list[Node], search_path: tuple[str, ...]) -> Iterator[Lost]:
    name = f"index {node.get('idxname', '')}".strip()
    if node.get("tableSpace"):
        yield Lost(f"{name}: tablespace {node['tableSpace']}", "an index is made in the default tablespace")
    if any("opclassopts" in item for item in nodes):
        yield Lost(f"{name}: parameters of an operator class", "`opclass` takes a name only")
    for item in nodes:
        for key in ("opclass", "collation"):
            names = [part["String"]["sval"] for part in item.get(key, [])]
            if len(names) > 1 and names[0] not in ("pg_catalog", *search_path):
                yield Lost(
                    f"{name}: {'.'.join(names)}", f"its schema is not in search_path, and `{key}` takes a name only"
                )
