"""Both sides of a comparison, compiled: no more of them than can differ, and from the cache where nothing has changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

from mvc.compiled.project import Compiled
from mvc.diagnostics import Diagnostic, ProjectError
from mvc.pipeline.cache import compile_cached
from mvc.reduction import Part, reduce_pair
from mvc.workspace.folder import PROJECT_FILE

Side = Literal["before", "after"]


class PairError(ProjectError):
    """One side has errors; their places are in its files."""

    def __init__(self, side: Side, diagnostics: Iterable[Diagnostic]) -> None:
        super().__init__(diagnostics)
        self.side = side


def compile_two(before: Mapping[str, str], after: Mapping[str, str], folder: Path | None) -> tuple[Compiled, Compiled]:
    """Two states of a project, compiled as far as they may differ; `folder` is the cache's. Raises SideError.

    A side without `mvc.yml` is a project without views. Views that are the same on both sides may be missing from both, also
    from their schedules; so may what the compiler would say about them.
    """
    parts = reduce_pair(before, after)
    try:
        return _both(parts, folder)
    except PairError:
        if not any(part.absent for part in parts):
            raise
    return compile_whole(before, after, folder)  # all findings, as `mvc check` gives them


def compile_whole(
    before: Mapping[str, str], after: Mapping[str, str], folder: Path | None
) -> tuple[Compiled, Compiled]:
    """Two states of a project, compiled with every view. Raises SideError."""
    return _both((Part(before), Part(after)), folder)


def _both(parts: tuple[Part, Part], folder: Path | None) -> tuple[Compiled, Compiled]:
    before, after = parts
    if PROJECT_FILE not in before.files and PROJECT_FILE in after.files:
        there = _compiled("after", after, folder)
        return _without_views(there), there
    there = _compiled("before", before, folder)
    return there, _compiled("after", after, folder) if PROJECT_FILE in after.files else _without_views(there)


def _compiled(side: Side, part: Part, folder: Path | None) -> Compiled:
    try:
        return compile_cached(part.files, folder, part.absent)
    except ProjectError as problem:
        raise PairError(side, problem.diagnostics) from None


def _without_views(other: Compiled) -> Compiled:
    return replace(other, views=(), schedules=(), partitions=(), diagnostics=())
