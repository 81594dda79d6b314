"""The long explanation of each code, read from `mvc/rules/CODE.md`: one file is the text, the examples and their test.

Read when asked for, so that a compile without findings never pays for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable  # in Python 3.10 it stands elsewhere

_CODE: Final = re.compile(r"MV[0-9]{3}\Z")
_FENCE: Final = re.compile(r"^(`{3,})(\w+) (\S+)\n(.*?)^\1$\n?", re.MULTILINE | re.DOTALL)
_AS_WELL: Final = re.compile(r"^Fires as well: (.+)\.$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Example:
    """A small project: path → text, without what every example has. `prose` introduces it."""

    prose: str
    files: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Rule:
    """Why a code exists, a project where it fires, and one where it does not. `also` are other codes that `wrong` gives."""

    code: str
    title: str
    prose: str
    wrong: Example
    right: Example
    also: tuple[str, ...] = ()


@cache
def rule(code: str) -> Rule | None:
    """The rule of a code, None for an unknown one."""
    place = _folder() / f"{code}.md"
    return parse_rule(place.read_text(encoding="utf-8")) if _CODE.match(code) and place.is_file() else None


def all_codes() -> tuple[str, ...]:
    """Every code that has a rule, in order."""
    names = (place.name.removesuffix(".md") for place in _folder().iterdir())
    return tuple(sorted(name for name in names if _CODE.match(name)))


def looks_like_a_code(text: str) -> bool:
    """Whether somebody asks for a rule by its code, and not by words."""
    return bool(re.fullmatch(r"mv\w*\d\w*", text, re.IGNORECASE))


def matching(words: Iterable[str]) -> tuple[Rule, ...]:
    """The rules that hold all words: those first in whose titles they stand. Every rule for no word."""
    wanted = [word.lower() for word in words]
    rules = [known for code in all_codes() if (known := rule(code))]
    in_title = [item for item in rules if all(word in item.title.lower() for word in wanted)]
    in_text = [item for item in rules if all(word in f"{item.title} {item.prose}".lower() for word in wanted)]
    return (*in_title, *(item for item in in_text if item not in in_title)) if wanted else tuple(rules)


def completed(example: Mapping[str, str]) -> dict[str, str]:
    """The files of an example with those that it leaves out: settings, the tables of a small shop, a schedule for all."""
    folder = _folder() / "default"
    left_out = [name for name in ("mvc.yml", "schema.sql") if not any(path.endswith(name) for path in example)]
    found = {name: (folder / name).read_text(encoding="utf-8") for name in left_out}
    if any(path.startswith("views/") for path in example) and not any(
        path.startswith("schedules/") for path in example
    ):
        found["schedules/nightly.yml"] = (folder / "nightly.yml").read_text(encoding="utf-8")
    return {**found, **example}


def _folder() -> Traversable:
    return files("mvc") / "rules"


def parse_rule(text: str) -> Rule:
    """A rule file. Raises ValueError where a part is missing."""
    head, _, rest = text.partition("\n")
    code, _, title = head.removeprefix("# ").partition(" · ")
    prose, wrong, rest = rest.partition("\n## Wrong\n")
    bad, right, good = rest.partition("\n## Right\n")
    if not (title and wrong and right):
        raise ValueError(f"a rule has a title, `## Wrong` and `## Right`: {head}")
    also = _AS_WELL.search(bad)
    others = tuple(also.group(1).split(", ")) if also else ()
    return Rule(code, title.strip(), prose.strip(), _example(bad), _example(good), others)


def _example(text: str) -> Example:
    files_ = {path: body for _, _, path, body in _FENCE.findall(text)}
    if not files_:
        raise ValueError(f"an example has a fence with a path: {text[:60]!r}")
    return Example(_FENCE.sub("", text).strip(), files_)
