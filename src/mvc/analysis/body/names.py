"""Column names of a body → what they mean. Each name that means nothing, or several things, is reported at its place.

Rule source: PostgreSQL's parse_relation.c and parse_clause.c. A bare name is looked up scope by scope, innermost first, then
as a whole row; GROUP BY prefers input columns to output names, ORDER BY output names to input columns.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from sqlglot import exp

from mvc.analysis.body.scopes import Field, FromItem, Ref, SelectScope, place_of
from mvc.analysis.body.tables import Edit
from mvc.catalog.types import Catalog
from mvc.diagnostics import Diagnostic, Findings, did_you_mean, error
from mvc.expression.parse import folded
from mvc.model.origin import Origin

_SYSTEM: Final = frozenset({"ctid", "tableoid", "xmin", "xmax", "cmin", "cmax"})
# Bare words that PostgreSQL reads as values and sqlglot as columns.
_VALUES: Final = frozenset(
    {
        "user",
        "current_user",
        "session_user",
        "system_user",
        "current_role",
        "current_catalog",
        "current_schema",
        "localtime",
    }
)


@dataclass
class BodyNames:
    """What the columns of a body mean. `refs` is keyed by the identity of their nodes."""

    origin: Origin
    catalog: Catalog
    found: Findings
    edits: list[Edit]
    refs: dict[int, Ref] = field(default_factory=dict)

    def column(self, node: exp.Column, scope: SelectScope) -> None:
        """Looks up one column, qualified or not."""
        if node.args.get("table"):
            self._qualified(node, scope)
        elif isinstance(node.this, exp.Identifier):
            self._bare(node, folded(node.this), scope)

    def joined(
        self, name: exp.Identifier, sides: tuple[Ref | None, Ref | None], tables: tuple[Iterable[str], Iterable[str]]
    ) -> None:
        """Findings for a column of USING that a side does not have."""
        for ref, known in zip(sides, tables, strict=True):
            if ref is None and (names := sorted(known)):
                self._report(
                    "MV204",
                    name,
                    f"both sides of the join need a column `{folded(name)}`",
                    did_you_mean(folded(name), names, "columns"),
                )
                return

    def _qualified(self, node: exp.Column, scope: SelectScope) -> None:
        qualifier = folded(node.args["table"])
        item, owner = _item(qualifier, scope)
        if item is None or owner is None:
            self._unknown_alias(node.args["table"], qualifier, scope)
            return
        self._check_schema(node, item, qualifier)
        self._drop_schema(node, item)
        if isinstance(node.this, exp.Star):
            self.refs[id(node)] = Ref(owner, item, None)
            return
        name = folded(node.this)
        found = item.rows.by_name.get(name)
        if found:
            self.refs[id(node)] = Ref(owner, item, found)
        elif not item.rows.open and not self._server_knows(name):
            described = item.rows.described
            near = did_you_mean(name, item.rows.by_name, f"{described} has")
            self._report("MV204", node.this, f"column `{name}` does not exist in `{described}`", near, "no such column")

    def _check_schema(self, node: exp.Column, item: FromItem, qualifier: str) -> None:
        """A schema may stand before the name of a table that has no alias here, and is in it."""
        schema = node.args.get("db")
        if schema is None:
            return
        written, relation = item.node.args.get("db"), item.rows.relation
        aliased = not isinstance(item.node, exp.Table) or item.node.args.get("alias")
        known = relation if relation in self.catalog.by_name else None  # what stores a view has another schema
        within = folded(written) if written else known[0] if known else folded(schema)
        if aliased or within != folded(schema):
            title = f"no source is called `{folded(schema)}.{qualifier}` here"
            self._report("MV202", schema, title, f"write {qualifier} alone", "no such schema here")

    def _drop_schema(self, node: exp.Column, item: FromItem) -> None:
        """`public.v.x` cannot be written once `v` is an alias of what stores it."""
        if (
            node.args.get("db")
            and isinstance(item.node, exp.Table)
            and any(edit[0] <= place_of(item.node)[0] < edit[1] for edit in self.edits)
        ):
            self.edits.append((place_of(node.args["db"])[0], place_of(node.args["table"])[0], ""))

    def _server_knows(self, name: str) -> bool:
        """System columns, and functions of one row that are written like columns (`t.full_name`)."""
        return name in _SYSTEM or any(function.takes(1) for function in self.catalog.functions_named(name))

    def _bare(self, node: exp.Column, name: str, scope: SelectScope) -> None:
        for level in scope.chain:
            holders = level.names.get(name, ())
            if len(holders) > 1:
                choices = ", ".join(f"`{ref.item.alias}.{name}`" for ref in holders)
                self._report(
                    "MV203",
                    node.this,
                    f"`{name}` could be a column of several sources",
                    f"write one of {choices}",
                    "ambiguous",
                )
                return
            if holders:
                self.refs[id(node)] = holders[0]
                return
            if any(item.rows.open for item in level.items):
                return
        item, owner = _item(name, scope)
        if item and owner:
            self.refs[id(node)] = Ref(owner, item, None)
        elif name not in _SYSTEM and (name not in _VALUES or node.this.args.get("quoted")):
            self._unknown(node, name, scope)

    def _unknown(self, node: exp.Column, name: str, scope: SelectScope) -> None:
        known = {known for level in scope.chain for known in level.names}
        outputs = {output.field.name for output in scope.outputs}
        help_line = did_you_mean(name, known, "columns") if known else "there is no FROM here"
        if node.this.args.get("quoted"):
            quoted = name.replace("'", "''")
            help_line = f"a text stands in single quotes: '{quoted}'; double quotes are for names"
        if name in outputs:
            help_line = f"`{name}` is an output column: here stand only columns of the sources; repeat its expression"
        self._report("MV204", node.this, f"no source has a column `{name}`", help_line, "no such column")

    def _unknown_alias(self, node: exp.Expr, qualifier: str, scope: SelectScope) -> None:
        known = [item.alias for level in scope.chain for item in level.items]
        shadowed = next(
            (item for level in scope.chain for item in level.items if item.rows.described.split(".")[-1] == qualifier),
            None,
        )
        near = did_you_mean(qualifier, known, "sources here")
        help_line = f"the table has the alias `{shadowed.alias}` here: write that" if shadowed else near
        self._report("MV202", node, f"no source has the alias `{qualifier}`", help_line, "no such alias")

    def _report(self, code: str, node: exp.Expr, title: str, help_line: str, label: str = "here") -> None:
        self.found.add(error(code, self.origin.part(*place_of(node)), title, label=label, help=help_line))


def _item(alias: str, scope: SelectScope) -> tuple[FromItem | None, SelectScope | None]:
    for level in scope.chain:
        item = next((item for item in level.items if item.alias == alias), None)
        if item:
            return item, level
    return None, None


def missing_name(origin: Origin, name: exp.Identifier, known: Iterable[Field]) -> Diagnostic:
    """For a name in the ORDER BY of a UNION, which may only be an output column."""
    near = did_you_mean(folded(name), (item.name for item in known), "output columns")
    title = f"`{folded(name)}` is no output column: nothing else can order a UNION"
    return error("MV204", origin.part(*place_of(name)), title, label="no such column", help=near)
