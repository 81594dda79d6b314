"""Data of a document → a spec model, or diagnostics in our own words. Pydantic's wording never leaves this module."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from mvc.diagnostics import Diagnostic, Span, did_you_mean, error
from mvc.source import Document, Path
from mvc.spec.model_at import keys_of, model_at

Model = TypeVar("Model", bound=BaseModel)
Problem = Mapping[str, Any]  # one entry of ValidationError.errors()

_KINDS = {
    "string_type": "text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "float_type": "a number",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}

_IF_EMPTY = {
    "to": "name the roles, to: [staff]; without `to` it is for PUBLIC, everybody",
    "view": "name the views that it guards, view: [daily_revenue]; or take the policy out",
    "refresh": "name what it refreshes, refresh: [daily_revenue], refresh: all; or say enabled: false, or take the schedule out",
    "catalog": "name the files that describe the base tables, catalog: schema/*.sql",
    "key": "name the columns that tell its rows apart, key: [id]; where it has only one row, any column does",
    "order": "name what to order by, order: [id desc]; or leave `order` out",
}


MOST_UNKNOWN: Final = 50  # keys of one mapping that are told one by one


def validate(document: Document, model: type[Model]) -> tuple[Model | None, tuple[Diagnostic, ...]]:
    """The document as `model`, or everything that is wrong with it."""
    if not isinstance(document.data, dict):
        title = "this file is empty" if document.data is None else "this file must hold a mapping of keys to values"
        return None, (
            error("MV012", document.span(), title, help=f"it starts with one of: {', '.join(keys_of(model))}"),
        )
    if split := _split_values(document):
        return None, split
    try:
        return model.model_validate(document.data), ()
    except ValidationError as failure:
        problems = _closest(document.data, failure.errors(include_url=False))
        told = [item for item in problems if item[1]["type"] != "missing" or not _is_misspelt(item[0], problems)]
        return None, tuple(_explained(document, model, told))


def _explained(
    document: Document, model: type[BaseModel], problems: list[tuple[Path, Problem]]
) -> Iterator[Diagnostic]:
    """A finding for each problem; of a mapping with many unknown keys the rest in one."""
    unknown: Counter[Path] = Counter()
    for at, problem in problems:
        strange = problem["type"] == "extra_forbidden"
        unknown[at[:-1]] += strange
        if not strange or unknown[at[:-1]] <= MOST_UNKNOWN:
            yield _explain(document, model, at, problem)
        elif unknown[at[:-1]] == MOST_UNKNOWN + 1:
            yield error(
                "MV010",
                document.key_span(at),
                "from here on there are more unknown keys",
                label="and others",
                help="mend the first ones",
            )


def _split_values(document: Document) -> tuple[Diagnostic, ...]:
    """Keys without a value that are the rest of the value before them: a comma within {…} has cut SQL in two."""
    cut = [
        path
        for path, (key, value) in document.nodes.items()
        if key is not None
        and isinstance(path[-1], str)
        and not value.value
        and path[-1].count(")") > path[-1].count("(")
    ]
    return tuple(_split_value(document, path) for path in cut)


def _closest(data: Any, problems: list[Any]) -> list[tuple[Path, Problem]]:
    """One problem per place: of a union's branches, those of the branch that the author meant."""
    chosen: dict[Path, Problem] = {}
    for problem in problems:
        at, value = _locate(data, problem["loc"])
        if (
            isinstance(value, dict | tuple)
            and problem["type"] in ("string_type", "bool_type")
            and _is_branch(problem["loc"], at)
        ):
            continue
        if (
            isinstance(value, str | bool)
            and problem["type"] in ("model_type", "bool_type")
            and _is_branch(problem["loc"], at)
        ):
            continue
        if problem["type"] == "too_short" and value:
            continue  # its entries were left out because they are wrong, which is said at each
        chosen.setdefault(at, problem)
    return list(chosen.items())


def _is_branch(loc: tuple[Any, ...], at: Path) -> bool:
    """Whether Pydantic's location ends with the name of a union's branch, not with an entry of what the branch holds."""
    return len(loc) > len(at) and loc[-1] != at[-1]


def _locate(data: Any, loc: tuple[Any, ...]) -> tuple[Path, Any]:
    """Pydantic's location without the names of union branches, and the value there."""
    at: Path = ()
    value = data
    for part in loc:
        if (isinstance(value, dict) and part in value) or (
            isinstance(value, tuple) and isinstance(part, int) and part < len(value)
        ):
            at, value = (*at, part), value[part]
    return at, value


def _explain(document: Document, model: type[BaseModel], at: Path, problem: Problem) -> Diagnostic:
    explain = _EXPLAIN.get(problem["type"], _wrong_value)
    return explain(document, model, at, problem)


def _unknown_key(document: Document, model: type[BaseModel], at: Path, _problem: Problem) -> Diagnostic:
    key = str(at[-1])
    if any(mark in key for mark in "'()\"") or " " in key.strip():
        return _split_value(document, at)
    keys = keys_of(model_at(model, at[:-1]) or model)
    return error(
        "MV010",
        document.key_span(at),
        f"unknown key `{key}`",
        label="no such key",
        help=did_you_mean(key, keys, "known here"),
    )


def _split_value(document: Document, at: Path) -> Diagnostic:
    return error(
        "MV010",
        document.key_span(at),
        f"`{at[-1]}` is not a key: it looks like the rest of the value before it",
        label="cut off by a comma or a colon",
        help='within {…} a comma ends a value: put SQL that holds one in double quotes, e.g. where: "x IN (1, 2)"',
    )


def _is_misspelt(at: Path, problems: list[tuple[Path, Problem]]) -> bool:
    """Whether the mapping at a path has an unknown key, which is then what the missing one was meant to be."""
    return any(problem["type"] == "extra_forbidden" and other[:-1] == at for other, problem in problems)


def _missing_key(document: Document, _model: type[BaseModel], at: Path, problem: Problem) -> Diagnostic:
    key = problem["loc"][-1]
    return error("MV011", _head(document, at), f"`{key}` is missing", label=f"needs `{key}`", help=f"add `{key}:`")


def _wrong_kind(document: Document, _model: type[BaseModel], at: Path, problem: Problem) -> Diagnostic:
    value = problem["input"]
    wanted = _KINDS[problem["type"]]
    quote = wanted == "text" and not isinstance(value, dict | tuple) and value is not None
    help_line = f'put it in quotes: "{_yaml(value)}"' if quote else ""
    return error("MV012", document.span(at), f"{_named(at)} must be {wanted}, not {_kind(value)}", help=help_line)


def _rule_broken(document: Document, _model: type[BaseModel], at: Path, problem: Problem) -> Diagnostic:
    return error("MV012", _head(document, at), str(problem["ctx"]["error"]))


def _not_a_choice(document: Document, _model: type[BaseModel], at: Path, problem: Problem) -> Diagnostic:
    value, choices = (
        str(problem["input"]),
        problem["ctx"]["expected"].replace("'", "").replace(" or ", ", ").split(", "),
    )
    help_line = did_you_mean(value, choices, "possible")
    return error("MV012", document.span(at), f"{_named(at)} cannot be `{value}`", help=help_line)


def _wrong_value(document: Document, _model: type[BaseModel], at: Path, problem: Problem) -> Diagnostic:
    limits = {
        "string_too_short": "cannot be empty",
        "too_short": "needs at least one entry",
        "greater_than_equal": f"must be at least {problem.get('ctx', {}).get('ge')}",
        "less_than_equal": f"must be at most {problem.get('ctx', {}).get('le')}",
    }
    said = limits.get(problem["type"], "has a value that does not fit here")
    help_line = _IF_EMPTY.get(str(at[-1]), "") if problem["type"] == "too_short" else ""
    return error("MV012", document.span(at), f"{_named(at)} {said}", help=help_line)


_EXPLAIN: Mapping[str, Callable[[Document, type[BaseModel], Path, Problem], Diagnostic]] = {
    "extra_forbidden": _unknown_key,
    "missing": _missing_key,
    "value_error": _rule_broken,
    "literal_error": _not_a_choice,
    **dict.fromkeys(_KINDS, _wrong_kind),
}


def _head(document: Document, at: Path) -> Span:
    """Where to point for a fault of a whole mapping: its key, or its first line."""
    return document.key_span(at)


def _named(at: Path) -> str:
    name = next((str(part) for part in reversed(at) if isinstance(part, str)), "this")
    return f"an entry of `{name}`" if at and isinstance(at[-1], int) else f"`{name}`"


def _kind(value: Any) -> str:
    for types, name in (
        (bool, "true/false"),
        (int | float, "a number"),
        (str, "text"),
        (tuple, "a list"),
        (dict, "a mapping"),
    ):
        if isinstance(value, types):
            return name
    return "nothing"


def _yaml(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
