"""The page of `mvc status --html` and the metrics for Prometheus, from a status as data."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from mvc.engines.postgres.plan.drift_kinds import Drift
from mvc.engines.postgres.plan.leftovers import Leftover
from mvc.engines.postgres.server.status import Status, ViewStatus
from mvc.engines.postgres.server.status_parts import LastRefresh, LoggedRun, Promise, Usage
from mvc.report.status.html.lineage import LETTERS, lineage
from mvc.report.status.html.page import status_page
from mvc.report.status.html.timeline import UP, clock, timeline, zone_of
from mvc.report.status.prometheus import labels, number, prometheus_text

EVIL = "<script>alert('x')</script>&\"\x1b"
AT = 1_714_572_180.0  # 2024-05-01 14:03 UTC


def view(name: str, **changed: object) -> ViewStatus:
    plain = ViewStatus(
        view=name, called=name, schema="public", kind="materialized", stored=f"{name}_1", rows=10, bytes=600, data_age=60.0, populated=True,
        last_refresh=LastRefresh("completed", 60.0, 1.5, None), storage="materialized view", table_bytes=300, index_bytes=200,
        toast_bytes=100, last_status="completed", last_success_age=58.5, last_success_seconds=1.5, last_error=None, last_error_age=None,
        today={"completed": 3, "failed": 0, "skipped": 0, "lost": 0}, running_seconds=None, dead_rows=5, dead_share=0.25, queued_groups=None,
        promises=(), usage=None, upstream=(), tables=("public.orders",),
    )  # fmt: skip
    return replace(plain, **changed)  # type: ignore[arg-type]


def run(name: str, status: str = "completed", ago: float = 60.0, **changed: object) -> LoggedRun:
    return replace(LoggedRun(name, status, "full", None, AT - ago, 1.5, 2, 10, None, name), **changed)  # type: ignore[arg-type]


LATE = Promise("hourly", 3600.0, 7200.0, broken=True)
KEPT = Promise("daily", 86_400.0, 60.0, broken=False)
STATUS = Status(
    "shop",
    4,
    (
        view("a", promises=(KEPT, LATE), usage=Usage(8, 0.0025, 0.02, 4.0, AT - 172_800, 1, 2, AT - 60, None)),
        view(
            "b",
            upstream=("a",),
            tables=(),
            last_status="failed",
            last_error="boom",
            last_error_age=30.0,
            queued_groups=7,
        ),
        view("c", kind="plain", storage="view", upstream=("b",), tables=(), last_status=None, last_refresh=None),
    ),
    (),
    (),
    AT,
    (run("a", ago=7200), run("a", seconds=6.0), run("b", "failed", error="boom"), run("b", "skipped")),
)


class Reader(HTMLParser):
    """What a browser would make of a page: its elements and text; every element must be closed where it was opened."""

    VOID = frozenset({"meta", "wbr"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def read(status: Status) -> Reader:
    reader = Reader(status_page(status, "shop", "UTC"))
    assert reader.open == []
    return reader


class TestPage:
    def test_is_whole_and_loads_nothing(self):
        reader = read(STATUS)
        assert not {"script", "link", "img", "iframe", "form"} & {name for name, _ in reader.found}
        urls = [value for _, attributes in reader.found for key, value in attributes.items() if key in ("href", "src")]
        assert urls
        assert all(url and url.startswith("#") for url in urls)
        assert "url(" not in status_page(STATUS, "shop", "UTC")
        assert "@import" not in status_page(STATUS, "shop", "UTC")

    def test_says_what_needs_attention(self):
        words = "".join(read(STATUS).text)
        assert "a no older than 1 h 0 min was promised, the data is 2 h 0 min old (hourly)" in words
        assert "b failed 30 s ago: boom" in words
        assert "Nothing: every promise is kept" not in words

    def test_says_that_nothing_does(self):
        words = "".join(read(replace(STATUS, views=(view("a", promises=(KEPT,)),))).text)
        assert "Nothing: every promise is kept, every last refresh completed." in words
        assert "1 of 1" in words

    def test_can_be_found_one_s_way_in(self):
        reader = read(STATUS)
        ids = [attributes["id"] for _, attributes in reader.found if "id" in attributes]
        assert len(ids) == len(set(ids))
        assert {str(item["href"])[1:] for item in reader.of("a")} <= set(ids)
        assert all(item.get("aria-labelledby") in ids for item in reader.of("section"))
        assert all(item.get("role") == "img" and item.get("aria-label") for item in reader.of("svg"))
        assert len(reader.of("caption")) == len(reader.of("table"))
        assert all(item.get("scope") for item in reader.of("th"))

    def test_lets_no_text_become_markup(self):
        evil = view(
            EVIL, last_error=EVIL, last_status="failed", last_error_age=1.0, promises=(replace(LATE, schedule=EVIL),)
        )
        evil = replace(evil, upstream=(EVIL + "2",), tables=(EVIL + "3",), usage=Usage(1, 1, 1, 1, 1, 1, 1, 1, EVIL))
        other = view(EVIL + "2", tables=(), upstream=())
        drift, left = (Drift("index by hand", EVIL, EVIL),), (Leftover(EVIL, EVIL, "unknown", "v", 1, 0.0),)
        status = replace(
            STATUS,
            database=EVIL,
            views=(evil, other),
            drift=drift,
            leftovers=left,
            runs=(run(EVIL, "failed", error=EVIL),),
        )
        page = status_page(status, EVIL, "UTC")
        assert "<script" not in page
        assert "\x1b" not in page
        assert Reader(page).open == []

    def test_of_nothing(self):
        assert "Nothing of this project is deployed here." in read(Status("shop", 0, (), (), ())).text


class TestLineage:
    def places(self, status: Status) -> dict[str, tuple[int, int]]:
        boxes = re.findall(r'<title>([^<]*): [^<]*</title><rect x="(\d+)" y="(\d+)"', lineage(status))
        return {name: (int(x), int(y)) for name, x, y in boxes}

    def test_every_view_is_right_of_what_it_reads(self):
        found = self.places(STATUS)
        assert found["public.orders"][0] < found["a"][0] < found["b"][0] < found["c"][0]
        assert lineage(STATUS).count("<path") == 3
        assert "<desc>a reads public.orders; b reads a; c reads b</desc>" in lineage(STATUS)

    def test_no_two_boxes_share_a_place(self):
        views = tuple(view(f"v{n}", tables=("t", "u"), upstream=(f"v{n - 3}",) if n >= 3 else ()) for n in range(12))
        found = self.places(replace(STATUS, views=views))
        assert len(found) == 14
        assert len(set(found.values())) == 14

    def test_a_long_name_is_cut_and_kept_whole_in_its_title(self):
        name = "v" * 60
        drawn = lineage(replace(STATUS, views=(view(name),)))
        assert f"<title>{name}: 1 min old</title>" in drawn
        assert f">{'v' * (LETTERS - 1)}…</text>" in drawn


class TestTimeline:
    def bars(self, status: Status) -> dict[str, list[dict[str, str | None]]]:
        found: dict[str, list[dict[str, str | None]]] = {}
        for bar in Reader(timeline(status, zone_of("UTC"))).of("rect"):
            found.setdefault(str(bar["class"]), []).append(bar)
        return found

    def test_failures_point_down_and_longer_runs_are_higher(self):
        found = self.bars(STATUS)
        assert {kind: len(bars) for kind, bars in found.items()} == {"completed": 2, "failed": 1, "skipped": 1}
        short, long = (float(str(bar["height"])) for bar in found["completed"])
        assert short < long <= UP
        assert float(str(found["failed"][0]["y"])) == UP

    def test_times_are_in_the_projects_zone(self):
        assert clock(AT, zone_of("Asia/Tokyo")) == "2024-05-01 23:03"
        assert clock(AT, zone_of("no/such zone")) == "2024-05-01 14:03"

    def test_of_nothing(self):
        assert "Nothing was refreshed" in timeline(replace(STATUS, runs=()), zone_of("UTC"))


class TestPrometheus:
    SAMPLE = re.compile(r'([a-z_]+)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (\S+)')

    def parsed(self, text: str) -> dict[str, list[tuple[str, float]]]:
        """Samples by metric; each metric in one block behind its own HELP and TYPE."""
        assert text.endswith("\n")
        found: dict[str, list[tuple[str, float]]] = {}
        lines = iter(text.splitlines())
        for line in lines:
            if line.startswith("# HELP "):
                name = line.split()[2]
                assert name not in found
                assert re.fullmatch(rf"# TYPE {name} (gauge|counter)", next(lines))
                found[name] = []
                continue
            sample = self.SAMPLE.fullmatch(line)
            assert sample, line
            assert sample[1] == name
            found[name].append((sample[2] or "", float(sample[3])))
        return found

    def test_every_metric_has_its_head_and_base_units(self):
        found = self.parsed(prometheus_text(STATUS))
        assert all(samples for samples in found.values())
        assert found["mvc_view_data_age_seconds"][0] == ('schema="public",view="a"', 60.0)
        assert found["mvc_view_size_bytes"][:2] == [
            ('schema="public",view="a",part="table"', 300.0),
            ('schema="public",view="a",part="index"', 200.0),
        ]
        assert found["mvc_view_promise_broken"] == [
            ('schema="public",view="a",schedule="daily"', 0.0),
            ('schema="public",view="a",schedule="hourly"', 1.0),
        ]
        assert found["mvc_view_refresh_failed"] == [
            ('schema="public",view="a"', 0.0),
            ('schema="public",view="b"', 1.0),
        ]
        assert found["mvc_view_queued_groups"] == [('schema="public",view="b"', 7.0)]
        assert found["mvc_view_reads_seconds_total"] == [('schema="public",view="a"', 0.02)]
        assert found["mvc_deployment"] == [("", 4.0)]

    def test_labels_are_escaped(self):
        assert labels({"view": 'a"b\\c\nd'}) == r'view="a\"b\\c\nd"'
        self.parsed(prometheus_text(replace(STATUS, views=(view(EVIL.replace("\x1b", "") + "\n\\"),))))

    @pytest.mark.parametrize(
        ("value", "text"), [(0, "0"), (3.0, "3"), (0.25, "0.25"), (1e20, "100000000000000000000"), (1e-7, "1e-07")]
    )
    def test_numbers(self, value, text):
        assert number(value) == text

    def test_of_nothing(self):
        assert set(self.parsed(prometheus_text(Status("shop", 0, (), (), ())))) == {
            "mvc_deployment",
            "mvc_drift",
            "mvc_leftover_bytes",
        }
