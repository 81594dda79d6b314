"""Values that YAML reads as something else, or not at all, unless they stand in quotes; and quotes that are not in pairs."""

from __future__ import annotations

import re
from typing import Final

from mvc.diagnostics import Diagnostic, error
from mvc.source.compose import NEVER, stops_at
from mvc.source.fault import YamlFault, depth_before, key_before, value_end, with_quotes
from mvc.source.words import yaml_text, yaml_value

_STAR: Final = re.compile(r"[:\-\[,{]\s*(\*)")
_RESERVED: Final = re.compile(r"(?::\s+|- +)([@`%&!>|\-?])")
_QUOTED: Final = re.compile(r":\s+((?:'(?:[^']|'')*'|\"(?:[^\"\\]|\\.)*\"))\s*([^\s#,}\]])")
_OPEN_QUOTE: Final = re.compile(r"(?::\s+|- +)(?:'(?:[^']|'')*|\"(?:[^\"\\]|\\.)*)\Z")
_FIRST_SOURCE: Final = re.compile(r"^sources:\s*(?:\{\s*)?([A-Za-z_]\w*):", re.MULTILINE)
_KEY_AND_VALUE: Final = re.compile(r"(\s*[\w-]+:)\s+([^\s\[{|>'\"].*)\Z")
_KEY_ABOVE: Final = re.compile(r"(\s*[\w-]+:)(?:\s+([^\s\[{|>'\"].*))?\Z")
_BRACKET: Final = re.compile(r":\s+([\[{][^\[\]{}]*[\]}])\s*[^\s#,}\]]")

_WHAT_IT_STARTS: Final = {
    "&": "an unquoted `&` starts a YAML anchor",
    "!": "an unquoted `!` starts a YAML tag",
    ">": "an unquoted `>` starts a block of text",
    "|": "an unquoted `|` starts a block of text",
    "-": "an unquoted `- ` starts an entry of a list",
    "?": "an unquoted `? ` starts a key",
}


def in_quotes(fault: YamlFault, line: int, start: int, title: str, label: str) -> Diagnostic:
    """A finding for a value, which ends where its author meant, with the mend that puts it in quotes."""
    text = fault.at(line)
    _, value = with_quotes(text, start)
    span = fault.span(line, start, value_end(text, start))
    return error("MV005", span, title, label=label, help=f"write {key_before(text, start)}{value}")


def star(fault: YamlFault) -> Diagnostic | None:
    """`every: */5 * * * *`, `count: *`."""
    found = _STAR.search(fault.here)
    if found is None:
        return None
    start = found.start(1)
    value = fault.here[start : value_end(fault.here, start)]
    label = "an unquoted `*` starts a YAML alias"
    source = _FIRST_SOURCE.search(fault.text)
    if value == "*" and re.search(r"\bcount:\s*\Z", fault.here[:start]):
        title = "`count` takes the alias of a source, whose rows it counts, and no `*`"
        help_line = f"write count: {source[1]}" if source else "write the alias, as in count: o"
        return error("MV005", fault.span(fault.line, start, start + 1), title, label=label, help=help_line)
    if re.fullmatch(r"\*[A-Za-z_]\w*", value):
        title = f"nothing above is named `&{value[1:]}`"
        help_line = f"write &{value[1:]} before the value where it stands first, or the value itself here"
        return error("MV005", fault.span(fault.line, start, start + len(value)), title, label=label, help=help_line)
    return in_quotes(fault, fault.line, start, f"`{value}` must stand in quotes", label)


def reserved(fault: YamlFault) -> Diagnostic | None:
    """A value that starts with a sign that means something to YAML: `@ x`, `&o.paid`, `> 5`."""
    found = _RESERVED.search(fault.here)
    if found is None:
        return None
    sign = found[1]
    if sign not in "@`%" and not fault.is_mended({fault.line: with_quotes(fault.here, found.start(1))[0]}):
        return None
    if sign == "`":
        return _without(
            fault, found.start(1), "`", "PostgreSQL has no backticks: a name stands as it is, or in double quotes"
        )
    label = _WHAT_IT_STARTS.get(sign, "reserved by YAML")
    return in_quotes(
        fault, fault.line, found.start(1), f"a value that starts with `{sign}` must stand in quotes", label
    )


def _without(fault: YamlFault, start: int, signs: str, title: str) -> Diagnostic:
    """A finding for a value that begins with another database's quotes around names, with the mend that leaves them out."""
    line = fault.here
    end = value_end(line, start)
    value = yaml_value(line[start:end].translate({ord(sign): None for sign in signs}))
    span = fault.span(fault.line, start, end)
    return error("MV005", span, title, label="reserved by YAML", help=f"write {key_before(line, start)}{value}")


def text_after_quote(fault: YamlFault) -> Diagnostic | None:
    """`'day: ' || o.day`, `'each day's orders'`, `"o."status" = 'paid'"`."""
    found = _QUOTED.search(fault.here)
    if found is None:
        return None
    start, mark = found.start(1), found[1][0]
    end = value_end(fault.here, start) if depth_before(fault.here, start) <= 0 else len(fault.here.rstrip())
    value = fault.here[start:end]
    if found.end(1) == found.start(2) and (found[2].isalnum() or found[2] in '_\\"') and value.endswith(mark):
        return _inner_quotes(fault, start, value)
    return in_quotes(
        fault,
        fault.line,
        start,
        "a value that starts with a quote ends with that quote",
        "YAML takes the first quoted part for the whole value",
    )


def _inner_quotes(fault: YamlFault, start: int, value: str) -> Diagnostic:
    """Quotes around a value that holds such quotes itself."""
    mark, inner = value[0], value[1:-1]
    if mark == "'":
        inner = inner.replace("''", "'")
    title = "a quote within the value ends it"
    label = f"within {mark}…{mark} the first {mark} is the end"
    span = fault.span(fault.line, start, start + len(value))
    return error("MV005", span, title, label=label, help=f"write {key_before(fault.here, start)}{yaml_text(inner)}")


def escape(fault: YamlFault) -> Diagnostic | None:
    """A backslash within double quotes that YAML takes for an escape."""
    if ("unknown escape" not in fault.problem and "hexdecimal" not in fault.problem) or fault.start is None:
        return None
    line, start = fault.start
    text = fault.at(line)
    closing = re.compile(r'"((?:[^"\\]|\\.)*)"').match(text, start)
    if closing is None:
        return None
    span = fault.span(fault.line, fault.column - 1, fault.column + 1)
    help_line = f"write {key_before(text, start)}{yaml_text(closing[1])}; within single quotes a backslash is one"
    return error("MV005", span, "a backslash starts an escape within double quotes", label="no escape", help=help_line)


def open_quote(fault: YamlFault) -> Diagnostic | None:
    """A quote that is never closed, or closed by one further down that was to open something."""
    for number in range(min(fault.line, len(fault.lines) - 1), -1, -1):
        line = fault.at(number)
        found = _OPEN_QUOTE.search(line)
        if found is None:
            continue
        start = found.start() + re.search(r"['\"]", found.group()).start()  # type: ignore[union-attr]
        mended = f"{line.rstrip()}{line[start]}"
        if fault.is_mended({number: mended}) or len(fault.lines) - 1 <= fault.line:
            span = fault.span(number, start, start + 1)
            help_line = (
                f"write {mended.strip()}" if stops_at(mended.strip()) == NEVER else f"add {line[start]} where it ends"
            )
            return error("MV001", span, "this quote is never closed", label="opened here", help=help_line)
    return None


def colon(fault: YamlFault) -> Diagnostic | None:
    """`description: Note: only paid ones`: the second colon looks like the end of a key."""
    line = fault.here
    first = re.search(r":\s+(?=\S)", line)
    if first is None or line[fault.column : fault.column + 1] != ":" or first.end() > fault.column:
        return None
    start = first.end()
    while again := re.compile(r"[\[{]\s*[\w-]+:\s+(?=\S)|[^\s{}\[\]'\",]*,\s*[\w-]+:\s+(?=\S)").match(line, start):
        start = again.end()
    if start > fault.column or not fault.is_mended({fault.line: with_quotes(line, start)[0]}):
        return None
    title = "a value that holds `: ` must stand in quotes"
    return in_quotes(fault, fault.line, start, title, "YAML takes this for a second key")


def colon_further_down(fault: YamlFault) -> Diagnostic | None:
    """A `: ` in a later line of a value that goes on over several."""
    head = next(
        ((number, found) for number, line in fault.above(fault.line) if (found := _KEY_ABOVE.match(line))), None
    )
    if head is None or "mapping values" not in fault.problem or re.match(r"\s*[\w-]+:", fault.here):
        return None
    number, found = head
    name = found[1].strip().removesuffix(":")
    below = " " * (len(found[1]) - len(found[1].lstrip()) + 2)
    if not fault.is_mended({number: f"{found[1]} |" + (f"\n{below}{found[2]}" if found[2] else "")}):
        return None
    span = fault.span(fault.line, fault.column, fault.column + 1)
    title = f"the value of `{name}` holds `: `, so it must be a block"
    return error("MV005", span, title, label="YAML takes this for a second key",
                 help=f"write {name}: |, and the whole value in the lines below, indented alike")  # fmt: skip


def bracket_first(fault: YamlFault) -> Diagnostic | None:
    """`where: [o.status] = 'paid'`: a value that starts with a bracket is a list or a mapping."""
    found = _BRACKET.search(fault.here)
    if found is None or not fault.is_mended({fault.line: with_quotes(fault.here, found.start(1))[0]}):
        return None
    kind = "list" if found[1][0] == "[" else "mapping"
    if re.fullmatch(r"[\[{][A-Za-z_][\w.]*[\]}]", found[1]):
        title = f"a name stands without `{found[1][0]}{found[1][-1]}`: YAML takes this for a {kind}"
        return _without(fault, found.start(1), found[1][0] + found[1][-1], title)
    title = f"a value that starts with `{found[1][0]}` must stand in quotes"
    return in_quotes(fault, fault.line, found.start(1), title, f"YAML takes this for a {kind}")
