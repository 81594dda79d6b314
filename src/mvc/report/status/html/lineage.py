"""What reads what, as SVG: base tables on the left, every view to the right of all that it reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from mvc.engines.postgres.server.status import Status, ViewStatus
from mvc.report.status.html.tags import Markup, joined, tag
from mvc.report.status.text import age_text
from mvc.report.text.sanitize import width

WIDE: Final = 232
TALL: Final = 46
ACROSS: Final = 96  # between columns
BELOW: Final = 14  # between boxes
LETTERS: Final = 27  # that a box is wide


@dataclass(frozen=True, slots=True)
class Box:
    """A table or view and where it stands."""

    name: str
    x: int
    y: int
    view: ViewStatus | None


def lineage(status: Status) -> Markup:
    """The graph with a description for those who cannot see it."""
    reads = {view.called: (*view.upstream, *view.tables) for view in status.views}
    boxes = _placed(status, reads)
    wide = max((box.x for box in boxes.values()), default=0) + WIDE + 2
    tall = max((box.y for box in boxes.values()), default=0) + TALL + 2
    edges = [_edge(boxes[source], boxes[name]) for name, sources in reads.items() for source in sources]
    described = "; ".join(f"{name} reads {', '.join(sources)}" for name, sources in reads.items() if sources)
    drawing = tag(
        "svg",
        tag("desc", described),
        tag("g", *edges, class_="edges"),
        *(_drawn(box) for box in boxes.values()),
        viewBox=f"0 0 {wide} {tall}",
        width=wide,
        height=tall,
        role="img",
        aria_label="Lineage of the views",
    )
    return tag("div", drawing, class_="scroll", role="region", tabindex=0, aria_label="Lineage graph")


def _placed(status: Status, reads: Mapping[str, Sequence[str]]) -> dict[str, Box]:
    views = {view.called: view for view in status.views}
    columns: dict[int, list[str]] = {}
    for name in dict.fromkeys((*sorted({table for view in status.views for table in view.tables}), *_by_depth(reads))):
        columns.setdefault(_depth(name, reads), []).append(name)
    placed: dict[str, Box] = {}
    tallest = max((len(names) for names in columns.values()), default=0)
    for depth, names in sorted(columns.items()):
        ordered = sorted(names, key=lambda name: (_middle(name, reads, placed), name)) if depth else names
        start = (tallest - len(ordered)) * (TALL + BELOW) // 2
        for at, name in enumerate(ordered):
            placed[name] = Box(name, 1 + depth * (WIDE + ACROSS), 1 + start + at * (TALL + BELOW), views.get(name))
    return placed


def _by_depth(reads: Mapping[str, Sequence[str]]) -> list[str]:
    return sorted(reads, key=lambda name: (_depth(name, reads), name))


def _depth(name: str, reads: Mapping[str, Sequence[str]]) -> int:
    """Steps from the base tables, which are 0; a view that reads none of them is 1."""
    return 1 + max((_depth(source, reads) for source in reads[name]), default=0) if name in reads else 0


def _middle(name: str, reads: Mapping[str, Sequence[str]], placed: Mapping[str, Box]) -> float:
    """The height at which what it reads stands, so that edges cross little."""
    heights = [placed[source].y for source in reads[name] if source in placed]
    return sum(heights) / len(heights) if heights else 0.0


def _edge(source: Box, box: Box) -> Markup:
    x1, y1, x2, y2 = source.x + WIDE, source.y + TALL / 2, box.x, box.y + TALL / 2
    bend = (x2 - x1) / 2
    return tag(
        "path",
        tag("title", f"{box.name} reads {source.name}"),
        d=f"M{x1} {y1} C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}",
    )


def _drawn(box: Box) -> Markup:
    kind, below = _state(box.view)
    shape = joined(
        [
            tag("title", f"{box.name}: {below}"),
            tag("rect", x=box.x, y=box.y, width=WIDE, height=TALL, rx=7),
            tag("text", _cut(box.name), x=box.x + 12, y=box.y + 19, class_="name"),
            tag("text", below, x=box.x + 12, y=box.y + 36, class_="below"),
        ]
    )
    if box.view is None:
        return tag("g", shape, class_="box table")
    return tag("a", tag("g", shape, class_=f"box {kind}"), href=f"#view-{box.name}")


def _state(view: ViewStatus | None) -> tuple[str, str]:
    """A class, and words that say the same as its colour."""
    if view is None:
        return "table", "base table"
    if view.problem:
        return "bad", "a part of it is gone"
    if view.kind == "plain":
        return "plain", "computed when it is read"
    age = "no data" if view.data_age is None else f"{age_text(view.data_age)} old"
    if view.failed:
        return "bad", f"{age}, last refresh {view.last_status}"
    return ("late", f"{age}, promise broken") if view.broken else ("good", age)


def _cut(name: str) -> str:
    if width(name) <= LETTERS:
        return name
    return name[: LETTERS - 1] + "…"
