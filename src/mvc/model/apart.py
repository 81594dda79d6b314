"""Views of one name in several schemas: what each is called, and which of them a name in another place of the project means.

Wherever a view is named, `schema.name` may be written, and must be where the name alone means several.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from mvc.compiled.called import called, shared, spellings
from mvc.compiled.view import Operations
from mvc.diagnostics import Diagnostic, Findings, error
from mvc.model.origin import Origin
from mvc.model.policy import Policy
from mvc.model.schedule import Schedule, Selector
from mvc.model.view import Declared, View, ViewRef
from mvc.quoting import MAX_IDENTIFIER_BYTES


def twice_defined(views: Iterable[View]) -> Iterator[Diagnostic]:
    """Findings for views of one name in one schema, and for those of one name that are too long to be told by both."""
    views = tuple(views)
    several = shared((view.schema, view.name) for view in views)
    seen: dict[tuple[str, str], View] = {}
    for view in views:
        first = seen.setdefault((view.schema, view.name), view)
        span, name = view.origin.at("view").span, called(view.schema, view.name, apart=True)
        if first is not view:
            title = f"the view `{view.name}` is defined in {first.origin.document.path} already"
            yield error("MV013", span, title, help="give one of them another name, or another schema")
        elif view.name in several and len(name.encode()) > MAX_IDENTIFIER_BYTES:
            title = f"another schema has a view `{view.name}`, and `{name}` is longer than the {MAX_IDENTIFIER_BYTES} bytes of a name"
            yield error("MV013", span, title, help="give one of them another name")


@dataclass(frozen=True)
class Apart:
    """The project's views by (schema, name), and the findings about names that mean several of them."""

    places: frozenset[tuple[str, str]]
    found: Findings

    @cached_property
    def _shared(self) -> frozenset[str]:
        return shared(self.places)

    @cached_property
    def _spellings(self) -> Mapping[str, tuple[str, ...]]:
        return spellings({place: called(*place, apart=place[1] in self._shared) for place in self.places})

    def view(self, view: View) -> View:
        """The view, called so that it is no other one, with the views that its sources name."""
        apart = view.name in self._shared
        if not isinstance(view.body, Declared):
            return replace(view, apart=apart)
        sources = tuple(
            replace(source, relation=ViewRef(self.meant(source.relation.name, source.origin.at("view"))))
            if isinstance(source.relation, ViewRef)
            else source
            for source in view.body.sources
        )
        return replace(view, apart=apart, body=replace(view.body, sources=sources))

    def policy(self, policy: Policy) -> Policy:
        """The policy of the view that it means."""
        return replace(policy, view=self.meant(policy.view, policy.origin.at("view")))

    def schedule(self, schedule: Schedule) -> Schedule:
        """The schedule of the views that it means."""
        selectors = (
            self._selector(item, schedule.origin.at("refresh", number))
            for number, item in enumerate(schedule.selectors)
        )
        return replace(schedule, selectors=tuple(selectors))

    def operations(self, operations: Operations, origin: Origin) -> Operations:
        """The names of the project's own for the views that they mean. `origin` is that of the settings."""
        names = (
            replace(item, view=self.meant(item.view, origin.at("names", "refresh_views", item.name)))
            if item.view
            else item
            for item in operations.names
        )
        return replace(operations, names=tuple(names))

    def meant(self, text: str, origin: Origin) -> str:
        """What the view is called that is written so; the text itself for none, with a finding for several."""
        named = self._spellings.get(text, (text,))
        if len(named) == 1:
            return named[0]
        title = f"`{text}` is the name of {len(named)} views"
        self.found.add(error("MV205", origin.span, title, label="which one?", help=f"write {' or '.join(named)}"))
        return text

    def _selector(self, selector: Selector, origin: Origin) -> Selector:
        return replace(selector, value=self.meant(selector.value, origin)) if selector.kind == "name" else selector
