"""Faults of lines: their indent, a colon or the space after it, a dash, a comma, a block at the margin, a second document."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from mvc.diagnostics import Diagnostic, error
from mvc.source.fault import YamlFault, indent_of, key_of

_NO_SPACE: Final = re.compile(r"(\s*(?:- +)?[A-Za-z_][\w-]*:)([^\s:/].*)\Z")
_NO_COLON: Final = re.compile(r"(\s*(?:- +)?[A-Za-z_][\w-]*)\s*\Z")
_AT_THE_MARGIN: Final = re.compile(
    "view|schema|description|tags|materialized|sources|where|dimensions|aggregates|having|windows|keep|sql|grain|columns|indexes|with|requires|accept"
    "|policies|predicates|schedules|partitions|catalog|project|version|schemas|search_path|timezone"
)
_KEY_AND_VALUE: Final = re.compile(
    r"(\s*(?:- +)?(view|description|tags|materialized|sources|where|dimensions|aggregates|having|windows|keep|sql|grain|table|on|key|required|one|count"
    r"|sum|order|expr|columns|name|using|policy|to|schedule|refresh|every|within|mode|catalog|version))\s+(\S.*)\Z"
)
_SIGNS: Final = frozenset(",:;{}[]'\"#&*!|>@`%?")
_OTHER_SIGN: Final = re.compile(r"(\s*(?:- +)?[A-Za-z_][\w-]*)\s*([;=]|:=)\s*(\S.*)\Z")
_HEADER: Final = re.compile(r"(\s*(?:- +)?)([\w-]+):\s+[|>][-+0-9]*\s*\Z")


def tab(fault: YamlFault) -> Diagnostic | None:
    """A tab in the indent of the line where reading stopped, or of the one before."""
    for number in (fault.line, fault.line - 1):
        line = fault.at(number)
        at = line.find("\t")
        if at >= 0 and not line[:at].strip():
            span = fault.span(number, at, at + 1)
            title = "YAML is indented with spaces, never tabs"
            return error("MV004", span, title, label="a tab", help="replace it by spaces")
    return None


def no_space(fault: YamlFault) -> Diagnostic | None:
    """`view:v`."""
    for number, line in ((fault.line, fault.here), *_first(fault.above(fault.line), 2)):
        found = _NO_SPACE.match(line)
        if found and fault.is_mended({number: f"{found[1]} {found[2]}"}):
            title = "a space is missing after this colon"
            label = "without it, YAML takes all of this for one text"
            span = fault.span(number, indent_of(line), len(line.rstrip()))
            return error("MV001", span, title, label=label, help=f"write {found[1].strip()} {found[2]}")
    return None


def no_colon(fault: YamlFault) -> Diagnostic | None:
    """`dimensions`, with its entries in the next lines."""
    for number, line in ((fault.line, fault.here), *_first(fault.above(fault.line), 2)):
        found = _NO_COLON.match(line)
        if found and fault.is_mended({number: f"{found[1]}:"}):
            name = found[1].strip()
            span = fault.span(number, indent_of(line), len(found[1]))
            title = f"a colon is missing after `{name}`"
            return error("MV001", span, title, label="neither a key nor a value", help=f"write {name}:")
    return None


def no_colon_before_value(fault: YamlFault) -> Diagnostic | None:
    """`view v`, `on o.customer_id = c.id`: a key of the language, and its value behind it without a colon."""
    for number, line in ((fault.line, fault.here), *_first(fault.above(fault.line), 2)):
        found = _KEY_AND_VALUE.match(line)
        if found and fault.is_mended({number: f"{found[1]}: {found[3]}"}):
            span = fault.span(number, indent_of(line), len(found[1]))
            title = f"a colon is missing after `{found[2]}`"
            return error(
                "MV001", span, title, label="a key without its colon", help=f"write {found[1].strip()}: {found[3]}"
            )
    return None


def stray(fault: YamlFault) -> Diagnostic | None:
    """A sign that belongs to nothing, at the place where reading stopped or at the begin of its line."""
    line = fault.here
    for at in (fault.column, fault.column - 1, indent_of(line)):
        sign = line[at : at + 1]
        if not sign or sign not in _SIGNS:
            continue
        without = line[:at] + line[at + 1 :]
        moved = line[:at] + " " + line[at + 1 :] if at == indent_of(line) else without
        for mended in (without, moved):
            if mended.strip() and fault.is_mended({fault.line: mended}):
                span = fault.span(fault.line, at, at + 1)
                help_line = f"write {mended.strip()}"
                return error("MV001", span, f"`{sign}` belongs to nothing here", label="take it out", help=help_line)
    return None


def other_sign(fault: YamlFault) -> Diagnostic | None:
    """`sources; {…}`, `view = v`."""
    found = _OTHER_SIGN.match(fault.here)
    if found is None or not fault.is_mended({fault.line: f"{found[1]}: {found[3]}"}):
        return None
    span = fault.span(fault.line, found.start(2), found.end(2))
    title = f"a key ends with a colon, and not with `{found[2]}`"
    return error("MV001", span, title, label="a colon is meant", help=f"write {found[1].strip()}: {found[3].rstrip()}")


def value_at_margin(fault: YamlFault) -> Diagnostic | None:
    """A value in the line below its key that is indented no deeper."""
    for number, line in ((fault.line, fault.here), *_first(fault.above(fault.line), 2)):
        before = next(fault.above(number), (0, ""))[1]
        if key_of(line) or not before.rstrip().endswith(":") or indent_of(line) > indent_of(before):
            continue
        wanted = indent_of(before) + 2
        if fault.is_mended({number: f"{' ' * wanted}{line.strip()}"}):
            span = fault.span(number, indent_of(line), len(line.rstrip()))
            title = f"the value of `{before.strip()[:-1]}` must be indented deeper than its key"
            return error("MV001", span, title, label="no key", help=f"write {before.strip()} {line.strip()}")
    return None


def comma(fault: YamlFault) -> Diagnostic | None:
    """A comma at the end of a line, as in JSON."""
    line = fault.here.rstrip()
    if not line.endswith(",") or not fault.is_mended({fault.line: line[:-1]}):
        return None
    span = fault.span(fault.line, len(line) - 1, len(line))
    return error(
        "MV001", span, "no comma stands at the end of a line", label="take it out", help=f"write {line[:-1].strip()}"
    )


def dash(fault: YamlFault) -> Diagnostic | None:
    """An entry of a list among the keys of a mapping."""
    line, indent = fault.here, indent_of(fault.here)
    if not line.lstrip().startswith("- "):
        return None
    without = f"{line[:indent]}{line[indent + 2 :].lstrip()}"
    span = fault.span(fault.line, indent, indent + 1)
    title = "an entry of a list stands among keys"
    mends = key_of(without) is not None and fault.is_mended({fault.line: without})
    help_line = f"write {without.strip()}" if mends else ""
    help_line = help_line or "a mapping holds keys, a list holds entries with a dash: never both in one place"
    return error("MV001", span, title, label="a dash starts an entry", help=help_line)


def block(fault: YamlFault) -> Diagnostic | None:
    """`sql: |`, and a line of it that is not indented as its first one."""
    header = next(((number, found) for number, line in fault.above(fault.line) if (found := _HEADER.match(line))), None)
    if header is None:
        return None
    number, found = header
    own = len(found[1])
    lines = fault.lines
    first = next((index for index in range(number + 1, len(lines)) if lines[index].strip()), None)
    if first is None:
        return None
    wanted = indent_of(lines[first]) if indent_of(lines[first]) > own else own + 2
    edits: dict[int, str] = {}
    for index in range(first, len(lines)):
        line = lines[index]
        if line.strip() and indent_of(line) <= own and key_of(line):
            break
        if line.strip() and indent_of(line) < wanted:
            edits[index] = f"{' ' * wanted}{line.strip()}"
    if not edits or not fault.is_mended(edits):
        return None
    worst = min(edits)
    span = fault.span(worst, indent_of(lines[worst]), len(lines[worst].rstrip()))
    title = f"this line is not indented as the block of `{found[2]}` is, so the block ends before it"
    help_line = f"indent it and the rest of the block by {wanted} spaces or more"
    return error("MV001", span, title, label=f"indented by {indent_of(lines[worst])}, not {wanted}", help=help_line)


def indent(fault: YamlFault) -> Diagnostic | None:
    """A line whose indent is that of no level above it."""
    line, now = fault.here, indent_of(fault.here)
    if not line.strip():
        return None
    for number, model in _levels(fault):
        wanted = indent_of(model)
        if wanted == now or not _moved_mends(fault, wanted - now):
            continue
        found = key_of(model)
        like = f"as `{found['key'] if found else model.strip()}` in line {number + 1}"
        span = fault.span(fault.line, 0, max(now, 1))
        title = f"this line is indented by {_spaces(now)}, which fits nothing above it"
        label = f"{_spaces(now)}, not {wanted}"
        help_line = (f"indent it by {_spaces(wanted)}, {like}:", f"{' ' * wanted}{line.strip()}")
        return error("MV001", span, title, label=label, help=help_line)
    return None


def _spaces(count: int) -> str:
    return "1 space" if count == 1 else f"{count} spaces"


def _levels(fault: YamlFault) -> list[tuple[int, str]]:
    """A line above for each indent that there is, the nearest indents first."""
    found: dict[int, tuple[int, str]] = {}
    for number, line in fault.above(fault.line):
        without = re.sub(r"\A *(?:- +)+", lambda dashes: " " * len(dashes.group()), line)  # of an entry: its first key
        found.setdefault(indent_of(without), (number, without))
        found.setdefault(indent_of(line), (number, line))
    now, own = indent_of(fault.here), key_of(fault.here)
    at_margin = own is not None and _AT_THE_MARGIN.fullmatch(own["key"]) is not None
    return sorted(
        found.values(),
        key=lambda item: (at_margin and indent_of(item[1]) > 0, abs(indent_of(item[1]) - now), -indent_of(item[1])),
    )


def _moved_mends(fault: YamlFault, by: int) -> bool:
    """Whether the text can be read when a line is moved, alone or with all that follows at its level or below."""
    lines, now = fault.lines, indent_of(fault.here)
    group: dict[int, str] = {}
    for number in range(fault.line, len(lines)):
        if lines[number].strip() and indent_of(lines[number]) < now:
            break
        group[number] = f"{' ' * (indent_of(lines[number]) + by)}{lines[number].strip()}"
    alone = {fault.line: group[fault.line]}
    return fault.is_mended(alone) or fault.is_mended(group)


def document(fault: YamlFault) -> Diagnostic | None:
    """`---` between two views."""
    if "another document" not in fault.problem:
        return None
    named = re.search(r"^view:\s*([\w-]+)", "\n".join(fault.lines[fault.line :]), re.MULTILINE)
    whole = "views/" in fault.path
    where = f"views/{named[1] if named else 'another'}.yml"
    help_line = (
        f"move what follows to a file of its own, e.g. {where}"
        if whole
        else "take the `---` out, and write one list with all entries"
    )
    title = "`---` starts a second document, and a file holds one"
    span = fault.span(fault.line, fault.column, fault.column + 3)
    return error("MV001", span, title, label="a second document", help=help_line)


def _first(items: Iterator[tuple[int, str]], count: int) -> list[tuple[int, str]]:
    return [item for _, item in zip(range(count), items, strict=False)]
