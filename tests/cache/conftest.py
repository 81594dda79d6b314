"""A small project as files, for the cache."""

from __future__ import annotations

import pytest

FILES = {
    "mvc.yml": "project: shop\ncatalog: schema/*.sql\n",
    "schema/t.sql": "CREATE TABLE t (id int PRIMARY KEY, d timestamptz NOT NULL, n int);\n",
    "views/a.yml": """\
view: a
description: "Ünï \\"quoted\\" 'text' ✓"
tags: [x, y]
sources: {t: {table: t}}
dimensions: {day: t.d::date}
aggregates: {n: {sum: t.n, description: what}, m: {expr: n + 1}}
indexes: [{columns: [n desc]}]
""",
    "views/b.yml": "view: b\nsources: {a: {view: a}}\ndimensions: {day: a.day}\naggregates: {n: {max: a.n}}\n",
    "policies/p.yml": "policies: [{policy: p, view: a, to: [r], using: n > 1}]\n",
    "schedules/s.yml": "schedules: [{schedule: s, refresh: [a], every: '0 * * * *', timezone: Europe/Oslo}]\n",
}


@pytest.fixture
def files():
    """`b` has no schedule, which makes a warning."""
    return dict(FILES)
