"""An import as data."""

from __future__ import annotations

from typing import Any

from mvc.compiled.serialize import some_fields, to_record
from mvc.importing.imported import Imported
from mvc.report.text.json_output import diagnostics_json


def import_json(found: Imported) -> dict[str, Any]:
    """What was taken, what was not, and the files that say it."""
    return {
        "format": "mvc.import",
        "version": 1,
        "files": list(found.files),
        "views": [
            {
                **some_fields(view, "schema name kind path grain grain_told_by indexes readers authored remarks"),
                "lost": to_record(view.lost),
            }
            for view in found.views
        ],
        "lost": to_record(found.lost),
        "diagnostics": diagnostics_json(found.diagnostics),
    }
