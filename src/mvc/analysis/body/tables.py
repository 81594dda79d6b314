"""Tables that a body names: the project's views, then the catalog's relations. What reads a view is edited to read its storage."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from sqlglot import exp

from mvc.analysis.body.scopes import UNKNOWN, RowType, name_of, of_readable, place_of
from mvc.analysis.relation import SourceRelation, Upstream
from mvc.catalog.types import Catalog
from mvc.diagnostics import Diagnostic, Findings, did_you_mean, error
from mvc.expression.parse import folded
from mvc.model.origin import Origin
from mvc.quoting import identifier, qualified

Lookup = Callable[[str | None, str], SourceRelation | None]
Edit = tuple[int, int, str]

_SYSTEM: Final = ("pg_catalog", "information_schema")


@dataclass
class Tables:
    """What can be read, and what has been. `edits` put storage in the place of views; `read` are the views' names."""

    upstream: Upstream
    lookup: Lookup
    catalog: Catalog
    origin: Origin
    found: Findings
    edits: list[Edit] = field(default_factory=list)
    read: set[str] = field(default_factory=set)
    _rows: dict[str, RowType] = field(default_factory=dict)

    @property
    def relations(self) -> tuple[str, ...]:
        """What was read, described."""
        return tuple(self._rows)

    def rows(self, node: exp.Table, ctes: Mapping[str, RowType]) -> RowType:
        """The rows of a named table; unknown ones, with a finding, if there is none of that name."""
        schema, name = folded(node.args.get("db")) or None, name_of(node)
        if schema is None and name in ctes:
            return ctes[name]
        if view := self._view(schema, name):
            self._replace(node, *view)
            return self._known(view[1])
        if readable := self.lookup(schema, name):
            return self._known(readable)
        theirs = schema in _SYSTEM or (schema is None and name.startswith("pg_"))
        if not theirs and name not in self.catalog.unread:
            self.found.add(self._unknown(node, schema, name))
        return UNKNOWN

    def _view(self, schema: str | None, name: str) -> tuple[str, SourceRelation] | None:
        """The view of the project that goes by this name, and what it is called."""
        for called in (name, f"{schema}.{name}"):
            view = self.upstream.get(called)
            if view and (schema is None or view.described == f"{schema}.{name}"):
                return called, view
        return None

    def _known(self, readable: SourceRelation) -> RowType:
        if readable.described not in self._rows:
            self._rows[readable.described] = of_readable(readable)
        return self._rows[readable.described]

    def _replace(self, node: exp.Table, called: str, view: SourceRelation) -> None:
        self.read.add(called)
        if view.reference is None:
            return
        start, end = place_of(node.this)
        if node.args.get("db"):
            start = place_of(node.args["db"])[0]
        alias = "" if node.args.get("alias") else f" AS {identifier(name_of(node))}"
        self.edits.append((start, end, f"{qualified(*view.reference)}{alias}"))

    def _unknown(self, node: exp.Table, schema: str | None, name: str) -> Diagnostic:
        shown = f"{schema}.{name}" if schema else name
        start, end = place_of(node.this)
        if schema:
            start = place_of(node.args["db"])[0]
        span = self.origin.part(start, end)
        if schema is None and (several := self.upstream.several.get(name)):
            title = f"`{name}` is the name of {len(several)} views"
            return error("MV205", span, title, label="which one?", help=f"write {' or '.join(several)}")
        near = did_you_mean(shown, {*self._names(), *self.upstream}, "tables")
        return error("MV201", span, f"no table is named `{shown}`", label="unknown table", help=near)

    def _names(self) -> Iterator[str]:
        """The relations that a suggestion may offer, as they would be written."""
        for relation in self.catalog.relations:
            if relation.kind != "partition":
                here = relation.schema in self.catalog.search_path
                yield relation.name if here else f"{relation.schema}.{relation.name}"
