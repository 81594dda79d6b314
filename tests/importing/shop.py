"""A shop whose materialized views were written by hand: each construct that such views have, by how often it is met."""

from __future__ import annotations

from typing import Final

TABLES: Final = """
CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL, city text, tier text NOT NULL DEFAULT 'basic', joined date NOT NULL);
CREATE TABLE orders (
    id int PRIMARY KEY, customer_id int NOT NULL REFERENCES customers, placed_at timestamptz NOT NULL, status text NOT NULL,
    amount numeric(10,2) NOT NULL, tags text[] NOT NULL DEFAULT '{}');
CREATE TABLE lines (order_id int REFERENCES orders, place int, product text NOT NULL, quantity int NOT NULL, PRIMARY KEY (order_id, place));
CREATE TABLE "Product Groups" ("Id" int PRIMARY KEY, "Title" text NOT NULL);
INSERT INTO customers SELECT i, 'name ' || i, (ARRAY['Berlin', 'Bonn', NULL])[i % 3 + 1], (ARRAY['basic', 'gold'])[i % 2 + 1], DATE '2024-01-01' + i
    FROM generate_series(1, 30) i;
INSERT INTO orders SELECT i, i % 25 + 1, TIMESTAMPTZ '2024-03-01 10:00+00' + i * interval '7 hours', (ARRAY['paid', 'open', 'sent'])[i % 3 + 1], i * 1.25,
    ARRAY['t' || i % 4, 'u'] FROM generate_series(1, 120) i;
INSERT INTO lines SELECT i, p, 'product ' || (i + p) % 7, p FROM generate_series(1, 120) i, generate_series(1, 3) p;
INSERT INTO "Product Groups" VALUES (1, 'Tools'), (2, 'Toys');
"""

VIEWS: Final = """
CREATE MATERIALIZED VIEW customer_orders AS
    SELECT c.id, c.name, c.city, count(o.id) AS orders, coalesce(sum(o.amount), 0) AS total
    FROM customers c LEFT JOIN orders o ON o.customer_id = c.id GROUP BY c.id, c.name, c.city ORDER BY total DESC;
CREATE UNIQUE INDEX customer_orders_key ON customer_orders (id);
CREATE INDEX ON customer_orders (total DESC, name);
CREATE INDEX ON customer_orders (city NULLS FIRST) INCLUDE (name) WITH (fillfactor = 80);
CREATE INDEX ON customer_orders (lower(name)) WHERE total > 10;
CREATE INDEX ON customer_orders (name text_pattern_ops, city COLLATE "C");
COMMENT ON MATERIALIZED VIEW customer_orders IS 'What each customer ordered: all of it.';
COMMENT ON COLUMN customer_orders.total IS 'Tax included. "Open" ones, too';

CREATE MATERIALIZED VIEW order_sizes WITH (fillfactor = 70, autovacuum_enabled = false) AS
    SELECT o.id, o.status, l.quantity FROM orders o INNER JOIN (SELECT order_id, sum(quantity) AS quantity FROM lines GROUP BY order_id) l ON l.order_id = o.id;
CREATE UNIQUE INDEX ON order_sizes (id);

CREATE MATERIALIZED VIEW monthly AS
    WITH paid AS (SELECT date_trunc('month', placed_at)::date AS month, status, amount FROM orders WHERE status <> 'open')
    SELECT month, status, sum(amount) AS amount, count(*) FILTER (WHERE amount > 50) AS large FROM paid GROUP BY month, status;

CREATE VIEW best AS SELECT id, name, total FROM customer_orders WHERE total > 20;
CREATE MATERIALIZED VIEW best_by_city AS
    SELECT city, count(*) AS customers, max(b.total) AS most FROM best b JOIN customers c USING (id) GROUP BY city;

CREATE MATERIALIZED VIEW ranks AS
    SELECT id, name, total, rank() OVER (PARTITION BY city ORDER BY total DESC, id) AS place FROM customer_orders;
CREATE UNIQUE INDEX ON ranks (id);

CREATE MATERIALIZED VIEW last_orders AS
    SELECT DISTINCT ON (customer_id) customer_id, id AS order_id, placed_at FROM orders ORDER BY customer_id, placed_at DESC, id;

CREATE MATERIALIZED VIEW with_last AS
    SELECT c.id, c.name, (SELECT max(o.amount) FROM orders o WHERE o.customer_id = c.id) AS largest FROM customers c
    WHERE c.id IN (SELECT customer_id FROM orders WHERE status = 'paid');

CREATE MATERIALIZED VIEW every_column AS SELECT * FROM customers;
CREATE UNIQUE INDEX ON every_column (id);

CREATE MATERIALIZED VIEW places AS SELECT city, 'home' AS kind FROM customers UNION SELECT product, 'product' FROM lines;
CREATE MATERIALIZED VIEW cities AS SELECT DISTINCT city, tier FROM customers;
CREATE MATERIALIZED VIEW "Group Titles" AS SELECT "Id", "Title", upper("Title") AS "TITLE" FROM "Product Groups";
CREATE UNIQUE INDEX "Group Titles Key" ON "Group Titles" ("Id");
CREATE INDEX ON "Group Titles" ("Title" DESC NULLS LAST);

CREATE MATERIALIZED VIEW tagged AS SELECT id, tags, placed_at FROM orders;
CREATE UNIQUE INDEX ON tagged (id);
CREATE INDEX ON tagged USING gin (tags);
CREATE INDEX ON tagged USING brin (placed_at) WITH (pages_per_range = 16);
CREATE INDEX ON tagged USING hash (id);

CREATE MATERIALIZED VIEW recent AS SELECT o.id, o.amount FROM orders o WHERE o.placed_at > now() - interval '100 years';
CREATE UNIQUE INDEX ON recent (id);

CREATE MATERIALIZED VIEW single_tags AS SELECT id, unnest(tags) AS tag FROM orders;
CREATE UNIQUE INDEX ON single_tags (id, tag);

CREATE MATERIALIZED VIEW figures AS SELECT count(*) AS orders, sum(amount) AS amount FROM orders;
CREATE MATERIALIZED VIEW renamed (customer, until) AS SELECT c.id, c.joined + 365 FROM customers c;
CREATE UNIQUE INDEX ON renamed (customer);
"""

MATERIALIZED: Final = (
    "Group Titles", "best_by_city", "cities", "customer_orders", "every_column", "figures", "last_orders", "monthly", "order_sizes",
    "places", "ranks", "recent", "renamed", "single_tags", "tagged", "with_last",
)  # fmt: skip
ROLES: Final = ("import_reader", "import_writer", "Import Auditor")
GRANTS: Final = """
GRANT SELECT ON customer_orders, monthly, best TO import_reader, import_writer;
GRANT SELECT ON "Group Titles" TO "Import Auditor";
GRANT SELECT ON places TO PUBLIC;
GRANT SELECT ON cities TO PUBLIC, import_reader;
"""
