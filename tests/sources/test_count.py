"""How many rows of a source a row of its parent has: the latest or the first one, at least one, none."""

from __future__ import annotations

import pytest

from servers import Database

from .shop import INDEX, TABLES, assert_as_by_hand, deployed, project

LATEST = """
view: v
sources:
  s: {table: stores}
  last: {table: visits, on: last.store_id = s.id, latest: last.visited_at, where: last.spent > 4}
  p: {table: staff, on: p.id = last.staff_id}
dimensions: {id: s.id, kind: last.kind, who: p.name}
aggregates: {spent: {max: last.spent}}
"""
LATEST_BY_HAND = """
SELECT s.id, (l).kind, p.name, (l).spent
FROM stores s
CROSS JOIN LATERAL (
  SELECT (SELECT v FROM visits v WHERE v.store_id = s.id AND v.spent > 4
          AND NOT EXISTS (SELECT FROM visits o WHERE o.store_id = s.id AND o.spent > 4
                          AND (coalesce(o.visited_at, '-infinity'), o.id) > (coalesce(v.visited_at, '-infinity'), v.id))) AS l) x
LEFT JOIN staff p ON p.id = (x.l).staff_id
"""
GROUPED = """
view: v
sources:
  s: {table: stores}
  best: {table: visits, on: best.store_id = s.id, first: [best.spent desc, best.id], required: true}
where: best.visited_at IS NOT NULL
dimensions: {kind: best.kind}
aggregates: {stores: {count: s}, spent: {sum: best.spent}, countries: {count_distinct: s.country}}
"""
GROUPED_BY_HAND = """
SELECT kind, count(*), sum(spent), count(DISTINCT country)
FROM (SELECT s.country, v.*, row_number() OVER (PARTITION BY s.id ORDER BY v.spent DESC NULLS LAST, v.id) AS place
      FROM stores s JOIN visits v ON v.store_id = s.id) ranked
WHERE place = 1 AND visited_at IS NOT NULL GROUP BY 1
"""
BELOW = """
view: v
sources:
  s: {table: stores}
  t: {table: tickets, on: t.store_id = s.id, latest: t.id, where: t.state = 'closed'}
  n: {table: notes, on: n.ticket_id = t.id}
dimensions: {id: s.id}
aggregates: {ticket: {max: t.id}, notes: {count: n}}
"""
BELOW_BY_HAND = """
SELECT s.id, t.id, (SELECT count(*) FROM notes n WHERE n.ticket_id = t.id)
FROM stores s LEFT JOIN (SELECT store_id, max(id) AS id FROM tickets WHERE state = 'closed' GROUP BY 1) t ON t.store_id = s.id
"""
COMPETING = """
view: v
sources:
  s: {table: stores}
  t: {table: tickets, on: t.store_id = s.id, latest: t.id}
  n: {table: notes, on: n.ticket_id = t.id, required: true}
dimensions: {id: s.id, ticket: t.id}
aggregates: {notes: {count: n}}
"""
COMPETING_BY_HAND = """
SELECT s.id, t.id, (SELECT count(*) FROM notes n WHERE n.ticket_id = t.id)
FROM stores s LEFT JOIN (SELECT store_id, max(id) AS id FROM tickets WHERE id IN (SELECT ticket_id FROM notes) GROUP BY 1) t ON t.store_id = s.id
"""
OF_MANY = """
view: v
sources:
  p: {table: staff}
  v: {table: visits, on: v.staff_id = p.id}
  t: {table: tickets, on: t.store_id = v.store_id, first: t.id}
dimensions: {id: p.id}
aggregates: {visits: {count: v}, tickets: {sum: t.id}, open: {count: t, where: t.state = 'open'}}
"""
OF_MANY_BY_HAND = """
SELECT p.id, count(v.id), (SELECT sum(id) FROM unnest(array_agg(DISTINCT t.id)) AS id),
       (SELECT count(*) FROM tickets o WHERE o.state = 'open' AND o.id = ANY (array_agg(t.id)))
FROM staff p LEFT JOIN visits v ON v.staff_id = p.id
LEFT JOIN (SELECT store_id, min(id) AS id FROM tickets GROUP BY 1) t ON t.store_id = v.store_id
GROUP BY 1
"""
BEFORE = """
view: v
sources:
  s: {table: stores}
  v: {table: visits, on: "v.store_id = s.id AND v.visited_at < s.opened_on + 10", latest: v.visited_at}
dimensions: {id: s.id, kind: v.kind}
aggregates: {n: {count: v}}
"""
BEFORE_BY_HAND = """
SELECT DISTINCT ON (s.id) s.id, v.kind, (v.id IS NOT NULL)::int
FROM stores s LEFT JOIN visits v ON v.store_id = s.id AND v.visited_at < s.opened_on + 10 ORDER BY s.id, v.visited_at DESC, v.id DESC
"""
ANY = """
view: v
sources:
  s: {table: stores}
  v: {table: visits, on: v.store_id = s.id, latest: v.visited_at}
  o: {table: visits, on: o.store_id = s.id, where: o.kind = 'online', first: [o.spent, o.id]}
dimensions: {country: s.country}
aggregates: {stores: {count: s}, visited: {count: v}, online: {count: o}}
"""
ANY_BY_HAND = """
SELECT country, count(*), count(*) FILTER (WHERE id IN (SELECT store_id FROM visits)),
       count(*) FILTER (WHERE id IN (SELECT store_id FROM visits WHERE kind = 'online'))
FROM stores GROUP BY 1
"""
SINCE = """
view: v
sources:
  v: {table: visits}
  f: {table: visits, on: f.store_id = v.store_id, first: f.visited_at}
  l: {table: visits, on: l.store_id = v.store_id, where: l.spent > 10, latest: l.id}
dimensions: {since: {period: month, of: f.visited_at}}
aggregates: {visits: {count: v}, spent: {sum: v.spent}, firsts: {count: f}, last: {max: l.id}}
"""
SINCE_BY_HAND = """
WITH firsts AS (SELECT store_id, min(visited_at) AS at FROM visits GROUP BY 1)
SELECT date_trunc('month', f.at AT TIME ZONE 'Europe/Berlin')::date, count(*), sum(v.spent),
       count(DISTINCT v.store_id), max((SELECT max(id) FROM visits l WHERE l.store_id = v.store_id AND l.spent > 10))
FROM visits v LEFT JOIN firsts f USING (store_id) GROUP BY 1
"""
OF_THE_FIRST = """
view: v
sources:
  v: {table: visits}
  f: {table: visits, on: f.store_id = v.store_id, first: f.visited_at}
  l: {table: visits, on: l.store_id = v.store_id, where: l.spent > 10, latest: l.id}
dimensions: {id: v.id, first: f.visited_at}
aggregates: {last: {max: l.id}}
"""
OF_THE_FIRST_BY_HAND = """
SELECT v.id, (SELECT min(visited_at) FROM visits f WHERE f.store_id = v.store_id),
       (SELECT max(id) FROM visits l WHERE l.store_id = v.store_id AND l.spent > 10)
FROM visits v
"""
ABSENT = """
view: v
sources:
  s: {table: stores}
  t: {table: tickets, on: t.store_id = s.id, where: t.state = 'open', absent: true}
  v: {table: visits, on: v.store_id = s.id}
dimensions: {country: s.country}
aggregates: {stores: {count: s}, spent: {sum: v.spent}}
"""
ABSENT_BY_HAND = """
WITH without AS (SELECT * FROM stores WHERE id NOT IN (SELECT store_id FROM tickets WHERE state = 'open' AND store_id IS NOT NULL))
SELECT country, count(*), (SELECT sum(spent) FROM visits WHERE store_id IN (SELECT id FROM without o WHERE o.country IS NOT DISTINCT FROM w.country))
FROM without w GROUP BY 1
"""
NESTED = """
view: v
sources:
  s: {table: stores}
  t: {table: tickets, on: t.store_id = s.id, absent: true}
  n: {table: notes, on: n.ticket_id = t.id, absent: true}
dimensions: {id: s.id}
aggregates: {n: {count: s}}
"""
NESTED_BY_HAND = """
SELECT id, 1 FROM stores
WHERE id NOT IN (SELECT store_id FROM tickets WHERE store_id IS NOT NULL AND id NOT IN (SELECT ticket_id FROM notes WHERE ticket_id IS NOT NULL))
"""
WITHIN = """
view: v
sources:
  s: {table: stores}
  t: {table: tickets, on: t.store_id = s.id}
  n: {table: notes, on: n.ticket_id = t.id, absent: true}
dimensions: {id: s.id}
aggregates: {bare: {count: t}}
"""
WITHIN_BY_HAND = """
SELECT s.id, count(t.id) FROM stores s
LEFT JOIN (SELECT * FROM tickets EXCEPT SELECT t.* FROM tickets t JOIN notes n ON n.ticket_id = t.id) t ON t.store_id = s.id GROUP BY 1
"""
REQUIRED = """
view: v
sources:
  s: {table: stores}
  t: {table: tickets, on: t.store_id = s.id}
  n: {table: notes, on: n.ticket_id = t.id}
  v: {table: visits, on: v.store_id = s.id}
required: [n, v]
dimensions: {id: s.id}
aggregates: {tickets: {count: t}, notes: {count: n}, visits: {count: v}}
"""
REQUIRED_BY_HAND = """
SELECT s.id, count(DISTINCT t.id), count(DISTINCT n.id), count(DISTINCT v.id)
FROM stores s JOIN tickets t ON t.store_id = s.id JOIN notes n ON n.ticket_id = t.id JOIN visits v ON v.store_id = s.id GROUP BY 1
"""
CASES = {
    "latest": (LATEST, LATEST_BY_HAND),
    "grouped by the first": (GROUPED, GROUPED_BY_HAND),
    "many below the latest": (BELOW, BELOW_BY_HAND),
    "required below decides which compete": (COMPETING, COMPETING_BY_HAND),
    "the first below many": (OF_MANY, OF_MANY_BY_HAND),
    "on more than an equation": (BEFORE, BEFORE_BY_HAND),
    "only that there is one": (ANY, ANY_BY_HAND),
    "the first of the base's own table": (SINCE, SINCE_BY_HAND),
    "what the first is ordered by": (OF_THE_FIRST, OF_THE_FIRST_BY_HAND),
    "absent": (ABSENT, ABSENT_BY_HAND),
    "absent below absent": (NESTED, NESTED_BY_HAND),
    "absent below many": (WITHIN, WITHIN_BY_HAND),
    "required chain": (REQUIRED, REQUIRED_BY_HAND),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("index", ["", INDEX], ids=["no index", "index"])
def test_rows_are_as_by_hand(database: Database, case: str, index: str) -> None:
    view, by_hand = CASES[case]
    compiled = project(view, TABLES + index)
    assert compiled.view("v").increment is not None, compiled.view("v").whole_because
    connection = deployed(database, compiled, TABLES + index)
    assert_as_by_hand(connection, compiled, by_hand)
