-- The base tables. Replace this with your own DDL (pg_dump --schema-only), or with a snapshot (mvc catalog pull).
CREATE TABLE customers (
  id bigint PRIMARY KEY,
  country text NOT NULL
);
CREATE TABLE orders (
  id bigint PRIMARY KEY,
  customer_id bigint NOT NULL REFERENCES customers (id),
  ordered_at timestamptz NOT NULL,
  status text NOT NULL
);
CREATE TABLE order_lines (
  order_id bigint NOT NULL REFERENCES orders (id),
  line int NOT NULL,
  quantity int NOT NULL,
  price numeric(12,2) NOT NULL,
  PRIMARY KEY (order_id, line)
);
