"""Sources that are no base tables: values that stand in the spec, several tables as one, a calendar."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from .catalog import FROM_TABLE, Column, Spine, Table, Values, table
from .example import FEB, JAN, Example, a, agg, b, c
from .expressions import BEGIN, Col, call
from .made import several
from .views import Source

SALES = table("sales", "id int!, kind text, sold date, paid num", primary="id")
PAST = table("past", "paid num, id int!, kind text!, note text", primary="id")
BOTH = several("both", [SALES, PAST], "public.")
some_sales = [
    (1, "web", JAN, Decimal(5)),
    (2, "web", date(2024, 1, 31), Decimal(7)),
    (3, "fax", date(2024, 3, 31), None),
    (4, None, date(2024, 4, 1), Decimal(9)),
]
some_past = [(Decimal(1), 1, "web", "x"), (Decimal(2), 2, "shop", None)]
TITLES = Table(
    "titles",
    (Column("code", "text", nullable=False), Column("title", "text"), Column("fee", "integer")),
    ("code",),
    made=Values((("web", "Online", 2), ("shop", "Shop", 0), ("post", None, 1)), mapping=True),
)
MONTHS = Table(
    "months",
    (Column("month", "date", nullable=False),),
    ("month",),
    made=Spine("month", date(2024, 1, 15), date(2024, 3, 1)),
)

KINDS = [
    Example(
        "a_lookup_in_values",
        {SALES: some_sales, TITLES: []},
        [Source("a", "sales"), Source("b", "titles", b.code == a.kind)],
        {"title": b.title},
        [agg("n", "count", "a"), agg("titles", "count", "b"), agg("fee", "sum", b.fee)],
        [("Online", 2, 1, 2), (None, 2, 0, None)],
    ),
    Example(
        "values_as_the_base",
        {SALES: some_sales, TITLES: []},
        [Source("a", "titles"), Source("b", "sales", b.kind == a.code)],
        {"code": a.code},
        [agg("n", "count", "b"), agg("paid", "sum", b.paid)],
        [("web", 2, Decimal(12)), ("shop", 0, None), ("post", 0, None)],
    ),
    Example(
        "several_tables_as_the_base",
        {SALES: some_sales, PAST: some_past, BOTH: [], TITLES: []},
        [Source("a", "both"), Source("b", "titles", b.code == a.kind), Source("c", "sales", c.id == a.id)],
        {"origin": Col("a", FROM_TABLE), "title": b.title},
        [agg("n", "count", "a"), agg("paid", "sum", a.paid), agg("same", "count", "c")],
        [
            ("public.sales", "Online", 2, Decimal(12), 2),
            ("public.sales", None, 2, Decimal(9), 2),
            ("public.past", "Online", 1, Decimal(1), 1),
            ("public.past", "Shop", 1, Decimal(2), 1),
        ],
    ),
    Example(
        "a_calendar_fills_gaps",
        {SALES: some_sales, MONTHS: []},
        [Source("a", "months"), Source("b", "sales", a.month == call(f"{BEGIN}month", b.sold))],
        {"month": a.month},
        [agg("n", "count", "b"), agg("paid", "sum", b.paid, default=0)],
        [(JAN, 2, Decimal(12)), (FEB, 0, 0), (date(2024, 3, 1), 1, 0)],
    ),
]
