"""What a command line says of views: names, `all`, `tag:NAME`, each with an optional `+` for what it reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from mvc.cli.failure import Failure

if TYPE_CHECKING:
    from mvc.analysis.selection import Selectable
    from mvc.compiled.project import Compiled
    from mvc.compiled.view import CompiledView
    from mvc.model.schedule import Selector

Spellings = Mapping[str, tuple[str, ...]]


def chosen_names(compiled: Compiled, asked: Sequence[str]) -> list[str]:
    """The names of the views that are asked for, in an order in which they can be created; none for none.

    Raises Failure for what selects no view.
    """
    return names_among({view.called: view for view in compiled.views}, asked, compiled.spellings)


def names_among(views: Mapping[str, Selectable], asked: Sequence[str], spellings: Spellings) -> list[str]:
    """The same among any `views`, by what they are called, in their order. `spellings` says what may be written for them."""
    from mvc.analysis.selection import select
    from mvc.model.schedule import Selector, parse_selector

    wanted: set[str] = set()
    for text in asked:
        selector = Selector("name", text, upstream=False) if text in spellings else parse_selector(text)
        if selector.kind == "name":
            selector = replace(
                selector, value=_one_of(spellings.get(selector.value, (selector.value,)), selector.value)
            )
        found = select(selector, views)
        if not found and selector.kind != "all":
            raise _selects_nothing(selector, views)
        wanted |= found
    return [name for name in views if name in wanted]


def chosen_views(compiled: Compiled, asked: Sequence[str]) -> tuple[CompiledView, ...]:
    """The views that are asked for with what they read, in order; all for none. Raises Failure for what selects no view."""
    return compiled.with_upstream(chosen_names(compiled, asked)) if asked else compiled.views


def _one_of(names: Sequence[str], text: str) -> str:
    """What the view is called that a name means. Raises Failure for the name of several."""
    if len(names) > 1:
        raise Failure(f"`{text}` is the name of {len(names)} views", f"write {' or '.join(names)}")
    return names[0]


def _selects_nothing(selector: Selector, views: Mapping[str, Selectable]) -> Failure:
    from mvc.diagnostics import did_you_mean

    if selector.kind == "tag":
        tags = sorted({tag for view in views.values() for tag in view.tags})
        return Failure(f"no view has the tag `{selector.value}`", did_you_mean(selector.value, tags, "tags"))
    return Failure(
        f"no view of the project is named `{selector.value}`", did_you_mean(selector.value, list(views), "views")
    )
