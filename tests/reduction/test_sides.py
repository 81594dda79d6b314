"""Both sides compiled, through the cache, with errors told by side."""

from __future__ import annotations

import pytest
from edits import EDITS, MISTAKES, PROJECT

from mvc.diagnostics import ProjectError
from mvc.pipeline import cache
from mvc.pipeline.cache import compile_cached
from mvc.pipeline.compile import compile_files
from mvc.pipeline.pair import PairError, compile_two, compile_whole

CHANGED = EDITS["a view in capitals"](PROJECT)
BROKEN = PROJECT | {"views/lone.yml": PROJECT["views/lone.yml"].replace("table: t", "table: u")}


def names(compiled) -> set[str]:
    return {view.name for view in compiled.views}


def test_only_what_may_differ_is_compiled():
    before, after = compile_two(PROJECT, CHANGED, None)
    assert names(before) == names(after) == {"quoted", "zz_shouting", "escaped"}
    assert before.view("quoted") == compile_files(PROJECT).view("quoted")
    assert after.view("quoted") == compile_files(CHANGED).view("quoted")


def test_all_of_it_where_that_is_wanted():
    assert compile_whole(PROJECT, CHANGED, None) == (compile_files(PROJECT), compile_files(CHANGED))
    assert not compile_whole({}, CHANGED, None)[0].views


@pytest.mark.parametrize("nothing", [{}, {"views/a.yml": "view: a\n"}])
def test_a_side_without_a_project_has_no_views(nothing):
    before, after = compile_two(nothing, PROJECT, None)
    assert (before.views, before.schedules, len(after.views)) == ((), (), 13)
    assert before.project == after.project == "shop"
    before, after = compile_two(PROJECT, nothing, None)
    assert (after.views, after.schedules, len(before.views)) == ((), (), 13)


def test_two_sides_without_a_project():
    with pytest.raises(PairError) as caught:
        compile_two({}, {}, None)
    assert [item.code for item in caught.value.diagnostics] == ["MV006"]


@pytest.mark.parametrize(("pair", "side"), [((PROJECT, BROKEN), "after"), ((BROKEN, PROJECT), "before")])
def test_errors_are_those_of_the_whole_project(pair, side):
    with pytest.raises(PairError) as caught:
        compile_two(*pair, None)
    assert caught.value.side == side
    with pytest.raises(ProjectError) as whole:
        compile_files(BROKEN)
    assert caught.value.diagnostics == whole.value.diagnostics


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_found_as_in_the_whole_project(name):
    after = MISTAKES[name](PROJECT)
    with pytest.raises(ProjectError) as whole:
        compile_files(after)
    with pytest.raises(PairError) as caught:
        compile_two(PROJECT, after, None)
    assert (caught.value.side, caught.value.diagnostics) == ("after", whole.value.diagnostics)


def test_an_old_error_elsewhere_is_not_in_the_way():
    """It is in both, and `mvc check` tells it; the review of another view need not wait."""
    old = BROKEN | {"views/quoted.yml": CHANGED["views/quoted.yml"]}
    assert names(compile_two(BROKEN, old, None)[1]) == {"quoted", "zz_shouting", "escaped"}


def test_the_second_time_nothing_is_compiled(tmp_path, monkeypatch):
    first = compile_two(PROJECT, CHANGED, tmp_path)
    monkeypatch.setattr("mvc.pipeline.compile.compile_files", lambda *_: pytest.fail("compiled again"))
    assert compile_two(PROJECT, CHANGED, tmp_path) == first


def test_what_is_absent_is_part_of_the_key(tmp_path, monkeypatch):
    """A policy for a view that is absent is right, and for one that is unknown it is an error."""
    files = {path: text for path, text in PROJECT.items() if path != "schedules/a.yml" or text}
    part = {path: text for path, text in files.items() if not path.startswith("views/") or path == "views/lone.yml"}
    absent = frozenset(names(compile_files(files)) - {"lone"})
    assert names(compile_cached(part, tmp_path, absent)) == {"lone"}
    with pytest.raises(ProjectError):
        compile_cached(part, tmp_path)
    with pytest.raises(ProjectError):
        compile_cached(part, tmp_path, absent - {"base"})
    assert len({cache._key(part, names) for names in (absent, frozenset(), absent - {"base"})}) == 3
