"""What is stored of a view: its query, with hidden columns where the grain needs them, and its indexes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlglot import exp

from mvc.analysis.declared.after import windows_of
from mvc.analysis.refresh.window_partitions import refresh_keys
from mvc.analysis.resolved import BodyQuery, DeclaredQuery, ResolvedView
from mvc.compiled.view import CompiledIndex
from mvc.engines.postgres.deploy.naming import joined_name
from mvc.engines.postgres.deploy.statements import parameters_text
from mvc.engines.postgres.engine import DIALECT
from mvc.engines.postgres.query.hidden import WRAPPED, grain_columns, hidden_columns, hidden_keys, stands_itself
from mvc.engines.postgres.query.printing import select_tree
from mvc.engines.postgres.query.proof import check_one_statement, print_proven
from mvc.engines.postgres.query.verbatim import leaf, name
from mvc.meaning.fingerprint import fingerprint
from mvc.model.view import Index, IndexKey, Setting
from mvc.quoting import constant, identifier, is_plain, qualified
from mvc.shape.query import query_of


def query_text(view: ResolvedView) -> str:
    """The SELECT whose rows are the view's."""
    if isinstance(view.query, BodyQuery):
        return view.query.sql
    return print_proven(select_tree(query_of(view, view.query)))


def stored_query_text(view: ResolvedView, query: str) -> str:
    """The SELECT that is stored: with the hidden columns, if there are any."""
    hidden = hidden_columns(view) if view.view.kind == "materialized" else ()
    if not hidden:
        return query
    listed = [leaf(qualified(WRAPPED, column.name)) for column in view.columns]
    keys = [exp.Alias(this=leaf(column.value), alias=name(column.name)) for column in hidden]
    outer = exp.Select(expressions=[*listed, *keys])
    alias = exp.TableAlias(this=name(WRAPPED))
    if isinstance(view.query, DeclaredQuery):
        return print_proven(outer.from_(exp.Subquery(this=select_tree(query_of(view, view.query)), alias=alias)))
    text = outer.from_(exp.Table(this=name(WRAPPED))).sql(dialect=DIALECT, pretty=True)
    head = text.rpartition("FROM")[0]
    wrapped = f"{head}FROM (\n{query}\n) AS {WRAPPED}"
    check_one_statement(wrapped)
    return wrapped


def compiled_indexes(view: ResolvedView, stored: str) -> tuple[CompiledIndex, ...]:
    """The derived unique index on the grain, then the spec's. A name ends in a digest of what the index is, so that another
    definition never bears the name of one that is there.
    """
    if view.view.kind == "plain":
        return ()
    key = _columns(grain_key(view))
    found = [CompiledIndex(joined_name(stored, "grain"), f"({key})", unique=True, origin="grain")]
    if hidden_columns(view) and view.grain:
        lookup = f"({_columns(view.grain)})"
        found.append(CompiledIndex(joined_name(stored, "lookup"), lookup, unique=False, origin="lookup"))
    found += [_spec_index(index, stored) for index in view.indexes]
    return tuple({item.name: item for item in found}.values())


def grain_key(view: ResolvedView) -> list[str]:
    """The stored columns that identify a row, none of them ever NULL."""
    own = [column.name for column in grain_columns(view) if stands_itself(view, column)]
    return [*own, *(column.name for column in hidden_columns(view))]


def part_key(view: ResolvedView) -> list[str]:
    """The stored columns that identify what is computed together: a row, or the rows that windows look at. One that is not of the grain may
    be NULL.
    """
    if not isinstance(view.query, DeclaredQuery) or not windows_of(view.query.computed):
        return grain_key(view)
    names, grain = refresh_keys(view.query), grain_columns(view)
    hidden = {column.name for column in grain if not stands_itself(view, column)}
    return [*(name for name in names if name not in hidden), *(column.name for column in hidden_keys(view, names))]


def _spec_index(index: Index, stored: str) -> CompiledIndex:
    definition = _definition(index)
    digest = fingerprint(definition, "unique" if index.unique else "")
    name = index.name or joined_name(*(_key_word(key) for key in index.keys))
    return CompiledIndex(joined_name(stored, name, digest), definition, index.unique, "spec")


def _key_word(key: IndexKey) -> str:
    expression = key.term.ordered.expression
    return expression.columns[0].name if len(expression.columns) == 1 and not expression.calls else "expr"


def _definition(index: Index) -> str:
    method = "" if index.method == "btree" else f"USING {identifier(index.method)} "
    keys = ", ".join(_key(key) for key in index.keys)
    include = f" INCLUDE ({_columns(index.include)})" if index.include else ""
    where = f" WHERE {index.where.expression.text}" if index.where else ""
    return f"{method}({keys}){include}{parameters_text(options(index.parameters))}{where}"


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


def options(parameters: Mapping[str, Setting]) -> tuple[tuple[str, str], ...]:
    """Storage parameters as names and values in SQL, by name. A name may be qualified (`toast.autovacuum_enabled`)."""
    return tuple(sorted((_parameter_name(key), constant(value)) for key, value in parameters.items()))


def _parameter_name(key: str) -> str:
    return ".".join(part if is_plain(part) else identifier(part) for part in key.split("."))
