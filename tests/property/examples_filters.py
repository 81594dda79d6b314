"""What is kept and what is computed: `required`, `where`, order, distinct, defaults and expressions."""

from __future__ import annotations

from decimal import Decimal

from .catalog import table
from .example import Example, a, agg, b, blog, bookings, c, d, lines, orgs, out, shop
from .expressions import call
from .views import Order, Source

FILTERS = [
    Example(
        "required_is_a_semi_join",
        shop,
        [orgs, Source("b", "bookings", b.org == a.id, b.state == "done", required=True)],
        {"kind": a.kind},
        [agg("orgs", "count", "a"), agg("fee", "sum", a.fee)],
        [("x", 2, 30)],
    ),
    Example(
        "required_nested_reaches_up",
        shop,
        [
            orgs,
            Source("b", "bookings", b.org == a.id, required=True),
            Source("c", "lines", c.booking == b.id, c.price > 1, required=True),
        ],
        {"id": a.id},
        [agg("n", "count", "b"), agg("lines", "count", "c")],
        [(1, 1, 1), (2, 1, 1)],
    ),
    Example(
        "required_below_an_optional_source_removes_only_its_parent",
        shop,
        [orgs, bookings, Source("c", "lines", c.booking == b.id, c.price > 1, required=True)],
        {"id": a.id},
        [agg("n", "count", "b"), agg("paid", "sum", b.paid)],
        [(1, 1, 5), (2, 1, 7), (3, 0, None), (4, 0, None)],
    ),
    Example(
        "where_on_a_to_one_parent_blanks_it",
        shop,
        [Source("b", "bookings"), Source("a", "orgs", a.id == b.org, a.kind == "x")],
        {"kind": a.kind},
        [agg("n", "count", "b"), agg("fee", "sum", a.fee), agg("orgs", "count", "a")],
        [("x", 3, 30, 2), (None, 2, None, 0)],
    ),
    Example(
        "view_where_on_a_missing_parent_sees_null",
        shop,
        [Source("b", "bookings"), Source("a", "orgs", a.id == b.org)],
        {"id": b.id},
        [agg("n", "count", "b")],
        [(4, 1), (5, 1)],
        where=call("IS NULL", a.kind),
    ),
    Example(
        "filter_on_an_ancestor_counts_a_row_by_any_of_its_paths",
        shop,
        [
            Source("b", "bookings"),
            Source("a", "orgs", a.id == b.org),
            Source("d", "bookings", d.org == a.id),
        ],
        {"kind": a.kind},
        [agg("siblings", "count", "d", where=b.state == "open"), agg("fee", "sum", a.fee, where=b.state == "done")],
        [("x", 2, 30), (None, 0, None)],
    ),
    Example(
        "first_and_last_by_a_key_keep_nulls",
        shop,
        [orgs, bookings],
        {"kind": a.kind},
        [
            agg("oldest", "first", b.state, order=(Order(b.id),)),
            agg("newest", "last", b.state, order=(Order(b.id),)),
            agg("dearest", "first", b.id, order=(Order(b.paid, descending=True), Order(b.id))),
        ],
        [("x", "done", "done", 3), (None, None, None, 5)],
    ),
    Example(
        "distinct_variants_see_values_not_rows",
        shop,
        [orgs, bookings],
        {},
        [
            agg("paid", "sum", b.paid, distinct=True),
            agg("prices", "count_distinct", b.paid),
            agg("states", "array_agg", b.state, distinct=True, order=(Order(b.state, descending=True, nulls="first"),)),
            agg("known", "string_agg", b.state, distinct=True, order=(Order(b.state),), separator="/"),
        ],
        [(12, 2, [None, "open", "done"], "done/open")],
    ),
    Example(
        "statistics_and_booleans",
        shop,
        [orgs, bookings],
        {},
        [
            agg("median", "median", b.paid),
            agg("q", "percentile", b.paid, at=0.25),
            agg("spread", "variance", b.paid),
            agg("some", "bool_or", b.state == "open"),
            agg("every", "bool_and", b.state == "open", where=b.id > 4, default=True),
        ],
        [(5, 5, Decimal("1.3333333333333333"), True, True)],
    ),
    Example(
        "expressions_over_columns",
        shop,
        [orgs, bookings],
        {"id": a.id},
        [
            agg("twice", "expr", out.rate * 2, default=0),
            agg("rate", "expr", call("/", out.paid, call("nullif", out.n, 0))),
            agg("n", "count", b.paid),
            agg("paid", "sum", b.paid),
        ],
        [(1, 10, 5, 2, 10), (2, 14, 7, 1, 7), (3, 0, None, 0, None), (4, 0, None, 0, None)],
    ),
    Example(
        "desc_means_nulls_last",
        shop,
        [Source("b", "bookings")],
        {},
        [agg("paid", "array_agg", b.paid, order=(Order(b.paid, descending=True),))],
        [([9, 7, 5, 5, None],)],
    ),
    Example(
        "view_where_on_a_parent_holds_in_a_branch_too",
        shop,
        [Source("b", "bookings"), Source("a", "orgs", a.id == b.org), lines],
        {"state": b.state},
        [agg("lines", "count", "c"), agg("price", "sum", c.price)],
        [("done", 3, 4), ("open", 1, 4)],
        where=a.kind == "x",
    ),
    Example(
        "required_below_a_parent_blanks_the_parent",
        {**shop, table("sites", "id int!, org int!", primary="id"): [(1, 1)]},
        [
            Source("b", "bookings"),
            Source("a", "orgs", a.id == b.org),
            Source("d", "sites", d.org == a.id, required=True),
        ],
        {"kind": a.kind},
        [agg("n", "count", "b"), agg("fee", "sum", a.fee), agg("sites", "count", "d")],
        [("x", 2, 10, 1), (None, 3, None, 0)],
    ),
    Example(
        "required_parent_picks_base_rows",
        shop,
        [Source("b", "bookings"), Source("a", "orgs", a.id == b.org, a.kind == "x", required=True), lines],
        {},
        [agg("n", "count", "b"), agg("paid", "sum", b.paid), agg("price", "sum", c.price)],
        [(3, 17, 8)],
    ),
    Example(
        "filter_on_the_link_counts_a_tag_by_any_of_its_links",
        blog,
        [Source("a", "posts"), Source("b", "tagged", b.post == a.id), Source("c", "tags", c.id == b.tag)],
        {"title": a.title},
        [agg("tags", "count", "c", where=b.id >= 2), agg("weight", "sum", c.weight, where=b.id >= 2)],
        [("p", 2, 6), ("q", 1, 1)],
    ),
]
