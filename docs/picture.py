"""The README's pictures, drawn from what the product says: `python docs/picture.py [--check] [demo]`.

`review.svg` is the comment on a pull request that changes the starter, `demo.svg` the tables of the demo, which takes half a minute and
a PostgreSQL of its own (the extra `demo`). Both are text in boxes with colours of their own, for pages that are light or dark.
`--check` draws nothing, and fails where review.svg is not what would be drawn.
"""

# ruff: noqa: INP001  a script, not a package
from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html import escape
from itertools import groupby
from pathlib import Path
from textwrap import wrap
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

from markdown_it import MarkdownIt  # noqa: E402
from markdown_it.token import Token  # noqa: E402
from rich.console import Console  # noqa: E402

import mvc  # noqa: E402  the package beside us
from mvc.demo.run import run_demo  # noqa: E402
from mvc.engines.postgres.server.installations import find_installations  # noqa: E402
from mvc.report.demo.tables import UNICODE, questions_asked, who_sees_what  # noqa: E402

PICTURES: Final = ROOT / "docs" / "pictures"
WIDTH: Final = 880
MARGIN: Final = 24
COLUMNS: Final = (
    (0, 24),
    (180, 42),
    (455, 56),
)  # of a table: where each begins, and how many characters it has room for
DEBIANS: Final = Path("/usr/lib/postgresql/15/bin")  # which may have PostGIS, that one of the views needs
CELL: Final = 7.25  # the width of a character of the demo's
SCALE: Final = 0.5  # of the demo's data
SANS: Final = "-apple-system,'Segoe UI',Helvetica,Arial,sans-serif"
MONO: Final = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace"
STYLE: Final = f"""<style>
text{{font:14px {SANS};fill:#1f2328;white-space:pre}}.m text,.code{{font-family:{MONO};font-size:12px}}.code{{fill:#0550ae}}
.bold{{font-weight:600}}.dim{{fill:#59636e}}.green{{fill:#116329}}.yellow{{fill:#7d4e00}}.red{{fill:#a40e26}}.cyan{{fill:#0a5a75}}.magenta{{fill:#6639ba}}
.card{{fill:#fff;stroke:#d1d9e0}}.head{{fill:#f6f8fa}}.rule{{stroke:#d1d9e0}}
@media(prefers-color-scheme:dark){{text{{fill:#f0f6fc}}.code{{fill:#a5d6ff}}.dim{{fill:#9198a1}}.green{{fill:#7ee787}}.yellow{{fill:#f2cc60}}
.red{{fill:#ffa198}}.cyan{{fill:#79c0ff}}.magenta{{fill:#d2a8ff}}.card{{fill:#0d1117;stroke:#3d444d}}.head{{fill:#151b23}}.rule{{stroke:#3d444d}}}}
</style>"""


@dataclass(frozen=True)
class Run:
    """Some text in one style: names of classes, with spaces between them."""

    text: str
    style: str = ""


Line = list[Run]


@dataclass
class Card:
    """A picture that grows downwards."""

    title: str
    marks: list[str] = field(default_factory=list)
    y: float = 64

    def text(self, x: float, line: Iterable[Run]) -> None:
        """A line of text at the present height."""
        runs = "".join(
            f'<tspan class="{run.style}">{escape(run.text)}</tspan>' if run.style else escape(run.text) for run in line
        )
        self.marks.append(f'<text x="{x:g}" y="{self.y:g}">{runs}</text>')

    def cells(self, line: Iterable[Run]) -> None:
        """A line of characters that are all as wide, each run at its place whatever the font is."""
        parts, at = [], 0
        for run in line:
            text = run.text.lstrip(" ")
            x = MARGIN + CELL * (at + len(run.text) - len(text))
            at += len(run.text)
            if text.strip():
                parts.append(f'<tspan x="{x:g}" class="{run.style}">{escape(text.rstrip())}</tspan>')
        self.marks.append(f'<text y="{self.y:g}">{"".join(parts)}</text>')

    def rule(self) -> None:
        """A line across."""
        self.marks.append(f'<path class="rule" d="M{MARGIN} {self.y:g}H{WIDTH - MARGIN}"/>')

    def svg(self, *, mono: bool = False) -> str:
        """The picture."""
        height, kind = round(self.y + 8), ' class="m"' if mono else ""
        box = f'width="{WIDTH - 1}" height="{height - 1}" rx="6"'
        body = "\n".join(self.marks)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" role="img">'
            f"\n<title>{escape(self.title)}</title>\n{STYLE}\n"
            f'<rect class="card" x=".5" y=".5" {box}/><path class="head" d="M1 38V7a6 6 0 0 1 6-6H{WIDTH - 7}a6 6 0 0 1 6 6V38z"/>'
            f'<path class="rule" d="M1 38H{WIDTH - 1}"/><text x="{MARGIN}" y="24" class="dim">{escape(self.title)}</text>\n'
            f"<g{kind}>\n{body}\n</g>\n</svg>\n"
        )


def comment() -> str:
    """What `mvc diff` writes about a branch that changes the starter, in Markdown."""
    before = mvc.starter()
    view, policies = "views/daily_revenue.yml", "policies/shop.yml"
    changed = before[view].replace("<> 'cancelled'", "= 'paid'").replace("  customers: {count: c}\n", "")
    partners = "  - {policy: partners, view: daily_revenue, to: [partners], using: country = current_setting('shop.country')}\n"
    after = before | {view: changed, policies: before[policies] + partners}
    difference = mvc.diff(mvc.compile(mvc.load(before)), mvc.compile(mvc.load(after)))
    return mvc.render(difference, "markdown", name="shop")


def review_svg() -> str:
    """The comment, drawn."""
    card = Card("mvc diff, as a comment on a pull request")
    tokens = MarkdownIt("commonmark").enable("table").parse(comment())
    depth, cells = 0, 0
    for token in tokens:
        depth += {"bullet_list_open": 1, "bullet_list_close": -1}.get(token.type, 0)
        if token.type == "tr_open":
            cells, tallest, top = 0, 1, card.y
        elif token.type == "inline" and token.level == 4 and not depth:
            x, room = COLUMNS[cells]
            card.y, cells = top, cells + 1
            lines = list(_wrapped(_runs(token), room))
            tallest = max(tallest, len(lines))
            for line in lines:
                card.text(MARGIN + x, line)
                card.y += 20
        elif token.type == "tr_close":
            card.y = top + 20 * tallest - 6
            card.rule()
            card.y += 20
        elif token.type == "inline":
            bullet = [Run("• ", "dim")] if depth else []
            card.text(MARGIN + 18 * depth, [*bullet, *_runs(token)])
            card.y += 24 if not depth else 21
        elif token.type == "html_block" and "summary" in token.content:
            card.y += 6
            card.text(MARGIN, [Run("▾ "), Run(token.content.split("<code>")[1].split("</code>")[0], "code")])
            card.y += 24
    return card.svg()


def _runs(token: Token) -> Line:
    bold = False
    found: Line = []
    for child in token.children or ():
        bold = {"strong_open": True, "strong_close": False}.get(child.type, bold)
        if child.content:
            found.append(
                Run(child.content, "code" if child.type == "code_inline" else _shade(child.content, bold=bold))
            )
    return found


def _shade(text: str, *, bold: bool) -> str:
    """The grave classes stand out."""
    return f"bold {'red' if text in ('breaking', 'access-loosened') else ''}".rstrip() if bold else ""


def _wrapped(line: Line, room: int) -> Iterator[Line]:
    """The lines of a cell that is so many characters wide; styles stay with their characters."""
    text = "".join(run.text for run in line)
    styles = [run.style for run in line for _ in run.text]
    at = 0
    for part in wrap(text, room) or [""]:
        start = text.index(part, at)
        at = start + len(part)
        groups = groupby(range(start, at), key=styles.__getitem__)
        yield [Run("".join(text[place] for place in places), style) for style, places in groups]


def demo_svg() -> str:
    """The demo's tables, of a run of it that this waits for."""
    debians = (item for item in find_installations() if item.bindir == DEBIANS)
    report = run_demo(SCALE, lambda _: None, installation=next(debians, None))
    console = Console(width=110, color_system="standard", force_terminal=True)
    card = Card("mvc demo: seven views, three people, a year of a booking platform")
    for table in (who_sees_what(report), questions_asked(report, UNICODE)):
        for line in console.render_lines(table, pad=False):
            runs = [Run(item.text, _of_rich(str(item.style or ""))) for item in line]
            if any("─" in run.text or "━" in run.text for run in runs):
                card.y -= 5
                card.rule()
                card.y += 20
            elif any(run.text.strip() for run in runs):
                card.cells(runs)
                card.y += 18
        card.y += 14
    return card.svg(mono=True)


def _of_rich(style: str) -> str:
    return " ".join(
        word for word in style.split() if word in ("bold", "dim", "green", "yellow", "red", "cyan", "magenta")
    )


def main(arguments: list[str]) -> int | str:
    """Draws what is asked for, or says whether it is drawn as it should be."""
    review = PICTURES / "review.svg"
    if "--check" in arguments:
        stale = not review.is_file() or review.read_text(encoding="utf-8") != review_svg()
        return "stale: docs/pictures/review.svg; python docs/picture.py draws it" if stale else 0
    PICTURES.mkdir(exist_ok=True)
    review.write_text(review_svg(), encoding="utf-8")
    if "demo" in arguments:
        (PICTURES / "demo.svg").write_text(demo_svg(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
