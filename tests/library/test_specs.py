"""Projects made in Python: they mean what the same project means in YAML, and what is found in them has its place in Python."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

import mvc
from mvc.source import read
from mvc.spec.validate import validate
from mvc.workspace.folder import Folder, spec_paths
from servers import ROOT, Database

ORDERS = "CREATE TABLE orders (id bigint PRIMARY KEY, day date NOT NULL, amount numeric NOT NULL);"


def view(**changed: Any) -> mvc.ViewSpec:
    usual = {
        "view": "daily",
        "sources": {"o": mvc.SourceSpec(table="orders")},
        "dimensions": {"day": "o.day"},
        "aggregates": {"total": mvc.AggregateSpec(sum="o.amount")},
    }
    return mvc.ViewSpec(**{**usual, **changed})


def specs(*views: mvc.ViewSpec, tables: str = ORDERS, **others: Any) -> mvc.Specs:
    settings = mvc.ProjectSpec(project="shop", catalog="shop.sql")
    return mvc.Specs(settings, views=views or (view(),), tables={"shop.sql": tables}, **others)


def found(project: mvc.Specs) -> list[tuple[str, str, str]]:
    """The code and the place of each finding, and the text that it is about."""
    checked = mvc.check(mvc.load(project))
    return [(item.code, item.span.path, text_at(project, item.span)) for item in checked.diagnostics]


def text_at(project: mvc.Specs, span: mvc.Span) -> str:
    if (span.line, span.column, span.end_line, span.end_column) == (1, 1, 1, 1):
        return ""
    lines = project[span.path].split("\n")[span.line - 1 : span.end_line]
    return "\n".join(lines)[span.column - 1 : len("\n".join(lines)) - len(lines[-1]) + span.end_column - 1]


NIGHTLY = mvc.ScheduleSpec(schedule="nightly", refresh="all", every="0 2 * * *")


@pytest.mark.parametrize(
    ("project", "expected"),
    [
        pytest.param(specs(schedules=[NIGHTLY]), [], id="nothing is wrong"),
        pytest.param(
            specs(view(windows={"place": mvc.WindowSpec(rank="totl desc", within="day")}, keep="plase < 3")),
            [
                ("MV204", 'ViewSpec("daily").windows["place"].rank', "totl"),
                ("MV204", 'ViewSpec("daily").keep', "plase"),
            ],
            id="columns of the view",
        ),
        pytest.param(
            specs(view(aggregates={"total": mvc.AggregateSpec(sum="o.amuont")})),
            [("MV204", 'ViewSpec("daily").aggregates["total"].sum', "amuont")],
            id="a column",
        ),
        pytest.param(
            specs(view(where="o.amount > 0\n  AND o.dya > '2026-01-01'")),
            [("MV204", 'ViewSpec("daily").where', "dya")],
            id="in a second line",
        ),
        pytest.param(
            specs(view(dimensions={"day": mvc.DimensionSpec(expr="o.dya")})),
            [("MV204", 'ViewSpec("daily").dimensions["day"].expr', "dya")],
            id="within a mapping",
        ),
        pytest.param(
            specs(view(view='dai"ly', indexes=(mvc.IndexSpec(columns=("nope desc",)),))),
            [("MV204", 'ViewSpec("dai\\"ly").indexes[0].columns[0]', "nope")],
            id="in a tuple",
        ),
        pytest.param(
            specs(view(schema_="shops\0")),
            [("MV208", 'ViewSpec("daily").schema_', "")],
            id="a field that Python calls otherwise",
        ),
        pytest.param(
            specs(schedules=[NIGHTLY, mvc.ScheduleSpec(schedule="late", refresh="dialy", within="1h")]),
            [("MV601", 'ScheduleSpec("late").refresh', "dialy")],
            id="a schedule",
        ),
        pytest.param(
            specs(
                policies=[mvc.PolicySpec(policy="own", view="daily", using=mvc.UsingSpec(predicate="mine"))],
                predicates={"mine": "dya = 1"},
            ),
            [("MV204", 'Specs.predicates["mine"]', "dya")],
            id="a predicate",
        ),
        pytest.param(specs(view(), view()), [("MV013", 'ViewSpec("daily").view', "daily")], id="twice the same name"),
        pytest.param(
            specs(tables="CREATE TABLE orders (id bigint PRIMARY KEY"),
            [("MV020", "shop.sql", "CREATE")],
            id="the tables, which are text",
        ),
    ],
)
def test_places(project, expected):
    errors = [item for item in found(project) if item[0] not in ("MV406", "MV703", "MV405")]
    assert [item for item in errors if item[0] in {code for code, *_ in expected} or not expected] == expected


def test_they_are_files_as_well():
    """So they can be written down, and read as YAML."""
    project = specs(view(view="a/b"), view(view="a?b"), schedules=[NIGHTLY])
    files = dict(project)
    assert sorted(files) == ["mvc.yml", "schedules/python.yml", "shop.sql", "views/a_b.yml", "views/a_b2.yml"]
    assert len(project) == len(files)
    again = mvc.compile(mvc.load(files))
    assert meaning(again) == meaning(mvc.compile(mvc.load(project)))


def test_the_reference_project_means_the_same():
    files = Folder(ROOT)
    settings, *_ = parsed(files, ["mvc.yml"], mvc.ProjectSpec)
    from mvc.spec import PartitionFile, PolicyFile, ScheduleFile

    policies = parsed(files, spec_paths(files, "policies"), PolicyFile)
    project = mvc.Specs(
        settings,
        views=parsed(files, spec_paths(files, "views"), mvc.ViewSpec),
        tables={path: files[path] for path in files if path.startswith("schema/")},
        policies=[item for file in policies for item in file.policies],
        predicates={name: sql for file in policies for name, sql in file.predicates.items()},
        schedules=[i for file in parsed(files, spec_paths(files, "schedules"), ScheduleFile) for i in file.schedules],
        partitions=[
            i for file in parsed(files, spec_paths(files, "partitions"), PartitionFile) for i in file.partitions
        ],
    )
    assert meaning(mvc.compile(mvc.load(project))) == meaning(mvc.compile(mvc.load(ROOT)))


def parsed(files, paths, model):
    return [validate(read(path, files[path])[0], model).spec for path in paths]


def meaning(compiled: mvc.Compiled) -> mvc.Compiled:
    """All but where it was declared."""
    views = tuple(sorted((replace(item, path="") for item in compiled.views), key=lambda item: item.name))
    schedules = tuple(sorted(compiled.schedules, key=lambda item: item.name))
    return replace(compiled, views=views, schedules=schedules, diagnostics=())


class TestOnAServer:
    def test_a_column_that_the_database_lacks_has_a_place_in_python(self, database: Database):
        with database.connect() as connection:
            connection.execute(ORDERS.replace("amount", "sum"))
            plan = mvc.plan(connection, mvc.compile(mvc.load(specs())))
            (item,) = plan.catalog
        assert item.view == "daily"
        assert item.diagnostic.span.path == 'ViewSpec("daily").aggregates["total"].sum'

    def test_what_is_deployed_is_no_change(self, database: Database):
        compiled = mvc.compile(mvc.load(specs()))
        with database.connect() as connection:
            connection.execute(ORDERS)
            assert mvc.diff(connection, compiled).classes == ("safe",)
            mvc.apply(connection, compiled)
            found = mvc.diff(connection, compiled)
            assert (found.empty, found.drift, found.rebuilds, found.outside, found.catalog) == (True, (), (), (), ())
            assert found.deployed.view("daily").columns == compiled.view("daily").columns
            connection.execute("CREATE VIEW other AS SELECT total FROM daily")
            changed = mvc.compile(mvc.load(specs(view(where="o.amount > 1"))))
            found = mvc.diff(connection, changed)
        assert found.classes == ("breaking", "rebuild")
        assert [item.view for item in found.rebuilds] == ["daily"]
        assert mvc.render(found, "json", name="shop") == mvc.render(mvc.diff(compiled, changed), "json", name="shop")

    @pytest.mark.bare
    def test_the_catalog_is_pulled_without_our_own_views(self, database: Database):
        project = mvc.load(specs())
        with database.connect() as connection:
            connection.execute(ORDERS)
            mvc.apply(connection, mvc.compile(project))
            pulled = mvc.pull_catalog(connection, project)
            assert [item.name for item in pulled.relations] == ["orders"]
            assert [item.name for item in mvc.pull_catalog(connection).relations] == ["daily", "orders"]
        snapshot = mvc.render(pulled, "json")
        files = {
            "mvc.yml": "project: shop\ncatalog: c.json\n",
            "c.json": snapshot,
            "views/daily.yml": dict(specs())["views/daily.yml"],
        }
        assert mvc.compile(mvc.load(files)).view("daily").columns[1].type == "numeric"

    def test_a_release_takes_names(self, database: Database):
        compiled = mvc.compile(mvc.load(specs()))
        with database.connect() as connection:
            connection.execute(ORDERS)
            mvc.apply(connection, compiled)
            assert [item.name for item in mvc.plan_release(connection, compiled, ["orders.amount"]).views] == ["daily"]
            assert mvc.release(connection, compiled, ["orders.amount"]).altered == (
                mvc.Altered("public", "orders", "amount"),
            )
            for name, said in (("nope.x", "there is no relation nope"), ("a b", "`a b`: ")):
                with pytest.raises(mvc.ServerError, match=re.escape(said)):
                    mvc.plan_release(connection, compiled, [name])

    @pytest.mark.server
    def test_a_server_takes_what_it_checks(self):
        checked = mvc.check(mvc.load(specs(view(where="o.id = ('x'::text)::int"))), server="embedded")
        assert checked.server is not None
        assert [(item.code, item.span.path) for item in checked.errors] == [("MV801", 'ViewSpec("daily").view')]
        assert not checked.ok


def test_a_result_without_a_form_says_which_it_has():
    with pytest.raises(ValueError, match="no form 'html' of Difference; there are: text, markdown, json"):
        mvc.render(mvc.diff(mvc.compile(mvc.load(specs())), mvc.compile(mvc.load(specs()))), "html")


def test_an_error_renders_with_its_files():
    with pytest.raises(mvc.ProjectError) as caught:
        mvc.compile(
            mvc.load(
                {
                    "mvc.yml": "catalog: a.sql\n",
                    "a.sql": ORDERS,
                    "views/v.yml": "view: v\nsources: {o: {table: ordres}}\ndimensions: {id: o.id}\n",
                }
            )
        )
    assert "2 │ sources: {o: {table: ordres}}" in mvc.render(caught.value)
    assert '"code": "MV201"' in mvc.render(caught.value, "json")


def test_a_revision_of_a_mapping_is_refused():
    with pytest.raises(TypeError):
        mvc.load({"mvc.yml": ""}, revision="main")


def test_a_retired_name_works_and_says_what_takes_its_place():
    with pytest.warns(DeprecationWarning, match=r"mvc\.Terms is called mvc\.ApplyOptions now") as caught:
        assert mvc.Terms is mvc.ApplyOptions
    assert caught[0].filename == __file__
    assert "Terms" not in dir(mvc)


@pytest.mark.parametrize(
    ("function", "old"),
    [
        (mvc.apply, "terms"),
        (mvc.around, "terms"),
        (mvc.release, "terms"),
        (mvc.rollback, "terms"),
        (mvc.refresh, "how"),
    ],
)
def test_a_retired_parameter_is_taken_as_its_successor(function: Callable[..., object], old: str):
    """Both names at once are one too many, as of any other keyword."""
    expected = list(inspect.signature(function).parameters)
    assert "options" in expected
    assert old not in expected
    given: dict[str, object] = dict.fromkeys(name for name in expected[:3] if name != "options")
    with (
        pytest.warns(DeprecationWarning, match=rf"{function.__name__}\({old}=…\) is called options= now") as caught,
        pytest.raises((AttributeError, TypeError)),  # there is no connection
    ):
        function(**given, **{old: None})
    assert caught[0].filename == __file__
    with pytest.raises(TypeError, match=old):
        function(**given, **{old: None, "options": None})
