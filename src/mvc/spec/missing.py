"""What to add where a key is missing, and what to do where keys do not go together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from mvc.source.words import yaml_flow, yaml_value
from mvc.spec.aggregate import FUNCTIONS
from mvc.spec.shorthand import typed
from mvc.spec.source import KINDS
from mvc.spec.window import WINDOW_FUNCTIONS

_DECLARED: Final = ("sources", "where", "dimensions", "aggregates", "having", "windows", "keep")
_MISSING: Final = {
    ("PolicySpec", "policy"): "policy: staff, a name for people",
    ("PolicySpec", "view"): "view: VIEW, the view that it guards",
    ("PolicySpec", "using"): "using: true for all rows, or a condition: using: owner_id = auth_user_id()",
    ("ScheduleSpec", "schedule"): "schedule: nightly, a name for people",
    ("ScheduleSpec", "refresh"): "refresh: all, or the names of views: refresh: [daily_revenue]",
    ("ProjectSpec", "catalog"): "catalog: schema/*.sql, the files that describe the base tables",
    ("IndexSpec", "columns"): "columns: [day]",
    ("IndexColumnSpec", "expr"): "expr: day",
    ("PartitionSpec", "table"): "table: TABLE, a table that is partitioned by range",
    ("PartitionSpec", "by"): "by: month, or day, week, quarter, year",
}


def missing_help(model: str, key: str, path: str) -> str:
    """A line that can be pasted."""
    if (model, key) == ("ViewSpec", "view"):
        return f"add view: {PurePosixPath(path).stem}"
    return f"add {_MISSING.get((model, key), f'{key}:')}"


def catalog_help(paths: Iterable[str]) -> tuple[str, ...]:
    """What to write where no file describes the base tables: the pattern for the DDL that is there, if it is in one folder."""
    there = {path.rpartition("/")[0] for path in paths if path.endswith(".sql")}
    folder = there.pop() if len(there) == 1 else None
    found = "" if folder is None else f"write catalog: {yaml_value(f'{folder}/*.sql' if folder else '*.sql')}"
    return (found, "write the base tables' DDL there, or `mvc catalog pull` a snapshot from a database")


def rule_help(model: str, given: Any, whole: Any) -> tuple[str, ...]:
    """What to do about keys of a mapping that do not go together."""
    if not isinstance(given, Mapping):
        return ()
    rule = _RULES.get(model)
    return rule(given, whole if isinstance(whole, Mapping) else {}) if rule else ()


def _aggregate(given: Mapping[str, Any], _whole: Mapping[str, Any]) -> tuple[str, ...]:
    if "of" in given and "measure" not in given and len(functions := [key for key in given if key in FUNCTIONS]) == 1:
        return (f"take `of` out: the source of `{functions[0]}` follows from what it takes",)
    if made := typed(given):
        return (f"write {yaml_flow(made)}",)
    functions = [key for key in given if key in (*FUNCTIONS, "expr", "sql")]
    rest = {key: value for key, value in given.items() if key not in functions}
    if functions:
        lines = (f"{_column(key, given[key])}: {yaml_flow({key: given[key], **rest})}" for key in functions)
        return ("make each a column of its own:", *lines)
    rows = yaml_flow({"count": "ALIAS", **rest})
    return (f"name one: {rows} counts rows of a source, and so on with {', '.join(FUNCTIONS[1:7])}, …",)


def _column(function: str, argument: Any) -> str:
    name = "".join(sign if sign.isalnum() else "_" for sign in str(argument).rpartition(".")[2]).strip("_")
    return f"{function}_{name}" if name else function


def _dimension(given: Mapping[str, Any], _whole: Mapping[str, Any]) -> tuple[str, ...]:
    period, of = given.get("period"), given.get("of")
    if given.get("expr") is not None:
        extra = [key for key in ("period", "of", "zone") if given.get(key) is not None]
        return (f"take out {', '.join(f'`{key}`' for key in extra)}, or `expr`",)
    if period is not None or of is not None:
        return (f"write period: {period or 'month'}, of: {yaml_value(str(of or 'o.placed_at'))}",)
    return ("add expr: o.id, the expression; or period: month and of: o.placed_at",)


def _source(given: Mapping[str, Any], _whole: Mapping[str, Any]) -> tuple[str, ...]:
    kinds = [key for key in KINDS if given.get(key) is not None]
    if len(kinds) > 1:
        return (f"keep one of {', '.join(f'`{key}`' for key in kinds)}: a source reads one thing",)
    if not kinds:
        return ("add table: TABLE for a table of the database, view: VIEW for a view of this project",)
    if kinds == ["sql"] and given.get("key") is None:
        return ("add key: [id], the columns of which no two of its rows share the values",)
    if said := _counts(given):
        return (said,)
    if line := _of_kind(given):
        return (line,)
    return ("take `key` out: the catalog knows the keys of tables, and of views",)


def _of_kind(given: Mapping[str, Any]) -> str:
    """What values and calendars need, and nothing else has."""
    if given.get("values") is not None:
        lines = (("columns", "add columns: [code, name]"), ("key", "add key: [code]"))
        return next((line for key, line in lines if given.get(key) is None), "add a row to `values`: [[DE, Germany]]")
    if given.get("spine") is not None:
        return "add from: 2026-01-01, and to: today"
    if extra := [f"`{key}`" for key in ("columns", "from", "to", "zone") if given.get(key) is not None]:
        return f"take {' and '.join(extra)} out; or say values: {{…}}, or spine: day"
    return ""


def _counts(given: Mapping[str, Any]) -> str:
    """What to do where two keys say how many rows there are."""
    said = [f"`{key}`" for key in ("absent", "required", "latest", "first", "one") if given.get(key)]
    return f"keep one of {', '.join(said)}" if len(said) > 1 and said != ["`required`", "`one`"] else ""


def _view(given: Mapping[str, Any], _whole: Mapping[str, Any]) -> tuple[str, ...]:
    if given.get("alias_until") is not None and given.get("was") is None:
        return ("add was: NAME, or take `alias_until` out",)
    if given.get("sql") is not None:
        declared = [key for key in _DECLARED if given.get(key)]
        if declared:
            return (
                f"take out {', '.join(f'`{key}`' for key in declared)}, and say it in the SELECT; or take `sql` out",
            )
        return ("add grain: [id]; for a view that is computed when it is read, materialized: false",)
    if not given.get("sources"):
        return (
            "add sources: {o: {table: TABLE}}, where `o` is an alias of yours; or sql: | with a SELECT, and grain: [id]",
        )
    if not given.get("dimensions") and not given.get("aggregates"):
        alias = next(iter(given["sources"]), "o") if isinstance(given["sources"], Mapping) else "o"
        return (
            f"add dimensions: {{id: {alias}.id}}, what rows are grouped by, or aggregates: {{n: {{count: {alias}}}}}",
        )
    extra = [key for key in ("grain", "columns") if given.get(key)]
    return (f"take out {', '.join(f'`{key}`' for key in extra)}",) if extra else ()


def _schedule(given: Mapping[str, Any], _whole: Mapping[str, Any]) -> tuple[str, ...]:
    every, within = given.get("every"), given.get("within")
    if every is None and within is None:
        return ('add every: "0 2 * * *" for each day at two, or within: 1h for rows that are never older',)
    if every is not None and within is not None:
        return (f"keep every: {yaml_flow(every)} for its clock times, or within: {yaml_flow(within)} for a promise",)
    if given.get("window") is not None:
        return ("add mode: window, or take `window` out",)
    return ("add window: 3d, how far back it reaches",) if given.get("mode") == "window" else ()


def _using(given: Mapping[str, Any], _whole: Mapping[str, Any]) -> tuple[str, ...]:
    if len(given) > 1:
        parts = ", ".join(yaml_flow({key: value}) for key, value in given.items())
        return (f"join them: using: {{all: [{parts}]}}, or any: where one of them is enough",)
    return ("write using: {predicate: NAME}, using: {any: [NAME, NAME]}, or the condition itself as text",)


def _partition(_given: Mapping[str, Any], _whole: Mapping[str, Any]) -> tuple[str, ...]:
    return ("add keep: 24 months, or take `retire` out",)


def _window(given: Mapping[str, Any], _whole: Mapping[str, Any]) -> tuple[str, ...]:
    functions = [key for key in given if key in WINDOW_FUNCTIONS]
    rest = {key: value for key, value in given.items() if key not in functions}
    if functions:
        lines = (f"{_column(key, given[key])}: {yaml_flow({key: given[key], **rest})}" for key in functions)
        return ("make each a column of its own:", *lines)
    ranked = yaml_flow({"rank": "COLUMN desc", **rest})
    return (f"name one: {ranked} ranks rows, and so on with {', '.join(WINDOW_FUNCTIONS[6:11])}, lag, carry, …",)


def _measure(given: Mapping[str, Any], _whole: Mapping[str, Any]) -> tuple[str, ...]:
    beside = [key for key in ("measure", "of", "was", "hidden") if key in given]
    if beside:
        return (f"take `{beside[0]}` out here",)
    if given.get("expr") is not None and given.get("table") is not None:
        return ("take `table` out: an `expr` reads other measures, by their names",)
    return _aggregate(given, {}) if given.get("table") is not None else ("add table: TABLE, whose rows it takes",)


_RULES: Final = {
    "MeasureSpec": _measure,
    "AggregateSpec": _aggregate,
    "WindowSpec": _window,
    "DimensionSpec": _dimension,
    "SourceSpec": _source,
    "ViewSpec": _view,
    "ScheduleSpec": _schedule,
    "UsingSpec": _using,
    "PartitionSpec": _partition,
}
