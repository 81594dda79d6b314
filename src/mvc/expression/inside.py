"""What an analysis has to see of a passage: its columns, calls, queries and clocks, each as a part that can be read by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from mvc.expression.as_read import ReadPart
from mvc.expression.marks import Marks
from mvc.expression.trees import PREFIX, first_place, nodes, plain, value_tree
from mvc.sql.parser import Node

# What has no name and brackets of its own that could be cut out.
_INSEPARABLE: Final = frozenset({"GroupingFunc", "JsonObjectAgg", "JsonArrayAgg", "MergeSupportFunc"})

PartAt = Callable[[int, int], "ReadPart | None"]


class Inside:
    """The tree of one passage that begins at the character `start`; `part` reads tokens by themselves."""

    def __init__(self, marks: Marks, tree: Node, start: int, part: PartAt) -> None:
        self.marks, self.tree, self.part = marks, tree, part
        self.shift = len(marks.text[:start].encode()) - len(PREFIX)  # from a place of the tree to a byte of the text

    def has(self, part: ReadPart) -> bool:
        """Whether a part is an operand in the tree as well, and no piece of a type's name."""
        text = self.marks.text
        alone = value_tree(text[part.start : part.end])
        place = first_place(alone) - len(PREFIX) + len(text[: part.start].encode()) - self.shift
        wanted = plain(alone)
        return any(plain(node) == wanted and first_place(node) == place for node in nodes(self.tree))

    def rest(self, parts: Sequence[ReadPart]) -> list[ReadPart] | None:
        """All that none of these parts holds. None where some of it cannot be read by itself."""
        found: list[ReadPart] = []
        return found if self._look({"": self.tree}, parts, found) else None

    def _look(self, node: object, known: Sequence[ReadPart], found: list[ReadPart]) -> bool:
        if isinstance(node, list):
            return all(self._look(item, known, found) for item in node)
        if not isinstance(node, dict):
            return True
        return all(self._of_kind(kind, inner, known, found) for kind, inner in node.items())

    def _of_kind(self, kind: str, inner: object, known: Sequence[ReadPart], found: list[ReadPart]) -> bool:
        if kind in _INSEPARABLE:
            return False
        place = inner.get("location", -1) if isinstance(inner, dict) else -1
        number = self.marks.number(place + self.shift) if place >= 0 else None
        if number is not None and self._is_covered(number, (*known, *found)):
            return True
        if kind not in _ENDS or not isinstance(inner, dict) or _is_syntax(inner):
            return self._look(inner, known, found)
        end = _ENDS[kind](self.marks, number) if number is not None else None
        part = self.part(number, end) if number is not None and end is not None else None
        found += [part] if part else []
        return part is not None

    def _is_covered(self, number: int, parts: Sequence[ReadPart]) -> bool:
        start = self.marks.found[number].start
        return any(part.start <= start < part.end for part in parts)


def _is_syntax(inner: Node) -> bool:
    """Whether a call is written as none: `a AT LOCAL`, the ESCAPE of a pattern."""
    name = inner.get("funcname", [{}])[-1].get("String", {}).get("sval", "")
    return inner.get("funcformat") == "COERCE_SQL_SYNTAX" or name in ("like_escape", "similar_to_escape")


def _end_of_value(marks: Marks, number: int) -> int:
    """`current_timestamp(3)` has brackets, `current_date` has none."""
    return marks.closing.get(number + 1, number) + 1


def _end_of_query(marks: Marks, number: int) -> int | None:
    """`(SELECT …)`, `EXISTS (SELECT …)`; that of `x = ANY (SELECT …)` begins elsewhere."""
    at = number if marks.found[number].text == "(" else number + 1
    return marks.closing[at] + 1 if at in marks.closing else None


_ENDS: Final[dict[str, Callable[[Marks, int], int | None]]] = {
    "ColumnRef": Marks.end_of_name,
    "FuncCall": Marks.end_of_call,
    "SQLValueFunction": _end_of_value,
    "SubLink": _end_of_query,
}
