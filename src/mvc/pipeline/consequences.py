"""What it means that a database is not as the catalog says: the views that use it are compiled anew with what the database has.

So the compiler itself says what fails, where, and what would come out otherwise; there is no second opinion on what a view relies on. Nothing is
compiled where nothing differs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import reduce

from mvc.catalog.types import Catalog
from mvc.compiled.project import Compiled
from mvc.compiled.serialize import to_record
from mvc.compiled.view import CompiledColumn, CompiledView
from mvc.diagnostics import Diagnostic, ProjectError, Severity, Span
from mvc.engines.postgres.deploy.named_code import signature
from mvc.engines.postgres.plan.catalog_findings import CatalogFinding
from mvc.engines.postgres.plan.compare_catalogs import as_there, find_mismatches
from mvc.engines.postgres.plan.mismatch_places import column_of, place_of_use
from mvc.engines.postgres.plan.mismatch_words import mends_of, title_of
from mvc.engines.postgres.plan.mismatches import (
    ColumnMissing,
    ColumnTypeDiffers,
    FunctionDiffers,
    FunctionMissing,
    Mismatch,
    about,
)
from mvc.model.project import Project
from mvc.pipeline.compile import compile_project
from mvc.pipeline.load import load_files
from mvc.quoting import qualified

CODE = "MV805"


def catalog_findings(compiled: Compiled, there: Catalog, views: Iterable[CompiledView]) -> tuple[CatalogFinding, ...]:
    """What the database does not have, or has otherwise, of what these views use; empty where it is as the catalog says, also where
    the files that the project was compiled from are not at hand.
    """
    chosen = tuple(views)
    named = [item for item in find_mismatches(compiled.believed, there) if _naming(item, chosen)]
    if not named or compiled.files is None:
        return ()
    judge = _Judge(compiled, load_files(compiled.files).project(), chosen)
    return tuple(judge.findings(named))


def _naming(mismatch: Mismatch, views: Iterable[CompiledView]) -> tuple[CompiledView, ...]:
    """The views that name the relation or the function."""
    if isinstance(mismatch, FunctionMissing | FunctionDiffers):
        name = signature(mismatch.believed)
    else:
        name = qualified(*about(mismatch))
    return tuple(view for view in views if name in view.named)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What compiling with another catalog gives: errors, or the views and warnings that are not those of the project."""

    errors: tuple[Diagnostic, ...] = ()
    changed: tuple[CompiledView, ...] = ()
    warnings: tuple[Diagnostic, ...] = ()

    @property
    def matters(self) -> bool:
        """Whether anything is not as the project says."""
        return bool(self.errors or self.changed or self.warnings)


@dataclass(frozen=True)
class _Judge:
    """A compiled project, its specs, and the views that are asked about. `usual` keeps what parts of it compile to, by the views left out."""

    compiled: Compiled
    project: Project
    views: tuple[CompiledView, ...]
    usual: dict[frozenset[str], Compiled] = field(default_factory=dict)

    def findings(self, mismatches: list[Mismatch]) -> Iterator[CatalogFinding]:
        """All of them, by mismatch. Two that only matter together (each of two keys would do) are both named."""
        alone = {number: self._outcome([item]) for number, item in enumerate(mismatches)}
        harmless = [mismatches[number] for number, outcome in alone.items() if not outcome.matters]
        together = self._outcome(harmless) if len(harmless) > 1 else _Outcome()
        for number, item in enumerate(mismatches):
            yield from self._told(item, alone[number] if alone[number].matters else together)

    def _outcome(self, mismatches: list[Mismatch]) -> _Outcome:
        """Of the views that name what these are about, with what they read."""
        named = {view.called for item in mismatches for view in _naming(item, self.views)}
        part = self._part(frozenset(view.called for view in self.compiled.with_upstream(named)))
        usual = self.usual[part.absent] = self.usual.get(part.absent) or compile_project(part)
        try:
            found = compile_project(replace(part, catalog=reduce(as_there, mismatches, part.catalog)))
        except ProjectError as problem:
            return _Outcome(errors=tuple(item for item in problem.diagnostics if item.severity == "error"))
        known = {_unplaced(item) for item in usual.diagnostics}
        before, after = _texts(usual.views), _texts(found.views)
        changed = tuple(
            view for view in found.views if view.called in named and after[view.called] != before[view.called]
        )
        return _Outcome((), changed, tuple(item for item in found.diagnostics if _unplaced(item) not in known))

    def _part(self, names: frozenset[str]) -> Project:
        """The project without all other views, which are known to be somewhere."""
        return replace(
            self.project,
            views=tuple(view for view in self.project.views if view.called in names),
            policies=tuple(policy for policy in self.project.policies if policy.view in names),
            absent=self.project.absent | {view.called for view in self.project.views if view.called not in names},
        )

    def _told(self, mismatch: Mismatch, outcome: _Outcome) -> Iterator[CatalogFinding]:
        for problem in outcome.errors:
            yield self._finding(mismatch, self._view_at(problem, mismatch), problem.span, _why(problem), problem.label)
        for view in outcome.changed if not outcome.errors else ():
            if view.called in {item.called for item in _naming(mismatch, self.views)}:
                yield self._changed(mismatch, view)
        if not outcome.errors and not outcome.changed:
            yield from self._harmless(mismatch, outcome.warnings)

    def _changed(self, mismatch: Mismatch, view: CompiledView) -> CatalogFinding:
        before = self.compiled.view(view.called)
        why = _what_changes(before, view)
        place = self._place(mismatch, view.called)
        if _texts([_without_null(before)]) == _texts([_without_null(view)]):
            return self._finding(mismatch, view.called, place, (why,), severity="warning")
        return self._finding(mismatch, view.called, place, (why,))

    def _harmless(self, mismatch: Mismatch, warnings: tuple[Diagnostic, ...]) -> Iterator[CatalogFinding]:
        """What is as it would be, but for what the compiler warns of; and what the view uses that is not what it is said to be."""
        for item in warnings:
            name = self._view_at(item, mismatch)
            yield self._finding(mismatch, name, item.span, _why(item), item.label, severity="warning")
        for view in _naming(mismatch, self.views) if not warnings and _is_said(mismatch) else ():
            if self._uses(view, mismatch):
                place = self._place(mismatch, view.called)
                yield self._finding(mismatch, view.called, place, (_what_stays(view),), severity="warning")

    def _uses(self, view: CompiledView, mismatch: Mismatch) -> bool:
        """Whether the view reads the column, or can mean this function: a name alone is looked up along the search path."""
        schema, name = about(mismatch)
        if column := column_of(mismatch):
            return f"{schema}.{name}.{column}" in view.reads
        texts = (view.stored_query, view.exposure.query, *(arm.query for arm in view.exposure.arms))
        return schema in self.compiled.search_path or any(f"{qualified(schema, name)}(" in text for text in texts)

    def _finding(  # noqa: PLR0913, PLR0917 - the parts of a finding
        self,
        mismatch: Mismatch,
        view: str,
        span: Span,
        why: tuple[str, ...],
        label: str = "",
        severity: Severity = "error",
    ) -> CatalogFinding:
        help_lines = tuple(dict.fromkeys((*why, *mends_of(mismatch))))
        return CatalogFinding(mismatch, view, Diagnostic(CODE, severity, title_of(mismatch), span, label, help_lines))

    def _view_at(self, item: Diagnostic, mismatch: Mismatch) -> str:
        """The view whose file a diagnostic is in; of a policy's, one that names what the mismatch is about."""
        found = next((view.called for view in self.compiled.views if item.span.is_in(view.path)), "")
        return found or _naming(mismatch, self.views)[0].called

    def _place(self, mismatch: Mismatch, name: str) -> Span:
        """Where the view uses it."""
        spec = next(view for view in self.project.views if view.called == name)
        return place_of_use(mismatch, spec, self.project.policies)


def _unplaced(item: Diagnostic) -> tuple[str, str]:
    return item.code, item.title


def _texts(views: Iterable[CompiledView]) -> dict[str, str]:
    """All that matters of views, by their names. Not what they are stored as, which is a digest of more than that, nor how the row is looked for
    that makes a refresh fail, nor why modes are impossible that nobody asked for.
    """
    listed = tuple(views)
    texts = {
        view.called: json.dumps(to_record(replace(view, named=(), probes=(), whole_because=()))) for view in listed
    }
    names = {view.storage[1]: f"stored {view.called}" for view in listed}
    word = re.compile("|".join(map(re.escape, names)) or r"\Z")
    return {name: word.sub(lambda found: names[found[0]], text) for name, text in texts.items()}


def _without_null(view: CompiledView) -> CompiledView:
    columns = tuple(replace(column, nullable=True) for column in view.columns)
    return replace(view, columns=columns)


def _what_changes(before: CompiledView, after: CompiledView) -> str:
    """What readers would be given otherwise, in words."""
    there = {column.name: column for column in after.columns}
    pairs = [(column, there[column.name]) for column in before.columns if column.name in there]
    if retyped := [_retyped(old, new) for old, new in pairs if old.type != new.type]:
        return f"{'; '.join(retyped)}: readers would be given other types than the project says"
    if _texts([_without_null(before)]) == _texts([_without_null(after)]):
        names = ", ".join(f"`{old.name}`" for old, new in pairs if old.nullable != new.nullable)
        return f"{names} may be NULL then, which the project says it never is"
    if before.grain != after.grain or before.proven != after.proven:
        return "what identifies a row of the view follows from it, and does not hold without"
    return "the SQL of the view relies on it: the rows could be wrong, or a refresh could fail"


def _retyped(before: CompiledColumn, after: CompiledColumn) -> str:
    return f"`{before.name}` would be {after.type or 'of a type that only the server knows'}, not {before.type or 'what it was'}"


def _what_stays(view: CompiledView) -> str:
    unknown = ", ".join(f"`{column.name}`" for column in view.columns if column.type is None)
    return "the view is the same" + (f" but for the type of {unknown}, which only the server knows" if unknown else "")


def _why(item: Diagnostic) -> tuple[str, ...]:
    return (item.title, *item.help)


def _is_said(mismatch: Mismatch) -> bool:
    """Whether it is worth a word although nothing follows from it: a type, a function. A key that nothing relies on is not."""
    return isinstance(mismatch, ColumnTypeDiffers | FunctionMissing | FunctionDiffers | ColumnMissing)
