"""What made libyaml stop, in our words: each trap that SQL, cron lines and lines' indents set in YAML, with its mend."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import yaml

from mvc.diagnostics import Diagnostic, error
from mvc.source import flow, layout, quotes
from mvc.source.compose import line_of
from mvc.source.fault import YamlFault

_EXPLAIN: Final[tuple[Callable[[YamlFault], Diagnostic | None], ...]] = (
    layout.tab,
    layout.document,
    layout.other_sign,
    flow.template,
    flow.template_line,
    quotes.star,
    quotes.escape,
    quotes.reserved,
    quotes.bracket_first,
    quotes.text_after_quote,
    flow.no_space,
    flow.cut_value,
    flow.other_bracket,
    flow.one_too_many,
    flow.never_closed,
    layout.comma,
    quotes.colon,
    layout.no_space,
    layout.block,
    layout.no_colon,
    layout.no_colon_before_value,
    layout.value_at_margin,
    quotes.colon_further_down,
    quotes.open_quote,
    layout.indent,
    layout.dash,
    layout.stray,
)
_UNREADABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")


def syntax_error(path: str, text: str, problem: yaml.YAMLError) -> Diagnostic:
    """One diagnostic for what made libyaml stop."""
    fault = _fault(path, text, problem)
    if odd := _UNREADABLE.search(fault.here):
        title = f"this file holds the character U+{ord(odd.group()):04X}, which YAML does not allow"
        span = fault.span(fault.line, odd.start(), odd.end())
        return error("MV001", span, title, label="invisible", help="take it out")
    found = next((made for explain in _EXPLAIN if (made := explain(fault))), None)
    return found or _somewhere(fault)


def _fault(path: str, text: str, problem: yaml.YAMLError) -> YamlFault:
    mark, start = getattr(problem, "problem_mark", None), getattr(problem, "context_mark", None)
    said = str(getattr(problem, "problem", None) or getattr(problem, "reason", None) or "")
    within = str(getattr(problem, "context", None) or "")
    return YamlFault(
        path=path,
        text=text,
        line=line_of(text, problem),
        column=mark.column if mark else start.column if start else 0,
        problem=said,
        context=within,
        start=(start.line, start.column) if start else None,
    )


def _somewhere(fault: YamlFault) -> Diagnostic:
    """Where reading stopped, and where that began which was read."""
    number = min(fault.line, len(fault.lines) - 1)
    while number > 0 and not fault.at(number).strip():
        number -= 1
    column = fault.column if number == fault.line else len(fault.at(number).rstrip())
    kinds = (("flow mapping", "the `{`"), ("flow sequence", "the `[`"), ("quoted", "the text in quotes"))
    kind = next((name for word, name in kinds if word in fault.context), "the block")
    since = f"{kind} that is open here starts in line {fault.start[0] + 1}" if fault.start else ""
    help_line = "put a value that holds one of `: # { } [ ] , & * ! | > ' \" % @` in double quotes"
    span = fault.span(number, column, column + 1)
    return error("MV001", span, "this is not YAML from here on", label="reading stops here", help=(since, help_line))
