"""Keys that people know from dbt, Cube, LookML, Malloy, SQLMesh and SQL → what they are here. A table: it decides nothing.

What is no key is a sentence. Rule sources: the reference pages of these tools.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final


def _all(words: str, meant: str) -> dict[str, str]:
    return dict.fromkeys(words.split(), meant)


_SCHEDULE: Final = (
    "how fresh a view is stands in a file of schedules/, e.g. schedules/refresh.yml:\n"
    "schedules:\n"
    '  - {schedule: nightly, refresh: all, every: "0 2 * * *"}'
)  # fmt: skip
_POLICY: Final = (
    "who may read a view stands in a file of policies/, e.g. policies/access.yml:\n"
    "policies:\n"
    "  - {policy: staff, view: VIEW, to: [staff], using: true}"
)
_OTHER_FILE: Final = (
    "this is a file of another tool; here each view is a file of its own, e.g. views/daily.yml:\n"
    "view: daily\n"
    "sources: {o: {table: orders}}\n"
    "dimensions: {day: o.ordered_on}\n"
    "aggregates: {total: {sum: o.amount}}"
)
_NO_ORDER: Final = "rows of a view have no order: take it out, and order them where they are read; an index helps there"
_FOUND: Final = "take it out: the compiler finds that by itself"
_ALWAYS: Final = "take it out: a refresh keeps readers reading whenever it can"
_BODY: Final = "only a body has it: sql: | SELECT …, with grain: [columns]"
_SERVER: Final = (
    "take it out: commands take a database by --database URL or DATABASE_URL, so that no password is in the project"
)
_SELECT_ONLY: Final = "take it out: readers of a view only select"
_DESCRIPTION: Final = _all("comment doc docs title label summary desc", "description")

_VIEW: Final = {
    **_all("measures measure metrics metric aggregations aggregation aggregate aggs facts calculations", "aggregates"),
    **_all("dimension dims group_by groupby group groups grouping attributes entities by", "dimensions"),
    **_all("source from tables table joins join join_many join_one base dataset datasets explores sql_table_name sql_table", "sources"),
    **_all("name cube mv materialized_view matview view_name explore semantic_model", "view"),
    **_all("filter filters condition conditions sql_where sql_always_where filter_by", "where"),
    **_all("query select definition body statement as sql_query derived_table", "sql"),
    **_all("primary_key unique_key key keys pk unique grains", "grain"),
    **_all("index indices", "indexes"),
    **_all("tag labels groups_of", "tags"),
    **_all("extensions extension", "requires"),
    **_all("storage options storage_parameters with_options parameters", "with"),
    **_all("materialize materialised materialization", "materialized"),
    **_all("accepts ignore suppress disable noqa", "accept"),
    **_all("renamed_from old_name previous_name former alias_of", "was"),
    **_DESCRIPTION,
    **_all(
        "schedule schedules refresh refresh_interval refresh_key refresh_every cron every interval ttl freshness max_staleness lag"
        " target_lag auto_refresh refresh_schedule within timezone",
        _SCHEDULE,
    ),
    **_all("policies policy access rls grants grant roles role security readers to using owner row_level_security", _POLICY),
    **_all("order_by orderby order sort sort_by", _NO_ORDER),
    **_all("limit offset distinct distinct_on", _BODY),
    **_all("window window_functions analytics running table_calculations", "windows"),
    **_all("qualify post_filter filter_after", "keep"),
    **_all("having_filter sql_having sql_always_having group_filter", "having"),
    **_all("depends_on upstream refs dependencies lineage", _FOUND),
    **_all("concurrently concurrent with_data", _ALWAYS),
    **_all("database connection url dsn", _SERVER),
    "config": "there is no `config`: materialized, schema, tags, indexes are keys of the view itself",
    "kind": "there is no `kind`: a refresh is whole unless a schedule says mode: incremental or mode: window",
    **_all("columns_ fields projections", "name each column under dimensions: (what rows are grouped by) or aggregates:"),
    **_all("tests test audits assertions", "tests of rows are not keys of a view: take it out"),
    "version": "`version` belongs to mvc.yml, and is the oldest PostgreSQL to support",
    **_all("models semantic_models exposures seeds snapshots saved_queries cubes explores audits_ macros", _OTHER_FILE),
    **_all("pre_aggregations segments drill_fields hierarchies meta", "take it out: there is no such thing here"),
}  # fmt: skip

_SOURCE: Final = {
    **_all("name relation model ref source table_name sql_table_name sql_table dataset", "table"),
    **_all("sql_on join_on condition conditions using join_condition on_ join_key foreign_key keys_on match", "on"),
    **_all("filter filters sql_where", "where"),
    **_all("query select subquery derived_table sql_query", "sql"),
    **_all("primary_key unique_key keys pk grain unique", "key"),
    **_all("inner must_exist mandatory exists", "required"),
    **_all("missing not_exists none exclude anti without", "absent"),
    **_all("last newest most_recent", "latest"),
    **_all("earliest oldest", "first"),
    **_all("order order_by distinct_on", "latest: by what it is the last, or first: the order in which it comes first; a row of the parent then has one row here"),
    **_all("single unique_match to_one", "one"),
    **_all("alias as", "the key of the entry is the alias: write it in the place of that name"),
    **_all("outer left optional", "take it out: every source is a left join, unless it says required: true"),
    **_all("schema", "write the schema before the table: table: schema.name"),
    **_all("fields", "take it out: what is read of a source is found in dimensions and aggregates"),
    **_all("rows data inline literal_values", "values"),
    **_all("tables union union_all", "table"),
    **_all("calendar date_spine time_spine generate_series", "spine"),
    **_all("start start_date since begin", "from"),
    **_all("end end_date until", "to"),
    **_all("timezone tz time_zone", "zone"),
    **_all("description comment", "take it out: a source has no description, but columns and views have one"),
    "relationship": "take it out: declared keys say whether a join is to-one; where no key does, one: true claims it",
    "cardinality": "take it out: declared keys say whether a join is to-one; where no key does, one: true claims it",
}  # fmt: skip

_AGGREGATE: Final = {
    **_all("filter filters if when condition only_if filter_where sql_where", "where"),
    **_all("distinct_count countd count_unique nunique uniq unique unique_count approx_count_distinct count_distinct_approx approx_distinct", "count_distinct"),
    **_all("average mean", "avg"),
    **_all("total sum_of add", "sum"),
    **_all("minimum least lowest", "min"),
    **_all("maximum greatest highest", "max"),
    **_all("count_rows rows count_star number n row_count", "count"),
    **_all("listagg group_concat concat string_join join", "string_agg"),
    **_all("collect_list collect array list collect_set", "array_agg"),
    **_all("every all", "bool_and"),
    **_all("any some", "bool_or"),
    **_all("stddev_samp std standard_deviation", "stddev"),
    **_all("var var_samp variance_samp", "variance"),
    **_all("quantile percentile_cont percentile_approx", "percentile"),
    **_all("first_value earliest", "first"),
    **_all("last_value latest", "last"),
    **_all("order_by orderby sort sort_by", "order"),
    **_all("sep delimiter delim", "separator"),
    **_all("fill fill_with coalesce ifnull if_null null_value fallback else", "default"),
    **_all("expression formula calculation calc computed derived ratio", "expr"),
    **_all("p q percent", "at"),
    **_all("renamed_from old_name", "was"),
    **_DESCRIPTION,
    **_all("format value_format unit currency", "take it out: how a value is shown is for those who read it"),
    "name": "the key of the entry is the column's name: write it in the place of that key",
    "alias": "the key of the entry is the column's name: write it in the place of that key",
}  # fmt: skip

_WINDOW: Final = {
    **_all("partition_by partition partitioned_by group_by per of_each over by_group", "within"),
    **_all("order_by orderby sort sort_by", "order"),
    **_all("rows range window frame_clause", "frame"),
    **_all("offset n steps distance", "by"),
    **_all("tiles parts groups", "buckets"),
    **_all("filter filters if condition", "where"),
    **_all("row_num rownumber number", "row_number"),
    **_all("denserank", "dense_rank"),
    **_all("cumulative_sum running_sum running_total cumsum total", "sum"),
    **_all("average mean moving_average", "avg"),
    **_all("percent_of_total ratio_to_report fraction percentage part", "share"),
    **_all("first_value", "first"),
    **_all("last_value", "last"),
    **_all("previous prev before", "lag"),
    **_all("next after", "lead"),
    **_all("fill_forward ffill locf last_known", "carry"),
    **_all("fill fill_with coalesce ifnull if_null null_value fallback else", "default"),
    **_all("cast data_type", "type"),
    **_all("renamed_from old_name", "was"),
    **_DESCRIPTION,
    "expr": "a column computed from others, windows among them, stands under aggregates: `expr`",
    "name": "the key of the entry is the column's name: write it in the place of that key",
}  # fmt: skip

_DIMENSION: Final = {
    "hidden": "take it out: a dimension is what rows are told apart by, so readers need it",
    **_all("sql expression column field value source", "expr"),
    **_all("renamed_from old_name", "was"),
    **_DESCRIPTION,
    **_all("data_type cast", "type"),
    **_all("granularity grain timeframe timeframes unit interval", "period"),
    **_all("tz timezone time_zone", "zone"),
    **_all("primary_key", _FOUND),
    "name": "the key of the entry is the column's name: write it in the place of that key",
}  # fmt: skip

_INDEX: Final = {
    **_all("fields column on keys expressions key", "columns"),
    **_all("type method kind", "using"),
    **_all("condition filter predicate", "where"),
    **_all("includes including covering", "include"),
    **_all("storage options", "with"),
    "concurrently": "take it out: indexes are built beside what serves, before anybody reads",
}  # fmt: skip

_POLICY_KEYS: Final = {
    "name": "policy",
    **_all("views table tables on", "view"),
    **_all("roles role for_roles grantee users grant_to grant readers for_role group groups", "to"),
    **_all("condition where filter check qual rule expr sql when predicate", "using"),
    **_all("type kind", "as"),
    **_all("for command operation cmd action with_check", _SELECT_ONLY),
    **_DESCRIPTION,
}  # fmt: skip

_SCHEDULE_KEYS: Final = {
    "name": "schedule",
    **_all("view views target targets models select model what", "refresh"),
    **_all("cron at cron_schedule cron_line crontab interval when refresh_interval run_every", "every"),
    **_all("max_age freshness ttl lag sla max_staleness target_lag maximum_age", "within"),
    **_all("tz time_zone zone", "timezone"),
    **_all("strategy method type kind", "mode"),
    **_all("lookback reach back", "window"),
    **_all("statement_timeout max_duration", "timeout"), **_all("active", "enabled"),
    **_all("concurrently concurrent", _ALWAYS),
    **_DESCRIPTION,
}  # fmt: skip

_PROJECT: Final = {
    "name": "project",
    **_all("ddl tables schema_file schema_files schema_path base_tables ddl_files sql_files", "catalog"),
    **_all("pg_version postgres_version postgresql_version postgresql postgres", "version"), **_all("tz time_zone", "timezone"),
    **_all("target engine adapter", "dialect"), **_all("channel", "notify"), **_all("search_paths path", "search_path"),
    **_all("schema target_schema", "the schema that readers use: schemas: {exposed: NAME}"),
    **_all("database url connection dsn host port user password databases env", _SERVER),
    **_all("views models model-paths model_paths", "take it out: views are the files of views/"),
    **_all("policies", _POLICY),
    **_all("schedules schedule", _SCHEDULE),
    **_all("roles", "roles that may refresh: refresh_roles: […]; who may read stands in policies/"),
}  # fmt: skip

HABITS: Final[Mapping[str, Mapping[str, str]]] = {
    "ViewSpec": _VIEW,
    "SourceSpec": _SOURCE,
    "AggregateSpec": _AGGREGATE,
    "DimensionSpec": _DIMENSION,
    "WindowSpec": _WINDOW,
    "IndexSpec": _INDEX,
    "IndexColumnSpec": {**_all("column name field sql", "expr"), **_all("sort direction dir", "order"), "collation": "collate", "ops": "opclass"},
    "PolicySpec": _POLICY_KEYS,
    "PolicyFile": {**_all("rules policy_list", "policies"), **_all("predicate conditions", "predicates")},
    "UsingSpec": {"or": "any", "and": "all", **_all("expr condition where", "sql"), **_all("name ref", "predicate")},
    "ScheduleSpec": _SCHEDULE_KEYS,
    "ScheduleFile": _all("jobs refreshes refresh_jobs crons", "schedules"),
    "ProjectSpec": _PROJECT,
    "SchemasSpec": {**_all("public readers views reading target", "exposed"), **_all("storage internal private store", "stored")},
    "LogSpec": _all("retention retain keep_for", "keep"),
    "PartitionSpec": {
        **_all("interval period granularity range unit every_", "by"), **_all("retention keep_for retain", "keep"),
        **_all("premake future precreate advance make", "ahead"), **_all("schedule cron at", "every"), **_all("name relation", "table"),
        **_all("column key on", "take it out: the table says by what it is partitioned"),
    },
    "MeasureSpec": {**_AGGREGATE, **_all("source from relation model", "table"), **_all("currency", "unit")},
    "MeasureFile": _all("measure metrics metric", "measures"),
    "PartitionFile": _all("tables partition", "partitions"),
    "BodyColumnSpec": _DESCRIPTION,
}  # fmt: skip


def meant(model: str, key: str) -> str:
    """The key, or the sentence, for what a mapping of this model does not have; empty where nothing is known of it."""
    return HABITS.get(model, {}).get(key.lower().replace("-", "_"), "")
