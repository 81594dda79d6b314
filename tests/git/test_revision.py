"""A revision is what a folder would be if it were checked out; reading it leaves no trace."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from mvc.git import GitError, open_range, open_revision, parse_range
from mvc.git import command as git_command
from mvc.workspace.folder import Folder

FILES: dict[str, str | bytes] = {
    "mvc.yml": "project: shop\n",
    "views/a.yml": "view: a\n",
    "views/deep/er/b.yaml": "view: b\n",
    "schema/t.sql": "CREATE TABLE t ();\n",
    "schema/with space.json": "{}",
    "views/línea_日本.yml": "view: ünï\n",
    "views/new\nline.yml": "view: n\n",
    'views/"quoted"\ttab\\.yml': "view: q\n",
    "views/crlf.yml": b"view: c\r\ntags: []\rx: 1\n",
    "views/bom.yml": b"\xef\xbb\xbfview: bom\n",
    "views/empty.yml": "",
    "views/.hidden.yml": "view: h\n",
    ".github/x.yml": "on: push\n",
    "node_modules/y.yml": "y: 1\n",
    "views/build/z.yml": "z: 1\n",
    "README.md": "# no\n",
}


def test_it_is_as_the_folder(repository):
    repository.commit(FILES)
    revision, folder = open_revision(repository.root, "HEAD"), Folder(repository.root)
    assert dict(revision) == dict(folder)
    assert list(revision) == list(folder)
    assert len(revision) == len(folder) == 12
    assert revision["views/crlf.yml"] == "view: c\ntags: []\nx: 1\n"
    assert revision["views/bom.yml"] == "view: bom\n"
    assert "README.md" not in revision
    with pytest.raises(KeyError):
        revision["README.md"]


def test_it_is_as_it_was(repository):
    first = repository.commit({"views/a.yml": "view: a\n", "views/b.yml": "view: b\n"})
    repository.git("rm", "--quiet", "views/b.yml")
    repository.commit({"views/a.yml": "view: a\n# more\n"})
    repository.write({"views/a.yml": "view: a\n# not committed\n", "views/c.yml": "view: c\n"})
    assert dict(open_revision(repository.root, first)) == {"views/a.yml": "view: a\n", "views/b.yml": "view: b\n"}
    assert dict(open_revision(repository.root, "HEAD")) == {"views/a.yml": "view: a\n# more\n"}
    assert open_revision(repository.root, "main").commit == repository.git("rev-parse", "main")


@pytest.mark.parametrize("revision", ["main", "HEAD", "@", "HEAD~0", "v1", "annotated", "HEAD@{0}", ":/a change"])
def test_a_commit_has_many_names(repository, revision):
    commit = repository.commit(FILES)
    repository.git("tag", "v1")
    repository.git("tag", "--annotate", "--message", "one", "annotated")
    assert open_revision(repository.root, revision).commit == commit


def test_an_abbreviated_id(repository):
    commit = repository.commit(FILES)
    assert open_revision(repository.root, commit[:9]).commit == commit


def test_a_file_that_is_not_utf_8_fails_when_it_is_looked_up(repository):
    repository.commit({"views/a.yml": b"view: \xff\n", "views/b.yml": "view: b\n"})
    revision = open_revision(repository.root, "HEAD")
    assert "views/a.yml" in revision
    assert revision["views/b.yml"] == "view: b\n"
    with pytest.raises(UnicodeDecodeError):
        revision["views/a.yml"]


def test_a_project_in_a_subfolder(repository):
    repository.commit({f"a b/ç/{path}": text for path, text in FILES.items()} | {"mvc.yml": "the top\n"})
    folder = repository.root / "a b" / "ç"
    assert dict(open_revision(folder, "HEAD")) == dict(Folder(folder))


def test_a_subfolder_whose_name_is_a_pattern(repository):
    repository.commit({"*/mvc.yml": "star\n", "x/mvc.yml": "x\n", ":(top)/mvc.yml": "top\n"})
    assert dict(open_revision(repository.root / "*", "HEAD")) == {"mvc.yml": "star\n"}
    assert dict(open_revision(repository.root / ":(top)", "HEAD")) == {"mvc.yml": "top\n"}


def test_a_subfolder_that_was_not_there_is_empty(repository):
    repository.commit({"mvc.yml": "the top\n"})
    (repository.root / "new").mkdir()
    assert dict(open_revision(repository.root / "new", "HEAD")) == {}


def test_a_subfolder_that_was_a_file_is_empty(repository):
    repository.commit({"new": "a file\n"})
    (repository.root / "new").unlink()
    (repository.root / "new").mkdir()
    assert dict(open_revision(repository.root / "new", "HEAD")) == {}


def test_a_linked_work_tree(repository):
    repository.commit(FILES)
    linked = repository.root.parent / "linked"
    repository.git("worktree", "add", "--quiet", "--detach", str(linked))
    assert (linked / ".git").is_file()
    assert dict(open_revision(linked, "main")) == dict(Folder(linked))


def test_a_bare_repository_is_refused(repository):
    """Files of a pull request can make up one, in whose place nobody would look for what they say."""
    repository.commit(FILES)
    bare = repository.root.parent / "bare.git"
    repository.git("clone", "--quiet", "--bare", ".", str(bare))
    with pytest.raises(GitError, match="made to look like a git repository"):
        open_revision(bare, "main")


LINKS = {  # path → where it leads
    "schema/t.sql": "../ddl/t.txt",
    "schema/twice.sql": "t.sql",
    "schema/round.sql": "round.sql",
    "schema/beside.sql": "../../db/t.sql",
    "schema/gone x.sql": "nowhere.sql",
    "schema/absolute.sql": "/etc/passwd",
    "schema/by folder.sql": "../way/t.txt",
    "schema/out by folder.sql": "../away/t.sql",
    "way": "ddl",
    "away": "../db",
    "views/e.yml": "../.env",
    "views/hidden.yml": "../.github/token.yml",
    "views/git.yml": "../../.git/config",
    "views/vendored.yml": "../node_modules/x.yml",
    "views/folder.yml": "../ddl",
}


def test_a_link_is_followed_as_on_disk_and_never_out_of_the_project(repository):
    shop = repository.root / "shop"
    secrets = {f"shop/{name}": "secret" for name in (".env", ".github/token.yml", "node_modules/x.yml")}
    repository.write(
        {"shop/views/a.yml": "view: a\n", "shop/ddl/t.txt": "CREATE TABLE t ();\n", "db/t.sql": "secret", **secrets}
    )
    for path, target in LINKS.items():
        (shop / path).parent.mkdir(exist_ok=True)
        (shop / path).symlink_to(target)
    repository.commit()
    revision, folder = open_revision(shop, "HEAD"), Folder(shop)
    assert set(revision) == {*folder, "views/folder.yml"}
    read = {path for path in folder if not outcome(revision, path)}
    assert read == {"views/a.yml", "schema/t.sql", "schema/twice.sql", "schema/by folder.sql"}
    for path in revision:
        said = outcome(revision, path)
        assert path == "views/folder.yml" or said == outcome(folder, path)
        assert path in read or said


def outcome(files, path: str) -> str:
    """Why a file cannot be read, in the words of a finding."""
    try:
        return "" if "secret" not in files[path] else "it was read"
    except FileNotFoundError:
        return "nowhere"
    except OSError as problem:
        return str(problem.strerror)


def test_a_submodule_is_left_out(repository):
    inner = repository.root.parent / "inner"
    repository.git("init", "--quiet", str(inner))
    (inner / "x.yml").write_text("x: 1\n")
    subprocess.run("git add . && git commit -qm x", shell=True, cwd=inner, check=True)
    repository.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner), "views/inner.yml")
    repository.commit({"views/a.yml": "view: a\n"})
    assert list(open_revision(repository.root, "HEAD")) == ["views/a.yml"]


def test_what_is_in_git_lfs_is_said(repository):
    repository.commit({"schema/x.json": "version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 9\n"})
    with pytest.raises(GitError, match=r"`schema/x\.json` is kept in Git LFS"):
        open_revision(repository.root, "HEAD")["schema/x.json"]


def test_a_dump_beside_the_project_is_not_read(repository, monkeypatch):
    repository.commit(FILES | {"dumps/all.sql": "x" * 1000})
    revision = open_revision(repository.root, "HEAD")
    calls = []
    read = git_command.read
    monkeypatch.setattr("mvc.git.revision.read", lambda *a, **b: calls.append(a) or read(*a, **b))
    for path in revision:
        if not path.startswith(("dumps/", "schema/")):
            assert revision[path] is not None
    assert len(calls) == 1
    assert b"x" * 1000 not in revision._contents.values()


def test_what_two_revisions_share_is_read_once(repository, monkeypatch):
    repository.commit({"views/a.yml": "view: a\n", "views/b.yml": "view: b\n", "views/c.yml": "view: b\n"})
    repository.commit({"views/b.yml": "view: b2\n"})
    asked = []
    read = git_command.read
    monkeypatch.setattr("mvc.git.revision.read", lambda *a, **b: asked.append(b.get("given")) or read(*a, **b))
    before, after = open_range(repository.root, parse_range("HEAD~1", "HEAD"))
    assert dict(before) == {"views/a.yml": "view: a\n", "views/b.yml": "view: b\n", "views/c.yml": "view: b\n"}
    assert dict(after) == dict(Folder(repository.root))
    assert [given.count(b"\n") for given in asked if given] == [2, 1]


def trace_of(root: Path) -> dict[str, tuple[bytes, int]]:
    files = (path for path in root.rglob("*") if path.is_file() and not path.is_symlink())
    return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def test_it_leaves_no_trace_and_runs_nothing(repository):
    """Dirty, staged, conflicting times, and a configuration that names programs."""
    repository.commit(FILES | {".gitattributes": "*.yml filter=evil diff=evil\n*.sql text eol=crlf ident\n"})
    ran = repository.root.parent / "ran"
    for key in ("filter.evil.smudge", "filter.evil.clean", "diff.evil.textconv", "core.fsmonitor", "core.pager"):
        repository.git("config", key, f"touch {ran}; cat")
    for hook in ("post-checkout", "post-index-change", "reference-transaction"):
        (repository.root / ".git" / "hooks" / hook).write_text(f"#!/bin/sh\ntouch {ran}\n")
        (repository.root / ".git" / "hooks" / hook).chmod(0o755)
    repository.write({"views/a.yml": "view: changed\n", "views/untracked.yml": "view: u\n"})
    os.utime(repository.root / "views" / "empty.yml", (1, 1))
    before = trace_of(repository.root)
    assert dict(open_revision(repository.root, "HEAD"))["views/a.yml"] == "view: a\n"
    assert trace_of(repository.root) == before
    assert not ran.exists()


def test_a_lock_that_another_git_holds_does_not_matter(repository):
    repository.commit(FILES)
    (repository.root / ".git" / "index.lock").touch()
    assert len(open_revision(repository.root, "HEAD")) == 12


def test_within_a_hook_it_is_the_folder_s_own_repository(repository, monkeypatch):
    """Git tells its hooks where the repository is; from a linked work tree that has misled many a tool."""
    repository.commit({"shop/mvc.yml": "shop\n"})
    monkeypatch.setenv("GIT_DIR", str(repository.root / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", ".git/index")
    assert dict(open_revision(repository.root / "shop", "HEAD")) == {"mvc.yml": "shop\n"}


def test_a_partial_clone_fetches_nothing_and_says_so(repository):
    repository.commit({"views/a.yml": "view: a\n"})
    repository.commit({"views/a.yml": "view: a\n# more\n"})
    repository.git("config", "uploadpack.allowFilter", "true")
    clone = repository.root.parent / "clone"
    repository.git("clone", "--quiet", "--filter=blob:none", f"file://{repository.root}", str(clone))
    assert open_revision(clone, "HEAD")["views/a.yml"] == "view: a\n# more\n"
    with pytest.raises(GitError, match=r"git cat-file: could not fetch|this clone lacks") as caught:
        open_revision(clone, "HEAD~1")["views/a.yml"]
    assert "git fetch --refetch --no-filter" in caught.value.hint
    subprocess.run(["git", "fetch", "--quiet", "--refetch", "--no-filter"], cwd=clone, check=True)
    assert open_revision(clone, "HEAD~1")["views/a.yml"] == "view: a\n"


def embed(repository, folder: str, *, link: bool = False) -> None:
    """Files that make a folder look like a repository, whose history hides what was changed."""
    place = repository.root / folder
    inner = place / "elsewhere" if link else place
    inner.mkdir(parents=True, exist_ok=True)
    subprocess.run(["git", "init", "--quiet", "--bare", str(inner)], check=True)
    (inner / "refs" / "heads" / ".keep").touch()
    (inner / "refs" / "tags" / ".keep").touch()
    (inner / "objects" / "info" / ".keep").touch()
    if link:
        (place / "HEAD").write_text("ref: refs/heads/main\n")
        (place / "commondir").write_text("elsewhere\n")
    base = repository.git("rev-parse", "HEAD:" + folder)
    pack = subprocess.run(
        ["git", "pack-objects", "--revs", "--stdout", "--quiet"],
        cwd=repository.root, input=f"{base}\n".encode(), capture_output=True, check=True,
    ).stdout  # fmt: skip
    subprocess.run(["git", "unpack-objects", "-q"], cwd=inner, input=pack, check=True)
    same = subprocess.run(
        ["git", "commit-tree", "-m", "the same", base], cwd=inner, capture_output=True, text=True, check=True
    ).stdout.strip()
    outer = repository.git("rev-parse", "HEAD")
    (inner / "refs" / "heads" / "main").write_text(f"{same}\n")
    (inner / "refs" / "replace").mkdir()
    (inner / "refs" / "replace" / outer).write_text(f"{same}\n")
    (inner / "HEAD").write_text("ref: refs/heads/main\n")


@pytest.mark.parametrize("link", [False, True], ids=["whole", "elsewhere"])
def test_a_folder_that_looks_like_a_repository(repository, tmp_path, link):
    """Git would find that one first: what a pull request changes would then be compared with what its author made up."""
    base = repository.commit({"shop/mvc.yml": "project: shop\n", "shop/views/a.yml": "view: a\n"})
    embed(repository, "shop", link=link)
    repository.commit({"shop/views/a.yml": "view: changed\n"})
    clone = tmp_path / "clone"
    repository.git("clone", "--quiet", ".", str(clone))
    found = subprocess.run(["git", "rev-parse", "HEAD"], cwd=clone / "shop", capture_output=True, text=True, check=True)
    assert found.stdout.strip() != repository.git("rev-parse", "HEAD")  # git itself is led astray
    for folder in (clone / "shop", clone / "shop" / "views"):
        with pytest.raises(GitError, match="shop is made to look like a git repository of its own"):
            open_range(folder, parse_range(f"{base}...HEAD"))
    assert open_revision(clone, "HEAD")["shop/views/a.yml"] == "view: changed\n"


def test_what_is_called_like_a_part_of_one_is_no_repository(repository):
    commit = repository.commit(
        {"shop/mvc.yml": "", "shop/HEAD": "x", "shop/refs/a.sql": "b", "shop/views/objects/a.yml": "view: a\n"}
    )
    assert list(open_revision(repository.root / "shop", commit)) == ["mvc.yml", "refs/a.sql", "views/objects/a.yml"]
