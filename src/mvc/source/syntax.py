"""libyaml's syntax errors in our words, with the mend for the traps that SQL and cron lines set in YAML."""

from __future__ import annotations

import re

import yaml

from mvc.diagnostics import Diagnostic, Span, error

_VALUE_THAT_LOOKS_LIKE_AN_ALIAS = re.compile(r"[:\-\[,{]\s*(\*\S*[^,\]}]*)")
_TEXT_AFTER_QUOTE = re.compile(r":\s+((?:'(?:[^']|'')*'|\"(?:[^\"\\]|\\.)*\")\s*[^\s#,}\]].*)$")
_VALUE_WITH_RESERVED_START = re.compile(r":\s+([@`%].*)$")


def syntax_error(path: str, text: str, problem: yaml.YAMLError) -> Diagnostic:
    """One diagnostic for what made libyaml stop."""
    mark = getattr(problem, "problem_mark", None) or getattr(problem, "context_mark", None)
    line_number = mark.line if mark else _line_of(text, getattr(problem, "position", 0))
    column = mark.column if mark else 0
    lines = text.split("\n")
    line = lines[line_number] if line_number < len(lines) else ""
    said = str(getattr(problem, "problem", None) or getattr(problem, "reason", None) or "it cannot be read")
    for explain in (_unquoted_star, _unquoted_reserved, _tab, _text_after_quote, _colon_in_value):
        if found := explain(path, line_number, line, column):
            return found
    span = Span(path, line_number + 1, column + 1, line_number + 1, column + 2)
    return error("MV001", span, f"this is not YAML: {said}", help=(_context(problem), _flow_hint(problem)))


def _line_of(text: str, position: int) -> int:
    return text.count("\n", 0, position if isinstance(position, int) else 0)


def _context(problem: yaml.YAMLError) -> str:
    mark, context = getattr(problem, "context_mark", None), getattr(problem, "context", None)
    return f"{context} that starts in line {mark.line + 1}" if mark and context else ""


def _flow_hint(problem: yaml.YAMLError) -> str:
    flow = "flow mapping" in str(getattr(problem, "context", ""))
    return "within {…} a comma or `}` ends a value: put SQL that holds one in double quotes" if flow else ""


def _unquoted_star(path: str, number: int, line: str, _column: int) -> Diagnostic | None:
    found = _VALUE_THAT_LOOKS_LIKE_AN_ALIAS.search(line)
    if not found:
        return None
    value = found.group(1).strip()
    return error(
        "MV005",
        _part(path, number, found),
        f"`{value}` must stand in quotes",
        label="an unquoted `*` starts a YAML alias",
        help=f'write "{value}"',
    )


def _unquoted_reserved(path: str, number: int, line: str, _column: int) -> Diagnostic | None:
    found = _VALUE_WITH_RESERVED_START.search(line)
    if not found:
        return None
    value = found.group(1).strip()
    title = f"a value that starts with `{value[0]}` must stand in quotes"
    return error("MV005", _part(path, number, found), title, label="reserved by YAML", help=f'write "{value}"')


def _text_after_quote(path: str, number: int, line: str, _column: int) -> Diagnostic | None:
    found = _TEXT_AFTER_QUOTE.search(line)
    if not found:
        return None
    value = found.group(1).rstrip()
    return error(
        "MV005",
        _part(path, number, found),
        "a value that starts with a quote ends with that quote",
        label="YAML takes the first quoted part for the whole value",
        help=f'put the whole value in double quotes: "{value}"'
        if '"' not in value
        else "write the value as a block: `|`",
    )


def _tab(path: str, number: int, line: str, _column: int) -> Diagnostic | None:
    at = line.find("\t")
    if at < 0 or line[:at].strip():
        return None
    span = Span(path, number + 1, at + 1, number + 1, at + 2)
    return error("MV004", span, "YAML is indented with spaces, never tabs", label="a tab", help="replace it by spaces")


def _colon_in_value(path: str, number: int, line: str, column: int) -> Diagnostic | None:
    before = line[:column]
    if before.count(":") < 1 or line[column : column + 1] != ":":
        return None
    span = Span(path, number + 1, column + 1, number + 1, column + 2)
    title = "a value that holds `: ` must stand in quotes"
    return error(
        "MV001", span, title, label="YAML takes this for a second key", help="put the value in double quotes or use `|`"
    )


def _part(path: str, number: int, found: re.Match[str]) -> Span:
    start, end = found.span(1)
    return Span(path, number + 1, start + 1, number + 1, start + len(found.group(1)[: end - start].rstrip()) + 1)
