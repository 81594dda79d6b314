"""What a user calls a revision → the commit that is meant; and what to do where there is none, which is most of this file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from mvc.diagnostics import did_you_mean
from mvc.git.command import GitError, ask

_COMMIT: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")
_FETCHABLE: Final = re.compile(r"[\w./-]+\Z")  # a branch, a tag or a whole id; no HEAD~3 or main@{yesterday}
_UNSHALLOW: Final = (
    "`git fetch --unshallow` brings all of it (in GitHub Actions: `fetch-depth: 0` for actions/checkout)"
)


def commit_of(folder: Path, revision: str) -> str:
    """The id of the commit that `revision` names in the repository of `folder`. Raises GitError."""
    found = _verified(folder, revision)
    commit = found and _verified(folder, f"{found}^{{commit}}")
    if commit:
        return commit
    kind = ask(folder, "cat-file", "-t", found) if found else None  # a whole id is taken for one of an object
    if kind is None:
        raise GitError(f"`{revision}` is no revision of this repository", _hint(folder, revision))
    raise GitError(f"`{revision}` is a {kind}, not a commit", "name a branch, a tag or a commit")


def merge_base(folder: Path, one: str, other: str) -> str:
    """The id of the newest commit that both revisions come from. Raises GitError."""
    commits = commit_of(folder, one), commit_of(folder, other)
    found = ask(folder, "merge-base", *commits)
    if found is None:
        as_they_are = f"`{one}..{other}` compares the two as they are"
        hint = _shallow_hint("") if _is_shallow(folder) else as_they_are
        raise GitError(f"`{one}` and `{other}` have no common commit here", hint)
    return found


def _verified(folder: Path, revision: str) -> str | None:
    found = ask(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", revision)
    return found if found and _COMMIT.match(found) else None


def _hint(folder: Path, revision: str) -> str:
    listed = ask(folder, "for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/tags", "refs/remotes")
    names = (listed or "").splitlines()
    if not names and _verified(folder, "HEAD") is None:
        return "there is no commit yet"
    remote = next((name for name in names if name.endswith(f"/{revision}")), None)
    near = f"did you mean `{remote}`?" if remote else did_you_mean(revision, names, "branches and tags")
    shallow = _shallow_hint(revision) if _is_shallow(folder) else ""
    return "; ".join(part for part in (near, shallow) if part)


def _is_shallow(folder: Path) -> bool:
    return ask(folder, "rev-parse", "--is-shallow-repository") == "true"


def _shallow_hint(revision: str) -> str:
    """A shallow clone lacks what is older than its depth, and all other branches."""
    name = revision.removeprefix("origin/")
    one = f"`git fetch --depth=1 origin {name}` brings this one, as `FETCH_HEAD`; "
    fetchable = _FETCHABLE.match(name) and not name.startswith("-") and name != "HEAD"
    return f"this clone is shallow: {one if fetchable else ''}{_UNSHALLOW}"
