"""What an import gives: the files of a project, and what is to be said of each view."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mvc.diagnostics import Diagnostic
from mvc.importing.found import Kind, Lost


@dataclass(frozen=True, slots=True)
class ImportedView:
    """How a view was taken. `grain` is None where somebody has to say it, and for a plain view; `grain_told_by` is what told it. `lost` is what is not carried,
    `remarks` what else is worth knowing.
    """

    schema: str
    name: str
    kind: Kind
    path: str
    grain: tuple[str, ...] | None
    grain_told_by: str
    indexes: int
    readers: tuple[str, ...]
    authored: bool
    lost: tuple[Lost, ...]
    remarks: tuple[str, ...]

    @property
    def asks(self) -> bool:
        """Whether its file waits for somebody to say the grain."""
        return self.kind == "materialized view" and self.grain is None


@dataclass(frozen=True, slots=True)
class Imported:
    """`files` are those to write (path → text), `lost` what is not carried and belongs to no view, `diagnostics` what `check` says of the project with these
    files.
    """

    files: Mapping[str, str]
    views: tuple[ImportedView, ...]
    lost: tuple[Lost, ...]
    diagnostics: tuple[Diagnostic, ...] = ()
