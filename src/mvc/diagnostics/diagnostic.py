"""One finding about a project: what, where, why, and how to mend it.

Every stage returns diagnostics beside its result, so that one run reports them all. Nothing here formats or prints.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of one file. Lines and columns count from 1; the end is exclusive."""

    path: str
    line: int = 1
    column: int = 1
    end_line: int = 1
    end_column: int = 1

    def is_in(self, path: str) -> bool:
        """Whether it is of the file at `path`, or of a part of what was made in Python under that name (`ViewSpec("daily").where`)."""
        return self.path == path or self.path.startswith((f"{path}.", f"{path}["))


@dataclass(frozen=True, slots=True)
class Label:
    """A second place that explains the first one (drawn with `---`)."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """A finding. `code` names the rule whose long explanation `mvc explain CODE` prints."""

    code: str
    severity: Severity
    title: str
    span: Span
    label: str = ""
    help: tuple[str, ...] = ()
    related: tuple[Label, ...] = ()


class ProjectError(Exception):
    """The project has errors. `diagnostics` holds every finding of the run, warnings included; `files` are those that they are of (path → text),
    where they are at hand.
    """

    def __init__(self, diagnostics: Iterable[Diagnostic], files: Mapping[str, str] | None = None) -> None:
        self.diagnostics = tuple(diagnostics)
        self.files: Mapping[str, str] = {} if files is None else files
        errors = [item for item in self.diagnostics if item.severity == "error"]
        super().__init__("; ".join(f"{item.code}: {item.title}" for item in errors))


def error(  # noqa: PLR0913 - the parts of a finding
    code: str,
    span: Span,
    title: str,
    *,
    label: str = "",
    help: str | tuple[str, ...] = (),
    related: Iterable[Label] = (),
) -> Diagnostic:
    """A finding that stops the compile."""
    return Diagnostic(code, "error", title, span, label, _lines(help), tuple(related))


def warning(  # noqa: PLR0913 - the parts of a finding
    code: str,
    span: Span,
    title: str,
    *,
    label: str = "",
    help: str | tuple[str, ...] = (),
    related: Iterable[Label] = (),
) -> Diagnostic:
    """A finding that a spec may accept with a reason (`accept: {CODE: why}`)."""
    return Diagnostic(code, "warning", title, span, label, _lines(help), tuple(related))


def _lines(text: str | tuple[str, ...]) -> tuple[str, ...]:
    if isinstance(text, str):
        return (text,) if text else ()
    return tuple(line for line in text if line)
