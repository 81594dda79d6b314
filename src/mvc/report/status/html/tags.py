"""HTML as text. Everything that is not made here is escaped, so that no name or error message can become markup."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from mvc.report.text.sanitize import visible


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def text(value: str) -> Markup:
    """Plain text as HTML. Control characters, which HTML cannot hold, show as their code, and so do those that hide or reorder text."""
    shown = "".join(part if part in "\n\t" else visible(part) for part in value)
    return Markup(escape(shown, quote=True))


def tag(name: str, *content: str, **attributes: str | float | None) -> Markup:
    """An element. `class_` is `class`, `aria_label` is `aria-label`; an attribute that is None is left out."""
    shown = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{text(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{shown}>{joined(content)}</{name}>")


def joined(content: Iterable[str]) -> Markup:
    """Parts one after the other; what is not markup yet is escaped."""
    return Markup("".join(part if isinstance(part, Markup) else text(part) for part in content))


def breakable(name: str) -> Markup:
    """A name that may go on in the next line after each underscore and point."""
    return Markup(text(name).replace("_", "_<wbr>").replace(".", ".<wbr>"))


def table(caption: str, head: Iterable[str], rows: Iterable[Iterable[str]], numbers: Iterable[int] = ()) -> Markup:
    """A table that scrolls by itself where the page is narrow; the columns `numbers` are set flush right."""
    right = frozenset(numbers)

    def row(cells: Iterable[str], kind: str) -> Markup:
        made = (
            tag(
                "th" if kind == "th" or at == 0 else "td",
                cell,
                class_="n" if at in right else None,
                scope=_scope(kind, at),
            )
            for at, cell in enumerate(cells)
        )
        return tag("tr", *made)

    body = tag("tbody", *(row(cells, "td") for cells in rows))
    inner = tag("table", tag("caption", caption), tag("thead", row(head, "th")), body)
    return tag("div", inner, class_="scroll", role="region", tabindex=0, aria_label=caption)


def _scope(kind: str, at: int) -> str | None:
    if kind == "th":
        return "col"
    return "row" if at == 0 else None
