"""By which columns parts of a view with windows can be refreshed: those that all `within` share, since rows which differ in them never meet."""

from __future__ import annotations

from collections.abc import Iterator

from mvc.analysis.declared.after import bare_names, windows_of
from mvc.analysis.resolved import DeclaredQuery


def refresh_keys(query: DeclaredQuery) -> tuple[str, ...]:
    """The dimensions by which what changed is told: the grain, where no window makes rows depend on each other.

    What windows share need not be of the grain: a change of a row says what it was and what it is, whatever depends on what.
    """
    windows = windows_of(query.computed)
    if not windows:
        return query.grain.columns
    shared = {item.name for item in query.dimensions}.intersection(*(set(bare_names(item.within)) for item in windows))
    return tuple(item.name for item in query.dimensions if item.name in shared)


def why_none(query: DeclaredQuery) -> Iterator[str]:
    """Why there are none, by the windows; nothing where there are some."""
    windows = windows_of(query.computed)
    if not windows or not query.dimensions or refresh_keys(query):
        return
    dimensions = {item.name for item in query.dimensions}
    over_all = [item.name for item in windows if not set(bare_names(item.within)) & dimensions]
    for name in over_all[:1]:
        yield f"the window `{name}` looks at rows of all groups: no dimension is in its `within`"
    if not over_all:
        names = ", ".join(f"`{item.name}`" for item in windows)
        yield f"no dimension is in the `within` of all windows: {names}"


def windows_beyond(query: DeclaredQuery, column: str) -> tuple[str, ...]:
    """The windows that look at rows with other values of a column."""
    return tuple(item.name for item in windows_of(query.computed) if column not in set(bare_names(item.within)))
