"""The extensions that people name under `requires:`: what of them is known (`extensions.txt`, written by `tests/catalog/make_extensions.py`), and the names
of more, of which nothing else is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

from mvc.diagnostics import did_you_mean

_OTHERS: Final = frozenset(
    """
    adminpack age anon citus count_distinct datasketches first_last_agg h3 h3_postgis hll http hypopg ip4r jsquery
    madlib mysql_fdw ogr_fdw oracle_fdw orafce pageinspect periods pg_bigm pg_cron pg_duckdb pg_graphql pg_hashids
    pg_hint_plan pg_ivm pg_jsonschema pg_net pg_partman pg_repack pg_search pg_similarity pg_squeeze pg_tle
    pg_uuidv7 pgaudit pgjwt pgmq pgroonga pgrouting pgsodium pgtap plperl plpython3u pltcl plpgsql_check plv8
    pointcloud prefix q3c quantile roaringbitmap rum semver sslinfo supabase_vault table_version tdigest tds_fdw
    temporal_tables timescaledb timescaledb_toolkit topn unit vectorscale wrappers zombodb bool_plperl bool_plperlu
    hstore_plperl jsonb_plperl ltree_plpython3u pg_stat_kcache pg_wait_sampling postgis_tiger_geocoder
    address_standardizer_data_us refint basic_archive pg_stat_monitor auto_explain
    """.split()
)
GROWING: Final = frozenset(
    {"postgis", "postgis_raster", "postgis_sfcgal", "postgis_topology", "vector"}
)  # each version has more


class Extension(NamedTuple):
    """`classes` are `method/class`."""

    types: frozenset[str]
    classes: frozenset[str]
    functions: frozenset[str]


@cache
def extensions() -> Mapping[str, Extension]:
    """Those whose members are known."""
    text = files("mvc.catalog").joinpath("extensions.txt").read_text(encoding="utf-8")
    rows = ((*line.split("\t"), "", "", "") for line in text.splitlines())
    return {row[0]: Extension(*(frozenset(part.split()) for part in row[1:4])) for row in rows}


@cache
def extension_names() -> frozenset[str]:
    """All that have a name here."""
    return frozenset(extensions()) | _OTHERS


@cache
def meant(name: str) -> str:
    """The extension that a name is nearly, in words; empty for one that there is, and where nothing is near."""
    near = "" if name in extension_names() else did_you_mean(name, extension_names(), "extensions")
    return near.split(" (")[0] if near.startswith("did you mean") else ""


def are_known(names: Iterable[str]) -> bool:
    """Whether all that these extensions have is known. One that is misspelt has nothing, and has a finding of its own."""
    return all(name in extensions() or meant(name) for name in names)


def functions_of(names: Iterable[str]) -> frozenset[str]:
    """The functions that these extensions are known to have."""
    return frozenset(function for name in names if name in extensions() for function in extensions()[name].functions)
