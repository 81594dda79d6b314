"""What is left out is the same on both sides: compiled reduced or in full, the views that differ are the same, and alike."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import pytest
from edits import EDITS, PROJECT, Files
from hypothesis import given, settings
from hypothesis import strategies as st

from mvc.compiled.project import Compiled
from mvc.compiled.schedule import CompiledSchedule
from mvc.compiled.view import CompiledView
from mvc.diagnostics import ProjectError
from mvc.pipeline.compile import compile_files
from mvc.reduction import Part, outline, reduce_pair
from mvc.spec import ViewSpec

State = tuple[CompiledView, tuple[CompiledSchedule, ...]]


def states(compiled: Compiled) -> dict[str, State]:
    """Everything about each view: itself, and the schedules that refresh it."""
    return {
        view.called: (view, tuple(replace(item, views=()) for item in compiled.schedules if view.called in item.views))
        for view in compiled.views
    }


def order(compiled: Compiled, names: set[str]) -> list[str]:
    return [view.called for view in compiled.views if view.called in names]


def compiled_part(part: Part) -> Compiled:
    return _compiled(tuple(part.files.items()), part.absent)


def compiled_whole(files: Files) -> Compiled:
    return _compiled(tuple(files.items()), frozenset())


@lru_cache(maxsize=500)
def _compiled(files: tuple[tuple[str, str], ...], absent: frozenset[str]) -> Compiled:
    """Most projects here are compiled many times: the first one of all, and both sides of each edit."""
    return compile_files(dict(files), absent)


def check(before: Files, after: Files) -> int | None:
    """Both ways agree. Returns how many views the reduced way compiled; None where the project has errors."""
    parts = reduce_pair(before, after)
    try:
        wholes = compiled_whole(before), compiled_whole(after)
    except ProjectError:
        return None
    halves = compiled_part(parts[0]), compiled_part(parts[1])
    full, less = [states(whole) for whole in wholes], [states(half) for half in halves]
    differing = {name for name in full[0].keys() | full[1].keys() if full[0].get(name) != full[1].get(name)}
    kept = less[0].keys() | less[1].keys()
    assert differing <= kept
    for whole, half, every, some in zip(wholes, halves, full, less, strict=True):
        assert some == {name: state for name, state in every.items() if name in kept}
        assert order(whole, kept) == order(half, kept)
        assert [item.name for item in half.schedules] == [item.name for item in whole.schedules]
        assert {item.code for item in half.diagnostics} <= {item.code for item in whole.diagnostics}
    return len(kept)


def test_the_project_compiles():
    assert len(compile_files(PROJECT).views) == 13


@pytest.mark.parametrize("name", EDITS)
def test_every_edit(name):
    assert check(PROJECT, EDITS[name](PROJECT)) is not None
    assert check(EDITS[name](PROJECT), PROJECT) is not None


@pytest.mark.parametrize(
    ("path", "name", "old", "new"),
    [
        ("policies/c.yml", "zz_shouting", "n > 3", "n > 4"),
        ("policies/b.yml", "Odd Näme", "to: [s], using: true", "to: [r], using: true"),
        ("schedules/b.yml", "Odd Näme", "within: 1h", "within: 2h"),
        ("schedules/a.yml", "top", "0 2", "0 4"),
    ],
)
def test_a_view_that_is_named_with_its_schema(path, name, old, new):
    """On both sides, where its name alone names no view."""
    before = PROJECT | {path: PROJECT[path].replace(name, f"public.{name}")}
    assert check(before, before | {path: before[path].replace(old, new)}) is not None
    assert (
        check(before, before | {"views/lone.yml": before["views/lone.yml"].replace("count: s", "max: s.id")})
        is not None
    )


@pytest.mark.slow
@settings(max_examples=120, deadline=None)
@given(st.lists(st.sampled_from(sorted(EDITS)), max_size=4), st.lists(st.sampled_from(sorted(EDITS)), max_size=4))
def test_several_edits_on_both_sides(one, other):
    before, after = PROJECT, PROJECT
    for name in one:
        before = EDITS[name](before)
    for name in other:
        after = EDITS[name](after)
    check(before, after)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("nothing", set()),
        ("a file that is none of ours", set()),
        ("a predicate that nobody uses", set()),
        ("a predicate moved", set()),
        ("a comment in a view", {"lone", "lonely"}),  # whose description mentions it
        ("a reader of an odd name", {"odder", "Odd Näme"}),
        ("a view in capitals", {"quoted", "zz_shouting", "escaped"}),
        ("a policy removed", {"zz_shouting", "quoted"}),
        ("a predicate of another file", {"middle", "lone", "base", "top"}),  # top: a schedule reaches base by it
    ],
)
def test_what_is_kept(name, kept):
    one, other = reduce_pair(PROJECT, EDITS[name](PROJECT))
    views = {name for part in (one, other) for name in compiled_names(part)}
    assert views >= kept
    assert (
        views - kept <= {"top", "plain", "side", "middle", "base", "sub"} if kept & {"lone", "base"} else views == kept
    )


def compiled_names(part: Part) -> set[str]:
    return {view.name for view in compiled_part(part).views}


def test_absent_views_are_those_that_exist():
    one, other = reduce_pair(PROJECT, EDITS["a view in capitals"](PROJECT))
    assert one.absent == other.absent == set(states(compile_files(PROJECT))) - {"quoted", "zz_shouting", "escaped"}
    assert "policies/b.yml" not in one.files
    assert {path for path in one.files if path.startswith("views/")} == {
        "views/quoted.yml",
        "views/shouting.yml",
        "views/escaped.yml",
    }


UNCLEAR = {
    "no YAML": ("views/lone.yml", "view: [\n"),
    "no name": ("views/lone.yml", "description: x\n"),
    "a number for a name": ("views/lone.yml", "view: 7\n"),
    "nothing": ("views/lone.yml", ""),
    "a name twice": ("views/again.yml", PROJECT["views/lone.yml"]),
    "a key twice": ("views/lone.yml", PROJECT["views/lone.yml"] + "view: lone\n"),
    "policies that are no list": ("policies/c.yml", "policies: {a: b}\n"),
    "a policies file that is no mapping": ("policies/c.yml", "[a]\n"),
    "a policy without a view": ("policies/c.yml", "policies: [{policy: x}]\n"),
    "predicates that are no mapping": ("policies/c.yml", "predicates: [a]\n"),
    "a selector that is none": ("schedules/b.yml", "schedules: [{schedule: x, refresh: [[a]]}]\n"),
    "a schedules file that is no YAML": ("schedules/b.yml", "schedules: [+\n"),
}


@pytest.mark.parametrize("case", UNCLEAR)
def test_what_is_unclear_is_compiled_whole(case):
    path, text = UNCLEAR[case]
    after = PROJECT | {path: text}
    for pair in ((PROJECT, after), (after, PROJECT)):
        parts = reduce_pair(*pair)
        assert [part.files for part in parts] == list(pair)
        assert not any(part.absent for part in parts)


class Unreadable(dict[str, str]):
    def __getitem__(self, path):
        if path == "views/lone.yml":
            b"\xff".decode()
        return super().__getitem__(path)


def test_a_file_that_cannot_be_read_is_for_the_compiler():
    files = Unreadable(PROJECT)
    assert reduce_pair(PROJECT, files) == (Part(PROJECT), Part(files))


@pytest.mark.parametrize(
    "text",
    [
        "# first a comment\n---\nview: lone\n",
        'view: "lone"\n',
        "view:    lone   # so\n",
        "view : lone\n",
        "'view': lone\n",
        "? view\n: lone\n",
        "view:\n  lone\n",
        "view: >-\n  lone\n",
        "  view: lone\n  ",
        "view: &name lone\n",
        'view: "l\\x6fne"\n',
        "view: !!str lone\n",
    ],
)
def test_a_name_may_be_written_in_many_ways(text):
    indent = "  " if text.endswith("  ") else ""
    rest = "".join(f"{indent}{line}\n" for line in PROJECT["views/lone.yml"].splitlines()[1:])
    one = PROJECT | {"views/lone.yml": text.removesuffix("  ") + rest}
    assert "lone" in states(compile_files(one))
    other = {path: words.replace("[alone]", "[alone, x]") for path, words in one.items()}
    parts = reduce_pair(one, other)
    assert parts[0].absent
    assert "lone" not in parts[0].absent
    assert check(one, other)


@pytest.mark.parametrize("hidden", ["description: 'a\nview: lonely\n  '\n", "description: |\n  view: lonely\n"])
@pytest.mark.parametrize("shown", ['"view": lone\n', "view: lone\n"])
def test_text_that_looks_like_a_name(hidden, shown):
    """libyaml lets quoted text begin at the margin."""
    rest = PROJECT["views/lone.yml"].partition("\n")[2]
    one = PROJECT | {"views/lone.yml": hidden + shown + rest}
    assert "lone" in states(compile_files(one))
    other = one | {"views/lone.yml": hidden + shown + rest.replace("[alone]", "[alone, x]")}
    assert "lone" not in reduce_pair(one, other)[0].absent
    assert check(one, other)


def test_a_usual_file_is_not_parsed(monkeypatch):
    """That is what makes it quick."""
    monkeypatch.setattr("mvc.reduction.outline.content", lambda path, _: pytest.fail(path))
    usual = [
        "---\n# a comment\nview: lone\ntags:\n- a\n- b\n",
        "view: 'lone'  # so\n\nwith: {fillfactor: 90}\nsql: |\n  --x\n",
    ]
    for text in usual:
        reduce_pair({"mvc.yml": ""}, {"mvc.yml": "", "views/lone.yml": text})


def test_the_keys_of_a_view_are_known():
    known = {field.validation_alias or name for name, field in ViewSpec.model_fields.items()}
    assert set(outline._KEYS) == known
