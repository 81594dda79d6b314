"""What the sources of a view refer to: base relations, other views, subqueries. Unknown ones are reported with suggestions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from mvc.analysis.body.resolve import resolve_body
from mvc.analysis.given_rows import of_spine, of_values
from mvc.analysis.names.functions import Functions
from mvc.analysis.names.reads import Places
from mvc.analysis.relation import Arm, SourceRelation, Upstream, of_relation
from mvc.analysis.resolved import BodyQuery
from mvc.analysis.row_lineage import together
from mvc.analysis.types.inferred_outputs import OutputTypes
from mvc.analysis.unions import FROM_TABLE, of_union
from mvc.catalog.types import Catalog
from mvc.compiled.called import spellings
from mvc.compiled.former import Renamed
from mvc.diagnostics import Findings, did_you_mean, error
from mvc.model.origin import Origin
from mvc.model.relations import SpineRef, UnionRef, ValuesRef
from mvc.model.view import Body, Declared, Source, SubqueryRef, TableRef, View, ViewRef
from mvc.source.flow import TEMPLATE, template_help
from mvc.source.words import yaml_value


class Sources:
    """Everything that can be read: the catalog's relations, and the views compiled so far; `renamed` are those whose names changed."""

    def __init__(self, catalog: Catalog, broken: frozenset[str]) -> None:
        self.catalog = catalog
        self.broken = broken  # views that exist but have errors: to read them is no fault of the reader
        self.declared: Mapping[
            str, tuple[str, str]
        ] = {}  # all views by what they are called, also those that come later
        self.views = Upstream()
        self.renamed: dict[str, Renamed] = {}
        self._relations: dict[tuple[str, str], SourceRelation] = {}

    def declare(self, views: Iterable[View]) -> None:
        """Says which views there are, also those that are compiled later."""
        self.declared = {view.called: (view.schema, view.name) for view in views}
        offered = spellings({place: called for called, place in self.declared.items()})
        self.views.several = {text: names for text, names in offered.items() if len(names) > 1}

    @property
    def broken_places(self) -> Places:
        """Where the broken views are."""
        return Places({called: self.declared.get(called, ("", called)) for called in self.broken})

    def relation(self, schema: str | None, name: str) -> SourceRelation | None:
        """A relation of the database, found along the search path."""
        relation = self.catalog.relation(name, schema)
        if relation is None:
            return None
        key = (relation.schema, relation.name)
        return self._relations.setdefault(key, self._relations.get(key) or of_relation(relation))

    def of(
        self, view: View, declared: Declared, functions: Functions, found: Findings
    ) -> Mapping[str, SourceRelation] | None:
        """What each alias reads; None, with findings unless a broken view is to blame, when one cannot be read."""
        readables = {source.alias: self.readable(view, source, functions, found) for source in declared.sources}
        known = {alias: readable for alias, readable in readables.items() if readable}
        return known if len(known) == len(readables) else None

    def readable(self, view: View, source: Source, functions: Functions, found: Findings) -> SourceRelation | None:
        """What one source reads; None, with a finding unless a broken view is to blame, where it cannot be read."""
        relation = source.relation
        if isinstance(relation, ViewRef):
            return self._view(source, relation, found)
        if isinstance(relation, SubqueryRef):
            return self._subquery(view, source, relation, functions, found)
        if isinstance(relation, ValuesRef):
            return of_values(source.alias, relation)
        if isinstance(relation, SpineRef):
            return of_spine(source.alias, relation)
        if isinstance(relation, UnionRef):
            return self._union(source, relation, found)
        return self._table(source, relation, source.origin.at("table"), found)

    def _table(self, source: Source, ref: TableRef, origin: Origin, found: Findings) -> SourceRelation | None:
        known = self.relation(ref.schema, ref.name)
        if known is None and ref.name not in self.catalog.unread:
            self._unknown_table(source, ref, origin, found)
        return known

    def _union(self, source: Source, ref: UnionRef, found: Findings) -> SourceRelation | None:
        origin = source.origin.at("table")
        tables = [self._table(source, item, origin.at(number), found) for number, item in enumerate(ref.tables)]
        arms = [Arm(name, table) for name, table in zip(ref.names, tables, strict=True) if table]
        if len(arms) < len(tables):
            return None
        for number, arm in enumerate(arms):
            if arm.relation.reference in {other.relation.reference for other in arms[:number]}:
                title = f"`{arm.name}` is read twice in one source, so each of its rows would be two"
                found.add(error("MV324", origin.at(number).span, title, label="a second time", help="take it out"))
            if FROM_TABLE in arm.relation.columns:
                title = f"`{arm.name}` has a column `{FROM_TABLE}`, which here says from which table a row is"
                help_line = "read it as a subquery (`sql:`) that gives the column another name"
                found.add(error("MV324", origin.at(number).span, title, help=help_line))
        return of_union(arms)

    def _subquery(
        self, view: View, source: Source, ref: SubqueryRef, functions: Functions, found: Findings
    ) -> SourceRelation | None:
        """A subquery is checked as a view's body is; its key is a claim."""
        if self.broken_places.read_by(ref.sql):
            return None
        body = Body(ref.sql, ref.key, {}, source.origin.at("sql"))
        inner = replace(view, origin=source.origin)
        resolved = resolve_body(inner, body, self.views, self.relation, functions, found)
        if resolved is None or not isinstance(resolved.query, BodyQuery):
            return None
        return replace(
            resolved.readable(("", "")),
            described=f"the subquery {source.alias}",
            reference=None,
            sql=resolved.query.sql,
            written=ref.sql,
            lineage={item.name: item.lineage for item in resolved.columns},
            within=resolved.rows | together(item.rows for item in resolved.columns),
            views=resolved.upstream,
            inferred=OutputTypes(resolved, functions.world).of,
        )

    def _view(self, source: Source, ref: ViewRef, found: Findings) -> SourceRelation | None:
        if ref.name not in self.views and ref.name not in self.broken and ref.name not in self.views.several:
            former = next(
                (
                    f"it is called `{item.name}` now"
                    for item in self.renamed.values()
                    if ref.name in (item.former.name, ".".join(item.former.place))
                ),
                "",
            )
            table = (
                f"`{ref.name}` is a table of the database: write table: {ref.name}"
                if self.relation(None, ref.name)
                else ""
            )
            near = former or table or did_you_mean(ref.name, self.declared, "views") or "write it in a file of `views/`"
            span = source.origin.at("view").span
            found.add(
                error("MV205", span, f"no view of the project is named `{ref.name}`", label="unknown view", help=near)
            )
        return self.views.get(ref.name)

    def _unknown_table(self, source: Source, ref: TableRef, origin: Origin, found: Findings) -> None:
        shown = f"{ref.schema}.{ref.name}" if ref.schema else ref.name
        if ref.name in self.views or ref.name in self.declared:
            help_line = f"`{ref.name}` is a view of this project: write view: {ref.name}"
        elif re.match(r"\s*(?:select|with)\s", ref.name, re.IGNORECASE):
            help_line = f"a query is read by sql: write sql: {yaml_value(ref.name)}, with key: [the columns that tell its rows apart]"
        elif ref.schema and (there := self.catalog.relation(ref.name)):
            help_line = f"`{there.schema}` has a table of this name: write table: {there.schema}.{there.name}"
        elif re.fullmatch(r"\w+ (?:as )?\w+", ref.name, re.IGNORECASE) and self.relation(None, ref.name.split()[0]):
            help_line = f"write table: {ref.name.split()[0]}; the key of the source, `{source.alias}`, is its alias"
        elif TEMPLATE.search(ref.name):
            help_line = template_help(ref.name, "table: ")
        else:
            names = (
                item.name if item.schema in self.catalog.search_path else f"{item.schema}.{item.name}"
                for item in self.catalog.relations
                if item.kind != "partition"
            )
            help_line = did_you_mean(shown, names, "tables") or "the catalog has no table; see `catalog:` in mvc.yml"
        found.add(error("MV201", origin.span, f"no table is named `{shown}`", label="unknown table", help=help_line))
