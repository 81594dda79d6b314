"""Functions of MySQL, SQL Server, BigQuery, Snowflake, Oracle, SQLite and ClickHouse → what PostgreSQL has for them. A table.

`$1` is an argument, `$1u` one that names a unit (`day`, `'day'`) without quotes, `$1t` one in brackets where it needs them, `$1m` a mask of
MySQL's or strftime's as PostgreSQL has it. A function that means several things by its number of arguments has several lines.
Rule sources: the function references of these systems, and PostgreSQL's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

Forms = Mapping[int, str]  # number of arguments → the text


def _all(names: str, forms: Forms) -> dict[str, Forms]:
    return dict.fromkeys(names.split(), forms)


def _parts(names: Mapping[str, str]) -> dict[str, Forms]:
    return {name: {1: text} for name, text in names.items()}


_DAYS: Final = "$2t::date - $1t::date"

FOREIGN: Final[Mapping[str, Forms]] = {
    **_all("ifnull nvl", {2: "coalesce($1, $2)"}),
    "isnull": {1: "$1t IS NULL", 2: "coalesce($1, $2)"},
    "nvl2": {3: "CASE WHEN $1 IS NOT NULL THEN $2 ELSE $3 END"},
    "zeroifnull": {1: "coalesce($1, 0)"},
    "nullifzero": {1: "nullif($1, 0)"},
    **_all("if iff iif", {2: "CASE WHEN $1 THEN $2 END", 3: "CASE WHEN $1 THEN $2 ELSE $3 END"}),
    "decode": {
        3: "CASE $1 WHEN $2 THEN $3 END",
        4: "CASE $1 WHEN $2 THEN $3 ELSE $4 END",
        5: "CASE $1 WHEN $2 THEN $3 WHEN $4 THEN $5 END",
        6: "CASE $1 WHEN $2 THEN $3 WHEN $4 THEN $5 ELSE $6 END",
        8: "CASE $1 WHEN $2 THEN $3 WHEN $4 THEN $5 WHEN $6 THEN $7 ELSE $8 END",
    },
    **_all("getdate sysdate sysdatetime current_datetime systimestamp sysdatetimeoffset", {0: "now()"}),
    **_all("curdate today", {0: "current_date"}),
    "curtime": {0: "current_time"},
    **_all("getutcdate utc_timestamp sysutcdatetime", {0: "now() AT TIME ZONE 'UTC'"}),
    **_all("unix_timestamp tounixtimestamp", {0: "extract(epoch FROM now())", 1: "extract(epoch FROM $1)"}),
    **_all("from_unixtime timestamp_seconds fromunixtimestamp", {1: "to_timestamp($1)"}),
    **_parts(
        {
            **{unit: f"extract({unit} FROM $1)" for unit in ("year", "quarter", "month", "week", "day", "hour", "minute", "second")},
            **{f"to{unit}": f"extract({unit} FROM $1)" for unit in ("year", "quarter", "month", "hour", "minute", "second")},
            "dayofmonth": "extract(day FROM $1)",
            "todayofmonth": "extract(day FROM $1)",
            "dayofyear": "extract(doy FROM $1)",
            "dayofweek": "extract(dow FROM $1) + 1",
            "weekday": "extract(isodow FROM $1) - 1",
            "weekofyear": "extract(week FROM $1)",
            "dayname": "to_char($1, 'FMDay')",
            "monthname": "to_char($1, 'FMMonth')",
            **{f"tostartof{unit}": f"date_trunc('{unit}', $1)" for unit in ("year", "quarter", "month", "day", "hour", "minute")},
            "tomonday": "date_trunc('week', $1)",
            "todate": "$1t::date",
        }
    ),
    "datepart": {2: "extract($1u FROM $2)"},
    **_all("last_day eomonth", {1: "(date_trunc('month', $1) + interval '1 month - 1 day')::date"}),
    "add_months": {2: "$1t + $2t * interval '1 month'"},
    "dateadd": {3: "$3t + $2t * interval '1 $1u'"},
    "timestampadd": {3: "$3t + $2t * interval '1 $1u'"},
    **_all("date_add adddate", {2: "$1t + $2t"}),
    **_all("date_sub subdate", {2: "$1t - $2t"}),
    **_all("timestamp_add datetime_add", {2: "$1t + $2t"}),
    **_all("timestamp_sub datetime_sub", {2: "$1t - $2t"}),
    "datediff": {2: "$1t::date - $2t::date", 3: "diff($1, $2, $3)"},
    "timestampdiff": {3: "diff($1, $2, $3)"},
    **_all("date_diff timestamp_diff datetime_diff", {2: "$1t::date - $2t::date", 3: "diff($3, $2, $1)"}),
    **_all("timestamp_trunc datetime_trunc", {2: "date_trunc('$2u', $1)"}),
    "date_trunc": {2: "date_trunc('$2u', $1)"},
    "date_format": {2: "to_char($1, $2m)"},
    **_all("strftime format_date format_timestamp format_datetime", {2: "to_char($2, $1m)"}),
    **_all("str_to_date", {2: "to_date($1, $2m)"}),
    **_all("parse_date", {2: "to_date($2, $1m)"}),
    **_all("parse_timestamp parse_datetime", {2: "to_timestamp($2, $1m)"}),
    **_all("len", {1: "length($1)"}),
    "datalength": {1: "octet_length($1)"},
    **_all("charindex locate", {2: "position($1 IN $2)"}),
    "instr": {2: "position($2 IN $1)"},
    "mid": {2: "substring($1, $2)", 3: "substring($1, $2, $3)"},
    "ucase": {1: "upper($1)"},
    "lcase": {1: "lower($1)"},
    "space": {1: "repeat(' ', $1)"},
    "replicate": {2: "repeat($1, $2)"},
    "startswith": {2: "starts_with($1, $2)"},
    **_all("endswith ends_with", {2: "right($1, length($2)) = $2"}),
    "contains": {2: "position($2 IN $1) > 0"},
    **_all("regexp_contains rlike", {2: "$1t ~ $2t"}),
    "regexp_extract": {2: "substring($1 FROM $2)"},
    "substring_index": {3: "split_part($1, $2, $3)"},
    "stuff": {4: "overlay($1 PLACING $4 FROM $2 FOR $3)"},
    "months_between": {2: "extract(year FROM age($1, $2)) * 12 + extract(month FROM age($1, $2))"},
    "to_days": {1: "$1t::date - DATE '0001-01-01' + 366"},
    **_all("lowercase to_lower tolower", {1: "lower($1)"}),
    **_all("uppercase to_upper toupper", {1: "upper($1)"}),
    "split": {2: "string_to_array($1, $2)"},
    **_all("group_concat wm_concat", {1: "string_agg($1t::text, ',')", 2: "string_agg($1t::text, $2)"}),
    "listagg": {1: "string_agg($1t::text, '')", 2: "string_agg($1t::text, $2)"},
    **_all("countif count_if", {1: "count(*) FILTER (WHERE $1)"}),
    "sumif": {2: "sum($1) FILTER (WHERE $2)"},
    "avgif": {2: "avg($1) FILTER (WHERE $2)"},
    **_all("approx_count_distinct ndv uniq uniqexact countdistinct approx_distinct hll_count", {1: "count(DISTINCT $1)"}),
    **_all("collect_list grouparray", {1: "array_agg($1)"}),
    **_all("collect_set", {1: "array_agg(DISTINCT $1)"}),
    "median": {1: "percentile_cont(0.5) WITHIN GROUP (ORDER BY $1)"},
    **_all("average mean", {1: "avg($1)"}),
    "stdev": {1: "stddev($1)"},
    "stdevp": {1: "stddev_pop($1)"},
    "varp": {1: "var_pop($1)"},
    "var": {1: "variance($1)"},
    "logical_or": {1: "bool_or($1)"},
    "logical_and": {1: "bool_and($1)"},
    "safe_divide": {2: "$1t / nullif($2, 0)"},
    "div0": {2: "coalesce($1t / nullif($2, 0), 0)"},
    "truncate": {2: "trunc($1, $2)"},
    "rand": {0: "random()"},
    "square": {1: "power($1, 2)"},
    **_all("to_varchar", {1: "$1t::text", 2: "to_char($1, $2)"}),
    **_all("to_string tostring str cstr", {1: "$1t::text"}),
    **_all("to_numeric to_decimal todecimal", {1: "$1t::numeric"}),
    **_all("to_int to_integer toint32 toint64 toint", {1: "$1t::bigint"}),
    **_all("to_double tofloat64 tofloat", {1: "$1t::double precision"}),
    "to_boolean": {1: "$1t::boolean"},
    "datetime": {1: "$1t::timestamp"},
    "parse_json": {1: "$1t::jsonb"},
    **_all("json_extract get_json_object", {2: "jsonb_path_query_first($1t::jsonb, $2)"}),
    "json_extract_scalar": {2: "jsonb_path_query_first($1t::jsonb, $2) #>> '{}'"},
    **_all("array_size size", {1: "cardinality($1)"}),
    "array_contains": {2: "$2t = ANY ($1)"},
    **_all("generate_uuid newid uuid", {0: "gen_random_uuid()"}),
    "to_base64": {1: "encode($1, 'base64')"},
    "convert": {2: "CAST($2 AS $1u)"},  # MySQL has the two the other way round: the text tells
    "convert_timezone": {2: "$2t AT TIME ZONE $1", 3: "$3t AT TIME ZONE $1 AT TIME ZONE $2"},
    "isnumeric": {1: "$1t ~ '^[0-9]+([.][0-9]+)?$'"},
    **_all("current_date current_time current_timestamp localtime localtimestamp current_user session_user", {0: "$f"}),
}  # fmt: skip

# `diff(unit, from, to)`: how many units lie between two times
DIFFERENCES: Final[Mapping[str, str]] = {
    "day": _DAYS,
    "week": f"({_DAYS}) / 7",
    "hour": "floor(extract(epoch FROM $2t - $1t) / 3600)",
    "minute": "floor(extract(epoch FROM $2t - $1t) / 60)",
    "second": "floor(extract(epoch FROM $2t - $1t))",
    "year": "extract(year FROM $2) - extract(year FROM $1)",
    "month": "(extract(year FROM $2) - extract(year FROM $1)) * 12 + extract(month FROM $2) - extract(month FROM $1)",
}

# Names that stand for a value without brackets elsewhere
PSEUDO_COLUMNS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("sysdate", "systimestamp", "getdate", "now", "current_datetime"), "now()"),
    **dict.fromkeys(("today", "curdate"), "current_date"),
    "utc_timestamp": "now() AT TIME ZONE 'UTC'",
}

UNITS: Final[Mapping[str, str]] = {
    **{name: unit for unit in ("year", "quarter", "month", "week", "day", "hour", "minute", "second") for name in (unit, f"{unit}s")},
    "yy": "year", "yyyy": "year", "qq": "quarter", "mm": "month", "mon": "month", "wk": "week", "ww": "week", "dd": "day", "d": "day",
    "hh": "hour", "mi": "minute", "n": "minute", "ss": "second", "s": "second",
}  # fmt: skip

MASKS: Final[Mapping[str, str]] = {
    "%Y": "YYYY", "%y": "YY", "%m": "MM", "%d": "DD", "%H": "HH24", "%i": "MI", "%s": "SS", "%S": "SS", "%T": "HH24:MI:SS",
    "%b": "Mon", "%a": "Dy", "%W": "FMDay", "%A": "FMDay", "%B": "FMMonth", "%e": "FMDD", "%p": "AM", "%h": "HH12", "%I": "HH12",
    "%j": "DDD", "%f": "US", "%F": "YYYY-MM-DD", "%c": "FMMM", "%V": "IW", "%u": "ID", "%q": "Q", "%Q": "Q",
}  # fmt: skip
