"""`mvc init`: a project that works, and nothing of anyone's overwritten."""

from __future__ import annotations

from pathlib import Path

import pytest

from mvc.library.starter import STARTER
from servers import NEWEST, installations, need


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, and what is in it."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_writes_a_project_into_a_new_folder(mvc, tmp_path):
    done = mvc("init", tmp_path / "a" / "b")
    assert (done.code, done.out) == (0, "")
    assert sorted(tree(tmp_path / "a" / "b")) == sorted(STARTER)
    assert "mvc check" in done.err


def test_and_into_this_one(mvc, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert mvc("init").code == 0
    assert (tmp_path / "mvc.yml").is_file()


def test_that_checks_without_a_warning(mvc, shop):
    done = mvc("check", "--strict")
    assert (done.code, done.out) == (0, "")
    assert "no errors, no warnings" in done.err


@pytest.mark.server
def test_and_that_a_server_takes(mvc, shop):
    need(NEWEST in installations(), "PostgreSQL")
    done = mvc("check", "--strict", "--server")
    assert (done.code, done.out) == (0, ""), done.err
    assert "on PostgreSQL" in done.err


def test_and_that_compiles(mvc, shop):
    done = mvc("compile")
    assert (done.code, done.err) == (0, "")
    assert "daily_revenue" in done.out


def test_carries_no_fault_of_ours(shop):
    for path in STARTER:
        text = (shop / path).read_text(encoding="utf-8")
        assert text.endswith("\n")
        assert "\t" not in text


@pytest.mark.parametrize("taken", STARTER)
def test_overwrites_nothing(mvc, tmp_path, taken):
    (tmp_path / taken).parent.mkdir(exist_ok=True)
    (tmp_path / taken).write_text("mine")
    before = tree(tmp_path)
    done = mvc("init", tmp_path)
    assert (done.code, done.out) == (1, "")
    assert taken in done.err
    assert "nothing was written" in done.err
    assert tree(tmp_path) == before


def test_leaves_what_else_is_there(mvc, tmp_path):
    (tmp_path / "README.md").write_text("mine")
    assert mvc("init", tmp_path).code == 0
    assert (tmp_path / "README.md").read_text() == "mine"


def test_a_file_in_the_way_of_a_folder_writes_nothing(mvc, tmp_path):
    """It says of itself that it writes the files or none."""
    (tmp_path / "views").write_text("mine")
    done = mvc("init", tmp_path)
    assert done.code == 1
    assert "views" in done.err
    assert tree(tmp_path) == {"views": b"mine"}


def test_a_link_to_nowhere_is_in_the_way_as_well(mvc, tmp_path):
    """Writing through it would make a file where nobody looks."""
    (tmp_path / "mvc.yml").symlink_to(tmp_path / "elsewhere.yml")
    assert mvc("init", tmp_path).code == 1
    assert not (tmp_path / "elsewhere.yml").exists()


def test_where_nothing_can_be_written(mvc):
    done = mvc("init", "/proc/nowhere")
    assert (done.code, done.out) == (1, "")
    assert "/proc/nowhere" in done.err


def test_a_file_instead_of_a_folder(mvc, tmp_path):
    (tmp_path / "file").write_text("mine")
    done = mvc("init", tmp_path / "file")
    assert done.code == 1
    assert (tmp_path / "file").read_text() == "mine"
