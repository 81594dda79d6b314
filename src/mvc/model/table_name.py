"""Names of relations as specs write them."""

from __future__ import annotations

import re
from typing import Final

from mvc.model.view import TableRef

_PART: Final = re.compile(r'(?:^|\.)("(?:[^"]|"")+"|(?!")[^.]*)')


def table_ref(text: str) -> TableRef:
    """`name` or `schema.name`, as SQL reads them: within double quotes a dot is part of the name, and so is a quote that is doubled."""
    parts = _PART.findall(text)
    if ".".join(parts) != text:
        return TableRef(None, text)
    names = [part[1:-1].replace('""', '"') if part.startswith('"') and len(part) > 2 else part for part in parts]
    return TableRef(".".join(names[:-1]) or None, names[-1])
