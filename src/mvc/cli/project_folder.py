"""Where the project is. Apart from the surroundings of a command, since a shell that completes a word asks for it, too, and has no time."""

from __future__ import annotations

from pathlib import Path

from mvc.cli.failure import Failure
from mvc.workspace.folder import PROJECT_FILE, find_project


def project_folder(named: Path | None) -> Path:
    """The folder that was named, or else the nearest one here or above with `mvc.yml`. Raises Failure where there is none."""
    if named is not None:
        if not (named / PROJECT_FILE).is_file():
            raise Failure(f"{named} has no {PROJECT_FILE}", "mvc init writes a small project that compiles")
        return named
    found = find_project(Path.cwd())
    if found is None:
        hint = "mvc init writes a small project that compiles; --project DIR names another folder"
        raise Failure(f"there is no {PROJECT_FILE} here or above", hint)
    return found
