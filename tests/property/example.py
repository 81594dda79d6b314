"""What hand-written examples are made of: a case with the rows that it must give, and the tables that several share.

A table's rows stand in the order of its columns; the expected rows in the order of dimensions and aggregates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from .catalog import Reference, Rows, Table, table
from .expressions import OUTPUT, Alias, Expr, Value
from .specs import Case
from .views import Aggregate, Source, View


@dataclass(frozen=True)
class Example:
    name: str
    tables: dict[Table, Sequence[tuple[Value, ...]]]
    sources: Sequence[Source]
    dimensions: dict[str, Expr]
    aggregates: Sequence[Aggregate]
    expected: Sequence[tuple[Value, ...]]
    where: Expr | None = None

    @property
    def case(self) -> Case:
        rows: Rows = {
            each.name: [dict(zip((column.name for column in each.columns), row, strict=True)) for row in rows]
            for each, rows in self.tables.items()
        }
        view = View(tuple(self.sources), tuple(self.dimensions.items()), tuple(self.aggregates), self.where)
        return Case(tuple(self.tables), view, rows)


def agg(name: str, function: str, argument: Expr | str, **options: object) -> Aggregate:
    """`agg("n", "count", "o")` counts rows; `agg("total", "sum", o.amount)` reads a column."""
    given: dict[str, object] = {"of": argument} if isinstance(argument, str) else {"argument": argument}
    return Aggregate(name, function, **given, **options)  # type: ignore[arg-type]


def to(name: str, *columns: str, key: str = "id") -> Reference:
    """A foreign key."""
    return Reference(columns, name, tuple(key.split()))


a, b, c, d, e, m = Alias("a"), Alias("b"), Alias("c"), Alias("d"), Alias("e"), Alias("m")
out = Alias(OUTPUT)
JAN, FEB = date(2024, 1, 1), date(2024, 2, 1)

ORGS = table("orgs", "id int!, kind text, fee num", primary="id")
BOOKINGS = table("bookings", "id int!, org int, paid num, state text", primary="id", references=(to("orgs", "org"),))
LINES = table("lines", "id int!, booking int!, price num", primary="id", references=(to("bookings", "booking"),))
STAFF = table("staff", "id int!, boss int, pay int!", primary="id", references=(to("staff", "boss"),))
POSTS = table("posts", "id int!, title text", primary="id")
TAGS = table("tags", "id int!, word text!, weight int", primary="id")
TAGGED = table(
    "tagged", "id int!, post int, tag int", primary="id", references=(to("posts", "post"), to("tags", "tag"))
)

some_orgs = [(1, "x", Decimal(10)), (2, "x", Decimal(20)), (3, None, Decimal(40)), (4, None, None)]
some_bookings = [
    (1, 1, Decimal(5), "done"),
    (2, 1, Decimal(5), "open"),
    (3, 2, Decimal(7), "done"),
    (4, None, Decimal(9), "done"),
    (5, 3, None, None),
]
some_lines = [(1, 1, Decimal(1)), (2, 1, Decimal(1)), (3, 2, Decimal(4)), (4, 3, Decimal(2)), (5, 4, Decimal(8))]
shop: dict[Table, Sequence[tuple[Value, ...]]] = {ORGS: some_orgs, BOOKINGS: some_bookings, LINES: some_lines}
some_staff = [(1, None, 9), (2, 1, 5), (3, 1, 5), (4, 2, 2), (5, 4, 1)]
blog: dict[Table, Sequence[tuple[Value, ...]]] = {
    POSTS: [(1, "p"), (2, "q"), (3, "p")],
    TAGS: [(1, "red", 1), (2, "blue", 5), (3, "gray", None)],
    TAGGED: [(1, 1, 1), (2, 1, 1), (3, 1, 2), (4, 2, 1), (5, 3, 1), (6, 3, None)],
}
orgs, bookings, lines = (
    Source("a", "orgs"),
    Source("b", "bookings", b.org == a.id),
    Source("c", "lines", c.booking == b.id),
)
