"""Revisions of a git repository as mappings of path → text. Nothing is checked out, written, locked or fetched."""

from mvc.git.command import GitError
from mvc.git.range import Range, open_range, parse_range
from mvc.git.resolve import commit_of, merge_base
from mvc.git.revision import Revision, open_revision

__all__ = [
    "GitError",
    "Range",
    "Revision",
    "commit_of",
    "merge_base",
    "open_range",
    "open_revision",
    "parse_range",
]
