"""A compiled view → the statements that store it, expose it and write it into the ledger. Each is safe to run again.

Only compiled data is read here, so what was deployed last year can be built, exposed or compared again from its record.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from mvc.compiled.refresh import Watched
from mvc.compiled.serialize import to_record
from mvc.compiled.view import CompiledIndex, CompiledView, Target
from mvc.engines.postgres.refresh.companions import companions
from mvc.quoting import dollar_quoted, identifier, literal, qualified


def create_storage(target: Target, view: CompiledView) -> tuple[str, ...]:
    """The stored relation, without rows. A table has its columns from its query; what else is beside it may read it, and the
    logs of changes.
    """
    named, parameters = qualified(*view.storage), parameters_text(view.options)
    if view.stored_as == "view":
        return (f"CREATE OR REPLACE VIEW {named} AS\n{view.stored_query}",)
    if view.stored_as == "materialized view":
        create = f"CREATE MATERIALIZED VIEW IF NOT EXISTS {named}{parameters} AS\n{view.stored_query}\nWITH NO DATA"
        return (create,)
    query, *others = companions(view)
    source = qualified(view.storage[0], query.name)
    create = f"CREATE TABLE IF NOT EXISTS {named}{parameters} AS\nTABLE {source}\nWITH NO DATA"
    watches = (watch_sql(target, item) for item in (view.increment.watched if view.increment else ()))
    return (query.create, create, *watches, *(other.create for other in others))


def watch_sql(target: Target, watched: Watched) -> str:
    """Has the changes of a table logged; does nothing where they are."""
    values = ", ".join(literal(text) for text in (watched.schema, watched.table, watched.log))
    return f"SELECT {qualified(target.stored, 'watch')}({values}, {names_array(watched.columns)})"


def storage_comment(view: CompiledView) -> str:
    """Says whose rows are stored."""
    note = f"Stores {view.schema}.{view.name}, declared in {view.path}"
    return f"COMMENT ON {storage_kind(view)} {qualified(*view.storage)} IS {literal(note)}"


def storage_kind(view: CompiledView) -> str:
    """What PostgreSQL calls the stored relation."""
    return view.stored_as.upper()


def create_index(view: CompiledView, index: CompiledIndex) -> str:
    """One index of the stored relation."""
    unique = "UNIQUE " if index.unique else ""
    return (
        f"CREATE {unique}INDEX IF NOT EXISTS {identifier(index.name)} ON {qualified(*view.storage)} {index.definition}"
    )


def parameters_text(options: Iterable[tuple[str, str]]) -> str:
    """` WITH (fillfactor = 90)`, or nothing."""
    listed = ", ".join(f"{name} = {value}" for name, value in options)
    return f" WITH ({listed})" if listed else ""


def exposure_sql(target: Target, view: CompiledView) -> tuple[str, ...]:
    """What creates the exposure, its comments and its grants, as plain statements."""
    exposed = qualified(view.schema, view.name)
    create = _create_view(exposed, view.exposure.query, barrier=view.exposure.barrier)
    return (*arms_sql(target, view), create, *comments_sql(view), readers_sql(target, view))


def arms_sql(target: Target, view: CompiledView) -> tuple[str, ...]:
    """The exposure's arms, each the owner's alone."""
    return tuple(
        statement
        for arm in view.exposure.arms
        for statement in (
            _create_view(qualified(target.stored, arm.name), arm.query, barrier=True),
            f"SELECT {qualified(target.stored, 'seal')}({literal(arm.name)})",
        )
    )


def _create_view(name: str, query: str, *, barrier: bool) -> str:
    return f"CREATE OR REPLACE VIEW {name} WITH (security_barrier = {'true' if barrier else 'false'}) AS\n{query}"


def expose_sql(
    target: Target, view: CompiledView, renamed: Iterable[tuple[str, str]] = (), *, anew: bool = False
) -> str:
    """The exposure put in place by the runtime, whatever columns, order or dependents the one that is there has. `anew` says that it is known
    that PostgreSQL does not let it be replaced.
    """
    values = [
        literal(view.schema),
        literal(view.name),
        names_array(column.name for column in view.columns),
        "true" if view.exposure.barrier else "false",
        dollar_quoted(f"\n{view.exposure.query}\n", "view"),
    ]
    if pairs := [name for pair in renamed for name in pair]:
        values.append(names_array(pairs))
    if anew:
        values.append("anew => true")
    return f"SELECT {qualified(target.stored, 'expose')}({', '.join(values)})"


def comments_sql(view: CompiledView) -> tuple[str, ...]:
    """The descriptions that there are."""
    columns = {column.name: column.description for column in view.columns if column.description}
    own = (comment_on_view(view, view.description),) if view.description else ()
    return (*own, *(comment_on_column(view, name, text) for name, text in columns.items()))


def comment_on_view(view: CompiledView, text: str | None) -> str:
    """The exposure's comment; None takes it away."""
    return f"COMMENT ON VIEW {qualified(view.schema, view.name)} IS {literal(text) if text else 'NULL'}"


def comment_on_column(view: CompiledView, column: str, text: str | None) -> str:
    """The comment of one column of the exposure; None takes it away."""
    named = f"{qualified(view.schema, view.name)}.{identifier(column)}"
    return f"COMMENT ON COLUMN {named} IS {literal(text) if text else 'NULL'}"


def readers_sql(target: Target, view: CompiledView) -> str:
    """Lets the view's readers read it, and those who were readers no more."""
    function = qualified(target.stored, "set_readers")
    return f"SELECT {function}({literal(view.schema)}, {literal(view.name)}, {names_array(view.readers)})"


def own_again_sql(target: Target, name: tuple[str, str]) -> str:
    """Makes a relation of the project the owner's again, without what somebody else has added to it."""
    return f"SELECT {qualified(target.stored, 'own_again')}({literal(qualified(*name))})"


def record_sql(target: Target, view: CompiledView) -> str:
    """The view's row in the ledger: what refreshes go by, and what a later diff compares with."""
    text = json.dumps(to_record(view), ensure_ascii=False, separators=(",", ":"))
    return f"SELECT {qualified(target.stored, 'record')}({literal(target.timezone)}, {dollar_quoted(text, 'record')})"


def register_sql(target: Target, view: CompiledView) -> str:
    """Makes the stored relation known as built, and the owner's alone."""
    logs = names_array(item.log for item in view.increment.watched) if view.increment else ""
    return register_names_sql(target, view, view.storage[1], {it.purpose: it.name for it in companions(view)}, logs)


def register_names_sql(
    target: Target, view: CompiledView, stored: str, beside: Mapping[str, str], logs: str = ""
) -> str:
    """The same for a stored relation and what is `beside` it (purpose → name), under any names; `logs` as an SQL array."""
    values = [target.project, view.schema, view.name, stored]
    if beside:
        values.append(json.dumps(beside, ensure_ascii=False))
    listed = [*map(literal, values), *([logs] if logs else [])]
    return f"SELECT {qualified(target.stored, 'register')}({', '.join(listed)})"


def move_stored_sql(
    target: Target, former: str, view: CompiledView, beside: Mapping[str, str], *, as_recorded: bool
) -> str:
    """Has the ledger follow a deployed storage that was renamed: `view` as it is called now, and what is `beside` it (purpose → name).

    `as_recorded` says that the view that readers have is as the ledger says, so that its present print is what to expect from now on.
    """
    text = dollar_quoted(json.dumps(to_record(view), ensure_ascii=False, separators=(",", ":")), "record")
    values = (literal(former), text, literal(json.dumps(beside, ensure_ascii=False)), str(as_recorded).lower())
    return f"SELECT {qualified(target.stored, 'move_stored')}({', '.join(values)})"


def json_text(value: object) -> str:
    """A value of JSON, with what the compiler makes in it, as a constant of SQL."""
    return dollar_quoted(json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=to_record), "record")


def expect_sql(target: Target, view: CompiledView, before: CompiledView | None, *, may_be_new: bool) -> str:
    """Refuses to go on unless the view is deployed as `before`, or, where it may be new, not at all."""
    stored = literal(before.storage[1]) if before else "NULL"
    values = (literal(view.schema), literal(view.name), stored, "true" if may_be_new else "false")
    return f"SELECT {qualified(target.stored, 'expect')}({', '.join(values)})"


def expect_exactly_sql(target: Target, view: CompiledView, before: CompiledView) -> str:
    """The same for a view that changes: also what its storage's name does not tell must be as `before` has it."""
    stated = {name: to_record(getattr(before, name)) for name in ("access", "description", "indexes", "options")}
    text = dollar_quoted(json.dumps(stated, ensure_ascii=False, separators=(",", ":")), "record")
    return f"{expect_sql(target, view, before, may_be_new=False).removesuffix(')')}, {text})"


def expect_settings_sql(target: Target, before: Target) -> str:
    """Refuses to go on unless the project's settings and schedules are deployed as `before` has them."""
    text = json.dumps(to_record(target_of(before)), ensure_ascii=False, separators=(",", ":"))
    return f"SELECT {qualified(target.stored, 'expect_settings')}({dollar_quoted(text, 'record')})"


def deployment_sql(target: Target, action: str = "apply") -> str:
    """Opens a deployment in the ledger: one at a time, and with what holds for the whole project."""
    text = json.dumps(to_record(target_of(target)), ensure_ascii=False, separators=(",", ":"))
    return f"SELECT {qualified(target.stored, 'begin_deployment')}({literal(action)}, {dollar_quoted(text, 'record')})"


def target_of(target: Target) -> Target:
    """The target alone, of whatever carries more."""
    return Target(
        target.project,
        target.compiler,
        target.stored,
        target.search_path,
        target.timezone,
        target.refresh_roles,
        target.schedules,
        target.partitions,
        operations=target.operations,
        trusted_roles=target.trusted_roles,
    )


def texts_array(texts: Iterable[str]) -> str:
    """Texts as an array of PostgreSQL's type `text`."""
    return f"ARRAY[{', '.join(map(literal, texts))}]::text[]"


def names_array(names: Iterable[str]) -> str:
    """Names as an array of PostgreSQL's type `name`."""
    return f"ARRAY[{', '.join(literal(name) for name in names)}]::name[]"
