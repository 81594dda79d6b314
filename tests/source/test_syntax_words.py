"""Whatever is wrong with a file: no traceback, none of libyaml's words, and a line that is shown to be pasted can be read."""

from __future__ import annotations

import random
import re

import pytest

from mvc.source import read
from mvc.source.compose import NEVER, stops_at

TEXT = """\
view: v
description: "What each day sold, and who bought it."
tags: [a, b]
sources:
  o: {table: orders, where: "o.status IN ('paid', 'sent')"}
  c:
    table: customers
    on: o.customer_id = c.id
dimensions:
  day: o.ordered_on
aggregates:
  total: {sum: o.amount, where: o.amount > 0}
  newest: {first: o.id, order: o.id desc}
sql: |
  SELECT 1
  FROM t
indexes:
  - columns: [day, total desc]
    name: by_day
"""
LIBYAML = re.compile(
    r"did not find|could not find|mapping values|while (?:parsing|scanning)|block mapping|flow (?:mapping|sequence)|simple key"
    r"|cannot start any token|unexpected|in the stream|scalar|anchor that|expected"
)
SIGNS = ":,{}[]'\"#&*!|>-@`% \n\t"


def mutated(seed: int) -> str:
    """The text with one or two characters gone, added or replaced."""
    chance, text = random.Random(seed), TEXT
    for _ in range(chance.randint(1, 2)):
        at = chance.randrange(len(text))
        kind = chance.randrange(3)
        text = text[:at] + ("" if kind == 0 else chance.choice(SIGNS)) + text[at + (kind != 1) :]
    return text


@pytest.mark.parametrize("start", range(0, 3000, 500))
def test_a_slip_is_told_in_our_words(start):
    told = 0
    for seed in range(start, start + 500):
        text = mutated(seed)
        document, found = read("views/v.yml", text)
        assert document is not None or found
        for item in found:
            said = " ".join((item.title, item.label, *item.help))
            assert not LIBYAML.search(said), (said, text)
            assert 1 <= item.span.line <= text.count("\n") + 1
            told += 1
    assert told > 50


def test_most_slips_have_a_mend():
    """A general finding is rare, and a line that is to be pasted is one that YAML reads."""
    general, count = 0, 0
    for seed in range(1500):
        text = mutated(seed)
        if stops_at(text) == NEVER:
            continue
        _, (found, *_) = read("views/v.yml", text)
        count += 1
        general += found.title == "this is not YAML from here on"
        for line in found.help:
            written = line.removeprefix("write ")
            if (
                line.startswith("write ")
                and re.match(r"[\w-]+: ", written)
                and "; " not in written
                and ", and" not in written
            ):
                assert stops_at(written) == NEVER, (line, text)
    assert general < count * 0.3, f"{general} of {count}"
