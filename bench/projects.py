"""Generated projects to compile: N views over a generated catalog, the same ones each time. Nothing is measured here.

A project is made of domains, each with its own nouns, six tables and some 25 views, as a company's departments have them,
so that what a compiler may remember between views is about what it would remember in a real project. Each view has three
sources, eight aggregates and three indexes; a third of them have a policy.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

VIEWS_PER_DOMAIN: Final = 25
VIEWS_PER_POLICY: Final = 3

_NOUNS: Final = """
account agent article asset batch booking branch budget campaign cargo carrier claim clinic contract course crew
depot device dispute driver event facility farm fleet gift guest hub invoice item job journey kitchen lab lease
lesson loan lot machine market meter mission office outing panel parcel patient permit plant plot product project
quote region rental repair report route sample seller sensor shift shop site student supplier survey team tenant
ticket tour tower trip unit vehicle vendor venue vessel visit voucher ward well worker workshop zone
""".split()
_AMOUNTS: Final = """
amount cost fee margin price revenue tax tip total volume weight worth
""".split()
_KINDS: Final = """
category channel class grade kind level priority segment source status tier type
""".split()
_WORDS: Final = """
active blocked closed done draft failed gold late lost new open paid ready sent silver void
""".split()
_MOMENTS: Final = """
approved_at booked_at closed_at created_at opened_at paid_at sent_at shipped_at
""".split()

PROJECT: Final = "project: generated\ncatalog: schema/*.sql\ntimezone: UTC\n"


@dataclass(frozen=True)
class Domain:
    """A base table, the tables that belong to its rows, and the names of their columns."""

    base: str
    owner: str
    child: str
    detail: str
    note: str
    amount: str
    quantity: str
    kind: str
    state: str
    moment: str

    @property
    def ddl(self) -> str:
        """Six tables: an owner has bases, a base has children and notes, a child has details; and who may see an owner."""
        return f"""
CREATE TABLE {self.owner} (
  id bigint PRIMARY KEY,
  name text NOT NULL,
  country text NOT NULL DEFAULT 'NO',
  is_active boolean NOT NULL DEFAULT true
);
CREATE TABLE {self.owner}_member (
  {self.owner}_id bigint NOT NULL REFERENCES {self.owner} (id),
  user_name name NOT NULL,
  PRIMARY KEY ({self.owner}_id, user_name)
);
CREATE TABLE {self.base} (
  id bigint PRIMARY KEY,
  {self.owner}_id bigint NOT NULL REFERENCES {self.owner} (id),
  title text NOT NULL,
  {self.kind} text NOT NULL,
  {self.moment} timestamptz NOT NULL,
  attributes jsonb NOT NULL DEFAULT '{{}}'
);
CREATE INDEX ON {self.base} ({self.owner}_id);
CREATE TABLE {self.child} (
  id bigint PRIMARY KEY,
  {self.base}_id bigint NOT NULL REFERENCES {self.base} (id),
  customer_id bigint NOT NULL,
  {self.state} text NOT NULL,
  {self.amount} numeric(12,2) NOT NULL,
  {self.moment} timestamptz NOT NULL
);
CREATE INDEX ON {self.child} ({self.base}_id);
CREATE TABLE {self.detail} (
  id bigint PRIMARY KEY,
  {self.child}_id bigint NOT NULL REFERENCES {self.child} (id),
  {self.quantity} integer NOT NULL,
  {self.kind} text
);
CREATE INDEX ON {self.detail} ({self.child}_id);
CREATE TABLE {self.note} (
  id bigint PRIMARY KEY,
  {self.base}_id bigint NOT NULL REFERENCES {self.base} (id),
  score integer NOT NULL,
  body text,
  {self.moment} timestamptz NOT NULL
);
CREATE INDEX ON {self.note} ({self.base}_id);
"""


def write_project(folder: Path, views: int) -> None:
    """A project with that many views in `folder`, which is made."""
    draw = Random(views)  # its own for each size, so that no size is an easy prefix of another
    for name in ("schema", "views", "policies", "schedules"):
        (folder / name).mkdir(parents=True)
    (folder / "mvc.yml").write_text(PROJECT)
    domains = [_domain(number, draw) for number in range(-(-views // VIEWS_PER_DOMAIN))]
    for number, domain in enumerate(domains):
        (folder / "schema" / f"{number:04}_{domain.base}.sql").write_text(domain.ddl)
    for number in range(views):
        domain = domains[number // VIEWS_PER_DOMAIN]
        (folder / "views" / f"{_view_name(domain, number)}.yml").write_text(_view(domain, number, draw))
    for number, domain in enumerate(domains):
        guarded = range(number * VIEWS_PER_DOMAIN, min(views, (number + 1) * VIEWS_PER_DOMAIN), VIEWS_PER_POLICY)
        text = "policies:\n" + "".join(_policy(domain, view) for view in guarded)
        (folder / "policies" / f"{number:04}_{domain.base}.yml").write_text(text)
    (folder / "schedules" / "refresh.yml").write_text(
        "schedules:\n- {schedule: nightly, refresh: all, every: '0 2 * * *'}\n"
    )


def _domain(number: int, draw: Random) -> Domain:
    base = f"{_NOUNS[number % len(_NOUNS)]}{number // len(_NOUNS) or ''}"
    first, second, third, fourth = draw.sample([noun for noun in _NOUNS if noun != _NOUNS[number % len(_NOUNS)]], 4)
    kind, state = draw.sample(_KINDS, 2)
    return Domain(
        base=base,
        owner=f"{base}_{first}",
        child=f"{base}_{second}",
        detail=f"{base}_{third}",
        note=f"{base}_{fourth}",
        amount=f"{draw.choice(_AMOUNTS)}_{draw.choice(_AMOUNTS)}",
        quantity=f"{draw.choice(_AMOUNTS)}_count",
        kind=kind,
        state=state,
        moment=draw.choice(_MOMENTS),
    )


def _view_name(domain: Domain, number: int) -> str:
    return f"mv_{domain.base}_{number:05}"


def _view(domain: Domain, number: int, draw: Random) -> str:
    shape = draw.choice((_siblings, _siblings, _chain, _attribute))
    return f"view: {_view_name(domain, number)}\n{shape(domain, draw)}"


def _siblings(d: Domain, draw: Random) -> str:
    """Two to-many branches of the base: by far the commonest dashboard."""
    words, days = draw.sample(_WORDS, 4), draw.randint(7, 365)
    amount = f"{draw.choice(('sum', 'avg', 'max'))}: c.{d.amount}"
    return f"""description: What each {d.base} did in the last {days} days.
tags: [{draw.choice(_WORDS)}, dashboard]
sources:
  b: {{table: {d.base}}}
  c:
    table: {d.child}
    on: c.{d.base}_id = b.id
    where: c.{d.moment} >= CURRENT_DATE - {days}
  n: {{table: {d.note}, on: n.{d.base}_id = b.id, where: n.score >= {draw.randint(0, 40)}}}
where: b.{d.kind} <> '{words[0]}'
dimensions:
  {d.base}_id: b.id
  owner_id: b.{d.owner}_id
  title: b.title
  label: lower(b.attributes->>'{words[1]}')
aggregates:
  {d.child}_count: {{count: c}}
  {words[1]}_count: {{count: c, where: c.{d.state} = '{words[1]}'}}
  {d.amount}_value: {{{amount}, where: "c.{d.state} IN ('{words[1]}', '{words[2]}')"}}
  customers:
    count_distinct: c.customer_id
    description: Customers of the last {days} days, each once.
  last_{d.moment}: {{max: c.{d.moment}}}
  {d.note}_count: {{count: n}}
  average_score: {{avg: n.score}}
  scored_{words[3]}: {{count: n, where: n.score > {draw.randint(41, 99)} AND n.body IS NOT NULL}}
indexes:
  - columns: [owner_id]
  - columns: [{d.amount}_value desc]
  - columns: [label, {d.child}_count desc]
"""


def _chain(d: Domain, draw: Random) -> str:
    """A branch of a branch: lines of orders."""
    words, days = draw.sample(_WORDS, 3), draw.randint(7, 365)
    return f"""description: The {d.detail} of each {d.base}.
sources:
  b: {{table: {d.base}}}
  c: {{table: {d.child}, on: c.{d.base}_id = b.id, where: c.{d.state} <> '{words[0]}'}}
  t: {{table: {d.detail}, on: t.{d.child}_id = c.id}}
where: b.{d.moment} >= CURRENT_DATE - INTERVAL '{days} days'
dimensions:
  {d.base}_id: b.id
  owner_id: b.{d.owner}_id
  {d.kind}: b.{d.kind}
aggregates:
  {d.child}_count: {{count: c}}
  {d.amount}_sum: {{sum: c.{d.amount}, where: c.{d.state} = '{words[1]}', default: 0}}
  {d.detail}_count: {{count: t}}
  {d.quantity}_sum: {{sum: t.{d.quantity}, where: t.{d.quantity} > {draw.randint(0, 50)}}}
  {d.quantity}_max: {{max: t.{d.quantity}}}
  {words[2]}_count: {{count: t, where: "coalesce(t.{d.kind}, '{words[2]}') = '{words[2]}'"}}
  customers: {{count_distinct: c.customer_id}}
  {d.amount}_per_customer: {{expr: "round({d.amount}_sum / nullif(customers, 0), {draw.randint(0, 4)})"}}
indexes:
  - columns: [owner_id, {d.kind}]
  - columns: [{d.amount}_sum desc]
  - columns: [{d.child}_count desc nulls last]
"""


def _attribute(d: Domain, draw: Random) -> str:
    """Rows grouped by what is to-one from them: a report by month."""
    words, unit = draw.sample(_WORDS, 3), draw.choice(("week", "month", "quarter"))
    third = draw.choice(("country: o.country", "campaign: b.attributes->>'campaign'"))  # the second one may be NULL
    return f"""description: What happened per {unit} and {d.owner}.
tags: [finance]
sources:
  c: {{table: {d.child}}}
  b: {{table: {d.base}, on: b.id = c.{d.base}_id}}
  o: {{table: {d.owner}, on: o.id = b.{d.owner}_id}}
where: c.{d.moment} >= DATE_TRUNC('year', CURRENT_DATE) AND c.{d.amount} > {draw.randint(0, 99)}
dimensions:
  {unit}: DATE_TRUNC('{unit}', c.{d.moment})
  owner_id: o.id
  {third}
aggregates:
  {d.child}_count: {{count: c}}
  {d.base}_count: {{count_distinct: b.id}}
  {d.amount}_sum: {{sum: c.{d.amount}}}
  {words[0]}_sum: {{sum: c.{d.amount}, where: "c.{d.state} IN ('{words[0]}', '{words[1]}')"}}
  {words[2]}_count:
    count: c
    where: c.{d.state} = '{words[2]}' AND b.{d.kind} <> '{words[0]}'
    description: Not yet {words[0]}.
  smallest: {{min: c.{d.amount}, where: c.{d.amount} > 0}}
  middle: {{percentile: c.{d.amount}, at: 0.5}}
  kinds: {{array_agg: b.{d.kind}, distinct: true, order: b.{d.kind}}}
indexes:
  - columns: [owner_id]
  - columns: [{d.amount}_sum desc]
  - {{columns: [kinds], using: gin}}
"""


def _policy(d: Domain, number: int) -> str:
    name = _view_name(d, number)
    return f"""- policy: Own rows of {name}
  view: {name}
  to: [reporting]
  using: owner_id IN (SELECT m.{d.owner}_id FROM {d.owner}_member AS m WHERE m.user_name = CURRENT_USER)
"""
