"""The small shop that every recorded state was deployed for, and the same project as the present language has it."""

from __future__ import annotations

from typing import Final

ROLES: Final = ("up_reader", "up_refresher", "up_monitor", "up_boss")
SCHEMA: Final = """
CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL, city text);
CREATE TABLE orders (id int PRIMARY KEY, customer_id int NOT NULL REFERENCES customers, amount numeric NOT NULL, placed date NOT NULL);
"""
ROWS: Final = """
INSERT INTO customers SELECT g, 'customer ' || g, 'city ' || g % 3 FROM generate_series(1, 12) AS g;
INSERT INTO orders SELECT g, g % 11 + 1, g * 1.5, '2026-01-01'::date + g FROM generate_series(1, 40) AS g;
"""
# Written in the language of every state: whole refreshes, a plain view over one of these, a policy, a schedule.
PLAIN: Final = {
    "mvc.yml": "project: shop\ncatalog: schema.sql\nrefresh_roles: [up_refresher]\n",
    "schema.sql": SCHEMA,
    "views/per_city.yml": """
view: per_city
description: What each city bought.
sources: {c: {table: customers}, o: {table: orders, on: o.customer_id = c.id}}
dimensions: {city: c.city}
aggregates: {bought: {sum: o.amount, default: 0}, orders: {count: o}}
indexes: [{columns: [bought desc]}]
""",
    "views/large.yml": """
view: large
materialized: false
sources: {c: {view: per_city}}
dimensions: {city: c.city}
aggregates: {bought: {sum: c.bought}}
""",
    "views/per_customer.yml": """
view: per_customer
sources: {c: {table: customers}, o: {table: orders, on: o.customer_id = c.id}}
dimensions: {id: c.id, name: c.name}
aggregates: {bought: {sum: o.amount, default: 0}, latest: {max: o.placed}}
""",
    "views/per_day.yml": """
view: per_day
sources: {o: {table: orders}}
dimensions: {day: o.placed}
aggregates: {bought: {sum: o.amount}, orders: {count: o}}
""",
    "policies/all.yml": """
policies:
  - {policy: cities, view: [per_city, large], to: [up_reader], using: true}
  - {policy: customers, view: per_customer, to: [up_reader], using: id < 9}
""",
    "schedules/all.yml": "schedules:\n  - {schedule: nightly, refresh: all, every: '0 3 * * *'}\n",
}
# The same with all that came later: modes, names of the project's own, roles that monitor.
WHOLE: Final = {
    **PLAIN,
    "mvc.yml": PLAIN["mvc.yml"]
    + "monitor_roles: [up_monitor]\nnotify: shop_events\n"
    + "names: {refresh_all: refresh_everything, refresh_one: refresh_just, usage: use_of_views, status: how_views_are, log: what_ran}\n",
    "schedules/all.yml": """
schedules:
  - {schedule: nightly, refresh: all, every: '0 3 * * *'}
  - {schedule: often, refresh: [per_customer], every: '*/5 * * * *', mode: incremental}
  - {schedule: days, refresh: [per_day], every: '0 * * * *', mode: window, window: 30d}
  - {schedule: soon, refresh: [per_city], within: 1h}
""",
}
CHANGED: Final = {
    **WHOLE,
    "views/per_day.yml": WHOLE["views/per_day.yml"].replace(
        "orders: {count: o}", "orders: {count: o}, most: {max: o.amount}"
    ),
}
VIEWS: Final = ("per_city", "large", "per_customer", "per_day")

# What somebody else has put on the runtime's views since generation 3.
OUTSIDE: Final = """
CREATE SCHEMA rep;
GRANT USAGE ON SCHEMA rep TO PUBLIC;
CREATE VIEW rep.board AS SELECT s.view_name, s.rows, s.last_status FROM mvc.view_status AS s;
CREATE VIEW rep.runs WITH (security_barrier = true) AS SELECT r.view_name, count(*) AS runs FROM mvc.refreshes AS r GROUP BY r.view_name;
CREATE VIEW rep.late AS SELECT b.view_name, r.runs FROM rep.board AS b JOIN rep.runs AS r USING (view_name);
GRANT SELECT ON rep.board, rep.late TO up_boss;
GRANT SELECT (view_name) ON rep.runs TO up_boss WITH GRANT OPTION;
COMMENT ON VIEW rep.board IS 'for the boss';
"""
