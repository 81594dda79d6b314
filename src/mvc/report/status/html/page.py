"""The page: what needs attention first, then freshness, refreshes, lineage, sizes, reads, what is left over."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from typing import Final

from mvc.engines.postgres.server.status import Status, ViewStatus
from mvc.report.status.drift import drift_text
from mvc.report.status.html.lineage import lineage
from mvc.report.status.html.tags import Markup, breakable, joined, table, tag, text
from mvc.report.status.html.timeline import clock, seconds_text, timeline, zone_of
from mvc.report.status.text import age_text, promise_text
from mvc.report.text.sizes import size_text
from mvc.report.text.style import PLAIN
from mvc.report.text.words import one_line

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"


def status_page(status: Status, project: str, timezone: str) -> str:
    """The whole page. Times are in the project's `timezone`; nothing is loaded, nothing runs."""
    zone = zone_of(timezone)
    title = f"{project} in {status.database}"
    head = joined(
        [
            Markup('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
            Markup(f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'),
            Markup('<meta name="color-scheme" content="light dark">'),
            tag("title", f"Views of {title}"),
            tag("style", Markup(files("mvc.report.status.html").joinpath("page.css").read_text(encoding="utf-8"))),
        ]
    )
    when = f"{clock(status.at, zone)} {timezone}, deployment {status.deployment}"
    header = tag("header", tag("h1", title), tag("p", when))
    if not status.deployment:
        body = tag("main", tag("p", "Nothing of this project is deployed here."))
        return _document(head, tag("header", tag("h1", title)), body)
    parts = (
        _section("Needs attention", _attention(status)),
        _section("Freshness", _freshness(status)),
        _section("Refreshes", timeline(status, zone)),
        _section("Errors", _errors(status)) if any(view.last_error_age is not None for view in status.views) else "",
        _section("Lineage", lineage(status)),
        _section("Sizes", _sizes(status)),
        _section("Reads", _reads(status)),
        _section("Kept and unused", _leftovers(status)) if status.leftovers else "",
    )
    return _document(head, header, tag("main", _figures(status), *parts))


def _document(head: Markup, header: Markup, main: Markup) -> str:
    return f'<!DOCTYPE html>\n<html lang="en">\n<head>{head}</head>\n<body>\n{header}\n{main}\n</body>\n</html>\n'


def _section(title: str, content: str) -> Markup:
    name = title.lower().replace(" ", "-")
    return tag("section", tag("h2", title, id=name), content, aria_labelledby=name)


def _figures(status: Status) -> Markup:
    stored = [view for view in status.views if view.kind != "plain"]
    promised = [view for view in stored if view.promises]
    kept = sum(not view.broken for view in promised)
    failed = sum(view.failed for view in stored)
    figures = (
        (str(len(status.views)), "views", ""),
        (
            f"{kept} of {len(promised)}" if promised else "none",
            "promises kept",
            "" if kept == len(promised) else "late",
        ),
        (str(failed), "failed last", "bad" if failed else ""),
        (str(sum(view.today.get("completed", 0) for view in stored)), "refreshes today", ""),
        (size_text(sum(view.bytes for view in stored)), "stored", ""),
    )
    return tag(
        "dl",
        *(tag("div", tag("dt", name), tag("dd", number), class_=kind) for number, name, kind in figures),
        class_="figures",
    )


def _attention(status: Status) -> Markup:
    items = list(_troubles(status))
    if status.drift:
        lines = drift_text(status.drift, PLAIN).splitlines()
        items.append(
            tag(
                "li",
                tag("b", "Not as the last deployment left it"),
                tag("pre", "\n".join(line.strip() for line in lines)),
                class_="late",
            )
        )
    if not items:
        return tag("p", "Nothing: every promise is kept, every last refresh completed.", class_="fine")
    return tag("ul", *items, class_="attention")


def _troubles(status: Status) -> Iterator[Markup]:
    for view in status.views:
        if view.problem:
            yield tag("li", tag("b", view.called), f" {view.problem}", class_="bad")
        if view.behind:
            yield tag("li", tag("b", view.called), f" {view.behind}", class_="late")
        if view.failed:
            ago = f" {age_text(view.last_error_age)} ago" if view.last_error_age is not None else ""
            words = f" {view.last_status}{ago}: {one_line(view.last_error or 'its session has gone')}"
            yield tag("li", tag("b", view.called), words, class_="bad")
        for promise in view.broken:
            yield tag("li", tag("b", view.called), f" {promise_text(promise)} ({promise.schedule})", class_="late")


def _freshness(status: Status) -> Markup:
    head = ("view", "data from", "promised", "last refresh", "today", "groups queued")
    return table("How fresh the data of each view is", head, (_fresh_row(view) for view in status.views))


def _fresh_row(view: ViewStatus) -> tuple[str, ...]:
    name = tag("span", breakable(view.called), id=f"view-{view.called}")
    if view.kind == "plain":
        return name, "whenever it is read", "", "", "", ""
    age = "no data" if view.data_age is None or not view.populated else f"{age_text(view.data_age)} ago"
    today = ", ".join(f"{count} {kind}" for kind, count in view.today.items() if count) or "none"
    queue = "" if view.queued_groups is None else f"{view.queued_groups:,}"
    return name, age, _promise(view), _last(view), today, queue


def _errors(status: Status) -> Markup:
    """The last error of each view that had one, the latest first; also where a refresh has completed since."""
    failed = [(view, view.last_error_age) for view in status.views if view.last_error_age is not None]
    rows = [
        (
            breakable(view.called),
            f"{age_text(age)} ago",
            "no" if view.failed else "yes",
            tag("span", one_line(view.last_error or "the session has gone"), class_="said"),
        )
        for view, age in sorted(failed, key=lambda item: item[1] or 0.0)
    ]
    return table("The last error of each view", ("view", "when", "mended", "error"), rows)


def _last(view: ViewStatus) -> str:
    if view.running_seconds is not None:
        return tag("span", f"under way for {age_text(view.running_seconds)}", class_="outcome started")
    last = view.last_refresh
    if last is None:
        return "not yet"
    return tag(
        "span", f"{last.status} {age_text(last.age)} ago, {seconds_text(last.seconds)}", class_=f"outcome {last.status}"
    )


def _promise(view: ViewStatus) -> Markup:
    """The strictest promise as a meter: how much of its time has gone."""
    if not view.promises:
        return text("none")
    promise = min(view.promises, key=lambda item: item.seconds)
    share = 1.0 if promise.age is None else min(promise.age / max(promise.seconds, 1.0), 1.0)
    kind = "late" if promise.broken else "good"
    bar = tag("span", tag("span", style=f"width:{share * 100:.0f}%"), class_=f"meter {kind}", aria_hidden="true")
    return joined([bar, f"{'broken: ' if promise.broken else ''}{age_text(promise.seconds)}"])


def _sizes(status: Status) -> Markup:
    stored = sorted((view for view in status.views if view.kind != "plain"), key=lambda view: -view.bytes)
    largest = max((view.bytes for view in stored), default=0)
    head = ("view", "total", "", "rows", "table", "indexes", "toast", "dead rows")
    rows = [
        (
            breakable(view.called),
            size_text(view.bytes),
            _stacked(view, largest),
            "?" if view.rows is None else f"{view.rows:,}",
            *(
                "?" if part is None else size_text(part)
                for part in (view.table_bytes, view.index_bytes, view.toast_bytes)
            ),
            "" if not view.dead_rows else f"{view.dead_rows:,} ({(view.dead_share or 0) * 100:.0f} %)",
        )
        for view in stored
    ]
    marks = (("table", "table"), ("indexes", "indexes"), ("toast", "toast"))
    key = tag("ul", *(tag("li", tag("i", class_=kind), words) for kind, words in marks), class_="key")
    return joined([key, table("How large each view is", head, rows, numbers=(1, 3, 4, 5, 6, 7))])


def _stacked(view: ViewStatus, largest: int) -> Markup:
    parts = (("table", view.table_bytes), ("indexes", view.index_bytes), ("toast", view.toast_bytes))
    bars = [
        tag("span", class_=kind, style=f"width:{(size or 0) / largest * 100:.2f}%")
        for kind, size in parts
        if size and largest
    ]
    return tag("span", *bars, class_="stacked", aria_hidden="true")


def _reads(status: Status) -> Markup:
    used = [(view, view.usage) for view in status.views if view.usage]
    hints = dict.fromkeys(usage.hint for _, usage in used if usage.hint)
    rows = [
        (
            breakable(view.called),
            "?" if usage.calls is None else f"{usage.calls:,}",
            "" if usage.calls_per_day is None else f"{usage.calls_per_day:,.0f}",
            "" if usage.mean_seconds is None else f"{usage.mean_seconds * 1000:.1f} ms",
            "" if usage.counted_since is None else f"{age_text(status.at - usage.counted_since)} ago",
            "" if usage.last_scan is None else f"{age_text(max(0.0, status.at - usage.last_scan))} ago",
        )
        for view, usage in sorted(used, key=lambda item: -(item[1].calls or 0))
    ]
    head = ("view", "reads", "a day", "mean time", "counted since", "last scan")
    shown = table("How often statements read each view", head, rows, numbers=(1, 2, 3))
    return joined([*(tag("p", hint, class_="hint") for hint in hints), shown])


def _leftovers(status: Status) -> Markup:
    rows = [(breakable(item.name), item.view, item.kind, size_text(item.bytes)) for item in status.leftovers]
    return table(
        "Stored relations that no reader uses; mvc prune drops them",
        ("relation", "view", "why", "size"),
        rows,
        numbers=(3,),
    )
