"""View names on a command line."""

from __future__ import annotations

from collections.abc import Sequence

from mvc.artifacts import CompiledView
from mvc.cli.context import Failure
from mvc.compiled import Compiled
from mvc.diagnostics import did_you_mean


def chosen_views(compiled: Compiled, names: Sequence[str]) -> tuple[CompiledView, ...]:
    """The named views with what they read, in order; all for none. Raises Failure for an unknown name."""
    check_names(compiled, names)
    return compiled.with_upstream(names) if names else compiled.views


def check_names(compiled: Compiled, names: Sequence[str]) -> None:
    """Raises Failure for a name that no view has."""
    known = [view.name for view in compiled.views]
    for name in names:
        if name not in known:
            raise Failure(f"no view of the project is named `{name}`", did_you_mean(name, known, "views"))
