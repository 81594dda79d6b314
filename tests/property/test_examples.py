"""The hand-written examples: the oracle, and then the compiled view, must give the rows that were worked out by hand."""

from __future__ import annotations

import pytest

from .compiled import compiled_or_none
from .example import Example
from .examples import EXAMPLES
from .oracle import expected
from .server import Arena, same_rows

every_example = pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)


@every_example
def test_oracle(example: Example) -> None:
    case = example.case
    found = expected(case.view, case.by_name, case.rows)
    assert same_rows(found, example.expected), found


@every_example
def test_compiled(arena: Arena, example: Example) -> None:
    case = example.case
    view = compiled_or_none(case)
    if view is None:
        pytest.skip("the compiler refuses it, as it may")
    with arena.world(case.setup):
        found = arena.ask(view.query).rows
    assert same_rows(found, example.expected), f"{view.query}\n{found}"
