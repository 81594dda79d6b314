"""Foreign text in GitHub's and GitLab's Markdown, so that it can only ever be text: names, expressions and SQL of a project.

Nothing of it may end a table's cell, a `<details>` or a code fence, nor mention people (`@team`), nor refer to issues (`#1`).
Rule source: GitHub Flavored Markdown Spec 0.29, 4.5 (fences), 4.10 (tables), 6.2 (entities), 6.3 (code spans). Both sites
look for mentions and references after entities are resolved, but never in code.
"""

from __future__ import annotations

import re
from html import escape
from typing import Final

from mvc.report.text.sanitize import visible
from mvc.report.text.words import Words, one_line, quoted_in, spoken

_MARKUP: Final = re.compile(r"[\\`*_\[\]<>#|~&@$^!]|:(?=//)|(?<=www)\.")
_PUNCTUATION: Final = re.compile(r"[!-/:-@\[-`{-~]")
_BREAK: Final = "&#8203;"  # a space of no width: what follows `@` or `#` is then no name and no number


def shortened(text: str, longest: int) -> str:
    """At most so many characters, the last of them an ellipsis where something was cut off."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def code(text: str) -> str:
    """A name or an expression as inline code, anywhere, cells of tables included."""
    shown = visible(one_line(text))
    if shown and shown == shown.strip() and not {"`", "|"} & set(shown):
        return f"`{shown}`"
    return f"<code>{_PUNCTUATION.sub(_entity, shown)}</code>"


def html_code(text: str) -> str:
    """The same where there is HTML and no Markdown, as in a `<summary>`."""
    return f"<code>{escape(visible(one_line(text)))}</code>"


def prose(text: str) -> str:
    """A sentence, such as a reason; what stands between backticks becomes code."""
    return sentence(quoted_in(text))


def sentence(words: Words, longest: int = 1_000) -> str:
    """Words as Markdown, each of them at most so long."""
    return spoken(
        words,
        lambda text: code(shortened(text, longest)),
        lambda text: _escaped(shortened(text, longest)),
    )


def fence(text: str, language: str) -> str:
    """A fenced block, its fence longer than any run of backticks in the text."""
    longest = max(map(len, re.findall(r"`+", text)), default=0)
    ticks = "`" * max(3, longest + 1)
    lines = ("\t".join(map(visible, line.split("\t"))) for line in text.replace("\r\n", "\n").rstrip("\n").split("\n"))
    return "\n".join((f"{ticks}{language}", *lines, ticks))


def folded(summary: str, content: str) -> str:
    """Content behind a line that opens it. The line is HTML, the content is Markdown."""
    return f"<details><summary>{summary}</summary>\n\n{content}\n\n</details>"


def _escaped(text: str) -> str:
    return _MARKUP.sub(lambda found: _entity(found) + (_BREAK if found[0] in "@#" else ""), visible(one_line(text)))


def _entity(found: re.Match[str]) -> str:
    return f"&#{ord(found[0])};"
