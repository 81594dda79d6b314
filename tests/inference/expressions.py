"""Expressions over one table, and how PostgreSQL judges them: the right ones, and the wrong ones with the SQLSTATE of its refusal."""

from __future__ import annotations

TABLE = """
CREATE TYPE stage AS ENUM ('new', 'won', 'lost');
CREATE DOMAIN amount AS numeric(12,2) CHECK (VALUE >= 0);
CREATE TABLE t (
  i integer, b bigint, s smallint, n numeric(10,2), r real, f double precision, m money, t text, v varchar(20), c char(3), o boolean, d date,
  ts timestamp, tz timestamptz, ti time, iv interval, u uuid, j json, jb jsonb, a text[], ia integer[], e stage, p tstzrange, ir int4range,
  ip inet, ba bytea, am amount, mac macaddr, bit bit(4), pt point, tv tsvector
);
"""

RIGHT = """
i = 1 | i = b | i = n | i = f | i = '1' | b > 2.5 | n / 3 | f ^ 2 | i % 2 = 0 | s + i | -n | @ n | |/ f | i # 3 | ~ i | i << 2
t = 'x' | t = v | v = c | t || i | i || t | t || 'x' | t LIKE 'a%' | t ILIKE v | t ~ '^a' | t !~* 'b' | t SIMILAR TO 'a%' | v IN ('a', 'b') | t < 'b' | t ^@ 'a'
o | NOT o | o = true | o = 't' | o = 'yes' | o = 'on' | o IS TRUE | o IS NOT FALSE | o AND i > 1 | o <> false | (o OR NULL) | o::int = 1
d = '2026-01-31' | d = 'today' | d > '20260131' | d - 1 = d | d - d > 30 | d + interval '1 day' > tz | d + ti > ts | d = ts | ts = tz | tz > '2026-01-31 10:00+02'
tz > now() - interval '30 days' | tz - ts > interval '1 day' | tz - interval '1 month' < now() | ts + '1 day'::interval > ts | d >= current_date - 30 | d BETWEEN 'yesterday' AND 'tomorrow'
iv > '30 days' | iv * 2 > '1 hour' | iv / 2 | extract(epoch FROM iv) > 30 | extract(year FROM d) = 2026 | date_part('dow', tz) = 1 | date_trunc('month', tz) = d | date_trunc('week', d) | age(tz) > '1 year'
tz AT TIME ZONE 'Europe/Berlin' | ts AT TIME ZONE 'utc' | date_trunc('day', tz, 'Europe/Berlin') | d + 7 | d::timestamptz | tz::date | '2026-02-28'::date | (d, d) OVERLAPS (d, d) | to_char(tz, 'YYYY-MM') | make_date(2026, 2, 28)
u = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11' | u::text = t | u IS NULL | u IN ('a0eebc999c0b4ef8bb6d6bb9bd380a11') | md5(t)::uuid = u
jb -> 'a' = '1' | jb ->> 'a' = 'x' | (jb ->> 'a')::int > 5 | jb @> '{"a": 1}' | jb ? 'a' | jb ?| ARRAY['a'] | jb #>> '{a,b}' = 'x' | j ->> 'a' = 'x' | jb['a'] = '"x"' | jb - 'a' = jb | jb || '{}' | jsonb_typeof(jb) = 'array' | jb @? '$.a' | j::jsonb = '{}' | jsonb_array_length(jb -> 'a') > 1
a = '{a,b}' | a = ARRAY['a'] | 'a' = ANY (a) | t = ANY (a) | a @> ARRAY['a'] | a && '{a}' | a || '{b}' | a || ARRAY['c'] | ia @> ARRAY[1] | cardinality(a) > 0 | array_length(ia, 1) = 2 | a[1] = 'x' | ia[1] > 2 | i = ANY ('{1,2}') | i = ANY (ia) | array_to_string(a, ',') | unnest(ia) | ia = '{}' | a <@ ARRAY['a', 'b']::text[] | array_position(a, 'x') = 1
e = 'won' | e IN ('new', 'won') | e > 'new' | e::text = t | e::text LIKE 'w%' | e = ANY ('{new,won}') | e IS DISTINCT FROM 'lost' | coalesce(e, 'new') = 'new'
p @> now() | p && tstzrange(now(), now()) | upper(p) > now() | lower(p) IS NULL | ir @> 3 | ir @> i | ir = '[1,2)' | isempty(p) | p @> '2026-01-01'::timestamptz | ir * ir | i <@ ir
ip = '10.0.0.1' | ip << '10.0.0.0/8' | ip >>= '10.0.0.0/8'::inet | host(ip) = t | ip && ip | mac = '08:00:2b:01:02:03' | ba = '\\x00' | encode(ba, 'hex') = t | bit & B'1010' = bit | pt <-> pt < 5 | tv @@ to_tsquery('simple', 'a') | tv @@ 'a'
am > 5 | am + 1 | am * i | sum(am) | n = am | am = '3.5' | round(am, 1)
lower(t) | upper(v) | length(c) | trim(t) | substring(t FROM 1 FOR 2) | substring(t, 1, 2) | left(t, 2) | split_part(t, '-', 1) | replace(t, 'a', 'b') | position('a' IN t) | overlay(t PLACING 'x' FROM 1) | regexp_replace(t, 'a', 'b') | concat(t, i, d) | format('%s', i) | initcap(t) | to_number(t, '9') | to_date(t, 'YYYY') | char_length(v) | strpos(t, 'a') | concat_ws('-', t, i)
coalesce(i, 0) | coalesce(t, v, 'x') | coalesce(i, n) | coalesce(tz, now()) | coalesce(d, ts) | greatest(i, n) | least(d, current_date) | nullif(t, '') | nullif(i, 0) | CASE WHEN o THEN 1 ELSE 2.5 END | CASE t WHEN 'a' THEN 1 END | CASE WHEN i > 1 THEN t ELSE 'x' END | CASE i WHEN 1 THEN d ELSE ts END
abs(i) | round(n, 2) | round(f) | ceil(f) | floor(n) | mod(i, 2) | power(i, 2) | sqrt(n) | trunc(n, 1) | width_bucket(n, 0, 10, 5) | sign(i) | random() | log(n) | exp(f) | div(n, 2) | gcd(i, 2)
sum(i) | sum(iv) | sum(m) | avg(n) | avg(iv) | min(t) | max(d) | min(ip) | max(e) | count(*) | count(DISTINCT i) | bool_and(o) | every(o) | string_agg(t, ',') | string_agg(v, ',' ORDER BY i) | array_agg(i) | array_agg(a) | json_agg(j) | jsonb_object_agg(t, i) | stddev(i) | corr(f, f) | bit_or(i) | percentile_cont(0.5) WITHIN GROUP (ORDER BY n) | percentile_disc(0.5) WITHIN GROUP (ORDER BY t) | mode() WITHIN GROUP (ORDER BY t) | sum(n) FILTER (WHERE o) | count(*) FILTER (WHERE e = 'won') | min(ts) | sum(i) / count(*)
row_number() OVER (ORDER BY i) | lag(i) OVER (ORDER BY d) | lag(i, 1, 0) OVER (ORDER BY d) | ntile(4) OVER (ORDER BY n) | first_value(t) OVER (PARTITION BY o ORDER BY d) | rank() OVER (ORDER BY t) | sum(n) OVER (ORDER BY d ROWS 3 PRECEDING)
i::text | t::int | n::int | i::numeric(5,1) | f::int | i::boolean | o::text | t::date | t::jsonb | jb::int | j::text | d::text | ip::text | e::text::stage | t::stage | ia::text[] | a::varchar[] | ia::bigint[] | iv::time | tz::time | n::money | i::oid | t::regclass | i::bit(8) | t::bytea | CAST(t AS varchar(3)) | date '2026-01-01' | interval '1' day | timestamp '2026-01-01 00:00' | '{1,2}'::int[] | now()::date | int '3' | c::text = t | t::"char" | 1::float4
(SELECT 1) = 1 | EXISTS (SELECT 1) | i IN (SELECT 1) | i = ANY (SELECT 2) | ROW(1, 2) = ROW(1, 2) | (i, t) = (1, 'a') | i IS NULL | t IS NOT NULL | t COLLATE "C" < 'a' | a COLLATE "C" = a | current_user = t | current_setting('a.b', true) = t | xmlcomment(t) IS NOT NULL | localtimestamp > ts | session_user = t | 1_000 = i | to_timestamp(i) > tz | date(ts) = d | text(i) = t | float8(i) > 1
ia[1:2] = ia | ia[1][2] = 3 | pt[0] > 1 | (t).length > 2 | (t).upper = t | ((ia)[1]) = 2 | (jb['a'])['b'] = '1' | a[i] = t
(i, d) >= (1, '2026-01-01') | ROW(i, t) = ROW(1, 'a') | (i, t) IN ((1, 'a'), (2, 'b')) | (i, d) <> (b, ts) | ROW(i)::text = '(1)' | to_jsonb(ROW(i, t)) = jb | ROW(i) IS NULL | count(DISTINCT ROW(i, t))
nullif('x', '') = t
bit = '1010' | bit = B'1' | ti > '10:00' | ti = 'allballs' | a = '{"a b",c}' | a = '{ "a" , b }' | a = '{}' | ia = '{{1,2},{3,4}}' | iv > 'P1D' | d = 'epoch' | tz = '-infinity' | age(d) > '1 day' | date_trunc('day', '2026-01-31'::date) = d | - '1'::int = i
json_arrayagg(i) | json_arrayagg(t ORDER BY i RETURNING jsonb) | json_objectagg(t : i) | json_objectagg(t VALUE i ABSENT ON NULL) FILTER (WHERE o) | xmlconcat(NULL, NULL) IS NULL | json_value(jb, '$.a') = t | json_query(t, '$.a') IS NULL | json_exists(j, '$') | rank(1) WITHIN GROUP (ORDER BY i) | mode() WITHIN GROUP (ORDER BY e)
array_agg(DISTINCT i ORDER BY i) | string_agg(DISTINCT t, ',' ORDER BY t) | count(DISTINCT tv) | array_agg(bit ORDER BY iv) | sum(i) FILTER (WHERE o) OVER (PARTITION BY t ORDER BY d) | count(*) OVER (PARTITION BY ia ORDER BY p) | (array_agg(pt))[1] IS NULL
ia[1][2] + 1 > i | ia[s] > 1 | ia[n] > 1 | jb[i] = '1' | jb[v] = '1' | ARRAY['1', '2']::int[] = ia | ARRAY[t, '2']::int[] = ia | (t).length + 1 > i | t::varchar(10) = v | ARRAY[NULL]::date[] IS NULL | array_append(ia, '3') = ia | array_position(ia, '3') = 1 | to_jsonb('1'::text) = jb | concat('1') = t
m > '$1.50' | m > '12' | m > '(3)' | ti > '10:00 PM' | ti > '101500' | ti = 'now' | d = 'Jan 8, 1999' | d = '1999.008' | d = 'January 8, 99 BC' | tz > '20260131T101500' | tz > '2026-01-31 10:00 America/New_York' | ip = '10.0.0.0/8' | '10'::cidr <<= ip | box '(1,2),(3,4)' IS NOT NULL | circle '<(1,2),3>' IS NOT NULL | path '[(1,2),(3,4)]' IS NOT NULL | '{[1,2),[5,6)}'::int4multirange IS NOT NULL | mac = '0800.2b01.0203' | tz > '2026-01-31 10:00 (UTC)' | ROW(i) <> NULL | t COLLATE "C" < v
"""

WRONG = """
a || 'b' | i = t | i = 'abc' | i = '1.5' | i = o | i = d | i = u | i = tz | i = e | i = a | b = u | n = t | n = '1,5' | f = 'x' | i || b | i LIKE '1%' | i ~ '1' | s = '40000' | i = '99999999999' | f % 2 | i && i | m = n | i @ 2
t = 1 | t > 2.5 | t = o | t = d | t = e | t = u | t + 'x' | t + t | t - 1 | t * 2 | t / t | v = i | t = a | t @> 'a' | t -> 'a' | t && 'x' | t LIKE 5 | t IN (1, 2) | t BETWEEN 1 AND 2 | -t | NOT t | t AND o | t IS TRUE | c + 1
o = 1 | o = 0 | o = 'maybe' | o > 1 | o + 1 | o && o | o || o | o & o | o IN (0, 1) | sum(o) | avg(o) | max(o) | lower(o) | o::date | o = i
d = 1 | d = 2026 | d > 20260101 | d = '2026-02-30' | d = '2026-13-01' | d = 'someday' | d = '' | d = '2026-01' | d = '30.02.2026' | d - t | d + '1 day' | d + d | d LIKE '2026%' | d IN (1) | d = o | d = iv | d BETWEEN 1 AND 31 | tz > 30 | tz > iv | tz - 30 | now() - 30 | tz + 1 | tz = '2026-01-01 25:00' | ts > 'soon' | tz - tz > 30 | iv > 30 | iv > '30 dayz' | iv + 1 | d - d > iv
extract(year FROM t) | extract(month FROM i) | date_trunc('day', t) | date_trunc('day', i) | date_trunc(d, 'day') | to_char(t, 'YYYY') | age(t) | age(i) | tz AT TIME ZONE 5 | date_part('year', t) | t::interval + 1 | isfinite(i) | sum(d) | avg(tz) | d * 2 | ti + ti
u = 'abc' | u = 1 | u = t | u LIKE 'a%' | u::bigint | u || u | lower(u) | i::uuid | u > 5 | sum(u) | u IN ('1')
jb -> 'a' = 'x' | jb ->> 'a' > 5 | jb = 1 | j = '{}' | j @> '{}' | jb + 1 | lower(jb) | jsonb_array_length(j) | json_array_length(jb) | sum(jb -> 'a') | sum(jb ->> 'a') | jb::date | jb > 5 | jb @> 'a' | jb ->> 'a' + 1 | jb = '{a: 1}'
a = 'x' | a = t | t = a | a @> 'x' | a @> 1 | a && 'x' | 1 = ANY (a) | t = ANY (t) | i = ANY ('{1,x}') | i = ANY (t) | cardinality(t) | array_length(t, 1) | unnest(t) | a LIKE 'x' | lower(a) | a > 1 | array_to_string(t, ',') | a[1] = 5 | ia @> ARRAY['a'] | ia && a | a || 5
e = 'wonn' | e IN ('new', 'old') | e = t | e LIKE 'w%' | e = 1 | lower(e) | e + 1 | e::int | e = ANY ('{new,old}') | sum(e) | coalesce(e, 'none') | CASE WHEN o THEN e ELSE 'none' END | e > 'old' | e ~ 'w'
p @> d | p @> 5 | p = 'x' | p && now() | ir @> 'x' | ir @> t | lower(i) | upper(i) | ir = 5 | p > 5 | isempty(t)
ip = 5 | ip = 'x' | ip LIKE '10.%' | ip = t | host(t) | pt = pt | ba = i | sum(ip) | mac = ip | bit = 5 | tv @@ 5 | lower(ba)
am = 'x' | am = t | am || am | am = o | am > d | lower(am) | am = ANY (a)
lower(i) | upper(n) | length(i) | trim(i) | substring(i, 1, 2) | left(i, 2) | left(t, 'x') | split_part(t, '-', 'x') | replace(i, 'a', 'b') | position('a' IN i) | round(f, 2) | round(t) | round(t, 2) | abs(t) | ceil(t) | sqrt(t) | power(t, 2) | mod(f, 2) | mod(t, 2) | floor(d) | initcap(i) | md5(i) | to_date(i, 'YYYY') | to_number(i, '9') | regexp_replace(i, 'a', 'b') | encode(t, 'hex')
coalesce(i, 'x') | coalesce(i, t) | coalesce(d, 'x') | coalesce(t, 0) | coalesce(d, i) | coalesce(o, 0) | greatest(i, t) | least(d, 1) | nullif(i, 'x') | nullif(i, t) | CASE WHEN i THEN 1 END | CASE WHEN o THEN 1 ELSE 'x' END | CASE WHEN o THEN i ELSE t END | CASE t WHEN 1 THEN 2 END | CASE WHEN o THEN d ELSE 0 END
sum(t) | avg(t) | sum(v) | stddev(t) | string_agg(i, ',') | bool_and(i) | bool_or(t) | bit_and(n) | corr(t, t) | percentile_cont(0.5) WITHIN GROUP (ORDER BY t) | percentile_cont(0.5) WITHIN GROUP (ORDER BY d) | count(*) FILTER (WHERE i) | sum(i) FILTER (WHERE t) | sum(a) | min(j) | max(jb) | lag(i, 'x') OVER (ORDER BY d) | ntile('x') OVER (ORDER BY d)
i::nummeric | t::datetime | t::string | n::int64 | d::bigint | i::date | n::boolean | u::int | d::int | tz::int | o::numeric | t::nvarchar | i::timestamptz | ia::int | '2026-02-30'::date | 'abc'::int | '1 dayz'::interval | 'x'::boolean | CAST(t AS double) | a::jsonb | e::date | p::text::nosuchtype | jb::uuid | 'x'::stage | '{'::jsonb
(SELECT 1) = 'x' | i IN (SELECT 'x'::text) | i = ANY (SELECT t FROM t AS q) | (SELECT t FROM t AS q) > 5 | i COLLATE "C" = 1 | ARRAY[1, 'x'] | ARRAY[i, t] | current_date - 'x' | now() > 5 | current_user = 5
(t)[1] | (i)[1] = 1 | (d)[1] | ('x')[1] = t | (length(t))[1] > 0 | (u)['a'] | (t).nosuch | (jb).a = '1' | (i).x > 1 | ('x').y = t
(i, d) >= (1, 5) | (i, pt) = (1, 'a') | (i, t) IN ((1, 2)) | u = ROW(i) | lower(ROW(t)) | t = ROW(t) | coalesce(i, ROW(i)) | sum(ROW(i)) | ROW(i) AND o | t = xmlelement(name a, t) | max(xmlelement(name a, t)) | lower(xmlelement(name a, t))
d = 'P1D' | ts = '{}' | d = '()' | ti = 'published' | bit = 'yes' | bit = '12' | a = '{"a": 1}' | iv > '{}' | age('2026-01-31') | to_char('2026-01-31', 'YYYY') | date_trunc('day', '2026-01-31') | - 'x' | coalesce(i, upper(0)) IN (SELECT 1) | t -> nullif('x', '') | i >> ANY (ia) | i + ANY ('{1,2}')
to_jsonb('1') | array_append('a & b', '1') | array_position('%s', i) | array_length('x', 1) | row_to_json('x') | '1' - '2' | trim(t, 'x', 'y') | json_value(n, '$.a') | json_exists(jb, d) | json(i) | xmlconcat(t) | sum(json_arrayagg(i)::text) | avg(json_arrayagg(i)) | i + json_arrayagg(i)
rank(1) WITHIN GROUP (ORDER BY t) | dense_rank(t) WITHIN GROUP (ORDER BY d) | lower(DISTINCT t) | lower(t ORDER BY i) | lower(t) FILTER (WHERE o) | lower(t) OVER () | now(*) > tz | mode(t) | percentile_cont(0.5) | sum(i) WITHIN GROUP (ORDER BY n) | count(DISTINCT i) OVER () | array_agg(i ORDER BY d) OVER () | row_number() FILTER (WHERE o) OVER () | mode() WITHIN GROUP (ORDER BY t) OVER () | array_agg(DISTINCT i ORDER BY d) | string_agg(DISTINCT t, ',' ORDER BY i)
count(DISTINCT j) | array_agg(DISTINCT pt) | array_agg(i ORDER BY j) | rank() OVER (ORDER BY pt) | rank() OVER (PARTITION BY j) | json_arrayagg(i ORDER BY pt) | count(*) OVER (ORDER BY ARRAY[j])
ia[o] = 1 | ia[d] = 1 | ia['x'] = 1 | jb[d] = '1' | jb[o] = '1' | ia[1][2] ~ 'a' | ia[1][2] = 'x' | (t).length ~ 'a' | t COLLATE t = 'a' | t COLLATE t.v = 'a' | tz::timestamptz(B'10') = tz | tz::timestamptz(99999999999) = tz | ARRAY['a']::int[] = ia | ARRAY[d]::int[] = ia | t'x' IS NULL
t <@ ANY ('{1,2}') | m = 'x' | m = '2026-01-31' | m = '1 day' | ti = '2026-01-31' | ti = 'today' | ti = '1' | tz = '08:00:2b:01:02:03' | tz = '10.0.0.0/8' | d = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11' | d = '1.5' | iv = '10.0.0.0/8' | box '1' IS NULL | box '(1,2)' IS NULL | circle '1,2' IS NULL | path '1' IS NULL | '{1,2}'::int4multirange IS NULL | mac = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11' | t = ('x' COLLATE "C") - 1
CASE WHEN o THEN unnest(ia) END | coalesce(unnest(ia), 1) | sum(unnest(ia)) | sum(i) FILTER (WHERE unnest(ia) = 1) | sum(unnest(ia)) OVER () | i = (SELECT 1 WHERE generate_series(1, 2) = 1) | i IN (SELECT 1 LIMIT generate_series(1, 2))
u IN (SELECT * FROM generate_series(1, 2)) | EXISTS (SELECT 1 FROM t AS q GROUP BY q.j) | EXISTS (SELECT DISTINCT q.pt FROM t AS q) | EXISTS (SELECT q.i FROM t AS q ORDER BY q.j) | EXISTS (SELECT DISTINCT q.i FROM t AS q ORDER BY q.d) | EXISTS (SELECT DISTINCT ON (q.i) q.i FROM t AS q ORDER BY q.d) | EXISTS (SELECT q.j FROM t AS q UNION SELECT q.j FROM t AS q) | EXISTS (SELECT sum(q.i) OVER w FROM t AS q)
"""


def listed(text: str) -> list[str]:
    """The expressions of a list."""
    return [item.strip() for line in text.strip().splitlines() for item in line.split(" | ")]
