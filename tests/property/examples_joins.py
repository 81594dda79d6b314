"""How rows find each other: self-joins, inequalities, NULLs in keys, keys of several columns, links that are to-one."""

from __future__ import annotations

from decimal import Decimal

from .catalog import table
from .example import FEB, JAN, POSTS, STAFF, Example, a, agg, b, bookings, c, d, e, m, orgs, shop, some_staff, to
from .expressions import call
from .views import Source

JOINS = [
    Example(
        "employees_and_their_managers",
        {STAFF: some_staff},
        [Source("e", "staff"), Source("m", "staff", m.id == e.boss)],
        {"id": e.id, "boss_pay": m.pay},
        [agg("gap", "max", m.pay - e.pay), agg("bosses", "count", "m")],
        [(1, None, None, 0), (2, 9, 4, 1), (3, 9, 4, 1), (4, 5, 3, 1), (5, 2, 1, 1)],
    ),
    Example(
        "managers_and_two_levels_of_reports",
        {STAFF: some_staff},
        [Source("m", "staff"), Source("e", "staff", e.boss == m.id), Source("d", "staff", d.boss == e.id)],
        {"id": m.id},
        [agg("direct", "count", "e"), agg("pay", "sum", e.pay), agg("below", "count", "d"), agg("top", "max", d.pay)],
        [(1, 2, 10, 1, 2), (2, 1, 2, 1, 1), (3, 0, None, 0, None), (4, 1, 1, 0, None), (5, 0, None, 0, None)],
    ),
    Example(
        "composite_nullable_join_never_matches_on_null",
        {
            table("plans", "id int!, zone text, tier int", primary="id"): [(1, "n", 1), (2, "n", None), (3, None, 1)],
            table("rates", "id int!, zone text, tier int, v int", primary="id"): [
                (1, "n", 1, 5),
                (2, "n", 1, 5),
                (3, "n", None, 7),
                (4, None, 1, 9),
            ],
        },
        [Source("a", "plans"), Source("b", "rates", (b.zone == a.zone) & (b.tier == a.tier))],
        {"id": a.id},
        [agg("n", "count", "b"), agg("v", "sum", b.v)],
        [(1, 2, 10), (2, 0, None), (3, 0, None)],
    ),
    Example(
        "null_safe_join_matches_on_null",
        {
            table("plans", "id int!, zone text", primary="id"): [(1, "n"), (2, None), (3, None)],
            table("rates", "id int!, zone text, v int", primary="id"): [(1, "n", 5), (2, None, 7), (3, None, 7)],
        },
        [Source("a", "plans"), Source("b", "rates", call("IS NOT DISTINCT FROM", b.zone, a.zone))],
        {"zone": a.zone},
        [agg("n", "count", "b"), agg("v", "sum", b.v)],
        [("n", 1, 5), (None, 2, 14)],
    ),
    Example(
        "non_equi_join_alone",
        {STAFF: some_staff},
        [Source("e", "staff"), Source("m", "staff", m.pay > e.pay)],
        {"id": e.id},
        [agg("rank", "count", "m"), agg("next", "min", m.pay)],
        [(1, 0, None), (2, 1, 9), (3, 1, 9), (4, 3, 5), (5, 4, 2)],
    ),
    Example(
        "non_equi_join_at_a_coarser_grain_sees_each_row_once",
        {STAFF: some_staff},
        [Source("e", "staff"), Source("m", "staff", m.pay > e.pay)],
        {"boss": e.boss},
        [agg("richer", "count", "m"), agg("pay", "sum", m.pay)],
        [(None, 0, None), (1, 1, 9), (2, 3, 19), (4, 4, 21)],
    ),
    Example(
        "nothing_hangs_below_a_missing_parent",
        {
            STAFF: some_staff,
            table("notes", "id int!, about int", primary="id"): [(1, None), (2, 1), (3, None)],
        },
        [
            Source("e", "staff"),
            Source("m", "staff", m.id == e.boss),
            Source("c", "notes", call("IS NOT DISTINCT FROM", c.about, m.boss)),
        ],
        {"id": e.id},
        [agg("notes", "count", "c")],
        [(1, 0), (2, 2), (3, 2), (4, 1), (5, 0)],
    ),
    Example(
        "condition_on_the_parent_inside_on",
        shop,
        [orgs, Source("b", "bookings", (b.org == a.id) & (a.kind == "x") & (b.paid < a.fee))],
        {"id": a.id},
        [agg("n", "count", "b")],
        [(1, 2), (2, 1), (3, 0), (4, 0)],
    ),
    Example(
        "or_inside_conditions_keeps_its_parentheses",
        shop,
        [orgs, Source("b", "bookings", (b.org == a.id) | (b.paid > a.fee), (b.state == "open") | (b.paid > 6))],
        {"id": a.id},
        [agg("n", "count", "b", where=(b.id == 2) | (b.id == 3)), agg("all", "count", "b")],
        [(1, 1, 1), (2, 1, 1), (3, 0, 0)],
        where=(a.id == 1) | (a.id > 1) & (a.fee > 0),
    ),
    Example(
        "child_reads_a_farther_ancestor",
        shop,
        [orgs, bookings, Source("c", "lines", (c.booking == b.id) & (c.price * 10 > a.fee))],
        {"id": a.id},
        [agg("n", "count", "c"), agg("price", "sum", c.price)],
        [(1, 1, 4), (2, 0, None), (3, 0, None), (4, 0, None)],
    ),
    Example(
        "partitioned_parent_by_its_whole_key",
        {
            table("events", "id int!, d date!, size int", primary="id d"): [(1, JAN, 3), (1, FEB, 5), (2, FEB, 7)],
            table(
                "marks",
                "id int!, event int, d date",
                primary="id",
                references=(to("events", "event", "d", key="id d"),),
            ): [
                (1, 1, JAN),
                (2, 1, JAN),
                (3, 1, FEB),
                (4, 2, FEB),
                (5, 2, None),
            ],
        },
        [Source("b", "marks"), Source("a", "events", (a.id == b.event) & (a.d == b.d))],
        {"event": b.event},
        [agg("events", "count", "a"), agg("size", "sum", a.size), agg("n", "count", "b")],
        [(1, 2, 8, 3), (2, 1, 7, 2)],
    ),
    Example(
        "partitioned_parent_by_half_its_key_with_one",
        {
            table("events", "id int!, d date!, size int", primary="id d"): [(1, JAN, 3), (2, FEB, 7)],
            table("marks", "id int!, event int", primary="id"): [(1, 1), (2, 1), (3, 2), (4, 9)],
        },
        [Source("b", "marks"), Source("a", "events", a.id == b.event, one=True)],
        {"month": a.d},
        [agg("n", "count", "b"), agg("size", "sum", a.size)],
        [(JAN, 2, 3), (FEB, 1, 7), (None, 1, None)],
    ),
    Example(
        "key_equated_in_where_is_to_one",
        {
            table("rates", "code text!, d date!, v num", primary="code d"): [
                ("eur", JAN, Decimal(2)),
                ("eur", FEB, Decimal(3)),
            ],
            table("sales", "id int!, code text, n int", primary="id"): [(1, "eur", 2), (2, "eur", 3), (3, "usd", 4)],
        },
        [Source("b", "sales"), Source("a", "rates", a.code == b.code, a.d == FEB)],
        {"rate": a.v},
        [agg("worth", "sum", a.v * b.n), agg("rates", "count", "a")],
        [(3, 15, 1), (None, None, 0)],
    ),
    Example(
        "one_to_one_extension_by_shared_key",
        {
            POSTS: [(1, "p"), (2, None), (3, "p")],
            table("stats", "post int!, views int", primary="post", references=(to("posts", "post"),)): [(1, 5), (3, 6)],
        },
        [Source("a", "posts"), Source("b", "stats", b.post == a.id)],
        {"title": a.title, "seen": call("IS NOT NULL", b.post)},
        [agg("views", "sum", b.views), agg("n", "count", "b")],
        [("p", True, 11, 2), (None, False, None, 0)],
    ),
    Example(
        "nullable_unique_key_is_to_one",
        {
            table("cards", "id int!, no int", primary="id", uniques=("no",)): [(1, 7), (2, None), (3, None)],
            table("swipes", "id int!, no int", primary="id"): [(1, 7), (2, 7), (3, None)],
        },
        [Source("b", "swipes"), Source("a", "cards", a.no == b.no)],
        {"card": a.id},
        [agg("n", "count", "b"), agg("cards", "count", "a")],
        [(1, 2, 1), (None, 1, 0)],
    ),
    Example(
        "attribute_of_a_missing_attribute",
        {STAFF: some_staff},
        [
            Source("e", "staff"),
            Source("m", "staff", m.id == e.boss),
            Source("d", "staff", (d.id == 1) & call("IS NULL", m.boss)),
        ],
        {"id": e.id, "top": d.pay},
        [],
        [(1, None), (2, 9), (3, 9), (4, None), (5, None)],
    ),
    Example(
        "siblings_at_the_grain_of_the_parent",
        {STAFF: some_staff},
        [Source("e", "staff"), Source("d", "staff", (d.boss == e.boss) & (d.id != e.id))],
        {"boss": e.boss},
        [agg("siblings", "count", "d"), agg("pay", "sum", d.pay)],
        [(None, 0, None), (1, 2, 10), (2, 0, None), (4, 0, None)],
    ),
    Example(
        "one_table_under_two_aliases_with_two_filters",
        shop,
        [
            Source("a", "orgs"),
            Source("b", "bookings", b.org == a.id, b.state == "done"),
            Source("c", "bookings", c.org == a.id, c.state == "open"),
        ],
        {"kind": a.kind},
        [agg("done", "count", "b"), agg("paid", "sum", b.paid), agg("open", "count", "c"), agg("due", "sum", c.paid)],
        [("x", 2, 12, 1, 5), (None, 0, None, 0, None)],
    ),
    Example(  # the compiler may refuse it: no key tells the two rows with NULLs apart
        "nullable_unique_key_is_no_identity",
        {
            table("days", "id int!, day date!", primary="id"): [(1, JAN), (2, FEB), (3, JAN)],
            table("slots", "u int, k int, day date!", uniques=("u k",)): [
                (None, None, JAN),
                (None, None, FEB),
                (1, 1, JAN),
            ],
        },
        [Source("a", "days"), Source("b", "slots", b.day == a.day)],
        {},
        [agg("slots", "count", "b"), agg("total", "sum", b.u)],
        [(3, 1)],
    ),
    Example(
        "nullable_unique_key_tells_apart_what_it_joins",
        {
            table("cards", "no int, v int", uniques=("no",)): [(7, 1), (None, 2)],
            table("swipes", "id int!, no int", primary="id"): [(1, 7), (2, 7), (3, None)],
        },
        [Source("b", "swipes"), Source("a", "cards", a.no == b.no)],
        {},
        [agg("cards", "count", "a"), agg("v", "sum", a.v)],
        [(1, 1)],
    ),
]
