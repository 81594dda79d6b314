"""What a shell asks at every press of Tab, answered by click; and the scripts that make it ask.

bash breaks words at `:` and `=`, so it would ask about `tag:fin` and `--format=js` as three words each. They are put together again here,
and of a candidate bash gets what follows its last break. zsh and fish replace such a word as a whole, so candidates get what stands before
the `=`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any, Final

from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
    add_completion_class,
    get_completion_class,
    split_arg_string,
)

from mvc.cli.commands import COMPLETING, SHELLS
from mvc.cli.group import cli
from mvc.cli.settings import CommandSettings

_BREAKS: Final = frozenset(":=")


class Bash(BashComplete):
    """The one of click, with whole words."""

    _begun = ""  # what of the current word stands before its last break

    def source(self) -> str:
        """The script. The one of click would start a bash first, to ask for its version."""
        return ShellComplete.source(self)

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words before the one that is completed, and what there is of that one."""
        words = split_arg_string(os.environ["COMP_WORDS"])
        at = int(os.environ["COMP_CWORD"])
        whole = _whole(words[1 : at + 1])
        if at >= len(words):
            return whole, ""
        last = "" if _is_break(words[at]) else words[at]
        self._begun = whole[-1].removesuffix(last)
        return whole[:-1], whole[-1]

    def format_completion(self, item: CompletionItem[Any]) -> str:
        """One candidate."""
        return f"{item.type},{str(item.value).removeprefix(self._begun)}"


class _WholeWords(ShellComplete):
    _before = ""  # `--format=` of `--format=js`

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words before the one that is completed, and what there is of that one."""
        words, begun = super().get_completion_args()
        if begun.startswith("--"):
            self._before = "".join(begun.partition("=")[:2]) if "=" in begun else ""
        return words, begun

    def format_completion(self, item: CompletionItem[Any]) -> str:
        """One candidate."""
        if item.type == "plain":
            item.value = f"{self._before}{item.value}"
        return super().format_completion(item)


class Zsh(_WholeWords, ZshComplete):
    """The one of click, with whole words."""


class Fish(_WholeWords, FishComplete):
    """The one of click, with whole words, and commas in what it is told."""

    source_template = FishComplete.source_template.replace('string split ","', 'string split --max 1 ","')


for _kind in (Bash, Zsh, Fish):
    add_completion_class(_kind)


def _is_break(word: str) -> bool:
    return bool(word) and _BREAKS.issuperset(word)


def _whole(words: Sequence[str]) -> list[str]:
    found: list[str] = []
    joined = False
    for word in words:
        if found and (joined or _is_break(word)):
            found[-1] += word
        else:
            found.append(word)
        joined = _is_break(word)
    return found


def script(shell: str) -> str:
    """The script for one of SHELLS."""
    return _of(shell).source()


def complete(asked: str) -> int:
    """Answers a shell's script, which `asked` so: `bash_complete`. Whatever goes wrong, a word is left as it is, and nothing is said."""
    shell, _, what = asked.partition("_")
    if shell not in SHELLS or what != "complete":
        return 1
    try:
        text = _of(shell).complete()
    except Exception:  # noqa: BLE001 - in the midst of somebody's command line
        return 1
    sys.stdout.write(f"{text}\n")
    return 0


def _of(shell: str) -> ShellComplete:
    kind = get_completion_class(shell)
    if kind is None:
        raise LookupError(shell)
    return kind(cli, {"obj": CommandSettings()}, "mvc", COMPLETING)
