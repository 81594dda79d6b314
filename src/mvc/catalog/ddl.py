"""DDL files to a Catalog. This file says which statements matter; each is read in a module of its own.

A statement is what PostgreSQL's grammar makes of it. One that the catalog does not depend on (INSERT, GRANT, DO, …) is only put to the grammar. Files
are applied in the order of their paths; a statement whose table comes only later is tried again at the end. psql's own commands, the rows of COPY
and where a statement ends are read from the tokens (`mvc.catalog.statements`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from mvc.catalog.alter_table import alter_relation, move_relation, rename_relation
from mvc.catalog.create_function import alter_function, create_aggregate, create_function, path_of
from mvc.catalog.create_index import create_index
from mvc.catalog.create_table import create_table, create_table_as
from mvc.catalog.create_type import (
    alter_domain,
    alter_enum,
    create_collation,
    create_composite,
    create_domain,
    create_enum,
    create_range,
    move_type,
    rename_type,
)
from mvc.catalog.create_view import create_view
from mvc.catalog.cursor import Name
from mvc.catalog.draft import Draft, Missing, SourceText
from mvc.catalog.drop import RELATIONS, TYPES, drop
from mvc.catalog.freeze import freeze
from mvc.catalog.grammatical import Ungrammatical, defined_names, grammatical
from mvc.catalog.statements import statements
from mvc.catalog.tokens import Token, Unreadable
from mvc.catalog.types import Catalog
from mvc.catalog.written import Written, items, strings
from mvc.diagnostics import Diagnostic, did_you_mean, error, warning


class _Later(NamedTuple):
    """A statement whose table was not there yet, with what it needs to be read again."""

    written: Written
    path: tuple[str, ...]
    missing: Name


def read_ddl(
    files: Mapping[str, str], search_path: tuple[str, ...] = ("public",), storage_schema: str = ""
) -> tuple[Catalog, tuple[Diagnostic, ...]]:
    """The catalog that the files (path to text) describe, with every finding. Views of `storage_schema`, which a dump of a database that
    was deployed to has, are passed over where they cannot be read: they are ours, and no project reads them.

    Errors (MV020) mean that something is missing in the catalog; warnings (MV021 to MV023) that a statement made no sense.
    """
    return _read_files(tuple(sorted(files.items())), search_path, storage_schema)


# A comparison reads two revisions of a project, nearly always of the same tables: these are read once.
@lru_cache(maxsize=4)
def _read_files(
    files: tuple[tuple[str, str], ...], search_path: tuple[str, ...], storage_schema: str
) -> tuple[Catalog, tuple[Diagnostic, ...]]:
    draft = Draft(search_path, storage_schema)
    later: list[_Later] = []
    for path, text in files:
        _read_file(draft, SourceText(path, text), later)
    _retry(draft, later)
    catalog = freeze(draft)
    return catalog, tuple(sorted(draft.findings, key=lambda item: item.span))


def _read_file(draft: Draft, source: SourceText, later: list[_Later]) -> None:
    draft.source, draft.path = source, draft.search_path
    if (nul := source.text.find("\x00")) >= 0:
        _unreadable(draft, Unreadable("it holds the character NUL", nul, nul + 1))
        return
    try:
        for tokens in statements(source.text):
            _read_statement(draft, tokens, later)
    except Unreadable as problem:
        _unreadable(draft, problem)


def _read_statement(draft: Draft, tokens: list[Token], later: list[_Later]) -> None:
    found = grammatical(draft.source, tokens)
    if isinstance(found, Ungrammatical):
        _unreadable(draft, *found)
        draft.unread.update(defined_names(tokens))
        return
    lacking = ((written, _read(draft, written)) for written in found)
    later.extend(_Later(written, draft.path, missing) for written, missing in lacking if missing)


def _retry(draft: Draft, later: list[_Later]) -> None:
    """Reads what was put off, as often as that helps; what is still missing then becomes a finding."""
    again: list[_Later] = []
    for item in later:
        draft.source, draft.path = item.written.source, item.path
        missing = _read(draft, item.written)
        if missing:
            again.append(item._replace(missing=missing))
    if len(again) < len(later):
        _retry(draft, again)
        return
    for item in again:
        _complain(draft, item)


def _complain(draft: Draft, item: _Later) -> None:
    if item.missing.name in draft.unread:
        return
    draft.source = item.written.source
    known = {relation.name for relation in draft.relations.values()}
    title = f"`{item.missing.name}` is not in the DDL"
    draft.warn("MV021", item.missing, title, did_you_mean(item.missing.name, known, "tables"))


def _read(draft: Draft, written: Written) -> Name | None:
    """Applies one statement; returns the relation that it lacks, if so."""
    try:
        if read := _READERS.get(written.kind):
            read(draft, written)
    except Missing as missing:
        return missing.name
    except Unreadable as problem:
        _unreadable(draft, problem)
    return None


def _unreadable(draft: Draft, problem: Unreadable, help_line: str = "", matters: bool = True) -> None:  # noqa: FBT001, FBT002  as in Ungrammatical
    span = draft.source.span(problem.start, problem.end)
    emit = error if matters else warning
    title = f"this DDL cannot be read: {problem.reason}"
    draft.findings.append(emit("MV020", span, title, label=problem.reason, help=help_line))


def _create_schema(draft: Draft, written: Written) -> None:
    """Only its elements matter: `CREATE SCHEMA s CREATE TABLE …` puts them there."""
    node = written.node
    schema = node.get("schemaname") or node.get("authrole", {}).get("rolename", "")
    path, draft.path = draft.path, (schema, *draft.path)
    try:
        for element in node.get("schemaElts", []):
            _read_element(draft, written.within(element))
    finally:
        draft.path = path


def _read_element(draft: Draft, written: Written) -> None:
    if read := _READERS.get(written.kind):
        read(draft, written)


def _create_extension(draft: Draft, written: Written) -> None:
    if (name := written.node["extname"]) != "plpgsql":
        draft.extensions.add(name)


def _define(draft: Draft, written: Written) -> None:
    if written.node["kind"] == "OBJECT_AGGREGATE":
        create_aggregate(draft, written)
    elif written.node["kind"] == "OBJECT_COLLATION":
        create_collation(draft, written)
    elif written.node["kind"] == "OBJECT_OPERATOR":
        draft.operators.add(strings(written.node["defnames"])[-1])


def _create_cast(draft: Draft, _: Written) -> None:
    draft.operators.add("cast")


def _create_as(draft: Draft, written: Written) -> None:
    (create_view if written.node["objtype"] == "OBJECT_MATVIEW" else create_table_as)(draft, written)


def _rename(draft: Draft, written: Written) -> None:
    (rename_type if written.node["renameType"] in TYPES else rename_relation)(draft, written)


def _move(draft: Draft, written: Written) -> None:
    kind = written.node["objectType"]
    if kind in TYPES:
        move_type(draft, written)
    elif kind in RELATIONS:
        move_relation(draft, written)


def _set(draft: Draft, written: Written) -> None:
    node = written.node
    if node.get("name") != "search_path":
        return
    draft.path = draft.search_path if node["kind"] in ("VAR_SET_DEFAULT", "VAR_RESET") else _path(path_of(node))


def _select(draft: Draft, written: Written) -> None:
    """`SELECT pg_catalog.set_config('search_path', '', false)`, as pg_dump writes it."""
    for _, target in items(written.node.get("targetList", [])):
        call = target["val"].get("FuncCall", {})
        if strings(call.get("funcname", []))[-1:] != ["set_config"]:
            continue
        values = [value.get("sval", {}).get("sval", "") for _, value in items(call.get("args", []))]
        if len(values) > 1 and values[0] == "search_path":
            draft.path = _path(values[1].split(","))


def _path(written: Iterable[str]) -> tuple[str, ...]:
    names = (name.strip().strip('"') for name in written)
    return tuple(name for name in names if name not in ("", "$user", "pg_catalog"))


_READERS: Final[Mapping[str, Callable[[Draft, Written], None]]] = {
    "CreateStmt": create_table,
    "CreateForeignTableStmt": create_table,
    "CreateTableAsStmt": _create_as,
    "ViewStmt": create_view,
    "IndexStmt": create_index,
    "AlterTableStmt": alter_relation,
    "RenameStmt": _rename,
    "AlterObjectSchemaStmt": _move,
    "CreateEnumStmt": create_enum,
    "CreateRangeStmt": create_range,
    "CompositeTypeStmt": create_composite,
    "CreateDomainStmt": create_domain,
    "AlterEnumStmt": alter_enum,
    "AlterDomainStmt": alter_domain,
    "CreateFunctionStmt": create_function,
    "AlterFunctionStmt": alter_function,
    "DefineStmt": _define,
    "CreateCastStmt": _create_cast,
    "CreateSchemaStmt": _create_schema,
    "CreateExtensionStmt": _create_extension,
    "DropStmt": drop,
    "VariableSetStmt": _set,
    "SelectStmt": _select,
}
