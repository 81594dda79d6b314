"""A text that PostgreSQL takes and sqlglot does not, with what sqlglot is given in its place (`mvc.expression.as_read`).

What the cuts of `mvc.expression.cutter` assume is not relied on: PostgreSQL's tree of the stand-in, with the trees of the passages in their
places, must be its tree of the author's text. An operator that neither PostgreSQL nor an extension has stays an error; whether it has it
for the operands is for `mvc.inference` and for the server to say.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from mvc.catalog.extension_operators import FOR_BUILTIN_TYPES, OF_EXTENSIONS
from mvc.catalog.operators import builtin_types
from mvc.expression.as_read import AS_WRITTEN, AsRead, as_read
from mvc.expression.cutter import Cutter, IsRead
from mvc.expression.lexemes import LONGEST_NUMBER, Lexeme, lexemes
from mvc.expression.marks import Marks
from mvc.expression.trees import PREFIX, SUFFIX, holds, is_one_value, nodes, plain, query_tree, value_tree
from mvc.sql.parser import Node

_MOST: Final = 4_000  # lexemes; each level of brackets is read again
_REFUSED: Final = frozenset({"ParamRef", "SetToDefault", "CurrentOfExpr"})  # which have no meaning in a spec
_OPERATIONS: Final = frozenset({"AEXPR_OP", "AEXPR_OP_ANY", "AEXPR_OP_ALL"})
_JOINED: Final = frozenset([("@", "word"), ("r", "string"), ("rb", "string"), ("br", "string")])
_FOREIGN: Final = frozenset({"==", "<=>", "~~~"})


def read_value(text: str, is_read: IsRead) -> AsRead | None:
    """A stand-in for an expression that `is_read` as a whole; None where there is none, or PostgreSQL does not take the text either."""
    return _read(text, is_read, PREFIX, SUFFIX) if is_one_value(text) else None


def read_query(text: str, is_read: IsRead, is_query: IsRead) -> AsRead | None:
    """The same for a query, which is read if `is_query` says so."""
    return _read(text, is_read, "", "", is_query)


def _read(text: str, is_read: IsRead, opening: str, closing: str, is_query: IsRead | None = None) -> AsRead | None:
    found = lexemes(text)
    if not found or len(found) > _MOST or AS_WRITTEN in text or _is_foreign(found):
        return None
    tree = query_tree(f"{opening}{text}{closing}")
    if tree is None or holds(tree, _REFUSED) or not all(map(_is_known, nodes(tree))):
        return None
    wanted, made_of = plain(tree), _made(Cutter(Marks(text), is_read), is_query)
    return next(
        (made for made in made_of if meant(f"{opening}{made.text}{closing}", passage_trees(made, text)) == wanted), None
    )


def _made(cutter: Cutter, is_query: IsRead | None) -> Iterator[AsRead]:
    """Stand-ins that can be read, the one with the smallest passages first."""
    is_read, length = is_query or cutter.is_read, len(cutter.marks.found)
    found = [cutter.passages(0, length)]
    if is_query is None and (whole := cutter.passage(0, length)):
        found.append([whole])
    made = (as_read(cutter.marks.text, passages) for passages in found if passages)
    yield from (item for item in made if is_read(item.text))


def _is_foreign(found: tuple[Lexeme, ...]) -> bool:
    """Whether a text has an operator, a variable (`@total`) or a raw string (`r'a'`) of another database, or a number too long to be read."""
    nothing = Lexeme("sign", "", -1, -1)
    padded = (*found, nothing, nothing)
    return any(
        (lexeme.kind == "operator" and (lexeme.text in _FOREIGN or "`" in lexeme.text))
        or (lexeme.kind == "number" and len(lexeme.text) > LONGEST_NUMBER)
        or (lexeme.text == "." and _is_typed_strangely(padded, number))
        or (lexeme.end == after.start and (lexeme.text.lower(), after.kind) in _JOINED and further.text != ".")
        for number, (lexeme, after, further) in enumerate(zip(padded, padded[1:], padded[2:], strict=False))
    )


def _is_typed_strangely(found: tuple[Lexeme, ...], point: int) -> bool:
    """Whether a constant follows a name with a point, `t.a '{x}'`: more likely an operator is missing than `t` a schema with a type `a`."""
    return found[point + 2].kind == "string" and found[point - 1].text.lower() != "pg_catalog"


def _is_known(node: Node) -> bool:
    """Whether a node is no operation, or one of an operator that PostgreSQL or an extension has, on the side where it has it."""
    inner = node.get("A_Expr", {})
    if inner.get("kind") not in _OPERATIONS or len(inner["name"]) > 1:
        return True
    name = inner["name"][-1]["String"]["sval"]
    builtin = builtin_types().operators.get(name, ())
    if "lexpr" not in inner:
        return any(not operator.left for operator in builtin)
    return bool(builtin) or name in OF_EXTENSIONS or any(name in names for names, _ in FOR_BUILTIN_TYPES.values())


def passage_trees(made: AsRead, text: str) -> Mapping[str, Any]:
    """PostgreSQL's trees of the passages of a text, by what stands in their places."""
    return {
        _key(value_tree(called)): plain(value_tree(text[passage.start : passage.end]))
        for passage, called in zip(made.passages, made.calls, strict=True)
    }


def meant(sql: str, passages: Mapping[str, Any]) -> Any:
    """PostgreSQL's tree of a text with stand-ins, and the trees of the passages in their places; None where the text is no query."""
    return _put(plain(query_tree(sql)), passages)


def _put(node: Any, passages: Mapping[str, Any]) -> Any:
    if isinstance(node, list):
        return [_put(item, passages) for item in node]
    if not isinstance(node, dict):
        return node
    name = node.get("FuncCall", {}).get("funcname", [{}])[-1].get("String", {}).get("sval")
    if name == AS_WRITTEN:
        return passages.get(_key(node), node)
    return {key: _put(item, passages) for key, item in node.items()}


def _key(tree: Any) -> str:
    return json.dumps(plain(tree), sort_keys=True)
