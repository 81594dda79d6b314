"""Small projects for tests of the analysis: YAML text in, resolved views and findings out. No files, no server."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass

from mvc.analysis.body.resolve import resolve_body
from mvc.analysis.declared.resolve import resolve_declared
from mvc.analysis.lint.run import lint_project, lint_view
from mvc.analysis.names.functions import Functions
from mvc.analysis.order import in_order
from mvc.analysis.resolved import ResolvedView
from mvc.analysis.sources import Sources
from mvc.diagnostics import Diagnostic, Findings
from mvc.model.view import Body, View
from mvc.pipeline.load import load_files
from mvc.pipeline.loaded import Loaded

SHOP = """
CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL, email text, city text, code text UNIQUE);
CREATE TABLE orders (
  id bigint PRIMARY KEY, customer_id int NOT NULL REFERENCES customers (id), total numeric(12,2) NOT NULL,
  status text NOT NULL, note jsonb, at timestamptz NOT NULL, on_day date
);
CREATE TABLE lines (
  id bigint PRIMARY KEY, order_id bigint NOT NULL REFERENCES orders (id), product_id int NOT NULL, qty int NOT NULL,
  price numeric NOT NULL
);
CREATE TABLE products (id int PRIMARY KEY, name text NOT NULL, weight numeric, tags text[]);
CREATE TABLE visits (id bigint PRIMARY KEY, customer_id int NOT NULL REFERENCES customers (id), seconds int);
CREATE TABLE rates (currency text, valid_from date, valid_to date, rate numeric, PRIMARY KEY (currency, valid_from));
CREATE TABLE labels (product_id int, lang text, label text, PRIMARY KEY (product_id, lang));
CREATE TABLE events (id bigint, at timestamptz, kind text, amount numeric, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE event_parts (id bigint PRIMARY KEY, event_id bigint NOT NULL, event_at timestamptz, value numeric);
CREATE TABLE "Übergrößen" ("Größe" int PRIMARY KEY, "select" text);
CREATE TABLE heap (a int, b text);
CREATE FUNCTION tags_of(int) RETURNS SETOF text LANGUAGE sql STABLE AS 'SELECT ''x''';
"""
SETTINGS = "project: shop\nversion: 15\ncatalog: schema.sql\n"


@dataclass(frozen=True)
class Result:
    """What a project resolves to. `found` are the findings of resolving, `lints` those of linting."""

    loaded: Loaded
    views: Mapping[str, ResolvedView]
    found: tuple[Diagnostic, ...]
    lints: tuple[Diagnostic, ...]

    @property
    def codes(self) -> list[str]:
        return [item.code for item in self.found]

    @property
    def lint_codes(self) -> list[str]:
        return sorted(item.code for item in self.lints)

    def marked(self, number: int = 0) -> str:
        """The text under the `^^^` of a finding."""
        item = (*self.found, *self.lints)[number]
        document = next(
            view.origin.document for view in self.loaded.views if view.origin.document.path == item.span.path
        )
        lines = document.text.split("\n")
        last = item.span.end_column - 1 if item.span.line == item.span.end_line else None
        return lines[item.span.line - 1][item.span.column - 1 : last]


def resolve(files: Mapping[str, str], schema: str = SHOP) -> Result:
    """A project of these files (path to text; settings and catalog are there already)."""
    loaded = load_files({"mvc.yml": SETTINGS, "schema.sql": schema, **files})
    sources = Sources(loaded.catalog, frozenset())
    found = Findings(loaded.diagnostics)
    views: dict[str, ResolvedView] = {}
    lints: list[Diagnostic] = []
    for view in in_order(loaded.views, found):
        functions = Functions(loaded.catalog, view.requires, 18)
        resolved = _resolve(view, sources, functions, found)
        if resolved:
            views[view.name] = resolved
            sources.views[view.name] = resolved.readable(("mvc", f"{view.name}_1a2b"))
            lints += lint_view(resolved, functions)
    lints += lint_project(
        tuple(views.values()), tuple(loaded.policies), tuple(loaded.schedules), Functions(loaded.catalog)
    )
    return Result(loaded, views, tuple(found), tuple(lints))


def _resolve(view: View, sources: Sources, functions: Functions, found: Findings) -> ResolvedView | None:
    if isinstance(view.body, Body):
        return resolve_body(view, view.body, sources.views, sources.relation, functions, found)
    readables = sources.of(view, view.body, functions, found)
    return resolve_declared(view, view.body, readables, functions, found) if readables else None


def body_view(sql: str, grain: str = "[id]", extra: str = "", name: str = "v") -> str:
    """The YAML of a view with a body; the text is taken as it is, tabs and control characters included."""
    text = (
        json.dumps(sql) if any(ord(character) < 32 for character in sql.replace("\n", "")) or sql != sql.strip() else ""
    )
    block = text or "|\n" + textwrap.indent(sql, "  ")
    return f"view: {name}\ngrain: {grain}\n{textwrap.dedent(extra)}sql: {block}\n"


SCHEDULED = "schedules:\n  - {schedule: nightly, refresh: all, every: '0 2 * * *'}\n"


def resolve_sql(sql: str, grain: str = "[id]", extra: str = "", schema: str = SHOP) -> Result:
    """A project with one view `v` that has this body."""
    return resolve({"views/v.yml": body_view(sql, grain, extra), "schedules/all.yml": SCHEDULED}, schema)
