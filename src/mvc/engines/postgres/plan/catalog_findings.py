"""What it means to the views that the database is not as the project's catalog says: plain data, with a place in the spec."""

from __future__ import annotations

from dataclasses import dataclass

from mvc.diagnostics import Diagnostic
from mvc.engines.postgres.plan.mismatches import Mismatch


@dataclass(frozen=True, slots=True)
class CatalogFinding:
    """A mismatch at a place where `view` uses what it is about. Its diagnostic is an error where the build would fail, or where readers would
    be given something else than the project says; a warning where the view would be the same.
    """

    mismatch: Mismatch
    view: str
    diagnostic: Diagnostic

    @property
    def refuses(self) -> bool:
        """Whether nothing may be deployed as long as it is so."""
        return self.diagnostic.severity == "error"
