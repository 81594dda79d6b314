"""What in the project is computed from a column that goes or changes."""

from __future__ import annotations

from views import anew, column, columns, of, project, view

from mvc.comparison.compare import compare
from mvc.comparison.difference import Affected


def reader(name: str, *read: str):
    """A view with the columns `id` and `out`; `out` is computed from `read`."""
    return view(name, column("id"), column("out", "+".join(read), lineage=tuple(f"public.{item}" for item in read)))


CHAIN = (view(), reader("one", "v.total"), reader("two", "one.out"), reader("aside", "v.id"))


def downstream(before, after, name="v"):
    return of(compare(project(*before), project(*after)), name).downstream


def test_a_removed_column_through_views():
    after = (anew(view(), columns=columns("id")), reader("aside", "v.id"))
    assert downstream(CHAIN, after) == (Affected("one", "out", "total"), Affected("two", "out", "total"))


def test_a_renamed_column_by_its_old_name():
    after = (anew(view(), columns=(column("id"), column("sum", "orders.total"))), *CHAIN[1:])
    assert downstream(CHAIN, after) == (Affected("one", "out", "total"), Affected("two", "out", "total"))


def test_a_changed_column_as_it_is_read_now():
    after = (
        anew(view(), columns=(column("id"), column("total", "x", type="text"))),
        CHAIN[1],
        reader("new", "v.total"),
    )
    assert downstream(CHAIN, after) == (Affected("one", "out", "total"), Affected("new", "out", "total"))


def test_a_removed_view():
    assert downstream(CHAIN, CHAIN[3:]) == (
        Affected("aside", "out", "id"),
        Affected("one", "out", "total"),
        Affected("two", "out", "total"),
    )


def test_by_two_ways_is_told_once():
    both = (view(), reader("one", "v.total"), reader("two", "one.out", "v.total"))
    assert downstream(both, both[1:]) == (Affected("one", "out", "total"), Affected("two", "out", "total"))


def test_nothing_reads_an_added_column_or_a_description():
    added = (anew(view(), columns=columns("id", "total", "n")), *CHAIN[1:])
    said = (view(description="said"), *CHAIN[1:])
    assert downstream(CHAIN, added) == downstream(CHAIN, said) == ()


def test_a_view_of_another_schema_is_another_one():
    other = reader("one", "v.total")
    before = (view(schema="reports"), other)
    assert downstream(before, (other,)) == ()
