"""From a position in emitted SQL back to the spec: which expression of the view stands there, and where it was written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from typing import Final, NamedTuple

from mvc.diagnostics import Span
from mvc.model.origin import Origin
from mvc.model.policy import AllOf, AnyOf, Condition, Policy
from mvc.model.view import Aggregate, Body, Computed, Declared, Sql, SubqueryRef, View
from mvc.model.window import Windowed
from mvc.quoting import identifier

_FROM: Final = re.compile(r"\n\s*FROM\s")
_OUTPUT: Final = re.compile(r' AS (\w+|"(?:[^"]|"")+")(?=,?\s*(?:\n|\Z))')
_TOKEN: Final = re.compile(r"[-+*/<>=~!@#%^&|`?]+|.\w*", re.DOTALL)
_WORD: Final = re.compile(r"\w+|[^\w\s]")
_CALL: Final = re.compile(r"\w+\(")


class PlacedText(NamedTuple):
    """A text of the spec: as emitted, as written, and its place."""

    emitted: str
    written: str
    origin: Origin


def place_of(view: View, policies: Iterable[Policy], statement: str, position: int) -> Span:
    """The place in the YAML of what stands at `position` (counted from 1; 0 is unknown) of one of the view's statements.

    The longest text of the spec that covers the position wins. Where none does, the position is in a word of the compiler
    (`SUM(`): then it is the measure that this word computes, else the view's name.
    """
    at = position - 1
    texts = tuple(_texts(view, policies))
    best: tuple[int, Span] | None = None
    for text, source, origin in texts:
        found = _covering(statement, text, at)
        if found is not None and (best is None or len(text) > best[0]):
            best = (len(text), _part(text, source, origin, found))
    if best:
        return best[1]
    return (_otherwise(view, texts, statement, at) if at >= 0 else None) or view.origin.at("view").span


def place_of_word(view: View, policies: Iterable[Policy], word: str) -> Span | None:
    """The first place in the view's texts, or in those of its policies, that the regular expression `word` matches."""
    for text in _texts(view, policies):
        if found := re.search(word, text.written):
            return text.origin.part(*found.span())
    return None


def _otherwise(view: View, texts: Iterable[PlacedText], statement: str, at: int) -> Span | None:
    if isinstance(view.body, Body):
        return _aligned(view.body, statement, at)
    return _of_output(view.body, texts, statement, at)


def _aligned(body: Body, statement: str, at: int) -> Span | None:
    """The word of the body that stands at `at`, where names of other views have been replaced around it."""
    written, emitted = list(_WORD.finditer(body.sql)), list(_WORD.finditer(statement))
    index = next((number for number, word in enumerate(emitted) if word.start() <= at < word.end()), -1)
    matcher = SequenceMatcher(None, [word[0] for word in emitted], [word[0] for word in written], autojunk=False)
    for block in matcher.get_matching_blocks():
        if block.a <= index < block.a + block.size:
            return body.origin.part(*written[block.b + index - block.a].span())
    return None


def _pattern(text: str) -> re.Pattern[str]:
    """The text between word boundaries, whatever the printer's indentation of its lines."""
    lines = r"[ \t]*\n\s*".join(re.escape(line.strip()) for line in text.splitlines() if line.strip())
    return re.compile(rf"(?:(?<!\w)|(?!\w)){lines}(?:(?<!\w)|(?!\w))")


def _covering(statement: str, text: str, at: int) -> str | None:
    """What stands before `at` of the occurrence of `text` that covers it."""
    pattern = _pattern(text)
    found = pattern.search(statement) if text.strip() else None
    while found and found.start() <= at:
        if at < found.end():
            return statement[found.start() : at]
        found = pattern.search(statement, found.start() + 1)
    return None


def _part(text: str, source: str, origin: Origin, before: str) -> Span:
    """The word that follows `before`, where the text stands in the spec as it was emitted; else the whole."""
    written = _pattern(text).search(source)
    if written is None:
        return origin.span
    begin = written.start() + _past(written[0], before)
    token = _TOKEN.match(source, begin)
    return origin.part(begin, token.end() if token else begin + 1)


def _past(text: str, before: str) -> int:
    """How long `before` is in `text`, which is indented otherwise: as many characters, blanks not counted."""
    places = [place for place, character in enumerate(text) if not character.isspace()]
    return places[min(len("".join(before.split())), len(places) - 1)]


def _of_output(body: Declared, texts: Iterable[PlacedText], statement: str, at: int) -> Span | None:
    """Of the output column whose computation begins or goes on at `at`: its argument, or the nearest text of the spec."""
    rest = _FROM.split(statement[at:], maxsplit=1)[0]
    output = _OUTPUT.search(rest)
    if output is None:
        return None
    for measure in (*body.measures, *body.windows):
        if identifier(measure.name) == output[1]:
            return _computation(measure, rest)
    behind = (
        (found.start(), -len(text), origin)
        for text, _, origin in texts
        if (found := _pattern(text).search(rest[: output.start()]))
    )
    nearest = min(behind, key=lambda item: item[:2], default=None)
    return nearest[2].span if nearest else None


def _computation(measure: Aggregate | Computed | Windowed, rest: str) -> Span:
    """A call is wrong for its argument; anything else (a default) is shown with the whole measure."""
    if isinstance(measure, Windowed):
        argument = measure.value
    else:
        argument = measure.argument if isinstance(measure, Aggregate) else measure.sql
    return argument.origin.span if argument and _CALL.match(rest) else measure.origin.span


def _texts(view: View, policies: Iterable[Policy]) -> Iterator[PlacedText]:
    """Every text that the view's statements may hold."""
    if isinstance(view.body, Body):
        yield PlacedText(view.body.sql.strip(), view.body.sql, view.body.origin)
    else:
        yield from _declared(view.body)
    for index in view.indexes:
        for key in index.keys:
            expression = key.term.ordered.expression
            yield PlacedText(expression.text, expression.source, key.term.origin)
        if index.where:
            yield _sql(index.where)
    for policy in policies:
        if policy.view == view.called:
            yield from (_sql(sql) for sql in _conditions(policy.condition))


def _lines(sql: str, origin: Origin) -> Iterator[PlacedText]:
    """A subquery, and its lines one by one, since names in it may have been replaced."""
    yield PlacedText(sql.strip(), sql, origin)
    yield from (PlacedText(line.strip(), sql, origin) for line in sql.splitlines() if line.strip())


def _declared(body: Declared) -> Iterator[PlacedText]:
    """What becomes a column first: that is where a word of the view is looked for first."""
    sqls: list[Sql | None] = [dimension.sql for dimension in body.dimensions]
    for measure in body.measures:
        sqls += _measure(measure)
    for window in body.windows:
        sqls += [*window.sqls, *(Sql(term.ordered.expression, term.origin) for term in window.order)]
    sqls += [body.having, body.keep]
    for source in body.sources:
        sqls += [source.on, source.where]
    yield from (_sql(sql) for sql in (*sqls, body.where) if sql)
    for source in body.sources:
        if isinstance(source.relation, SubqueryRef):
            yield from _lines(source.relation.sql, source.origin.at("sql"))


def _measure(measure: Aggregate | Computed) -> list[Sql | None]:
    default = measure.default if isinstance(measure.default, Sql) else None
    if isinstance(measure, Computed):
        return [measure.sql, default]
    return [
        *measure.values,
        measure.where,
        default,
        *(Sql(term.ordered.expression, term.origin) for term in measure.order),
    ]


def _sql(sql: Sql) -> PlacedText:
    return PlacedText(sql.expression.text, sql.expression.source, sql.origin)


def _conditions(condition: Condition) -> Iterator[Sql]:
    if isinstance(condition, Sql):
        yield condition
    elif isinstance(condition, AllOf | AnyOf):
        for part in condition.parts:
            yield from _conditions(part)
