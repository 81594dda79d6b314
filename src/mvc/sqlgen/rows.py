"""How an expression is written against the rows of a block: as it is, or against rows that were made unique first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mvc.expression import Expression, parse_expression
from mvc.quoting import qualified


@dataclass(frozen=True)
class Rows:
    """`renamed` maps (alias, column) to the column's name in the unique rows, which go by `alias`; `flags` filter texts."""

    alias: str = ""
    renamed: Mapping[tuple[str, str], str] = field(default_factory=dict)
    flags: Mapping[str, str] = field(default_factory=dict)

    def write(self, expression: Expression) -> Expression:
        """The expression over these rows."""
        if flag := self.flags.get(expression.text):
            return parse_expression(qualified(self.alias, flag))
        edits = []
        for ref in expression.columns:
            new = self.renamed.get((ref.qualifier or "", ref.name))
            if new is not None and (self.alias, new) != (ref.qualifier, ref.name):
                edits.append((ref.start, ref.end, qualified(self.alias, new)))
        return parse_expression(expression.edited(edits)) if edits else expression
