"""The outline of a project: which file declares which view and what it mentions, without validating or compiling anything."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Final

from mvc.reduction.mentions import MentionedNames, content, plain, words
from mvc.reduction.part import Unclear
from mvc.workspace.folder import PROJECT_FILE, spec_paths
from mvc.workspace.inputs import described_paths

# A file of which every line at the margin is a key of a view, an item, a closing bracket or nothing, `view:` once among them.
# Any other file is parsed for its name, which takes longer; so would all those with a key that is missing here.
_VIEW: Final = re.compile(r"^view:.*$", re.MULTILINE)
_NAMED: Final = re.compile(r"view:[ \t]+(?P<quote>[\"']?)(?P<name>\w+)(?P=quote)[ \t]*(?:[ \t]#.*)?\Z")
_KEYS: Final = (
    *("view", "was", "alias_until", "schema", "description", "tags", "materialized"),
    *("sources", "required", "where", "dimensions", "aggregates", "having", "windows", "keep"),
    *("sql", "grain", "columns", "indexes", "with", "requires", "accept"),
)
_ODD_LINE: Final = re.compile(rf"^(?!$|[ \t#\]}}]|-{{1,3}}(?:[ \t]|$)|(?:{'|'.join(_KEYS)}):(?:[ \t]|$))", re.MULTILINE)
_WORD: Final = re.compile(r"\w+")
_AFTER_DOT: Final = re.compile(r"[^\s.]\.(\w+)")
_NOT_TEXT: Final = re.compile(r"(?:~|null|true|false|[-+0-9.].*)\Z", re.IGNORECASE)


class Outline:
    """One state of a project. Raises Unclear, OSError or UnicodeDecodeError where it cannot be outlined.

    `named` keeps the names that texts declare; two states that are alike share it.
    """

    def __init__(self, files: Mapping[str, str], named: dict[str, str]) -> None:
        ground = (PROJECT_FILE, *described_paths(files), *spec_paths(files, "partitions"))
        self.ground = {path: files[path] for path in ground}
        self.policies = {path: files[path] for path in spec_paths(files, "policies")}
        self.schedules = {path: files[path] for path in spec_paths(files, "schedules")}
        self.measures = {path: files[path] for path in spec_paths(files, "measures")}
        self.views = _views({path: files[path] for path in spec_paths(files, "views")}, named)
        self._words: dict[str, frozenset[str]] = {}

    @property
    def names_schemas(self) -> bool:
        """Whether a view may be named with its schema before it where others than views name it: which one that is, only the compiler says."""
        ground = {PROJECT_FILE: self.ground[PROJECT_FILE]}
        texts = [plain(*item) for files in (self.policies, self.schedules, ground) for item in files.items()]
        odd = [f".{name}" for name in self.views if not _WORD.fullmatch(name)]
        return any(
            any(name in self.views for name in _AFTER_DOT.findall(text)) or any(name in text for name in odd)
            for text in texts
        )

    def words(self, path: str, text: str) -> frozenset[str]:
        """The words of one of its files, looked at once."""
        if path not in self._words:
            self._words[path] = words(plain(path, text))
        return self._words[path]

    def read_by(self, view: str) -> set[str]:
        """The views that one may read: those that its file mentions."""
        return self._names.among(self.words(*self.views[view])) - {view}

    def readers_of(self, view: str) -> set[str]:
        """The views whose files mention one."""
        parts = words(view)
        probe = max(parts, key=len, default="")
        likely = (name for name, text in self._folded.items() if probe in text)
        return {name for name in likely if parts <= self.words(*self.views[name])} - {view}

    def upstream(self, views: Iterable[str]) -> set[str]:
        """Some views and all that they may read, as far as they are here."""
        found: set[str] = set()
        waiting = set(views) & self.views.keys()
        while waiting:
            found |= waiting
            waiting = {name for view in waiting for name in self.read_by(view)} - found
        return found

    def downstream(self, views: Iterable[str]) -> set[str]:
        """Some views, here or not, and all that may read them."""
        found: set[str] = set()
        waiting = set(views)
        while waiting:
            found |= waiting
            waiting = {name for view in waiting for name in self.readers_of(view)} - found
        return found

    @cached_property
    def _names(self) -> MentionedNames:
        return MentionedNames(self.views)

    @cached_property
    def _folded(self) -> dict[str, str]:
        return {name: plain(path, text).casefold() for name, (path, text) in self.views.items()}


def _views(files: Mapping[str, str], named: dict[str, str]) -> dict[str, tuple[str, str]]:
    """Name → path and text. Raises Unclear for a file without a name, and for two of one name."""
    named |= {text: _name_of(path, text) for path, text in files.items() if text not in named}
    views = {named[text]: (path, text) for path, text in files.items()}
    if len(views) < len(files):
        raise Unclear("two files declare one view")
    return views


def _name_of(path: str, text: str) -> str:
    lines = _VIEW.findall(text)
    named = _NAMED.match(lines[0]) if len(lines) == 1 and not _ODD_LINE.search(text) else None
    if named and (named["quote"] or not _NOT_TEXT.match(named["name"])):
        return named["name"]
    data = content(path, text)
    name = data.get("view") if isinstance(data, dict) else None
    if not isinstance(name, str):
        raise Unclear(path)
    return name
