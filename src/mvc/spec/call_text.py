"""An aggregate call as one text → its parts, each with its place in the text: `sum(o.amount) filter (where …)` has `sum` and `where`.

Nothing is guessed: a text that is not surely one call gives None. What stands within quotes and inner brackets is never looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from mvc.spec.aggregate import FUNCTIONS, PAIRS


class Piece(NamedTuple):
    """A value, and the characters `start:end` of the text that say it."""

    value: Any
    start: int
    end: int


class CallParts(NamedTuple):
    """The keys that a call stands for, in the order of the language. `name` is where the function's name stands."""

    keys: Mapping[str, Piece | tuple[Piece, ...]]
    name: tuple[int, int]

    @property
    def mapping(self) -> dict[str, Any]:
        """The mapping that means the same."""
        return {
            key: piece.value if isinstance(piece, Piece) else tuple(item.value for item in piece)
            for key, piece in self.keys.items()
        }


_CALL: Final = re.compile(r"\s*([A-Za-z_]\w*)\s*\(", re.ASCII)
_FILTER: Final = re.compile(r"\s*filter\s*\(\s*(?=where\b)", re.IGNORECASE)
_WHERE: Final = re.compile(r"where\s+", re.IGNORECASE)
_WITHIN: Final = re.compile(r"\s*within\s+group\s*\(\s*(?=order\s)", re.IGNORECASE)
_DISTINCT: Final = re.compile(r"distinct\b\s*", re.IGNORECASE)
_ORDER: Final = re.compile(r"\s+order\s+by\s+", re.IGNORECASE)
_ORDER_FIRST: Final = re.compile(r"order\s+by\s+", re.IGNORECASE)
_ALL_ROWS: Final = re.compile(r"(?:\*|1|(\w+)\.\*|)\Z")
_NUMBER: Final = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,9})?\Z")
_TEXT: Final = re.compile(r"'((?:[^']|'')*)'\Z")
# Keys that are no function of PostgreSQL, or one that is called in another way.
_NOT_CALLED: Final = {
    *("count_distinct", "first", "last", "percentile", "percentile_disc", "median", "mode"),
    *("rank_of", "dense_rank_of", "percent_rank_of", "cume_dist_of"),
}
AGGREGATE_CALL: Final = re.compile(rf"\b(?:{'|'.join((*FUNCTIONS, 'percentile_cont'))})\s*\(", re.IGNORECASE)
PLAIN: Final = frozenset(FUNCTIONS) - _NOT_CALLED
_PERCENTILES: Final = {"percentile_cont": "percentile", "percentile_disc": "percentile_disc"}
_QUOTED: Final = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"")
_UNSURE: Final = re.compile(r"(?<!\w)[eE]'|--|/\*|\$")  # texts and comments that the marks below do not know


class _Text:
    """A part of a text, its place in the whole, and its `marks`: the same with what is quoted or in brackets made unreadable."""

    def __init__(self, whole: str, start: int, end: int) -> None:
        while start < end and whole[start].isspace():
            start += 1
        while start < end and whole[end - 1].isspace():
            end -= 1
        self.whole, self.start, self.end = whole, start, end
        self.text = whole[start:end]
        self.marks = "".join(_marks(self.text))

    def part(self, start: int, end: int | None = None) -> _Text:
        """Characters of this one."""
        return _Text(self.whole, self.start + start, self.end if end is None else self.start + end)

    @property
    def piece(self) -> Piece:
        return Piece(self.text, self.start, self.end)

    def parts(self) -> list[_Text]:
        """What stands between the commas."""
        cuts = [at for at, sign in enumerate(self.marks) if sign == ","]
        return [self.part(a + 1, b) for a, b in zip([-1, *cuts], [*cuts, len(self.text)], strict=True)]


def _marks(text: str) -> Iterator[str]:
    depth, quote = 0, ""
    for sign in text:
        if quote or sign in "'\"":
            quote = "" if sign == quote else quote or sign
            yield sign if not quote and depth == 0 else "\0"
            continue
        depth -= sign in ")]"
        yield sign if depth == 0 else "\0"
        depth += sign in "(["


def call_parts(text: str, base: str) -> CallParts | None:
    """The parts of a text that is one aggregate call; `base` is the alias whose rows `count(*)` counts."""
    return None if _UNSURE.search(_QUOTED.sub("''", text)) else _parts(_Text(text, 0, len(text)), base)


_Keys = dict[str, Piece | tuple[Piece, ...]]


def _parts(whole: _Text, base: str) -> CallParts | None:
    call = _CALL.match(whole.text)
    end = whole.marks.find(")", call.end() - 1) if call else -1
    if call is None or end < 0:
        return None
    inner, behind = whole.part(call.end(), end), whole.part(end + 1)
    if call[1].lower() == "coalesce" and not behind.text:
        return _with_default(inner.parts(), base)
    keys = _called(call[1].lower(), inner, behind, base)
    return CallParts(keys, (whole.start + call.start(1), whole.start + call.end(1))) if keys else None


def _with_default(arguments: list[_Text], base: str) -> CallParts | None:
    """`coalesce(sum(o.amount), 0)`."""
    call = _parts(arguments[0], base) if len(arguments) == 2 else None
    text, number = _TEXT.match(arguments[-1].text), _NUMBER.match(arguments[-1].text)
    if call is None or "default" in call.keys or not (text or number):
        return None
    value = (
        text[1].replace("''", "'")
        if text
        else float(number[0])
        if number and "." in number[0]
        else int(arguments[-1].text)
    )
    return CallParts({**call.keys, "default": Piece(value, arguments[-1].start, arguments[-1].end)}, call.name)


def _called(function: str, inner: _Text, behind: _Text, base: str) -> _Keys | None:
    where: _Keys = {}
    if (found := re.search(r"\bfilter\b", behind.marks, re.IGNORECASE)) is not None:
        condition = _bracketed(behind.part(found.start()), _FILTER, _WHERE)
        if condition is None:
            return None
        where, behind = {"where": condition.piece}, behind.part(0, found.start())
    if behind.text:
        made = _sorted(function, inner, behind)
    else:
        made = _argument(function, inner, base) if function in PLAIN else None
    return {**made, **where} if made else None


def _bracketed(behind: _Text, opening: re.Pattern[str], word: re.Pattern[str]) -> _Text | None:
    """What stands behind a word in the brackets that this text ends with."""
    found = opening.match(behind.text)
    closed = behind.marks.find(")", found.end()) if found else -1
    if found is None or closed != len(behind.text) - 1:
        return None
    inside = behind.part(found.end(), closed)
    first = word.match(inside.text)
    return inside.part(first.end()) if first else None


def _sorted(function: str, inner: _Text, behind: _Text) -> _Keys | None:
    """`percentile_cont(0.9) WITHIN GROUP (ORDER BY o.amount)`, `mode() WITHIN GROUP (ORDER BY o.city)`."""
    value = _bracketed(behind, _WITHIN, _ORDER_FIRST)
    if (
        value is None
        or len(value.parts()) > 1
        or re.search(r"\b(?:asc|desc|nulls|using)\b", value.marks, re.IGNORECASE)
    ):
        return None
    if function == "mode" and not inner.text:
        return {"mode": value.piece}
    if function not in _PERCENTILES or not re.fullmatch(r"0|1|0?\.\d{1,9}|1\.0{1,9}", inner.text):
        return None
    at = Piece(float(inner.text), inner.start, inner.end)
    return {_PERCENTILES[function]: value.piece, "at": at}


def _argument(function: str, inner: _Text, base: str) -> _Keys | None:
    if function == "count" and (rows := _ALL_ROWS.match(inner.text)):
        alias = rows[1] or base
        return {"count": Piece(alias, inner.start, inner.end)} if alias else None
    once, options = _DISTINCT.match(inner.text), _Keys()
    if once:
        inner = inner.part(once.end())
    if ordered := _ORDER.search(inner.marks):
        terms = tuple(map(_term, inner.part(ordered.end()).parts()))
        options = {"order": terms[0] if len(terms) == 1 else terms}
        inner = inner.part(0, ordered.start())
    made = _values(function, inner, distinct=once is not None)
    return {**made, **options} if made else None


def _term(term: _Text) -> Piece:
    """A term of an order. In SQL, `desc` alone means that NULLs come first."""
    value = f"{term.text} nulls first" if re.search(r"\bdesc\Z", term.marks, re.IGNORECASE) else term.text
    return Piece(value, term.start, term.end)


def _values(function: str, inner: _Text, *, distinct: bool) -> _Keys | None:
    parts = inner.parts()
    wanted = 2 if function in PAIRS or function == "string_agg" else 1
    if len(parts) != wanted or not all(item.text for item in parts):
        return None
    once: _Keys = {"distinct": Piece(value=True, start=inner.start, end=inner.start)} if distinct else {}
    if function in PAIRS:
        return {function: tuple(item.piece for item in parts), **once}
    if function == "count" and distinct:
        return {"count_distinct": parts[0].piece}
    if function == "string_agg":
        text = _TEXT.match(parts[1].text)
        separator = Piece(text[1].replace("''", "'"), parts[1].start, parts[1].end) if text else None
        return {function: parts[0].piece, "separator": separator, **once} if separator else None
    return {function: parts[0].piece, **once}
