"""What `check` accepts of changed projects a server accepts, and nothing that is changed in them crashes it.

A small sample of what `python -m mutation` does with 20,000.
"""

from __future__ import annotations

from collections import Counter

import pytest

from servers import Database, newest

from .__main__ import sample
from .exceptions import why_unknown
from .judge import accepted_on_server

LEFT_TO_A_SERVER = (
    0.01  # of what is accepted, without the kinds of `exceptions.py`: measured, to become less; 0.001 is what is wanted
)
NAMED = 0.02  # of what is accepted: a kind that takes more hides something


@newest
@pytest.mark.slow
def test_what_is_accepted_is_accepted_by_a_server(database: Database) -> None:
    found = sample(seed=5, count=400)
    assert not [item.crash for item in found if item.crash]
    accepted = [item for item in found if item.compiled]
    assert len(accepted) > 60
    refused = [verdict for verdict in accepted_on_server(database.connect(), accepted) if verdict.said]
    named = Counter(why for verdict in refused for line in verdict.said if (why := why_unknown(line)))
    assert all(count <= NAMED * len(accepted) for count in named.values()), named
    wrong = [verdict for verdict in refused if not verdict.reason]
    assert len(wrong) <= max(1, LEFT_TO_A_SERVER * len(accepted)), "\n".join(
        line for verdict in wrong for line in verdict.lines()
    )
