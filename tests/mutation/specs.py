"""Right projects, and the places in them that are changed: expressions, conditions, ORDER terms, bodies, rules, types of the DDL."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Final

import yaml

from expression import mutations
from golden import test_wrong
from golden.cases import read_cases
from inference.expressions import RIGHT, TABLE, listed
from inference.test_infer import columns
from mvc.compiled.project import Compiled
from mvc.diagnostics import ProjectError
from mvc.model.project import Project
from mvc.pipeline.compile import compile_files
from mvc.pipeline.load import load_files
from mvc.source import read

_CHANGED: Final = ("views/", "policies/")
_NO_SQL: Final = {"description", "view", "table", "policy", "schedule", "tags", "requires", "accept"}
_TYPE: Final = re.compile(
    r"(?<=[\w\"] )(?:integer|int|bigint|smallint|text|uuid|numeric|timestamptz|timestamp|date|boolean|jsonb?|float8|double precision|real|varchar"
    r"|inet|interval)\b(?! precision| varying| with)(?:\(\d+(?:, ?\d+)?\))?(?:\[\])?",
    re.IGNORECASE,
)
_BODIES: Final = {
    "plain": "view: v\ngrain: [id]\nsql: {sql}\n",
    "declared": "view: v\nsources: {{t: {{table: t}}}}\ndimensions:\n  id: t.id\n  x: {sql}\naggregates: {{n: {{count: t}}}}\n",
    "where": "view: v\nsources: {{t: {{table: t}}}}\nwhere: {sql}\ndimensions: {{id: t.id}}\naggregates: {{n: {{count: t}}}}\n",
    "grouped": "view: v\nsources: {{t: {{table: t}}}}\ndimensions: {{o: t.o}}\naggregates:\n  x: {{sql: {sql}}}\n",
}


@dataclass(frozen=True)
class Spec:
    """A project that compiles; `absent` are views in other files that it leaves out."""

    files: tuple[tuple[str, str], ...]
    absent: frozenset[str] = frozenset()

    @cached_property
    def project(self) -> Project:
        return load_files(dict(self.files), self.absent).project()

    @cached_property
    def compiled(self) -> Compiled:
        return compile_files(dict(self.files), self.absent)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Those of all tables and views."""
        tables = {column.name for table in self.project.catalog.relations for column in table.columns}
        return tuple(sorted(tables | {column.name for view in self.compiled.views for column in view.columns}))


@dataclass(frozen=True)
class Place:
    """A text in a file of a spec: by the keys that lead to it, or, without keys, by where it stands (a type in the DDL)."""

    spec: Spec
    path: str
    keys: tuple[str | int, ...]
    text: str
    start: int = 0

    def changed(self, text: str) -> dict[str, str]:
        """The project with another text in this place."""
        files = dict(self.spec.files)
        if self.keys:
            return mutations.Site(files, self.spec.absent, self.path, self.keys, self.text).project(text)
        whole = files[self.path]
        files[self.path] = whole[: self.start] + text + whole[self.start + len(self.text) :]
        return files


@cache
def places() -> tuple[Place, ...]:
    """Every place of every spec; those without keys are types."""
    return tuple(place for spec in _specs() for place in _places(spec))


def _specs() -> Iterator[Spec]:
    for files, absent in (*mutations.projects(), *((files, frozenset()) for files in _right())):
        yield Spec(tuple(sorted(files.items())), absent)
    for files in _over_all_types():
        try:
            compile_files(files)
        except ProjectError:
            continue  # such as an aggregate in a WHERE
        yield Spec(tuple(sorted(files.items())))


def _right() -> Iterator[dict[str, str]]:
    for path in sorted((test_wrong.HERE / "right").glob("*.md")):
        yield from (test_wrong._files(case) for case in read_cases(path))


def _over_all_types() -> Iterator[dict[str, str]]:
    """A view for each right expression, which has a column of nearly each type to read."""
    table = TABLE.replace("CREATE TABLE t (", "CREATE TABLE t (\n  id bigint PRIMARY KEY,")
    for number, text in enumerate(listed(RIGHT)):
        shape = ("plain", "declared", "where", "grouped")[number % 4]
        qualified = text
        for at in sorted(columns(text), reverse=True):
            qualified = f"{qualified[:at]}t.{qualified[at:]}"
        sql = f"SELECT t.id, {qualified} AS x FROM t" if shape == "plain" else qualified
        quoted = yaml.safe_dump(sql, default_style='"', width=100_000, allow_unicode=True).strip()
        yield {
            "mvc.yml": "catalog: s.sql\nversion: 18\n",
            "s.sql": table,
            "views/v.yml": _BODIES[shape].format(sql=quoted),
        }


def _places(spec: Spec) -> Iterator[Place]:
    for path, text in spec.files:
        if path.endswith(".sql"):
            yield from (Place(spec, path, (), match.group(), match.start()) for match in _TYPE.finditer(text))
        elif path.startswith(_CHANGED):
            document, _ = read(path, text)
            for keys, node in document.nodes.items() if document else ():
                if keys and isinstance(node[1], yaml.ScalarNode) and _is_sql(str(node[1].value), keys):
                    yield Place(spec, path, keys, str(node[1].value))


def _is_sql(text: str, keys: tuple[str | int, ...]) -> bool:
    return not _NO_SQL & {str(keys[0]), str(keys[-1])} and mutations.is_sql(text)
