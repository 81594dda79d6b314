"""Faults within `{…}` and `[…]`: SQL whose comma ends a value, brackets that are not in pairs, templates of other tools."""

from __future__ import annotations

import re
from typing import Final

from mvc.diagnostics import Diagnostic, Label, error
from mvc.source.fault import YamlFault, key_before, value_end, with_quotes
from mvc.source.quotes import in_quotes

_JOINED: Final = re.compile(r"(?<![\w'\"])([A-Za-z_]\w*:)([\[{])")
_VALUE: Final = re.compile(r"(?<=[\w-]):\s+(?=[^\s\[{])")
TEMPLATE: Final = re.compile(r"\{\{\s*(.*?)\s*\}\}|\{%.*?%\}")
_NAMED: Final = re.compile(r"\b(ref|source)\s*\((?:[^()]*,)?\s*['\"]([^'\"]+)['\"]\s*\)\Z")
_PAIRS: Final = {"{": "}", "[": "]"}


def template_line(fault: YamlFault) -> Diagnostic | None:
    """`{{ config(materialized='table') }}` in a line of its own: what libyaml stops at stands below it."""
    whole = ((number, line) for number, line in fault.above(fault.line) if TEMPLATE.fullmatch(line.strip()))
    number, line = next(whole, (-1, ""))
    if number < 0 or not fault.is_mended({number: ""}):
        return None
    span = fault.span(number, len(line) - len(line.lstrip()), len(line.rstrip()))
    title = "this line is a template, and a spec has none"
    help_line = "take the line out: what `config` says are keys here, e.g. materialized: false, schema: analytics"
    return error("MV005", span, title, label="of dbt or Jinja", help=help_line)


def template(fault: YamlFault) -> Diagnostic | None:
    """`{{ ref('orders') }}` of dbt."""
    found = TEMPLATE.search(fault.here)
    if found is None:
        return None
    span = fault.span(fault.line, *found.span())
    return error("MV005", span, f"`{found.group()}` is a template, and a spec has none", label="of dbt or Jinja",
                 help=template_help(found.group(), key_before(fault.here, found.start())))  # fmt: skip


def template_help(text: str, key: str = "") -> str:
    """What to write in the place of a template."""
    found = TEMPLATE.search(text)
    named = _NAMED.search(found[1] or "") if found else None
    if named is None:
        return "write the value itself"
    also = "; for a view of this project, view: in the place of table:" if named[1] == "ref" and key else ""
    return f"write the name itself: {key}{named[2]}{also}"


def no_space(fault: YamlFault) -> Diagnostic | None:
    """`{o:{table: orders}}`: without a space, YAML takes the colon for a part of the name."""
    found = _JOINED.search(fault.here)
    mended = _JOINED.sub(r"\1 \2", fault.here)
    if found is None or not fault.is_mended({fault.line: mended}):
        return None
    span = fault.span(fault.line, found.start(), found.end())
    title = "a space is missing after this colon"
    return error("MV001", span, title, label="YAML takes this for one text", help=f"write {mended.strip()}")


def cut_value(fault: YamlFault) -> Diagnostic | None:
    """`{count: o, where: o.status IN ('paid', 'sent')}`: the comma ends the value."""
    if "flow" not in fault.context:
        return None
    for number in (fault.line, fault.line - 1):
        for found in reversed(list(_VALUE.finditer(fault.at(number)))):
            line, start = fault.at(number), found.end()
            value = line[start : value_end(line, start)]
            if re.search(r"[,:{}\[\]]", value) and fault.is_mended({number: with_quotes(line, start)[0]}):
                title = f"within {{…}} this value must stand in quotes: it holds `{_cutting(value)}`"
                return in_quotes(fault, number, start, title, "YAML ends it before its end")
    return None


def _cutting(value: str) -> str:
    return next(sign for sign in value if sign in ",:{}[]")


def other_bracket(fault: YamlFault) -> Diagnostic | None:
    """`{table: orders]`."""
    wrong = fault.here[fault.column : fault.column + 1]
    if wrong not in ("]", "}") or fault.start is None:
        return None
    opened = fault.at(fault.start[0])[fault.start[1] : fault.start[1] + 1]
    closing = _PAIRS.get(opened)
    mended = f"{fault.here[: fault.column]}{closing}{fault.here[fault.column + 1 :]}"
    if closing is None or not fault.is_mended({fault.line: mended}):
        return None
    related = (Label(fault.span(*fault.start, fault.start[1] + 1), "opened here"),)
    title = f"`{opened}` is closed by `{wrong}`"
    span = fault.span(fault.line, fault.column, fault.column + 1)
    return error("MV001", span, title, label=f"`{closing}` is meant", help=f"write {mended.strip()}", related=related)


def one_too_many(fault: YamlFault) -> Diagnostic | None:
    """`{table: orders}}`."""
    sign = fault.here[fault.column : fault.column + 1]
    if sign not in ("]", "}"):
        return None
    mended = f"{fault.here[: fault.column]}{fault.here[fault.column + 1 :]}"
    if not fault.is_mended({fault.line: mended}):
        return None
    span = fault.span(fault.line, fault.column, fault.column + 1)
    return error(
        "MV001", span, f"`{sign}` closes nothing that is open", label="one too many", help=f"write {mended.strip()}"
    )


def never_closed(fault: YamlFault) -> Diagnostic | None:
    """`sources: {o: {table: orders}`, with the next key behind it."""
    if "flow" not in fault.context or fault.start is None:
        return None
    for number in range(min(fault.line, len(fault.lines) - 1), fault.start[0] - 1, -1):
        line = fault.at(number).rstrip()
        open_ = _open_brackets(line)
        if not open_:
            continue
        closing = "".join(_PAIRS[line[at]] for at in reversed(open_))
        mended = f"{line.removesuffix(',')}{closing}"
        if fault.is_mended({number: mended}):
            span = fault.span(number, open_[0], open_[0] + 1)
            title = f"`{line[open_[0]]}` is never closed"
            return error("MV001", span, title, label="opened here", help=f"write {mended.strip()}")
    return None


def _open_brackets(line: str) -> list[int]:
    """The columns of the brackets that a line opens and does not close."""
    open_: list[int] = []
    quote = ""
    for at, sign in enumerate(line):
        if quote or sign in "'\"":
            quote = "" if sign == quote else quote or sign
        elif sign in _PAIRS:
            open_.append(at)
        elif sign in "]}" and open_:
            open_.pop()
    return open_
