"""Rewritings of a text that cannot be read, one slip each: text → text. Whether what comes out is right is for the caller to ask."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final

from mvc.expression.lexemes import Lexeme, lexemes

_KEYWORD_FIRST: Final = re.compile(r"\A\s*(?:where|on|and|or|having|select|filter)\b\s*", re.IGNORECASE)
_JOIN_FIRST: Final = re.compile(
    r"\A\s*(?:(?:left|right|inner|full|cross|outer)\s+)*join\b.*?\bon\b\s*", re.IGNORECASE | re.DOTALL
)
_PLAIN_QUOTES: Final = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u00a0": " ", "\u2013": "-", "\u2003": " ", "\u2009": " ", "\u202f": " ", "\u3000": " ", "\u200b": "", "\ufeff": ""})  # fmt: skip
_TEMPLATE: Final = re.compile(r"\{\{\s*(?:ref|source)\s*\((?:[^()]*,)?\s*['\"]([^'\"]+)['\"]\s*\)\s*\}\}")
_OPERATORS: Final = {
    "==": "=",
    "===": "=",
    "!==": "<>",
    "<=>": "IS NOT DISTINCT FROM",
    "&&": "AND",
    "=<": "<=",
    "=>": ">=",
}
_COMPARES: Final = frozenset(["==", "===", "!=="])
_WORDS: Final = {"rlike": "~", "regexp": "~", "glob": "LIKE", "xor": "<>", "div": "/"}
_UNIT: Final = re.compile(r"(?:year|month|week|day|hour|minute|second)s?\Z", re.IGNORECASE)
_TYPES: Final = {
    "int64": "bigint",
    "float64": "double precision",
    "string": "text",
    "bignumeric": "numeric",
    "unsigned": "bigint",
    "signed": "bigint",
}
_PATH: Final = re.compile(r"(?<![\w:.])(\w+(?:\.\w+)?):([A-Za-z_]\w*(?:\.\w+)*)(?:::(\w+))?(?![\w:])")
_GROUP_CONCAT: Final = re.compile(
    r"\bgroup_concat\s*\(\s*((?:distinct\s+)?[\w.\"]+)(\s+order\s+by\s+[^()]+?)?\s+separator\s+('[^']*')\s*\)",
    re.IGNORECASE,
)
_CASTS: Final = frozenset({"try_cast", "safe_cast"})
_NEGATED: Final = frozenset(("in", "like", "ilike", "between", "similar"))


def _edited(text: str, edits: Iterable[tuple[int, int, str]]) -> str:
    at, parts = 0, []
    for start, end, new in sorted(edits):
        parts += [text[at:start], new]
        at = end
    return "".join((*parts, text[at:]))


def _letters(text: str) -> str:
    """Quotes and spaces of a word processor, templates of dbt and LookML."""
    return _TEMPLATE.sub(r"\1", text.translate(_PLAIN_QUOTES)).replace("${TABLE}.", "")


def _separator(text: str) -> str:
    """`group_concat(x ORDER BY y SEPARATOR ', ')` of MySQL."""
    made = _GROUP_CONCAT.sub(r"string_agg(\1::text, \3\2)", text)
    return re.sub(r"(string_agg\()distinct\s+", r"\1DISTINCT ", made, flags=re.IGNORECASE)


def _ends(text: str) -> str:
    """A key word before, or a semicolon, a comma or an alias behind."""
    text = _JOIN_FIRST.sub("", text, count=1)
    text = _KEYWORD_FIRST.sub("", text, count=1).rstrip().rstrip(";,").rstrip()
    found = lexemes(text)
    alias = len(found) > 2 and found[-2].text.lower() == "as" and found[-1].kind in ("word", "name")
    return text[: found[-2].start].rstrip() if alias and not _opens_cast(found) else text


def _opens_cast(found: tuple[Lexeme, ...]) -> bool:
    return found[-1].text == ")"


def _names(text: str) -> str:
    """Backticks and square brackets around names."""
    text = re.sub(r"`(\w+)`", r"\1", text)
    return re.sub(r"(?<![\w\])])\[([A-Za-z_]\w*)\]", r"\1", text)


def _operators(text: str) -> str:
    """Operators of other databases, with a text in double quotes that one of them compares: `status == "paid"`."""
    found = lexemes(text)
    edits = [
        (item.start, item.end, _OPERATORS[item.text])
        for item in found
        if item.kind == "operator" and item.text in _OPERATORS
    ]
    edits += [
        (item.start, item.end, _WORDS[item.text.lower()])
        for number, item in enumerate(found)
        if item.kind == "word"
        and item.text.lower() in _WORDS
        and 0 < number < len(found) - 1
        and found[number + 1].text != "("
    ]
    edits += [
        (after.start, after.end, "'" + after.text[1:-1].replace('""', '"').replace("'", "''") + "'")
        for item, after, further in zip(found, found[1:], (*found[2:], Lexeme("sign", "", -1, -1)), strict=False)
        if item.text in _COMPARES and after.text.startswith('"') and further.text != "."
    ]
    return _edited(text, edits)


def _exclamation(text: str) -> str:
    return re.sub(r"(?<![\w\s])!(?=[\w(])|(?<=\s)!(?=[\w(])|\A!(?=[\w(])", "NOT ", text)


def _literals(text: str) -> str:
    """`INTERVAL 30 DAY`, `DATE 2026-01-01`."""
    text = re.sub(r"\b(date|timestamp)\s+(\d{4}-\d{1,2}-\d{1,2})\b", r"\1 '\2'", text, flags=re.IGNORECASE)
    return re.sub(
        r"\b(interval)\s+(-?\d+)\s+(\w+)",
        lambda found: _interval(found[1], found[2], found[3]) if _UNIT.match(found[3]) else found.group(),
        text,
        flags=re.IGNORECASE,
    )


def _interval(word: str, count: str, unit: str) -> str:
    singular = unit.lower().removesuffix("s")
    return f"{word} '{count} {singular}{'' if count == '1' else 's'}'"


def _negations(text: str) -> str:
    """`x NOT NULL`, `x NOT = y`, `x <> NULL` is left: it can be read."""
    text = re.sub(r"(?<!\bis)\s+not\s+null\b", " IS NOT NULL", text, flags=re.IGNORECASE)
    text = re.sub(r"\bnot\s*=\s*", "<> ", text, flags=re.IGNORECASE)
    return re.sub(r"\bisnull\b(?!\s*\()", "IS NULL", text, flags=re.IGNORECASE)


def _lists(text: str) -> str:
    """`IN [1, 2]`, `IN 'x'`, a comma before the closing bracket."""
    text = re.sub(r"\b(in)\s*\[([^\[\]]*)\]", r"\1 (\2)", text, flags=re.IGNORECASE)
    text = re.sub(r"\b(in)\s+('[^']*'|\d+)", r"\1 (\2)", text, flags=re.IGNORECASE)
    return re.sub(r",\s*(?=[)\]])", "", text)


def _casts(text: str) -> str:
    found = lexemes(text)
    text = _edited(text, ((item.start, item.end, "CAST") for item in found if item.text.lower() in _CASTS))
    return re.sub(
        r"\b(as\s+)(\w+)(?=\s*\))", lambda at: at[1] + _TYPES.get(at[2].lower(), at[2]), text, flags=re.IGNORECASE
    )


def _paths(text: str) -> str:
    """`p.attrs:color::string`, a path into a document as Snowflake and Databricks have it."""

    def written(found: re.Match[str]) -> str:
        first, *steps = found[2].split(".")
        keys = [first, *steps]
        inner = "".join(f" -> '{key}'" for key in keys[:-1])
        value, type_ = f"{found[1]}{inner} ->> '{keys[-1]}'", _TYPES.get((found[3] or "").lower(), found[3])
        return f"({value})::{type_}" if type_ and type_ != "text" else value

    return _PATH.sub(written, text)


def _choice(text: str) -> str:
    """`a ? b : c`."""
    found = re.fullmatch(r"([^?:']+)\?([^?:]+):([^?:]+)", text)
    return f"CASE WHEN {found[1].strip()} THEN {found[2].strip()} ELSE {found[3].strip()} END" if found else text


def _case_end(text: str) -> str:
    words = [item.text.lower() for item in lexemes(text) if item.kind == "word"]
    return f"{text} END" if words.count("case") == words.count("end") + 1 else text


def _quote(text: str) -> str:
    return f"{text}'" if text.count("'") % 2 else text


def _alternatives(text: str) -> str:
    """`x = 1 OR 2`, with a number or text for the second condition, is left: it can be read. `BETWEEN 1, 5`, `IS NOT 'x'`, `CASE x > 5 THEN`."""
    text = re.sub(r"\b(between\s+[\w.']+)\s*,\s*", r"\1 AND ", text, flags=re.IGNORECASE)
    text = re.sub(r"\bis\s+not\s+(?=['\d])", "<> ", text, flags=re.IGNORECASE)
    text = re.sub(r"\bis\s+(?=['\d])", "= ", text, flags=re.IGNORECASE)
    return re.sub(r"\b(case)\s+(?!when\b)([^']*?[=<>][^']*?)\s+then\b", r"\1 WHEN \2 THEN", text, flags=re.IGNORECASE)


def _infix(text: str) -> str:
    """`name CONTAINS 'a'`, `name STARTS WITH 'a'`."""
    text = re.sub(r"([\w.]+)\s+contains\s+('[^']*')", r"position(\2 IN \1) > 0", text, flags=re.IGNORECASE)
    return re.sub(r"([\w.]+)\s+starts\s*with\s+('[^']*')", r"starts_with(\1, \2)", text, flags=re.IGNORECASE)


def _raw_texts(text: str) -> str:
    """`r'a'` of BigQuery, and an apostrophe within a text: `'it's'`."""
    text = re.sub(r"(?<![\w'])[rR]('[^'\\]*')", r"\1", text)
    return re.sub(r"'([A-Za-z]+)'([a-z]{1,2})'", r"'\1''\2'", text) if text.count("'") % 2 else text


def _direction(text: str) -> str:
    """A direction behind a value, as in ORDER BY."""
    return re.sub(r"(?<=[\w)])\s+(?:asc|desc)\s*\Z", "", text, flags=re.IGNORECASE)


def _brackets(text: str) -> str:
    depth = 0
    for item in lexemes(text):
        depth += (item.text == "(") - (item.text == ")")
        if depth < 0:
            return text[: item.start] + text[item.end :]
    return text + ")" * depth


# In an expression as in a query: words and signs first, what is left open last.
WORDS: Final[tuple[Callable[[str], str], ...]] = (_letters, _names, _operators, _literals, _negations, _lists, _casts)
LEFT_OPEN: Final[tuple[Callable[[str], str], ...]] = (_case_end, _brackets, _quote)
SLIPS: Final[tuple[Callable[[str], str], ...]] = (
    _separator,
    WORDS[0],
    _ends,
    *WORDS[1:],
    _paths,
    _choice,
    _exclamation,
    _alternatives,
    _infix,
    _raw_texts,
    _direction,
    *LEFT_OPEN,
)
