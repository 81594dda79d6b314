"""Markdown → cases. A `##` heading is a case; a fence with a path is an input, a fence without one an expectation."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from mvc.diagnostics.rules import completed

EXPECTATIONS = ("sql", "error", "tables", "rows", "diff", "plan")
AFTER = (
    "after/"  # an input under this path belongs to the second state of the project; an empty one takes the file away
)
_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
_FENCE = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Fence:
    """`start:end` is where the text stands in the file. `target` is a path, or the view of `rows`."""

    kind: str
    target: str
    text: str
    start: int
    end: int

    @property
    def is_input(self) -> bool:
        return "." in self.target

    @property
    def is_after(self) -> bool:
        return self.is_input and self.target.startswith(AFTER)


@dataclass(frozen=True)
class Case:
    path: Path
    heading: str
    why: str
    fences: tuple[Fence, ...]

    @property
    def name(self) -> str:
        return re.sub(r"\W+", "_", self.heading.lower()).strip("_")

    @property
    def is_known_fault(self) -> bool:
        """Whether the case says what should be, and is not so yet. Such a case must fail, and is never updated."""
        return self.why.startswith("Known fault:")

    @property
    def files(self) -> dict[str, str]:
        """The project, with what the case leaves out. The text of a `tables` fence is the catalog."""
        tables = self.first("tables")
        given = {"schema.sql": tables.text} if tables and tables.text.strip() else {}
        first = {fence.target: fence.text for fence in self.fences if fence.is_input and not fence.is_after}
        return completed({**given, **first})

    @property
    def after(self) -> dict[str, str]:
        """The second state of the project; empty where there is none."""
        changed = {fence.target.removeprefix(AFTER): fence.text for fence in self.fences if fence.is_after}
        return {path: text for path, text in {**self.files, **changed}.items() if text} if changed else {}

    def first(self, kind: str) -> Fence | None:
        return next((fence for fence in self.fences if fence.kind == kind and not fence.is_input), None)

    def all(self, kind: str) -> list[Fence]:
        return [fence for fence in self.fences if fence.kind == kind and not fence.is_input]


def read_cases(path: Path) -> list[Case]:
    """The cases of a file. Raises ValueError for one without a reason or an expectation, and for two of one name."""
    text = path.read_text(encoding="utf-8")
    headings = [(match.start(), match.end(), match.group(1)) for match in _HEADING.finditer(text)]
    ends = [start for start, _, _ in headings[1:]] + [len(text)]
    cases = [_case(path, text, heading, begin, end) for (_, begin, heading), end in zip(headings, ends, strict=True)]
    if len({case.name for case in cases}) < len(cases):
        raise ValueError(f"{path.name}: two cases have one name")
    return cases


def _case(path: Path, text: str, heading: str, begin: int, end: int) -> Case:
    found = [_fence(match) for match in _FENCE.finditer(text, begin, end)]
    first = text.find("```", begin, end)
    why = text[begin : first if first > 0 else end].strip()
    known = all(fence.is_input or fence.kind in EXPECTATIONS for fence in found)
    if not why or not known or all(fence.is_input for fence in found):
        raise ValueError(
            f"{path.name}: `{heading}` needs a reason, and fences of which one is {', '.join(EXPECTATIONS)}"
        )
    return Case(path, heading, why, tuple(found))


def _fence(match: re.Match[str]) -> Fence:
    return Fence(match.group(1), match.group(2) or "", match.group(3), match.start(3), match.end(3))


def rewrite(case: Case, fence: Fence, text: str) -> None:
    """Puts another text into an expectation of the file as it is by now."""
    current = next(item for item in read_cases(case.path) if item.heading == case.heading)
    place = current.fences[case.fences.index(fence)]
    whole = case.path.read_text(encoding="utf-8")
    case.path.write_text(whole[: place.start] + text + whole[place.end :], encoding="utf-8")
