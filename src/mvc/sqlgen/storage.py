"""The stored relation of a view: a materialized view with its indexes, or a plain view, under a fingerprinted name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlglot import exp

from mvc.analysis.resolved import BodyQuery, DeclaredQuery, OutputColumn, ResolvedView
from mvc.model.view import Index, IndexKey, Setting
from mvc.quoting import identifier, is_plain, literal, qualified
from mvc.sqlgen.aggregate import constant
from mvc.sqlgen.leaf import leaf, name
from mvc.sqlgen.naming import HIDDEN_COLUMN, fingerprint, joined_name
from mvc.sqlgen.proof import parse_one_statement, print_proven
from mvc.sqlgen.query import declared_select

WRAPPED = "rows_of_view"


def query_text(view: ResolvedView) -> str:
    """The SELECT whose rows are the view's."""
    if isinstance(view.query, BodyQuery):
        return view.query.sql
    return print_proven(declared_select(view, view.query))


def stored_query_text(view: ResolvedView, query: str) -> str:
    """The SELECT that is stored: with a hidden column for the grain's columns that may be NULL.

    NULLs in a unique index make every concurrent refresh rewrite their rows, also with NULLS NOT DISTINCT.
    """
    if view.view.kind == "plain" or not view.nullable_grain:
        return query
    listed = [leaf(qualified(WRAPPED, column.name)) for column in view.columns]
    outer = exp.Select(expressions=[*listed, exp.Alias(this=leaf(_hidden(view)), alias=name(HIDDEN_COLUMN))])
    alias = exp.TableAlias(this=name(WRAPPED))
    if isinstance(view.query, DeclaredQuery):
        return print_proven(outer.from_(exp.Subquery(this=declared_select(view, view.query), alias=alias)))
    text = outer.from_(exp.Table(this=name(WRAPPED))).sql(dialect="postgres", pretty=True)
    head = text.rpartition("FROM")[0]
    wrapped = f"{head}FROM (\n{query}\n) AS {WRAPPED}"
    parse_one_statement(wrapped)
    return wrapped


def _hidden(view: ResolvedView) -> str:
    """The nullable columns of the grain as an array: never NULL itself, and equal where all are equal or NULL."""
    columns = [column for column in _grain_columns(view) if column.nullable]
    types = {column.type for column in columns}
    one_type = len(types) == 1 and not any(type_ is None or type_.endswith("[]") for type_ in types)
    texts = [qualified(WRAPPED, column.name) + ("" if one_type else "::text") for column in columns]
    return f"ARRAY[{', '.join(texts)}]" if texts else "''::text"


def _grain_columns(view: ResolvedView) -> list[OutputColumn]:
    columns = (view.column(name) for name in view.grain or ())
    return [column for column in columns if column]


def create_storage(view: ResolvedView, reference: tuple[str, str], query: str) -> list[str]:
    """CREATE statements that may run again without harm. A materialized view starts without data."""
    named = qualified(*reference)
    if view.view.kind == "plain":
        return [f"CREATE OR REPLACE VIEW {named} AS\n{query}"]
    parameters = _parameters(view.view.parameters)
    return [f"CREATE MATERIALIZED VIEW IF NOT EXISTS {named}{parameters} AS\n{query}\nWITH NO DATA"]


def create_indexes(view: ResolvedView, reference: tuple[str, str]) -> list[str]:
    """The derived unique index on the grain, then the spec's."""
    if view.view.kind == "plain":
        return []
    schema, stored = reference
    unique = [column.name for column in _grain_columns(view) if not column.nullable]
    unique += [HIDDEN_COLUMN] if view.nullable_grain else []
    table = qualified(schema, stored)
    statements = [
        f"CREATE UNIQUE INDEX IF NOT EXISTS {identifier(joined_name(stored, 'grain'))} ON {table} ({_columns(unique)})"
    ]
    if view.nullable_grain and view.grain:
        lookup = identifier(joined_name(stored, "lookup"))
        statements.append(f"CREATE INDEX IF NOT EXISTS {lookup} ON {table} ({_columns(view.grain)})")
    names = index_names(view, stored)
    return statements + [_create_index(index, names[number], table) for number, index in enumerate(view.indexes)]


def index_names(view: ResolvedView, stored: str) -> list[str]:
    """A name for each index of the spec, made from its columns where none is given; unique among the view's."""
    digest = stored.rpartition("_")[2]
    names: list[str] = []
    for index in view.indexes:
        if index.name:
            made = joined_name(index.name, digest)
        else:
            made = joined_name(stored, *(_key_word(key) for key in index.keys), "idx")
        names.append(joined_name(made, fingerprint(_create_index(index, made, ""))) if made in names else made)
    return names


def _key_word(key: IndexKey) -> str:
    expression = key.term.ordered.expression
    return expression.columns[0].name if len(expression.columns) == 1 and not expression.calls else "expr"


def _create_index(index: Index, index_name: str, table: str) -> str:
    unique = "UNIQUE " if index.unique else ""
    method = "" if index.method == "btree" else f" USING {identifier(index.method)}"
    keys = ", ".join(_key(key) for key in index.keys)
    include = f" INCLUDE ({_columns(index.include)})" if index.include else ""
    where = f" WHERE {index.where.expression.text}" if index.where else ""
    head = f"CREATE {unique}INDEX IF NOT EXISTS {identifier(index_name)} ON {table}{method}"
    return f"{head} ({keys}){include}{_parameters(index.parameters)}{where}"


def _key(key: IndexKey) -> str:
    ordered = key.term.ordered
    ref = ordered.expression.columns[0] if len(ordered.expression.columns) == 1 else None
    bare = ref is not None and (ref.start, ref.end) == (0, len(ordered.expression.source))
    text = identifier(ref.name) if ref is not None and bare else f"({ordered.expression.text})"
    collate = f" COLLATE {identifier(key.collate)}" if key.collate else ""
    opclass = f" {identifier(key.opclass)}" if key.opclass else ""
    return f"{text}{collate}{opclass}{ordered.suffix}"


def _columns(names: Iterable[str]) -> str:
    return ", ".join(identifier(item) for item in names)


def _parameters(parameters: Mapping[str, Setting]) -> str:
    """`WITH (fillfactor = 90)`. A parameter's name may be qualified (`toast.autovacuum_enabled`)."""
    if not parameters:
        return ""
    items = (f"{_parameter_name(key)} = {constant(value)}" for key, value in parameters.items())
    return f" WITH ({', '.join(items)})"


def _parameter_name(key: str) -> str:
    return ".".join(part if is_plain(part) else identifier(part) for part in key.split("."))


def comment_on(kind: str, reference: str, text: str | None) -> list[str]:
    """COMMENT ON, for a description that there is."""
    return [f"COMMENT ON {kind} {reference} IS {literal(text)}"] if text else []
