"""Files and folders whose names are nearly those that are read, so that what is in them would be left out without a word."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

from mvc.diagnostics import Diagnostic, Span, error, warning
from mvc.workspace.folder import PROJECT_FILE, SPEC_FOLDERS

# Where dbt, SQLMesh, LookML and Cube keep what they read.
_OF_OTHERS: Final = frozenset(
    ["models", "model", "marts", "cubes", "cube", "explores", "materialized_views", "mviews", "matviews", "mvs"]
)
_OTHERS: Final = ("mvc.yaml", "mvc.YML", "Mvc.yml", "mvc.yml.txt")


def without_settings(paths: Iterable[str]) -> Diagnostic:
    """The finding where there is no project file, or one that is called something else."""
    other = next((path for path in paths if path in _OTHERS), "")
    if other:
        title = f"the project file is called {PROJECT_FILE}, and this is {other}"
        return error("MV006", Span(other), title, help=f"rename it: mv {other} {PROJECT_FILE}")
    help_line = "`mvc init` writes a small project that compiles; `--project DIR` names another folder"
    return error("MV006", Span(PROJECT_FILE), f"there is no {PROJECT_FILE} here", help=help_line)


def misplaced(files: Mapping[str, str]) -> Iterator[Diagnostic]:
    """A finding for each folder of YAML whose name is another number or another case of one that is read, and for those that other tools
    have, if there are views in them.
    """
    near = {name: folder for folder in SPEC_FOLDERS for name in (folder, _singular(folder))}
    told: set[str] = set()
    for path in files:
        top, _, rest = path.partition("/")
        meant = near.get(top.lower(), "views" if top.lower() in _OF_OTHERS else None)
        if rest and path.endswith((".yml", ".yaml")) and meant and top not in {meant, *told}:
            if top.lower() not in near and not _is_view(files, path):
                continue
            told.add(top)
            title = f"nothing reads the folder `{top}`: {meant} stand in `{meant}/`"
            move = f"rename it: mv {top} {meant}" if top.lower() in near else f"move what is mvc's: mv {path} {meant}/"
            yield warning("MV015", Span(path), title, label="not read", help=move)


def _is_view(files: Mapping[str, str], path: str) -> bool:
    try:
        return re.search(r"^view\s*:\s*\S", files[path], re.MULTILINE) is not None
    except (OSError, UnicodeDecodeError):
        return False


def another_folder(path: str, keys: Collection[str]) -> Diagnostic | None:
    """The finding for a file of views among policies, schedules or partitions; None where it is none."""
    folder = path.partition("/")[0]
    if folder not in SPEC_FOLDERS or folder == "views" or "view" not in keys or folder in keys:
        return None
    name = path.rpartition("/")[2]
    title = f"this is a view, and `{folder}/` is read for {folder}: views stand in `views/`"
    return error("MV010", Span(path), title, label="not read here", help=f"move it: mv {path} views/{name}")


def _singular(folder: str) -> str:
    return f"{folder.removesuffix('ies')}y" if folder.endswith("ies") else folder.removesuffix("s")
