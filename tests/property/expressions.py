"""A tiny expression language with two readings: SQL text, and a value under SQL's three-valued logic.

Having both readings of one tree is what lets the oracle do without a SQL parser.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

Value = Any  # None, bool, int, Decimal, str, date
Row = Mapping[str, Value]
Env = Mapping[str, "Row | None"]  # alias → its row; None where a to-one row is missing

OUTPUT = ""  # the alias of the view's own columns, which `expr` aggregates read


class Expr:
    """A node. Operators build comparisons and connectives as in SQLAlchemy, so `==` is no equality of nodes."""

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> Expr:  # type: ignore[override]
        return Call("=", (self, wrap(other)))

    def __ne__(self, other: object) -> Expr:  # type: ignore[override]
        return Call("<>", (self, wrap(other)))

    def __lt__(self, other: object) -> Expr:
        return Call("<", (self, wrap(other)))

    def __le__(self, other: object) -> Expr:
        return Call("<=", (self, wrap(other)))

    def __gt__(self, other: object) -> Expr:
        return Call(">", (self, wrap(other)))

    def __ge__(self, other: object) -> Expr:
        return Call(">=", (self, wrap(other)))

    def __add__(self, other: object) -> Expr:
        return Call("+", (self, wrap(other)))

    def __sub__(self, other: object) -> Expr:
        return Call("-", (self, wrap(other)))

    def __mul__(self, other: object) -> Expr:
        return Call("*", (self, wrap(other)))

    def __and__(self, other: object) -> Expr:
        return Call("AND", (self, wrap(other)))

    def __or__(self, other: object) -> Expr:
        return Call("OR", (self, wrap(other)))

    def __invert__(self) -> Expr:
        return Call("NOT", (self,))


@dataclass(frozen=True, eq=False)
class Col(Expr):
    """A column of a source, or, with the alias `OUTPUT`, of the view itself."""

    alias: str
    name: str


@dataclass(frozen=True, eq=False)
class Lit(Expr):
    value: Value


@dataclass(frozen=True, eq=False)
class Call(Expr):
    """An operator or function of the tables below."""

    op: str
    args: tuple[Expr, ...]


def wrap(value: object) -> Expr:
    """The node itself, or a literal of a plain value."""
    return value if isinstance(value, Expr) else Lit(value)


def call(op: str, *args: object) -> Expr:
    return Call(op, tuple(wrap(arg) for arg in args))


@dataclass(frozen=True)
class Alias:
    """`Alias("o").id` is the column `o.id`."""

    alias: str

    def __getattr__(self, name: str) -> Col:
        return Col(self.alias, name)


def bare(expr: Expr) -> Expr:
    """The same with columns by their names alone."""
    if isinstance(expr, Col):
        return Col(OUTPUT, expr.name)
    return Call(expr.op, tuple(bare(arg) for arg in expr.args)) if isinstance(expr, Call) else expr


def conjunction(*parts: Expr | None) -> Expr | None:
    """All of the given conditions, `None` when there is none."""
    given = [part for part in parts if part is not None]
    result = given[0] if given else None
    for part in given[1:]:
        result = Call("AND", (result, part)) if result is not None else part
    return result


def conjuncts(expr: Expr | None) -> tuple[Expr, ...]:
    if isinstance(expr, Call) and expr.op == "AND":
        return tuple(part for arg in expr.args for part in conjuncts(arg))
    return () if expr is None else (expr,)


def columns_read(expr: Expr | None) -> frozenset[tuple[str, str]]:
    """Each (alias, column) that the expression reads."""
    if isinstance(expr, Col):
        return frozenset({(expr.alias, expr.name)})
    if isinstance(expr, Call):
        return frozenset().union(*(columns_read(arg) for arg in expr.args))
    return frozenset()


def aliases_read(expr: Expr | None) -> frozenset[str]:
    return frozenset(alias for alias, _ in columns_read(expr))


# --- SQL text ---------------------------------------------------------------------------------------------------------

UNITS = ("day", "week", "month", "quarter", "year")
TEMPLATES = {
    "NOT": "NOT {0}",
    "IS NULL": "{0} IS NULL",
    "IS NOT NULL": "{0} IS NOT NULL",
    "upper": "upper({0})",
    "coalesce": "coalesce({0}, {1})",
    "nullif": "nullif({0}, {1})",
    "case": "CASE WHEN {0} THEN {1} ELSE {2} END",
    "in": "{0} IN ({1}, {2})",
    "between": "{0} BETWEEN {1} AND {2}",
    "not between": "{0} NOT BETWEEN {1} AND {2}",
    "date": "({0})::date",
    "timestamptz": "({0})::timestamptz",
    "date_trunc": "date_trunc({0}, {1})",
    "interval": "INTERVAL {0}",
    "month": "extract(month FROM {0})",
    **{f"period {unit}": f"date_trunc('{unit}', ({{0}})::timestamp)::date" for unit in UNITS},
    **{f"begin {unit}": f"date_trunc('{unit}', {{0}})" for unit in UNITS},
}
# What reads the clock has no value here: the oracle knows no time.
CLOCK = (
    "CURRENT_DATE",
    "CURRENT_TIMESTAMP",
    "CURRENT_TIMESTAMP(0)",
    "LOCALTIMESTAMP",
    "LOCALTIMESTAMP(3)",
    "LOCALTIME",
    "now()",
    "transaction_timestamp()",
)
# Their arguments need no parentheses, nor do they.
PERIOD = "period "  # and a unit: a dimension that the language has words for
BEGIN = "begin "  # and a unit: the same as people write it, a moment of which the session decides
CALL_LIKE = {"upper", "coalesce", "nullif", "case", "date", "timestamptz", "date_trunc", "interval", "month", *CLOCK}
CALL_LIKE |= {op for op in TEMPLATES if op.startswith((PERIOD, BEGIN))}


def sql(expr: Expr) -> str:
    """The expression as a person would write it: parentheses around nested operators only."""
    if isinstance(expr, Col):
        return f"{expr.alias}.{expr.name}" if expr.alias else expr.name
    if isinstance(expr, Lit):
        return literal(expr.value)
    assert isinstance(expr, Call)
    args = [_argument(expr.op, arg) for arg in expr.args]
    return TEMPLATES.get(expr.op, f"{{0}} {expr.op} {{1}}" if args else expr.op).format(*args)


def _argument(op: str, arg: Expr) -> str:
    bare = op in CALL_LIKE or not isinstance(arg, Call) or arg.op in CALL_LIKE or (op == "AND" and arg.op == "AND")
    return sql(arg) if bare else f"({sql(arg)})"


def literal(value: Value) -> str:
    if value is None or isinstance(value, bool):
        return {None: "NULL", True: "TRUE", False: "FALSE"}[value]
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return f"DATE '{value.isoformat()}'" if isinstance(value, date) else str(value)


# --- Values -----------------------------------------------------------------------------------------------------------


def _quotient(left: Value, right: Value) -> Value:
    """Postgres' `/`: integers are cut towards zero."""
    if isinstance(left, int) and isinstance(right, int):
        return abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
    return Decimal(left) / Decimal(right)


PERIODS: dict[str, Callable[[Value], Value]] = {
    "day": lambda a: a,
    "week": lambda a: a - timedelta(days=a.weekday()),
    "month": lambda a: a.replace(day=1),
    "quarter": lambda a: a.replace(month=a.month - (a.month - 1) % 3, day=1),
    "year": lambda a: a.replace(month=1, day=1),
}
STRICT: dict[str, Callable[..., Value]] = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": _quotient,
    "||": lambda a, b: a + b,
    "NOT": lambda a: not a,
    "upper": lambda a: a.upper(),
    **{f"{word}{unit}": function for word in (PERIOD, BEGIN) for unit, function in PERIODS.items()},
}
LENIENT: dict[str, Callable[..., Value]] = {
    "AND": lambda a, b: False if a is False or b is False else None if a is None or b is None else True,
    "OR": lambda a, b: True if a is True or b is True else None if a is None or b is None else False,
    "IS NULL": lambda a: a is None,
    "IS NOT NULL": lambda a: a is not None,
    "IS DISTINCT FROM": lambda a, b: a != b,
    "IS NOT DISTINCT FROM": lambda a, b: a == b,
    "coalesce": lambda a, b: b if a is None else a,
    "nullif": lambda a, b: None if a is not None and a == b else a,
    "case": lambda a, b, c: b if a is True else c,
    "in": lambda a, b, c: LENIENT["OR"](value_equal(a, b), value_equal(a, c)),
}


def value_equal(left: Value, right: Value) -> bool | None:
    return None if left is None or right is None else left == right


def value(expr: Expr, env: Env) -> Value:
    """What Postgres would answer, with None for NULL."""
    if isinstance(expr, Col):
        row = env[expr.alias]
        return None if row is None else row[expr.name]
    if isinstance(expr, Lit):
        return expr.value
    assert isinstance(expr, Call)
    args = [value(arg, env) for arg in expr.args]
    if expr.op in LENIENT:
        return LENIENT[expr.op](*args)
    return None if None in args else STRICT[expr.op](*args)


def holds(expr: Expr | None, env: Env) -> bool:
    """True only: neither false nor unknown lets a row pass. No condition always holds."""
    return expr is None or value(expr, env) is True
