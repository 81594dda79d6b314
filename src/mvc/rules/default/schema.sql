CREATE TABLE customers (
  id bigint PRIMARY KEY,
  code text UNIQUE,
  country text NOT NULL,
  referrer_id bigint REFERENCES customers (id)
);

CREATE TABLE products (
  id bigint PRIMARY KEY,
  label text NOT NULL,
  category text
);

CREATE TABLE orders (
  id bigint PRIMARY KEY,
  customer_id bigint NOT NULL REFERENCES customers (id),
  ordered_on date NOT NULL,
  status text NOT NULL,
  amount numeric(12,2) NOT NULL,
  note text
);

CREATE TABLE order_items (
  order_id bigint NOT NULL REFERENCES orders (id),
  line integer NOT NULL,
  product_id bigint NOT NULL REFERENCES products (id),
  quantity integer NOT NULL,
  price numeric(12,2) NOT NULL,
  PRIMARY KEY (order_id, line)
);

CREATE TABLE reviews (
  id bigint PRIMARY KEY,
  product_id bigint NOT NULL REFERENCES products (id),
  customer_id bigint REFERENCES customers (id),
  rating integer NOT NULL,
  written_at timestamptz NOT NULL
);

-- No key tells its rows apart.
CREATE TABLE visits (
  customer_id bigint,
  page text NOT NULL,
  seen_at timestamptz NOT NULL
);

CREATE FUNCTION current_customer() RETURNS bigint LANGUAGE sql STABLE
  RETURN nullif(current_setting('app.customer', true), '')::bigint;
