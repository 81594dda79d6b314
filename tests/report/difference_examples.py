"""Differences made by hand: one with every kind of change, one as a reviewer meets it, and any that hypothesis thinks of."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, get_args

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from mvc.comparison.changes import (
    Change,
    ColumnRedefined,
    ColumnRenamed,
    CommentChanged,
    ReaderAdded,
    RefresherAdded,
    RulesChanged,
    Verdict,
    ViewAdded,
    ViewRemoved,
)
from mvc.comparison.difference import CLASSES, Affected, Classified, Difference, Effect, ViewDifference
from mvc.comparison.picked import Key
from mvc.comparison.upstream import ReadFrom, UpstreamChanged

any_speed = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
KINDS: tuple[type[Change], ...] = get_args(Change)
EMPTY = Difference((), ())


def classified(change: Change, *effects: Effect) -> Classified:
    return Classified(change, effects or (Effect("safe", "nobody notices"),))


def view(name: str, *changes: Classified, status: str = "changed", downstream: tuple[Affected, ...] = ()):
    return ViewDifference(name, "public", f"views/{name}.yml", status, changes, downstream)  # type: ignore[arg-type]


REVIEWED = Difference(
    views=(
        view("daily_items", classified(ViewAdded(("shop_staff",))), status="added"),
        view(
            "daily_revenue",
            classified(
                ColumnRenamed("total", "revenue"),
                Effect("breaking", "a query that names `total` fails"),
                Effect("rebuild", "the stored rows are computed anew"),
            ),
            classified(
                ColumnRedefined("orders", "count(orders)", "count(orders) where orders.status = 'paid'"),
                Effect("breaking", "`orders` means something else"),
                Effect("rebuild", "the stored rows are computed anew"),
            ),
            classified(
                RulesChanged("shop_staff", "undecided", "region = 'eu'", "allowed(region)", "`allowed` is a function"),
                Effect("access-loosened", "what `allowed` lets through is not known", undecided=True),
            ),
            classified(CommentChanged("", None, "What was sold, by day.")),
            downstream=(Affected("monthly_revenue", "revenue", "total"), Affected("monthly_revenue", None, None)),
        ),
        view(
            "monthly_revenue",
            classified(
                UpstreamChanged(
                    ("revenue",), True, (ReadFrom("daily_revenue", "total"), ReadFrom("daily_revenue", None)), False
                ),
                Effect("breaking", "values change under the same names"),
                Effect("rebuild", "it reads `daily_revenue`"),
            ),
        ),
        view("old_report", classified(ViewRemoved(), Effect("breaking", "its readers get an error")), status="removed"),
    ),
    project=(classified(RefresherAdded("etl"), Effect("access-loosened", "`etl` may refresh every view")),),
)

HOSTILE = (
    "a|b",
    "a\\|b",
    "`",
    "``` x",
    "</details>",
    "</summary><script>",
    "<!-- x",
    "--> y",
    "@team",
    "#12",
    "[a](http://b)",
    "https://a.b",
    "www.a.b",
    "*a* _b_",
    "line\nbreak\r\n| x | y |",
    "```\n</details>\n\n@all",
    "\x1b[31m\u202e",
    " padded ",
    "",
    "\\",
    "a\\",
    "&amp; &#64;",
    "$x$",
    "語",
    "\ud800",
)
texts = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=40), st.lists(st.sampled_from(HOSTILE)).map("".join))
_VALUES = {
    "str": texts,
    "str | None": st.none() | texts,
    "int | None": st.none() | st.integers(0, 10**7),
    "tuple[str, ...]": st.lists(texts, max_size=3).map(tuple),
    "bool": st.booleans(),
    "tuple[ReadFrom, ...]": st.lists(st.builds(ReadFrom, texts, st.none() | texts), max_size=3).map(tuple),
    "Verdict": st.sampled_from(get_args(Verdict)),
    "Key": st.sampled_from(get_args(Key)),
}


def _fields(kind: type[Change]) -> dict[str, Any]:
    return {field.name: _VALUES[str(field.type)] for field in fields(kind)}


changes = st.one_of([st.builds(kind, **_fields(kind)) for kind in KINDS])
effects = st.builds(Effect, st.sampled_from(CLASSES), texts, st.booleans())
classifieds = st.builds(Classified, changes, st.lists(effects, min_size=1, max_size=3).map(tuple))
affecteds = st.builds(Affected, texts, st.none() | texts, st.none() | texts)
views = st.builds(
    ViewDifference,
    texts,
    texts,
    texts,
    st.sampled_from(("added", "removed", "changed")),
    st.lists(classifieds, min_size=1, max_size=6).map(tuple),
    st.lists(affecteds, max_size=3).map(tuple),
)
differences = st.builds(
    Difference, st.lists(views, max_size=5).map(tuple), st.lists(classifieds, max_size=2).map(tuple)
)


def hostile_views(name: str) -> Difference:
    """Everything that a project can name is called so."""
    effect = Effect("breaking", name, undecided=True)
    many = tuple(
        Classified(change, (effect,))
        for change in (ColumnRenamed(name, name), ReaderAdded(name), CommentChanged(name, name, None))
    )
    return Difference(
        views=(
            ViewDifference(name, name, name, "changed", many, (Affected(name, name, name), Affected(name, None, None))),
        ),
        project=(Classified(RefresherAdded(name), (effect,)),),
    )
