"""The plan looks at the database first: whatever a view uses and the database does not have, or has otherwise, is named at its place
in the spec, before anything is done. Each case proves beside it that what is named is a real failure, and that what is not named is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

import psycopg
import pytest

import mvc
from mvc.catalog.types import Catalog, Column
from mvc.compiled.project import Compiled
from mvc.compiled.view import CompiledView
from mvc.engines.postgres.plan.mismatches import RelationMissing
from mvc.engines.postgres.plan.steps import Plan
from mvc.engines.postgres.server.apply import ApplyOptions, apply, plan
from mvc.engines.postgres.server.errors import ServerError
from mvc.engines.postgres.server.observe import observe
from mvc.pipeline.consequences import catalog_findings
from servers import ROOT, Database, Servers, new_database

from .projects import ANYTHING, assert_settled, create_roles

Connection = psycopg.Connection[Any]

SCHEMA = """\
CREATE SCHEMA app;
CREATE TYPE app.mood AS ENUM ('good', 'bad');
CREATE TABLE shop (id int PRIMARY KEY, name varchar(20) NOT NULL, mood app.mood NOT NULL, city text NOT NULL, note text, unused int);
CREATE TABLE sale (id int PRIMARY KEY, shop_id int NOT NULL REFERENCES shop, amount int NOT NULL, tax numeric(8,2) NOT NULL,
  code char(3) NOT NULL, UNIQUE (code));
CREATE TABLE detail (sale_id int NOT NULL UNIQUE, weight int NOT NULL);
CREATE TABLE stranger (id int PRIMARY KEY, x int);
CREATE FUNCTION doubled(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT n * 2';
CREATE FUNCTION viewer() RETURNS int LANGUAGE sql STABLE AS 'SELECT 1';
CREATE FUNCTION idle() RETURNS int LANGUAGE sql STABLE AS 'SELECT 1';
"""
ROWS = """\
INSERT INTO shop VALUES (1, 'a', 'good', 'x', 'n', 1), (2, 'b', 'bad', 'y', NULL, 2);
INSERT INTO sale VALUES (1, 1, 5, 1.5, 'abc'), (2, 1, 6, 2.5, 'abd'), (3, 2, 7, 0.5, 'abe');
INSERT INTO detail VALUES (1, 10), (2, 20), (3, 30);
"""
FILES = {
    "mvc.yml": "project: live\ncatalog: s.sql\ntimezone: UTC\n",
    "s.sql": SCHEMA,
    "views/per_shop.yml": """\
view: per_shop
sources:
  p: {table: shop}
  s: {table: sale, on: s.shop_id = p.id, where: s.tax >= 0}
dimensions:
  id: p.id
  city: p.city
  mood: p.mood
aggregates:
  total: {sum: s.amount}
  sales: {count: s}
""",
    "views/weights.yml": """\
view: weights
sources:
  s: {table: sale}
  d: {table: detail, on: d.sale_id = s.id}
dimensions:
  sale: s.id
  weight: doubled(d.weight)
""",
    "views/codes.yml": """\
view: codes
grain: [code]
sql: |
  SELECT code,
         amount
  FROM sale
""",
    "views/names.yml": """\
view: names
sources: {p: {table: shop}}
dimensions: {name: p.name}
aggregates: {n: {count: p}}
""",
    "policies/p.yml": "policies:\n- {policy: p, view: names, using: n > viewer()}\n- {policy: q, view: [per_shop, weights, codes], using: true}\n",
}


@dataclass(frozen=True)
class Case:
    """What somebody did to the database, and what is said of it: (severity, place, a part of the title). `proof` says how it is shown."""

    change: str
    said: tuple[tuple[str, str, str], ...] = ()
    proof: Literal["fails", "types", "repeats", "same", "none"] = "fails"
    rows: str = ""


REPEATED = "INSERT INTO detail VALUES (1, 11)"
CASES = {
    "a column is gone": Case(
        "ALTER TABLE sale DROP COLUMN amount",
        (
            ("error", "views/per_shop.yml:10:18", "`public.sale` has no column `amount` in the database"),
            ("error", "views/codes.yml:5:10", "`public.sale` has no column `amount` in the database"),
        ),
    ),
    "a column is renamed": Case(
        "ALTER TABLE shop RENAME COLUMN city TO town",
        (("error", "views/per_shop.yml:7:11", "`public.shop` has no column `city` in the database"),),
    ),
    "a column that only a filter reads is gone": Case(
        "ALTER TABLE sale DROP COLUMN tax",
        (("error", "views/per_shop.yml:4:51", "`public.sale` has no column `tax` in the database"),),
    ),
    "a table is gone": Case(
        "DROP TABLE detail",
        (("error", "views/weights.yml:4:14", "the database has no table `public.detail`"),),
    ),
    "a table is in another schema": Case(
        "ALTER TABLE detail SET SCHEMA app",
        (("error", "views/weights.yml:4:14", "the database has no table `public.detail`"),),
    ),
    "a function is gone": Case(
        "DROP FUNCTION doubled(int)",
        (("error", "views/weights.yml:7:11", "the database has no function `public.doubled(integer)`"),),
    ),
    "a function of a rule is gone": Case(
        "DROP FUNCTION viewer()",
        (("error", "policies/p.yml:2:39", "the database has no function `public.viewer()`"),),
    ),
    "a column has a wider type": Case(
        "ALTER TABLE sale ALTER COLUMN amount TYPE bigint",
        (
            ("error", "views/per_shop.yml:10:16", "`public.sale.amount` is bigint in the database, not integer"),
            ("error", "views/codes.yml:5:10", "`public.sale.amount` is bigint in the database, not integer"),
        ),
        "types",
    ),
    "a column has a longer type": Case(
        "ALTER TABLE shop ALTER COLUMN name TYPE varchar(40)",
        (("error", "views/names.yml:3:20", "is character varying(40) in the database, not character varying(20)"),),
        "types",
    ),
    "a function gives another type": Case(
        "DROP FUNCTION doubled(int); CREATE FUNCTION doubled(n int) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT n * 2::bigint'",
        (("warning", "views/weights.yml:7:11", "is an immutable function that returns bigint in the database"),),
        "same",  # a type that the project never stated
    ),
    "a type of another schema": Case(
        "ALTER TABLE shop ALTER COLUMN mood TYPE text",
        (("error", "views/per_shop.yml:8:9", "`public.shop.mood` is text in the database, not app.mood"),),
        "types",
    ),
    "a key that makes a join to-one is gone": Case(
        "ALTER TABLE detail DROP CONSTRAINT detail_sale_id_key",
        (("error", "views/weights.yml:7:11", "`public.detail` has no unique key on (sale_id) in the database"),),
        "repeats",
        REPEATED,
    ),
    "a key is only partial": Case(
        "ALTER TABLE detail DROP CONSTRAINT detail_sale_id_key; CREATE UNIQUE INDEX ON detail (sale_id) WHERE weight > 15",
        (("error", "views/weights.yml:7:11", "`public.detail` has no unique key on (sale_id) in the database"),),
        "repeats",
        REPEATED,
    ),
    "another type that changes nothing that is given": Case(
        "ALTER TABLE sale ALTER COLUMN tax TYPE numeric(12,4)",
        (("warning", "views/per_shop.yml:4:49", "`public.sale.tax` is numeric(12,4) in the database, not numeric(8,2)"),),
        "same",
    ),
    "a function that is more volatile": Case(
        "ALTER FUNCTION doubled(int) VOLATILE",
        (("warning", "views/weights.yml:7:11", "`public.doubled(integer)` is a volatile function"),),
        "same",
    ),
    "what no view uses": Case(
        "ALTER TABLE shop DROP COLUMN unused; ALTER TABLE shop ALTER COLUMN note TYPE varchar; DROP FUNCTION idle(); DROP TABLE stranger",
        proof="none",
    ),
    "a function that is steadier": Case("ALTER FUNCTION viewer() IMMUTABLE", proof="none"),
    "more than the catalog knows": Case(
        "ALTER TABLE sale ADD COLUMN more int; ALTER TABLE shop ALTER COLUMN note SET DEFAULT ''; CREATE UNIQUE INDEX ON sale (amount);"
        " ALTER TABLE detail ADD FOREIGN KEY (sale_id) REFERENCES sale; CREATE FUNCTION doubled(n text) RETURNS text LANGUAGE sql AS 'SELECT n'",
        proof="none",
    ),
    "a key of fewer columns": Case(
        "ALTER TABLE detail DROP CONSTRAINT detail_sale_id_key; ALTER TABLE detail ADD PRIMARY KEY (sale_id)", proof="none"
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def project() -> Compiled:
    return mvc.compile(mvc.load(FILES))


def build(connection: Connection) -> None:
    connection.execute(SCHEMA + ROWS)


@pytest.fixture
def database(servers: Servers, major: int) -> Iterator[Database]:
    server = servers.get(major)
    with new_database(server, servers.template(server, "live_catalog", build)) as made:
        yield made


def said(made: Plan) -> set[tuple[str, str, str]]:
    found = (item.diagnostic for item in made.catalog)
    return {(it.severity, f"{it.span.path}:{it.span.line}:{it.span.column}", it.title) for it in found}


def outcome(connection: Connection, view: CompiledView) -> str:
    """What building the view would come to, without mvc: PostgreSQL refuses it, gives other types, or more than a row for a grain."""
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(f"CREATE TEMP VIEW tried AS {view.stored_query}".encode())
            connection.execute(
                f"CREATE TEMP VIEW shown AS SELECT * FROM ({view.stored_query}) AS {view.name} WHERE {_rule(view)}".encode()
            )
            types = dict(
                connection.execute(
                    "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'tried'::regclass AND attnum > 0"
                ).fetchall()
            )
            grain = ", ".join(view.grain)
            repeated = connection.execute(
                f"SELECT 1 FROM tried GROUP BY {grain} HAVING count(*) > 1".encode()
            ).fetchone()
    except psycopg.Error:
        return "fails"
    if any(column.type and types[column.name] != column.type for column in view.columns):
        return "types"
    return "repeats" if repeated else "same"


def _rule(view: CompiledView) -> str:
    conditions = [condition for rule in view.access.rules for condition in rule.conditions]
    return " AND ".join(conditions) or "true"


@pytest.mark.parametrize("major", [15, 18])
def test_each_mismatch_is_named_where_it_is_used_and_is_real(database: Database, project: Compiled) -> None:
    connection = database.connect()
    assert plan(connection, project).catalog == ()
    for name, case in CASES.items():
        with connection.transaction(force_rollback=True):
            connection.execute(f"{case.change}; {case.rows or 'SELECT'}".encode())
            outcomes = {view.name: outcome(connection, view) for view in project.views}
            made = plan(connection, project)
        found = said(made)
        assert {item[:2] for item in found} == {item[:2] for item in case.said}, (name, found)
        assert all(any(part in title for _, at, title in found if at == place) for _, place, part in case.said), found
        refused = {item.view for item in made.catalog if item.refuses}
        assert {view for view, came in outcomes.items() if came != "same"} == refused, (name, outcomes)
        assert {outcomes[item.view] for item in made.catalog} <= {case.proof}, (name, outcomes)
        assert len(made.refusals) == sum(item.refuses for item in made.catalog)


ALL = (
    "a column is gone",
    "a function is gone",
    "a column has a longer type",
    "a key that makes a join to-one is gone",
    "a function of a rule is gone",
)


@pytest.mark.parametrize("major", [15, 18])
def test_all_are_named_at_once_and_their_mends_can_be_pasted(database: Database, project: Compiled) -> None:
    connection = database.connect()
    for name in ALL:
        connection.execute(CASES[name].change.encode())
    made = plan(connection, project)
    assert {item[:2] for item in said(made)} >= {place[:2] for name in ALL for place in CASES[name].said}
    with pytest.raises(ServerError, match="this cannot be deployed") as caught:
        apply(connection, project, options=ApplyOptions(ANYTHING))
    assert all(str(item.diagnostic.span.path) in str(caught.value) for item in made.catalog)
    assert connection.execute("SELECT to_regclass('names')").fetchone() == (None,)
    assert connection.execute("SELECT count(*) FROM mvc.deployment").fetchone() == (0,)
    assert any("mvc around FILE" in line for item in made.catalog for line in item.diagnostic.help)
    connection.execute("DELETE FROM sale")  # the column comes back NOT NULL
    for help_line in {line for item in made.catalog for line in item.diagnostic.help}:
        if pasted := re.match(r"if the database is to be changed: ((?:ALTER|CREATE TABLE) .*)", help_line):
            connection.execute(pasted[1].encode())
    connection.execute("CREATE FUNCTION doubled(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT n * 2'")
    connection.execute("CREATE FUNCTION viewer() RETURNS int LANGUAGE sql STABLE AS 'SELECT 1'")
    apply(connection, project, options=ApplyOptions(ANYTHING))
    assert_settled(connection, project)


@pytest.mark.parametrize("major", [15, 18])
def test_what_is_deployed_is_looked_at_as_well_and_other_views_go_on(database: Database, project: Compiled) -> None:
    connection = database.connect()
    apply(connection, project, options=ApplyOptions(ANYTHING))
    connection.execute("ALTER TABLE detail DROP CONSTRAINT detail_sale_id_key")
    again = plan(connection, project)
    assert [(step.action, step.view) for step in again.steps] == [("prove", "weights")]
    assert {(item.view, item.refuses) for item in again.catalog} == {("weights", True)}
    with pytest.raises(ServerError, match=r"views/weights\.yml:7:11"):
        apply(connection, project)
    assert plan(connection, project, ["names", "codes"]).refusals == ()
    apply(connection, project, ["names"])


@pytest.mark.parametrize("major", [15, 18])
def test_two_keys_of_which_one_would_do(database: Database, major: int) -> None:
    """Each alone may go; without both the join is not to-one."""
    files = {**FILES, "s.sql": SCHEMA + "CREATE UNIQUE INDEX also ON detail (sale_id);"}
    files["s.sql"] = SCHEMA.replace(
        "sale_id int NOT NULL UNIQUE, weight", "sale_id int NOT NULL UNIQUE, twin int NOT NULL UNIQUE, weight"
    )
    files["views/weights.yml"] = FILES["views/weights.yml"].replace(
        "d.sale_id = s.id", "d.sale_id = s.id AND d.twin = s.id"
    )
    project = mvc.compile(mvc.load(files))
    connection = database.connect()
    connection.execute(
        "ALTER TABLE detail ADD COLUMN twin int UNIQUE; UPDATE detail SET twin = sale_id; ALTER TABLE detail ALTER COLUMN twin SET NOT NULL"
    )
    assert plan(connection, project).catalog == ()
    with connection.transaction(force_rollback=True):
        connection.execute("ALTER TABLE detail DROP CONSTRAINT detail_sale_id_key")
        assert plan(connection, project).catalog == ()
    connection.execute("ALTER TABLE detail DROP CONSTRAINT detail_sale_id_key, DROP CONSTRAINT detail_twin_key")
    assert {title for _, _, title in said(plan(connection, project))} == {
        f"`public.detail` has no unique key on ({column}) in the database" for column in ("sale_id", "twin")
    }


MORE = {
    **{path: text for path, text in FILES.items() if not path.startswith(("views/", "policies/"))},
    "views/attributes.yml": """\
view: attributes
sources:
  s: {table: sale}
  p: {table: shop, on: p.id = s.shop_id}
dimensions:
  shop: s.shop_id
  city: p.city
aggregates: {n: {count: s}}
""",
    "views/codes.yml": FILES["views/codes.yml"],
    "views/joined.yml": """\
view: joined
grain: [id]
sql: |
  SELECT s.id, weight
  FROM sale AS s JOIN detail AS d ON d.sale_id = s.id
""",
}
NULLS = {
    "a column of the grain may be NULL": Case(
        "ALTER TABLE sale ALTER COLUMN shop_id DROP NOT NULL",
        (("error", "views/attributes.yml:6:9", "`public.sale.shop_id` may be NULL in the database"),),
        "fails",
        "INSERT INTO sale VALUES (9, NULL, 1, 1, 'xyz')",
    ),
    "a row may refer to nothing": Case(
        "ALTER TABLE sale DROP CONSTRAINT sale_shop_id_fkey",
        (("error", "views/attributes.yml:4:24", "`public.sale` has no foreign key on (shop_id) in the database"),),
        "fails",
        "INSERT INTO sale VALUES (9, 9, 1, 1, 'xyz')",
    ),
    "another column may be NULL": Case(
        "ALTER TABLE sale ALTER COLUMN amount DROP NOT NULL",
        (("warning", "views/codes.yml:5:10", "`public.sale.amount` may be NULL in the database"),),
        "same",
        "INSERT INTO sale VALUES (9, 1, NULL, 1, 'xyz')",
    ),
    "a name means two columns": Case(
        "ALTER TABLE sale ADD COLUMN weight int",
        (("error", "views/joined.yml:4:16", "`public.sale` has a column `weight` in the database"),),
    ),
    "what is never NULL where nobody reads it": Case("ALTER TABLE shop ALTER COLUMN name DROP NOT NULL", proof="none"),
}


@pytest.mark.parametrize("major", [15, 18])
def test_what_may_be_null_and_what_a_name_means(servers: Servers, major: int) -> None:
    """Each is applied for real as well, by a project that nobody looks after: PostgreSQL, or the proof of the grain, refuses exactly what is an
    error here.
    """
    server = servers.get(major)
    project = mvc.compile(mvc.load(MORE))
    blind = replace(project, believed=Catalog())
    for name, case in NULLS.items():
        with new_database(server, servers.template(server, "live_catalog", build)) as copy:
            connection = copy.connect()
            connection.execute(f"{case.change}; {case.rows or 'SELECT'}".encode())
            made = plan(connection, project)
            assert {item[:2] for item in said(made)} == {item[:2] for item in case.said}, (name, said(made))
            assert all(any(part in title for _, _, title in said(made)) for _, _, part in case.said)
            refused = {item.view for item in made.catalog if item.refuses}
            for view in project.views:
                came = attempt(connection, blind, view.name)
                assert (came == "fails") == (view.name in refused), (name, view.name, came)


def attempt(connection: Connection, project: Compiled, view: str) -> str:
    """What deploying the view comes to where nobody looks at the catalog first."""
    try:
        apply(connection, project, [view], options=ApplyOptions(ANYTHING))
    except ServerError:
        return "fails"
    return "same"


INCREMENTAL = {
    **FILES,
    "schedules/s.yml": "schedules:\n- {schedule: often, refresh: weights, every: '* * * * *', mode: incremental}\n",
}


@pytest.mark.parametrize("major", [15, 18])
def test_a_view_that_is_refreshed_in_part_relies_on_more(database: Database) -> None:
    """On triggers, which a view cannot have, and on functions that give the same again."""
    project = mvc.compile(mvc.load(INCREMENTAL))
    connection = database.connect()
    assert plan(connection, project).catalog == ()
    changes = {
        "ALTER FUNCTION doubled(int) VOLATILE": "`public.doubled(integer)` is a volatile function",
        "ALTER TABLE detail RENAME TO other; CREATE VIEW detail AS TABLE other": "`public.detail` is a view in the database",
    }
    for change, title in changes.items():
        with connection.transaction(force_rollback=True):
            connection.execute(change.encode())
            made = plan(connection, project)
        assert any(item.refuses and item.diagnostic.title.startswith(title) for item in made.catalog), made.catalog
    with pytest.raises(psycopg.errors.WrongObjectType), connection.transaction():
        connection.execute(f"{changes and list(changes)[1]}")
        connection.execute("CREATE TRIGGER t AFTER INSERT ON detail REFERENCING NEW TABLE AS n EXECUTE FUNCTION now()")


def test_a_column_more_means_nothing_to_the_reference_project() -> None:
    """Each of its views is compiled anew, without those that do not use the table, and comes out the same."""
    project = mvc.compile(mvc.load(str(ROOT)))
    believed = project.believed
    assert len(believed.relations) > 10
    more = tuple(replace(item, columns=(*item.columns, Column("more", "integer"))) for item in believed.relations)
    assert catalog_findings(project, replace(believed, relations=more), project.views) == ()
    lost = replace(believed, relations=believed.relations[1:])
    assert {item.mismatch for item in catalog_findings(project, lost, project.views)} == {
        RelationMissing((believed.relations[0].schema, believed.relations[0].name), believed.relations[0])
    }
    assert catalog_findings(replace(project, files=None), lost, project.views) == ()


def test_the_reference_project_is_as_its_catalog_says(booking: Database) -> None:
    made = plan(booking.connect(), mvc.compile(mvc.load(str(ROOT))))
    assert (made.catalog, made.missing_rights) == ((), ())


@pytest.mark.parametrize("major", [15])
def test_it_is_one_question_more(database: Database, project: Compiled, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many views there are; and none where nobody compares."""
    asked: list[object] = []
    execute = psycopg.Connection.execute

    def counted(self: Connection, query: Any, *values: Any, **options: Any) -> Any:
        asked.append(query)
        return execute(self, query, *values, **options)

    connection = database.connect()
    monkeypatch.setattr(psycopg.Connection, "execute", counted)
    counts = []
    for believed in (None, project.believed):
        asked.clear()
        observe(connection, project, [], believed)
        counts.append(len(asked))
    assert counts[1] == counts[0] + 1
    assert observe(connection, project, [], None).live is None


@pytest.mark.parametrize("major", [15])
def test_a_schema_that_nobody_has_made(database: Database) -> None:
    files = {**FILES, "mvc.yml": FILES["mvc.yml"] + "schemas: {exposed: far}\n"}
    project, connection = mvc.compile(mvc.load(files)), database.connect()
    (refusal,) = plan(connection, project).refusals
    assert refusal.message.startswith("there is no schema far, in which ")
    connection.execute(refusal.hint.partition(",")[0].encode())
    apply(connection, project, options=ApplyOptions(ANYTHING))
    assert_settled(connection, project)


@pytest.mark.parametrize("major", [15])
@pytest.mark.parametrize(("to", "who"), [("to: lc_shut_out, ", "lc_shut_out"), ("", "everybody")])
def test_a_reader_who_may_not_look_into_the_schema(database: Database, to: str, who: str) -> None:
    """The right is the schema owner's to give, and the plan says so until he has."""
    policy = f"policies:\n- {{policy: p, view: names, {to}using: true}}\n"
    files = {**FILES, "mvc.yml": FILES["mvc.yml"] + "schemas: {exposed: far}\n", "policies/p.yml": policy}
    project, connection = mvc.compile(mvc.load(files)), database.connect()
    create_roles(connection, ["lc_shut_out"])
    connection.execute("CREATE SCHEMA far")
    apply(connection, project, options=ApplyOptions(ANYTHING))
    (note,) = plan(connection, project).notes
    assert note.startswith(f"{who} may read names and not look into the schema far: ")
    connection.execute("SET ROLE lc_shut_out")
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="schema far"):
        connection.execute("SELECT FROM far.names")
    connection.execute("RESET ROLE")
    connection.execute(note.partition(": ")[2].encode())
    assert plan(connection, project).notes == ()
