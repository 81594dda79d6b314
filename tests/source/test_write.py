"""What `write` writes, `read` reads as the same data; and a person would have written it so."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mvc.source import read
from mvc.source.write import write

texts = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=30)
# Lines and signs that mean something to YAML come too seldom by themselves.
awkward = st.lists(
    st.sampled_from(
        ["\n", " ", "  ", "\t", "- ", "# ", ": ", "a", "'", '"', "\\", "\u2028", "\x85", "{", "]", "|", "on", "1"]
    )
).map("".join)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | texts | awkward,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts.filter(bool), inner, max_size=3),
    max_leaves=8,
)


def tupled(value: Any) -> Any:
    """As documents hold it."""
    if isinstance(value, list):
        return tuple(map(tupled, value))
    return {key: tupled(item) for key, item in value.items()} if isinstance(value, dict) else value


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(texts.filter(bool), values, min_size=1, max_size=4))
def test_is_read_back_as_the_same(data):
    document, found = read("x.yml", write(data))
    assert found == ()
    assert document is not None
    assert document.data == tupled(data)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"view": "v", "grain": ["a", "b"]}, "view: v\ngrain: [a, b]\n"),
        ({"sql": "SELECT a\nFROM t\n"}, "sql: |\n  SELECT a\n  FROM t\n"),
        ({"sql": "SELECT a\n\nFROM t"}, "sql: |-\n  SELECT a\n\n  FROM t\n"),
        ({"sql": "SELECT a: b\n"}, "sql: |\n  SELECT a: b\n"),
        ({"sql": "\n"}, 'sql: "\\n"\n'),
        ({"indexes": ["a", {"columns": ["b"]}]}, "indexes:\n  - a\n  - {columns: [b]}\n"),
        ({"with": {"fillfactor": 70, "x": True}}, "with: {fillfactor: 70, x: true}\n"),
        ({"description": "a: b"}, 'description: "a: b"\n'),
        ({"grain": []}, "grain: []\n"),
    ],
)  # fmt: skip
def test_reads_well(data, text):
    assert write(data) == text


def test_comments_stand_before_their_keys():
    assert (
        write({"view": "v", "sql": "x"}, {"sql": "one\ntwo", "last": "end"}) == "view: v\n# one\n# two\nsql: x\n# end\n"
    )
