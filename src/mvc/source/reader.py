"""YAML 1.2 text → Document. Booleans and nulls follow the 1.2 core schema, so `on`, `yes` and `no` are strings.

libyaml only splits the text into nodes; what a plain scalar means is decided here, and so is what is refused:
duplicate keys, more than one document, aliases that expand without bound.
Rule source: YAML 1.2.2, section 10.3 (core schema).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import isinf
from typing import Any

import yaml

from mvc.diagnostics import Diagnostic, Span, error
from mvc.source.compose import compose
from mvc.source.document import Document, Nodes, Path, nothing
from mvc.source.fault import key_before
from mvc.source.flow import TEMPLATE, template_help
from mvc.source.syntax import syntax_error
from mvc.source.words import yaml_text

MAX_VALUES = 100_000  # values of one document with its aliases written out
MAX_DEPTH = 40
_LONGEST_NUMBER = 18

_LISTS = re.compile(rf"\s*(?:- ){{{MAX_DEPTH},}}")  # a list in a list in a list, on one line
_INTEGER = re.compile(r"[-+]?[0-9]+\Z|0o[0-7]+\Z|0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_CUT_OPERATOR = re.compile(r"\s+(#>>?|#-)\s*(?=['\"{(]|array\b)", re.IGNORECASE)
_IMPOSSIBLE = re.compile("[\x00\ud800-\udfff]")
_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


def read(path: str, text: str) -> tuple[Document | None, tuple[Diagnostic, ...]]:
    """The document in `text`, or what is wrong with it. An empty file is a document whose data is None."""
    if depth := _too_deep(text):
        return None, (error("MV001", Span(path, depth, 1, depth, 2), f"YAML nested deeper than {MAX_DEPTH} levels"),)
    if found := _IMPOSSIBLE.search(text):
        line = text.count("\n", 0, found.start()) + 1
        title = f"this file holds the character U+{ord(found.group()):04X}, which is no part of a text"
        return None, (error("MV001", Span(path, line, 1, line, 2), title),)
    try:
        node = compose(text)
    except yaml.YAMLError as problem:
        return None, (syntax_error(path, text, problem),)
    node = node or nothing(path)[()][1]
    builder = _Builder(path)
    data = builder.build((), None, node)
    if builder.diagnostics and (template := _template(path, text)):
        return None, (template,)
    builder.diagnostics += _cut_operators(path, text, builder.nodes)
    return Document(path, text, data, builder.nodes), tuple(builder.diagnostics)


def _template(path: str, text: str) -> Diagnostic | None:
    """`table: {{ ref('orders') }}`: to YAML a mapping whose key is a mapping."""
    for number, line in enumerate(text.split("\n"), 1):
        found = TEMPLATE.search(line)
        if found and re.match(r"[^#'\"]*:\s+\Z", line[: found.start()]):
            span = Span(path, number, found.start() + 1, number, found.end() + 1)
            title = f"`{found.group()}` is a template, and a spec has none"
            help_line = template_help(found.group(), key_before(line, found.start()))
            return error("MV005", span, title, label="of dbt or Jinja", help=help_line)
    return None


def _cut_operators(path: str, text: str, nodes: Nodes) -> Iterator[Diagnostic]:
    """Findings for plain values that YAML ends before `#>>` and the like, since ` #` starts a comment."""
    lines = text.split("\n") if "#" in text else []
    for _, node in nodes.values() if lines else ():
        if not isinstance(node, yaml.ScalarNode) or node.style or not node.value:
            continue
        line, end = lines[node.end_mark.line], node.end_mark.column
        if found := _CUT_OPERATOR.match(line, end):
            whole = line[node.start_mark.column :].rstrip()
            span = Span(
                path, node.end_mark.line + 1, found.start(1) + 1, node.end_mark.line + 1, len(line.rstrip()) + 1
            )
            title = f"` #` starts a comment: `{found[1]}` and what follows is no part of the value"
            yield error("MV005", span, title, label="cut off", help=f"write the value in quotes: {yaml_text(whole)}")


def _too_deep(text: str) -> int:
    """The line where flow brackets or indentation nest too deep, or 0. Keeps libyaml's recursion away from the stack."""
    depth = 0
    for number, line in enumerate(text.split("\n"), 1):
        depth = max(0, depth + line.count("[") + line.count("{") - line.count("]") - line.count("}"))
        if depth > MAX_DEPTH or _LISTS.match(line) or len(line) - len(line.lstrip()) > 20 * MAX_DEPTH:
            return number
    return 0


class _Builder:
    """Nodes to data, with a budget for aliases."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.nodes: dict[Path, tuple[yaml.Node | None, yaml.Node]] = {}
        self.diagnostics: list[Diagnostic] = []
        self.exhausted = False

    def build(self, at: Path, key: yaml.Node | None, node: yaml.Node) -> Any:
        self.nodes[at] = (key, node)
        if len(self.nodes) > MAX_VALUES or len(at) > MAX_DEPTH:
            self._refuse_bomb(node)
            return None
        self._refuse_tag(at, node)
        if isinstance(node, yaml.ScalarNode):
            return _scalar(node) if self._is_text(node) else _possible(node)
        if isinstance(node, yaml.SequenceNode):
            return tuple(
                self.build((*at, index), None, item) for index, item in enumerate(node.value) if not self.exhausted
            )
        return self._mapping(at, node)

    def _mapping(self, at: Path, node: yaml.Node) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if self.exhausted:
                break
            key = self._key(key_node)
            if key in data:
                self._refuse_duplicate(key, key_node, (*at, key))
                continue
            data[key] = self.build((*at, key), key_node, value_node)
        return data

    def _key(self, node: yaml.Node) -> str:
        if isinstance(node, yaml.ScalarNode):
            return str(node.value) if self._is_text(node) else _possible(node)
        self.diagnostics.append(
            error("MV001", _place(self.path, node), "a key must be a plain name, not a list or a mapping")
        )
        return f"<{node.start_mark.line}:{node.start_mark.column}>"

    def _is_text(self, node: yaml.ScalarNode) -> bool:
        """Whether it can be one: escapes can also write NUL and half of a pair of surrogates."""
        found = _IMPOSSIBLE.search(str(node.value))
        if found is not None:
            name = f"U+{ord(found.group()):04X}"
            title = f"a text cannot hold the character {name}"
            self.diagnostics.append(error("MV001", _place(self.path, node), title, help="leave it out"))
        return found is None

    def _refuse_tag(self, at: Path, node: yaml.Node) -> None:
        """`!o.paid` is a tag to YAML, and what follows it the value."""
        tag = str(node.tag or "")
        if tag.startswith("!") and tag != "!":
            text = f"{tag} {node.value}".strip() if isinstance(node, yaml.ScalarNode) else tag
            text = re.sub(r"\A!(?=[\w.]+\Z)", "NOT ", text)
            title = "a value that starts with `!` must stand in quotes"
            key = f"{at[-1]}: " if at and isinstance(at[-1], str) else ""
            help_line = f"write {key}{yaml_text(text)}"
            label = "an unquoted `!` starts a YAML tag"
            self.diagnostics.append(error("MV005", _place(self.path, node), title, label=label, help=help_line))

    def _refuse_duplicate(self, key: str, node: yaml.Node, at: Path) -> None:
        first = self.nodes[at][0] or node
        self.diagnostics.append(
            error(
                "MV002",
                _place(self.path, node),
                f"the key `{key}` stands twice in one mapping",
                label="a second time; one of the two would be lost",
                help=f"it stands first in line {first.start_mark.line + 1}; rename or remove one of them",
            )
        )

    def _refuse_bomb(self, node: yaml.Node) -> None:
        if not self.exhausted:
            self.exhausted = True
            self.diagnostics.append(
                error(
                    "MV003",
                    _place(self.path, node),
                    f"aliases blow this file up to more than {MAX_VALUES:,} values or {MAX_DEPTH} levels",
                    help="write the values out, or share them as a named predicate or a view of their own",
                )
            )


def _place(path: str, node: yaml.Node) -> Span:
    mark, end = node.start_mark, node.end_mark
    same = end.line == mark.line
    return Span(path, mark.line + 1, mark.column + 1, mark.line + 1, (end.column if same else mark.column + 1) + 1)


def _possible(node: yaml.ScalarNode) -> str:
    """What is left of a text without the characters that none can hold, which is never nothing: that would be another mistake."""
    return _IMPOSSIBLE.sub("", str(node.value)) or "\N{REPLACEMENT CHARACTER}"


def _scalar(node: yaml.ScalarNode) -> Any:
    value = str(node.value)
    if node.style or (node.tag == "!" and value):
        return value
    if value in _WORDS:
        return _WORDS[value]
    if len(value) > _LONGEST_NUMBER:
        return value  # no setting is a number of so many digits: what wants one says that this is text
    if _INTEGER.match(value):
        return int(value, 0) if value[:2] in ("0o", "0x") else int(value)
    return _finite(value) if _FLOAT.match(value) else value


def _finite(value: str) -> float | str:
    number = float(value)
    return value if isinf(number) else number
