"""A project from wherever it is, and the project compiled: what everything else takes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mvc.compiled.project import Compiled
from mvc.git import Revision, merge_base, open_revision
from mvc.model.project import Project
from mvc.pipeline.compile import compile_project
from mvc.pipeline.load import load_files
from mvc.workspace.folder import Folder


def load(project: str | Path | Mapping[str, str], *, revision: str | None = None) -> Project:
    """A project from a folder, from a `revision` of it in git, from a mapping of path → text, or from `Specs` made in Python.

    `revision` is what git calls one; `main...HEAD` is the commit at which HEAD left main, as in `mvc diff main...HEAD`. Nothing is checked out.

    Findings do not stop it: `compile` raises them all at once, those of loading included. Where `mvc.yml` has faults, the rest is read by a
    guess of the settings, so that it has its findings, too. Raises ProjectError where there is no `mvc.yml`, GitError where there is no
    such revision, and TypeError for a revision of what is no folder.
    """
    if not isinstance(project, str | Path):
        if revision is not None:
            raise TypeError("a revision is one of a folder; a mapping has none")
        return load_files(project).project()
    folder = Path(project)
    return load_files(Folder(folder) if revision is None else _at(folder, revision)).project()


def _at(folder: Path, revision: str) -> Revision:
    base, forked, head = revision.partition("...")
    if not forked:
        return open_revision(folder, revision)
    return Revision(folder, revision, merge_base(folder, base or "HEAD", head or "HEAD"))


def compile(project: Project) -> Compiled:  # noqa: A001 - the field's name for it
    """The project compiled. Raises ProjectError with every finding of the run if one is an error."""
    return compile_project(project)
