"""A changed text by itself in a SELECT over the tables that it reads, so that a server can say whether it is right SQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from mvc.quoting import identifier
from mvc.source import read

from .specs import Place

_CONDITIONS: Final = {"where", "on", "using", "check"}
_NO_CALL: Final = {"expr", "sql", "name", "description"}


def probe(place: Place, text: str) -> str:
    """The SELECT, or an empty string where none can be made of it."""
    if not place.keys:
        return ""
    if place.text.lstrip().lower().startswith(("select", "with")):
        return text
    document, _ = read(place.path, dict(place.spec.files)[place.path])
    assert document is not None
    tables = _tables(place, document.data)
    if not tables:
        return ""
    selected = _selected(place.keys, text)
    return (
        f"SELECT 1 FROM {tables} {selected}"
        if selected.startswith(("WHERE", "ORDER"))
        else f"SELECT {selected} FROM {tables}"
    )


def _selected(keys: tuple[str | int, ...], text: str) -> str:
    last = next(str(key) for key in reversed(keys) if isinstance(key, str))
    if last in _CONDITIONS or keys[0] in ("policies", "predicates"):
        return f"WHERE ({text}\n)"
    if last in ("order", "columns"):
        return f"ORDER BY {text}\n"
    if keys[0] == "aggregates" and len(keys) > 2 and last not in _NO_CALL:
        call = {"count_distinct": "count(DISTINCT {}\n)"}.get(last, last + "({}\n)")
        return call.format(text)
    return f"({text}\n)"


def _tables(place: Place, data: Any) -> str:
    """The sources of a declared view; the view itself for what reads its columns."""
    keys = place.keys
    computed = keys[0] == "aggregates" and keys[-1] == "expr"
    if keys[0] in ("policies", "predicates", "indexes") or computed:
        name = data["view"] if "view" in data else data["policies"][keys[1]]["view"] if keys[0] == "policies" else ""
        view = next((view for view in place.spec.compiled.views if view.name == name), None)
        return f"({view.query.rstrip().rstrip(';')}) AS {identifier(view.name)}" if view else ""
    sources = data.get("sources")
    if not isinstance(sources, Mapping):
        return ""
    made = [_source(alias, source) for alias, source in sources.items()]
    return ", ".join(made) if all(made) else ""


def _source(alias: str, source: Any) -> str:
    if not isinstance(source, Mapping):
        return ""
    if "sql" in source:
        return f"({source['sql']}) AS {identifier(alias)}"
    return f"{source['table']} AS {identifier(alias)}" if "table" in source else ""
