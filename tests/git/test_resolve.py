"""What cannot be resolved is said in our words, with what to do about it."""

from __future__ import annotations

import subprocess

import pytest

from mvc.git import GitError, commit_of, merge_base, open_revision
from mvc.git import command as git_command

FILES = {"mvc.yml": "project: shop\n"}


def refusal(folder, revision: str) -> tuple[str, str]:
    with pytest.raises(GitError) as caught:
        open_revision(folder, revision)
    return str(caught.value), caught.value.hint


def shallow_clone(repository):
    clone = repository.root.parent / "clone"
    repository.git("clone", "--quiet", "--depth=1", f"file://{repository.root}", str(clone))
    return clone


def test_a_mistyped_branch(repository):
    repository.commit(FILES)
    repository.git("branch", "release")
    message, hint = refusal(repository.root, "relaese")
    assert message == "`relaese` is no revision of this repository"
    assert hint == "did you mean `release`? (branches and tags: main, release)"


def test_a_branch_that_only_the_remote_has(repository):
    repository.commit(FILES)
    repository.git("update-ref", "refs/remotes/origin/feature", "HEAD")
    assert refusal(repository.root, "feature")[1] == "did you mean `origin/feature`?"


@pytest.mark.parametrize(
    "revision",
    [
        "",
        " ",
        "--help",
        "-h",
        "--all",
        "--git-dir",
        "-",
        "--",
        "--output=x",
        "^HEAD",
        "HEAD..",
        "main..main",
        "a\0b",
        "a\nb",
    ],
)
def test_no_text_is_taken_for_anything_else(repository, revision):
    repository.commit(FILES)
    message, _ = refusal(repository.root, revision)
    assert message == f"`{revision}` is no revision of this repository"


@pytest.mark.parametrize(
    "revision", ["HEAD@{99}", "0" * 40, "refs/heads/*", "HEAD:nothing", "ünbekannt", "HEAD main", "\udcff"]
)
def test_what_is_not_there(repository, revision):
    repository.commit(FILES)
    assert refusal(repository.root, revision)[0] == f"`{revision}` is no revision of this repository"


@pytest.mark.parametrize(("revision", "kind"), [("HEAD:mvc.yml", "blob"), ("HEAD^{tree}", "tree"), ("tagged", "blob")])
def test_what_is_no_commit(repository, revision, kind):
    repository.commit(FILES)
    repository.git("tag", "tagged", "HEAD:mvc.yml")
    message, hint = refusal(repository.root, revision)
    assert message == f"`{revision}` is a {kind}, not a commit"
    assert hint == "name a branch, a tag or a commit"


def test_a_repository_without_a_commit(repository):
    assert refusal(repository.root, "HEAD") == ("`HEAD` is no revision of this repository", "there is no commit yet")


def test_a_folder_without_a_repository(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert refusal(tmp_path, "HEAD")[0] == f"{tmp_path} is in no git repository"


def test_a_machine_without_git(repository, monkeypatch):
    repository.commit(FILES)
    monkeypatch.setenv("PATH", "/nowhere")
    assert refusal(repository.root, "HEAD")[0] == "git is not installed, or not on PATH"


def test_a_repository_of_another_user(repository, monkeypatch):
    repository.commit(FILES)
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    message, hint = refusal(repository.root, "HEAD")
    assert message == "git refuses this repository, since it belongs to another user"
    assert hint == f"trust it with `git config --global --add safe.directory {repository.root}`"


def test_a_damaged_repository(repository):
    commit = repository.commit(FILES)
    tree = repository.git("rev-parse", "HEAD^{tree}")
    (repository.root / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
    with pytest.raises(GitError, match=r"git ls-tree: .*") as caught:
        open_revision(repository.root, commit)
    assert caught.value.hint == ""


class TestShallow:
    def test_another_branch_is_one_fetch_away(self, repository):
        repository.commit(FILES)
        repository.git("branch", "release")
        clone = shallow_clone(repository)
        message, hint = refusal(clone, "release")
        assert message == "`release` is no revision of this repository"
        assert "this clone is shallow: `git fetch --depth=1 origin release` brings this one, as `FETCH_HEAD`" in hint
        assert "`git fetch --unshallow`" in hint
        assert "`fetch-depth: 0`" in hint
        subprocess.run(["git", "fetch", "--quiet", "--depth=1", "origin", "release"], cwd=clone, check=True)
        assert dict(open_revision(clone, "FETCH_HEAD")) == FILES

    def test_a_remote_branch_is_named_as_the_remote_does(self, repository):
        repository.commit(FILES)
        assert "`git fetch --depth=1 origin release`" in refusal(shallow_clone(repository), "origin/release")[1]

    def test_an_older_commit_by_its_id(self, repository):
        first = repository.commit(FILES)
        repository.commit()
        clone = shallow_clone(repository)
        assert f"`git fetch --depth=1 origin {first}`" in refusal(clone, first)[1]

    @pytest.mark.parametrize("revision", ["HEAD~1", "HEAD^", "HEAD@{1}", "-x"])
    def test_what_cannot_be_fetched_by_name(self, repository, revision):
        repository.commit(FILES)
        repository.commit()
        clone = shallow_clone(repository)
        hint = refusal(clone, revision)[1]
        assert "--depth=1" not in hint
        assert "git fetch --unshallow" in hint
        subprocess.run(["git", "fetch", "--quiet", "--unshallow"], cwd=clone, check=True)
        assert dict(open_revision(clone, "main~1")) == FILES

    def test_a_merge_base_beyond_its_depth(self, repository):
        fork = repository.commit(FILES)
        repository.git("branch", "topic")
        repository.commit({"a.yml": "a: 1\n"})
        repository.git("checkout", "--quiet", "topic")
        repository.commit({"b.yml": "b: 1\n"})
        clone = repository.root.parent / "clone"
        repository.git("clone", "-q", "--depth=1", "--no-single-branch", f"file://{repository.root}", str(clone))
        with pytest.raises(GitError, match="`origin/main` and `origin/topic` have no common commit here") as caught:
            merge_base(clone, "origin/main", "origin/topic")
        assert caught.value.hint.startswith("this clone is shallow: `git fetch --unshallow`")
        subprocess.run(["git", "fetch", "--quiet", "--unshallow"], cwd=clone, check=True)
        assert merge_base(clone, "origin/main", "origin/topic") == fork


def test_a_merge_base(repository):
    fork = repository.commit(FILES)
    repository.git("branch", "topic")
    repository.commit()
    repository.git("checkout", "--quiet", "topic")
    head = repository.commit()
    assert merge_base(repository.root, "main", "topic") == fork
    assert merge_base(repository.root, "topic", "HEAD") == head


def test_histories_that_never_met(repository):
    repository.commit(FILES)
    repository.git("checkout", "--quiet", "--orphan", "other")
    repository.commit()
    with pytest.raises(GitError, match="`main` and `other` have no common commit here") as caught:
        merge_base(repository.root, "main", "other")
    assert caught.value.hint == "`main..other` compares the two as they are"


def test_a_refusal_is_not_mistaken_for_another(repository, monkeypatch):
    """Git's words are English whatever the user's locale."""
    monkeypatch.setenv("LANGUAGE", "de")
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    repository.commit(FILES)
    assert git_command.ask(repository.root, "rev-parse", "--verify", "--quiet", "nothing") is None
    assert commit_of(repository.root, "HEAD")
