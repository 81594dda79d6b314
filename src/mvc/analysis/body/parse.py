"""The text of a `sql:` body → one query and its tokens, or findings.

PostgreSQL's own lexer rules (`mvc.catalog.tokens`) decide where statements end; sqlglot, which is lenient, only sees what
they call one statement. What may stand in it is checked by `mvc.analysis.body.allowed`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from sqlglot import Token, exp
from sqlglot.errors import SqlglotError

from mvc.analysis.body.mends import body_help
from mvc.catalog import tokens as lexer
from mvc.catalog.trees import trees
from mvc.diagnostics import Diagnostic, Findings, error
from mvc.expression import ExpressionError
from mvc.expression.lexemes import lexemes
from mvc.expression.neighbours import check_neighbours
from mvc.expression.nodes import check_nodes
from mvc.expression.parse import is_readable
from mvc.expression.passages import read_query
from mvc.expression.precedence import check_precedence
from mvc.expression.tokens import POSTGRES, tokenize
from mvc.model.view import Body

PARAMETERS = (exp.Parameter, exp.Placeholder, exp.SessionParameter)
_STARTS = ("SELECT", "WITH", "VALUES", "TABLE", "(")


@dataclass(frozen=True)
class Parsed:
    """A body that is one query. Offsets of `tokens` and of the nodes' meta are those of `body.sql`."""

    body: Body
    end: int  # of the statement, without its semicolon
    tokens: list[Token]
    query: exp.Expr

    @property
    def select(self) -> exp.Expr:
        """The query without brackets around it."""
        return self.query.unnest() if isinstance(self.query, exp.Subquery) else self.query

    @cached_property
    def index(self) -> dict[int, int]:
        """The number of the token that starts at an offset."""
        return {token.start: number for number, token in enumerate(self.tokens)}

    def text(self, edits: list[tuple[int, int, str]]) -> str:
        """The author's text with edits put in place, without semicolons and white space around it."""
        parts: list[str] = []
        at = 0
        for start, end, replacement in sorted(edits):
            parts += (self.body.sql[at:start], replacement)
            at = end
        tail = self.body.sql[self.tokens[-1].end + 1 :].replace(";", "", 1 if self.end < len(self.body.sql) else 0)
        text = "".join((*parts, self.body.sql[at : self.tokens[-1].end + 1], tail)).strip()
        return f"{text}\n" if "--" in tail else text  # whatever follows must not become a part of the comment


def parse_body(body: Body, found: Findings) -> Parsed | None:
    """The one statement of a body, or None with a finding."""
    end = _end(body, found)
    if end is None:
        return None
    text = body.sql[:end]
    try:
        tokens, statements = _read(text)
    except ExpressionError as problem:
        title = problem.title.replace("one expression is", "one query is").replace("this expression", "this query")
        span, lines = body.origin.part(problem.start, problem.end), body_help(body.sql, problem.help)
        found.add(error(problem.code, span, title, label="here", help=lines))
        return None
    except SqlglotError as problem:
        found.add(_syntax_error(body, problem))
        return None
    except RecursionError:
        found.add(error("MV101", body.origin.span, "this query is nested too deep"))
        return None
    query = statements[0] if len(statements) == 1 else None
    if not isinstance(query, exp.Query | exp.Values):
        found.add(error("MV102", body.origin.span, "a body is one query, and nothing else"))
        return None
    return Parsed(body, end, tokens, query)


_Read = tuple[list[Token], list[exp.Expr | None]]


def _read(text: str) -> _Read:
    """The tokens and the statements of a body. Raises what its first fault is: ExpressionError, SqlglotError or RecursionError."""
    try:
        read = _strictly(text)
    except (ExpressionError, SqlglotError) as problem:
        if getattr(problem, "settled", False) or (made := _as_written(text)) is None:
            raise
        return made
    if any(statement and statement.find(*PARAMETERS) for statement in read[1]):
        return _as_written(text) or read
    return read


def _strictly(text: str) -> _Read:
    _check_start(text)
    tokens = tokenize(text)
    check_neighbours(text)
    statements = trees(text, POSTGRES, tokens)
    _check_trees(text, statements)
    return tokens, statements


def _as_written(text: str) -> _Read | None:
    """The same of a text that sqlglot reads by a stand-in only; None where there is none."""
    made = read_query(text, is_readable, _is_read)
    if made is None:
        return None
    tokens, statements = _strictly(made.text)
    for statement in statements:
        if statement is not None:
            made.place(statement, 0)
    return made.placed(tokens), statements


def _is_read(text: str) -> bool:
    try:
        return not any(statement and statement.find(*PARAMETERS) for statement in _strictly(text)[1])
    except (ExpressionError, SqlglotError, RecursionError):
        return False


def _end(body: Body, found: Findings) -> int | None:
    """The offset of the semicolon that ends the statement, else of the text's end; None if there is a second statement."""
    position, end = 0, len(body.sql)
    try:
        while (token := lexer.next_token(body.sql, position)) is not None:
            position = token.end
            if token.kind == "psql":
                found.add(_second(body, token, "a command of psql has no meaning here"))
                return None
            if token.kind == "symbol" and token.text == ";":
                end = min(end, token.start)
            elif end < len(body.sql):
                found.add(_second(body, token, "a body is one query: there is something after the first one"))
                return None
    except lexer.Unreadable as problem:
        span = body.origin.part(problem.start, problem.end)
        found.add(error("MV101", span, f"this SQL cannot be read: {problem.reason}", label="here"))
        return None
    return end


def _second(body: Body, token: lexer.Token, title: str) -> Diagnostic:
    help_line = "keep the SELECT; what else is to happen belongs to a migration"
    return error(
        "MV102", body.origin.part(token.start, token.end), title, label="not a part of the query", help=help_line
    )


def _check_start(text: str) -> None:
    """What stands first says what a statement is, and sqlglot takes the rest of one that it does not know in one piece."""
    first = next(iter(lexemes(text)), None)
    word = first.text.upper() if first else ""
    if first and word not in _STARTS:
        title = f"a body is one query, and `{word}` starts none"
        raise ExpressionError("MV102", title, first.start, first.end, "a body starts with SELECT, WITH or VALUES")


def _check_trees(text: str, statements: Sequence[exp.Expr | None]) -> None:
    for statement in statements:
        if statement is not None:
            check_nodes(text, statement, 0)
            check_precedence(text, statement, 0)


def _syntax_error(body: Body, problem: SqlglotError) -> Diagnostic:
    details = (getattr(problem, "errors", None) or [{}])[0]
    token = details.get("highlight") or ""
    before = details.get("start_context") or ""
    at = body.sql.find(before + token) + len(before) if token else -1
    if at < len(before):
        return error("MV101", body.origin.span, "this query cannot be read")
    span = body.origin.part(at, at + len(token))
    if "number of provided arguments" in str(details.get("description")):
        return error("MV107", span, "a function is called with a wrong number of arguments", label="in this call")
    title = f"this query cannot be read near `{token}`"
    return error("MV101", span, title, label="here", help=body_help(body.sql, ""))
