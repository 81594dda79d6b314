"""Which views can be refreshed in part, what is said of those that cannot, and from where on a window begins."""

from __future__ import annotations

import pytest

import mvc
from mvc.compiled.project import Compiled

SCHEMA = """
CREATE TABLE org (id int PRIMARY KEY, name text, since date);
CREATE TABLE res (id int PRIMARY KEY, org_id int REFERENCES org, at timestamptz NOT NULL, local timestamp(3), day date, n int);
CREATE TABLE naming (id int PRIMARY KEY, k text NOT NULL, t regclass NOT NULL, ts regclass[], cfg regconfig, x text);
CREATE VIEW seen AS SELECT id, org_id FROM res;
CREATE FUNCTION looks_up(int) RETURNS int LANGUAGE sql STABLE AS 'SELECT 1';
"""
PLAIN = "view: v\nsources: {o: {table: org}, r: {table: res, on: r.org_id = o.id}}\ndimensions: {id: o.id}\naggregates: {n: {count: r}}\n"
INCREMENTAL = "{schedule: s, refresh: v, within: 1h, mode: incremental}"
WINDOW = "{schedule: s, refresh: v, within: 1h, mode: window, window: 2d}"


def compiled(view: str, *schedules: str) -> Compiled:
    listed = ", ".join(schedules)
    files = {
        "mvc.yml": "catalog: s.sql\n",
        "s.sql": SCHEMA,
        "views/v.yml": view,
        "schedules/s.yml": f"schedules: [{listed}]\n",
    }
    return mvc.compile(mvc.load(files))


def refusal(view: str, schedule: str) -> str:
    with pytest.raises(mvc.ProjectError) as refused:
        compiled(view, schedule)
    assert [item.code for item in refused.value.diagnostics] == ["MV604"]
    return refused.value.diagnostics[0].title


REASONS = {
    "view: v\nsources: {r: {table: res}}\naggregates: {n: {count: r}}\n": "it has no dimension",
    PLAIN.replace("r.org_id = o.id", "r.org_id > o.id"): "`r` is joined by no equation",
    PLAIN.replace("table: res", "table: seen"): "changes of `r` cannot be watched: public.seen is a view",
    PLAIN.replace("{id: o.id}", "{id: o.id, old: 'o.since < CURRENT_DATE'}"): None,
    "view: v\nsources: {r: {table: res}}\ndimensions: {today: 'r.day = CURRENT_DATE'}\n": "the dimension `today` changes with time",
    PLAIN.replace("{n: {count: r}}", "{n: {count: r}, x: {expr: n + extract(day FROM now())}}"): "`x` is computed from the time",
    PLAIN.replace("{n: {count: r}}", "{n: {sum: looks_up(r.n)}}"): "depends on looks_up()",
    PLAIN.replace("{n: {count: r}}", "{n: {count: r, where: r.day = 'today'}}"): "depends on the string 'today'",
    PLAIN.replace("{n: {count: r}}", "{n: {sql: 'max(r.n) FILTER (WHERE r.at > now())'}}"): "`n` is an aggregate in SQL that reads the time",
    PLAIN.replace("{n: {count: r}}", "{n: {sql: max(r.n), where: r.at > now()}}"): None,
    PLAIN + "where: o.name = current_user\n": "depends on current_user",
    "view: v\nsql: SELECT o.id, count(*) AS n FROM org AS o GROUP BY 1\ngrain: [id]\n": "its body is SQL",
    PLAIN + "materialized: false\n": None,
}  # fmt: skip


NAMING = (
    "view: v\nsources: {{n: {{table: naming}}}}\ndimensions: {{{0}}}\naggregates: {{n: {{count: n}}, x: {{{1}}}}}\n"
)
REASONS |= {
    NAMING.format("k: n.k", "max: n.t::text"): "depends on `n.t`, a regclass",
    NAMING.format("k: n.k", "max: n.ts::text"): "depends on `n.ts`, a regclass",
    NAMING.format("t: 'n.t::text'", "count: n"): "depends on `n.t`, a regclass",
    NAMING.format("k: n.k", "json_agg: n.t, order: n.id"): "depends on `n.t`, a regclass",
    NAMING.format("t: n.t", "expr: 't::text'"): "`t::text` depends on `n.t`, a regclass",
    NAMING.format("k: n.k", "max: 'to_tsvector(n.cfg, n.x)::text'"): "depends on `n.cfg`, a regconfig",
    NAMING.format("k: n.k", "max: 'to_tsvector(n.k::regconfig, n.x)::text'"): "depends on regconfig",
    NAMING.format("k: n.k", "max: 'n.id::pg_catalog.regrole::text'"): "depends on regrole",
    NAMING.format("k: n.k", "max: 'n.id::\"regrole\"::text'"): "depends on regrole",
    NAMING.format("t: n.t", "array_agg: n.t"): None,
    NAMING.format("k: n.k", "max: 'to_tsvector(''english''::regconfig, n.x)::text'"): None,
    NAMING.format("k: n.k", "max: 'to_tsvector(CAST(''english'' AS regconfig), n.x)::text'"): None,
}


@pytest.mark.parametrize(("view", "reason"), REASONS.items(), ids=[reason or "none" for reason in REASONS.values()])
def test_a_view_that_is_named_is_refused_with_the_reason(view: str, reason: str | None):
    if reason is None:
        compiled(view, INCREMENTAL)
    else:
        assert reason in refusal(view, INCREMENTAL)


@pytest.mark.parametrize("selector", ["all", "tag:some"])
@pytest.mark.parametrize(
    "view", [view for view, reason in REASONS.items() if reason], ids=[reason for reason in REASONS.values() if reason]
)
def test_one_of_many_is_refreshed_as_a_whole_without_a_word(view: str, selector: str):
    schedule = f'{{schedule: s, refresh: ["{selector}"], within: 1h, mode: incremental}}'
    found = compiled(f"{view}tags: [some]\n", schedule)
    assert [item.code for item in found.diagnostics] == []
    assert found.view("v").increment is None
    assert found.view("v").stored_as != "table"
    assert found.view("v").whole_because != ()


PERIODS = {
    "r.day": ("date", ""),  # it may hold the first days of months
    "r.at": ("timestamp with time zone", ""),
    "r.local": ("timestamp without time zone", ""),
    "r.at::date": ("date", "day"),
    "(r.at AT TIME ZONE 'Europe/Berlin')::date": ("date", "day"),
    "date_trunc('month', r.at)": ("timestamp with time zone", "month"),
    "date_trunc('hour', r.local)": ("timestamp without time zone", "hour"),
    "date_trunc('week', r.day)": ("timestamp with time zone", "week"),
    "date_trunc('Month', r.at)::date": ("date", "month"),
    "date_trunc('month', r.at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'": ("timestamp with time zone", "month"),
    "CAST(date_trunc('year', r.local) AS date)": ("date", "year"),
}


@pytest.mark.parametrize(("period", "said"), PERIODS.items())
def test_the_period_of_a_window(period: str, said: tuple[str, str]):
    view = f'view: v\nsources: {{r: {{table: res}}}}\ndimensions: {{org: r.org_id, period: "{period}"}}\naggregates: {{n: {{count: r}}}}\n'
    window = compiled(view, WINDOW).view("v").window
    seconds = 2 * 86400 + (26 * 3600 if "Europe/Berlin" in period else 0)  # days begin by another clock than windows do
    assert window is not None
    assert (window.column, window.unit, window.seconds) == ("period", said[1], seconds)
    assert f"COALESCE($1::{said[0]}, '-infinity')" in window.merge.in_place


@pytest.mark.parametrize(
    "dimension", ["r.org_id", "extract(year FROM r.at)", "r.at - r.local", "to_char(r.at, 'YYYY')"]
)
def test_what_is_no_period(dimension: str):
    view = (
        f'view: v\nsources: {{r: {{table: res}}}}\ndimensions: {{d: "{dimension}"}}\naggregates: {{n: {{count: r}}}}\n'
    )
    assert "no column of its grain is a date or a time" in refusal(view, WINDOW)


def test_the_longest_window_counts():
    view = "view: v\nsources: {r: {table: res}}\ndimensions: {day: r.day}\naggregates: {n: {count: r}}\n"
    longer = "{schedule: t, refresh: v, every: '0 3 * * *', mode: window, window: 30d}"
    for schedules in ((WINDOW, longer), (longer, WINDOW)):
        window = compiled(view, *schedules).view("v").window
        assert window is not None
        assert window.seconds == 30 * 86400
