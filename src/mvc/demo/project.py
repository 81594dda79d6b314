"""Where the reference project is: carried along in a wheel, else the checkout that we run from."""

from __future__ import annotations

from pathlib import Path

from mvc.workspace.folder import PROJECT_FILE


def reference_project() -> Path:
    """The reference project's folder. Raises FileNotFoundError where an installation has lost it."""
    here = Path(__file__).resolve()
    places = (here.parent / "project", *here.parents[3:4])
    for folder in places:
        if (folder / PROJECT_FILE).is_file():
            return folder
    raise FileNotFoundError(2, "the reference project is not part of this installation", str(places[0]))
