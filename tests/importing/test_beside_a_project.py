"""Into a project that there is: its files stay, and what it says of a view already is not said again."""

from __future__ import annotations

import mvc
from servers import newest

TABLE = "CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL);"
VIEWS = """
CREATE MATERIALIZED VIEW a AS SELECT id FROM t; CREATE UNIQUE INDEX ON a (id); GRANT SELECT ON a TO PUBLIC;
CREATE MATERIALIZED VIEW b AS SELECT x.id FROM a x JOIN total USING (id); GRANT SELECT ON b TO PUBLIC;
"""
PROJECT = {
    "mvc.yml": "project: mine\ncatalog: schema.sql\n",
    "schema.sql": TABLE,
    "views/total.yml": "view: total\nsources: {t: {table: t}}\ndimensions: {id: t.id}\naggregates: {n: {sum: t.n}}\n",
    "policies/imported.yml": "policies: [{policy: all, view: total, using: true}]\n",
}


def test_files_are_added_beside_those_that_there_are():
    imported = mvc.import_views(sql={"v.sql": f"{VIEWS} CREATE TABLE total (id int);"}, project=PROJECT)
    assert sorted(imported.files) == ["policies/imported_2.yml", "views/a.yml", "views/b.yml"]
    assert [item for item in imported.diagnostics if item.severity == "error"] == []
    assert {view.name: view.grain for view in imported.views} == {"a": ("id",), "b": ("id",)}  # by that of `total`


def test_a_second_import_brings_what_is_new():
    first = mvc.import_views(sql={"v.sql": VIEWS}, patterns=["a"], project=PROJECT)
    project = {**PROJECT, **first.files}
    moved = {path.replace("views/a", "views/old/a"): text for path, text in project.items()}
    again = mvc.import_views(sql={"v.sql": VIEWS}, patterns=["a"], project=moved)
    assert again.files == {"views/old/a.yml": moved["views/old/a.yml"]}
    both = mvc.import_views(sql={"v.sql": VIEWS}, project=moved)
    assert sorted(both.files) == ["policies/imported_3.yml", "views/b.yml", "views/old/a.yml"]
    assert "view: b" in both.files["policies/imported_3.yml"]


@newest
def test_what_a_project_deployed_is_not_imported(database):
    """Its storage is a materialized view as well, in a schema of its own."""
    connection = database.connect()
    connection.execute(TABLE)
    project = {path: text for path, text in PROJECT.items() if not path.startswith("policies")}
    mvc.apply(connection, mvc.compile(mvc.load(project)))
    connection.execute("CREATE MATERIALIZED VIEW by_hand AS SELECT id FROM total")
    imported = mvc.import_views(connection, project=project)
    assert [view.name for view in imported.views] == ["by_hand"]
    assert imported.views[0].grain == ("id",)


@newest
def test_a_catalog_that_is_wanted_and_missing_is_written(database):
    connection = database.connect()
    connection.execute(TABLE + "CREATE MATERIALIZED VIEW a AS SELECT id FROM t")
    imported = mvc.import_views(connection, project={"mvc.yml": "catalog: catalog.json\n"})
    assert sorted(imported.files) == ["catalog.json", "views/a.yml"]
    assert '"name": "a"' not in imported.files["catalog.json"]
