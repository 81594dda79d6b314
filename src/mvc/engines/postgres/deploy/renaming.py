"""A compiled view whose stored relation, and what stands beside it, have other names on a server than the compiler gave them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mvc.compiled.serialize import from_record, to_record
from mvc.compiled.view import CompiledView
from mvc.quoting import identifier, is_plain, literal


def renamed_view(view: CompiledView, names: Mapping[str, str]) -> CompiledView:
    """The view with the names of relations of the stored schema replaced (old → new), in its data and within its SQL.

    Each name ends in a digest, so nothing else is called so.
    """
    return from_record(CompiledView, _renamed(to_record(view), names))


def _renamed(data: Any, names: Mapping[str, str]) -> Any:
    if isinstance(data, str):
        return names[data] if data in names else renamed_text(data, names)
    if isinstance(data, list):
        return [_renamed(item, names) for item in data]
    if isinstance(data, dict):
        return {key: _renamed(item, names) for key, item in data.items()}
    return data


def renamed_text(text: str, names: Mapping[str, str]) -> str:
    """SQL in which the names stand as identifiers, or as constants that name them."""
    for old, new in names.items():
        if is_plain(old):
            text = identifier(new).join(re.split(rf"(?<![\w$]){re.escape(old)}(?![\w$])", text))
        else:
            text = text.replace(identifier(old), identifier(new))
        text = text.replace(literal(old), literal(new))
    return text
