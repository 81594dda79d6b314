"""Which files of a mapping a compile reads. Whoever compares projects by content, or keeps what came of them, asks here."""

from __future__ import annotations

from collections.abc import Mapping

from mvc.source import read
from mvc.workspace.folder import PROJECT_FILE, SPEC_FOLDERS, catalog_paths, spec_paths


def input_paths(files: Mapping[str, str]) -> list[str]:
    """Every file that a compile reads, `mvc.yml` first. Raises what looking it up raises, KeyError where there is none."""
    specs = [path for folder in SPEC_FOLDERS for path in spec_paths(files, folder)]
    return [PROJECT_FILE, *specs, *described_paths(files)]


def described_paths(files: Mapping[str, str]) -> list[str]:
    """The files that `catalog:` in `mvc.yml` names, as far as it can be read."""
    document, _ = read(PROJECT_FILE, files[PROJECT_FILE])
    given = document.data.get("catalog") if document and isinstance(document.data, dict) else ()
    listed = given if isinstance(given, list | tuple) else (given,)
    return catalog_paths(files, (item for item in listed if isinstance(item, str)))
