"""A comment on a pull request: what stands in it, that nothing of a project can break it, and that it is never too long.

markdown-it is the oracle: what it makes of a comment is well-formed HTML, of few elements, with three cells in a row.
"""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from difference_examples import EMPTY, HOSTILE, REVIEWED, any_speed, classified, differences, hostile_views, texts, view
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from mvc.comparison.changes import ColumnAdded, ColumnRemoved
from mvc.comparison.difference import Difference, Effect
from mvc.report.diff.markdown import LEAST, LIMIT, diff_markdown, marker
from mvc.report.text.sanitize import visible
from mvc.report.text.words import one_line

ELEMENTS = frozenset("p table thead tbody tr th td code pre strong ul li details summary".split())
SHOWN = """\
<!-- mvc diff: shop -->

**mvc diff** of `shop`: 1 view removed, 1 changed; 2 changes: 2 breaking

| view | classes | what changes |
| --- | --- | --- |
| ~ `public.daily_revenue` | **breaking**, rebuild | column `total` renamed to `revenue` |
| − `public.old_report` | **breaking** | the view is gone |

<details><summary>~ <code>public.daily_revenue</code></summary>

Declared in `views/daily_revenue.yml`.

- column `total` renamed to `revenue`
  - **breaking**: a query that names `total` fails
  - rebuild: the stored rows are computed anew

Downstream:

- `monthly_revenue.revenue` is computed from `total`
- rows of `monthly_revenue` follow from these rows

</details>

<details><summary>− <code>public.old_report</code></summary>

Declared in `views/old_report.yml`.

- the view is gone
  - **breaking**: its readers get an error

</details>

<details><summary>SQL: <code>shop.sql</code></summary>

```sql
SELECT 1;
```

</details>
"""


class Page(HTMLParser):
    """The elements of a page, which must close in order, and its text in and out of code."""

    def __init__(self, markdown: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.cells: list[int] = []
        self.counts: dict[str, int] = {}
        self.prose = ""
        self.code: list[str] = []
        self.comments: list[str] = []
        self.feed(MarkdownIt("commonmark").enable("table").render(markdown))
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        assert tag in ELEMENTS, tag
        self.open.append(tag)
        self.counts[tag] = self.counts.get(tag, 0) + 1
        if tag == "tr":
            self.cells.append(0)
        elif tag in ("td", "th"):
            self.cells[-1] += 1
        elif tag == "code":
            self.code.append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "code" in self.open:
            self.code[-1] += data
        else:
            self.prose += data

    def handle_comment(self, data):
        self.comments.append(data)


def whole(difference: Difference, project: str = "shop", sql: dict[str, str] | None = None, limit: int = LIMIT):
    """The comment, which must hold together."""
    comment = diff_markdown(difference, project, sql, limit=limit)
    assert len(comment.encode()) <= limit
    page = Page(comment)
    assert set(page.cells) <= {3}
    assert len(page.comments) == 1
    assert not re.search(r"@\w|#\d", page.prose)
    assert comment.splitlines()[0] == marker(project)
    return comment, page


def test_as_a_reviewer_sees_it():
    revenue, old = REVIEWED.views[1], REVIEWED.views[3]
    short = Difference((replace(revenue, changes=revenue.changes[:1]), old), ())
    assert diff_markdown(short, "shop", {"shop.sql": "SELECT 1;\n"}) == SHOWN
    whole(short, sql={"shop.sql": "SELECT 1;\n"})


def test_undecided_is_marked_in_the_table_and_in_the_details():
    comment, _ = whole(REVIEWED)
    assert "| **breaking**, **access-loosened** (undecided), rebuild, safe |" in comment
    assert "  - **access-loosened** (undecided): what `allowed` lets through is not known" in comment


def test_nothing_is_one_line():
    assert diff_markdown(EMPTY, "shop") == "<!-- mvc diff: shop -->\n\n**mvc diff** of `shop`: no differences\n"


def test_the_marker_is_one_comment_whatever_the_project_s_name():
    assert marker("a --> b\nc") == "<!-- mvc diff: a --%3E b%0Ac -->"


def test_a_cell_says_the_first_changes_only():
    many = view("v", *(classified(ColumnAdded(f"c{number}", "x")) for number in range(7)))
    comment, _ = whole(Difference((many,), ()))
    assert "column `c3` added; and 3 more |" in comment
    assert "column `c6` added: `x`" in comment


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_shown_as_it_is_and_does_nothing(name):
    _, page = whole(hostile_views(name), name, {name: name})
    assert page.counts["details"] == page.counts["summary"] == 3
    assert len(page.cells) == 3
    if name:
        assert visible(one_line(name)).strip() in [text.strip() for text in page.code]


@pytest.mark.slow
@any_speed
@given(differences, texts, st.dictionaries(texts, texts, max_size=2), st.integers(LEAST, 20_000))
def test_any_comment_holds_together_and_is_short_enough(difference, project, sql, limit):
    whole(difference, project, sql, limit)


@any_speed
@given(st.text(alphabet="`\n a~</>-!|", max_size=200))
def test_sql_stays_in_its_fence(sql):
    _, page = whole(REVIEWED, sql={"a.sql": sql})
    assert page.code[-1].strip("\n") == sql.strip("\n")


def large(count: int) -> Difference:
    """Views of which the last are the gravest."""
    grave = count - count // 10
    views = [
        view(
            f"view_{number:04}",
            classified(ColumnRemoved("語" * 30), Effect("breaking" if number >= grave else "rebuild", "x" * 200)),
        )
        for number in range(count)
    ]
    return Difference(tuple(views), ())


def test_sql_goes_first():
    comment, page = whole(large(50), sql={"a.sql": "SELECT 1;\n" * 10_000, "b.sql": "SELECT 2;"})
    assert page.counts["details"] == 51  # the shorter file still fits
    assert "The SQL is left out" in comment


def test_then_the_details_of_the_least_grave():
    comment, page = whole(large(300), sql={"a.sql": "SELECT 1;\n" * 10_000})
    assert len(page.cells) == 301
    assert 0 < page.counts["details"] < 300
    assert "<summary>~ <code>public.view_0299</code>" in comment
    assert "<summary>~ <code>public.view_0269</code>" not in comment
    assert f"The details of {300 - page.counts['details']} are left out" in comment


def test_then_rows_of_the_table():
    comment, page = whole(large(5_000))
    assert "details" not in page.counts
    assert f"and {5_000 - (len(page.cells) - 2):,} more: `mvc diff --format text`" in comment
    assert "`public.view_4500`" in comment
    assert len(comment.encode()) > LIMIT - 1_000


@pytest.mark.slow
def test_a_larger_limit_takes_more():
    assert whole(large(1_000), limit=1_000_000)[1].counts["details"] == 1_000


def test_less_than_a_comment_needs_is_refused():
    with pytest.raises(ValueError, match="2000 bytes"):
        diff_markdown(REVIEWED, "shop", limit=LEAST - 1)
