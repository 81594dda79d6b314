"""A difference as a comment on a pull request: a hidden mark by which a bot finds its comment, a verdict, a table, the rest folded.

A comment has a limit. What is too much is left out whole, and said to be: first SQL, then the details of the least grave
views, then rows of the table.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final
from urllib.parse import quote

from mvc.comparison.difference import Affected, Class, Classified, Difference
from mvc.report.diff.change_words import told
from mvc.report.diff.summary import SIGNS, Subject, followed, measures_changed, subjects, verdict
from mvc.report.text.markdown import code, fence, folded, html_code, prose, sentence, shortened
from mvc.report.text.words import spoken

LIMIT: Final = 65_536  # GitHub's refusal names it, in characters; GitLab takes 1,000,000. Bytes are counted: never more
LEAST: Final = 2_000

_GRAVE: Final[frozenset[Class]] = frozenset(("breaking", "access-loosened", "access-tightened", "freshness-loosened"))
_TABLE: Final = "| view | classes | what changes |\n| --- | --- | --- |"
_IN_A_CELL: Final = 4  # changes
_SHORT: Final = 80  # characters of a name or expression in a cell
_LONG: Final = 400  # and in the details
_NOTES: Final = 500  # bytes for what is said of that which is left out
_LACKING: Final = "What the database adds is left out, since a comment has a limit: `mvc diff --database` has all."


def marker(project: str) -> str:
    """The first line of the project's comments; a Markdown page does not show it."""
    return f"<!-- mvc diff: {quote(project, safe=' ', errors='replace')[:300]} -->"


def diff_markdown(
    difference: Difference, project: str, sql: Mapping[str, str] | None = None, *, found: str = "", limit: int = LIMIT
) -> str:
    """The comment. `sql` gives the text of each migration file by its name, `found` says what a database adds; `limit` is in
    bytes, at least LEAST.
    """
    if limit < LEAST:
        raise ValueError(f"a comment needs {LEAST} bytes, not {limit}")
    head = f"{marker(project)}\n\n**mvc diff** of {code(shortened(project, _SHORT))}: {verdict(difference)}"
    views = subjects(difference)
    left = limit - _size(f"{head}\n\n{_TABLE}") - _NOTES
    measures, left = _fitting((sentence(item, _SHORT) for item in measures_changed(difference)), left)
    rows, left = _fitting(map(_row, views), left)
    beyond, left = _fitting([_beyond(found)] if found else [], left)
    details, left = _fitting(map(_details, views), left)
    scripts, _ = _fitting((_script(name, text) for name, text in (sql or {}).items()), left)
    rows += _missing_rows(len(views) - len(rows))
    table = ["\n".join([_TABLE, *rows])] if rows else []
    notes = _missing(len(views) - len(details), len(sql or {}) - len(scripts))
    lacking = [_LACKING] if found and not beyond else []
    return "\n\n".join([head, *measures, *table, *beyond, *details, *scripts, *lacking, *notes]) + "\n"


def _fitting(texts: Iterable[str], room: int) -> tuple[list[str], int]:
    """Those for which there is room, in order, and the room that is left."""
    kept: list[str] = []
    for text in texts:
        if _size(text) <= room:
            kept.append(text)
            room -= _size(text)
    return kept, room


def _size(text: str) -> int:
    """With the empty line that follows."""
    return len(text.encode()) + 2


def _missing_rows(count: int) -> list[str]:
    return [f"| … | | and {count:,} more: `mvc diff --format text` |"] if count else []


def _missing(details: int, scripts: int) -> Iterator[str]:
    if details:
        yield f"The details of {details:,} are left out, since a comment has a limit: `mvc diff --format text` has all."
    if scripts:
        yield "The SQL is left out, since a comment has a limit: `mvc diff --format sql` prints it."


def _row(subject: Subject) -> str:
    shorts = [sentence(told(item.change).short, _SHORT) for item in subject.changes]
    more = [f"and {len(shorts) - _IN_A_CELL} more"] if len(shorts) > _IN_A_CELL else []
    name = spoken(subject.name, lambda text: code(shortened(text, _SHORT)))
    return f"| {SIGNS[subject.status]} {name} | {_classes(subject)} | {'; '.join(shorts[:_IN_A_CELL] + more)} |"


def _classes(subject: Subject) -> str:
    return ", ".join(_class(item) + (" (undecided)" if undecided else "") for item, undecided in subject.classes)


def _class(item: Class) -> str:
    return f"**{item}**" if item in _GRAVE else item


def _details(subject: Subject) -> str:
    name = spoken(subject.name, lambda text: html_code(shortened(text, _LONG)))
    where = [f"Declared in {code(shortened(subject.path, _LONG))}."] if subject.path else []
    changes = "\n".join(line for item in subject.changes for line in _change(item))
    return folded(f"{SIGNS[subject.status]} {name}", "\n\n".join([*where, changes, *_downstream(subject.downstream)]))


def _change(item: Classified) -> Iterator[str]:
    yield f"- {sentence(told(item.change).whole, _LONG)}"
    for effect in item.effects:
        assumed = " (undecided)" if effect.undecided else ""
        yield f"  - {_class(effect.class_)}{assumed}: {prose(effect.reason)}"


def _downstream(affected: Iterable[Affected]) -> Iterator[str]:
    lines = [f"- {followed(item, _name)}" for item in affected]
    if lines:
        yield "Downstream:\n\n" + "\n".join(lines)


def _name(text: str) -> str:
    return code(shortened(text, _LONG))


def _beyond(text: str) -> str:
    return folded("In the database", fence(text, "text"))


def _script(name: str, text: str) -> str:
    return folded(f"SQL: {html_code(shortened(name, _LONG))}", fence(text, "sql"))
