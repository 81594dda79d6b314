"""What of a view's SQL the catalog names: functions, domains and plain views, as `schema.name(types)` or `schema.name`.

By their owners the database says whose code a view would run. A name that is only a word of the text does no harm: what nobody
calls is not asked about.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from mvc.artifacts import CompiledView
from mvc.catalog.types import Catalog
from mvc.quoting import qualified

_WORD: Final = re.compile(r'"((?:[^"]|"")+)"|([^\W\d][\w$]*)')


def named_code(view: CompiledView, catalog: Catalog) -> tuple[str, ...]:
    """Everything of the catalog that may run code and whose name the view's SQL holds."""
    texts = (view.stored_query, view.exposure.query, *(arm.query for arm in view.exposure.arms))
    words = {word for text in (*texts, *(index.definition for index in view.indexes)) for word in _words(text)}
    return tuple(sorted(text for name, text in _code(catalog) if name in words))


def _words(text: str) -> Iterator[str]:
    for quoted, plain in _WORD.findall(text):
        yield quoted.replace('""', '"') if quoted else plain.lower()


def _code(catalog: Catalog) -> Iterable[tuple[str, str]]:
    for function in catalog.functions:
        yield function.name, f"{qualified(function.schema, function.name)}({', '.join(function.arguments)})"
    for domain in catalog.domains:
        yield domain.name, qualified(domain.schema, domain.name)
    for relation in catalog.relations:
        if relation.kind == "view":
            yield relation.name, qualified(relation.schema, relation.name)
