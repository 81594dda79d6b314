"""The columns of a query: names always, types and NOT NULLs where a projection is a plain column of a known relation.

What this cannot know it leaves open (type None, nullable), and never guesses.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final, NamedTuple

from sqlglot import exp

from mvc.catalog.types import Column
from mvc.engines.postgres.engine import DIALECT

Lookup = Callable[[str | None, str], Mapping[str, Column] | None]
"""The columns of the relation (schema or None, name), or None where it is not known."""
TypeOf = Callable[[str], str | None]
"""The spelling of a type that stands in a cast."""


class QuerySurroundings(NamedTuple):
    """What a query sees of the world: relations, how types are spelled, and what PostgreSQL calls its columns."""

    relation: Lookup
    spell: TypeOf
    names: Mapping[int, str] = MappingProxyType({})  # of the items of SELECT lists, by the identity of their nodes


class UnknownSource(Exception):
    """`SELECT *` from something whose columns are not known."""

    def __init__(self, source: str) -> None:
        super().__init__(source)
        self.source = source


class _Source(NamedTuple):
    alias: str
    columns: Mapping[str, Column] | None  # None: not known
    title: str


_CALL: Final = re.compile(r"([A-Za-z_]\w*)\s*\(")


def query_columns(query: exp.Expr, outside: QuerySurroundings) -> list[Column]:
    """The columns of a SELECT, set operation or VALUES, in order. Raises UnknownSource."""
    outside = _with_ctes(query, outside)
    if isinstance(query, exp.SetOperation):
        left, right = (query_columns(side, outside) for side in (query.left, query.right))
        return _united(left, right)
    if isinstance(query, (exp.Subquery, exp.Paren)):
        return query_columns(query.this, outside)
    if isinstance(query, exp.Select):
        return _select_columns(query, outside)
    if isinstance(query, exp.Values):
        width = len(query.expressions[0].expressions) if query.expressions else 0
        return [Column(f"column{number + 1}", None) for number in range(width)]
    return []


def _with_ctes(query: exp.Expr, outside: QuerySurroundings) -> QuerySurroundings:
    known: dict[str, Mapping[str, Column] | None] = {}

    def lookup(schema: str | None, name: str) -> Mapping[str, Column] | None:
        return known[name] if schema is None and name in known else outside.relation(schema, name)

    inner = outside._replace(relation=lookup)
    for cte in _ctes(query):
        known[_name(cte.args["alias"].this)] = None  # a recursive query sees itself while it is read
        known[_name(cte.args["alias"].this)] = _aliased(_known_columns(cte.this, inner), cte.args["alias"])
    return inner if known else outside


def _ctes(query: exp.Expr) -> list[exp.Expr]:
    clause = query.args.get("with_") or query.args.get("with")
    return list(clause.expressions) if clause else []


def _known_columns(query: exp.Expr, outside: QuerySurroundings) -> list[Column] | None:
    try:
        return query_columns(query, outside)
    except UnknownSource:
        return None


def _aliased(columns: list[Column] | None, alias: exp.Expr | None) -> Mapping[str, Column] | None:
    """The columns under the names of `AS alias (names)`."""
    if columns is None:
        return None
    names = [_name(item.this if isinstance(item, exp.ColumnDef) else item) for item in _alias_columns(alias)]
    named = [replace(column, name=name) for column, name in zip(columns, names, strict=False)]
    return {column.name: column for column in (*named, *columns[len(named) :])}


def _alias_columns(alias: exp.Expr | None) -> list[exp.Expr]:
    return list(alias.args.get("columns") or []) if alias else []


def _united(left: list[Column], right: list[Column]) -> list[Column]:
    if len(left) != len(right):
        return [Column(column.name, None) for column in left]
    return [
        Column(one.name, one.type if one.type == two.type else None, one.nullable or two.nullable)
        for one, two in zip(left, right, strict=True)
    ]


def _select_columns(select: exp.Select, outside: QuerySurroundings) -> list[Column]:
    sources, merged = _sources(select, outside)
    columns: list[Column] = []
    for projection in select.expressions:
        columns.extend(_projected(projection, sources, merged, outside))
    group = select.args.get("group")
    if group and any(group.args.get(item) for item in ("rollup", "cube", "grouping_sets")):
        return [replace(column, nullable=True) for column in columns]
    return columns


def _sources(select: exp.Select, outside: QuerySurroundings) -> tuple[list[_Source], list[str]]:
    """What stands in FROM, nullable where an outer join makes it so, and the columns that USING merges."""
    start = select.args.get("from_") or select.args.get("from")
    sources, merged = _joined(start.this, outside) if start else ([], [])
    for join in select.args.get("joins") or []:
        sources, merged = _with_join(join, sources, merged, outside)
    sources += [_source(lateral, outside) for lateral in select.args.get("laterals") or []]
    return sources, merged


def _joined(item: exp.Expr, outside: QuerySurroundings) -> tuple[list[_Source], list[str]]:
    """One item of FROM, which may be a join in brackets, with the joins that hang on it."""
    bracketed = isinstance(item, (exp.Subquery, exp.Paren)) and isinstance(item.this, (exp.Table, exp.Subquery))
    if bracketed and not item.args.get("alias"):
        sources, merged = _joined(item.this, outside)
    else:
        sources, merged = [_source(item, outside)], []
    for join in item.args.get("joins") or []:
        sources, merged = _with_join(join, sources, merged, outside)
    return sources, merged


def _with_join(
    join: exp.Expr, sources: list[_Source], merged: list[str], outside: QuerySurroundings
) -> tuple[list[_Source], list[str]]:
    right, below = _joined(join.this, outside)
    side = (join.args.get("side") or "").upper()
    merged = [*merged, *below, *_merged(join, sources, right)]
    if side in ("RIGHT", "FULL"):
        sources = [_optional(source) for source in sources]
    if side in ("LEFT", "FULL"):
        right = [_optional(source) for source in right]
    return [*sources, *right], merged


def _source(item: exp.Expr, outside: QuerySurroundings) -> _Source:
    alias = item.args.get("alias")
    name = _name(alias.this) if alias and alias.this else ""
    if isinstance(item, exp.Table) and isinstance(item.this, exp.Identifier):
        columns = outside.relation(_name(item.args["db"]) if item.args.get("db") else None, _name(item.this))
        listed = None if columns is None else list(columns.values())
        return _Source(name or _name(item.this), _aliased(listed, alias), item.sql(DIALECT))
    if isinstance(item, (exp.Subquery, exp.Lateral)) and isinstance(item.this, (exp.Query, exp.Subquery)):
        return _Source(name, _aliased(_known_columns(item.this, outside), alias), name)
    return _Source(name, None, name)


def _optional(source: _Source) -> _Source:
    if source.columns is None:
        return source
    return source._replace(columns={name: replace(item, nullable=True) for name, item in source.columns.items()})


def _merged(join: exp.Expr, sources: list[_Source], right: list[_Source]) -> list[str]:
    using = [_name(item.this if isinstance(item, exp.Column) else item) for item in join.args.get("using") or []]
    if (join.args.get("method") or "").upper() == "NATURAL":
        left = [name for source in sources for name in source.columns or ()]
        using = [name for source in right for name in source.columns or () if name in left]
    return using


def _projected(
    projection: exp.Expr, sources: list[_Source], merged: list[str], outside: QuerySurroundings
) -> Iterator[Column]:
    inner = projection.unalias()
    if isinstance(inner, exp.Star):
        yield from _star(sources, merged)
    elif isinstance(inner, exp.Column) and isinstance(inner.this, exp.Star):
        yield from _star([source for source in sources if source.alias == _name(inner.args["table"])], [])
    else:
        alias = projection.args["alias"] if isinstance(projection, exp.Alias) else None
        name = outside.names.get(id(projection)) or (_name(alias) if alias else _default_name(inner))
        yield replace(_value(inner, sources, outside), name=name)


def _star(sources: list[_Source], merged: list[str]) -> Iterator[Column]:
    """USING columns come first and once, as the standard has it."""
    for source in sources:
        if source.columns is None:
            raise UnknownSource(source.title)
    columns = [column for source in sources for column in (source.columns or {}).values()]
    for name in dict.fromkeys(merged):
        both = [column for column in columns if column.name == name]
        yield replace(both[0], nullable=all(column.nullable for column in both))
    yield from (column for column in columns if column.name not in merged)


def _value(inner: exp.Expr, sources: list[_Source], outside: QuerySurroundings) -> Column:
    unknown = Column("", None)
    if isinstance(inner, exp.Column) and not inner.args.get("db"):
        table = inner.args.get("table")
        return _plain(_name(inner.this), _name(table) if table else "", sources) or unknown
    if isinstance(inner, exp.Cast) and not isinstance(inner, exp.TryCast):
        return replace(unknown, type=outside.spell(inner.to.sql(DIALECT)))
    return unknown


def _plain(name: str, alias: str, sources: list[_Source]) -> Column | None:
    """The one column that the name can mean; None when a source of unknown columns could have it too."""
    seen = [source for source in sources if not alias or source.alias == alias]
    if any(source.columns is None for source in seen):
        return None
    found = [source.columns[name] for source in seen if source.columns and name in source.columns]
    return found[0] if len(found) == 1 else None


def _default_name(inner: exp.Expr) -> str:
    """The name that the server gives to a column without AS."""
    if isinstance(inner, exp.Column):
        return _name(inner.this)
    if isinstance(inner, exp.Cast):
        below = _default_name(inner.this)
        return below if below != "?column?" else inner.to.sql(DIALECT).split("(")[0].lower()
    if isinstance(inner, exp.Case):
        return "case"
    if isinstance(inner, (exp.Window, exp.Filter, exp.WithinGroup, exp.Paren)):
        return _default_name(inner.this)
    call = _CALL.match(inner.sql(DIALECT)) if isinstance(inner, exp.Func) else None
    return call[1].lower() if call else "?column?"


def _name(identifier: exp.Expr) -> str:
    """The exact name of an identifier: folded unless it was quoted."""
    return identifier.name if identifier.args.get("quoted") else identifier.name.lower()
