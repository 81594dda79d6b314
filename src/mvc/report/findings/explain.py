"""A rule for a terminal: what `mvc explain CODE` shows."""

from __future__ import annotations

from collections.abc import Iterator

from mvc.diagnostics.rules import Example, Rule
from mvc.report.text.style import PLAIN, Style


def render_rule(rule: Rule, style: Style = PLAIN) -> str:
    """The rule's code and title, why it exists, and both examples."""
    head = style.paint("strong", f"{rule.code}: {rule.title}")
    parts = [head, rule.prose]
    parts += [style.paint("error", "Wrong"), *_example(rule.wrong, style)]
    parts += [style.paint("help", "Right"), *_example(rule.right, style)]
    return "\n\n".join(parts)


def _example(example: Example, style: Style) -> Iterator[str]:
    if example.prose:
        yield example.prose
    for path, text in example.files.items():
        body = "\n".join(f"    {line}".rstrip() for line in text.rstrip("\n").split("\n"))
        yield f"  {style.paint('frame', path)}\n{body}"
