"""`mvc check` says the same from the cache as from a compile, and the command says where the cache is not its own."""

from __future__ import annotations

import pytest

from mvc.pipeline.compile import compile_files

from .projects import write

FILES = {
    "mvc.yml": "project: shop\ncatalog: schema.sql\n",
    "schema.sql": "CREATE TABLE t (id int PRIMARY KEY, d timestamptz NOT NULL, n int);\n",
    "views/a.yml": "view: a\nsources: {t: {table: t}}\ndimensions: {day: t.d::date}\naggregates: {n: {sum: t.n}}\n",
    "views/b.yml": "view: b\nsources: {a: {view: a}}\ndimensions: {day: a.day}\naggregates: {n: {max: a.n}}\n",
    "policies/p.yml": "policies: [{policy: p, view: a, to: [r], using: n > 1}]\n",
    "schedules/s.yml": "schedules: [{schedule: s, refresh: [a], every: '0 * * * *', mode: full}]\n",
    "partitions/t.yml": "",
}
WARNINGS = {**FILES}  # `b` has no schedule
CLEAN = {**FILES, "schedules/s.yml": FILES["schedules/s.yml"].replace("[a]", "all")}
ERRORS = {
    **FILES,
    "views/b.yml": FILES["views/b.yml"].replace("a.n", "a.nope"),
    "policies/p.yml": FILES["policies/p.yml"].replace("n > 1", "x > 1"),
}


@pytest.fixture
def counted(monkeypatch):
    """How often the compiler was asked."""
    asked = []

    def count(files, absent=frozenset()):
        asked.append(1)
        return compile_files(files, absent)

    monkeypatch.setattr("mvc.pipeline.compile.compile_files", count)
    return asked


@pytest.fixture
def project(tmp_path, monkeypatch):
    def make(files):
        folder = tmp_path / "project"
        write(folder, {path: text for path, text in files.items() if text})
        monkeypatch.chdir(folder)
        return folder

    return make


@pytest.mark.parametrize("files", [CLEAN, WARNINGS, ERRORS], ids=["clean", "warnings", "errors"])
@pytest.mark.parametrize("options", [(), ("--strict",), ("--modes",), ("--format", "json", "--modes")], ids=" ".join)
def test_check_says_the_same_from_the_cache(mvc, project, counted, files, options):
    project(files)
    first = mvc("check", *options)
    assert mvc("check", *options) == first
    assert len(counted) == 1
    assert first.code == int(files is ERRORS or (files is WARNINGS and "--strict" in options))


def test_check_and_compile_use_one_entry(mvc, project, counted):
    project(WARNINGS)
    mvc("compile", "-o", "out.sql")
    done = mvc("check")
    assert len(counted) == 1
    assert "warning[MV409]" in done.err
    assert "checked 2 views, 1 policy, 1 schedule: " in done.err


def test_check_counts_as_the_specs_do(mvc, project):
    """The schedule that looks after partitions is nobody's."""
    parts = "partitions: [{table: e, by: month, ahead: 2}]\n"
    schema = FILES["schema.sql"] + "CREATE TABLE e (at timestamptz NOT NULL) PARTITION BY RANGE (at);\n"
    project({**CLEAN, "schema.sql": schema, "partitions/e.yml": parts})
    for _ in range(2):
        done = mvc("check")
        assert done.code == 0, done.err
        assert "checked 2 views, 1 policy, 1 schedule: " in done.err


def test_a_cache_that_others_may_write_is_said_once_and_never_an_error(mvc, project, counted, tmp_path):
    project(CLEAN)
    folder = tmp_path / "cache" / "mvc"
    mvc("check")
    folder.chmod(0o777)
    for command in (("check",), ("compile", "-o", "out.sql")):
        done = mvc(*command)
        assert done.code == 0
        assert done.err.count(f"the cache {folder} is not used: other users may write there\n") == 1
    assert len(counted) == 3
    folder.chmod(0o700)
    assert "cache" not in mvc("check").err


def test_what_runs_each_minute_does_not_say_it(mvc, project, tmp_path):
    project(CLEAN)
    mvc("check")
    (tmp_path / "cache" / "mvc").chmod(0o777)
    assert "the cache" not in mvc("refresh", "--due", "--database", "postgresql://localhost:1/x").err
