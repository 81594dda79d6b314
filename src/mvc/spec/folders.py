"""Files and folders whose names are nearly those that are read, so that what is in them would be left out without a word."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from mvc.diagnostics import Diagnostic, Span, error, warning
from mvc.workspace import PROJECT_FILE, SPEC_FOLDERS

_OTHERS: Final = ("mvc.yaml", "mvc.YML", "Mvc.yml", "mvc.yml.txt")


def without_settings(paths: Iterable[str]) -> Diagnostic:
    """The finding where there is no project file, or one that is called something else."""
    other = next((path for path in paths if path in _OTHERS), "")
    if other:
        title = f"the project file is called {PROJECT_FILE}, and this is {other}"
        return error("MV006", Span(other), title, help=f"rename it: mv {other} {PROJECT_FILE}")
    help_line = "`mvc init` writes a small project that compiles; `--project DIR` names another folder"
    return error("MV006", Span(PROJECT_FILE), f"there is no {PROJECT_FILE} here", help=help_line)


def misplaced(paths: Iterable[str]) -> Iterator[Diagnostic]:
    """A finding for each folder of YAML whose name is another number or another case of one that is read."""
    near = {name: folder for folder in SPEC_FOLDERS for name in (folder, _singular(folder))}
    told: set[str] = set()
    for path in paths:
        top, _, rest = path.partition("/")
        meant = near.get(top.lower())
        if rest and path.endswith((".yml", ".yaml")) and meant and top not in {meant, *told}:
            told.add(top)
            title = f"nothing reads the folder `{top}`: {meant} stand in `{meant}/`"
            yield warning("MV015", Span(path), title, label="not read", help=f"rename it: mv {top} {meant}")


def _singular(folder: str) -> str:
    return f"{folder.removesuffix('ies')}y" if folder.endswith("ies") else folder.removesuffix("s")
