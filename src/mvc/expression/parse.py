"""Text → Expression. A text is accepted only if, put in parentheses, it is exactly one value: no alias, no list, no statement.

sqlglot's parser is lenient, so what it returns is checked by shape here, and again as part of the whole statement by
`mvc.engines.postgres.query.proof`. What it cannot read, and PostgreSQL's own parser can, is read by a stand-in (`mvc.expression.passages`). The server has the
last word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Final

from sqlglot import Token, exp
from sqlglot.errors import SqlglotError

from mvc.catalog import builtins
from mvc.catalog.tokens import lowered
from mvc.catalog.trees import trees
from mvc.catalog.types import counts_taken
from mvc.expression.as_read import AsRead
from mvc.expression.calls import QUERY_STARTS, calls_of, miscounted, written_calls
from mvc.expression.expression import Call, ColumnRef, Expression, ExpressionError, SettledError
from mvc.expression.neighbours import check_ends, check_neighbours
from mvc.expression.nodes import check_nodes, is_kept
from mvc.expression.passages import read_value
from mvc.expression.precedence import check_precedence
from mvc.expression.tokens import POSTGRES, one_line, tokenize, tokens_of
from mvc.sql.calls import value_calls

_PREFIX: Final = "SELECT ("
OFFSET: Final = len(_PREFIX)  # places in a tree's `meta` are so much higher than in the text
SIMPLE: Final = re.compile(r"([a-z_][a-z0-9_]*)\.([a-z_][a-z0-9_]*)\Z")
_REFUSED: Final = (
    exp.Command,
    exp.Placeholder,
    exp.Parameter,
    exp.SessionParameter,
    exp.DDL,
    exp.DML,
    exp.Into,
    exp.Lock,
)


@lru_cache(maxsize=16384)
def parse_expression(text: str) -> Expression:
    """The expression in `text`, of PostgreSQL's dialect. Raises ExpressionError with the place in `text`."""
    try:
        return _parse(text)
    except ExpressionError as problem:
        made = None if problem.settled else read_value(text, is_readable)
        if made is None:
            raise
    return _as_written(text, made)


@lru_cache(maxsize=4096)
def is_readable(text: str) -> bool:
    """Whether sqlglot reads an expression as PostgreSQL does."""
    try:
        _parse(text)
    except ExpressionError:
        return False
    return True


def _as_written(text: str, made: AsRead) -> Expression:
    """The expression of a text that sqlglot reads by a stand-in: all that is in the author's text stands where it stands there."""
    read = _parse(made.text)
    made.place(read.ast, OFFSET)
    columns = (replace(ref, start=made.start(ref.start), end=made.end(ref.end)) for ref in read.columns)
    calls = written_calls(text, value_calls(text)) or ()  # PostgreSQL's parser is there: it has read the passages
    subquery = None if read.subquery is None else made.start(read.subquery)
    return Expression(one_line(text, tokens_of(text)), text, read.ast, tuple(columns), calls, subquery, made)


def _parse(text: str) -> Expression:
    if (simple := SIMPLE.match(text)) and not is_kept(simple[1]):
        return _column(text, *simple.groups())
    tokens = tokenize(text)
    line = one_line(text, tokens)
    check_ends(text)
    check_neighbours(text)
    ast = _single_value(text, tokens)
    _refuse_foreign_nodes(text, ast)
    check_nodes(text, ast, OFFSET)
    check_precedence(text, ast, OFFSET)
    subquery = _subquery(ast, tokens)
    if subquery is None:
        _check_qualifiers(ast)
    columns = tuple(_column_ref(node) for node in column_nodes(ast))
    calls = written_calls(text, value_calls(text))
    if calls is None:
        calls = calls_of(ast, tokens, len(_PREFIX))
    return Expression(line, text, ast, columns, calls, subquery)


def _check_qualifiers(ast: exp.Expr) -> None:
    """A source goes by its alias, so a schema before it is nobody's: `sales.orders.id`."""
    for node in column_nodes(ast):
        parts = [part.name for part in node.parts]
        if len(parts) > 2 and isinstance(node.this, exp.Identifier):
            ref = _column_ref(node)
            title = "a column has one qualifier: the alias of its source"
            before, last = ".".join(parts[:-1]), parts[-1]
            help_line = (
                f"write {'.'.join(parts[-2:])}; if {parts[0]} is a source and {parts[1]} its column: "
                f"{before} ->> '{last}' for a key of JSON, ({before}).{last} for a field of a composite type"
            )
            raise SettledError("MV101", title, ref.start, ref.end, help_line)


def column_nodes(ast: exp.Expr) -> Iterator[exp.Column]:
    """The columns of a tree, in the order of `Expression.columns`."""
    return ast.find_all(exp.Column)


def _column(text: str, qualifier: str, name: str) -> Expression:
    """The commonest expression there is, `alias.column`, without a parser."""
    return Expression(text, text, exp.column(name, qualifier), (ColumnRef(qualifier, name, 0, len(text)),), ())


def _single_value(text: str, tokens: list[Token]) -> exp.Expression:
    blank = list(text)
    at = 0
    for token in tokens:  # comments become blanks, so that offsets stay what they are
        blank[at : token.start] = " " * (token.start - at)
        at = token.end + 1
    blank[at:] = " " * (len(text) - at)
    sql = _PREFIX + "".join(blank) + "\n)"
    try:
        parsed = trees(sql, POSTGRES)
    except SqlglotError as problem:
        if call := miscounted(tokens):  # sqlglot counts the arguments of functions that it knows
            raise _miscount(call) from None
        raise _syntax_error(text, problem) from None
    except RecursionError:
        raise SettledError("MV101", "this expression is nested too deep", 0, len(text)) from None
    select = parsed[0] if len(parsed) == 1 else None
    only = select.expressions[0] if isinstance(select, exp.Select) and len(select.expressions) == 1 else None
    inner: exp.Expression | None = only.this if isinstance(only, exp.Paren) else None
    if isinstance(only, exp.Subquery) and tokens[0].token_type not in QUERY_STARTS:
        inner = only  # a subquery as the whole value; whether one may stand here is for the place to say
    if inner is None or isinstance(inner, exp.Alias | exp.Aliases | exp.Star) or _is_star(inner):
        help_line = "one value is allowed here: no list, no alias, no `*`"
        raise ExpressionError("MV102", "this is not one expression", 0, len(text), help_line)
    inner.parent = None  # the parentheses were ours
    return inner


def _is_star(node: exp.Expression) -> bool:
    return isinstance(node, exp.Column) and isinstance(node.this, exp.Star)


def _miscount(call: Call) -> ExpressionError:
    count = "1 argument" if call.count == 1 else f"{call.count} arguments"
    takes = f"it takes {counts_taken(builtins.builtin(call.name))}"
    return ExpressionError("MV107", f"`{call.name}` does not take {count}", call.start, call.open, takes)


def _syntax_error(text: str, problem: SqlglotError) -> ExpressionError:
    details = getattr(problem, "errors", None) or [{}]
    where = details[0]
    before = len(where.get("start_context", "") or "") - len(_PREFIX)
    token = where.get("highlight") or ""
    start = text.find(token, max(0, before - len(token))) if token else -1
    if start < 0:
        return ExpressionError("MV101", "this SQL expression cannot be read", 0, len(text))
    if token.upper() == "LOCAL" and text[:start].rstrip().upper().endswith("AT"):
        help_line = "write AT TIME ZONE current_setting('TimeZone')"
        return ExpressionError("MV101", "AT LOCAL cannot be read here", start, start + len(token), help_line)
    return ExpressionError("MV101", f"this SQL expression cannot be read near `{token}`", start, start + len(token))


def _refuse_foreign_nodes(text: str, ast: exp.Expression) -> None:
    found = ast.find(*_REFUSED)
    if found is None:
        return
    if isinstance(found, exp.Placeholder | exp.Parameter | exp.SessionParameter):
        _refuse_absolute(text)
        start, end = _parameter(text)
        raise ExpressionError("MV102", "a parameter has no value here", start, end, "write the value itself")
    raise ExpressionError("MV102", "only a value is allowed here, not a statement", 0, len(text))


def _parameter(text: str) -> tuple[int, int]:
    """Where the first parameter stands: `:name`, `$1`, `?`, `@name`."""
    found = re.search(r"(?<![:\w]):[A-Za-z_]\w*|\$\d+|@\w+|\?", text)
    return found.span() if found else (0, len(text))


def _refuse_absolute(text: str) -> None:
    """`@ x` is an absolute value to PostgreSQL, and a parameter to sqlglot."""
    sign = re.search(r"@(?=[\s(])", text)
    if sign is not None:
        raise ExpressionError(
            "MV102", "`@` is read as a parameter here", *sign.span(), "for the absolute value write abs(x)"
        )


def _subquery(ast: exp.Expression, tokens: list[Token]) -> int | None:
    """Where the first subquery begins, or None."""
    if ast.find(exp.Query) is None:
        return None
    return next((token.start for token in tokens if token.token_type in QUERY_STARTS), 0)


def folded(identifier: exp.Expression | None) -> str:
    """A name as PostgreSQL reads it: in lower case unless it stands in quotes."""
    if not isinstance(identifier, exp.Identifier):
        return ""
    name = str(identifier.this)
    return name if identifier.args.get("quoted") else lowered(name)


def _column_ref(node: exp.Column) -> ColumnRef:
    parts = [part for part in node.parts if isinstance(part, exp.Identifier)]
    start = min((part.meta["start"] for part in parts if "start" in part.meta), default=len(_PREFIX)) - len(_PREFIX)
    end = max((part.meta["end"] for part in parts if "end" in part.meta), default=len(_PREFIX)) + 1 - len(_PREFIX)
    name = folded(node.this) if isinstance(node.this, exp.Identifier) else "*"
    return ColumnRef(folded(node.args.get("table")) or None, name, start, end)
