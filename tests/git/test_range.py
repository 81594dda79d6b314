"""What the two arguments of `mvc diff` mean."""

from __future__ import annotations

import pytest

from mvc.git import GitError, Range, open_range, parse_range
from mvc.workspace.folder import Folder


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        ((), Range("HEAD", None)),
        (("main",), Range("main", None)),
        (("main", "topic"), Range("main", "topic")),
        (("main..topic",), Range("main", "topic")),
        (("main...topic",), Range("main", "topic", forked=True)),
        (("main...",), Range("main", None, forked=True)),
        (("main..",), Range("main", None)),
        (("..topic",), Range("HEAD", "topic")),
        (("...topic",), Range("HEAD", "topic", forked=True)),
        (("HEAD^",), Range("HEAD^", None)),
    ],
)
def test_it_is_as_git_has_it(arguments, meant):
    assert parse_range(*arguments) == meant


@pytest.mark.parametrize("arguments", [("a..b", "c"), ("a...b", "c"), ("a", "b..c"), ("a..b", "c..d")])
def test_three_are_one_too_many(arguments):
    with pytest.raises(GitError, match="names two revisions"):
        parse_range(*arguments)


def project(number: int) -> dict[str, str]:
    return {"mvc.yml": f"project: p{number}\n"}


@pytest.fixture
def forked(repository):
    """A topic branch that is checked out, with changes; main has moved on since."""
    repository.commit(project(0))
    repository.git("branch", "topic")
    repository.commit(project(1))
    repository.git("checkout", "--quiet", "topic")
    repository.commit(project(2))
    repository.write(project(3))
    return repository


@pytest.mark.parametrize(
    ("arguments", "before", "after"),
    [
        ((), 2, 3),
        (("main",), 1, 3),
        (("main", "topic"), 1, 2),
        (("main..topic",), 1, 2),
        (("main...topic",), 0, 2),
        (("main...",), 0, 3),
        (("...main",), 0, 1),
    ],
)
def test_both_sides(forked, arguments, before, after):
    one, other = open_range(forked.root, parse_range(*arguments))
    assert (dict(one), dict(other)) == (project(before), project(after))


def test_a_side_says_what_it_is(forked):
    one, other = open_range(forked.root, parse_range("main..."))
    assert one.name == "main...HEAD"
    assert one.commit == forked.git("merge-base", "main", "HEAD")
    assert isinstance(other, Folder)
