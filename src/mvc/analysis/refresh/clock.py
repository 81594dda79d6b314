"""Expressions that change with time alone: what they read of the clock, and the same expression at an earlier moment.

PostgreSQL's clock stands still within a transaction (manual, "Date/Time Functions", current date/time), so an expression has one
value for a row and a moment. Functions that go on within a transaction, or that mean the moment by a word in a string
(`'today'::date`), have no such form.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sqlglot import Token, TokenType

from mvc.analysis.names.functions import Functions
from mvc.analysis.names.named_values import CONFIGURING_TYPES, NAMING_TYPES
from mvc.expression import Call, Expression
from mvc.expression.tokens import tokens_of

# What the word means as a type of the moment; `now()` and its synonym are calls and need their parentheses.
_WORDS: Final = {
    "current_date": "date",
    "current_time": "timetz",
    "current_timestamp": "timestamptz",
    "localtime": "time",
    "localtimestamp": "timestamp",
}
_CALLS: Final = frozenset({"now", "transaction_timestamp"})
_MOMENTS: Final = frozenset({"now", "today", "tomorrow", "yesterday"})  # as strings that are cast to a date or time
_SESSION_WORDS: Final = frozenset(
    {"current_user", "session_user", "user", "current_role", "current_schema", "current_catalog", "system_user"}
)
# PostgreSQL's own functions that read catalogs, tables or the session, and call themselves no worse than STABLE.
_READING_CALLS: Final = frozenset(
    {"col_description", "obj_description", "shobj_description", "format_type", "getpgusername"}
    | {"row_security_active", "mxid_age", "system_user"}
)
_READING_PREFIXES: Final = (
    *("pg_", "has_", "txid_", "inet_", "to_reg"),
    *("table_to_xml", "schema_to_xml", "database_to_xml"),
)
_SESSION_CALLS: Final = frozenset(
    {"current_setting", "current_schemas", "current_database", "version", "statement_timestamp"}
)
_TEXTS: Final = frozenset(
    {
        TokenType.STRING,
        TokenType.BYTE_STRING,
        TokenType.UNICODE_STRING,
        TokenType.HEREDOC_STRING,
        TokenType.NATIONAL_STRING,
    }
)


def reads_clock(expression: Expression) -> bool:
    """Whether the value may differ between two transactions although the row is the same."""
    return bool(_uses(expression))


def only_dates(expression: Expression) -> bool:
    """Whether the clock is read for the date alone: the value is the same all day."""
    return all(type_ == "date" for _, _, type_ in _uses(expression))


def at_moment(expression: Expression, moment: str) -> str:
    """The expression's text with the clock at `moment`, an SQL value of type timestamptz."""
    parts: list[str] = []
    at = 0
    for start, end, type_ in _uses(expression):
        parts += (expression.text[at:start], f"({moment})::{type_}")
        at = end
    return "".join((*parts, expression.text[at:]))


def unpredictable(expression: Expression, functions: Functions) -> str:
    """What in the expression depends on more than the row and the transaction's clock; nothing where that is all."""
    tokens = tokens_of(expression.text)
    for number, token in enumerate(tokens):
        if token.token_type in _TEXTS and _names_moment(token.text):
            return f"the string '{token.text}', which may mean the moment"
        word = token.text.lower()
        if word in _SESSION_WORDS and token.token_type is not TokenType.IDENTIFIER and not _is_part(tokens, number):
            return word
        if _names_type(tokens, number):
            return word
    return next((f"{call.name}()" for call in expression.calls if _unpredictable_call(call, functions)), "")


def _names_type(tokens: list[Token], number: int) -> bool:
    """Whether the word is a type whose values stand for something in the catalogs, however it is written; but for constants of those that a
    refresh looks up by itself.
    """
    token = tokens[number]
    word = token.text.lower()
    if word not in NAMING_TYPES | CONFIGURING_TYPES or token.token_type in _TEXTS:
        return False
    first = number - 2 if number > 1 and tokens[number - 1].token_type is TokenType.DOT else number
    if first < number and tokens[first].text.lower() != "pg_catalog":
        return False
    before = tokens[first - 1].token_type if first else None
    cast = before in (TokenType.DCOLON, TokenType.ALIAS)
    following = tokens[number + 1].token_type if number + 1 < len(tokens) else None
    if not cast and following not in _TEXTS:
        return first == number and token.token_type is not TokenType.IDENTIFIER and not _is_part(tokens, number)
    return word in NAMING_TYPES or (cast and tokens[first - 2].token_type not in _TEXTS)


def _names_moment(text: str) -> bool:
    """`today`, but also `today 10:00`."""
    words = text.lower().split()
    return len(words) <= 3 and not _MOMENTS.isdisjoint(words)


def _unpredictable_call(call: Call, functions: Functions) -> bool:
    if call.schema is None and call.name in (*_WORDS, *_CALLS):
        return False
    if call.name in _SESSION_CALLS or call.name in _CALLS or (call.name == "age" and call.count == 1):
        return True  # `age` of one argument counts from today
    overloads = [function for function in functions.overloads(call) if function.takes(call.count)]
    builtin = all(function.schema == "pg_catalog" for function in overloads)
    if builtin and (call.name in _READING_CALLS or call.name.startswith(_READING_PREFIXES)):
        return True
    allowed = ("immutable", "stable") if builtin else ("immutable",)
    return any(function.volatility not in allowed for function in overloads)


def _uses(expression: Expression) -> list[tuple[int, int, str]]:
    """(start, end, type) of each word that reads the clock."""
    return list(_found(tokens_of(expression.text)))


def _found(tokens: list[Token]) -> Iterator[tuple[int, int, str]]:
    for number, token in enumerate(tokens):
        word = token.text.lower()
        if _is_part(tokens, number):
            continue
        quoted = token.token_type is TokenType.IDENTIFIER
        following = tokens[number + 1 : number + 4]
        kinds = [item.token_type for item in following]
        if (token.text if quoted else word) in _CALLS and kinds[:2] == [TokenType.L_PAREN, TokenType.R_PAREN]:
            yield token.start, following[1].end + 1, "timestamptz"
        elif quoted:
            continue  # a column of that name
        elif word in _WORDS and kinds == [TokenType.L_PAREN, TokenType.NUMBER, TokenType.R_PAREN]:
            yield token.start, following[2].end + 1, f"{_WORDS[word]}({following[1].text})"
        elif word in _WORDS:
            yield token.start, token.end + 1, _WORDS[word]


def _is_part(tokens: list[Token], number: int) -> bool:
    """Whether the word is a part of a longer name, other than `pg_catalog.now()`, or no word at all."""
    if tokens[number].token_type in _TEXTS:
        return True
    before = tokens[number - 1].token_type if number else None
    after = tokens[number + 1].token_type if number + 1 < len(tokens) else None
    return TokenType.DOT in (before, after)
