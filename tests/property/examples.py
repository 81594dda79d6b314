"""All hand-written examples."""

from __future__ import annotations

from .examples_filters import FILTERS
from .examples_grain import GRAIN
from .examples_joins import JOINS
from .examples_kinds import KINDS

EXAMPLES = [*GRAIN, *JOINS, *FILTERS, *KINDS]
