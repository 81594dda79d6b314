"""The result of a compile."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from mvc.catalog.types import Catalog
from mvc.compiled.called import spellings
from mvc.compiled.view import CompiledView, Target
from mvc.diagnostics import Diagnostic
from mvc.engines.postgres.deploy.script import script


@dataclass(frozen=True)
class Compiled(Target):
    """A compiled project. `views` are in an order in which they can be created; `diagnostics` are its warnings, `policies` is
    how many it has. `believed` are the relations and functions of its catalog that the views name, as the catalog describes them;
    `files` are what it was compiled from (path → text), where that is at hand.
    """

    views: tuple[CompiledView, ...]
    diagnostics: tuple[Diagnostic, ...]
    policies: int = field(default=0, kw_only=True)
    believed: Catalog = field(default=Catalog(), kw_only=True)
    files: Mapping[str, str] | None = field(default=None, kw_only=True, compare=False, repr=False)

    def view(self, name: str) -> CompiledView:
        """The view of that name, which may stand behind its schema and a dot. Raises KeyError, also for the name of several."""
        named = self.spellings.get(name, ())
        if len(named) != 1:
            raise KeyError(name)
        return next(view for view in self.views if view.called == named[0])

    @cached_property
    def spellings(self) -> Mapping[str, tuple[str, ...]]:
        """Whatever may be written for a view → what the views are called that it may mean."""
        return spellings({(view.schema, view.name): view.called for view in self.views})

    def with_upstream(self, names: Iterable[str]) -> tuple[CompiledView, ...]:
        """The named views and all that they read, in order. Raises KeyError for an unknown name."""
        wanted: set[str] = set()
        waiting = list(names)
        while waiting:
            view = self.view(waiting.pop())
            if view.called not in wanted:
                wanted.add(view.called)
                waiting += view.upstream
        return tuple(view for view in self.views if view.called in wanted)

    @property
    def sql(self) -> str:
        """One script for the whole project, to be run with psql."""
        return script(self, self.views)
